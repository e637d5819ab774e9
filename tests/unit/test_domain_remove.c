/* tree_remove: the element and its line go, and nothing else. */
#include "domain/span.h"
#include "domain_changes.h"

static void lines(void **state) {
    (void)state;
    static const struct change_case cases[] = {
        /* the first, one between, the last, all */
        {"<domain>\n  <a/>\n  <b x='1'>\n    <c/>\n  </b>\n  <d/>\n</domain>",
         {{REMOVE("a")}},
         "<domain>\n  <b x='1'>\n    <c/>\n  </b>\n  <d/>\n</domain>"},
        {"<domain>\n  <a/>\n  <b x='1'>\n    <c/>\n  </b>\n  <d/>\n</domain>",
         {{REMOVE("b")}},
         "<domain>\n  <a/>\n  <d/>\n</domain>"},
        {"<domain>\n  <a/>\n  <b x='1'>\n    <c/>\n  </b>\n  <d/>\n</domain>",
         {{REMOVE("d")}},
         "<domain>\n  <a/>\n  <b x='1'>\n    <c/>\n  </b>\n</domain>"},
        {"<domain>\n  <a/>\n  <b x='1'>\n    <c/>\n  </b>\n  <d/>\n</domain>",
         {{REMOVE("a")}, {REMOVE("d")}, {REMOVE("b")}},
         "<domain>\n</domain>"},
        {"<domain>\n  <a/>\n  <b x='1'>\n    <c/>\n  </b>\n  <d/>\n</domain>",
         {{REMOVE("b/c")}},
         "<domain>\n  <a/>\n  <b x='1'>\n  </b>\n  <d/>\n</domain>"},
        /* what is in a removed element may have been edited */
        {"<domain>\n  <a/>\n  <b x='1'>\n    <c/>\n  </b>\n  <d/>\n</domain>",
         {{ADD("b", "n")}, {TEXT("b/c", "t")}, {REMOVE("b/c")}, {ATTRIBUTE("b", "x", "2")}, {REMOVE("b")}},
         "<domain>\n  <a/>\n  <d/>\n</domain>"},
        /* KubeVirt's style */
        {"<domain type=\"kvm\">\n\t<devices>\n\t\t<a></a>\n\t\t<b>\n\t\t\t<c></c>\n\t\t</b>\n\t</devices>\n</domain>",
         {{REMOVE("devices/b/c")}, {REMOVE("devices/a")}},
         "<domain type=\"kvm\">\n\t<devices>\n\t\t<b>\n\t\t</b>\n\t</devices>\n</domain>"},
        /* CRLF */
        {"<domain>\r\n  <a/>\r\n  <b/>\r\n</domain>\r\n", {{REMOVE("a")}}, "<domain>\r\n  <b/>\r\n</domain>\r\n"},
        {"<domain>\r\n  <a/>\r\n  <b/>\r\n</domain>\r\n", {{REMOVE("b")}}, "<domain>\r\n  <a/>\r\n</domain>\r\n"},
        /* the end tag on the last child's line */
        {"<domain>\n  <a/>\n  <b/></domain>", {{REMOVE("b")}}, "<domain>\n  <a/></domain>"},
        {"<domain>\n  <a/>\n  <b/> </domain>", {{REMOVE("a")}, {REMOVE("b")}}, "<domain></domain>"},
        /* blank lines and blanks at a line's end */
        {"<domain>\n  <a/>\n\n  <b/>  \n\n  <c/>\n</domain>",
         {{REMOVE("b")}},
         "<domain>\n  <a/>\n\n\n  <c/>\n</domain>"},
        {"<domain><a/>\n  <b/></domain>", {{REMOVE("a")}}, "<domain>\n  <b/></domain>"},
    };
    check_changes(cases, COUNT(cases));
}

static void several_on_a_line(void **state) {
    (void)state;
    static const struct change_case cases[] = {
        {"<domain><a/><b/><c/></domain>", {{REMOVE("a")}}, "<domain><b/><c/></domain>"},
        {"<domain><a/><b/><c/></domain>", {{REMOVE("b")}}, "<domain><a/><c/></domain>"},
        {"<domain><a/><b/><c/></domain>", {{REMOVE("c")}, {REMOVE("b")}}, "<domain><a/></domain>"},
        {"<domain><a/><b/><c/></domain>", {{REMOVE("c")}, {REMOVE("a")}, {REMOVE("b")}}, "<domain></domain>"},
        {"<domain> <a/> <b/> <c/> </domain>", {{REMOVE("a")}}, "<domain> <b/> <c/> </domain>"},
        {"<domain> <a/> <b/> <c/> </domain>", {{REMOVE("b")}}, "<domain> <a/> <c/> </domain>"},
        {"<domain> <a/> <b/> <c/> </domain>", {{REMOVE("c")}, {REMOVE("b")}}, "<domain> <a/> </domain>"},
        {"<domain>\n  <a/><b/> <c/>\n</domain>", {{REMOVE("a")}}, "<domain>\n  <b/> <c/>\n</domain>"},
        {"<domain>\n  <a/><b/> <c/>\n</domain>", {{REMOVE("b")}}, "<domain>\n  <a/> <c/>\n</domain>"},
        {"<domain>\n  <a/><b/> <c/>\n</domain>", {{REMOVE("b")}, {REMOVE("a")}}, "<domain>\n  <c/>\n</domain>"},
        {"<domain>\n  <a/><b/> <c/>\n</domain>", {{REMOVE("b")}, {REMOVE("c")}}, "<domain>\n  <a/>\n</domain>"},
        {"<domain>\n  <a/><b/> <c/>\n</domain>", {{REMOVE("b")}, {REMOVE("c")}, {REMOVE("a")}}, "<domain>\n</domain>"},
        {"<domain>\n  <a/>\n  <b/> <c/>\n</domain>", {{REMOVE("b")}, {REMOVE("c")}}, "<domain>\n  <a/>\n</domain>"},
    };
    check_changes(cases, COUNT(cases));
}

static void comments_and_text_stay(void **state) {
    (void)state;
    static const struct change_case cases[] = {
        {"<domain>\n  <!-- 1 -->\n  <a/>\n  <!-- 2 -->\n  <b/>\n  <!-- 3 -->\n</domain>",
         {{REMOVE("a")}, {REMOVE("b")}},
         "<domain>\n  <!-- 1 -->\n  <!-- 2 -->\n  <!-- 3 -->\n</domain>"},
        {"<domain>\n  <a/> <!-- of a -->\n  <b/>\n</domain>",
         {{REMOVE("a")}},
         "<domain>\n  <!-- of a -->\n  <b/>\n</domain>"},
        {"<domain>\n  <!-- of a --> <a/>\n  <b/>\n</domain>",
         {{REMOVE("a")}},
         "<domain>\n  <!-- of a -->\n  <b/>\n</domain>"},
        {"<domain><!-- 1 --><a/><?p 2?><b/><!-- 3 --></domain>",
         {{REMOVE("a")}, {REMOVE("b")}},
         "<domain><!-- 1 --><?p 2?><!-- 3 --></domain>"},
        {"<domain><a><!-- inside --></a></domain>", {{REMOVE("a")}}, "<domain></domain>"},
        /* Beside text white space may mean something. */
        {"<domain>1 <a/> 2\n  <b/>\n  3<c/>4</domain>",
         {{REMOVE("b")}, {REMOVE("a")}, {REMOVE("c")}},
         "<domain>1  2\n  \n  34</domain>"},
        {"<domain> <a/>1</domain>", {{REMOVE("a")}}, "<domain> 1</domain>"},
        {"<domain><x/> <a/>1</domain>", {{REMOVE("a")}}, "<domain><x/> 1</domain>"},
        {"<domain><x/>1<!-- c --> <a/>2</domain>", {{REMOVE("a")}}, "<domain><x/>1<!-- c --> 2</domain>"},
        {"<domain><![CDATA[ ]]>\n  <a/>&#32;</domain>", {{REMOVE("a")}}, "<domain><![CDATA[ ]]>\n  &#32;</domain>"},
    };
    check_changes(cases, COUNT(cases));
}

static void and_added(void **state) {
    (void)state;
    static const struct change_case cases[] = {
        /* replaced: by what was put before it, and by what was put behind all */
        {"<domain>\n  <a/>\n  <b/>\n  <c/>\n</domain>",
         {{INSERT("b", "n")}, {REMOVE("b")}, {ADD("n", "m")}},
         "<domain>\n  <a/>\n  <n>\n    <m/>\n  </n>\n  <c/>\n</domain>"},
        {"<domain>\n  <a/>\n  <!-- of b -->\n  <b/>\n</domain>",
         {{INSERT("b", "n")}, {REMOVE("b")}},
         "<domain>\n  <a/>\n  <!-- of b -->\n  <n/>\n</domain>"},
        {"<domain>\n  <a/>\n</domain>", {{REMOVE("a")}, {ADD("", "n")}}, "<domain>\n  <n/>\n</domain>"},
        {"<domain>\n  <a/>\n</domain>", {{ADD("", "n")}, {REMOVE("a")}}, "<domain>\n  <n/>\n</domain>"},
        {"<domain><a/></domain>", {{REMOVE("a")}, {ADD("", "n")}}, "<domain><n/></domain>"},
        {"<domain>\n  <t>\n    <a/>\n  </t>\n</domain>",
         {{REMOVE("t/a")}, {ADD("t", "n")}, {ADD("t/n", "m")}},
         "<domain>\n  <t>\n    <n>\n      <m/>\n    </n>\n  </t>\n</domain>"},
        /* between removed ones of one line, and of several */
        {"<domain>\n  <a/><b/>\n  <c/>\n</domain>",
         {{INSERT("b", "n")}, {REMOVE("a")}, {REMOVE("b")}},
         "<domain>\n  <n/>\n  <c/>\n</domain>"},
        {"<domain>\n  <a/> <b/> <c/>\n</domain>",
         {{INSERT("b", "n")}, {REMOVE("a")}, {REMOVE("b")}},
         "<domain>\n  <n/>\n  <c/>\n</domain>"},
        {"<domain>\n  <a/>\n  <b/>\n  <c/>\n</domain>",
         {{INSERT("b", "n")}, {INSERT("c", "m")}, {REMOVE("a")}, {REMOVE("b")}, {REMOVE("c")}},
         "<domain>\n  <n/>\n  <m/>\n</domain>"},
        /* Text keeps its side of what was added, and then removed. */
        {"<domain><a/>1<b/></domain>", {{ADD("", "n")}, {REMOVE("b")}}, "<domain><a/>1<n/></domain>"},
        {"<domain><a/>1<b/></domain>", {{REMOVE("b")}, {ADD("", "n")}}, "<domain><a/><n/>1</domain>"},
        {"<domain><a/>1<b/>2<c/>3</domain>",
         {{INSERT("b", "n")}, {INSERT("c", "m")}, {REMOVE("b")}, {REMOVE("c")}, {REMOVE("a")}},
         "<domain>1<n/>2<m/>3</domain>"},
        {"<domain>1<b/>2</domain>",
         {{INSERT("b", "n")}, {REMOVE("b")}, {REMOVE("n")}, {ADD("", "m")}},
         "<domain><m/>12</domain>"},
        {"<domain>\n  <a/>1\n  <b/>\n</domain>",
         {{ADD("", "n")}, {REMOVE("b")}, {ADD("n", "m")}},
         "<domain>\n  <a/>1\n  <n><m/></n>\n</domain>"},
        /* new ones */
        {"<domain>\n  <a/>\n</domain>",
         {{ADD("", "n")}, {ADD("", "m")}, {ADD("m", "o")}, {REMOVE("n")}, {REMOVE("m/o")}},
         "<domain>\n  <a/>\n  <m/>\n</domain>"},
    };
    check_changes(cases, COUNT(cases));
}

/* An element that is put in and, in the text that is written, taken away again leaves no trace. */
static void it_undoes_an_insertion(void **state) {
    (void)state;
    static const struct {
        const char *text;
        struct change change;
    } cases[] = {
        {"<domain>\n\t<a></a>\n\t<b></b>\n</domain>", {INSERT("a", "n")}},
        {"<domain>\n\t<a></a>\n\t<b></b>\n</domain>", {INSERT("b", "n")}},
        {"<domain>\n\t<a></a>\n\t<b></b>\n</domain>", {ADD("", "n")}},
        {"<domain>\r\n  <a/>\r\n  <!-- c -->\r\n  <b/>\r\n</domain>", {INSERT("b", "n")}},
        {"<domain>\r\n  <a/>\r\n  <!-- c -->\r\n  <b/>\r\n</domain>", {ADD("", "n")}},
        {"<domain><a/><b/></domain>", {INSERT("b", "n")}},
        {"<domain><a/><b/></domain>", {ADD("", "n")}},
        {"<domain> <a/> <b/></domain>", {INSERT("a", "n")}},
        {"<domain> <a/> <b/></domain>", {INSERT("b", "n")}},
        {"<domain>\n  <a/>\n  <b/></domain>", {ADD("", "n")}},
        {"<domain>\n\n  <a/>\n\n  <b/>\n\n</domain>", {INSERT("b", "n")}},
        {"<domain>\n  <a/><b/>\n</domain>", {INSERT("b", "n")}},
        {"<domain>\n  <a/><b/>\n</domain>", {INSERT("a", "n")}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(tree_free) struct tree tree = tree_of(cases[i].text);
        make_change(&tree, &cases[i].change);
        CLEANUP(buffer_free) struct buffer changed = written_and_equal(&tree);
        CLEANUP(tree_free) struct tree again = tree_of(changed.data);
        make_change(&again, &(struct change){REMOVE("n")});
        CLEANUP(buffer_free) struct buffer out = written_and_equal(&again);
        assert_bytes(buffer_bytes(&out), cases[i].text);
    }
}

/* Lookups pass over it, in whatever order the siblings go. */
static void it_is_not_found(void **state) {
    (void)state;
    CLEANUP(tree_free)
    struct tree tree = tree_of("<domain xmlns:q='urn:q'><a n='0'/><q:a/><a n='1'/><a n='2'/></domain>");
    xmlNode *root = element_at(&tree, "");
    tree_remove(&tree, element_at(&tree, "a#2"));
    assert_string_equal(tree_attribute(tree_next(tree_child(root, "a"), "a"), "n"), "2");
    tree_remove(&tree, tree_child(root, "a"));
    assert_string_equal(tree_attribute(tree_child(root, "a"), "n"), "2");
    assert_null(tree_next(tree_child(root, "a"), "a"));
    tree_remove(&tree, tree_child_ns(root, "urn:q", "a"));
    assert_null(tree_child_ns(root, "urn:q", "a"));
    assert_ptr_equal(span_next_element(root, root), tree_child(root, "a"));
    CLEANUP(buffer_free) struct buffer out = written_and_equal(&tree);
    assert_bytes(buffer_bytes(&out), "<domain xmlns:q='urn:q'><a n='2'/></domain>");
}

/* Every second of many on a line, and of many lines. */
static void many(void **state) {
    (void)state;
    enum { PAIRS = 20000 };
    static const char *const blanks[] = {"", " ", "\n  "};
    for (size_t i = 0; i < COUNT(blanks); i++) {
        CLEANUP(buffer_free) struct buffer text = {0}, expected = {0};
        buffer_append_text(&text, "<domain>");
        buffer_append_text(&expected, "<domain>");
        for (int j = 0; j < PAIRS; j++) {
            buffer_printf(&text, "%s<a/>%s<b/>", blanks[i], blanks[i]);
            buffer_printf(&expected, "%s<b/>", blanks[i]);
        }
        buffer_append_text(&text, "</domain>");
        buffer_append_text(&expected, "</domain>");
        CLEANUP(tree_free) struct tree tree = tree_of(text.data);
        xmlNode *root = element_at(&tree, "");
        for (xmlNode *node = tree_child(root, "a"), *next; node; node = next) {
            next = tree_next(node, "a");
            tree_remove(&tree, node);
        }
        CLEANUP(buffer_free) struct buffer out = written_and_equal(&tree);
        assert_bytes(buffer_bytes(&out), expected.data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),     cmocka_unit_test(several_on_a_line),      cmocka_unit_test(comments_and_text_stay),
        cmocka_unit_test(and_added), cmocka_unit_test(it_undoes_an_insertion), cmocka_unit_test(it_is_not_found),
        cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, tree_group_setup, NULL);
}
