/* Text of strangers, such that a terminal, YAML and XML take it: what is not valid UTF-8, control characters and those
 * that turn the direction of writing are written in letters, as C does: \r, \x1b. Tabs stay. Pure. */
#pragma once

#include "base/text.h"

/* Appends the text as one line: a newline is written in letters, too. */
void visible_line(struct buffer *out, const char *text);

/* Appends the text line by line, each behind `indent` and with a newline. */
void visible_lines(struct buffer *out, const char *indent, struct bytes text);
