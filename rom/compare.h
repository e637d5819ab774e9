/* What differs between two ROMs. Pure. */
#pragma once

#include "base/error.h"
#include "base/text.h"

/* Appends to *out the differences between what the two files hold (as rom_report_tree tells it, as a unified diff) and
 * the ranges of bytes that differ, with the image that each lies in; nothing when they are equal. Returns 0, or -1 with
 * ERROR_LIMIT (memory). */
int rom_compare(const char *before_name, struct bytes before, const char *after_name, struct bytes after, bool colour,
                struct buffer *out, struct error *err);
