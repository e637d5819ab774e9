/* rom/vbt: a table is found where it is whole, and only there. */
#include "rom/vbt.h"
#include "rom_builders.h"

enum { BDB = 0x30, SIZE = 0x60 };

static size_t vbt_build(uint8_t out[SIZE]) {
    memset(out, 0, SIZE);
    memcpy(out, "$VBT ALDERLAKE      ", 20);
    put16(out + 0x14, 100);
    put16(out + 0x16, 0x30);
    put16(out + 0x18, SIZE);
    put32(out + 0x1c, BDB);
    memcpy(out + BDB, "BIOS_DATA_BLOCK ", 16);
    put16(out + BDB + 0x10, 250);
    put16(out + BDB + 0x12, 0x16);
    put16(out + BDB + 0x14, SIZE - BDB);
    return SIZE;
}

static bool find_exact(const uint8_t *data, size_t size, struct vbt *vbt) {
    CLEANUP(free) uint8_t *exact = exact_copy(data, size);
    return vbt_find((struct bytes){exact, size}, vbt);
}

static void a_table(void **state) {
    (void)state;
    for (size_t at = 0; at < 64; at++) {
        uint8_t bytes[64 + SIZE] = {0};
        struct vbt vbt;
        uint8_t sum = 0;
        vbt_build(bytes + at);
        for (size_t i = 0; i < SIZE; i++)
            sum = (uint8_t)(sum + bytes[at + i]);
        assert_int_equal(find_exact(bytes, sizeof(bytes), &vbt), at % 4 == 0);
        if (at % 4)
            continue;
        assert_int_equal(vbt.offset, at);
        assert_string_equal(vbt.name, "$VBT ALDERLAKE");
        assert_int_equal(vbt.version, 100);
        assert_int_equal(vbt.size, SIZE);
        assert_int_equal(vbt.bdb_version, 250);
        assert_int_equal(vbt.sum, sum);
        assert_int_not_equal(vbt.sum, 0);
    }
}

static void the_first_whole_table_counts(void **state) {
    (void)state;
    uint8_t bytes[3 * SIZE];
    struct vbt vbt;
    for (size_t i = 0; i < 3; i++)
        vbt_build(bytes + i * SIZE);
    bytes[BDB] = 'b';
    put16(bytes + SIZE + 0x14, 7);
    assert_true(find_exact(bytes, sizeof(bytes), &vbt));
    assert_int_equal(vbt.offset, SIZE);
    assert_int_equal(vbt.version, 7);
}

static void names(void **state) {
    (void)state;
    static const struct {
        const char bytes[21], *name;
    } cases[] = {
        {"$VBT                ", "$VBT"},    {"$VBT0123456789012345", "$VBT0123456789012345"},
        {"$VBT A\0BCDEFGHIJKLMN", "$VBT A"}, {"$VBT A \n            ", "$VBT A"},
        {"$VBT\xff               ", "$VBT"}, {"$VBT ~\x7f             ", "$VBT ~"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[SIZE];
        struct vbt vbt;
        vbt_build(bytes);
        memcpy(bytes, cases[i].bytes, 20);
        assert_true(find_exact(bytes, SIZE, &vbt));
        assert_string_equal(vbt.name, cases[i].name);
    }
}

static void damages(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint16_t value;
        bool found;
    } cases[] = {
        {0x00, 0x5623, false},
        {0x02, 0x5441, false},
        {0x16, SIZE, true},
        {0x16, SIZE + 1, false},
        {0x16, 0xffff, false},
        {0x18, 0, false},
        {0x18, 0x2f, false},
        {0x18, SIZE - 1, false},
        {0x18, SIZE + 1, false},
        {0x18, 0xffff, false},
        {0x1c, SIZE - 0x16, false},
        {0x1c, SIZE - 0x15, false},
        {0x1c, 0xffff, false},
        {0x1e, 0xffff, false},
        {0x1c, 0, false},
        {BDB, 0x5555, false},
        {BDB + 14, 0x204b, true},
        {BDB + 14, 0x004b, true}, /* a blank or a NUL behind the signature */
        {BDB + 14, 0x204c, false},
        {BDB + 0x14, SIZE - BDB + 1, false},
        {BDB + 0x14, 0xffff, false},
        {BDB + 0x14, 0, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[SIZE];
        struct vbt vbt;
        vbt_build(bytes);
        put16(bytes + cases[i].at, cases[i].value);
        if (find_exact(bytes, SIZE, &vbt) != cases[i].found)
            fail_msg("row %zu", i);
        if (!cases[i].found && (vbt.offset || vbt.size || vbt.name[0]))
            fail_msg("row %zu: something is left", i);
    }
}

/* A BDB of its header only, at the very end, and one byte too far. */
static void the_smallest_bdb(void **state) {
    (void)state;
    for (size_t at = SIZE - 0x16; at <= SIZE - 0x15; at++) {
        uint8_t bytes[SIZE + 1];
        struct vbt vbt;
        vbt_build(bytes);
        put32(bytes + 0x1c, at);
        memcpy(bytes + at, "BIOS_DATA_BLOCK ", 16);
        put16(bytes + at + 0x10, 7);
        put16(bytes + at + 0x12, 0x16);
        if (at + 0x16 <= SIZE)
            put16(bytes + at + 0x14, 0x16);
        assert_int_equal(find_exact(bytes, SIZE, &vbt), at + 0x16 <= SIZE);
        assert_int_equal(vbt.bdb_version, at + 0x16 <= SIZE ? 7 : 0);
    }
}

static void every_truncation(void **state) {
    (void)state;
    uint8_t bytes[SIZE];
    struct vbt vbt;
    vbt_build(bytes);
    for (size_t cut = 0; cut < SIZE; cut++)
        if (find_exact(bytes, cut, &vbt))
            fail_msg("cut to %zu bytes", cut);
    assert_false(vbt_find((struct bytes){0}, &vbt));
}

static void random_damage(void **state) {
    (void)state;
    struct sequence sequence = {855};
    for (int round = 0; round < 50000; round++) {
        uint8_t bytes[2 * SIZE];
        struct vbt vbt;
        vbt_build(bytes);
        vbt_build(bytes + SIZE);
        damage_bytes(&sequence, bytes + 4, sizeof(bytes) - 4, 5);
        size_t size = sequence_below(&sequence, sizeof(bytes) + 1);
        if (find_exact(bytes, size, &vbt)) {
            assert_in_range(vbt.size, 0x30, size);
            assert_in_range(vbt.offset, 0, size - vbt.size);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table),
        cmocka_unit_test(the_first_whole_table_counts),
        cmocka_unit_test(names),
        cmocka_unit_test(damages),
        cmocka_unit_test(the_smallest_bdb),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
