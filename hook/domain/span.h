/* Where the elements of a parsed document stand in its text. */
#pragma once

#include "domain/tree.h"

struct element_span {
    size_t start;    /* of "<name" */
    size_t open_end; /* behind the ">" of the start tag */
    size_t close;    /* of "</name>"; open_end where the element is written <name/> */
    size_t end;      /* behind the element */
    bool self_closing;
    bool tag_changed;     /* its attributes are no longer those of the text */
    bool content_changed; /* its content is no longer that of the text, but what its node has */
    bool changed;         /* something in it, or it, is no longer as in the text */
};

/* Finds the span of each of the `count` elements below and including root, and points each node's _private at it. The
 * text is known to be well-formed and without document type, so tags can be told apart by their first characters.
 * Returns an array that the caller frees, or NULL with err filled. */
struct element_span *span_map(struct bytes source, xmlNode *root, size_t count, struct error *err);

/* The element's span, or NULL for an element that an edit has added. */
static inline struct element_span *span_of(const xmlNode *node) {
    return node->_private;
}

/* The three kinds of children beside text: an element of the text, one that an edit has added, and the place of one of
 * the text that an edit has removed. A place is a comment node, the tree has no others, and has the element's span. */
static inline bool is_kept(const xmlNode *node) {
    return node->type == XML_ELEMENT_NODE && span_of(node);
}

static inline bool is_added(const xmlNode *node) {
    return node->type == XML_ELEMENT_NODE && !span_of(node);
}

static inline bool is_place(const xmlNode *node) {
    return node->type == XML_COMMENT_NODE;
}

/* Has the node neither child elements nor places? */
static inline bool has_only_text(const xmlNode *node) {
    return node->children == node->last && (!node->children || node->children->type == XML_TEXT_NODE);
}

/* The offset of the first start tag with more than `most` attributes, or the text's size. The text need not be
 * well-formed: then the answer may be wrong, but is given in linear time. */
size_t span_crowded_tag(struct bytes source, size_t most);

/* The element that follows node in document order within root, or NULL. */
xmlNode *span_next_element(const xmlNode *node, const xmlNode *root);
