/* plan/device_plan: what one device gets, all but its ROM (plan/rom) and its place (plan/layout). */
#include <stdio.h>

#include "plan/device_plan.h"
#include "plan_support.h"

static const struct guest q35_uefi = {.firmware = FIRMWARE_UEFI, .chipset = CHIPSET_Q35},
                          pc_bios = {.firmware = FIRMWARE_BIOS, .chipset = CHIPSET_I440FX};
static const struct pci_identity hd530 = {.id = {0x8086, 0x1912}, .class_code = 0x030000},
                                 rtx3090 = {.id = {0x10de, 0x2204}, .class_code = 0x030000};

#define UUID "5d307ca9-b3ef-428c-8861-06e72d69f223"

static void properties(void **state) {
    (void)state;
    static const struct {
        const char *options;
        const struct pci_identity *identity;
        const struct guest *guest;
        bool mdev;
        const char *expected;
    } cases[] = {
        {"", &rtx3090, &q35_uefi, false, ""},
        {"'rom': 'none'", &rtx3090, &q35_uefi, false, ""},
        {"'expect': '10de:2204', 'layout': 'multifunction', 'companions': 'slot', 'guestAddress': '06:00.0'", &rtx3090,
         &q35_uefi, false, ""},
        {"'display': true, 'ramfb': true", &rtx3090, &q35_uefi, true, " display=on ramfb=on"},
        {"'display': false, 'ramfb': false", &rtx3090, &q35_uefi, false, " display=off ramfb=off"},
        {"'driverModel': 'nvgrace_gpu_vfio_pci'", &rtx3090, &q35_uefi, false, " driver=nvgrace_gpu_vfio_pci"},
        {"'xVga': true", &rtx3090, &pc_bios, false, " x-vga:bool=true"},
        {"'xVga': false", &rtx3090, &pc_bios, false, " x-vga:bool=false"},
        {"'gpudirectClique': 0", &rtx3090, &q35_uefi, false, " x-nv-gpudirect-clique:unsigned=0"},
        {"'gpudirectClique': 15", &rtx3090, &q35_uefi, false, " x-nv-gpudirect-clique:unsigned=15"},
        {"'ids': {'vendor': '10de'}", &rtx3090, &q35_uefi, false, " x-pci-vendor-id:unsigned=4318"},
        {"'ids': {'device': '0000'}", &rtx3090, &q35_uefi, false, " x-pci-device-id:unsigned=0"},
        {"'ids': {'subsystem': '1462:1381'}", &rtx3090, &q35_uefi, false,
         " x-pci-sub-vendor-id:unsigned=5218 x-pci-sub-device-id:unsigned=4993"},
        {"'igd': 'legacy'", &hd530, &pc_bios, false, " x-vga:bool=true x-igd-opregion:bool=true"},
        {"'igd': 'legacy', 'xVga': true, 'guestAddress': '00:02.0'", &hd530, &pc_bios, false,
         " x-vga:bool=true x-igd-opregion:bool=true"},
        {"'igd': {'mode': 'legacy', 'opRegion': false, 'lpc': true, 'gms': 1}", &hd530, &pc_bios, false,
         " x-vga:bool=true x-igd-opregion:bool=false x-igd-lpc:bool=true x-igd-gms:unsigned=1"},
        {"'igd': {'mode': 'legacy', 'lpc': false}", &hd530, &pc_bios, false,
         " x-vga:bool=true x-igd-opregion:bool=true x-igd-lpc:bool=false"},
        {"'igd': 'upt'", &hd530, &q35_uefi, false, " x-igd-opregion:bool=true"},
        {"'igd': {'mode': 'upt', 'opRegion': false, 'gms': 240}", &hd530, &q35_uefi, false,
         " x-igd-opregion:bool=false x-igd-gms:unsigned=240"},
        /* Legacy mode switches itself on there. */
        {"'igd': 'upt', 'guestAddress': '00:02.0'", &hd530, &pc_bios, false,
         " x-igd-opregion:bool=true x-igd-legacy-mode:string=off"},
        {"'igd': 'upt', 'guestAddress': '00:03.0'", &hd530, &pc_bios, false, " x-igd-opregion:bool=true"},
        {"'vfio': {'yres': 8, 'xres': 9, 'ats': 'auto', 'x-no-mmap': true, 'vf-token': '" UUID "'}, 'display': true",
         &rtx3090, &q35_uefi, true,
         " display=on ats:string=auto vf-token:string=" UUID " x-no-mmap:bool=true xres:unsigned=9 yres:unsigned=8"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device device = make_device(false);
        struct device_facts facts = make_facts(HOST_PRESENT, NULL, 0);
        struct device_options options = device_options_of(cases[i].options, ORIGIN_ANNOTATION);
        struct decision decision;
        struct rom_candidate candidate;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer notes = {0}, text = {0};
        facts.host.identity = *cases[i].identity;
        facts.guest = cases[i].guest;
        device.kind = cases[i].mdev ? DEVICE_MDEV : DEVICE_PCI;
        snprintf(device.uuid, sizeof(device.uuid), "%s", cases[i].mdev ? UUID : "");
        memset(&decision, 0xff, sizeof(decision));
        memset(&candidate, 0xff, sizeof(candidate));
        if (plan_device(&device, &facts, &options, &decision, &candidate, &notes, &err) != 0)
            fail_msg("row %zu: %s", i, err.message);
        describe_properties(&decision, &text);
        assert_string_equal(text_in(&text), cases[i].expected);
        assert_int_equal(notes.size, 0);
        assert_null(candidate.rom);
        /* All else is for others to say. */
        assert_true(decision_is_for(&decision, &device));
        assert_false(decision.is_companion);
        assert_null(decision.published);
        assert_false(decision.is_placed);
        assert_false(decision.is_multifunction);
    }
}

/* As many properties as can be. */
static void all_properties(void **state) {
    (void)state;
    struct device device = make_device(false);
    struct device_facts facts = make_facts(HOST_UNKNOWN, NULL, 0);
    struct device_options options = device_options_of(
        "'xVga': true, 'igd': {'mode': 'upt', 'opRegion': true, 'lpc': true, 'gms': 2}, 'guestAddress': '00:02.0', "
        "'ids': {'vendor': '10de', 'device': '2204', 'subsystem': '1462:1381'}, 'gpudirectClique': 1, 'display': true, "
        "'vfio': {'ats': 'on', 'vf-token': '" UUID "', 'x-intx-mmap-timeout-ms': 1, 'x-msix-relocation': 'bar2', "
        "'x-no-geforce-quirks': true, 'x-no-kvm-intx': true, 'x-no-kvm-ioeventfd': true, 'x-no-kvm-msi': true, "
        "'x-no-kvm-msix': true, 'x-no-mmap': true, 'x-no-vfio-ioeventfd': true, 'x-pci-class-code': 1, 'xres': 1, "
        "'yres': 1}",
        ORIGIN_ANNOTATION);
    struct decision decision;
    struct rom_candidate candidate;
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer notes = {0};
    facts.guest = &pc_bios;
    plan_device(&device, &facts, &options, &decision, &candidate, &notes, &err);
    assert_no_error(&err);
    assert_int_equal(decision.property_count, VFIO_PROPERTY_COUNT + 10);
    assert_true(decision.property_count <= PROPERTIES_MAX);
    for (size_t i = 0; i < decision.property_count; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(decision.properties[i].name, decision.properties[j].name);
}

static void refused(void **state) {
    (void)state;
    static struct bundle *const lab_only[] = {&plan_lab};
    static const struct {
        const char *options;
        enum host_state host;
        size_t bundles;
        const struct guest *guest;
        const struct pci_identity *identity;
        enum error_code code;
        const char *part;
    } cases[] = {
        {"", HOST_UNKNOWN, 1, &q35_uefi, &plan_gpu, ERROR_REFUSED,
         "PCI ID cannot be read (why not): mount the node's /sys"},
        {"'rom': 'auto'", HOST_UNKNOWN, 0, &q35_uefi, &plan_gpu, ERROR_REFUSED, "cannot be read"},
        {"'rom': 'plain'", HOST_UNKNOWN, 0, &q35_uefi, &plan_gpu, ERROR_REFUSED, "cannot be read"},
        {"'expect': '1002:1681'", HOST_UNKNOWN, 0, &q35_uefi, &plan_gpu, ERROR_REFUSED, "cannot be read"},
        {"'rom': 'none', 'expect': '1002:1681'", HOST_UNKNOWN, 0, &q35_uefi, &plan_gpu, ERROR_REFUSED,
         "cannot be read"},
        {"'rom': 'alien'", HOST_PRESENT, 1, &q35_uefi, &plan_gpu, ERROR_REFUSED, "is for another device"},
        {"'rom': 'an-id', 'display': true", HOST_PRESENT, 0, &q35_uefi, &plan_gpu, ERROR_INPUT,
         "\"display\" does not go with this device"},
        {"'ramfb': true", HOST_UNKNOWN, 0, &q35_uefi, &plan_gpu, ERROR_INPUT, "\"ramfb\" needs \"display\""},
        {"'ramfb': true, 'display': false", HOST_UNKNOWN, 0, &q35_uefi, &plan_gpu, ERROR_INPUT,
         "\"ramfb\" needs \"display\": say \"display\": \"on\" beside it"},
        {"'vfio': {'xres': 1}", HOST_PRESENT, 0, &q35_uefi, &plan_gpu, ERROR_INPUT, "\"xres\" and \"yres\" need"},
        {"'vfio': {'yres': 1}, 'display': false", HOST_PRESENT, 0, &q35_uefi, &plan_gpu, ERROR_INPUT,
         "\"xres\" and \"yres\" need \"display\""},
        {"'igd': 'legacy', 'guestAddress': '00:03.0'", HOST_PRESENT, 0, &pc_bios, &hd530, ERROR_INPUT,
         "\"igd\": \"legacy\" puts the iGPU at 0000:00:02.0 of the guest, \"guestAddress\" elsewhere"},
        {"'igd': 'legacy', 'rom': 'none'", HOST_PRESENT, 0, &pc_bios, &hd530, ERROR_INPUT,
         "\"igd\": \"legacy\" needs the iGPU's ROM"},
        {"'igd': 'legacy', 'romBar': 'off'", HOST_PRESENT, 0, &pc_bios, &hd530, ERROR_INPUT,
         "\"igd\": \"legacy\" needs the iGPU's ROM"},
        {"'igd': 'legacy', 'xVga': false", HOST_PRESENT, 0, &pc_bios, &hd530, ERROR_INPUT,
         "\"igd\": \"legacy\" needs the VGA ranges"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device device = make_device(false);
        struct device_facts facts = make_facts(cases[i].host, lab_only, cases[i].bundles);
        struct device_options options = device_options_of(cases[i].options, ORIGIN_ANNOTATION);
        struct decision decision;
        struct rom_candidate candidate;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer notes = {0};
        facts.guest = cases[i].guest;
        if (cases[i].host == HOST_PRESENT)
            facts.host.identity = *cases[i].identity;
        if (plan_device(&device, &facts, &options, &decision, &candidate, &notes, &err) != -1)
            fail_msg("row %zu was accepted", i);
        assert_error(&err, cases[i].code, cases[i].part);
    }
}

/* Whether it is there, and the one that is expected, the host checks say: before its plan counts. */
static void the_host_checks_business(void **state) {
    (void)state;
    static struct bundle *const empty_only[] = {&plan_empty};
    static const struct {
        const char *options;
        enum host_state host;
        enum rom_setting rom;
    } cases[] = {
        {"", HOST_ABSENT, ROM_SETTING_KEEP},
        {"'rom': 'none'", HOST_ABSENT, ROM_SETTING_DISABLED},
        {"'rom': 'device', 'expect': '1002:1681'", HOST_ABSENT, ROM_SETTING_DEVICE},
        {"'expect': '1002:1640'", HOST_PRESENT, ROM_SETTING_KEEP},
        {"'rom': 'device', 'expect': '10de:1681'", HOST_PRESENT, ROM_SETTING_DEVICE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device device = make_device(false);
        struct device_facts facts = make_facts(cases[i].host, empty_only, 1);
        struct device_options options = device_options_of(cases[i].options, ORIGIN_ANNOTATION);
        struct decision decision;
        struct rom_candidate candidate;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer notes = {0};
        memset(&decision, 0xff, sizeof(decision));
        plan_device(&device, &facts, &options, &decision, &candidate, &notes, &err);
        assert_no_error(&err);
        assert_int_equal(decision.rom, cases[i].rom);
    }
}

/* Of a mediated device the host need not be known: it has no address there, and no ROM. */
static void a_vgpu_needs_no_host(void **state) {
    (void)state;
    static struct bundle *const lab_only[] = {&plan_lab};
    static const enum host_state states[] = {HOST_UNKNOWN, HOST_ABSENT, HOST_PRESENT};
    for (size_t i = 0; i < COUNT(states); i++) {
        struct device device = make_device(false);
        struct device_facts facts = make_facts(states[i], lab_only, 1);
        struct device_options options = {0};
        struct decision decision;
        struct rom_candidate candidate;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer notes = {0};
        device.kind = DEVICE_MDEV;
        plan_device(&device, &facts, &options, &decision, &candidate, &notes, &err);
        assert_no_error(&err);
        assert_null(candidate.rom);
        assert_int_equal(decision.rom, ROM_SETTING_KEEP);
    }
}

/* What the domain says of display and ramfb counts where no option does. */
static void the_domains_display(void **state) {
    (void)state;
    static const struct {
        bool display_on, ramfb_on;
        const char *options;
        bool fails;
    } cases[] = {
        {true, true, "", false},
        {true, false, "'ramfb': true", false},
        {true, false, "'vfio': {'xres': 1}", false},
        {false, false, "'ramfb': true", true},
        {true, true, "'display': false", true},
        {true, true, "'display': false, 'ramfb': false", false},
        {false, true, "", true},
        {false, true, "'display': true", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device device = make_device(false);
        struct device_facts facts = make_facts(HOST_PRESENT, NULL, 0);
        struct device_options options = device_options_of(cases[i].options, ORIGIN_ANNOTATION);
        struct decision decision;
        struct rom_candidate candidate;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer notes = {0};
        device.kind = DEVICE_MDEV;
        memcpy(device.uuid, "5d307ca9-b3ef-428c-8861-06e72d69f223", UUID_TEXT_MAX);
        device.display_on = cases[i].display_on;
        device.ramfb_on = cases[i].ramfb_on;
        if (plan_device(&device, &facts, &options, &decision, &candidate, &notes, &err) != (cases[i].fails ? -1 : 0))
            fail_msg("row %zu: %s", i, err.message);
    }
}

/* QEMU properties are set by an alias that libvirt keeps. */
static void aliases(void **state) {
    (void)state;
    static const struct {
        const char *alias, *part;
    } cases[] = {
        {"ua-gpu-igpu", NULL},
        {"ua-A_z-09", NULL},
        {"ua-", NULL},
        {"", "it has no <alias>, by which its QEMU properties would be set"},
        {"hostdev0", "libvirt drops its alias \"hostdev0\", and with it the QEMU properties"},
        {"UA-gpu", "libvirt drops its alias \"UA-gpu\""},
        {"ua-gpu.1", "libvirt drops its alias \"ua-gpu.1\""},
        {"ua-gpu 1", "libvirt drops"},
        {"ua-gpu/1", "libvirt drops"},
        {"ua-gpu\xc3\xa9", "libvirt drops"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (int asked = 0; asked < 2; asked++) {
            struct device device = make_device(false);
            struct device_facts facts = make_facts(HOST_PRESENT, NULL, 0);
            struct device_options options =
                device_options_of(asked ? "'vfio': {'x-no-mmap': true}" : "'romBar': 'on'", ORIGIN_ANNOTATION);
            struct decision decision;
            struct rom_candidate candidate;
            struct error err = {0};
            CLEANUP(buffer_free) struct buffer notes = {0};
            device.alias = (char *)cases[i].alias;
            bool fails = asked && cases[i].part;
            assert_int_equal(plan_device(&device, &facts, &options, &decision, &candidate, &notes, &err),
                             fails ? -1 : 0);
            if (fails)
                assert_error(&err, ERROR_INPUT, cases[i].part);
        }
    }
}

/* What does not fit is gone before anything is made of it. */
static void what_does_not_fit_has_no_effect(void **state) {
    (void)state;
    struct device device = make_device(false);
    struct device_facts facts = make_facts(HOST_PRESENT, NULL, 0);
    struct device_options options = device_options_of(
        "'display': true, 'xVga': true, 'igd': 'upt', 'gpudirectClique': 1, 'vfio': {'x-no-mmap': true}",
        ORIGIN_EVERY_DEVICE);
    struct decision decision;
    struct rom_candidate candidate;
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer notes = {0}, text = {0};
    plan_device(&device, &facts, &options, &decision, &candidate, &notes, &err);
    assert_no_error(&err);
    describe_properties(&decision, &text);
    assert_string_equal(text.data, " x-no-mmap:bool=true");
    size_t lines = 0;
    for (size_t i = 0; i < notes.size; i++)
        lines += notes.data[i] == '\n';
    assert_int_equal(lines, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties),
        cmocka_unit_test(all_properties),
        cmocka_unit_test(refused),
        cmocka_unit_test(the_host_checks_business),
        cmocka_unit_test(a_vgpu_needs_no_host),
        cmocka_unit_test(the_domains_display),
        cmocka_unit_test(aliases),
        cmocka_unit_test(what_does_not_fit_has_no_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
