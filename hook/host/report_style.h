/* What the reports for people have in common. */
#pragma once

#include "host/report.h"

/* Escape sequences, "" without colour. */
const char *verdict_colour(enum check_verdict verdict, const struct report_style *style);
const char *colour_end(const struct report_style *style);

/* "VGA controller": the kind of function that a class code stands for, as far as GPUs and their neighbours go; "other"
 * for the rest. */
const char *class_name(uint32_t class_code);
