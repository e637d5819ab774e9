/* rom/match: the most specific ROM of the first bundle that has one. */
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits),
        cmocka_unit_test(firmware),
        cmocka_unit_test(the_most_specific_wins),
        cmocka_unit_test(what_does_not_fit_is_passed_over),
        cmocka_unit_test(the_first_bundle_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
