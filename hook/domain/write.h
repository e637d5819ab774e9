/* What tree_write writes anew. */
#pragma once

#include "domain/layout.h"

void write_attribute(const xmlAttr *attribute, struct buffer *out);

/* What stands before a new element at that level. */
void write_line(const struct layout *layout, size_t level, struct buffer *out);

/* An element that an edit has added and that starts at that level, with all in it, without the white space before. */
void write_added(const xmlNode *node, const struct layout *layout, size_t level, struct buffer *out);

/* The content of an element that starts at that level and has nothing of the text in it. */
void write_added_content(const xmlNode *node, const struct layout *layout, size_t level, struct buffer *out);
