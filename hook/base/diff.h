/* Unified diffs of two texts, by lines, as diff -u prints them. */
#pragma once

#include "base/error.h"
#include "base/text.h"

/* Appends the differences between `before` and `after` to *out, with three lines of context, under the two names;
 * nothing where they are equal. With `colour`, in the terminal's colours. The shortest diff is found (Myers, "An O(ND)
 * Difference Algorithm", 1986); texts more than 1,000 edits apart are shown as replaced. Returns 0 or -1 (memory). */
int diff_unified(struct bytes before, struct bytes after, const char *before_name, const char *after_name, bool colour,
                 struct buffer *out, struct error *err);
