/* Edits of a tree as rows of a table. */
#pragma once

#include "domain_support.h"

enum change_kind {
    CHANGE_END, /* the rest of a row */
    CHANGE_ADD,
    CHANGE_ADD_NS,
    CHANGE_INSERT,
    CHANGE_ATTRIBUTE,
    CHANGE_TEXT,
    CHANGE_REMOVE,
};

/* `where` is a path of local names below the root, in any namespace: "a/b#1" is the second <b> in the first <a>, "" the
 * root itself. The element there is edited, gets a new child `name`, or (CHANGE_INSERT) a new sibling before it.
 * `value`: of the attribute `name`, the text, or the namespace. New namespaced elements suggest the prefix "new". */
struct change {
    enum change_kind kind;
    const char *where, *name, *value;
};

#define ADD(where, name)              CHANGE_ADD, where, name, NULL
#define ADD_NS(where, href, name)     CHANGE_ADD_NS, where, name, href
#define INSERT(where, name)           CHANGE_INSERT, where, name, NULL
#define ATTRIBUTE(where, name, value) CHANGE_ATTRIBUTE, where, name, value
#define TEXT(where, value)            CHANGE_TEXT, where, NULL, value
#define REMOVE(where)                 CHANGE_REMOVE, where, NULL, NULL

enum { CHANGES_MAX = 12 };

/* A document, edits, and what is written then. */
struct change_case {
    const char *before;
    struct change changes[CHANGES_MAX];
    const char *after;
};

/* The element at the path; fails the test if there is none. */
xmlNode *element_at(const struct tree *tree, const char *where);

/* Makes the change; fails the test if that fails. */
void make_change(struct tree *tree, const struct change *change);

/* Makes the changes of each case and fails the test unless exactly `after` is written, twice, and is, parsed again, the
 * edited tree. */
void check_changes(const struct change_case *cases, size_t count);

/* Fails the test unless what the tree writes is the tree; returns it. */
struct buffer written_and_equal(const struct tree *tree);
