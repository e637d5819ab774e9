/* Random edits of random documents: what is written is what the tree holds, and all that no edit touched is there, byte
 * for byte and in its order. */
#include <stdio.h>
#include <stdlib.h>

#include "domain/span.h"
#include "domain_changes.h"

enum { ELEMENTS_MAX = 256, COMMENTS_MAX = 256, DEPTH_MAX = 4 };

/* A document whose elements are named e0, e1, ... in document order, in <domain>, and whose comments are <!-- c0. -->
 * and so on. What the edits did to it. */
struct document {
    struct sequence sequence;
    bool lines; /* one element on a line, as programs write */
    struct buffer text;
    int elements, comments;
    size_t start[ELEMENTS_MAX], end[ELEMENTS_MAX];
    int comment_in[COMMENTS_MAX]; /* the element; -1: the root */
    bool touched[ELEMENTS_MAX];   /* it, or something in it */
    bool emptied[ELEMENTS_MAX];   /* of what it had in the text */
    bool gone[ELEMENTS_MAX];
    bool root_emptied;
    int added; /* named n0, n1, ... */
};

static uint32_t below(struct document *document, uint32_t limit) {
    return sequence_below(&document->sequence, limit);
}

static const char *pick(struct document *document, const char *const *list, size_t count) {
    return list[below(document, (uint32_t)count)];
}
#define PICK(document, list) pick((document), (list), COUNT(list))

static void write_blank(struct document *document, int depth) {
    static const char *const blanks[] = {"", "", " ", "\n", "\n  ", "\r\n\t", "\n\n "};
    if (!document->lines) {
        buffer_append_text(&document->text, PICK(document, blanks));
        return;
    }
    buffer_append_text(&document->text, "\n");
    for (int i = 0; i < depth; i++)
        buffer_append_text(&document->text, "  ");
}

static void write_filler(struct document *document, int parent, int depth) {
    static const char *const texts[] = {"text",         "&lt;&#65;", "<![CDATA[</e1><!--]]>",
                                        "<?pi '<b>'?>", " x ",       "\xc3\xbc"};
    write_blank(document, depth);
    if (below(document, 5) == 0 && document->comments < COMMENTS_MAX) {
        document->comment_in[document->comments] = parent;
        buffer_printf(&document->text, "<!-- c%d. -->", document->comments++);
        write_blank(document, depth);
    }
    if (below(document, document->lines ? 40 : 6) == 0) {
        buffer_append_text(&document->text, PICK(document, texts));
        write_blank(document, depth);
    }
}

static void write_element(struct document *document, int depth) {
    static const char *const attributes[] = {"", "", " a='1'", " b = \"2\" c='/>'", "\n\tq:a='1'", " a='' "};
    static const char *const declarations[] = {"", "", "", "", "", " xmlns='urn:d'", " xmlns=''", " xmlns:q='urn:r'"};
    int number = document->elements++;
    const char *prefix = below(document, 5) ? "" : "q:";
    document->start[number] = document->text.size;
    buffer_printf(&document->text, "<%se%d%s%s", prefix, number, PICK(document, declarations),
                  PICK(document, attributes));
    if (below(document, 3) == 0) {
        buffer_append_text(&document->text, "/>");
    } else {
        buffer_append_text(&document->text, ">");
        uint32_t children = depth == DEPTH_MAX ? 0 : below(document, 4);
        for (uint32_t i = 0; i < children; i++) {
            write_filler(document, number, depth + 1);
            write_element(document, depth + 1);
        }
        if (children > 0 || below(document, 2))
            write_filler(document, number, depth);
        buffer_printf(&document->text, "</%se%d>", prefix, number);
    }
    document->end[number] = document->text.size;
}

static void write_document(struct document *document) {
    document->lines = below(document, 2);
    buffer_append_text(&document->text, "<domain xmlns:q='urn:q'>");
    for (uint32_t i = 1 + below(document, 3); i > 0; i--) {
        write_filler(document, -1, 1);
        write_element(document, 1);
    }
    write_filler(document, -1, 0);
    buffer_append_text(&document->text, "</domain>");
}

/* --- edits ------------------------------------------------------------------------------------------------------ */

static int number_of(const xmlNode *node) {
    return *node->name == 'e' ? (int)strtol((const char *)node->name + 1, NULL, 10) : -1;
}

static void touch(struct document *document, const xmlNode *node) {
    for (; node->type == XML_ELEMENT_NODE; node = node->parent)
        if (number_of(node) >= 0)
            document->touched[number_of(node)] = true;
}

static void lose(struct document *document, xmlNode *node, bool itself) {
    for (xmlNode *i = node; i; i = span_next_element(i, node))
        if ((itself || i != node) && number_of(i) >= 0)
            document->gone[number_of(i)] = true;
}

static xmlNode *random_element(struct document *document, const struct tree *tree) {
    xmlNode *root = element_at(tree, ""), *node = root;
    uint32_t count = 0;
    for (xmlNode *i = root; i; i = span_next_element(i, root))
        count++;
    for (uint32_t i = below(document, count); i > 0; i--)
        node = span_next_element(node, root);
    return node;
}

static void edit_attribute(struct document *document, struct tree *tree, xmlNode *node) {
    static const char *const values[] = {"", "new", "<&>\"'", "\n", NULL};
    char name[2] = {(char)('a' + below(document, 4)), '\0'};
    const char *value = PICK(document, values);
    struct error err = {0};
    assert_int_equal(tree_set_attribute(tree, node, name, value, &err), 0);
    touch(document, node);
    const char *found = tree_attribute(node, name);
    if (value)
        assert_string_equal(found, value);
    else
        assert_null(found);
}

static void edit_text(struct document *document, struct tree *tree, xmlNode *node) {
    static const char *const texts[] = {"", "new", "<&>\"'", " x", "]]>\r\n", " "};
    const char *text = PICK(document, texts);
    struct error err = {0};
    lose(document, node, false);
    assert_int_equal(tree_set_text(tree, node, text, &err), 0);
    touch(document, node);
    if (number_of(node) >= 0)
        document->emptied[number_of(node)] = true;
    document->root_emptied |= node == element_at(tree, "");
    assert_string_equal(tree_text(node), text);
    assert_null(xmlFirstElementChild(node));
}

static void edit_add(struct document *document, struct tree *tree, xmlNode *node) {
    static const char *const names[] = {"urn:q", "urn:d", "urn:x"};
    struct error err = {0};
    char name[16];
    snprintf(name, sizeof(name), "n%d", document->added++);
    xmlNode *child = below(document, 2) ? tree_add_child(tree, node, name, &err)
                                        : tree_add_child_ns(tree, node, PICK(document, names), "new", name, &err);
    assert_no_error(&err);
    assert_ptr_equal(xmlLastElementChild(node), child);
    touch(document, node);
}

static void edit_insert(struct document *document, struct tree *tree, xmlNode *node) {
    struct error err = {0};
    char name[16];
    snprintf(name, sizeof(name), "n%d", document->added++);
    xmlNode *child = tree_insert_child(tree, node->parent, node, name, &err);
    assert_no_error(&err);
    assert_ptr_equal(xmlNextElementSibling(child), node);
    touch(document, node->parent);
}

static void edit_remove(struct document *document, struct tree *tree, xmlNode *node) {
    xmlNode *parent = node->parent, *before = xmlPreviousElementSibling(node), *behind = xmlNextElementSibling(node);
    lose(document, node, true);
    touch(document, parent);
    tree_remove(tree, node);
    assert_ptr_equal(before ? xmlNextElementSibling(before) : xmlFirstElementChild(parent), behind);
}

static void edit(struct document *document, struct tree *tree) {
    xmlNode *node = random_element(document, tree);
    bool root = node == element_at(tree, "");
    switch (below(document, 12)) {
    case 0:
    case 1:
        edit_attribute(document, tree, node);
        break;
    case 2:
        if (!root || below(document, 8) == 0)
            edit_text(document, tree, node);
        break;
    case 3:
    case 4:
    case 5:
        edit_add(document, tree, node);
        break;
    case 6:
    case 7:
    case 8:
        if (!root)
            edit_insert(document, tree, node);
        break;
    default:
        if (!root)
            edit_remove(document, tree, node);
    }
}

/* --- what must be so afterwards --------------------------------------------------------------------------------- */

/* Is the text there once, at or behind *at, which moves there? */
static bool comes_next(struct bytes out, struct bytes text, size_t *at) {
    const uint8_t *found = memmem(out.data + *at, out.size - *at, text.data, text.size);
    if (!found)
        return false;
    *at = (size_t)(found - out.data);
    return !memmem(found + 1, out.size - *at - 1, text.data, text.size);
}

static void untouched_elements_are_there(const struct document *document, struct bytes out) {
    size_t at = 0;
    for (int i = 0; i < document->elements; i++) {
        struct bytes text = {(const uint8_t *)document->text.data + document->start[i],
                             document->end[i] - document->start[i]};
        if (!document->gone[i] && !document->touched[i] && !comes_next(out, text, &at))
            fail_msg("e%d is not as it was in %s\nwhich was %s", i, (const char *)out.data, document->text.data);
    }
}

/* Those in elements whose text was set may be there: to set what is so is no change. */
static void comments_are_there(const struct document *document, struct bytes out) {
    size_t at = 0;
    for (int i = 0; i < document->comments; i++) {
        int parent = document->comment_in[i];
        bool gone = parent < 0 ? false : document->gone[parent];
        bool emptied = parent < 0 ? document->root_emptied : document->emptied[parent];
        char comment[24];
        snprintf(comment, sizeof(comment), "<!-- c%d. -->", i);
        if (gone && memmem(out.data, out.size, comment, strlen(comment)))
            fail_msg("%s is still in %s\nwhich was %s", comment, (const char *)out.data, document->text.data);
        if (!gone && !emptied && !comes_next(out, bytes_of(comment), &at))
            fail_msg("%s is not in %s\nwhich was %s", comment, (const char *)out.data, document->text.data);
    }
}

static void random_edits(void **state) {
    (void)state;
    for (uint64_t round = 1; round <= 6000; round++) {
        struct document document = {.sequence = {round * 0x9e3779b97f4a7c15}};
        write_document(&document);
        CLEANUP(buffer_free) struct buffer text = document.text;
        CLEANUP(tree_free) struct tree tree = tree_of(text.data);
        for (uint32_t i = below(&document, 10); i > 0; i--)
            edit(&document, &tree);
        CLEANUP(buffer_free) struct buffer out = written_and_equal(&tree);
        untouched_elements_are_there(&document, buffer_bytes(&out));
        comments_are_there(&document, buffer_bytes(&out));
    }
}

/* New elements, removed again in any order before anything is written, leave no trace. */
static void added_and_removed(void **state) {
    (void)state;
    for (uint64_t round = 1; round <= 2000; round++) {
        struct document document = {.sequence = {round * 0x9e3779b97f4a7c15}};
        write_document(&document);
        CLEANUP(buffer_free) struct buffer text = document.text;
        CLEANUP(tree_free) struct tree tree = tree_of(text.data);
        xmlNode *root = element_at(&tree, "");
        for (int i = 0; i < 8; i++) {
            xmlNode *node = random_element(&document, &tree);
            if (node == root || below(&document, 2))
                edit_add(&document, &tree, node);
            else
                edit_insert(&document, &tree, node);
        }
        while (document.added > 0)
            for (xmlNode *node = root, *next; node; node = next) {
                next = span_next_element(node, root);
                if (*node->name != 'n' || below(&document, 2))
                    continue;
                for (xmlNode *i = node; i; i = span_next_element(i, node))
                    document.added--;
                tree_remove(&tree, node);
                next = root;
            }
        CLEANUP(buffer_free) struct buffer out = written_and_equal(&tree);
        assert_bytes(buffer_bytes(&out), text.data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_edits),
        cmocka_unit_test(added_and_removed),
    };
    return cmocka_run_group_tests(tests, tree_group_setup, NULL);
}
