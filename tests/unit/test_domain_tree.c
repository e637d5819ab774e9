/* domain/tree: what is refused, lookups, comparison. */
#include <stdio.h>

#include "domain/span.h"
#include "domain/tree.h"
#include "domain_support.h"

static void refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "is empty"},
        {" ", "not well-formed: line 1"},
        {"no xml", "not well-formed: line 1"},
        {"<domain>", "not well-formed: line 1"},
        {"<domain>\n<a>\n</domain>", "not well-formed: line 3"},
        {"<domain/><domain/>", "not well-formed"},
        {"<domain a='1' a='2'/>", "not well-formed"},
        {"<domain a=1/>", "not well-formed"},
        {"<domain>&unknown;</domain>", "not well-formed"},
        {"<domain>&#0;</domain>", "not well-formed"},
        {"<domain>\x01</domain>", "not well-formed"},
        {"<domainsnapshot/>", "root is <domainsnapshot>: it must be <domain>"},
        {"<Domain/>", "root is <Domain>"},
        {"<domain xmlns='urn:x'/>", "in the namespace \"urn:x\""},
        {"<x:domain xmlns:x='urn:x'/>", "in the namespace \"urn:x\""},
        {"<domain>\xff</domain>", "not UTF-8: byte 0xff at offset 8"},
        {"<domain>\xc3</domain>", "not UTF-8: byte 0xc3 at offset 8"},
        {"<?xml version='1.0' encoding='ISO-8859-1'?><domain/>", "encoded in ISO-8859-1: it must be UTF-8"},
        {"<?xml version='1.0' encoding='UTF-16'?><domain/>", ""},
        {"<?xml version='1.0' encoding='no-such'?><domain/>", ""},
        {"<!DOCTYPE domain><domain/>", "document type"},
        {"<!DOCTYPE domain SYSTEM 'file:///etc/passwd'><domain/>", "document type"},
        {"<!DOCTYPE domain [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><domain>&b;</domain>", "document type"},
        {"<!DOCTYPE domain [<!ENTITY x SYSTEM '/etc/passwd'>]><domain>&x;</domain>", "document type"},
        {"<!DOCTYPE domain [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/x'>%p;]><domain/>", "document type"},
        {"<!DOCTYPE domain [<!ATTLIST domain a CDATA 'default'>]><domain/>", "document type"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tree tree;
        struct error err = {0};
        memset(&tree, 0xff, sizeof(tree));
        if (tree_parse(bytes_of(cases[i].text), "domain", &tree, &err) != -1)
            fail_msg("accepted: %s", cases[i].text);
        assert_error(&err, ERROR_INPUT, cases[i].part);
        assert_null(tree.document);
        tree_free(&tree);
    }
}

static void a_failure_leaves_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"", "\xff", "<domain>", "<other/>", "<!DOCTYPE domain><domain/>"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        static const struct tree nothing;
        struct tree tree;
        struct error err = {0};
        memset(&tree, 0xff, sizeof(tree));
        tree_parse(bytes_of(texts[i]), "domain", &tree, &err);
        assert_error(&err, ERROR_INPUT, "");
        assert_ptr_equal(tree.document, nothing.document);
        assert_ptr_equal(tree.source.data, nothing.source.data);
        assert_int_equal(tree.source.size, nothing.source.size);
        assert_ptr_equal(tree.spans, nothing.spans);
        assert_int_equal(tree.elements, nothing.elements);
        assert_int_equal(tree.changed, nothing.changed);
    }
}

/* NUL bytes are valid UTF-8, but in no XML; without this, UTF-16 would pass for it. */
static void nul_bytes_are_refused(void **state) {
    (void)state;
    static const char texts[][64] = {
        "\0<domain/>",         "<domain\0/>",     "<domain a='\0'/>",           "<domain>\0</domain>",
        "<domain></domain>\0", "<domain/>\0<x/>", "<domain><!--\0--></domain>",
    };
    static const size_t sizes[] = {10, 10, 14, 18, 18, 14, 25};
    static const char wide[] = "<?xml version='1.0' encoding='UTF-8'?><domain><a b='c'/></domain>";
    int failures = 0;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct tree tree;
        struct error err = {0};
        if (tree_parse((struct bytes){(const uint8_t *)texts[i], sizes[i]}, "domain", &tree, &err) < 0) {
            assert_error(&err, ERROR_INPUT, "");
            continue;
        }
        print_error("row %zu was accepted\n", i);
        failures++;
        tree_free(&tree);
    }
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        uint8_t bytes[2 * sizeof(wide)] = {0};
        struct tree tree;
        struct error err = {0};
        for (size_t i = 0; i < strlen(wide); i++)
            bytes[2 * i + (size_t)big_endian] = (uint8_t)wide[i];
        if (tree_parse((struct bytes){bytes, 2 * strlen(wide)}, "domain", &tree, &err) < 0) {
            assert_error(&err, ERROR_INPUT, "");
            continue;
        }
        print_error("UTF-16 of order %d was accepted\n", big_endian);
        failures++;
        tree_free(&tree);
    }
    assert_int_equal(failures, 0);
}

/* Every beginning of a document but the whole is refused, and none is read too far. */
static void truncations(void **state) {
    (void)state;
    static const char text[] =
        "<?xml version='1.0'?>\n<!-- c --><domain a=\"1\" b='2'><c><![CDATA[x]]></c>&amp;<d/></domain>";
    for (size_t size = 0; size < strlen(text); size++) {
        CLEANUP(free) uint8_t *exact = malloc(size + !size);
        struct tree tree;
        struct error err = {0};
        memcpy(exact, text, size);
        if (tree_parse((struct bytes){exact, size}, "domain", &tree, &err) != -1)
            fail_msg("accepted: %.*s", (int)size, text);
        assert_error(&err, ERROR_INPUT, "");
    }
    CLEANUP(tree_free) struct tree tree = tree_of(text);
    assert_int_equal(tree.elements, 3);
}

static void nest(struct buffer *text, int depth) {
    buffer_append_text(text, "<domain>");
    for (int i = 1; i < depth; i++)
        buffer_append_text(text, "<a>");
    for (int i = 1; i < depth; i++)
        buffer_append_text(text, "</a>");
    buffer_append_text(text, "</domain>");
}

static void depth(void **state) {
    (void)state;
    static const int depths[] = {1, TREE_DEPTH_MAX, TREE_DEPTH_MAX + 1, 200, 255, 256, 257, 100000};
    for (size_t i = 0; i < COUNT(depths); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(tree_free) struct tree tree;
        struct error err = {0};
        nest(&text, depths[i]);
        assert_int_equal(tree_parse(buffer_bytes(&text), "domain", &tree, &err), depths[i] > TREE_DEPTH_MAX ? -1 : 0);
        if (depths[i] > TREE_DEPTH_MAX)
            assert_error(&err, ERROR_INPUT, "nested deeper than 128 levels: line 1");
    }
}

/* A document that has `each` so many times inside. */
static struct buffer repeated(const char *before, const char *each, int count, const char *after) {
    struct buffer text = {0};
    buffer_append_text(&text, before);
    for (int i = 0; i < count; i++) {
        buffer_append_text(&text, each);
        if (*each == ' ')
            buffer_printf(&text, "a%d='>'", i);
    }
    buffer_append_text(&text, after);
    return text;
}

static void limits(void **state) {
    (void)state;
    static const struct {
        const char *before, *each, *after;
        int most;
        const char *part;
    } cases[] = {
        {"<domain>", "<a/>", "</domain>", TREE_ELEMENTS_MAX - 1, "more than 100000 elements"},
        {"<domain><a", " ", "/></domain>", TREE_ATTRIBUTES_MAX, "more than 256 attributes: offset 8"},
        {"<domain", " ", "></domain>", TREE_ATTRIBUTES_MAX, "more than 256 attributes: offset 0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        struct tree tree;
        CLEANUP(buffer_free)
        struct buffer most = repeated(cases[i].before, cases[i].each, cases[i].most, cases[i].after);
        assert_int_equal(tree_parse(buffer_bytes(&most), "domain", &tree, &err), 0);
        tree_free(&tree);
        CLEANUP(buffer_free)
        struct buffer more = repeated(cases[i].before, cases[i].each, cases[i].most + 1, cases[i].after);
        assert_int_equal(tree_parse(buffer_bytes(&more), "domain", &tree, &err), -1);
        assert_error(&err, ERROR_LIMIT, cases[i].part);
        assert_null(tree.document);
    }
    /* Long texts are no many attributes, and libxml2's own limit of 10 MB does not hold. */
    static const char *const wrappings[][2] = {
        {"<!--", "-->"}, {"<a>", "</a>"}, {"<a b='", "'/>"}, {"<![CDATA[", "]]>"}};
    for (size_t i = 0; i < COUNT(wrappings); i++) {
        struct error err = {0};
        CLEANUP(tree_free) struct tree tree = {0};
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_printf(&text, "<domain>%s", wrappings[i][0]);
        for (int j = 0; j < 11 << 20; j += 16)
            buffer_append_text(&text, "no quotes here, ");
        buffer_printf(&text, "%s</domain>", wrappings[i][1]);
        assert_int_equal(tree_parse(buffer_bytes(&text), "domain", &tree, &err), 0);
    }
}

static void lookups(void **state) {
    (void)state;
    CLEANUP(tree_free)
    struct tree tree =
        tree_of("<domain xmlns:q='urn:q' type='kvm'><q:a n='0'/>text<!-- <a/> --><a n='1' q:n='2' e=''/><b/>"
                "<a n='&lt;&#65;&amp;'/><c><a n='9'/></c></domain>");
    const xmlNode *root = xmlDocGetRootElement(tree.document);
    const xmlNode *first = tree_child(root, "a");
    assert_string_equal(tree_attribute(first, "n"), "1");
    assert_string_equal(tree_attribute(first, "e"), "");
    assert_null(tree_attribute(first, "absent"));
    assert_null(tree_attribute(root, "q"));
    const xmlNode *second = tree_next(first, "a");
    assert_string_equal(tree_attribute(second, "n"), "<A&");
    assert_null(tree_next(second, "a")); /* neither the grandchild nor the one in a namespace */
    assert_null(tree_child(first, "a"));
    assert_null(tree_child(root, "q:a"));
    assert_non_null(tree_next(first, "c"));
    CLEANUP(tree_free) struct tree only = tree_of("<domain><q:a xmlns:q='urn:q' q:n='1'/></domain>");
    assert_null(tree_child(xmlDocGetRootElement(only.document), "a"));
}

static void equality(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"<domain a='1' b='2'><c/></domain>", "<domain b=\"2\" a=\"1\">\n <c></c>\n</domain>", true},
        {"<domain a='&#65;'/>", "<domain a='A'/>", true},
        {"<domain><!-- c --><a/></domain>", "<domain><a/><?pi?></domain>", true},
        {"<domain>x&amp;y</domain>", "<domain>x&#38;y</domain>", true},
        {"<domain xmlns:p='u'><p:a/></domain>", "<domain xmlns:q='u'><q:a/></domain>", true},
        {"<domain a='&amp;&lt;&amp;#38;'/>", "<domain a='&#38;&#x3c;&#x26;#38;'/>", true},
        {"<domain a='&amp;#38;'/>", "<domain a='&amp;'/>", false},
        {"<domain a='&amp;'/>", "<domain a='&amp;&amp;'/>", false},
        {"<domain a='1'/>", "<domain a='2'/>", false},
        {"<domain a='1'/>", "<domain/>", false},
        {"<domain/>", "<domain a='1'/>", false},
        {"<domain a='1'/>", "<domain b='1'/>", false},
        {"<domain a=''/>", "<domain/>", false},
        {"<domain a='1' b='1'/>", "<domain a='1' c='1'/>", false},
        {"<domain xmlns:p='u' p:a='1'/>", "<domain a='1'/>", false},
        {"<domain xmlns:p='u' p:a='1'/>", "<domain xmlns:p='v' p:a='1'/>", false},
        {"<domain xmlns:p='u'><p:a/></domain>", "<domain><a/></domain>", false},
        {"<domain xmlns:p='u'><p:a/></domain>", "<domain xmlns:p='v'><p:a/></domain>", false},
        {"<domain><p:a p:b='1'/></domain>", "<domain><p:a  p:b=\"1\"/></domain>", true},
        {"<domain><p:a/></domain>", "<domain><q:a/></domain>", false},
        {"<domain><p:a/></domain>", "<domain><a/></domain>", false},
        {"<domain><pp:a/></domain>", "<domain><p:a/></domain>", false},
        {"<domain p:a='1'/>", "<domain a='1'/>", false},
        {"<domain p:a='1' q:a='2'/>", "<domain p:a='2' q:a='1'/>", false},
        {"<domain xmlns:p='u'><p:a/></domain>", "<domain><p:a/></domain>", false},
        {"<domain><a/></domain>", "<domain><b/></domain>", false},
        {"<domain><a/><b/></domain>", "<domain><b/><a/></domain>", false},
        {"<domain><a/></domain>", "<domain><a/><a/></domain>", false},
        {"<domain><a/><a/></domain>", "<domain><a/></domain>", false},
        {"<domain><a><b/></a></domain>", "<domain><a/><b/></domain>", false},
        {"<domain>x</domain>", "<domain>y</domain>", false},
        {"<domain>x</domain>", "<domain/>", false},
        {"<domain>x</domain>", "<domain><x/></domain>", false},
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

/* Another root, and texts that cannot be read. */
static void what_is_read_back(void **state) {
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"<other/>", NULL},
        {"<domain xmlns='u'/>", NULL},
        {"", "empty"},
        {"<domain", "not well-formed: line 1"},
        {"<domain/><domain/>", "not well-formed"},
        {"<!DOCTYPE domain><domain/>", "document type"},
        {"<domain>&x;</domain>", "not well-formed"},
        {"<?xml version='1.0' encoding='ISO-8859-1'?><domain/>", "encoded in ISO-8859-1"},
        {"<domain>\xff</domain>", "not UTF-8"},
    };
    CLEANUP(tree_free) struct tree tree = tree_of("<domain/>");
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        int found = tree_reads_back(&tree, bytes_of(cases[i].text), &err);
        if (found != (cases[i].problem ? -1 : 0))
            fail_msg("row %zu: %d: %s", i, found, err.message);
        if (cases[i].problem)
            assert_error(&err, ERROR_INPUT, cases[i].problem);
        assert_no_error(&err);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(a_failure_leaves_nothing),
        cmocka_unit_test(nul_bytes_are_refused),
        cmocka_unit_test(truncations),
        cmocka_unit_test(depth),
        cmocka_unit_test(limits),
        cmocka_unit_test(lookups),
        cmocka_unit_test(equality),
        cmocka_unit_test(what_is_read_back),
    };
    return cmocka_run_group_tests(tests, tree_group_setup, NULL);
}
