/* domain/write, with span.c: an edit changes its own bytes only, whatever the document looks like. */
#include <stdio.h>

#include "domain/span.h"
#include "domain_support.h"

/* Documents in every style that survive an edit elsewhere; %s is where the <target> goes. */
static const char *const styles[] = {
    "<domain>%s</domain>",
    "<?xml version=\"1.0\" encoding=\"utf-8\" standalone='yes'?>\n<!-- top -->\n<domain  type = 'kvm'\tid=\"3\" >\n  %s\n"
    "</domain >\n<!-- bottom --><?pi x?>\n",
    "<domain>\r\n  <a b='\"' c=\"'\"/>\r\n\t%s\r\n<!-- <hostdev> & \"quotes' --></domain>\r\n",
    "<domain><![CDATA[<a></a>]]>%s<![CDATA[]]]]><![CDATA[>]]></domain>",
    "<domain><?pi <a b=\"?><x a='/>' b='>'></x>%s<y a=\"a/\" /><z a='&lt;!--' /></domain>",
    "<domain xmlns:q='urn:q' q:a='1'><q:domain q:b='&#10;&quot;&amp;&lt;'><domain/></q:domain>%s&gt;&#x20;</domain>",
    "\xef\xbb\xbf<domain>gr\xc3\xbc\xc3\x9f <\xc3\xa4 \xc3\xb6='\xf0\x9f\x98\x80'/>%s</domain>",
    "<domain><!---><a> --><!-->-->%s<!----></domain>",
    "<domain\n>%s<a\n/><b\n></b\n></domain\n>\n\n",
};

/* An edit of the target alone, and what becomes of its text. */
static const struct {
    const char *before, *name, *value, *after;
} edits[] = {
    {"<target/>", "mode", "subsystem", "<target mode=\"subsystem\"/>"},
    {"<target />", "mode", "subsystem", "<target mode=\"subsystem\" />"},
    {"<target></target>", "mode", "x", "<target mode=\"x\"></target>"},
    {"<target a='1' b=\"2\"/>", "c", "3", "<target a='1' b=\"2\" c=\"3\"/>"},
    {"<target a='1'  b=\"2\" >t</target >", "c", "3", "<target a='1'  b=\"2\" c=\"3\" >t</target >"},
    {"<target\n\ta = '1'\r\n\tb= \"2\"/>", "b", "9", "<target\n\ta = '1'\r\n\tb=\"9\"/>"},
    {"<target a='1' b='2' c='3'/>", "b", NULL, "<target a='1' c='3'/>"},
    {"<target a='1' b='2' c='3'/>", "a", NULL, "<target b='2' c='3'/>"},
    {"<target a='1' b='2' c='3' />", "c", NULL, "<target a='1' b='2' />"},
    {"<target a='1'/>", "a", NULL, "<target/>"},
    {"<target a='1'><x y='2'/></target>", "a", "2", "<target a=\"2\"><x y='2'/></target>"},
    {"<target bar='b' b='/>'/>", "b", "x", "<target bar='b' b=\"x\"/>"},
    {"<target b='b=&quot;c&quot;' c='1'/>", "c", "2", "<target b='b=&quot;c&quot;' c=\"2\"/>"},
    {"<target a=\"it's > this\" c='\"'/>", "c", "2", "<target a=\"it's > this\" c=\"2\"/>"},
    {"<target xmlns:p='urn:p' p:a='1' a='2'/>", "a", "3", "<target xmlns:p='urn:p' p:a='1' a=\"3\"/>"},
    {"<target xmlns:p='urn:p' p:a='1' a='2'/>", "a", NULL, "<target xmlns:p='urn:p' p:a='1'/>"},
    {"<target xmlns:p='urn:p' p:a='1'/>", "a", "2", "<target xmlns:p='urn:p' p:a='1' a=\"2\"/>"},
    {"<target a='&#9;&amp;'/>", "b", "2", "<target a='&#9;&amp;' b=\"2\"/>"},
    /* No change. */
    {"<target a='1'/>", "a", "1", "<target a='1'/>"},
    {"<target a='&#49;'/>", "a", "1", "<target a='&#49;'/>"},
    {"<target a='1'/>", "b", NULL, "<target a='1'/>"},
    {"<target a=''/>", "a", "", "<target a=''/>"},
};

static void an_edit_changes_its_own_bytes(void **state) {
    (void)state;
    for (size_t style = 0; style < COUNT(styles); style++) {
        for (size_t i = 0; i < COUNT(edits); i++) {
            struct error err = {0};
            const char *hole = strstr(styles[style], "%s");
            CLEANUP(buffer_free) struct buffer before = {0}, after = {0};
            buffer_append(&before, styles[style], (size_t)(hole - styles[style]));
            buffer_printf(&before, "%s%s", edits[i].before, hole + 2);
            buffer_append(&after, styles[style], (size_t)(hole - styles[style]));
            buffer_printf(&after, "%s%s", edits[i].after, hole + 2);

            CLEANUP(tree_free) struct tree tree = tree_of(before.data);
            CLEANUP(buffer_free) struct buffer same = written(&tree);
            assert_bytes(buffer_bytes(&same), before.data);
            xmlNode *target = tree_child(xmlDocGetRootElement(tree.document), "target");
            assert_int_equal(tree_set_attribute(&tree, target, edits[i].name, edits[i].value, &err), 0);
            CLEANUP(buffer_free) struct buffer found = written(&tree);
            assert_bytes(buffer_bytes(&found), after.data);
        }
    }
}

/* Whatever the value is, it comes back when the text is parsed again. */
static void values_survive(void **state) {
    (void)state;
    static const char *const values[] = {"",      "a b",    " ",          "\t",  "\n",    "\r",
                                         "\r\n",  "\"",     "'",          "<>&", "&lt;",  "]]>",
                                         "--",    "a\"b'c", "gr\xc3\xbc", "/>",  "x='y'", "\xf0\x9f\x98\x80",
                                         "&#65;", "%s%n"};
    for (size_t i = 0; i < COUNT(values); i++) {
        struct error err = {0};
        CLEANUP(tree_free) struct tree tree = tree_of("<domain><a b='x'/></domain>");
        xmlNode *root = xmlDocGetRootElement(tree.document);
        tree_set_attribute(&tree, tree_child(root, "a"), "b", values[i], &err);
        tree_set_attribute(&tree, root, "c", values[i], &err);
        tree_set_attribute(&tree, tree_add_child(&tree, root, "new", &err), "d", values[i], &err);
        assert_no_error(&err);
        CLEANUP(buffer_free) struct buffer text = written(&tree);
        CLEANUP(tree_free) struct tree again = tree_of(text.data);
        const xmlNode *other = xmlDocGetRootElement(again.document);
        assert_string_equal(tree_attribute(tree_child(other, "a"), "b"), values[i]);
        assert_string_equal(tree_attribute(other, "c"), values[i]);
        assert_string_equal(tree_attribute(tree_child(other, "new"), "d"), values[i]);
        assert_int_equal(tree_reads_back(&tree, buffer_bytes(&text), &err), 1);
    }
}

static void edits_that_undo_each_other(void **state) {
    (void)state;
    static const char text[] = "<domain><a  b = '1' c=\"2\" ><d/></a></domain>";
    struct error err = {0};
    CLEANUP(tree_free) struct tree tree = tree_of(text);
    xmlNode *node = tree_child(xmlDocGetRootElement(tree.document), "a");
    tree_set_attribute(&tree, node, "n", "x", &err);
    tree_set_attribute(&tree, node, "n", "y", &err);
    tree_set_attribute(&tree, node, "n", NULL, &err);
    tree_set_attribute(&tree, node, "c", NULL, &err);
    tree_set_attribute(&tree, node, "c", "3", &err);
    assert_no_error(&err);
    CLEANUP(buffer_free) struct buffer out = written(&tree);
    assert_bytes(buffer_bytes(&out), "<domain><a  b = '1' c=\"3\" ><d/></a></domain>");
}

static void added_children(void **state) {
    (void)state;
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"<domain><t/></domain>", "<domain><t><rom bar=\"on\"/></t></domain>"},
        {"<domain><t a='1' /></domain>", "<domain><t a='1'><rom bar=\"on\"/></t></domain>"},
        {"<domain><t></t></domain>", "<domain><t><rom bar=\"on\"/></t></domain>"},
        {"<domain><t><x/></t></domain>", "<domain><t><x/><rom bar=\"on\"/></t></domain>"},
        {"<domain>\n  <t>\n    <x/>\n    <y/>\n  </t>\n</domain>",
         "<domain>\n  <t>\n    <x/>\n    <y/>\n    <rom bar=\"on\"/>\n  </t>\n</domain>"},
        {"<domain>\r\n\t<t>\r\n\t\t<x></x>\r\n\t</t>\r\n</domain>",
         "<domain>\r\n\t<t>\r\n\t\t<x></x>\r\n\t\t<rom bar=\"on\"/>\r\n\t</t>\r\n</domain>"},
        {"<domain>\n <t>\n  <!-- c -->\n  <x/>\n  <!-- d -->\n </t>\n</domain>",
         "<domain>\n <t>\n  <!-- c -->\n  <x/>\n  <rom bar=\"on\"/>\n  <!-- d -->\n </t>\n</domain>"},
        {"<domain><t><x/><![CDATA[>]]></t></domain>", "<domain><t><x/><rom bar=\"on\"/><![CDATA[>]]></t></domain>"},
        {"<domain><t>text</t></domain>", "<domain><t><rom bar=\"on\"/>text</t></domain>"},
        {"<domain><t><!-- c --></t></domain>", "<domain><t><rom bar=\"on\"/><!-- c --></t></domain>"},
        {"<domain><t><x/>text<!-- c --></t></domain>", "<domain><t><x/><rom bar=\"on\"/>text<!-- c --></t></domain>"},
        {"<domain xmlns:q='urn:q'><t><q:x/></t></domain>",
         "<domain xmlns:q='urn:q'><t><q:x/><rom bar=\"on\"/></t></domain>"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        CLEANUP(tree_free) struct tree tree = tree_of(cases[i].before);
        xmlNode *parent = tree_child(xmlDocGetRootElement(tree.document), "t");
        xmlNode *child = tree_add_child(&tree, parent, "rom", &err);
        assert_ptr_equal(tree_child(parent, "rom"), child);
        tree_set_attribute(&tree, child, "bar", "on", &err);
        assert_no_error(&err);
        CLEANUP(buffer_free) struct buffer out = written(&tree);
        assert_bytes(buffer_bytes(&out), cases[i].after);
        if (tree_reads_back(&tree, buffer_bytes(&out), &err) != 1)
            fail_msg("not what the tree holds: %s", out.data);
    }
}

static void several_added_children(void **state) {
    (void)state;
    struct error err = {0};
    CLEANUP(tree_free) struct tree tree = tree_of("<domain>\n <t/>\n</domain>");
    xmlNode *root = xmlDocGetRootElement(tree.document), *parent = tree_child(root, "t");
    tree_set_attribute(&tree, parent, "a", "1", &err);
    tree_add_child(&tree, parent, "x", &err);
    tree_add_child(&tree, parent, "y", &err);
    tree_add_child(&tree, root, "z", &err);
    CLEANUP(buffer_free) struct buffer out = written(&tree);
    assert_bytes(buffer_bytes(&out), "<domain>\n <t a=\"1\">\n  <x/>\n  <y/>\n </t>\n <z/>\n</domain>");
}

/* --- random documents ------------------------------------------------------------------------------------------- */

static const char *pick(struct sequence *sequence, const char *const *list, size_t count) {
    return list[sequence_below(sequence, (uint32_t)count)];
}
#define PICK(sequence, list) pick((sequence), (list), COUNT(list))

static void random_filler(struct sequence *sequence, struct buffer *out) {
    static const char *const fillers[] = {"",
                                          "",
                                          "\n  ",
                                          "\r\n",
                                          "text",
                                          "&amp;&#65;",
                                          "<!-- <a b='c\"> -->",
                                          "<![CDATA[</e1><!--]]>",
                                          "<?pi a='<b>'?>",
                                          "\t",
                                          " ",
                                          "]]&gt;",
                                          "'",
                                          "\"",
                                          "> /> ",
                                          "\xc3\xbc"};
    buffer_append_text(out, PICK(sequence, fillers));
}

static void random_attributes(struct sequence *sequence, struct buffer *out) {
    static const char *const blanks[] = {" ", "  ", "\n\t", "\r\n", "\t"};
    static const char *const equals[] = {"=", "=", " = ", "\n=", "=\t"};
    static const char *const values[] = {"\"1\"",   "'1'",          "\"'\"",        "'\"'", "\"\"",       "'/>'",
                                         "\"a>b\"", "'&lt;&quot;'", "'a=\"b\" c='", "'\n'", "'\xc3\xbc'", "\"k='v'\""};
    for (char name = 'a'; name <= 'f'; name++)
        if (sequence_below(sequence, 3) == 0)
            buffer_printf(out, "%s%s%c%s%s", PICK(sequence, blanks), sequence_below(sequence, 6) ? "" : "q:", name,
                          PICK(sequence, equals), PICK(sequence, values));
    if (sequence_below(sequence, 4) == 0)
        buffer_append_text(out, PICK(sequence, blanks));
}

/* Elements are named e0, e1, ... in document order; *count is the next number. */
static void random_element(struct sequence *sequence, struct buffer *out, int depth, int *count) {
    int number = (*count)++;
    buffer_printf(out, "<e%d", number);
    random_attributes(sequence, out);
    if (sequence_below(sequence, 3) == 0 || depth == 6) {
        buffer_append_text(out, "/>");
        return;
    }
    buffer_append_text(out, ">");
    for (uint32_t i = sequence_below(sequence, 5); i > 0; i--) {
        random_filler(sequence, out);
        if (sequence_below(sequence, 2))
            random_element(sequence, out, depth + 1, count);
    }
    random_filler(sequence, out);
    buffer_printf(out, "</e%d%s>", number, sequence_below(sequence, 4) ? "" : " \n");
}

static int random_document(struct sequence *sequence, struct buffer *out) {
    static const char *const starts[] = {"", "<?xml version='1.0'?>\n", "<!-- <domain> -->", "\xef\xbb\xbf",
                                         "\n<?pi?>\n"};
    static const char *const ends[] = {"", "\n", "<!-- </domain> -->\n", "\r\n<?pi '?>"};
    const char *start = PICK(sequence, starts);
    int count = 0;
    buffer_printf(out, "%s<domain xmlns:q='urn:q'", start);
    random_attributes(sequence, out);
    buffer_append_text(out, ">");
    for (int i = 0; i < 4; i++) {
        random_filler(sequence, out);
        random_element(sequence, out, 1, &count);
    }
    buffer_printf(out, "</domain>%s", PICK(sequence, ends));
    return count;
}

static void random_documents_come_back(void **state) {
    (void)state;
    struct sequence sequence = {20261123};
    for (int round = 0; round < 2000; round++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        int count = random_document(&sequence, &text);
        CLEANUP(tree_free) struct tree tree = tree_of(text.data);
        assert_int_equal(tree.elements, count + 1);
        CLEANUP(buffer_free) struct buffer same = written(&tree);
        assert_bytes(buffer_bytes(&same), text.data);
        /* Even when every element is written anew. */
        tree.changed = true;
        for (size_t i = 0; i < tree.elements; i++)
            tree.spans[i].changed = tree.spans[i].tag_changed = true;
        CLEANUP(buffer_free) struct buffer rewritten = written(&tree);
        assert_bytes(buffer_bytes(&rewritten), text.data);
    }
}

/* Does the name in the tag that starts at `at` belong to the element of that number? */
static size_t find_tag(const struct buffer *text, int number) {
    char tag[16];
    size_t size = (size_t)snprintf(tag, sizeof(tag), "<e%d", number);
    const char *found = text->data;
    /* Comments and CDATA sections of random_filler hold "</e1>" only. */
    while ((found = strstr(found, tag)) && strchr("0123456789", found[size]))
        found++;
    assert_non_null(found);
    return (size_t)(found - text->data);
}

/* One attribute is edited: up to that element's tag and from its first unchanged byte on, the text is the old one. */
static void random_edits_touch_one_tag(void **state) {
    (void)state;
    static const char *const values[] = {"new", "", "<&>\"'", "\n"};
    struct sequence sequence = {777};
    for (int round = 0; round < 2000; round++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        struct error err = {0};
        int count = random_document(&sequence, &text), target = (int)sequence_below(&sequence, (uint32_t)count);
        CLEANUP(tree_free) struct tree tree = tree_of(text.data);
        xmlNode *root = xmlDocGetRootElement(tree.document), *node = root;
        for (int i = 0; i <= target; i++)
            node = span_next_element(node, root);
        char name[2] = {(char)('a' + sequence_below(&sequence, 8)), '\0'};
        const char *value = sequence_below(&sequence, 3) ? PICK(&sequence, values) : NULL;
        size_t tag_start = span_of(node)->start, tag_end = span_of(node)->open_end;
        assert_int_equal(tag_start, find_tag(&text, target));
        assert_int_equal(tree_set_attribute(&tree, node, name, value, &err), 0);
        CLEANUP(buffer_free) struct buffer out = written(&tree);
        assert_memory_equal(out.data, text.data, tag_start);
        size_t rest = text.size - tag_end;
        assert_in_range(out.size, tag_start + rest, SIZE_MAX);
        assert_memory_equal(out.data + out.size - rest, text.data + tag_end, rest);

        CLEANUP(tree_free) struct tree again = tree_of(out.data);
        assert_int_equal(tree_reads_back(&tree, buffer_bytes(&out), &err), 1);
        xmlNode *other_root = xmlDocGetRootElement(again.document), *other = other_root;
        for (int i = 0; i <= target; i++)
            other = span_next_element(other, other_root);
        const char *found = tree_attribute(other, name);
        if (value)
            assert_string_equal(found, value);
        else
            assert_null(found);
    }
}

static void random_damage_is_refused_or_comes_back(void **state) {
    (void)state;
    struct sequence sequence = {99};
    static const char bytes[] = "<>/'\"=&;!-?[] \n\0ax:";
    for (int round = 0; round < 5000; round++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(tree_free) struct tree tree;
        struct error err = {0};
        random_document(&sequence, &text);
        for (uint32_t i = 1 + sequence_below(&sequence, 3); i > 0; i--)
            text.data[sequence_below(&sequence, (uint32_t)text.size)] =
                bytes[sequence_below(&sequence, sizeof(bytes) - 1)];
        if (tree_parse(buffer_bytes(&text), "domain", &tree, &err) < 0) {
            assert_error(&err, ERROR_INPUT, "");
            continue;
        }
        if (tree_editable(&tree, &err) < 0)
            fail_msg("well-formed, but: %s\n%s", err.message, text.data);
        tree.changed = true;
        for (size_t i = 0; i < tree.elements; i++)
            tree.spans[i].changed = tree.spans[i].tag_changed = true;
        CLEANUP(buffer_free) struct buffer same = written(&tree);
        assert_int_equal(same.size, text.size);
        assert_memory_equal(same.data, text.data, text.size);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edit_changes_its_own_bytes), cmocka_unit_test(values_survive),
        cmocka_unit_test(edits_that_undo_each_other),    cmocka_unit_test(added_children),
        cmocka_unit_test(several_added_children),        cmocka_unit_test(random_documents_come_back),
        cmocka_unit_test(random_edits_touch_one_tag),    cmocka_unit_test(random_damage_is_refused_or_comes_back),
    };
    return cmocka_run_group_tests(tests, tree_group_setup, NULL);
}
