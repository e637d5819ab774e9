/* JSON values as YAML, as people write it: of objects with plain keys, and of strings, which are quoted where they have
 * to be, or stand as a block where they have several lines. Pure. */
#pragma once

#include "base/json.h"

/* Appends a value that is an object or an array, `indent` blanks in. */
void yaml_append(struct buffer *text, const json_t *value, int indent);
