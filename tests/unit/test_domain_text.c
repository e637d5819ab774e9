/* tree_text and tree_set_text. */
#include "domain_changes.h"

static void read_as_libvirt_does(void **state) {
    (void)state;
    static const struct {
        const char *element, *text;
    } cases[] = {
        {"<t/>", ""},
        {"<t></t>", ""},
        {"<t>a</t>", "a"},
        {"<t> a\n</t>", " a\n"},
        {"<t> </t>", " "},
        {"<t>a&lt;&#65;&amp;&#xe9;</t>", "a<A&\xc3\xa9"},
        {"<t><![CDATA[<x/>&amp;]]></t>", "<x/>&amp;"},
        {"<t>a<![CDATA[b]]>c</t>", "abc"},
        {"<t>a<!-- b -->c<?d?>e</t>", "ace"},
        {"<t><!-- b --></t>", ""},
        {"<t>a\r\nb\rc</t>", "a\nb\nc"},
        {"<t><x/>a</t>", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_printf(&text, "<domain>%s</domain>", cases[i].element);
        CLEANUP(tree_free) struct tree tree = tree_of(text.data);
        assert_string_equal(tree_text(element_at(&tree, "t")), cases[i].text);
    }
}

static void set(void **state) {
    (void)state;
    static const struct change_case cases[] = {
        {"<domain><t/></domain>", {{TEXT("t", "x")}}, "<domain><t>x</t></domain>"},
        {"<domain><t a='1' /></domain>", {{TEXT("t", "x")}}, "<domain><t a='1'>x</t></domain>"},
        {"<domain><t></t></domain>", {{TEXT("t", "x")}}, "<domain><t>x</t></domain>"},
        {"<domain><t >old</t ></domain>", {{TEXT("t", "x")}}, "<domain><t >x</t ></domain>"},
        {"<domain><t>a&lt;<![CDATA[b]]></t></domain>", {{TEXT("t", "x")}}, "<domain><t>x</t></domain>"},
        {"<domain><t>a<!-- c -->b</t></domain>", {{TEXT("t", "x")}}, "<domain><t>x</t></domain>"},
        {"<domain>\n  <t>\n    <a/>\n    <b>c</b>\n  </t>\n</domain>",
         {{TEXT("t", "x")}},
         "<domain>\n  <t>x</t>\n</domain>"},
        {"<domain><t>a</t></domain>", {{TEXT("t", "")}}, "<domain><t></t></domain>"},
        {"<domain><t/></domain>", {{TEXT("t", "x")}, {TEXT("t", "")}}, "<domain><t/></domain>"},
        {"<domain><t>a</t></domain>", {{TEXT("t", "b")}, {TEXT("t", "c")}}, "<domain><t>c</t></domain>"},
        {"<domain><t a='1'>b</t></domain>",
         {{ATTRIBUTE("t", "a", "2")}, {TEXT("t", "c")}},
         "<domain><t a=\"2\">c</t></domain>"},
        /* on new elements */
        {"<domain>\n  <a/>\n</domain>", {{ADD("", "n")}, {TEXT("n", "x")}}, "<domain>\n  <a/>\n  <n>x</n>\n</domain>"},
        {"<domain>\n  <a/>\n</domain>",
         {{ADD("", "n")}, {ADD("n", "m")}, {TEXT("n", "x")}, {TEXT("n", "")}},
         "<domain>\n  <a/>\n  <n/>\n</domain>"},
        /* No change. */
        {"<domain><t>a&lt;</t></domain>", {{TEXT("t", "a<")}}, "<domain><t>a&lt;</t></domain>"},
        {"<domain><t><![CDATA[a]]>b<!-- c --></t></domain>",
         {{TEXT("t", "ab")}},
         "<domain><t><![CDATA[a]]>b<!-- c --></t></domain>"},
        {"<domain><t><!-- c --></t></domain>", {{TEXT("t", "")}}, "<domain><t><!-- c --></t></domain>"},
        /* Children after the text, and instead of it. */
        {"<domain>\n  <t>a</t>\n</domain>",
         {{TEXT("t", "b")}, {ADD("t", "n")}, {ADD("t/n", "m")}},
         "<domain>\n  <t><n><m/></n>b</t>\n</domain>"},
        {"<domain>\n  <t>a</t>\n</domain>",
         {{TEXT("t", "")}, {ADD("t", "n")}, {ADD("t/n", "m")}},
         "<domain>\n  <t>\n    <n>\n      <m/>\n    </n>\n  </t>\n</domain>"},
        /* Where an element was removed nothing of the old is left either. */
        {"<domain><t>a<x/>b</t></domain>", {{REMOVE("t/x")}, {TEXT("t", "a")}}, "<domain><t>a</t></domain>"},
        {"<domain><t>\n  <x/>\n</t></domain>", {{REMOVE("t/x")}, {TEXT("t", "")}}, "<domain><t></t></domain>"},
    };
    check_changes(cases, COUNT(cases));
}

/* Whatever the text is, it comes back when what is written is parsed again; and to set it again is no change. */
static void texts_survive(void **state) {
    (void)state;
    static const char *const texts[] = {
        "a b",  " ",   " a ",    "\t\n", "\r",         "a\r\nb", "\"'",  "<>&",
        "&lt;", "]]>", "<!-- -", "--",   "gr\xc3\xbc", "%s%n",   "</t>", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        CLEANUP(tree_free) struct tree tree = tree_of("<domain>\n  <t>x</t>\n  <u/>\n</domain>");
        make_change(&tree, &(struct change){TEXT("t", texts[i])});
        make_change(&tree, &(struct change){ADD("u", "n")});
        make_change(&tree, &(struct change){TEXT("u/n", texts[i])});
        CLEANUP(buffer_free) struct buffer out = written_and_equal(&tree);
        CLEANUP(tree_free) struct tree again = tree_of(out.data);
        assert_string_equal(tree_text(element_at(&again, "t")), texts[i]);
        make_change(&again, &(struct change){TEXT("t", texts[i])});
        make_change(&again, &(struct change){TEXT("u/n", texts[i])});
        assert_false(again.changed);
    }
}

/* White space in the text of an element counts, beside elements it does not. */
static void white_space_in_comparisons(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"<domain>x</domain>", "<domain> x</domain>", false},
        {"<domain>x</domain>", "<domain>x </domain>", false},
        {"<domain> </domain>", "<domain/>", false},
        {"<domain>\n<a/>\n</domain>", "<domain><a/></domain>", true},
        {"<domain> x<a/></domain>", "<domain>x<a/></domain>", true},
        {"<domain>x <a/></domain>", "<domain>x<a/></domain>", true},
        {"<domain>x y<a/></domain>", "<domain>xy<a/></domain>", true},
        {"<domain>x<a/></domain>", "<domain>x</domain>", false},
        {"<domain>x<a/>y</domain>", "<domain>x<a/>z</domain>", false},
        {"<domain>x<a/>y</domain>", "<domain>xy<a/></domain>", false},
        {"<domain>x<a/>yz</domain>", "<domain>x<a/>y<a/>z</domain>", false},
        {"<domain>x<!-- c -->y</domain>", "<domain><![CDATA[xy]]></domain>", true},
        /* What libxml2 leaves out at the start of a text. */
        {"<domain>  <!-- c -->x</domain>", "<domain>x</domain>", true},
        {"<domain> <![CDATA[x]]></domain>", "<domain>x</domain>", true},
        {"<domain>&#32;<!-- c -->x</domain>", "<domain> x</domain>", true},
        {"<domain>&#32;<!-- c -->x</domain>", "<domain>x</domain>", false},
        {"<domain> <?pi?> <!-- c --> </domain>", "<domain> </domain>", true},
        {"<domain>x <!-- c --></domain>", "<domain>x </domain>", true},
        {"<domain>  \r\nx</domain>", "<domain>\nx</domain>", true},
        {"<domain xml:space='preserve'> <!-- c -->x</domain>", "<domain xml:space='preserve'>x</domain>", false},
        {"<domain>&lt;&amp;&#x41;</domain>", "<domain><![CDATA[<&A]]></domain>", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        CLEANUP(tree_free) struct tree a = tree_of(cases[i].a), b = tree_of(cases[i].b);
        if (tree_reads_back(&a, bytes_of(cases[i].b), &err) != cases[i].equal ||
            tree_reads_back(&b, bytes_of(cases[i].a), &err) != cases[i].equal ||
            tree_reads_back(&a, bytes_of(cases[i].a), &err) != 1 ||
            tree_reads_back(&b, bytes_of(cases[i].b), &err) != 1)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
        assert_no_error(&err);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_as_libvirt_does),
        cmocka_unit_test(set),
        cmocka_unit_test(texts_survive),
        cmocka_unit_test(white_space_in_comparisons),
    };
    return cmocka_run_group_tests(tests, tree_group_setup, NULL);
}
