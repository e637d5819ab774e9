/* rom/builtin: what is compiled in is a manifest, says where it has its knowledge from, and cannot harm. */
#include "rom/builtin.h"
#include "rom/match.h"
#include "support.h"

static int setup(void **state) {
    static struct manifest manifest;
    struct error err = {0};
    *state = &manifest;
    return builtin_profiles(&manifest, &err);
}

static int teardown(void **state) {
    manifest_free(*state);
    return 0;
}

static void every_line_has_its_source(void **state) {
    const struct manifest *manifest = *state;
    assert_int_equal(manifest->count, 0);
    assert_true(manifest->profile_count > 20);
    for (size_t i = 0; i < manifest->profile_count; i++) {
        const char *about = manifest->profiles[i].about;
        assert_non_null(about);
        if (!strstr(about, "#") && !strstr(about, "docs/"))
            fail_msg("profiles[%zu] names no source: %s", i, about);
    }
}

/* They apply to everybody. So only what acts where it is needed, and nothing that could refuse a VM or fail its start.
 */
static void only_what_cannot_harm(void **state) {
    const struct manifest *manifest = *state;
    for (size_t i = 0; i < manifest->profile_count; i++) {
        const struct manifest_profile *profile = &manifest->profiles[i];
        for (enum device_option option = 0; option < OPTION_COUNT; option++)
            if (option != OPTION_ROM_BAR)
                assert_false(device_option_given(&profile->options, option));
        for (enum guest_option option = 0; option < GUEST_OPTION_COUNT; option++)
            if (option != GUEST_OVMF_MMIO64 && option != GUEST_MAX_PHYS_ADDR)
                assert_false(guest_option_given(&profile->guest, option));
        assert_int_not_equal(profile->options.rom_bar, TOGGLE_OFF);
        if (guest_option_given(&profile->guest, GUEST_OVMF_MMIO64))
            assert_int_equal(profile->guest.ovmf_mmio64.kind, WINDOW_AUTO);
        if (guest_option_given(&profile->guest, GUEST_MAX_PHYS_ADDR))
            assert_int_equal(profile->guest.max_phys_addr.mode, PHYS_ADDR_AUTO);
    }
}

static void who_gets_what(void **state) {
    static const struct {
        const char *what;
        struct pci_id id;
        uint32_t class_code;
        bool rom_bar, window;
    } cases[] = {
        {"Rembrandt's 680M", {0x1002, 0x1681}, 0x030000, true, true},
        {"its audio function", {0x1002, 0x1640}, 0x040300, true, false},
        {"an RTX 3090", {0x10de, 0x2204}, 0x030000, false, true},
        {"its audio function", {0x10de, 0x1aef}, 0x040300, false, false},
        {"an H100", {0x10de, 0x2330}, 0x030200, false, true},
        {"an NVSwitch", {0x10de, 0x22a3}, 0x068000, false, false},
        {"an Arc A770", {0x8086, 0x56a0}, 0x030000, false, true},
        {"a Flex 170", {0x8086, 0x56c0}, 0x038000, false, true},
        {"an MI300X", {0x1002, 0x74a1}, 0x120000, false, true},
        {"an NVMe disk", {0x144d, 0xa80a}, 0x010802, false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct pci_identity identity = {.id = cases[i].id, .class_code = cases[i].class_code};
        struct device_options options = {0};
        struct guest_options guest = {0};
        match_manifest_profiles(*state, &identity, ORIGIN_BUILTIN, &options, &guest);
        if ((options.rom_bar == TOGGLE_ON) != cases[i].rom_bar ||
            (guest.ovmf_mmio64.kind == WINDOW_AUTO) != cases[i].window)
            fail_msg("%s: romBar %d, window %d", cases[i].what, options.rom_bar, guest.ovmf_mmio64.kind);
        if (cases[i].rom_bar)
            assert_int_equal(options.said.origin[OPTION_ROM_BAR], ORIGIN_BUILTIN);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_has_its_source),
        cmocka_unit_test(only_what_cannot_harm),
        cmocka_unit_test(who_gets_what),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
