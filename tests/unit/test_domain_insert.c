/* domain/tree_edit, domain/layout and domain/write: new elements stand where and as a human would have put them. */
#include "domain_changes.h"

/* The same device in four styles. */
#define KUBEVIRT                                                                                                       \
    "<domain type=\"kvm\">\n\t<features>\n\t\t<acpi></acpi>\n\t</features>\n\t<os></os>\n\t<devices>\n"                \
    "\t\t<hostdev type=\"pci\">\n\t\t\t<source></source>\n\t\t</hostdev>\n\t</devices>\n</domain>"
#define VIRSH                                                                                                          \
    "<domain type='kvm'>\n  <features>\n    <acpi/>\n  </features>\n  <os/>\n  <devices>\n"                            \
    "    <hostdev type='pci'>\n      <source/>\n    </hostdev>\n  </devices>\n</domain>\n"
#define ONE_LINE                                                                                                       \
    "<domain type='kvm'><features><acpi/></features><os/><devices><hostdev type='pci'><source/></hostdev></devices>"   \
    "</domain>"
#define CRLF                                                                                                           \
    "<domain>\r\n  <features>\r\n    <acpi/>\r\n  </features>\r\n  <os></os>\r\n  <devices>\r\n    <hostdev>\r\n"      \
    "      <source/>\r\n    </hostdev>\r\n  </devices>\r\n</domain>\r\n"

static void nested(void **state) {
    (void)state;
    static const struct change_case cases[] = {
        {KUBEVIRT,
         {{ADD("features", "hyperv")},
          {ADD("features/hyperv", "vendor_id")},
          {ATTRIBUTE("features/hyperv/vendor_id", "state", "on")},
          {ADD("features/hyperv", "a")},
          {ADD("features/hyperv/a", "b")},
          {TEXT("features/hyperv/a/b", "1 < 2")}},
         "<domain type=\"kvm\">\n\t<features>\n\t\t<acpi></acpi>\n\t\t<hyperv>\n\t\t\t<vendor_id state=\"on\"/>\n"
         "\t\t\t<a>\n\t\t\t\t<b>1 &#60; 2</b>\n\t\t\t</a>\n\t\t</hyperv>\n\t</features>\n\t<os></os>\n\t<devices>\n"
         "\t\t<hostdev type=\"pci\">\n\t\t\t<source></source>\n\t\t</hostdev>\n\t</devices>\n</domain>"},
        {VIRSH,
         {{ADD("features", "hyperv")},
          {ADD("features/hyperv", "vendor_id")},
          {ATTRIBUTE("features/hyperv/vendor_id", "state", "on")},
          {ADD("features/hyperv", "a")},
          {ADD("features/hyperv/a", "b")}},
         "<domain type='kvm'>\n  <features>\n    <acpi/>\n    <hyperv>\n      <vendor_id state=\"on\"/>\n      <a>\n"
         "        <b/>\n      </a>\n    </hyperv>\n  </features>\n  <os/>\n  <devices>\n"
         "    <hostdev type='pci'>\n      <source/>\n    </hostdev>\n  </devices>\n</domain>\n"},
        {ONE_LINE,
         {{ADD("features", "hyperv")}, {ADD("features/hyperv", "a")}, {ADD("features/hyperv/a", "b")}},
         "<domain type='kvm'><features><acpi/><hyperv><a><b/></a></hyperv></features><os/><devices>"
         "<hostdev type='pci'><source/></hostdev></devices></domain>"},
        /* Beside text nothing is added, in new elements either. */
        {"<domain>\n  <a/>\n</domain>",
         {{ADD("", "n")}, {TEXT("n", "x")}, {ADD("n", "m")}, {ADD("n/m", "o")}},
         "<domain>\n  <a/>\n  <n><m><o/></m>x</n>\n</domain>"},
        {CRLF,
         {{ADD("features", "hyperv")}, {ADD("features/hyperv", "a")}, {ADD("features/hyperv/a", "b")}},
         "<domain>\r\n  <features>\r\n    <acpi/>\r\n    <hyperv>\r\n      <a>\r\n        <b/>\r\n      </a>\r\n"
         "    </hyperv>\r\n  </features>\r\n  <os></os>\r\n  <devices>\r\n    <hostdev>\r\n      <source/>\r\n"
         "    </hostdev>\r\n  </devices>\r\n</domain>\r\n"},
    };
    check_changes(cases, COUNT(cases));
}

static void first_children(void **state) {
    (void)state;
    static const struct change_case cases[] = {
        {KUBEVIRT,
         {{ADD("os", "a")}, {ADD("os/a", "b")}, {ADD("os", "c")}},
         "<domain type=\"kvm\">\n\t<features>\n\t\t<acpi></acpi>\n\t</features>\n\t<os>\n\t\t<a>\n\t\t\t<b/>\n\t\t</a>\n"
         "\t\t<c/>\n\t</os>\n\t<devices>\n\t\t<hostdev type=\"pci\">\n\t\t\t<source></source>\n\t\t</hostdev>\n"
         "\t</devices>\n</domain>"},
        {VIRSH,
         {{ADD("os", "a")}, {ADD("devices/hostdev/source", "address")}, {ATTRIBUTE("os", "x", "y")}},
         "<domain type='kvm'>\n  <features>\n    <acpi/>\n  </features>\n  <os x=\"y\">\n    <a/>\n  </os>\n  <devices>\n"
         "    <hostdev type='pci'>\n      <source>\n        <address/>\n      </source>\n    </hostdev>\n  </devices>\n"
         "</domain>\n"},
        {CRLF,
         {{ADD("os", "a")}},
         "<domain>\r\n  <features>\r\n    <acpi/>\r\n  </features>\r\n  <os>\r\n    <a/>\r\n  </os>\r\n  <devices>\r\n"
         "    <hostdev>\r\n      <source/>\r\n    </hostdev>\r\n  </devices>\r\n</domain>\r\n"},
        /* white space that the end tag stands on already */
        {"<domain>\n  <t>\n  </t>\n</domain>", {{ADD("t", "a")}}, "<domain>\n  <t>\n    <a/>\n  </t>\n</domain>"},
        {"<domain>\n  <t> </t>\n</domain>", {{ADD("t", "a")}}, "<domain>\n  <t>\n    <a/> \n  </t>\n</domain>"},
        /* comments and text alone */
        {"<domain>\n  <t>\n    <!-- c -->\n  </t>\n</domain>",
         {{ADD("t", "a")}},
         "<domain>\n  <t>\n    <a/>\n    <!-- c -->\n  </t>\n</domain>"},
        {"<domain>\n  <t><!-- c --></t>\n</domain>", {{ADD("t", "a")}}, "<domain>\n  <t><a/><!-- c --></t>\n</domain>"},
        {"<domain>\n  <t>text</t>\n</domain>",
         {{ADD("t", "a")}, {ADD("t/a", "b")}},
         "<domain>\n  <t><a><b/></a>text</t>\n</domain>"},
        /* the root */
        {"<domain/>", {{ADD("", "a")}}, "<domain><a/></domain>"},
        {"<?xml version='1.0'?>\n<domain></domain>\n",
         {{ADD("", "a")}, {ADD("a", "b")}},
         "<?xml version='1.0'?>\n<domain><a><b/></a></domain>\n"},
        /* an empty element beside others on a line */
        {"<domain>\n  <t/><u/>\n</domain>", {{ADD("u", "a")}}, "<domain>\n  <t/><u><a/></u>\n</domain>"},
        /* removed again before anything is written */
        {"<domain>\n  <t/>\n</domain>", {{ADD("t", "a")}, {REMOVE("t/a")}}, "<domain>\n  <t/>\n</domain>"},
        {"<domain>\n  <t></t>\n</domain>",
         {{ADD("t", "a")}, {ADD("t/a", "b")}, {TEXT("t/a/b", "x")}, {REMOVE("t/a")}},
         "<domain>\n  <t></t>\n</domain>"},
    };
    check_changes(cases, COUNT(cases));
}

static void steps(void **state) {
    (void)state;
    static const struct change_case cases[] = {
        {"<domain>\n<a>\n<b/>\n</a>\n</domain>",
         {{ADD("a", "n")}, {ADD("a/n", "m")}},
         "<domain>\n<a>\n<b/>\n<n>\n<m/>\n</n>\n</a>\n</domain>"},
        {"<domain>\n<a/>\n</domain>", {{ADD("a", "n")}}, "<domain>\n<a>\n<n/>\n</a>\n</domain>"},
        /* the level itself says more than those above */
        {"<domain>\n <a>\n     <b/>\n </a>\n</domain>",
         {{ADD("a", "n")}, {ADD("a/n", "m")}},
         "<domain>\n <a>\n     <b/>\n     <n>\n         <m/>\n     </n>\n </a>\n</domain>"},
        /* unless it goes back */
        {"<domain>\n   <a>\n <b/>\n   </a>\n</domain>",
         {{ADD("a", "n")}, {ADD("a/n", "m")}},
         "<domain>\n   <a>\n <b/>\n <n>\n    <m/>\n </n>\n   </a>\n</domain>"},
        {"<domain>\n\t<a>\n  <b/>\n\t</a>\n</domain>",
         {{ADD("a", "n")}, {ADD("a/n", "m")}},
         "<domain>\n\t<a>\n  <b/>\n  <n>\n  \t<m/>\n  </n>\n\t</a>\n</domain>"},
        /* a level that starts on the line of the one above */
        {"<domain><a>\n  <b/>\n</a></domain>",
         {{ADD("a", "n")}, {ADD("a/n", "m")}},
         "<domain><a>\n  <b/>\n  <n>\n    <m/>\n  </n>\n</a></domain>"},
        {"<domain>\n  <x><a>\n      <b/>\n  </a></x>\n</domain>",
         {{ADD("x/a", "n")}, {ADD("x/a/n", "m")}},
         "<domain>\n  <x><a>\n      <b/>\n      <n>\n          <m/>\n      </n>\n  </a></x>\n</domain>"},
        /* the whole document is indented */
        {"<?xml version='1.0'?>\n  <domain>\n   <a/>\n  </domain>",
         {{ADD("a", "n")}, {ADD("", "m")}},
         "<?xml version='1.0'?>\n  <domain>\n   <a>\n    <n/>\n   </a>\n   <m/>\n  </domain>"},
        /* a blank line is not the style */
        {"<domain>\n\n  <a/>\n\n</domain>", {{ADD("", "n")}}, "<domain>\n\n  <a/>\n  <n/>\n\n</domain>"},
        /* one line inside a document of many */
        {"<domain>\n  <a><b/></a>\n</domain>",
         {{ADD("a", "n")}, {ADD("a/n", "m")}},
         "<domain>\n  <a><b/><n><m/></n></a>\n</domain>"},
    };
    check_changes(cases, COUNT(cases));
}

static void before_a_sibling(void **state) {
    (void)state;
    static const struct change_case cases[] = {
        {KUBEVIRT,
         {{INSERT("features", "memoryBacking")}, {ADD("memoryBacking", "locked")}},
         "<domain type=\"kvm\">\n\t<memoryBacking>\n\t\t<locked/>\n\t</memoryBacking>\n\t<features>\n"
         "\t\t<acpi></acpi>\n\t</features>\n\t<os></os>\n\t<devices>\n"
         "\t\t<hostdev type=\"pci\">\n\t\t\t<source></source>\n\t\t</hostdev>\n\t</devices>\n</domain>"},
        {VIRSH,
         {{INSERT("devices/hostdev/source", "driver")}, {INSERT("devices/hostdev", "controller")}},
         "<domain type='kvm'>\n  <features>\n    <acpi/>\n  </features>\n  <os/>\n  <devices>\n    <controller/>\n"
         "    <hostdev type='pci'>\n      <driver/>\n      <source/>\n    </hostdev>\n  </devices>\n</domain>\n"},
        {ONE_LINE,
         {{INSERT("os", "a")}, {ADD("a", "b")}},
         "<domain type='kvm'><features><acpi/></features><a><b/></a><os/><devices><hostdev type='pci'><source/>"
         "</hostdev></devices></domain>"},
        {CRLF,
         {{INSERT("features/acpi", "a")}, {ADD("features/a", "b")}},
         "<domain>\r\n  <features>\r\n    <a>\r\n      <b/>\r\n    </a>\r\n    <acpi/>\r\n  </features>\r\n"
         "  <os></os>\r\n  <devices>\r\n    <hostdev>\r\n      <source/>\r\n    </hostdev>\r\n  </devices>\r\n"
         "</domain>\r\n"},
        {"<domain> <a/> <b/></domain>",
         {{INSERT("a", "n")}, {INSERT("b", "m")}, {ADD("m", "o")}},
         "<domain> <n/> <a/> <m><o/></m> <b/></domain>"},
        {"<domain>\n\n  <a/>\n</domain>", {{INSERT("a", "n")}}, "<domain>\n\n  <n/>\n  <a/>\n</domain>"},
        {"<domain>\n  <!-- of a -->\n  <a/></domain>",
         {{INSERT("a", "n")}},
         "<domain>\n  <!-- of a -->\n  <n/>\n  <a/></domain>"},
        {"<domain>\n  <!-- of a --> <a/>\n</domain>",
         {{INSERT("a", "n")}},
         "<domain>\n  <!-- of a --> <n/> <a/>\n</domain>"},
        {"<domain>text <a/>more</domain>", {{INSERT("a", "n")}}, "<domain>text <n/> <a/>more</domain>"},
        {"<domain>\n  <a/>\n  text\n  <b/>\n</domain>",
         {{INSERT("b", "n")}, {ADD("n", "m")}},
         "<domain>\n  <a/>\n  text\n  <n>\n    <m/>\n  </n>\n  <b/>\n</domain>"},
        /* several, and before new ones */
        {"<domain>\n  <a/>\n</domain>",
         {{INSERT("a", "n")}, {INSERT("a", "o")}, {INSERT("n", "m")}, {ADD("", "z")}, {INSERT("z", "y")}},
         "<domain>\n  <m/>\n  <n/>\n  <o/>\n  <a/>\n  <y/>\n  <z/>\n</domain>"},
        {"<domain>\n  <t/>\n</domain>",
         {{ADD("t", "b")}, {INSERT("t/b", "a")}, {ADD("t/a", "d")}, {INSERT("t/a/d", "c")}},
         "<domain>\n  <t>\n    <a>\n      <c/>\n      <d/>\n    </a>\n    <b/>\n  </t>\n</domain>"},
    };
    check_changes(cases, COUNT(cases));
}

/* White space so long that it would blow up the reply is not repeated. */
static void long_white_space(void **state) {
    (void)state;
    enum { LONG = 100000 };
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_text(&text, "<domain>\n");
    for (int i = 0; i < LONG; i++)
        buffer_append_text(&text, " ");
    buffer_append_text(&text, "<a/></domain>");
    CLEANUP(tree_free) struct tree tree = tree_of(text.data);
    for (int i = 0; i < 256; i++) {
        tree_add_child(&tree, element_at(&tree, ""), "n", &err);
        tree_insert_child(&tree, element_at(&tree, ""), element_at(&tree, "a"), "m", &err);
        tree_add_child(&tree, element_at(&tree, "a"), "o", &err);
    }
    assert_no_error(&err);
    CLEANUP(buffer_free) struct buffer out = written_and_equal(&tree);
    assert_in_range(out.size, text.size, 2 * LONG + 1024 * 256);
}

/* The largest domain that we reckon with: 1,000 disks, and edits on each of 256 devices. The disks stay as they are. */
static void many(void **state) {
    (void)state;
    enum { DISKS = 1000, DEVICES = 256 };
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer disks = {0}, text = {0}, expected = {0};
    for (int i = 0; i < DISKS; i++) {
        buffer_printf(&disks, "\n    <disk n='%d'>", i);
        for (int j = 0; j < 13; j++)
            buffer_printf(&disks, "\n      <a%d b=\"c\"></a%d>", j, j);
        buffer_append_text(&disks, "\n    </disk>");
    }
    buffer_printf(&text, "<domain>\n  <devices>%s", disks.data);
    buffer_printf(&expected, "<domain>\n  <devices>%s", disks.data);
    for (int i = 0; i < DEVICES; i++) {
        buffer_append_text(&text, "\n    <hostdev/>");
        buffer_append_text(&expected,
                           "\n    <before/>\n    <hostdev>\n      <a>\n        <b/>\n      </a>\n    </hostdev>");
    }
    for (int i = 0; i < DEVICES; i++)
        buffer_append_text(&expected, "\n    <behind/>");
    buffer_append_text(&text, "\n  </devices>\n</domain>");
    buffer_append_text(&expected, "\n  </devices>\n</domain>");
    CLEANUP(tree_free) struct tree tree = tree_of(text.data);
    xmlNode *devices = element_at(&tree, "devices");
    for (xmlNode *node = tree_child(devices, "hostdev"); node; node = tree_next(node, "hostdev")) {
        tree_add_child(&tree, tree_add_child(&tree, node, "a", &err), "b", &err);
        tree_insert_child(&tree, devices, node, "before", &err);
        tree_add_child(&tree, devices, "behind", &err);
    }
    assert_no_error(&err);
    CLEANUP(buffer_free) struct buffer out = written_and_equal(&tree);
    assert_bytes(buffer_bytes(&out), expected.data);
}

static void depth_is_bounded(void **state) {
    (void)state;
    struct error err = {0};
    CLEANUP(tree_free) struct tree tree = tree_of("<domain>\n  <a/>\n</domain>");
    xmlNode *node = element_at(&tree, "a");
    for (int depth = 2; depth < TREE_DEPTH_MAX; depth++)
        assert_non_null(node = tree_add_child(&tree, node, "n", &err));
    assert_no_error(&err);
    assert_null(tree_add_child(&tree, node, "n", &err));
    assert_error(&err, ERROR_LIMIT, "<n> is nested 128 levels deep");
    assert_null(tree_add_child_ns(&tree, node, "urn:x", "x", "n", &err));
    assert_error(&err, ERROR_LIMIT, "<n> is nested 128 levels deep");
    CLEANUP(buffer_free) struct buffer out = written_and_equal(&tree);
    assert_non_null(strstr(out.data, "<n/>"));
}

/* What is so already is no change. */
static void set_what_is_set(void **state) {
    (void)state;
    static const struct change changes[] = {
        {ATTRIBUTE("devices/hostdev", "type", "pci")}, {ATTRIBUTE("devices/hostdev", "none", NULL)}, {TEXT("os", "")}};
    static const char *const texts[] = {KUBEVIRT, VIRSH, ONE_LINE};
    for (size_t i = 0; i < COUNT(texts); i++) {
        CLEANUP(tree_free) struct tree tree = tree_of(texts[i]);
        for (size_t j = 0; j < COUNT(changes); j++)
            make_change(&tree, &changes[j]);
        assert_false(tree.changed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested),
        cmocka_unit_test(first_children),
        cmocka_unit_test(steps),
        cmocka_unit_test(before_a_sibling),
        cmocka_unit_test(long_white_space),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(set_what_is_set),
        cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, tree_group_setup, NULL);
}
