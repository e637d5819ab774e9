#include "domain_changes.h"

#include <stdlib.h>

/* The child at a path's first part, "name" or "name#index" of `size` bytes. */
static xmlNode *step_down(xmlNode *parent, const char *part, size_t size) {
    const char *mark = memchr(part, '#', size);
    size_t name_size = mark ? (size_t)(mark - part) : size;
    unsigned long index = mark ? strtoul(mark + 1, NULL, 10) : 0;
    for (xmlNode *child = xmlFirstElementChild(parent); child; child = xmlNextElementSibling(child))
        if (strlen((const char *)child->name) == name_size && memcmp(child->name, part, name_size) == 0 && index-- == 0)
            return child;
    return NULL;
}

xmlNode *element_at(const struct tree *tree, const char *where) {
    xmlNode *node = xmlDocGetRootElement(tree->document);
    for (const char *part = where; node && *part;) {
        size_t size = strcspn(part, "/");
        node = step_down(node, part, size);
        part += size + (part[size] == '/');
    }
    if (!node)
        fail_msg("nothing at %s", where);
    return node;
}

void make_change(struct tree *tree, const struct change *change) {
    struct error err = {0};
    xmlNode *node = element_at(tree, change->where);
    const char *name = change->name, *value = change->value;
    switch (change->kind) {
    case CHANGE_END:
        return;
    case CHANGE_ADD:
        assert_non_null(tree_add_child(tree, node, name, &err));
        break;
    case CHANGE_ADD_NS:
        assert_non_null(tree_add_child_ns(tree, node, value, "new", name, &err));
        break;
    case CHANGE_INSERT:
        assert_non_null(tree_insert_child(tree, node->parent, node, name, &err));
        break;
    case CHANGE_ATTRIBUTE:
        assert_int_equal(tree_set_attribute(tree, node, name, value, &err), 0);
        break;
    case CHANGE_TEXT:
        assert_int_equal(tree_set_text(tree, node, value, &err), 0);
        assert_string_equal(tree_text(node), value);
        break;
    case CHANGE_REMOVE:
        tree_remove(tree, node);
        break;
    }
    assert_no_error(&err);
}

struct buffer written_and_equal(const struct tree *tree) {
    struct buffer out = written(tree), again = written(tree);
    assert_int_equal(out.size, again.size);
    assert_memory_equal(out.data, again.data, out.size);
    buffer_free(&again);
    if (tree_reads_back(tree, buffer_bytes(&out), NULL) != 1)
        fail_msg("not what the tree holds: %s\nwhich came from: %.*s", out.data, (int)tree->source.size,
                 (const char *)tree->source.data);
    return out;
}

void check_changes(const struct change_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        CLEANUP(tree_free) struct tree tree = tree_of(cases[i].before);
        for (const struct change *change = cases[i].changes; change->kind != CHANGE_END; change++)
            make_change(&tree, change);
        CLEANUP(buffer_free) struct buffer out = written_and_equal(&tree);
        if (strcmp(out.data, cases[i].after) != 0)
            fail_msg("row %zu: %s\nbecame %s\ninstead of %s", i, cases[i].before, out.data, cases[i].after);
    }
}
