/* base/pci: addresses and IDs, read and written. */
#include "support.h"

static void addresses(void **state) {
    (void)state;
    static const struct {
        const char *text;
        struct pci_address address;
        const char *formatted;
    } cases[] = {
        {"0000:e5:00.0", {0, 0xe5, 0, 0}, "0000:e5:00.0"},
        {"0000:E5:1F.7", {0, 0xe5, 0x1f, 7}, "0000:e5:1f.7"},
        {"e5:00.1", {0, 0xe5, 0, 1}, "0000:e5:00.1"},
        {"10000:01:00.0", {0x10000, 1, 0, 0}, "10000:01:00.0"},
        {"ffffffff:ff:1f.7", {0xffffffff, 0xff, 0x1f, 7}, "ffffffff:ff:1f.7"},
        {"0a0b:00:00.0", {0x0a0b, 0, 0, 0}, "0a0b:00:00.0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pci_address address = {1, 2, 3, 4};
        char text[PCI_ADDRESS_TEXT_MAX];
        if (pci_address_parse(cases[i].text, &address) < 0 || !pci_address_equal(address, cases[i].address))
            fail_msg("%s", cases[i].text);
        assert_ptr_equal(pci_address_format(address, text), text);
        assert_string_equal(text, cases[i].formatted);
    }
}

static void no_addresses(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        "igpu",
        "*",
        "0000:e5:00",
        "0000:e5:00.",
        "0000:e5:00.8",
        "0000:e5:20.0",
        "0000:e5:00.00",
        "0000:100:00.0",
        "0000:e5:000.0",
        "000000000:e5:00.0",
        "123456789:e5:00.0",
        "0000:e5:00.0 ",
        " 0000:e5:00.0",
        "0000:e5:00.0\n",
        "0000:e5:00.0.0",
        "0000:0000:e5:00.0",
        ":e5:00.0",
        "0000::00.0",
        "0000:e5:.0",
        "0000:e5.00.0",
        "0000:e5:00:0",
        "0x0000:e5:00.0",
        "0000:-5:00.0",
        "0000:g5:00.0",
        ":00.0",
        ":",
        "::",
        ".",
        "pci_0000_e5_00_0",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pci_address address = {1, 2, 3, 4};
        if (pci_address_parse(cases[i], &address) != -1)
            fail_msg("\"%s\" was accepted", cases[i]);
        assert_true(pci_address_equal(address, (struct pci_address){1, 2, 3, 4}));
    }
}

static void equality_looks_at_every_part(void **state) {
    (void)state;
    const struct pci_address base = {1, 2, 3, 4};
    const struct pci_address others[] = {{0, 2, 3, 4}, {1, 0, 3, 4}, {1, 2, 0, 4}, {1, 2, 3, 0}};
    assert_true(pci_address_equal(base, base));
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(pci_address_equal(base, others[i]));
    const struct pci_id id = {0x1002, 0x1681};
    assert_true(pci_id_equal(id, id));
    assert_false(pci_id_equal(id, (struct pci_id){0x1002, 0x1640}));
    assert_false(pci_id_equal(id, (struct pci_id){0x10de, 0x1681}));
}

static void ids(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int result;
        struct pci_id id;
    } cases[] = {
        {"1002:1681", 0, {0x1002, 0x1681}},
        {"10DE:24dc", 0, {0x10de, 0x24dc}},
        {"0000:0000", 0, {0, 0}},
        {"ffff:ffff", 0, {0xffff, 0xffff}},
        {"", -1, {0}},
        {"1002", -1, {0}},
        {"1002:", -1, {0}},
        {":1681", -1, {0}},
        {"1002:168", -1, {0}},
        {"102:16811", -1, {0}},
        {"10020:681", -1, {0}},
        {"1002:16811", -1, {0}},
        {"1002-1681", -1, {0}},
        {"1002:168g", -1, {0}},
        {"0x02:1681", -1, {0}},
        {"1002 1681", -1, {0}},
        {"1002:1681\n", -1, {0}},
        {":::::::::", -1, {0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pci_id id = {0x1234, 0x5678};
        if (pci_id_parse(cases[i].text, &id) != cases[i].result)
            fail_msg("\"%s\"", cases[i].text);
        assert_true(pci_id_equal(id, cases[i].result == 0 ? cases[i].id : (struct pci_id){0x1234, 0x5678}));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(no_addresses),
        cmocka_unit_test(equality_looks_at_every_part),
        cmocka_unit_test(ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
