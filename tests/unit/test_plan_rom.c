/* plan/rom: which ROM a device gets, from what is asked and what the bundles have. */
#include <stdio.h>

#include "plan_support.h"

static struct bundle *const lab_only[] = {&plan_lab}, *const both[] = {&plan_empty, &plan_lab},
                            *const empty_only[] = {&plan_empty};

static void decided(void **state) {
    (void)state;
    static const struct {
        const char *options;
        struct bundle *const *bundles;
        size_t count;
        enum firmware firmware;
        const char *rom; /* the candidate's id, or NULL */
        enum rom_setting setting;
        enum toggle bar;
        bool rom_disabled, is_virtual, is_unknown;
    } cases[] = {
        /* Nothing asked: the bundle's ROM if there is one. */
        {"", lab_only, 1, FIRMWARE_UEFI, "plain", .setting = ROM_SETTING_KEEP},
        {"", lab_only, 1, FIRMWARE_BIOS, "bios", .setting = ROM_SETTING_KEEP},
        {"", both, 2, FIRMWARE_UEFI, "plain", .setting = ROM_SETTING_KEEP},
        {"", empty_only, 1, FIRMWARE_UEFI, NULL, .setting = ROM_SETTING_KEEP},
        {"", NULL, 0, FIRMWARE_UEFI, NULL, .setting = ROM_SETTING_KEEP},
        /* The domain disabled the ROM: nobody asked for another. */
        {"", lab_only, 1, FIRMWARE_UEFI, NULL, .setting = ROM_SETTING_KEEP, .rom_disabled = true},
        /* A virtual function has no ROM BAR, though the bundle may fit its IDs. */
        {"", lab_only, 1, FIRMWARE_UEFI, NULL, .setting = ROM_SETTING_KEEP, .is_virtual = true},
        {"'romBar': 'off'", lab_only, 1, FIRMWARE_UEFI, NULL, .bar = TOGGLE_OFF, .is_virtual = true},
        {"'rom': 'none'", lab_only, 1, FIRMWARE_UEFI, NULL, .setting = ROM_SETTING_DISABLED, .is_virtual = true},
        {"'rom': 'auto'", lab_only, 1, FIRMWARE_UEFI, "plain", .setting = ROM_SETTING_KEEP},
        {"'rom': 'auto', 'romBar': 'off'", lab_only, 1, FIRMWARE_UEFI, "plain", .bar = TOGGLE_OFF},
        {"'rom': 'plain'", both, 2, FIRMWARE_BIOS, "plain", .setting = ROM_SETTING_KEEP},
        {"'rom': 'bios'", lab_only, 1, FIRMWARE_BIOS, "bios", .setting = ROM_SETTING_KEEP},
        {"'rom': 'none'", lab_only, 1, FIRMWARE_UEFI, NULL, .setting = ROM_SETTING_DISABLED},
        {"'rom': 'none'", lab_only, 1, FIRMWARE_UEFI, NULL, .setting = ROM_SETTING_DISABLED, .rom_disabled = true},
        {"'rom': 'device'", lab_only, 1, FIRMWARE_UEFI, NULL, .setting = ROM_SETTING_DEVICE},
        {"'rom': 'device', 'romBar': 'on'", lab_only, 1, FIRMWARE_UEFI, NULL, .setting = ROM_SETTING_DEVICE,
         .bar = TOGGLE_ON},
        {"'romBar': 'off'", NULL, 0, FIRMWARE_UEFI, NULL, .setting = ROM_SETTING_KEEP, .bar = TOGGLE_OFF},
        /* The host cannot be read, and nothing is asked that would need it. */
        {"", NULL, 0, FIRMWARE_UEFI, NULL, .setting = ROM_SETTING_KEEP, .is_unknown = true},
        {"'rom': 'none'", lab_only, 1, FIRMWARE_UEFI, NULL, .setting = ROM_SETTING_DISABLED, .is_unknown = true},
        {"'rom': 'device'", lab_only, 1, FIRMWARE_UEFI, NULL, .setting = ROM_SETTING_DEVICE, .is_unknown = true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct guest guest = {.firmware = cases[i].firmware};
        const struct device_options options = device_options_of(cases[i].options, ORIGIN_EVERY_DEVICE);
        struct device device = make_device(cases[i].rom_disabled);
        struct device_facts facts =
            make_facts(cases[i].is_unknown ? HOST_UNKNOWN : HOST_PRESENT, cases[i].bundles, cases[i].count);
        struct decision decision = {0};
        struct rom_candidate candidate = {0};
        struct error err = {0};
        facts.guest = &guest;
        facts.host.is_virtual = cases[i].is_virtual;
        if (plan_rom(&device, &options, &facts, &decision, &candidate, &err) != 0)
            fail_msg("row %zu: %s", i, err.message);
        assert_no_error(&err);
        if (cases[i].rom)
            assert_string_equal(candidate.rom ? candidate.rom->id : "none", cases[i].rom);
        else
            assert_null(candidate.rom);
        assert_int_equal(decision.rom, cases[i].setting);
        assert_int_equal(decision.rom_bar, cases[i].bar);
        assert_null(decision.published);
        if (decision.rom != ROM_SETTING_KEEP)
            assert_int_equal(decision.rom_origin, ORIGIN_EVERY_DEVICE);
    }
}

static void refused(void **state) {
    (void)state;
    static const struct {
        const char *options;
        struct bundle *const *bundles;
        size_t count;
        bool rom_disabled;
        enum error_code code;
        const char *part;
    } cases[] = {
        {"'rom': 'auto'", NULL, 0, false, ERROR_REFUSED, "\"auto\" needs a ROM bundle"},
        {"'rom': 'auto'", empty_only, 1, false, ERROR_REFUSED,
         "no ROM for 1002:1681 (subsystem 1462:1381, revision c8) under uefi firmware in bundle \"empty\""},
        {"'rom': 'absent'", both, 2, false, ERROR_REFUSED, "no bundle has a ROM with the id \"absent\""},
        {"'rom': 'alien'", lab_only, 1, false, ERROR_REFUSED,
         "ROM \"alien\" of bundle \"lab\" is for another device than 1002:1681"},
        {"'rom': 'bios'", lab_only, 1, false, ERROR_REFUSED,
         "ROM \"bios\" of bundle \"lab\" is for bios firmware, this VM boots with uefi"},
        {"'rom': 'auto'", lab_only, 1, true, ERROR_INPUT, "<rom enabled=\"no\">"},
        {"'rom': 'plain'", lab_only, 1, true, ERROR_INPUT, "<rom enabled=\"no\">"},
        {"'rom': 'device'", lab_only, 1, true, ERROR_INPUT, "<rom enabled=\"no\">), the annotation tunes it"},
        {"'romBar': 'on'", NULL, 0, true, ERROR_INPUT, "<rom enabled=\"no\">"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct device_options options = device_options_of(cases[i].options, ORIGIN_ANNOTATION);
        struct device device = make_device(cases[i].rom_disabled);
        struct device_facts facts = make_facts(HOST_PRESENT, cases[i].bundles, cases[i].count);
        struct decision decision = {0};
        struct rom_candidate candidate = {0};
        struct error err = {0};
        if (plan_rom(&device, &options, &facts, &decision, &candidate, &err) != -1)
            fail_msg("row %zu was accepted", i);
        assert_error(&err, cases[i].code, cases[i].part);
    }
}

static void all_bundles_are_named(void **state) {
    (void)state;
    struct bundle other = {.manifest = {.name = (char *)"other"}}, *bundles[] = {&plan_empty, &other};
    struct device device = make_device(false);
    struct device_facts facts = make_facts(HOST_PRESENT, bundles, 2);
    struct decision decision = {0};
    struct rom_candidate candidate = {0};
    struct error err = {0};
    const struct device_options options = {.rom = {.choice = ROM_AUTO}};
    assert_int_equal(plan_rom(&device, &options, &facts, &decision, &candidate, &err), -1);
    assert_error(&err, ERROR_REFUSED, "in bundle \"empty\", \"other\"");
}

/* Two bundles with a ROM of one id; the second has the profile. */
static void a_profiles_rom_is_its_bundles(void **state) {
    (void)state;
    struct manifest_rom other_roms[] = {
        {.id = (char *)"plain", .match = IDS(0x1002, 0x1681)},
        {.id = (char *)"alien", .match = IDS(0x10de, 0x24dc)},
        {.id = (char *)"bios", .firmware = FIRMWARE_BIOS, .match = IDS(0x1002, 0x1681)}};
    struct bundle other = {.manifest = {.name = (char *)"other", .roms = other_roms, .count = 3}},
                  *bundles[] = {&plan_lab, &other};
    static const struct {
        const char *options;
        uint8_t origin;
        bool of_lab;      /* else the first of `other`, or */
        const char *part; /* why not */
    } cases[] = {
        {"'rom': 'plain'", ORIGIN_PROFILE(1), false, NULL},
        {"'rom': 'plain'", ORIGIN_PROFILE(0), true, NULL},
        {"'rom': 'plain'", ORIGIN_ANNOTATION, true, NULL},
        {"'rom': 'plain'", ORIGIN_EVERY_DEVICE, true, NULL},
        {"'rom': 'alien'", ORIGIN_PROFILE(1), false,
         "the profile of bundle \"other\" asks for a ROM: ROM \"alien\" of bundle \"other\" is for another device"},
        {"'rom': 'bios'", ORIGIN_PROFILE(1), false,
         "the profile of bundle \"other\" asks for a ROM: ROM \"bios\" of bundle \"other\" is for bios"},
        {"'rom': 'alien'", ORIGIN_ANNOTATION, false, "ROM \"alien\" of bundle \"lab\" is for another device"},
        {"'rom': 'alien'", ORIGIN_EVERY_DEVICE, false, "ROM \"alien\" of bundle \"lab\" is for another device"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct device_options options = device_options_of(cases[i].options, cases[i].origin);
        struct device device = make_device(false);
        struct device_facts facts = make_facts(HOST_PRESENT, bundles, 2);
        struct decision decision = {0};
        struct rom_candidate candidate = {0};
        struct error err = {0};
        assert_int_equal(plan_rom(&device, &options, &facts, &decision, &candidate, &err), cases[i].part ? -1 : 0);
        if (cases[i].part) {
            assert_memory_equal(err.message, cases[i].part, strlen(cases[i].part));
        } else {
            assert_ptr_equal(candidate.bundle, cases[i].of_lab ? &plan_lab : &other);
            assert_ptr_equal(candidate.rom, cases[i].of_lab ? plan_lab.manifest.roms : other_roms);
        }
    }
}

/* A built-in profile has no ROMs of its own, but may ask for one. */
static void a_built_in_profile_may_ask_for_a_rom(void **state) {
    (void)state;
    const struct device_options options = device_options_of("'rom': 'auto'", ORIGIN_BUILTIN);
    struct device device = make_device(false);
    struct device_facts facts = make_facts(HOST_PRESENT, empty_only, 1);
    struct decision decision = {0};
    struct rom_candidate candidate = {0};
    struct error err = {0};
    assert_int_equal(plan_rom(&device, &options, &facts, &decision, &candidate, &err), -1);
    assert_error(&err, ERROR_REFUSED, "a built-in profile asks for a ROM: no ROM for 1002:1681");
}

static void identities(void **state) {
    (void)state;
    char text[IDENTITY_TEXT_MAX];
    assert_string_equal(identity_describe(&plan_gpu, text), "1002:1681 (subsystem 1462:1381, revision c8)");
    assert_string_equal(identity_describe(&(struct pci_identity){0}, text),
                        "0000:0000 (subsystem 0000:0000, revision 00)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decided),
        cmocka_unit_test(refused),
        cmocka_unit_test(all_bundles_are_named),
        cmocka_unit_test(a_profiles_rom_is_its_bundles),
        cmocka_unit_test(a_built_in_profile_may_ask_for_a_rom),
        cmocka_unit_test(identities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
