/* plan/plan: what a device gets, from what is asked, what the host says and what the bundles have. */
#include <stdio.h>

#include "plan/plan.h"
#include "support.h"

static const struct pci_identity gpu = {
    .id = {0x1002, 0x1681}, .subsystem = {0x1462, 0x1381}, .revision = 0xc8, .class_code = 0x030000};

#define PAIR (MATCH_BIT(MATCH_VENDOR) | MATCH_BIT(MATCH_DEVICE))
#define IDS(vendor, device)                                                                                            \
    {                                                                                                                  \
        .keys = PAIR, .value = { [MATCH_VENDOR] = vendor, [MATCH_DEVICE] = device }                                    \
    }

/* One bundle with ROMs for the device, for others, for BIOS and for UEFI. */
static struct manifest_rom roms[] = {
    {.id = (char *)"plain", .match = IDS(0x1002, 0x1681)},
    {.id = (char *)"alien", .match = IDS(0x10de, 0x24dc)},
    {.id = (char *)"bios",
     .firmware = FIRMWARE_BIOS,
     .match = {.keys = PAIR | MATCH_BIT(MATCH_REVISION),
               .value = {[MATCH_VENDOR] = 0x1002, [MATCH_DEVICE] = 0x1681, [MATCH_REVISION] = 0xc8}}},
};
static struct bundle lab = {.path = (char *)"/lab", .manifest = {.name = (char *)"lab", .roms = roms, .count = 3}};
static struct bundle empty = {.path = (char *)"/empty", .manifest = {.name = (char *)"empty"}};
static struct bundle *const lab_only[] = {&lab}, *const both[] = {&empty, &lab}, *const empty_only[] = {&empty};

static struct device make_device(bool rom_disabled) {
    return (struct device){.kind = DEVICE_PCI,
                           .alias = (char *)"ua-gpu-igpu",
                           .name = "igpu",
                           .address = {0, 0xe5, 0, 0},
                           .rom_disabled = rom_disabled};
}

static struct plan_facts make_facts(enum host_state state, struct bundle *const *bundles, size_t count) {
    struct plan_facts facts = {.bundles = bundles, .bundle_count = count, .firmware = FIRMWARE_UEFI};
    facts.host.state = state;
    if (state == HOST_PRESENT)
        facts.host.identity = gpu;
    snprintf(facts.host.reason, sizeof(facts.host.reason), "why not");
    return facts;
}

static void decided(void **state) {
    (void)state;
    static const struct {
        struct device_options options;
        enum host_state host;
        struct bundle *const *bundles;
        size_t count;
        bool rom_disabled;
        enum firmware firmware;
        const char *rom; /* the candidate's id, or NULL */
        enum rom_setting setting;
        enum toggle bar;
    } cases[] = {
        /* Nothing asked: the bundle's ROM if there is one. */
        {{0}, HOST_PRESENT, lab_only, 1, false, FIRMWARE_UEFI, "plain", ROM_SETTING_KEEP, TOGGLE_UNSET},
        {{0}, HOST_PRESENT, lab_only, 1, false, FIRMWARE_BIOS, "bios", ROM_SETTING_KEEP, TOGGLE_UNSET},
        {{0}, HOST_PRESENT, both, 2, false, FIRMWARE_UEFI, "plain", ROM_SETTING_KEEP, TOGGLE_UNSET},
        {{0}, HOST_PRESENT, empty_only, 1, false, FIRMWARE_UEFI, NULL, ROM_SETTING_KEEP, TOGGLE_UNSET},
        {{0}, HOST_PRESENT, NULL, 0, false, FIRMWARE_UEFI, NULL, ROM_SETTING_KEEP, TOGGLE_UNSET},
        /* The domain disabled the ROM: nobody asked for another. */
        {{0}, HOST_PRESENT, lab_only, 1, true, FIRMWARE_UEFI, NULL, ROM_SETTING_KEEP, TOGGLE_UNSET},
        {{.rom = ROM_AUTO}, HOST_PRESENT, lab_only, 1, false, FIRMWARE_UEFI, "plain", ROM_SETTING_KEEP, TOGGLE_UNSET},
        {{.rom = ROM_AUTO, .rom_bar = TOGGLE_OFF},
         HOST_PRESENT,
         lab_only,
         1,
         false,
         FIRMWARE_UEFI,
         "plain",
         ROM_SETTING_KEEP,
         TOGGLE_OFF},
        {{.rom = ROM_ID, .rom_id = "plain"},
         HOST_PRESENT,
         both,
         2,
         false,
         FIRMWARE_BIOS,
         "plain",
         ROM_SETTING_KEEP,
         TOGGLE_UNSET},
        {{.rom = ROM_ID, .rom_id = "bios"},
         HOST_PRESENT,
         lab_only,
         1,
         false,
         FIRMWARE_BIOS,
         "bios",
         ROM_SETTING_KEEP,
         TOGGLE_UNSET},
        {{.rom = ROM_NONE}, HOST_PRESENT, lab_only, 1, false, FIRMWARE_UEFI, NULL, ROM_SETTING_DISABLED, TOGGLE_UNSET},
        {{.rom = ROM_NONE}, HOST_PRESENT, lab_only, 1, true, FIRMWARE_UEFI, NULL, ROM_SETTING_DISABLED, TOGGLE_UNSET},
        {{.rom = ROM_DEVICE}, HOST_PRESENT, lab_only, 1, false, FIRMWARE_UEFI, NULL, ROM_SETTING_DEVICE, TOGGLE_UNSET},
        {{.rom = ROM_DEVICE, .rom_bar = TOGGLE_ON},
         HOST_PRESENT,
         lab_only,
         1,
         false,
         FIRMWARE_UEFI,
         NULL,
         ROM_SETTING_DEVICE,
         TOGGLE_ON},
        {{.rom_bar = TOGGLE_OFF}, HOST_PRESENT, NULL, 0, false, FIRMWARE_UEFI, NULL, ROM_SETTING_KEEP, TOGGLE_OFF},
        {{.has_expect = true, .expect = {0x1002, 0x1681}},
         HOST_PRESENT,
         NULL,
         0,
         false,
         FIRMWARE_UEFI,
         NULL,
         ROM_SETTING_KEEP,
         TOGGLE_UNSET},
        /* The host cannot be read, and nothing is asked that would need it. */
        {{0}, HOST_UNKNOWN, NULL, 0, false, FIRMWARE_UEFI, NULL, ROM_SETTING_KEEP, TOGGLE_UNSET},
        {{.rom = ROM_NONE}, HOST_UNKNOWN, lab_only, 1, false, FIRMWARE_UEFI, NULL, ROM_SETTING_DISABLED, TOGGLE_UNSET},
        {{.rom = ROM_DEVICE}, HOST_UNKNOWN, lab_only, 1, false, FIRMWARE_UEFI, NULL, ROM_SETTING_DEVICE, TOGGLE_UNSET},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device device = make_device(cases[i].rom_disabled);
        struct plan_facts facts = make_facts(cases[i].host, cases[i].bundles, cases[i].count);
        struct decision decision;
        struct rom_candidate candidate;
        struct error err = {0};
        facts.firmware = cases[i].firmware;
        memset(&decision, 0xff, sizeof(decision));
        memset(&candidate, 0xff, sizeof(candidate));
        if (plan_device(&device, &cases[i].options, &facts, &decision, &candidate, &err) != 0)
            fail_msg("row %zu: %s", i, err.message);
        assert_no_error(&err);
        if (cases[i].rom)
            assert_string_equal(candidate.rom ? candidate.rom->id : "none", cases[i].rom);
        else
            assert_null(candidate.rom);
        assert_true(pci_address_equal(decision.address, device.address));
        assert_int_equal(decision.rom, cases[i].setting);
        assert_int_equal(decision.rom_bar, cases[i].bar);
        assert_null(decision.published);
    }
}

static void refused(void **state) {
    (void)state;
    static const struct {
        struct device_options options;
        enum host_state host;
        struct bundle *const *bundles;
        size_t count;
        bool rom_disabled;
        enum error_code code;
        const char *part;
    } cases[] = {
        {{0}, HOST_ABSENT, NULL, 0, false, ERROR_REFUSED, "no PCI device at that address"},
        {{.rom = ROM_NONE}, HOST_ABSENT, lab_only, 1, false, ERROR_REFUSED, "lspci"},
        {{0},
         HOST_UNKNOWN,
         lab_only,
         1,
         false,
         ERROR_REFUSED,
         "PCI ID cannot be read (why not): mount the node's /sys"},
        {{.rom = ROM_AUTO}, HOST_UNKNOWN, NULL, 0, false, ERROR_REFUSED, "cannot be read"},
        {{.rom = ROM_ID, .rom_id = "plain"}, HOST_UNKNOWN, NULL, 0, false, ERROR_REFUSED, "cannot be read"},
        {{.has_expect = true, .expect = {0x1002, 0x1681}},
         HOST_UNKNOWN,
         NULL,
         0,
         false,
         ERROR_REFUSED,
         "cannot be read"},
        {{.rom = ROM_NONE, .has_expect = true}, HOST_UNKNOWN, NULL, 0, false, ERROR_REFUSED, "cannot be read"},
        {{.has_expect = true, .expect = {0x1002, 0x1640}},
         HOST_PRESENT,
         lab_only,
         1,
         false,
         ERROR_REFUSED,
         "expects 1002:1640, the device is 1002:1681 (subsystem 1462:1381, revision c8)"},
        {{.rom = ROM_DEVICE, .has_expect = true, .expect = {0x10de, 0x1681}},
         HOST_PRESENT,
         lab_only,
         1,
         false,
         ERROR_REFUSED,
         "expects 10de:1681"},
        {{.rom = ROM_AUTO}, HOST_PRESENT, NULL, 0, false, ERROR_REFUSED, "\"auto\" needs a ROM bundle"},
        {{.rom = ROM_AUTO},
         HOST_PRESENT,
         empty_only,
         1,
         false,
         ERROR_REFUSED,
         "no ROM for 1002:1681 (subsystem 1462:1381, revision c8) under uefi firmware in bundle \"empty\""},
        {{.rom = ROM_ID, .rom_id = "absent"},
         HOST_PRESENT,
         both,
         2,
         false,
         ERROR_REFUSED,
         "no bundle has a ROM with the id \"absent\""},
        {{.rom = ROM_ID, .rom_id = "alien"},
         HOST_PRESENT,
         lab_only,
         1,
         false,
         ERROR_REFUSED,
         "ROM \"alien\" of bundle \"lab\" is for another device than 1002:1681"},
        {{.rom = ROM_ID, .rom_id = "bios"},
         HOST_PRESENT,
         lab_only,
         1,
         false,
         ERROR_REFUSED,
         "ROM \"bios\" of bundle \"lab\" is for bios firmware, this VM boots with uefi"},
        {{.rom = ROM_AUTO}, HOST_PRESENT, lab_only, 1, true, ERROR_INPUT, "<rom enabled=\"no\">"},
        {{.rom = ROM_ID, .rom_id = "plain"}, HOST_PRESENT, lab_only, 1, true, ERROR_INPUT, "<rom enabled=\"no\">"},
        {{.rom_bar = TOGGLE_ON}, HOST_PRESENT, NULL, 0, true, ERROR_INPUT, "<rom enabled=\"no\">"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device device = make_device(cases[i].rom_disabled);
        struct plan_facts facts = make_facts(cases[i].host, cases[i].bundles, cases[i].count);
        struct decision decision;
        struct rom_candidate candidate;
        struct error err = {0};
        if (plan_device(&device, &cases[i].options, &facts, &decision, &candidate, &err) != -1)
            fail_msg("row %zu was accepted", i);
        assert_error(&err, cases[i].code, cases[i].part);
    }
}

/* Two bundles with a ROM of one id; the second has the profile. */
static void a_profiles_rom_is_its_bundles(void **state) {
    (void)state;
    struct manifest_rom other_roms[] = {
        {.id = (char *)"plain", .match = IDS(0x1002, 0x1681)},
        {.id = (char *)"alien", .match = IDS(0x10de, 0x24dc)},
        {.id = (char *)"bios", .firmware = FIRMWARE_BIOS, .match = IDS(0x1002, 0x1681)}};
    struct bundle other = {.manifest = {.name = (char *)"other", .roms = other_roms, .count = 3}},
                  *bundles[] = {&lab, &other};
    static const struct {
        const char *id;
        uint8_t origin;
        size_t rom;       /* of `other`, or */
        const char *part; /* why not */
    } cases[] = {
        {"plain", ORIGIN_PROFILE(1), 0, NULL},
        {"alien", ORIGIN_PROFILE(1), 0,
         "the profile of bundle \"other\" asks for a ROM: ROM \"alien\" of bundle \"other\" is for another device"},
        {"bios", ORIGIN_PROFILE(1), 0,
         "the profile of bundle \"other\" asks for a ROM: ROM \"bios\" of bundle \"other\" is for bios"},
        {"alien", ORIGIN_ANNOTATION, 0, "ROM \"alien\" of bundle \"lab\" is for another device"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device device = make_device(false);
        struct plan_facts facts = make_facts(HOST_PRESENT, bundles, 2);
        struct device_options options = {.rom = ROM_ID, .origin = {[OPTION_ROM] = cases[i].origin}};
        struct decision decision;
        struct rom_candidate candidate;
        struct error err = {0};
        snprintf(options.rom_id, sizeof(options.rom_id), "%s", cases[i].id);
        assert_int_equal(plan_device(&device, &options, &facts, &decision, &candidate, &err), cases[i].part ? -1 : 0);
        if (cases[i].part) {
            assert_memory_equal(err.message, cases[i].part, strlen(cases[i].part));
        } else {
            assert_ptr_equal(candidate.bundle, &other);
            assert_ptr_equal(candidate.rom, &other_roms[cases[i].rom]);
        }
    }
}

/* Profiles of two bundles, then the annotation; messages say who said it. */
static void options_of_a_device(void **state) {
    (void)state;
    struct manifest_profile first[] = {{.match = {.keys = MATCH_BIT(MATCH_CLASS), .value = {[MATCH_CLASS] = 0x0300}}}};
    struct manifest_profile second[] = {{.match = IDS(0x1002, 0x1681)}};
    struct bundle one = {.manifest = {.name = (char *)"one", .profiles = first, .profile_count = 1}},
                  two = {.manifest = {.name = (char *)"two", .profiles = second, .profile_count = 1}},
                  *bundles[] = {&one, &two};
    static const struct {
        struct device_options first, second;
        const char *annotation, *part; /* part: of the error by plan_options or plan_device */
        bool unknown, rom_disabled;
        enum toggle bar;
        enum rom_setting setting;
        uint8_t origin;
    } cases[] = {
#define ONE .origin = ORIGIN_PROFILE(0)
#define TWO .origin = ORIGIN_PROFILE(1)
        {{.rom_bar = TOGGLE_ON}, {.rom = ROM_DEVICE}, .bar = TOGGLE_ON, .setting = ROM_SETTING_DEVICE, TWO},
        {{.rom = ROM_NONE}, {.rom_bar = TOGGLE_OFF}, .setting = ROM_SETTING_DISABLED, ONE},
        {{.rom = ROM_NONE}, {0}, .annotation = "\"igpu\": {\"rom\": \"device\"}", .setting = ROM_SETTING_DEVICE},
        /* Who knows what the device is, if the host does not say? */
        {{.rom_bar = TOGGLE_ON},
         {0},
         .annotation = "\"*\": {\"rom\": \"device\"}",
         .unknown = true,
         .setting = ROM_SETTING_DEVICE},
        {{.rom = ROM_NONE},
         {0},
         .annotation = "\"igpu\": {\"romBar\": \"on\"}",
         .part = "\"none\" (the profile of bundle \"one\") and \"romBar\" (the annotation) contradict"},
        {{.rom_bar = TOGGLE_ON},
         {.rom = ROM_NONE},
         .part = "\"none\" (the profile of bundle \"two\") and \"romBar\" (the profile of bundle \"one\") contradict"},
        {{.rom = ROM_AUTO}, {0}, .part = "the profile of bundle \"one\" asks for a ROM: no ROM for 1002:1681"},
        {{.rom_bar = TOGGLE_ON}, {0}, .rom_disabled = true, .part = ">), the profile of bundle \"one\" tunes it"},
        {{.rom_bar = TOGGLE_ON},
         {0},
         .annotation = "\"*\": {\"rom\": \"device\"}",
         .part = ">), the annotation tunes it",
         .rom_disabled = true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device device = make_device(cases[i].rom_disabled);
        struct plan_facts facts = make_facts(cases[i].unknown ? HOST_UNKNOWN : HOST_PRESENT, bundles, 2);
        struct device_options options;
        struct decision decision = {0};
        struct rom_candidate candidate;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(config_free) struct config config = {0};
        facts.host.identity = gpu; /* which is not to be believed when it is unknown */
        first[0].options = cases[i].first;
        second[0].options = cases[i].second;
        memset(&options, 0xff, sizeof(options));
        buffer_printf(&text, "{\"devices\": {%s}}", cases[i].annotation ? cases[i].annotation : "");
        assert_int_equal(config_parse(text.data, &config, &err), 0);
        bool failed = plan_options(&config, &device, &facts, &options, &err) < 0 ||
                      plan_device(&device, &options, &facts, &decision, &candidate, &err) < 0;
        if (failed != (cases[i].part != NULL) || (failed && !strstr(err.message, cases[i].part)))
            fail_msg("row %zu: %s", i, err.message);
        assert_true(failed || decision.rom_bar == cases[i].bar);
        assert_true(failed || decision.rom == cases[i].setting);
        assert_true(failed || decision.rom_origin == cases[i].origin);
    }
}

static void all_bundles_are_named(void **state) {
    (void)state;
    struct bundle other = {.manifest = {.name = (char *)"other"}}, *bundles[] = {&empty, &other};
    struct device device = make_device(false);
    struct plan_facts facts = make_facts(HOST_PRESENT, bundles, 2);
    struct decision decision;
    struct rom_candidate candidate;
    struct error err = {0};
    const struct device_options options = {.rom = ROM_AUTO};
    assert_int_equal(plan_device(&device, &options, &facts, &decision, &candidate, &err), -1);
    assert_error(&err, ERROR_REFUSED, "in bundle \"empty\", \"other\"");
}

static void keys(void **state) {
    (void)state;
    static const struct device devices[] = {
        {.kind = DEVICE_PCI, .name = "igpu", .address = {0, 0xe5, 0, 0}},
        {.kind = DEVICE_MDEV, .name = "vgpu", .address = {0}},
    };
    static const struct {
        const char *entry;
        size_t count;     /* devices of the domain */
        const char *part; /* NULL: good */
    } cases[] = {
        {"\"*\": {}", 2, NULL},
        {"\"*\": {\"rom\": \"auto\"}", 2, NULL}, /* does not concern the vGPU */
        {"\"*\": {}", 0, NULL},
        {"\"igpu\": {\"rom\": \"auto\"}", 2, NULL},
        {"\"e5:00.0\": {\"rom\": \"auto\"}", 2, NULL},
        {"\"vgpu\": {}", 2, NULL},
        {"\"vgpu\": {\"rom\": \"auto\"}", 2, "vGPU (vgpu) is a mediated device"},
        {"\"vgpu\": {\"romBar\": \"on\"}", 2, "vGPU (vgpu) is a mediated device"},
        {"\"vgpu\": {\"expect\": \"1002:1681\"}", 2, "vGPU (vgpu) is a mediated device"},
        /* Asked for in the VMI, not in this domain: a migration target. */
        {"\"late\": {\"rom\": \"auto\"}", 0, NULL},
        {"\"late\": {}, \"igpu\": {}", 2, NULL},
        {"\"Igpu\": {}", 2, "devices: \"Igpu\" matches no device of this VM: it has 0000:e5:00.0 (igpu), vGPU (vgpu)"},
        {"\"igpu\": {}, \"igpu2\": {}", 2, "\"igpu2\" matches no device"},
        {"\"igpu\": {}", 0, "\"igpu\" matches no device of this VM: it has none"},
        {"\"e5:00.1\": {}", 2, "\"e5:00.1\" matches no device"},
        /* A vGPU has no address: zeros do not name it. */
        {"\"0000:00:00.0\": {}", 2, "\"0000:00:00.0\" matches no device"},
        {"\"a\\nb\": {}", 2, "\"a?b\" matches no device"},
    };
    struct error err = {0};
    CLEANUP(vmi_free) struct vmi vmi = {0};
    vmi_parse(bytes_of("{\"spec\": {\"domain\": {\"devices\": {\"gpus\": [{\"name\": \"late\"}]}}}}"), &vmi, &err);
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(config_free) struct config config = {0};
        buffer_printf(&text, "{\"devices\": {%s}}", cases[i].entry);
        assert_int_equal(config_parse(text.data, &config, &err), 0);
        if (plan_check_keys(&config, &vmi, devices, cases[i].count, &err) != (cases[i].part ? -1 : 0))
            fail_msg("%s: %s", cases[i].entry, err.message);
        if (cases[i].part)
            assert_error(&err, ERROR_INPUT, cases[i].part);
        assert_no_error(&err);
    }
}

static void found_by_address(void **state) {
    (void)state;
    struct decision decisions[] = {{.address = {0, 1, 0, 0}}, {.address = {0, 1, 0, 1}}};
    const struct plan plan = {.count = 2, .decisions = decisions}, none = {0};
    assert_ptr_equal(plan_find(&plan, (struct pci_address){0, 1, 0, 1}), &decisions[1]);
    assert_null(plan_find(&plan, (struct pci_address){1, 1, 0, 1}));
    assert_null(plan_find(&none, (struct pci_address){0, 1, 0, 1}));
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decided),
        cmocka_unit_test(refused),
        cmocka_unit_test(all_bundles_are_named),
        cmocka_unit_test(a_profiles_rom_is_its_bundles),
        cmocka_unit_test(options_of_a_device),
        cmocka_unit_test(keys),
        cmocka_unit_test(labels),
        cmocka_unit_test(found_by_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
