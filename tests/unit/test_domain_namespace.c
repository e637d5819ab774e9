/* Elements in namespaces: found, added, edited and compared by the namespace's name, whatever its prefix. */
#include "domain_changes.h"

#define QEMU "http://libvirt.org/schemas/domain/qemu/1.0"

static void lookups(void **state) {
    (void)state;
    CLEANUP(tree_free)
    struct tree tree = tree_of("<domain xmlns:q='urn:q'><a n='0'/><q:b/><q:a n='1'/>text<p:a xmlns:p='urn:q' n='2'/>"
                               "<a xmlns='urn:q' n='3'/><q:c><q:d/></q:c><a xmlns='urn:x' n='4'/><a n='5'/></domain>");
    const xmlNode *root = element_at(&tree, ""), *found = tree_child_ns(root, "urn:q", "a");
    static const char *const numbers[] = {"1", "2", "3"};
    for (size_t i = 0; i < COUNT(numbers); i++, found = tree_next_ns(found, "urn:q", "a"))
        assert_string_equal(tree_attribute(found, "n"), numbers[i]);
    assert_null(found);
    assert_string_equal(tree_attribute(tree_child_ns(root, "urn:x", "a"), "n"), "4");
    assert_null(tree_child_ns(root, "urn:x", "b"));
    assert_null(tree_child_ns(root, "urn:q", "d"));
    assert_null(tree_child_ns(root, "urn:q", "q:a"));
    assert_null(tree_child_ns(root, "", "a"));
    assert_string_equal(tree_attribute(tree_next(tree_child(root, "a"), "a"), "n"), "5");
}

static void added(void **state) {
    (void)state;
    static const struct change_case cases[] = {
        /* KubeVirt's root has the declaration, or has lost it: ours does not depend on it. */
        {"<domain type=\"kvm\" xmlns:qemu=\"" QEMU "\">\n\t<os></os>\n</domain>",
         {{ADD_NS("", QEMU, "commandline")},
          {ADD_NS("commandline", QEMU, "arg")},
          {ATTRIBUTE("commandline/arg", "value", "-x")}},
         "<domain type=\"kvm\" xmlns:qemu=\"" QEMU "\">\n\t<os></os>\n\t<new:commandline xmlns:new=\"" QEMU "\">\n"
         "\t\t<new:arg value=\"-x\"/>\n\t</new:commandline>\n</domain>"},
        {"<domain>\n  <os/>\n</domain>\n",
         {{ADD_NS("", QEMU, "override")},
          {ADD_NS("override", QEMU, "device")},
          {ATTRIBUTE("override/device", "alias", "a")},
          {ADD_NS("override/device", QEMU, "frontend")},
          {ADD_NS("override/device/frontend", QEMU, "property")}},
         "<domain>\n  <os/>\n  <new:override xmlns:new=\"" QEMU "\">\n    <new:device alias=\"a\">\n"
         "      <new:frontend>\n        <new:property/>\n      </new:frontend>\n    </new:device>\n"
         "  </new:override>\n</domain>\n"},
        {"<domain><os/></domain>",
         {{ADD_NS("", "urn:\"<>'", "a")}, {ADD_NS("a", "urn:\"<>'", "b")}},
         "<domain><os/><new:a xmlns:new=\"urn:&#34;&#60;&#62;'\"><new:b/></new:a></domain>"},
        /* the prefix of an element of the text, also none; self-closing ones get their name's prefix in the end tag */
        {"<domain xmlns:q='urn:q'>\n  <q:a>\n    <q:b/>\n  </q:a>\n</domain>",
         {{ADD_NS("a", "urn:q", "n")}, {ADD_NS("a/b", "urn:q", "m")}, {TEXT("a/n", "x")}},
         "<domain xmlns:q='urn:q'>\n  <q:a>\n    <q:b>\n      <q:m/>\n    </q:b>\n    <q:n>x</q:n>\n  </q:a>\n</domain>"},
        {"<domain><q:a xmlns:q='urn:q'\n/></domain>",
         {{ADD_NS("a", "urn:q", "n")}},
         "<domain><q:a xmlns:q='urn:q'><q:n/></q:a></domain>"},
        {"<domain><q:a xmlns:q='urn:q'/></domain>",
         {{TEXT("a", "x")}},
         "<domain><q:a xmlns:q='urn:q'>x</q:a></domain>"},
        {"<domain><a xmlns='urn:q'><b/></a></domain>",
         {{ADD_NS("a", "urn:q", "n")}, {ADD_NS("a/n", "urn:q", "m")}},
         "<domain><a xmlns='urn:q'><b/><n><m/></n></a></domain>"},
        /* another namespace than the parent's */
        {"<domain xmlns:q='urn:q'><q:a/></domain>",
         {{ADD_NS("a", "urn:x", "n")}, {ADD_NS("a/n", "urn:x", "m")}, {ADD_NS("a/n/m", "urn:q", "o")}},
         "<domain xmlns:q='urn:q'><q:a><new:n xmlns:new=\"urn:x\"><new:m><new:o xmlns:new=\"urn:q\"/></new:m></new:n>"
         "</q:a></domain>"},
        {"<domain xmlns:new='urn:other'><new:a/></domain>",
         {{ADD_NS("", "urn:q", "n")}, {ADD_NS("n", "urn:other", "m")}},
         "<domain xmlns:new='urn:other'><new:a/><new:n xmlns:new=\"urn:q\"><new:m xmlns:new=\"urn:other\"/></new:n>"
         "</domain>"},
        /* in no namespace: within a prefix that is nothing special, within a default namespace it must be said */
        {"<domain><q:a xmlns:q='urn:q'/></domain>",
         {{ADD("a", "n")}},
         "<domain><q:a xmlns:q='urn:q'><n/></q:a></domain>"},
        {"<domain><a xmlns='urn:q'><b/></a></domain>",
         {{ADD("a", "n")}, {ADD("a/n", "m")}, {INSERT("a/b", "o")}, {ADD_NS("a/n/m", "urn:q", "p")}},
         "<domain><a xmlns='urn:q'><o xmlns=\"\"/><b/><n xmlns=\"\"><m><new:p xmlns:new=\"urn:q\"/></m></n></a></domain>"},
        {"<domain><a xmlns='urn:q'><b xmlns=''/></a></domain>",
         {{ADD("a/b", "n")}},
         "<domain><a xmlns='urn:q'><b xmlns=''><n/></b></a></domain>"},
    };
    check_changes(cases, COUNT(cases));
}

static void edited(void **state) {
    (void)state;
    static const struct change_case cases[] = {
        {"<domain xmlns:qemu='" QEMU "'><qemu:property name='x' value='1'/></domain>",
         {{ATTRIBUTE("property", "value", "2")},
          {ATTRIBUTE("property", "type", "bool")},
          {ATTRIBUTE("property", "name", NULL)}},
         "<domain xmlns:qemu='" QEMU "'><qemu:property value=\"2\" type=\"bool\"/></domain>"},
        {"<domain><q:p xmlns:q='urn:q' q:a='1' a='2'></q:p></domain>",
         {{ATTRIBUTE("p", "a", "3")}, {ATTRIBUTE("p", "b", "4")}},
         "<domain><q:p xmlns:q='urn:q' q:a='1' a=\"3\" b=\"4\"></q:p></domain>"},
        {"<domain><p xmlns='urn:q' a='1'>x</p></domain>",
         {{ATTRIBUTE("p", "a", "3")}, {TEXT("p", "y")}},
         "<domain><p xmlns='urn:q' a=\"3\">y</p></domain>"},
        {"<domain xmlns:q='urn:q'>\n  <q:a>\n    <q:b/>\n    <q:c/>\n  </q:a>\n</domain>",
         {{REMOVE("a/b")}},
         "<domain xmlns:q='urn:q'>\n  <q:a>\n    <q:c/>\n  </q:a>\n</domain>"},
        /* the declaration goes with its element */
        {"<domain>\n  <q:a xmlns:q='urn:q'>\n    <q:b/>\n  </q:a>\n  <c/>\n</domain>",
         {{ADD_NS("a/b", "urn:q", "n")}, {REMOVE("a")}, {ADD_NS("", "urn:q", "m")}},
         "<domain>\n  <c/>\n  <new:m xmlns:new=\"urn:q\"/>\n</domain>"},
    };
    check_changes(cases, COUNT(cases));
}

/* What is added in the text that was written is found there, and the second time changes nothing. */
static void found_again(void **state) {
    (void)state;
    struct error err = {0};
    CLEANUP(tree_free) struct tree tree = tree_of("<domain>\n  <a/>\n</domain>");
    make_change(&tree, &(struct change){ADD_NS("", QEMU, "commandline")});
    make_change(&tree, &(struct change){ADD_NS("commandline", QEMU, "arg")});
    make_change(&tree, &(struct change){ATTRIBUTE("commandline/arg", "value", "-x")});
    CLEANUP(buffer_free) struct buffer out = written_and_equal(&tree);
    CLEANUP(tree_free) struct tree again = tree_of(out.data);
    xmlNode *found = tree_child_ns(element_at(&again, ""), QEMU, "commandline");
    assert_non_null(found);
    assert_null(tree_next_ns(found, QEMU, "commandline"));
    assert_null(tree_child(element_at(&again, ""), "commandline"));
    tree_set_attribute(&again, tree_child_ns(found, QEMU, "arg"), "value", "-x", &err);
    assert_false(again.changed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookups),
        cmocka_unit_test(added),
        cmocka_unit_test(edited),
        cmocka_unit_test(found_again),
    };
    return cmocka_run_group_tests(tests, tree_group_setup, NULL);
}
