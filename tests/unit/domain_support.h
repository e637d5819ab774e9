/* Trees for tests. */
#pragma once

#include "domain/tree.h"
#include "support.h"

/* A cmocka fixture for a group whose tests parse trees. */
static inline int tree_group_setup(void **state) {
    (void)state;
    tree_setup();
    return 0;
}

/* A tree that is ready for edits. */
static inline struct tree tree_of(const char *text) {
    struct tree tree;
    struct error err = {0};
    tree_parse(bytes_of(text), "domain", &tree, &err);
    if (err.code == ERROR_NONE)
        tree_editable(&tree, &err);
    if (err.code != ERROR_NONE)
        print_error("%s\n", text);
    assert_no_error(&err);
    return tree;
}

static inline struct buffer written(const struct tree *tree) {
    struct buffer out = {0};
    struct error err = {0};
    assert_int_equal(tree_write(tree, &out, &err), 0);
    assert_no_error(&err);
    return out;
}
