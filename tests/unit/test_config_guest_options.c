/* config/guest_options: every option with all that it takes, how it is written, and all that it refuses. */
#include "config/guest_options.h"
#include "option_support.h"
#include "support.h"

static const struct option_subject subject = {&guest_option_table, sizeof(struct guest_options), {"guest"}};

/* What is taken, and how it is written; NULL: as it is read. */
static const char *const good[][2] = {
    {"{}", NULL},
    {"{\"hideHypervisor\": \"on\"}", NULL},
    {"{\"hideHypervisor\": true}", "{\"hideHypervisor\": \"on\"}"},
    {"{\"hideHypervisor\": false}", "{\"hideHypervisor\": \"off\"}"},
    {"{\"hypervVendorId\": \"x\"}", NULL},
    {"{\"hypervVendorId\": \"AuthenticAMD\"}", NULL},
    {"{\"hypervVendorId\": \"!#$%()*+-./~\"}", NULL},
    {"{\"ioapic\": \"kvm\"}", NULL},
    {"{\"ioapic\": \"qemu\"}", NULL},
    {"{\"topoext\": \"on\"}", NULL},
    {"{\"topoext\": false}", "{\"topoext\": \"off\"}"},
    {"{\"maxPhysAddr\": \"auto\"}", NULL},
    {"{\"maxPhysAddr\": \"passthrough\"}", NULL},
    {"{\"maxPhysAddr\": {\"mode\": \"passthrough\"}}", "{\"maxPhysAddr\": \"passthrough\"}"},
    {"{\"maxPhysAddr\": {\"mode\": \"passthrough\", \"limit\": 39}}", NULL},
    {"{\"maxPhysAddr\": {\"mode\": \"passthrough\", \"limit\": 52}}", NULL},
    {"{\"maxPhysAddr\": {\"bits\": 32, \"mode\": \"emulate\"}}",
     "{\"maxPhysAddr\": {\"mode\": \"emulate\", \"bits\": 32}}"},
    {"{\"maxPhysAddr\": {\"mode\": \"emulate\", \"bits\": 52}}", NULL},
    {"{\"pciHole64\": \"auto\"}", NULL},
    {"{\"pciHole64\": \"512GiB\"}", NULL},
    {"{\"pciHole64\": \"1024Gi\"}", "{\"pciHole64\": \"1TiB\"}"},
    {"{\"pciHole64\": \"1024TiB\"}", NULL},
    {"{\"pciHole64\": \"1KiB\"}", NULL},
    {"{\"pciHole64\": \"0KiB\"}", "{\"pciHole64\": \"0KiB\"}"}, /* libvirt: no hole at all */
    {"{\"ovmfMmio64\": \"auto\"}", NULL},
    {"{\"ovmfMmio64\": \"1MiB\"}", NULL},
    {"{\"ovmfMmio64\": \"2048KiB\"}", "{\"ovmfMmio64\": \"2MiB\"}"},
    {"{\"ovmfMmio64\": \"16TiB\"}", NULL},
    {"{\"emulatedVideo\": \"keep\"}", NULL},
    {"{\"emulatedVideo\": \"remove\"}", NULL},
    {"{\"hideHypervisor\": null, \"hypervVendorId\": null, \"ioapic\": null, \"topoext\": null, \"maxPhysAddr\": null, "
     "\"pciHole64\": null, \"ovmfMmio64\": null, \"emulatedVideo\": null}",
     NULL},
    {"{\"hideHypervisor\": \"off\", \"hypervVendorId\": \"a\", \"ioapic\": \"kvm\", \"topoext\": \"on\", "
     "\"maxPhysAddr\": \"auto\", \"pciHole64\": \"auto\", \"ovmfMmio64\": \"64GiB\", \"emulatedVideo\": \"keep\"}",
     NULL},
};

static void there_and_back(void **state) {
    (void)state;
    check_options_taken(&subject, good, COUNT(good));
}

static void values(void **state) {
    (void)state;
    struct guest_options options;
    struct error err = {0};
    option_parse(
        &subject,
        "{\"hideHypervisor\": \"off\", \"hypervVendorId\": \"abc\", \"ioapic\": \"qemu\", \"topoext\": true, "
        "\"maxPhysAddr\": {\"mode\": \"emulate\", \"bits\": 42}, \"pciHole64\": \"3MiB\", \"ovmfMmio64\": \"2MiB\", "
        "\"emulatedVideo\": \"remove\"}",
        &options, &err);
    assert_no_error(&err);
    assert_int_equal(options.hide_hypervisor, TOGGLE_OFF);
    assert_string_equal(options.hyperv_vendor_id, "abc");
    assert_int_equal(options.ioapic, IOAPIC_QEMU);
    assert_int_equal(options.topoext, TOGGLE_ON);
    assert_int_equal(options.max_phys_addr.mode, PHYS_ADDR_EMULATE);
    assert_int_equal(options.max_phys_addr.bits, 42);
    assert_int_equal(options.max_phys_addr.limit, 0);
    assert_int_equal(options.pci_hole64.kind, WINDOW_SIZE);
    assert_int_equal(options.pci_hole64.kib, 3072);
    assert_int_equal(options.ovmf_mmio64.kind, WINDOW_SIZE);
    assert_int_equal(options.ovmf_mmio64.kib, 2048);
    assert_int_equal(options.emulated_video, VIDEO_REMOVE);
    option_parse(&subject, "{\"maxPhysAddr\": {\"mode\": \"passthrough\", \"limit\": 40}}", &options, &err);
    assert_no_error(&err);
    assert_int_equal(options.max_phys_addr.mode, PHYS_ADDR_PASSTHROUGH);
    assert_int_equal(options.max_phys_addr.limit, 40);
    assert_int_equal(options.max_phys_addr.bits, 0);
}

#define PHYS(in)  "{\"maxPhysAddr\": " in "}"
#define TAKES     "guest.maxPhysAddr: \"emulate\" takes \"bits\", \"passthrough\" takes no more than a \"limit\""
#define VENDOR(s) "{\"hypervVendorId\": \"" s "\"}"

static void refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"[]", "guest is an array: it must be an object"},
        {"{\"hidden\": true}",
         "guest: unknown key \"hidden\": known are \"hideHypervisor\", \"hypervVendorId\", \"ioapic\", \"topoext\", "
         "\"maxPhysAddr\", \"pciHole64\", \"ovmfMmio64\", \"emulatedVideo\""},
        {"{\"hideHypervisor\": \"yes\"}", "guest.hideHypervisor: \"yes\" is neither \"on\" nor \"off\""},
        {"{\"hideHypervisor\": 1}", "guest.hideHypervisor is a number"},
        {VENDOR(""), "guest.hypervVendorId: \"\" is no vendor id: use 1 to 12 printable ASCII characters"},
        {VENDOR("1234567890abc"), "guest.hypervVendorId: \"1234567890abc\" is no vendor id"},
        {VENDOR("a b"), "is no vendor id"},
        {VENDOR("a,b"), "is no vendor id"},
        {VENDOR("a\\\"b"), "is no vendor id"},
        {VENDOR("a'b"), "is no vendor id"},
        {VENDOR("a<b"), "is no vendor id"},
        {VENDOR("a&b"), "is no vendor id"},
        {VENDOR("a\\u0007"), "is no vendor id"},
        {VENDOR("a\\u007f"), "is no vendor id"},
        {VENDOR("\\u00e9"), "is no vendor id"},
        {"{\"hypervVendorId\": 1}", "guest.hypervVendorId is a number: it must be a string"},
        {"{\"ioapic\": \"split\"}", "guest.ioapic: \"split\" is none of \"kvm\", \"qemu\""},
        {"{\"ioapic\": true}", "guest.ioapic is true or false: it must be a string"},
        {"{\"topoext\": \"require\"}", "guest.topoext: \"require\" is neither"},
        {PHYS("\"emulate\""), "guest.maxPhysAddr: \"emulate\" is none of \"auto\", \"passthrough\" or an object with"},
        {PHYS("40"), "guest.maxPhysAddr is a number: it must be a string"},
        {PHYS("{}"), "guest.maxPhysAddr.mode is missing: it must be \"passthrough\" or \"emulate\""},
        {PHYS("{\"bits\": 40}"), "guest.maxPhysAddr.mode is missing"},
        {PHYS("{\"mode\": \"auto\"}"), "guest.maxPhysAddr.mode: \"auto\" is none of \"passthrough\", \"emulate\""},
        {PHYS("{\"mode\": 1}"), "guest.maxPhysAddr.mode is a number"},
        {PHYS("{\"mode\": \"emulate\"}"), TAKES},
        {PHYS("{\"mode\": \"emulate\", \"limit\": 40}"), TAKES},
        {PHYS("{\"mode\": \"emulate\", \"bits\": 40, \"limit\": 40}"), TAKES},
        {PHYS("{\"mode\": \"passthrough\", \"bits\": 40}"), TAKES},
        {PHYS("{\"mode\": \"emulate\", \"bits\": 31}"), "guest.maxPhysAddr.bits: 31 is not from 32 to 52"},
        {PHYS("{\"mode\": \"emulate\", \"bits\": 53}"), "guest.maxPhysAddr.bits: 53 is not from 32 to 52"},
        {PHYS("{\"mode\": \"emulate\", \"bits\": \"40\"}"), "guest.maxPhysAddr.bits is a string"},
        {PHYS("{\"mode\": \"passthrough\", \"limit\": 0}"), "guest.maxPhysAddr.limit: 0 is not from 32 to 52"},
        {PHYS("{\"mode\": \"passthrough\", \"limit\": 53}"), "guest.maxPhysAddr.limit: 53 is not from 32 to 52"},
        {PHYS("{\"mode\": \"passthrough\", \"limit\": null}"), "guest.maxPhysAddr.limit is null"},
        {PHYS("{\"mode\": \"passthrough\", \"Limit\": 40}"),
         "guest.maxPhysAddr: unknown key \"Limit\": known are \"mode\", \"bits\", \"limit\""},
        {"{\"pciHole64\": \"Auto\"}", "guest.pciHole64: \"Auto\" is no amount up to 1024TiB"},
        {"{\"pciHole64\": \"1025TiB\"}", "guest.pciHole64: \"1025TiB\" is no amount up to 1024TiB"},
        {"{\"pciHole64\": 1024}", "guest.pciHole64 is a number: it must be a string"},
        {"{\"ovmfMmio64\": \"17TiB\"}", "guest.ovmfMmio64: \"17TiB\" is no amount up to 16TiB"},
        {"{\"ovmfMmio64\": \"1025KiB\"}", "guest.ovmfMmio64: OVMF takes a whole number of MiB, and at least 1"},
        {"{\"ovmfMmio64\": \"0MiB\"}", "guest.ovmfMmio64: OVMF takes a whole number of MiB, and at least 1"},
        {"{\"ovmfMmio64\": true}", "guest.ovmfMmio64 is true or false: it must be a string"},
        {"{\"emulatedVideo\": \"none\"}", "guest.emulatedVideo: \"none\" is none of \"keep\", \"remove\""},
        {"{\"emulatedVideo\": false}", "guest.emulatedVideo is true or false: it must be a string"},
    };
    check_options_refused(&subject, cases, COUNT(cases));
}

static void merged(void **state) {
    (void)state;
    struct guest_options into, from;
    struct error err = {0};
    option_parse(
        &subject,
        "{\"maxPhysAddr\": {\"mode\": \"passthrough\", \"limit\": 40}, \"hypervVendorId\": \"longer\", \"ioapic\": "
        "\"kvm\"}",
        &into, &err);
    option_parse(
        &subject,
        "{\"maxPhysAddr\": {\"mode\": \"emulate\", \"bits\": 39}, \"hypervVendorId\": \"x\", \"ioapic\": null}", &from,
        &err);
    assert_no_error(&err);
    guest_options_merge(&into, &from, ORIGIN_PROFILE(1));
    CLEANUP(free) char *text = option_text(&subject, &into);
    assert_string_equal(text, "{\"hypervVendorId\": \"x\", \"ioapic\": null, \"maxPhysAddr\": {\"mode\": \"emulate\", "
                              "\"bits\": 39}}");
    assert_int_equal(into.said.origin[GUEST_MAX_PHYS_ADDR], ORIGIN_PROFILE(1));
    assert_int_equal(into.said.origin[GUEST_IOAPIC], ORIGIN_PROFILE(1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(values),
        cmocka_unit_test(refused),
        cmocka_unit_test(merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
