/* plan/device: which device of the host it is, and what devices and companions are called. */
#include "plan_support.h"

#define UUID "5d307ca9-b3ef-428c-8861-06e72d69f223"

static void the_same(void **state) {
    (void)state;
    static const struct pci_address here = {0, 1, 0, 0}, there = {0, 1, 0, 1};
    const struct device pci = {.address = here}, mdev = {.kind = DEVICE_MDEV, .uuid = UUID},
                        nameless = {.kind = DEVICE_MDEV};
    assert_true(device_is(&pci, DEVICE_PCI, here, ""));
    assert_false(device_is(&pci, DEVICE_PCI, there, ""));
    assert_false(device_is(&pci, DEVICE_MDEV, here, ""));
    assert_true(device_is(&mdev, DEVICE_MDEV, there, UUID));
    assert_true(device_is(&mdev, DEVICE_MDEV, here, "5D307CA9-B3EF-428C-8861-06E72D69F223"));
    assert_false(device_is(&mdev, DEVICE_MDEV, here, "00000000-b3ef-428c-8861-06e72d69f223"));
    assert_false(device_is(&mdev, DEVICE_PCI, (struct pci_address){0}, UUID));
    assert_false(device_is(&nameless, DEVICE_MDEV, here, ""));
}

static void labels(void **state) {
    (void)state;
    char text[DEVICE_LABEL_MAX], name[300];
    struct device device = make_device(false);
    assert_ptr_equal(device_label(&device, text), text);
    assert_string_equal(text, "0000:e5:00.0 (igpu)");
    device.kind = DEVICE_MDEV;
    assert_string_equal(device_label(&device, text), "vGPU (igpu)");
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    device.name = name;
    device.kind = DEVICE_PCI;
    device.address.domain = UINT32_MAX;
    device_label(&device, text);
    assert_string_equal(text + strlen(text) - 4, "...)");
    device.name = "bad\nname";
    assert_non_null(strstr(device_label(&device, text), "(bad?name)"));
}

static void aliases_of_companions(void **state) {
    (void)state;
    char text[COMPANION_ALIAS_MAX];
    assert_ptr_equal(companion_alias((struct pci_address){0, 1, 0, 1}, text), text);
    assert_string_equal(text, "ua-companion-0000-01-00-1");
    assert_string_equal(companion_alias((struct pci_address){UINT32_MAX, 0xff, 0x1f, 7}, text),
                        "ua-companion-ffffffff-ff-1f-7");
}

static void users_aliases(void **state) {
    (void)state;
    assert_true(alias_is_users("ua-igpu"));
    assert_true(alias_is_users("ua-"));
    assert_false(alias_is_users(""));
    assert_false(alias_is_users("ua"));
    assert_false(alias_is_users("hostdev0"));
    assert_false(alias_is_users("UA-igpu"));
}

static void companions(void **state) {
    (void)state;
    struct device device;
    struct error err = {0};
    assert_int_equal(companion_device((struct pci_address){0, 1, 0, 1}, &device, &err), 0);
    assert_int_equal(device.kind, DEVICE_PCI);
    assert_true(pci_address_equal(device.address, (struct pci_address){0, 1, 0, 1}));
    assert_string_equal(device.alias, "ua-companion-0000-01-00-1");
    assert_string_equal(device.name, "companion-0000-01-00-1");
    assert_false(device.has_guest_address || device.rom_disabled || device.display_on || device.ramfb_on);
    free(device.alias);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same),      cmocka_unit_test(labels),     cmocka_unit_test(aliases_of_companions),
        cmocka_unit_test(users_aliases), cmocka_unit_test(companions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
