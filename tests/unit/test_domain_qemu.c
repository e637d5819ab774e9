/* domain/qemu: properties and arguments in libvirt's QEMU namespace, whatever its prefix is and wherever they stand. */
#include <stdio.h>

#include "domain/qemu.h"
#include "domain_support.h"

#define NS    "http://libvirt.org/schemas/domain/qemu/1.0"
#define XMLNS "xmlns:qemu='" NS "'"

static xmlNode *root_of(const struct tree *tree) {
    return xmlDocGetRootElement(tree->document);
}

static const struct property one[] = {{"x-vga", PROPERTY_BOOL, "true"}},
                             three[] = {{"x-vga", PROPERTY_BOOL, "true"},
                                        {"x-igd-gms", PROPERTY_UNSIGNED, "2"},
                                        {"ats", PROPERTY_STRING, "auto"}};

#define PROPERTY(p, name, type, value) "<" p ":property name='" name "' type='" type "' value='" value "'/>"
#define FRONTEND(in)                   "<qemu:device alias='ua-a'><qemu:frontend>" in "</qemu:frontend></qemu:device>"
#define OTHER                                                                                                          \
    "<qemu:device alias='ua-b'><qemu:frontend>" PROPERTY("qemu", "x-vga", "bool",                                      \
                                                         "false") "</qemu:frontend></qemu:device>"
#define VGA     PROPERTY("qemu", "x-vga", "bool", "true")
#define NEW_VGA "<qemu:property name=\"x-vga\" type=\"bool\" value=\"true\"/>"
#define NEW_REST                                                                                                       \
    "<qemu:property name=\"x-igd-gms\" type=\"unsigned\" value=\"2\"/><qemu:property name=\"ats\" type=\"string\" "    \
    "value=\"auto\"/>"

/* What becomes of a domain; in the first all is new. */
static const struct {
    const struct property *properties;
    size_t count;
    const char *before, *after;
} settings[] = {
    {three, 3, "<domain/>",
     "<domain><qemu:override xmlns:qemu=\"" NS "\"><qemu:device alias=\"ua-a\"><qemu:frontend>" NEW_VGA NEW_REST
     "</qemu:frontend></qemu:device></qemu:override></domain>"},
    /* The root's declaration may be lost in the next call. */
    {one, 1, "<domain " XMLNS "/>",
     "<domain " XMLNS "><qemu:override xmlns:qemu=\"" NS "\"><qemu:device alias=\"ua-a\"><qemu:frontend>" NEW_VGA
     "</qemu:frontend></qemu:device></qemu:override></domain>"},
    {one, 1, "<domain " XMLNS "><qemu:override/></domain>",
     "<domain " XMLNS "><qemu:override><qemu:device alias=\"ua-a\"><qemu:frontend>" NEW_VGA
     "</qemu:frontend></qemu:device></qemu:override></domain>"},
    {one, 1, "<domain " XMLNS "><qemu:override>" OTHER "</qemu:override></domain>",
     "<domain " XMLNS "><qemu:override>" OTHER "<qemu:device alias=\"ua-a\"><qemu:frontend>" NEW_VGA
     "</qemu:frontend></qemu:device></qemu:override></domain>"},
    {three, 3, "<domain " XMLNS "><qemu:override>" FRONTEND(VGA) "</qemu:override></domain>",
     "<domain " XMLNS "><qemu:override>" FRONTEND(VGA NEW_REST) "</qemu:override></domain>"},
    /* Another prefix, and none. */
    {one, 1, "<domain xmlns:q='" NS "'><q:override><q:device alias='ua-a'/></q:override></domain>",
     "<domain xmlns:q='" NS "'><q:override><q:device alias='ua-a'><q:frontend><q:property name=\"x-vga\" type=\"bool\" "
     "value=\"true\"/></q:frontend></q:device></q:override></domain>"},
    {one, 1, "<domain><override xmlns='" NS "'><device alias='ua-a'><frontend/></device></override></domain>",
     "<domain><override xmlns='" NS "'><device alias='ua-a'><frontend><property name=\"x-vga\" type=\"bool\" "
     "value=\"true\"/></frontend></device></override></domain>"},
    /* There already: no change. Another value or type: changed where it stands, others stay. */
    {one, 1, "<domain " XMLNS "><qemu:override>" FRONTEND(VGA) OTHER "</qemu:override></domain>",
     "<domain " XMLNS "><qemu:override>" FRONTEND(VGA) OTHER "</qemu:override></domain>"},
    {one, 1,
     "<domain " XMLNS "><qemu:override>" FRONTEND(PROPERTY("qemu", "x-no-mmap", "bool", "true") PROPERTY(
         "qemu", "x-vga", "unsigned", "0")) "</qemu:override></domain>",
     "<domain " XMLNS "><qemu:override>" FRONTEND(
         PROPERTY("qemu", "x-no-mmap", "bool",
                  "true") "<qemu:property name='x-vga' type=\"bool\" value=\"true\"/>") "</qemu:override></domain>"},
    /* In the second block, of the second device of that alias, in its second frontend. */
    {one, 1,
     "<domain " XMLNS "><qemu:override>" OTHER "</qemu:override><qemu:override>" FRONTEND("")
         FRONTEND(PROPERTY("qemu", "x-vga", "bool", "false")) "</qemu:override></domain>",
     "<domain " XMLNS "><qemu:override>" OTHER "</qemu:override><qemu:override>" FRONTEND("")
         FRONTEND("<qemu:property name='x-vga' type='bool' value=\"true\"/>") "</qemu:override></domain>"},
    {one, 1,
     "<domain " XMLNS "><qemu:override><qemu:device alias='ua-a'><qemu:frontend/><qemu:frontend>" PROPERTY(
         "qemu", "x-vga", "bool", "false") "</qemu:frontend></qemu:device></qemu:override></domain>",
     "<domain " XMLNS "><qemu:override><qemu:device alias='ua-a'><qemu:frontend/><qemu:frontend><qemu:property "
     "name='x-vga' type='bool' value=\"true\"/></qemu:frontend></qemu:device></qemu:override></domain>"},
    /* Doubled: the first stays, wherever the others stand. */
    {one, 1, "<domain " XMLNS "><qemu:override>" FRONTEND(VGA VGA VGA) "</qemu:override></domain>",
     "<domain " XMLNS "><qemu:override>" FRONTEND(VGA) "</qemu:override></domain>"},
    {one, 1,
     "<domain " XMLNS "><qemu:override>" FRONTEND(VGA) OTHER
     "</qemu:override><qemu:override>" FRONTEND(VGA) "</qemu:override></domain>",
     "<domain " XMLNS "><qemu:override>" FRONTEND(VGA) OTHER
     "</qemu:override><qemu:override><qemu:device alias='ua-a'><qemu:frontend></qemu:frontend>"
     "</qemu:device></qemu:override></domain>"},
    /* What is in no namespace or another is not there. */
    {one, 1,
     "<domain><override><device alias='ua-a'><frontend>"
     "<property name='x-vga' type='bool' value='false'/>"
     "</frontend></device></override></domain>",
     "<domain><override><device alias='ua-a'><frontend><property name='x-vga' type='bool' value='false'/></frontend>"
     "</device></override><qemu:override xmlns:qemu=\"" NS "\"><qemu:device alias=\"ua-a\"><qemu:frontend>" NEW_VGA
     "</qemu:frontend></qemu:device></qemu:override></domain>"},
    {one, 1, "<domain xmlns:qemu='" NS "/'><qemu:override/></domain>",
     "<domain xmlns:qemu='" NS "/'><qemu:override/><qemu:override xmlns:qemu=\"" NS
     "\"><qemu:device alias=\"ua-a\"><qemu:frontend>" NEW_VGA
     "</qemu:frontend></qemu:device></qemu:override></domain>"},
    {NULL, 0, "<domain/>", "<domain/>"},
};

static void properties_are_set(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(settings); i++) {
        const struct property *properties = settings[i].properties;
        CLEANUP(tree_free) struct tree tree = tree_of(settings[i].before);
        struct error err = {0};
        qemu_set_properties(&tree, "ua-a", properties, settings[i].count, &err);
        assert_no_error(&err);
        CLEANUP(buffer_free) struct buffer text = written(&tree);
        assert_bytes(buffer_bytes(&text), settings[i].after);
        CLEANUP(tree_free) struct tree again = tree_of(text.data);
        assert_true(qemu_has_properties(root_of(&again), "ua-a", properties, settings[i].count));
        qemu_set_properties(&again, "ua-a", properties, settings[i].count, &err);
        assert_no_error(&err);
        assert_false(again.changed);
    }
}

/* The proof itself: each of these is ignored by libvirt or QEMU, or wrong. */
static void properties_are_missed(void **state) {
    (void)state;
#define DOMAIN(in) "<domain " XMLNS ">" in "</domain>"
#define BLOCK(in)  DOMAIN("<qemu:override>" in "</qemu:override>")
    static const struct {
        const char *text;
        bool has;
    } cases[] = {
        {BLOCK(FRONTEND(VGA)), true},
        {BLOCK(OTHER FRONTEND(PROPERTY("qemu", "ats", "string", "on") VGA)), true},
        {DOMAIN("<qemu:override/><qemu:override>" FRONTEND(VGA) "</qemu:override>"), true},
        {DOMAIN(""), false},
        {BLOCK(FRONTEND("")), false},
        {BLOCK(OTHER), false},
        {BLOCK(FRONTEND(VGA VGA)), false},
        {BLOCK(FRONTEND(VGA) FRONTEND(VGA)), false},
        {DOMAIN("<qemu:override>" FRONTEND(VGA) "</qemu:override><qemu:override>" FRONTEND(VGA) "</qemu:override>"),
         false},
        {BLOCK(FRONTEND(PROPERTY("qemu", "x-vga", "bool", "false"))), false},
        {BLOCK(FRONTEND(PROPERTY("qemu", "x-vga", "string", "true"))), false},
        {BLOCK(FRONTEND(PROPERTY("qemu", "x-vgA", "bool", "true"))), false},
        {BLOCK(FRONTEND("<qemu:property name='x-vga' value='true'/>")), false},
        {BLOCK(FRONTEND("<qemu:property name='x-vga' type='bool'/>")), false},
        {BLOCK(FRONTEND("<property name='x-vga' type='bool' value='true'/>")), false},
        {BLOCK("<qemu:device alias='ua-A'><qemu:frontend>" VGA "</qemu:frontend></qemu:device>"), false},
        {BLOCK("<qemu:device><qemu:frontend>" VGA "</qemu:frontend></qemu:device>"), false},
        {BLOCK("<qemu:device alias='ua-a'>" VGA "</qemu:device>"), false},
        {BLOCK("<qemu:device qemu:alias='ua-a'><qemu:frontend>" VGA "</qemu:frontend></qemu:device>"), false},
        {DOMAIN(FRONTEND(VGA)), false},
        {DOMAIN("<qemu:overide>" FRONTEND(VGA) "</qemu:overide>"), false},
        {DOMAIN("<devices><qemu:override>" FRONTEND(VGA) "</qemu:override></devices>"), false},
        {"<domain xmlns:qemu='urn:q'><qemu:override>" FRONTEND(VGA) "</qemu:override></domain>", false},
        {"<domain><override><device alias='ua-a'><frontend><property name='x-vga' type='bool' value='true'/></frontend>"
         "</device></override></domain>",
         false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(tree_free) struct tree tree = tree_of(cases[i].text);
        if (qemu_has_properties(root_of(&tree), "ua-a", one, 1) != cases[i].has)
            fail_msg("%s", cases[i].text);
    }
    CLEANUP(tree_free) struct tree tree = tree_of(BLOCK(FRONTEND(VGA)));
    assert_false(qemu_has_properties(root_of(&tree), "ua-a", three, 3));
    assert_true(qemu_has_properties(root_of(&tree), "ua-a", NULL, 0));
}

#define ARG(value)  "<qemu:arg value='" value "'/>"
#define LINE(in)    "<qemu:commandline>" in "</qemu:commandline>"
#define NAME        "opt/ovmf/X-PciMmio64Mb"
#define FW          ARG("-fw_cfg")
#define WINDOW(mib) FW ARG("name=" NAME ",string=" mib)
#define SET         "<qemu:arg value=\"name=" NAME ",string=65536\"/>"

static void the_window_is_set(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"<domain/>", "<domain><qemu:commandline xmlns:qemu=\"" NS "\"><qemu:arg value=\"-fw_cfg\"/>" SET
                      "</qemu:commandline></domain>"},
        {DOMAIN(LINE(ARG("-x"))), DOMAIN(LINE(ARG("-x") "<qemu:arg value=\"-fw_cfg\"/>" SET))},
        {DOMAIN(LINE(WINDOW("65536"))), DOMAIN(LINE(WINDOW("65536")))},
        {DOMAIN(LINE(WINDOW("32768"))), DOMAIN(LINE(FW SET))},
        /* Without "name=", and without a value. */
        {DOMAIN(LINE(FW ARG(NAME ",string=1"))), DOMAIN(LINE(FW SET))},
        {DOMAIN(LINE(FW ARG(NAME))), DOMAIN(LINE(FW SET))},
        {DOMAIN(LINE(FW ARG("name=" NAME ",file=/x"))), DOMAIN(LINE(FW SET))},
        /* The name behind the value, as QEMU takes it too. */
        {DOMAIN(LINE(FW ARG("string=1,name=" NAME))), DOMAIN(LINE(FW SET))},
        {DOMAIN(LINE(FW ARG("string=a,,name=" NAME))),
         DOMAIN(LINE(FW ARG("string=a,,name=" NAME) "<qemu:arg value=\"-fw_cfg\"/>" SET))},
        {DOMAIN(LINE(FW ARG("string=,name=" NAME ",x=y"))), DOMAIN(LINE(FW SET))},
        {DOMAIN(LINE(ARG("--fw_cfg") ARG("name=" NAME ",string=1"))), DOMAIN(LINE(ARG("--fw_cfg") SET))},
        /* Others of that option stay. */
        {DOMAIN(LINE(FW ARG("name=opt/x,string=1") WINDOW("1") FW ARG("name=" NAME "x,string=1"))),
         DOMAIN(LINE(FW ARG("name=opt/x,string=1") FW SET FW ARG("name=" NAME "x,string=1")))},
        {DOMAIN(LINE(FW ARG("name=opt/x,string=" NAME))),
         DOMAIN(LINE(FW ARG("name=opt/x,string=" NAME) "<qemu:arg value=\"-fw_cfg\"/>" SET))},
        {DOMAIN(LINE(FW ARG(NAME ",,x"))), DOMAIN(LINE(FW ARG(NAME ",,x") "<qemu:arg value=\"-fw_cfg\"/>" SET))},
        {DOMAIN(LINE(FW ARG("name=opt/x," NAME))),
         DOMAIN(LINE(FW ARG("name=opt/x," NAME) "<qemu:arg value=\"-fw_cfg\"/>" SET))},
        /* Not behind -fw_cfg: it is something else's. */
        {DOMAIN(LINE(ARG("-x") ARG("name=" NAME ",string=1"))),
         DOMAIN(LINE(ARG("-x") ARG("name=" NAME ",string=1") "<qemu:arg value=\"-fw_cfg\"/>" SET))},
        /* Doubled: QEMU would not start. */
        {DOMAIN(LINE(WINDOW("1") ARG("-x") WINDOW("2") ARG("-y"))), DOMAIN(LINE(FW SET ARG("-x") ARG("-y")))},
        {DOMAIN(LINE(WINDOW("65536")) LINE(ARG("-x") WINDOW("65536")) LINE(FW ARG(NAME))),
         DOMAIN(LINE(WINDOW("65536")) LINE(ARG("-x")) LINE(""))},
        {DOMAIN(LINE(ARG("-x")) LINE(WINDOW("1"))), DOMAIN(LINE(ARG("-x")) LINE(FW SET))},
        /* Another prefix; another namespace. */
        {"<domain xmlns:q='" NS "'><q:commandline><q:arg value='-fw_cfg'/><q:arg value='" NAME
         "'/></q:commandline></domain>",
         "<domain xmlns:q='" NS "'><q:commandline><q:arg value='-fw_cfg'/><q:arg value=\"name=" NAME
         ",string=65536\"/></q:commandline></domain>"},
        {"<domain><commandline><arg value='-fw_cfg'/><arg value='" NAME "'/></commandline></domain>",
         "<domain><commandline><arg value='-fw_cfg'/><arg value='" NAME
         "'/></commandline><qemu:commandline xmlns:qemu=\"" NS "\"><qemu:arg value=\"-fw_cfg\"/>" SET
         "</qemu:commandline></domain>"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(tree_free) struct tree tree = tree_of(cases[i][0]);
        struct error err = {0};
        qemu_set_ovmf_window(&tree, 65536, &err);
        assert_no_error(&err);
        CLEANUP(buffer_free) struct buffer text = written(&tree);
        assert_bytes(buffer_bytes(&text), cases[i][1]);
        CLEANUP(tree_free) struct tree again = tree_of(text.data);
        assert_true(qemu_has_ovmf_window(root_of(&again), 65536));
        assert_false(qemu_has_ovmf_window(root_of(&again), 65535));
        assert_non_null(qemu_find_ovmf_window(root_of(&again)));
        qemu_set_ovmf_window(&again, 65536, &err);
        assert_no_error(&err);
        assert_false(again.changed);
    }
}

static void the_window_is_missed(void **state) {
    (void)state;
    static const char *const cases[] = {
        "<domain/>",
        DOMAIN(LINE("")),
        DOMAIN(LINE(WINDOW("1"))),
        DOMAIN(LINE(WINDOW("065536"))),
        DOMAIN(LINE(WINDOW("65536,x=y"))),
        DOMAIN(LINE(WINDOW("65536") WINDOW("65536"))),
        DOMAIN(LINE(WINDOW("65536")) LINE(FW ARG(NAME))),
        DOMAIN(LINE(ARG("name=" NAME ",string=65536") FW)),
        DOMAIN(LINE(ARG("name=" NAME ",string=65536"))),
        DOMAIN(LINE(ARG("fw_cfg") ARG("name=" NAME ",string=65536"))),
        DOMAIN("<qemu:comandline>" WINDOW("65536") "</qemu:comandline>"),
        DOMAIN(WINDOW("65536")),
        DOMAIN(LINE("<qemu:argument value='-fw_cfg'/><qemu:argument value='name=" NAME ",string=65536'/>")),
        "<domain><commandline><arg value='-fw_cfg'/><arg value='name=" NAME ",string=65536'/></commandline></domain>",
        "<domain xmlns:qemu='urn:q'>" LINE(WINDOW("65536")) "</domain>",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(tree_free) struct tree tree = tree_of(cases[i]);
        if (qemu_has_ovmf_window(root_of(&tree), 65536))
            fail_msg("%s", cases[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties_are_set),
        cmocka_unit_test(properties_are_missed),
        cmocka_unit_test(the_window_is_set),
        cmocka_unit_test(the_window_is_missed),
    };
    return cmocka_run_group_tests(tests, tree_group_setup, NULL);
}
