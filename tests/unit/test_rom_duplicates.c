/* rom/duplicates: what an earlier bundle has already, and what only looks like it. */
#include <stdio.h>
#include <time.h>

#include "rom/duplicates.h"
#include "support.h"

#define PAIR (MATCH_BIT(MATCH_VENDOR) | MATCH_BIT(MATCH_DEVICE))

static struct manifest_rom make_rom(const char *id, uint16_t device, unsigned keys, enum firmware firmware) {
    const struct pci_identity identity = {.id = {0x1002, device}, .revision = 0xc8};
    return (struct manifest_rom){.id = (char *)id, .firmware = firmware, .match = match_of(&identity, keys)};
}

#define BUNDLE(title, list)                                                                                            \
    {                                                                                                                  \
        .manifest = {.name = (char *)(title), .roms = (list), .count = COUNT(list) }                                   \
    }

static void found(void **state) {
    (void)state;
    struct manifest_rom first[] = {make_rom("a", 1, PAIR, FIRMWARE_ANY), make_rom("b", 2, PAIR, FIRMWARE_UEFI),
                                   make_rom("c", 3, PAIR, FIRMWARE_ANY)};
    struct manifest_rom second[] = {
        make_rom("z", 3, PAIR, FIRMWARE_ANY),                             /* as c */
        make_rom("a", 1, PAIR | MATCH_BIT(MATCH_REVISION), FIRMWARE_ANY), /* the id of a, another match */
        make_rom("y", 2, PAIR, FIRMWARE_BIOS),                            /* as b, but for other firmware */
    };
    struct manifest_rom third[] = {
        make_rom("a", 1, PAIR, FIRMWARE_ANY),  /* in every way that of the first */
        make_rom("x", 2, PAIR, FIRMWARE_BIOS), /* as y of the second */
        make_rom("w", 4, PAIR, FIRMWARE_ANY),  /* its own */
    };
    struct bundle bundle[] = {BUNDLE("one", first), BUNDLE("two", second), BUNDLE("three", third)};
    struct bundle *bundles[] = {&bundle[0], &bundle[1], &bundle[2]};
    struct error err = {0};
    CLEANUP(duplicates_free) struct duplicates duplicates = {0};
    CLEANUP(buffer_free) struct buffer lines = {0};
    duplicates_find(bundles, 3, &duplicates, &err);
    assert_no_error(&err);
    duplicates_print(&duplicates, &lines);
    assert_bytes(
        buffer_bytes(&lines),
        "ROM \"z\" of bundle \"two\" never matches: ROM \"c\" of bundle \"one\", which comes first, is for the same "
        "devices (1002:0003) and firmware\n"
        "ROM \"a\" of bundle \"three\" never matches: ROM \"a\" of bundle \"one\", which comes first, is for the same "
        "devices (1002:0001) and firmware\n"
        "ROM \"x\" of bundle \"three\" never matches: ROM \"y\" of bundle \"two\", which comes first, is for the same "
        "devices (1002:0002) and firmware\n"
        "ROM \"a\" of bundle \"two\" cannot be asked for by its id: bundle \"one\", which comes first, has one\n"
        "ROM \"a\" of bundle \"three\" cannot be asked for by its id: bundle \"one\", which comes first, has one\n");
    assert_ptr_equal(duplicates.list[0].earlier, &bundle[0]);
    assert_ptr_equal(duplicates.list[0].earlier_rom, &first[2]);
    assert_ptr_equal(duplicates.list[0].later, &bundle[1]);
    assert_ptr_equal(duplicates.list[0].later_rom, &second[0]);
    assert_int_equal(duplicates.list[0].kind, DUPLICATE_MATCH);
    assert_int_equal(duplicates.list[3].kind, DUPLICATE_ID);
}

static void none(void **state) {
    (void)state;
    struct manifest_rom roms[] = {make_rom("a", 1, PAIR, FIRMWARE_ANY), make_rom("b", 2, PAIR, FIRMWARE_ANY)};
    struct bundle bundle = BUNDLE("one", roms), empty = {0}, *bundles[] = {&empty, &bundle, &empty};
    for (size_t count = 0; count <= 3; count++) {
        struct error err = {0};
        CLEANUP(duplicates_free) struct duplicates duplicates = {0};
        assert_int_equal(duplicates_find(bundles, count, &duplicates, &err), 0);
        assert_int_equal(duplicates.count, 0);
    }
}

/* 16 bundles of 1,000 ROMs, all the same: quadratic work would take minutes under the sanitizers. */
static void many(void **state) {
    (void)state;
    enum { BUNDLES = 16, ROMS = 1000 };
    static struct manifest_rom roms[ROMS];
    static char ids[ROMS][16];
    struct bundle bundle[BUNDLES], *bundles[BUNDLES];
    for (size_t i = 0; i < ROMS; i++) {
        snprintf(ids[i], sizeof(ids[i]), "rom-%zu", i);
        roms[i] = make_rom(ids[i], (uint16_t)i, PAIR, FIRMWARE_ANY);
    }
    for (size_t i = 0; i < BUNDLES; i++) {
        bundle[i] = (struct bundle)BUNDLE("same", roms);
        bundles[i] = &bundle[i];
    }
    struct error err = {0};
    struct timespec start, end;
    CLEANUP(duplicates_free) struct duplicates duplicates = {0};
    CLEANUP(buffer_free) struct buffer lines = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    assert_int_equal(duplicates_find(bundles, BUNDLES, &duplicates, &err), 0);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    assert_int_equal(duplicates.count, 2 * (BUNDLES - 1) * ROMS);
    assert_true(end.tv_sec - start.tv_sec < 3);
    for (size_t i = 0; i < duplicates.count; i++)
        assert_ptr_equal(duplicates.list[i].earlier, bundles[0]);
    duplicates_print(&duplicates, &lines);
    assert_non_null(strstr(lines.data, "\n29984 more ROMs are in several bundles\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found),
        cmocka_unit_test(none),
        cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
