/* The white space around elements: what new ones get, and what goes with removed ones. */
#pragma once

#include "domain/span.h"

/* What stands before each new child of an element: the white space `line`, which begins with a line break, then `level`
 * times `step`. An empty line: all stands on one line. Both point into the text. */
struct layout {
    struct bytes line, step;
    size_t level;
};

/* What the new children get that are put behind the last child of `node`, an element of the text. */
struct layout layout_behind(const struct tree *tree, const xmlNode *node);

/* What the new children get that are put before `sibling`, an element of the text; sibling itself gets `line` anew,
 * which here may be white space without a line break. */
struct layout layout_before(const struct tree *tree, const xmlNode *sibling);

/* What goes of the text with the elements that were removed: [from, to). What comes in their place, with its own white
 * space before it, goes to `lead`, which is at or before from. */
struct hole {
    size_t lead, from, to;
};

/* The hole that the places from `place` to *last leave: the removed elements of one line. `low` is where the text is
 * written up to; `text`: the parent has text, and each element leaves a hole of just its size. */
struct hole layout_hole(const struct tree *tree, const xmlNode *place, size_t low, bool text, const xmlNode **last);

/* Has the element text of its own, more than white space? */
bool layout_has_text(const xmlNode *node);
