/* A domain XML: parsed by libxml2, edited in its tree, written back so that every byte that no edit touched stays as it
 * came - quotes, order, comments, white space.
 *
 * Untrusted input: no network, no external entity, no document type at all, at most TREE_DEPTH_MAX levels. A tree
 * belongs to one thread.
 */
#pragma once

#include <libxml/tree.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

/* libvirt's schema nests about 20 levels, and a VM with 1,000 disks has about 15,000 elements. */
#define TREE_DEPTH_MAX      128
#define TREE_ELEMENTS_MAX   100000
#define TREE_ATTRIBUTES_MAX 256

struct tree {
    xmlDoc *document;
    struct bytes source;        /* the text it was parsed from; borrowed: it must outlive the tree */
    struct element_span *spans; /* where each element stands in source, by document order; NULL until tree_editable */
    size_t elements;
    bool changed;
};

/* Once per process, before any thread starts: want of memory is told only then. */
void tree_setup(void);

/* Parses source into *tree (overwritten; on failure {0}). Fails with ERROR_INPUT when it is not UTF-8 XML with the root
 * element `root`, or is nested too deep; with ERROR_LIMIT when it has too many elements or attributes, or without
 * memory. tree_free gives it back. */
int tree_parse(struct bytes source, const char *root, struct tree *tree, struct error *err);

/* Prepares a parsed tree for the edits below. After one that failed for want of memory the tree is only to be freed. */
int tree_editable(struct tree *tree, struct error *err);

/* The first child element of that name in no namespace, or NULL. NULL has none. */
xmlNode *tree_child(const xmlNode *parent, const char *name);

/* The next sibling element of that name in no namespace, or NULL. */
xmlNode *tree_next(const xmlNode *sibling, const char *name);

/* The same in the namespace `href`. */
xmlNode *tree_child_ns(const xmlNode *parent, const char *href, const char *name);
xmlNode *tree_next_ns(const xmlNode *sibling, const char *href, const char *name);

/* The text of an element that has no child elements and had none, which the tree owns; "" when it has none. White space
 * between the start tag and a comment or CDATA section does not count. */
const char *tree_text(const xmlNode *node);

/* The attribute's value, which the tree owns, or NULL. NULL has none, and attributes in a namespace do not count.
 * Thanks to the refusal of document types a value is always one text node. */
const char *tree_attribute(const xmlNode *node, const char *name);

/* Has node the attribute, with this value? NULL has none. */
bool tree_attribute_is(const xmlNode *node, const char *name, const char *value);

/* Gives node the attribute (value NULL: takes it away). What is so already is no change. Returns 0 or -1 (memory). */
int tree_set_attribute(struct tree *tree, xmlNode *node, const char *name, const char *value, struct error *err);

/* Adds a new, empty element in no namespace before `before`, a child element of parent; NULL: behind the last one.
 * Returns it, owned by the tree, or NULL: no memory, or it would be nested too deep. */
xmlNode *tree_insert_child(struct tree *tree, xmlNode *parent, xmlNode *before, const char *name, struct error *err);

/* tree_insert_child behind the last child element. */
xmlNode *tree_add_child(struct tree *tree, xmlNode *parent, const char *name, struct error *err);

/* Adds a new, empty element in the namespace `href` behind the last child element. Where parent is in that namespace
 * its prefix is used, whatever it is (none, for the default namespace); else the element declares the namespace itself
 * as xmlns:prefix, whatever the root says: KubeVirt loses the root's declaration between calls. Returns like
 * tree_insert_child. */
xmlNode *tree_add_child_ns(struct tree *tree, xmlNode *parent, const char *href, const char *prefix, const char *name,
                           struct error *err);

/* Makes `text`, all of it characters that XML allows, the element's only content: child elements, which may not be used
 * afterwards, and comments go. What is so already is no change. Returns 0 or -1 (memory). */
int tree_set_text(struct tree *tree, xmlNode *node, const char *text, struct error *err);

/* Takes the element away, with the white space before it on its line and the line break; what else stands on its line
 * keeps its place there, and beside text only the element itself goes. Neither it nor what is in it may be used
 * afterwards. Never the root. */
void tree_remove(struct tree *tree, xmlNode *node);

/* Takes the element's later siblings of its name, in no namespace, away: what shall be there once, is there once. */
void tree_remove_seconds(struct tree *tree, xmlNode *first);

/* Writes the tree into *out: source itself where nothing changed. */
int tree_write(const struct tree *tree, struct buffer *out, struct error *err);

/* Does a text, read anew, hold the tree's elements, attributes and text, and no others? White space counts only where
 * there are no child elements; comments and CDATA marks do not count, nor do prefixes and declarations of namespaces.
 * Returns 1 or 0, or fails as tree_parse does with the text. */
int tree_reads_back(const struct tree *tree, struct bytes text, struct error *err);

void tree_free(struct tree *tree);

static inline void tree_free_at(struct tree *tree) {
    tree_free(tree);
}
