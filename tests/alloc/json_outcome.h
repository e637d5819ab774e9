/* JSON as an outcome. */
#pragma once

#include <jansson.h>

#include "scenario.h"

/* Appends the value; to write it costs no memory that could fail. */
void outcome_json(struct outcome *outcome, const json_t *value);
