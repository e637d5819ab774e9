/* Any edits of any document: what is written, parsed again, is the tree as edited. The input is the number of edits,
 * three bytes for each, and the document. */
#include <stdio.h>

#include "domain/span.h"
#include "mutate/mutate.h"

static xmlNode *element(xmlNode *root, size_t index) {
    xmlNode *node = root;
    for (; index > 0; index--)
        if (!(node = span_next_element(node, root)))
            node = root;
    return node;
}

static int edit(struct tree *tree, const uint8_t *bytes, struct error *err) {
    static const char *const values[] = {"", "x", "<&>\"'", " \r\n", "]]>"}, *const names[] = {"urn:a", "urn:b"};
    xmlNode *root = xmlDocGetRootElement(tree->document), *node = element(root, bytes[1]);
    const char *value = values[bytes[2] % 5];
    switch (bytes[0] % 6) {
    case 0:
        return tree_set_attribute(tree, node, bytes[2] & 64 ? "a" : "b", bytes[2] & 128 ? NULL : value, err);
    case 1:
        return tree_set_text(tree, node, value, err);
    case 2:
        return tree_add_child(tree, node, "n", err) ? 0 : -1;
    case 3:
        return tree_add_child_ns(tree, node, names[bytes[2] % 2], "p", "n", err) ? 0 : -1;
    case 4:
        return node == root || tree_insert_child(tree, node->parent, node, "n", err) ? 0 : -1;
    default:
        if (node != root)
            tree_remove(tree, node);
        return 0;
    }
}

static void check(bool right, const struct error *err, const struct buffer *out) {
    if (right)
        return;
    fprintf(stderr, "%s\n%.*s\n", err->message, (int)out->size, out->data ? out->data : "");
    __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tree_setup();
    size_t edits = size > 0 ? *data % 16 : 0, start = 1 + 3 * edits;
    CLEANUP(tree_free) struct tree tree = {0};
    CLEANUP(tree_free) struct tree again = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    struct error err = {0};
    if (size < start || tree_parse((struct bytes){data + start, size - start}, "domain", &tree, &err) < 0)
        return 0;
    check(tree_editable(&tree, &err) == 0, &err, &out);
    for (size_t i = 0; i < edits; i++)
        if (edit(&tree, data + 1 + 3 * i, &err) < 0)
            return 0; /* nested too deep */
    check(tree_write(&tree, &out, &err) == 0, &err, &out);
    check(tree_parse(buffer_bytes(&out), "domain", &again, &err) == 0 && tree_editable(&again, &err) == 0, &err, &out);
    check(tree_reads_back(&tree, buffer_bytes(&out), &err) == 1, &err, &out);
    check(tree_reads_back(&again, buffer_bytes(&out), &err) == 1, &err, &out);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    size_t start = size > 0 ? 1 + 3 * (size_t)(*data % 16) : 0;
    return mutate_custom(mutate_xml, start, size, (struct input){data, size, most}, seed);
}
