/* plan/options: whose word counts of a device and of the guest. */
#include <stdio.h>

#include "plan/device_plan.h"
#include "plan_support.h"

/* Profiles of two bundles, then the annotation; messages say who said it. */
static void options_of_a_device(void **state) {
    (void)state;
    struct manifest_profile built_in[] = {{.match = {.keys = MATCH_BIT(MATCH_VENDOR), .value = {0x1002}}}};
    struct manifest_profile first[] = {{.match = {.keys = MATCH_BIT(MATCH_CLASS), .value = {[MATCH_CLASS] = 0x0300}}}};
    struct manifest_profile second[] = {{.match = IDS(0x1002, 0x1681)}};
    struct manifest of_program = {.profiles = built_in, .profile_count = 1};
    struct bundle one = {.manifest = {.name = (char *)"one", .profiles = first, .profile_count = 1}},
                  two = {.manifest = {.name = (char *)"two", .profiles = second, .profile_count = 1}},
                  *bundles[] = {&one, &two};
    built_in[0].match.value[MATCH_VENDOR] = 0x1002;
    static const struct {
        const char *built_in, *first, *second;
        const char *annotation, *part; /* part: of the error by plan_options or plan_device */
        bool unknown, rom_disabled;
        enum toggle bar;
        enum rom_setting setting;
        uint8_t origin;
    } cases[] = {
#define ONE .origin = ORIGIN_PROFILE(0)
#define TWO .origin = ORIGIN_PROFILE(1)
        {"", "'romBar': 'on'", "'rom': 'device'", .bar = TOGGLE_ON, .setting = ROM_SETTING_DEVICE, TWO},
        {"", "'rom': 'none'", "'romBar': 'off'", .setting = ROM_SETTING_DISABLED, ONE},
        {"", "'rom': 'none'", "", .annotation = "'igpu': {'rom': 'device'}", .setting = ROM_SETTING_DEVICE},
        {"'rom': 'none'", "", "", .setting = ROM_SETTING_DISABLED, .origin = ORIGIN_BUILTIN},
        {"'rom': 'none'", "", "'rom': 'device'", .setting = ROM_SETTING_DEVICE, TWO},
        {"'rom': 'none'", "'rom': null", "'rom': 'device'", .setting = ROM_SETTING_KEEP, ONE},
        {"'rom': 'device'", "", "", .annotation = "'*': {'rom': 'none'}", .setting = ROM_SETTING_DISABLED,
         .origin = ORIGIN_EVERY_DEVICE},
        {"'romBar': 'on'", "'rom': 'none'", "", .setting = ROM_SETTING_DISABLED, ONE},
        /* Who knows what the device is, if the host does not say? */
        {"'romBar': 'off'", "'romBar': 'on'", "", .annotation = "'*': {'rom': 'device'}", .unknown = true,
         .setting = ROM_SETTING_DEVICE, .origin = ORIGIN_EVERY_DEVICE},
        {"", "'rom': 'none'", "", .annotation = "'igpu': {'romBar': 'on'}",
         .part = "\"none\" (the profile of bundle \"one\") and \"romBar\" (the annotation) contradict"},
        {"", "'rom': 'none'", "", .annotation = "'*': {'romBar': 'on'}",
         .part = "\"none\" (the profile of bundle \"one\") and \"romBar\" (the annotation's \"*\") contradict"},
        {"'rom': 'none'", "'romBar': 'on'", "",
         .part = "\"none\" (a built-in profile) and \"romBar\" (the profile of bundle \"one\") contradict"},
        {"", "'romBar': 'on'", "'rom': 'none'",
         .part = "\"none\" (the profile of bundle \"two\") and \"romBar\" (the profile of bundle \"one\") contradict"},
        {"", "'rom': 'auto'", "", .part = "the profile of bundle \"one\" asks for a ROM: no ROM for 1002:1681"},
        {"", "", "", .annotation = "'igpu': {'rom': 'device'}", .rom_disabled = true,
         .part = ">), the annotation tunes it"},
        /* Profiles and "*" know nothing of the hook that disabled the ROM. */
        {"", "'romBar': 'on'", "", .rom_disabled = true, .setting = ROM_SETTING_KEEP},
        {"", "'rom': 'auto'", "", .rom_disabled = true, .setting = ROM_SETTING_KEEP, .origin = ORIGIN_PROFILE(0)},
        {"", "'romBar': 'on'", "", .annotation = "'*': {'rom': 'device'}", .rom_disabled = true,
         .setting = ROM_SETTING_KEEP, .origin = ORIGIN_EVERY_DEVICE},
        {"'romBar': 'on'", "", "", .rom_disabled = true, .setting = ROM_SETTING_KEEP},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device device = make_device(cases[i].rom_disabled);
        struct device_facts facts = make_facts(cases[i].unknown ? HOST_UNKNOWN : HOST_PRESENT, bundles, 2);
        struct device_options options;
        struct guest_options guest;
        struct decision decision = {0};
        struct rom_candidate candidate;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer text = {0}, notes = {0};
        CLEANUP(config_free) struct config config = {0};
        facts.host.identity = plan_gpu; /* which is not to be believed when it is unknown */
        facts.builtin = &of_program;
        built_in[0].options = device_options_of(cases[i].built_in, 0);
        first[0].options = device_options_of(cases[i].first, 0);
        second[0].options = device_options_of(cases[i].second, 0);
        memset(&options, 0xff, sizeof(options));
        memset(&guest, 0xff, sizeof(guest));
        buffer_printf(&text, "{'devices': {%s}}", cases[i].annotation ? cases[i].annotation : "");
        for (char *quote = text.data; *quote; quote++)
            *quote = *quote == '\'' ? '"' : *quote;
        assert_int_equal(config_parse(text.data, &config, &err), 0);
        bool failed = plan_options(&config, &device, &facts, &options, &guest, &err) < 0 ||
                      plan_device(&device, &facts, &options, &decision, &candidate, &notes, &err) < 0;
        if (failed != (cases[i].part != NULL) || (failed && !strstr(err.message, cases[i].part)))
            fail_msg("row %zu: %s", i, err.message);
        assert_true(failed || decision.rom_bar == cases[i].bar);
        assert_true(failed || decision.rom == cases[i].setting);
        assert_true(failed || decision.rom_origin == cases[i].origin);
        assert_int_equal(notes.size != 0, !failed && cases[i].rom_disabled);
    }
}

/* A mediated device has its name only: the address of its parent does not name it. */
static void a_vgpu_has_no_address(void **state) {
    (void)state;
    static const struct {
        const char *annotation;
        bool heard;
    } cases[] = {
        {"{\"devices\": {\"igpu\": {\"display\": true}}}", true},
        {"{\"devices\": {\"*\": {\"display\": true}}}", true},
        {"{\"devices\": {\"e5:00.0\": {\"display\": true}}}", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device device = make_device(false);
        struct device_facts facts = make_facts(HOST_PRESENT, NULL, 0);
        struct device_options options;
        struct guest_options guest;
        struct error err = {0};
        CLEANUP(config_free) struct config config = {0};
        device.kind = DEVICE_MDEV;
        assert_int_equal(config_parse(cases[i].annotation, &config, &err), 0);
        assert_int_equal(plan_options(&config, &device, &facts, &options, &guest, &err), 0);
        assert_int_equal(options.display, cases[i].heard ? TOGGLE_ON : TOGGLE_UNSET);
    }
}

static void profiles_speak_of_the_guest(void **state) {
    (void)state;
    struct manifest_profile built_in = {.match = IDS(0x1002, 0x1681),
                                        .guest = guest_options_of("'topoext': true, 'ioapic': 'kvm'", 0)},
                            profile = {.match = IDS(0x1002, 0x1681), .guest = guest_options_of("'ioapic': 'qemu'", 0)};
    struct manifest of_program = {.profiles = &built_in, .profile_count = 1};
    struct bundle lab = {.manifest = {.name = (char *)"lab", .profiles = &profile, .profile_count = 1}},
                  *bundles[] = {&lab};
    static const enum host_state states[] = {HOST_PRESENT, HOST_UNKNOWN, HOST_ABSENT};
    for (size_t i = 0; i < COUNT(states); i++) {
        const struct config config = {0};
        struct device device = make_device(false);
        struct device_facts facts = make_facts(states[i], bundles, 1);
        struct device_options options;
        struct guest_options guest;
        struct error err = {0};
        facts.host.identity = plan_gpu;
        facts.builtin = &of_program;
        assert_int_equal(plan_options(&config, &device, &facts, &options, &guest, &err), 0);
        bool known = states[i] == HOST_PRESENT;
        assert_int_equal(guest.topoext, known ? TOGGLE_ON : TOGGLE_UNSET);
        assert_int_equal(guest.ioapic, known ? IOAPIC_QEMU : IOAPIC_UNSET);
        assert_int_equal(guest.said.origin[GUEST_TOPOEXT], known ? ORIGIN_BUILTIN : 0);
        assert_int_equal(guest.said.origin[GUEST_IOAPIC], known ? ORIGIN_PROFILE(0) : 0);
    }
}

/* What the profiles of up to three devices say of their guest, then the annotation. */
static void guest_options(void **state) {
    (void)state;
    static struct bundle *const bundles[] = {&plan_lab, &plan_empty};
    static const struct {
        struct {
            uint8_t origin;
            const char *options;
        } devices[3];
        const char *annotation, *result;
        uint8_t origin;
        const char *part;
    } cases[] = {
        {{{0, ""}, {0, ""}, {0, ""}}, "", "unset", 0, NULL},
        {{{1, "'ioapic': 'kvm'"}, {0, ""}, {0, ""}}, "", "kvm", 1, NULL},
        {{{1, "'ioapic': 'kvm'"}, {1, "'ioapic': 'kvm'"}, {0, ""}}, "", "kvm", 1, NULL},
        /* The stronger origin wins, whichever device comes first. */
        {{{2, "'ioapic': 'kvm'"}, {1, "'ioapic': 'qemu'"}, {0, ""}}, "", "qemu", 1, NULL},
        {{{1, "'ioapic': 'qemu'"}, {2, "'ioapic': 'kvm'"}, {0, ""}}, "", "qemu", 1, NULL},
        {{{255, "'ioapic': 'kvm'"}, {2, "'ioapic': 'qemu'"}, {0, ""}}, "", "qemu", 2, NULL},
        /* Equally strong and not the same: a dispute, which a stronger one or the annotation settles. */
        {{{1, "'ioapic': 'kvm'"}, {1, "'ioapic': 'qemu'"}, {0, ""}},
         "",
         NULL,
         0,
         "the guest's \"ioapic\": the profile of bundle \"lab\" gives two devices of this VM different values: say it in "
         "the annotation's \"guest\""},
        {{{255, "'ioapic': 'kvm'"}, {0, ""}, {255, "'ioapic': 'qemu'"}}, "", NULL, 0, "a built-in profile gives two"},
        {{{1, "'ioapic': 'kvm'"}, {1, "'ioapic': 'qemu'"}, {1, "'ioapic': 'qemu'"}}, "", NULL, 0, "gives two devices"},
        {{{2, "'ioapic': 'kvm'"}, {2, "'ioapic': 'qemu'"}, {1, "'ioapic': 'qemu'"}}, "", "qemu", 1, NULL},
        {{{1, "'ioapic': 'qemu'"}, {2, "'ioapic': 'kvm'"}, {2, "'ioapic': 'qemu'"}}, "", "qemu", 1, NULL},
        {{{1, "'ioapic': 'kvm'"}, {1, "'ioapic': 'qemu'"}, {0, ""}}, "\"ioapic\": \"kvm\"", "kvm", 0, NULL},
        {{{1, "'ioapic': 'kvm'"}, {1, "'ioapic': 'qemu'"}, {0, ""}}, "\"ioapic\": null", "unset", 0, NULL},
        {{{1, "'ioapic': 'kvm'"}, {1, "'ioapic': 'qemu'"}, {0, ""}}, "\"topoext\": true", NULL, 0, "\"ioapic\""},
        {{{1, "'ioapic': 'kvm'"}, {0, ""}, {0, ""}}, "\"ioapic\": \"qemu\"", "qemu", 0, NULL},
        {{{1, "'ioapic': 'kvm'"}, {0, ""}, {0, ""}}, "\"ioapic\": null", "unset", 0, NULL},
        {{{0, ""}, {0, ""}, {0, ""}}, "\"ioapic\": \"qemu\"", "qemu", 0, NULL},
        /* Written differently, and the same. */
        {{{1, "'ioapic': 'kvm', 'pciHole64': '1024GiB'"}, {1, "'pciHole64': '1TiB'"}, {0, ""}}, "", "kvm", 1, NULL},
        {{{1, "'pciHole64': '1GiB'"}, {1, "'pciHole64': 'auto'"}, {0, ""}}, "", NULL, 0, "the guest's \"pciHole64\""},
    };
    static const char *const names[] = {"unset", "kvm", "qemu"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct guest_wishes wishes = {0};
        struct guest_options options;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(config_free) struct config config = {0};
        buffer_printf(&text, "{\"guest\": {%s}}", cases[i].annotation);
        assert_int_equal(config_parse(text.data, &config, &err), 0);
        for (size_t j = 0; j < 3; j++) {
            struct guest_options wish = guest_options_of(cases[i].devices[j].options, cases[i].devices[j].origin);
            assert_int_equal(plan_add_guest_wishes(&wishes, &wish, NULL), 0);
        }
        if (plan_guest_options(&config, &wishes, bundles, &options, &err) != (cases[i].part ? -1 : 0))
            fail_msg("row %zu: %s", i, err.message);
        if (cases[i].part) {
            assert_error(&err, ERROR_INPUT, cases[i].part);
            continue;
        }
        assert_string_equal(names[options.ioapic], cases[i].result);
        assert_int_equal(options.said.origin[GUEST_IOAPIC], cases[i].origin);
    }
}

static void keys(void **state) {
    (void)state;
    static const struct device igpu = {.kind = DEVICE_PCI, .name = "igpu", .address = {0, 0xe5, 0, 0}},
                               vgpu = {.kind = DEVICE_MDEV, .name = "vgpu", .address = {0}};
    static const struct device *const devices[] = {&igpu, &vgpu};
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
        /* Whether it goes with the device is asked later, see plan/fit. */
        {"\"vgpu\": {\"rom\": \"auto\"}", 2, NULL},
        /* Asked for in the VMI, not in this domain: a migration target. */
        {"\"late\": {\"rom\": \"auto\"}", 0, NULL},
        {"\"late\": {}, \"igpu\": {}", 2, NULL},
        {"\"Igpu\": {}", 2, "devices: \"Igpu\" matches no device of this VM: it has 0000:e5:00.0 (igpu), vGPU (vgpu)"},
        {"\"igpu\": {}, \"igpu2\": {}", 2, "\"igpu2\" matches no device"},
        {"\"igpu\": {}", 0, "\"igpu\" matches no device of this VM: it has none"},
        {"\"e5:00.1\": {}", 2, NULL}, /* that may be its address */
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

/* Of a domain that has all its devices. */
static void addresses(void **state) {
    (void)state;
    static const struct device igpu = {.kind = DEVICE_PCI, .name = "igpu", .address = {0, 0xe5, 0, 0}},
                               vgpu = {.kind = DEVICE_MDEV, .name = "vgpu", .address = {0}};
    static const struct device *const devices[] = {&igpu, &vgpu};
    static const struct {
        const char *text;
        bool known;
    } cases[] = {
        {"{\"devices\": {\"e5:00.0\": {}}}", true},
        {"{\"devices\": {\"e5:00.1\": {}}}", false},
        /* A vGPU has no address: zeros do not name it. */
        {"{\"devices\": {\"0000:00:00.0\": {}}}", false},
    };
    struct error err = {0};
    CLEANUP(vmi_free) struct vmi vmi = {0};
    vmi_parse(
        bytes_of("{\"spec\": {\"domain\": {\"devices\": {\"gpus\": [{\"name\": \"igpu\"}, {\"name\": \"vgpu\"}]}}}}"),
        &vmi, &err);
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(config_free) struct config config = {0};
        config_parse(cases[i].text, &config, &err);
        assert_no_error(&err);
        assert_int_equal(plan_check_keys(&config, &vmi, devices, 2, &err), cases[i].known ? 0 : -1);
        if (!cases[i].known)
            assert_error(&err, ERROR_INPUT, "matches no device of this VM: it has 0000:e5:00.0 (igpu), vGPU (vgpu)");
    }
}

static void origins(void **state) {
    (void)state;
    static struct bundle *const bundles[] = {&plan_empty, &plan_lab};
    static const struct {
        uint8_t origin;
        const char *text;
    } cases[] = {{ORIGIN_ANNOTATION, "the annotation"},
                 {ORIGIN_EVERY_DEVICE, "the annotation's \"*\""},
                 {ORIGIN_BUILTIN, "a built-in profile"},
                 {ORIGIN_PROFILE(0), "the profile of bundle \"empty\""},
                 {ORIGIN_PROFILE(1), "the profile of bundle \"lab\""}};
    char text[ORIGIN_TEXT_MAX];
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_ptr_equal(origin_describe(cases[i].origin, bundles, text), text);
        assert_string_equal(text, cases[i].text);
    }
    /* The longest name that a bundle can have. */
    char name[LABEL_MAX + 1];
    memset(name, 'n', LABEL_MAX);
    name[LABEL_MAX] = '\0';
    struct bundle longest = {.manifest = {.name = name}}, *one[] = {&longest};
    origin_describe(ORIGIN_PROFILE(0), one, text);
    assert_string_equal(text + strlen(text) - 2, "n\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_of_a_device),
        cmocka_unit_test(a_vgpu_has_no_address),
        cmocka_unit_test(profiles_speak_of_the_guest),
        cmocka_unit_test(guest_options),
        cmocka_unit_test(keys),
        cmocka_unit_test(addresses),
        cmocka_unit_test(origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
