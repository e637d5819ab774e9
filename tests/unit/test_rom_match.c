/* rom/match: the most specific ROM of the first bundle that has one, and the profiles that fit. rom/match_key through
 * it. */
#include <stdio.h>

#include "rom/match.h"
#include "support.h"

static const struct pci_identity device = {
    .id = {0x1002, 0x1681}, .subsystem = {0x1462, 0x1381}, .revision = 0xc8, .class_code = 0x030000};

#define VENDOR     MATCH_BIT(MATCH_VENDOR)
#define CLASS      MATCH_BIT(MATCH_CLASS)
#define FULL_CLASS MATCH_BIT(MATCH_FULL_CLASS)
#define REVISION   MATCH_BIT(MATCH_REVISION)
#define SUBSYSTEM  MATCH_BIT(MATCH_SUBSYSTEM)
#define DEVICE     MATCH_BIT(MATCH_DEVICE)
#define PAIR       (VENDOR | DEVICE)

/* A ROM that fits the device by these keys. */
static struct manifest_rom make_rom(const char *id, unsigned keys, enum firmware firmware) {
    return (struct manifest_rom){.id = (char *)id, .firmware = firmware, .match = match_of(&device, keys)};
}

/* Every set of keys fits the device, until the value of any one key is another. */
static void fits(void **state) {
    (void)state;
    const struct rom_match all = match_of(&device, MATCH_ALL);
    for (unsigned keys = 0; keys <= MATCH_ALL; keys++) {
        struct rom_match match = match_of(&device, keys);
        assert_int_equal(match_misfit(&match, &all), MATCH_KEYS);
        for (enum match_key key = 0; key < MATCH_KEYS; key++) {
            if (!(keys & MATCH_BIT(key)))
                continue;
            struct rom_match other = match, unknown = match_of(&device, MATCH_ALL & ~MATCH_BIT(key));
            other.value[key] ^= 1;
            assert_int_equal(match_misfit(&other, &all), key);
            assert_false(match_fits(&other, &all));
            assert_int_equal(match_misfit(&match, &unknown), key);
            match.value[key] = 0; /* what is not known is not 0 */
            assert_int_equal(match_misfit(&match, &unknown), key);
            match.value[key] = all.value[key];
        }
    }
}

static void firmware(void **state) {
    (void)state;
    /* [ROM][VM] */
    static const bool expected[3][3] = {{true, true, true}, {true, true, false}, {true, false, true}};
    for (enum firmware rom = FIRMWARE_ANY; rom <= FIRMWARE_UEFI; rom++)
        for (enum firmware vm = FIRMWARE_ANY; vm <= FIRMWARE_UEFI; vm++)
            assert_int_equal(match_firmware(rom, vm), expected[rom][vm]);
}

/* Ordered from the least to the most specific: each beats those before it, whatever their order in the manifest. */
static void the_most_specific_wins(void **state) {
    (void)state;
    static const unsigned sets[] = {VENDOR | CLASS,
                                    VENDOR | FULL_CLASS,
                                    VENDOR | CLASS | REVISION,
                                    VENDOR | FULL_CLASS | REVISION,
                                    VENDOR | CLASS | SUBSYSTEM,
                                    VENDOR | FULL_CLASS | SUBSYSTEM,
                                    VENDOR | CLASS | REVISION | SUBSYSTEM,
                                    VENDOR | FULL_CLASS | REVISION | SUBSYSTEM,
                                    PAIR,
                                    PAIR | CLASS,
                                    PAIR | FULL_CLASS,
                                    PAIR | REVISION,
                                    PAIR | REVISION | CLASS,
                                    PAIR | REVISION | FULL_CLASS,
                                    PAIR | SUBSYSTEM,
                                    PAIR | SUBSYSTEM | FULL_CLASS,
                                    PAIR | SUBSYSTEM | REVISION,
                                    PAIR | SUBSYSTEM | REVISION | FULL_CLASS};
    struct manifest_rom ranks[2 * COUNT(sets)];
    for (size_t i = 0; i < COUNT(ranks); i++)
        ranks[i] = make_rom("r", sets[i / 2], i & 1 ? FIRMWARE_UEFI : FIRMWARE_ANY);
    for (size_t a = 0; a < COUNT(ranks); a++) {
        for (size_t b = 0; b < COUNT(ranks); b++) {
            if (a == b)
                continue;
            struct manifest_rom roms[] = {ranks[a], ranks[b]};
            struct bundle bundle = {.manifest = {.roms = roms, .count = 2}}, *bundles[] = {&bundle};
            struct rom_candidate found = match_device(bundles, 1, &device, FIRMWARE_UEFI);
            assert_ptr_equal(found.bundle, &bundle);
            assert_ptr_equal(found.rom, &roms[a > b ? 0 : 1]);
        }
    }
}

static void what_does_not_fit_is_passed_over(void **state) {
    (void)state;
    struct manifest_rom roms[] = {
        make_rom("wrong-subsystem", PAIR | SUBSYSTEM | REVISION, FIRMWARE_UEFI),
        make_rom("wrong-firmware", PAIR | SUBSYSTEM | REVISION, FIRMWARE_BIOS),
        make_rom("plain", PAIR, FIRMWARE_ANY),
    };
    roms[0].match.value[MATCH_SUBSYSTEM]++;
    struct bundle bundle = {.manifest = {.roms = roms, .count = 3}}, *bundles[] = {&bundle};
    assert_ptr_equal(match_device(bundles, 1, &device, FIRMWARE_UEFI).rom, &roms[2]);
    assert_ptr_equal(match_device(bundles, 1, &device, FIRMWARE_BIOS).rom, &roms[1]);
    bundle.manifest.count = 2;
    assert_null(match_device(bundles, 1, &device, FIRMWARE_UEFI).rom);
    assert_null(match_device(bundles, 0, &device, FIRMWARE_UEFI).rom);
    bundle.manifest.count = 0;
    assert_null(match_device(bundles, 1, &device, FIRMWARE_UEFI).rom);
}

static void the_first_bundle_decides(void **state) {
    (void)state;
    struct manifest_rom plain = make_rom("same", PAIR, FIRMWARE_ANY);
    struct manifest_rom exact = make_rom("same", PAIR | SUBSYSTEM | REVISION, FIRMWARE_UEFI);
    struct manifest_rom alien = make_rom("alien", PAIR, FIRMWARE_ANY);
    alien.match.value[MATCH_DEVICE]++;
    struct bundle none = {.manifest = {.roms = &alien, .count = 1}}, first = {.manifest = {.roms = &plain, .count = 1}},
                  second = {.manifest = {.roms = &exact, .count = 1}}, *bundles[] = {&none, &first, &second};
    struct rom_candidate found = match_device(bundles, 3, &device, FIRMWARE_UEFI);
    assert_ptr_equal(found.bundle, &first);
    assert_ptr_equal(found.rom, &plain);
    found = match_id(bundles, 3, "same");
    assert_ptr_equal(found.bundle, &first);
    assert_ptr_equal(found.rom, &plain);
    found = match_id(bundles, 3, "alien");
    assert_ptr_equal(found.bundle, &none);
    assert_null(match_id(bundles, 3, "sam").rom);
    assert_null(match_id(bundles, 3, "").rom);
    assert_null(match_id(bundles, 0, "same").rom);
}

/* The same rules once more, said differently: the number of a key for the device and for a match, or -1. */
struct plain {
    int64_t device, subsystem, revision, class6, class4, vendor, firmware;
};

static struct plain plain_of(const struct manifest_rom *rom) {
#define GIVEN(key) (rom->match.keys & MATCH_BIT(key) ? (int64_t)rom->match.value[key] : -1)
    return (struct plain){GIVEN(MATCH_DEVICE), GIVEN(MATCH_SUBSYSTEM), GIVEN(MATCH_REVISION), GIVEN(MATCH_FULL_CLASS),
                          GIVEN(MATCH_CLASS),  GIVEN(MATCH_VENDOR),    rom->firmware};
}

static bool plain_fits(const struct plain *rom, const struct pci_identity *of, enum firmware vm) {
    return (rom->vendor < 0 || rom->vendor == of->id.vendor) && (rom->device < 0 || rom->device == of->id.device) &&
           (rom->subsystem < 0 || rom->subsystem == of->subsystem.vendor * 65536 + of->subsystem.device) &&
           (rom->revision < 0 || rom->revision == of->revision) && (rom->class6 < 0 || rom->class6 == of->class_code) &&
           (rom->class4 < 0 || rom->class4 == of->class_code / 256) &&
           (vm == FIRMWARE_ANY || rom->firmware == FIRMWARE_ANY || rom->firmware == (int64_t)vm);
}

/* Is `a` ahead of `b`, both fitting? */
static bool plain_beats(const struct plain *a, const struct plain *b) {
    const bool order[][2] = {
        {a->device >= 0, b->device >= 0},     {a->subsystem >= 0, b->subsystem >= 0},
        {a->revision >= 0, b->revision >= 0}, {a->class6 >= 0, b->class6 >= 0},
        {a->class4 >= 0, b->class4 >= 0},     {a->vendor >= 0, b->vendor >= 0},
        {a->firmware > 0, b->firmware > 0},   {a->firmware == FIRMWARE_UEFI, b->firmware == FIRMWARE_UEFI},
    };
    for (size_t i = 0; i < COUNT(order); i++)
        if (order[i][0] != order[i][1])
            return order[i][0];
    return false;
}

/* Few values, so that much fits and much is the same. */
static struct pci_identity random_identity(struct sequence *sequence) {
    return (struct pci_identity){
        .id = {0x1002, (uint16_t)sequence_below(sequence, 2)},
        .subsystem = {(uint16_t)sequence_below(sequence, 2), 1},
        .revision = (uint8_t)sequence_below(sequence, 2),
        .class_code = 0x030000 + sequence_below(sequence, 2) + 0x100 * sequence_below(sequence, 2),
    };
}

static struct manifest_rom random_rom(struct sequence *sequence, char id[16], size_t number) {
    struct pci_identity identity = random_identity(sequence);
    unsigned keys = VENDOR | (MATCH_ALL & sequence_next(sequence));
    if (keys & FULL_CLASS)
        keys &= ~CLASS;
    if (!(keys & (DEVICE | CLASS | FULL_CLASS)))
        keys |= DEVICE;
    snprintf(id, 16, "r%zu", number);
    return (struct manifest_rom){
        .id = id, .file = (char *)"f", .firmware = sequence_below(sequence, 3), .match = match_of(&identity, keys)};
}

/* A manifest takes a ROM exactly when none is identical, and then every device has one winner: it fits, and all others
 * that fit are behind it. */
static void the_winner_is_unique(void **state) {
    (void)state;
    struct sequence sequence = {7};
    size_t winners = 0, contests = 0, refused = 0;
    for (int round = 0; round < 300; round++) {
        struct bundle bundle = {0}, *bundles[] = {&bundle};
        size_t most = 1 + sequence_below(&sequence, 200);
        for (size_t i = 0; i < most; i++) {
            char id[16];
            struct manifest_rom rom = random_rom(&sequence, id, i);
            struct plain fresh = plain_of(&rom);
            bool twin = false;
            for (size_t j = 0; j < bundle.manifest.count; j++) {
                struct plain other = plain_of(&bundle.manifest.roms[j]);
                twin |= memcmp(&fresh, &other, sizeof(fresh)) == 0;
            }
            struct error err = {0};
            assert_int_equal(manifest_add_rom(&bundle.manifest, &rom, &err), twin ? -1 : 0);
            refused += twin;
        }
        for (int probe = 0; probe < 20; probe++) {
            struct pci_identity identity = random_identity(&sequence);
            enum firmware vm = sequence_below(&sequence, 3);
            const struct manifest_rom *winner = match_device(bundles, 1, &identity, vm).rom;
            struct plain best = winner ? plain_of(winner) : (struct plain){0};
            assert_true(!winner || plain_fits(&best, &identity, vm));
            winners += winner != NULL;
            for (size_t i = 0; i < bundle.manifest.count; i++) {
                struct plain other = plain_of(&bundle.manifest.roms[i]);
                if (&bundle.manifest.roms[i] == winner || !plain_fits(&other, &identity, vm))
                    continue;
                contests++;
                assert_non_null(winner);
                assert_true(plain_beats(&best, &other) && !plain_beats(&other, &best));
            }
        }
        manifest_free(&bundle.manifest);
    }
    /* The test would prove nothing of manifests in which nothing ever met. */
    assert_true(winners > 3000 && contests > 10000 && refused > 1000);
}

static struct manifest_profile make_profile(unsigned keys, enum rom_choice rom, enum toggle bar) {
    return (struct manifest_profile){.match = match_of(&device, keys),
                                     .options = {.rom = {.choice = rom}, .rom_bar = bar}};
}

static void profiles_are_merged(void **state) {
    (void)state;
    static const struct {
        struct {
            unsigned keys;
            enum rom_choice rom;
            enum toggle bar;
            bool alien;
        } profiles[3]; /* the third is of the second bundle */
        enum rom_choice rom;
        enum toggle bar;
        uint8_t rom_origin, bar_origin;
    } cases[] = {
        {{{VENDOR, ROM_AUTO, TOGGLE_ON, false}}, ROM_AUTO, TOGGLE_ON, 1, 1},
        {{{VENDOR, ROM_AUTO, TOGGLE_ON, true}}, ROM_UNSET, TOGGLE_UNSET, 0, 0},
        /* Key by key, whichever comes first in the file. */
        {{{VENDOR, ROM_AUTO, TOGGLE_ON, false}, {PAIR, ROM_UNSET, TOGGLE_OFF, false}}, ROM_AUTO, TOGGLE_OFF, 1, 1},
        {{{PAIR, ROM_UNSET, TOGGLE_OFF, false}, {VENDOR, ROM_AUTO, TOGGLE_ON, false}}, ROM_AUTO, TOGGLE_OFF, 1, 1},
        {{{CLASS, ROM_AUTO, TOGGLE_ON, false}, {VENDOR, ROM_DEVICE, TOGGLE_UNSET, false}}, ROM_AUTO, TOGGLE_ON, 1, 1},
        {{{CLASS, ROM_AUTO, TOGGLE_ON, false}, {FULL_CLASS, ROM_DEVICE, TOGGLE_UNSET, false}},
         ROM_DEVICE,
         TOGGLE_ON,
         1,
         1},
        /* The first bundle wins, however specific the second is. */
        {{{VENDOR, ROM_AUTO, TOGGLE_UNSET, false}, {0, 0, 0, true}, {PAIR | SUBSYSTEM, ROM_DEVICE, TOGGLE_OFF, false}},
         ROM_AUTO,
         TOGGLE_OFF,
         1,
         2},
        /* Without a ROM there is nothing to tune. */
        {{{VENDOR, ROM_UNSET, TOGGLE_ON, false}, {PAIR, ROM_NONE, TOGGLE_UNSET, false}}, ROM_NONE, TOGGLE_UNSET, 1, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct manifest_profile profiles[3];
        for (size_t j = 0; j < 3; j++) {
            unsigned keys = cases[i].profiles[j].keys;
            profiles[j] = make_profile(keys, cases[i].profiles[j].rom, cases[i].profiles[j].bar);
            if (!keys || cases[i].profiles[j].alien) {
                profiles[j].match.keys |= VENDOR;
                profiles[j].match.value[MATCH_VENDOR] = 0x8086;
            }
        }
        struct bundle first = {.manifest = {.profiles = profiles, .profile_count = 2}},
                      second = {.manifest = {.profiles = &profiles[2], .profile_count = 1}},
                      *bundles[] = {&first, &second};
        struct device_options options = {0};
        struct guest_options guest = {0};
        match_profiles(bundles, 2, &device, &options, &guest);
        if (options.rom.choice != cases[i].rom || options.rom_bar != cases[i].bar)
            fail_msg("row %zu: rom %d, romBar %d", i, (int)options.rom.choice, (int)options.rom_bar);
        if (options.rom.choice != ROM_UNSET)
            assert_int_equal(options.said.origin[OPTION_ROM], cases[i].rom_origin);
        if (options.rom_bar != TOGGLE_UNSET)
            assert_int_equal(options.said.origin[OPTION_ROM_BAR], cases[i].bar_origin);
        assert_false(guest_option_given(&guest, GUEST_HIDE_HYPERVISOR));
    }
}

/* What profiles say of the guest is merged by the same rules; null takes away what a weaker one says. */
static void profiles_of_the_guest(void **state) {
    (void)state;
    struct manifest_profile wide = {.match = match_of(&device, VENDOR),
                                    .guest = {.hide_hypervisor = TOGGLE_ON, .topoext = TOGGLE_ON}},
                            narrow = {.match = match_of(&device, PAIR),
                                      .guest = {.said = {.withdrawn = 1u << GUEST_TOPOEXT}, .ioapic = IOAPIC_KVM}},
                            alien = {.match = match_of(&device, VENDOR), .guest = {.emulated_video = VIDEO_REMOVE}};
    alien.match.value[MATCH_VENDOR]++;
    struct manifest_profile profiles[] = {narrow, wide, alien};
    struct manifest manifest = {.profiles = profiles, .profile_count = 3};
    struct device_options options = {0};
    struct guest_options guest = {0};
    match_manifest_profiles(&manifest, &device, ORIGIN_BUILTIN, &options, &guest);
    assert_int_equal(guest.hide_hypervisor, TOGGLE_ON);
    assert_int_equal(guest.topoext, TOGGLE_UNSET);
    assert_int_equal(guest.ioapic, IOAPIC_KVM);
    assert_int_equal(guest.emulated_video, VIDEO_UNSET);
    static const enum guest_option said[] = {GUEST_HIDE_HYPERVISOR, GUEST_TOPOEXT, GUEST_IOAPIC};
    for (size_t i = 0; i < COUNT(said); i++)
        assert_int_equal(guest.said.origin[said[i]], ORIGIN_BUILTIN);
    /* A bundle's profile over the built-in one's, and the first bundle's over the second's. */
    struct manifest_profile first_says = {.match = match_of(&device, VENDOR), .guest = {.ioapic = IOAPIC_QEMU}},
                            second_says = {.match = match_of(&device, PAIR),
                                           .guest = {.ioapic = IOAPIC_KVM, .topoext = TOGGLE_OFF}};
    struct bundle first = {.manifest = {.profiles = &first_says, .profile_count = 1}},
                  second = {.manifest = {.profiles = &second_says, .profile_count = 1}}, *bundles[] = {&first, &second};
    match_profiles(bundles, 2, &device, &options, &guest);
    assert_int_equal(guest.ioapic, IOAPIC_QEMU);
    assert_int_equal(guest.said.origin[GUEST_IOAPIC], ORIGIN_PROFILE(0));
    assert_int_equal(guest.topoext, TOGGLE_OFF);
    assert_int_equal(guest.said.origin[GUEST_TOPOEXT], ORIGIN_PROFILE(1));
    assert_int_equal(guest.hide_hypervisor, TOGGLE_ON);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits),
        cmocka_unit_test(firmware),
        cmocka_unit_test(the_most_specific_wins),
        cmocka_unit_test(what_does_not_fit_is_passed_over),
        cmocka_unit_test(the_first_bundle_decides),
        cmocka_unit_test(the_winner_is_unique),
        cmocka_unit_test(profiles_are_merged),
        cmocka_unit_test(profiles_of_the_guest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
