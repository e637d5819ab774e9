/* domain/address: PCI addresses as libvirt reads and writes them. */
#include <stdio.h>

#include "domain/address.h"
#include "domain_support.h"

static xmlNode *root_of(const struct tree *tree) {
    return xmlDocGetRootElement(tree->document);
}

static void read_parts(void **state) {
    (void)state;
    static const struct {
        const char *attributes;
        struct pci_address address;
        const char *part; /* which is wrong; NULL: none */
        unsigned long limit;
    } cases[] = {
        {"domain='0x0000' bus='0xe5' slot='0x1f' function='0x7'", {0, 0xe5, 0x1f, 7}, NULL, 0},
        {"domain='0xffffffff' bus='0xff' slot='31' function='7'", {UINT32_MAX, 0xff, 31, 7}, NULL, 0},
        {"bus='6' slot='0'", {0, 6, 0, 0}, NULL, 0},
        {"bus='010' slot='0'", {0, 8, 0, 0}, NULL, 0}, /* octal, as libvirt reads it */
        {"bus='0X0A' slot='0'", {0, 10, 0, 0}, NULL, 0},
        {"slot='0'", {0}, "bus", 0xff},
        {"bus='0'", {0}, "slot", 0x1f},
        {"domain='x' bus='0' slot='0'", {0}, "domain", UINT32_MAX},
        {"domain='0x100000000' bus='0' slot='0'", {0}, "domain", UINT32_MAX},
        {"domain='0xffffffffffffffffff' bus='0' slot='0'", {0}, "domain", UINT32_MAX},
        {"bus='0x100' slot='0'", {0}, "bus", 0xff},
        {"bus='-1' slot='0'", {0}, "bus", 0xff},
        {"bus='-0xffffffffffffffff' slot='0'", {0}, "bus", 0xff}, /* 1, to strtoul */
        {"bus='1 ' slot='0'", {0}, "bus", 0xff},
        {"bus='' slot='0'", {0}, "bus", 0xff},
        {"bus='0' slot='0x20'", {0}, "slot", 0x1f},
        {"bus='0' slot='0' function='8'", {0}, "function", 7},
        {"bus='0' slot='0' function='f'", {0}, "function", 7},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_printf(&text, "<domain %s/>", cases[i].attributes);
        CLEANUP(tree_free) struct tree tree = tree_of(text.data);
        struct pci_address address = {9, 9, 9, 9};
        const char *part = NULL;
        unsigned long limit = 0;
        int failed = address_read(root_of(&tree), &address, &part, &limit);
        if (failed != (cases[i].part ? -1 : 0))
            fail_msg("%s", cases[i].attributes);
        if (!failed) {
            assert_true(pci_address_equal(address, cases[i].address));
            continue;
        }
        assert_string_equal(part, cases[i].part);
        assert_int_equal(limit, cases[i].limit);
    }
}

static void of_guest(void **state) {
    (void)state;
    static const struct {
        const char *device;
        bool has;
        struct pci_address address;
    } cases[] = {
        {"<domain/>", false, {0}},
        {"<domain><address type='pci' domain='0x0000' bus='0x06' slot='0x00' function='0x1'/></domain>",
         true,
         {0, 6, 0, 1}},
        {"<domain><alias/><address type='pci' bus='6' slot='1'/></domain>", true, {0, 6, 1, 0}},
        {"<domain><address type='pci'/></domain>", false, {0}}, /* libvirt gives it one */
        {"<domain><address type='pci' bus='x' slot='0'/></domain>", false, {0}},
        {"<domain><address bus='6' slot='0'/></domain>", false, {0}},
        {"<domain><address type='drive' bus='6' slot='0'/></domain>", false, {0}},
        {"<domain><source><address type='pci' bus='6' slot='0'/></source></domain>", false, {0}},
        {"<domain><q:address xmlns:q='urn:q' type='pci' bus='6' slot='0'/></domain>", false, {0}},
        /* libvirt takes zeros for no address, and gives it one. */
        {"<domain><address type='pci' domain='0x0000' bus='0x00' slot='0x00' function='0x0'/></domain>", false, {0}},
        {"<domain><address type='pci' bus='0' slot='0' function='1'/></domain>", false, {0}},
        {"<domain><address type='pci' bus='0' slot='1'/></domain>", true, {0, 0, 1, 0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(tree_free) struct tree tree = tree_of(cases[i].device);
        struct pci_address address = {0};
        if (address_of_guest(root_of(&tree), &address) != cases[i].has)
            fail_msg("%s", cases[i].device);
        if (cases[i].has)
            assert_true(pci_address_equal(address, cases[i].address));
    }
}

#define NEW "<address type=\"pci\" domain=\"0x0000\" bus=\"0x06\" slot=\"0x00\" function=\"0x1\"/>"

static void set_guest(void **state) {
    (void)state;
    static const struct {
        const char *before;
        bool multifunction;
        const char *after;
    } cases[] = {
        {"<domain/>", false, "<domain>" NEW "</domain>"},
        {"<domain><alias name='a'/></domain>", false, "<domain><alias name='a'/>" NEW "</domain>"},
        {"<domain/>", true,
         "<domain><address type=\"pci\" domain=\"0x0000\" bus=\"0x06\" slot=\"0x00\" function=\"0x1\" "
         "multifunction=\"on\"/></domain>"},
        {"<domain><address type='pci'/></domain>", false,
         "<domain><address type='pci' domain=\"0x0000\" bus=\"0x06\" "
         "slot=\"0x00\" function=\"0x1\"/></domain>"},
        {"<domain><address type='pci' domain='0x0000' bus='0x07' slot='0x00' function='0x0'/></domain>", false,
         "<domain><address type='pci' domain='0x0000' bus=\"0x06\" slot='0x00' function=\"0x1\"/></domain>"},
        /* The same place, written differently, is no change. */
        {"<domain><address type='pci' bus='6' slot='0' function='1'/></domain>", false,
         "<domain><address type='pci' bus='6' slot='0' function='1'/></domain>"},
        {"<domain><address type='pci' bus='6' slot='0' function='1'/></domain>", true,
         "<domain><address type='pci' bus='6' slot='0' function='1' multifunction=\"on\"/></domain>"},
        {"<domain><address type='pci' bus='6' slot='0' function='1' multifunction='off'/></domain>", true,
         "<domain><address type='pci' bus='6' slot='0' function='1' multifunction=\"on\"/></domain>"},
        /* What somebody else switched on stays on. */
        {"<domain><address type='pci' bus='6' slot='0' function='1' multifunction='on'/></domain>", false,
         "<domain><address type='pci' bus='6' slot='0' function='1' multifunction='on'/></domain>"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        static const struct pci_address place = {0, 6, 0, 1};
        CLEANUP(tree_free) struct tree tree = tree_of(cases[i].before);
        struct pci_address found;
        struct error err = {0};
        assert_int_equal(address_set_guest(&tree, root_of(&tree), place, cases[i].multifunction, &err), 0);
        CLEANUP(buffer_free) struct buffer text = written(&tree);
        assert_bytes(buffer_bytes(&text), cases[i].after);
        assert_true(address_of_guest(root_of(&tree), &found) && pci_address_equal(found, place));
        CLEANUP(tree_free) struct tree again = tree_of(text.data);
        assert_int_equal(address_set_guest(&again, root_of(&again), place, cases[i].multifunction, &err), 0);
        assert_false(again.changed);
    }
}

static void set_source(void **state) {
    (void)state;
    static const struct pci_address place = {0x10000, 0xe5, 0x1f, 7};
    struct error err = {0};
    CLEANUP(tree_free) struct tree tree = tree_of("<domain/>");
    assert_int_equal(address_set_source(&tree, root_of(&tree), place, &err), 0);
    CLEANUP(buffer_free) struct buffer text = written(&tree);
    assert_bytes(buffer_bytes(&text),
                 "<domain><address domain=\"0x10000\" bus=\"0xe5\" slot=\"0x1f\" function=\"0x7\"/></domain>");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_parts),
        cmocka_unit_test(of_guest),
        cmocka_unit_test(set_guest),
        cmocka_unit_test(set_source),
    };
    return cmocka_run_group_tests(tests, tree_group_setup, NULL);
}
