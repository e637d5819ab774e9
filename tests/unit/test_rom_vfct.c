/* rom/vfct: the images that a table hands over, and that no entry leads outside of it. */
#include "rom/vfct.h"
#include "rom_builders.h"

enum { TABLE = 0x4c, ENTRY = 0x1c, IMAGE = 0x20 };

/* A table of `count` entries, the n-th for device 1681 + n with IMAGE bytes, into out. Returns its size. */
static size_t vfct_build(uint8_t *out, size_t count) {
    size_t size = TABLE + count * (ENTRY + IMAGE);
    memset(out, 0, size);
    memcpy(out, "VFCT", 4);
    put32(out + 0x04, size);
    put32(out + 0x34, TABLE);
    for (size_t i = 0; i < count; i++) {
        uint8_t *entry = out + TABLE + i * (ENTRY + IMAGE);
        put32(entry + 0x00, 0xe5 + i);
        put32(entry + 0x04, 1);
        put32(entry + 0x08, 2);
        put16(entry + 0x0c, 0x1002);
        put16(entry + 0x0e, 0x1681 + i);
        put16(entry + 0x10, 0x1043);
        put16(entry + 0x12, 0x8877);
        put32(entry + 0x14, 0xc8);
        put32(entry + 0x18, IMAGE);
        memset(entry + ENTRY, 0x77, IMAGE);
    }
    return size;
}

static int parse_exact(const uint8_t *data, size_t size, struct vfct *vfct, struct error *err) {
    CLEANUP(free) uint8_t *exact = exact_copy(data, size);
    return vfct_parse((struct bytes){exact, size}, vfct, err);
}

static void entries(void **state) {
    (void)state;
    for (size_t count = 0; count <= 3; count++) {
        uint8_t bytes[TABLE + 3 * (ENTRY + IMAGE)];
        struct vfct vfct;
        struct error err = {0};
        size_t size = vfct_build(bytes, count);
        bytes[0x09] = 0x11;
        uint8_t sum = 0;
        for (size_t i = 0; i < size; i++)
            sum = (uint8_t)(sum + bytes[i]);
        assert_int_equal(parse_exact(bytes, size, &vfct, &err), 0);
        assert_int_equal(vfct.count, count);
        assert_int_equal(vfct.sum, sum);
        for (size_t i = 0; i < count; i++) {
            const struct vfct_image *image = &vfct.images[i];
            assert_int_equal(image->offset, TABLE + i * (ENTRY + IMAGE) + ENTRY);
            assert_int_equal(image->size, IMAGE);
            assert_int_equal(image->bus, 0xe5 + i);
            assert_int_equal(image->device, 1);
            assert_int_equal(image->function, 2);
            assert_true(pci_id_equal(image->id, (struct pci_id){0x1002, (uint16_t)(0x1681 + i)}));
            assert_true(pci_id_equal(image->subsystem, (struct pci_id){0x1043, 0x8877}));
            assert_int_equal(image->revision, 0xc8);
        }
    }
}

static void an_entry_without_bytes_is_passed_over(void **state) {
    (void)state;
    for (size_t which = 0; which < 3; which++) {
        uint8_t bytes[TABLE + 3 * (ENTRY + IMAGE)];
        struct vfct vfct;
        struct error err = {0};
        size_t size = vfct_build(bytes, 3), at = TABLE + which * (ENTRY + IMAGE) + ENTRY;
        put32(bytes + at - 4, 0);
        memmove(bytes + at, bytes + at + IMAGE, size - at - IMAGE);
        put32(bytes + 0x04, size - IMAGE);
        assert_int_equal(parse_exact(bytes, size - IMAGE, &vfct, &err), 0);
        assert_int_equal(vfct.count, 2);
        assert_int_equal(vfct.images[0].id.device, which == 0 ? 0x1682 : 0x1681);
        assert_int_equal(vfct.images[1].id.device, which == 2 ? 0x1682 : 0x1683);
    }
}

static void bytes_behind_the_table_are_ignored(void **state) {
    (void)state;
    uint8_t bytes[TABLE + ENTRY + IMAGE + 100];
    struct vfct vfct;
    struct error err = {0};
    memset(bytes, 0xff, sizeof(bytes));
    vfct_build(bytes, 1);
    assert_int_equal(parse_exact(bytes, sizeof(bytes), &vfct, &err), 0);
    assert_int_equal(vfct.count, 1);
}

/* Once as it is, and once with a header that says what is there. */
static void every_truncation(void **state) {
    (void)state;
    for (int repair = 0; repair < 2; repair++)
        for (size_t cut = 0; cut < TABLE + 2 * (ENTRY + IMAGE); cut++) {
            uint8_t bytes[TABLE + 2 * (ENTRY + IMAGE)];
            struct vfct vfct;
            struct error err = {0};
            vfct_build(bytes, 2);
            if (repair && cut >= TABLE)
                put32(bytes + 4, cut);
            bool at_an_end = repair && cut >= TABLE && (cut - TABLE) % (ENTRY + IMAGE) == 0;
            if (parse_exact(bytes, cut, &vfct, &err) != (at_an_end ? 0 : -1))
                fail_msg("cut to %zu bytes", cut);
            if (!at_an_end)
                assert_error(&err, ERROR_INPUT, "offset 0x");
            assert_int_equal(vfct.count, repair && cut >= TABLE ? (cut - TABLE) / (ENTRY + IMAGE) : 0);
        }
    struct vfct vfct;
    struct error err = {0};
    assert_int_equal(vfct_parse((struct bytes){0}, &vfct, &err), -1);
    assert_error(&err, ERROR_INPUT, "no VFCT at offset 0x0");
}

static void damages(void **state) {
    (void)state;
    enum { SIZE = TABLE + 2 * (ENTRY + IMAGE), SECOND = TABLE + ENTRY + IMAGE };
    static const struct {
        size_t at;
        uint32_t value;
        const char *part; /* NULL: accepted */
        size_t count;
    } cases[] = {
        {0x00, 0x54434656, NULL, 2},
        {0x00, 0x54434655, "no VFCT at offset 0x0: no such signature", 0},
        {0x04, 0, "a length of 0 bytes is less than its header's", 0},
        {0x04, TABLE - 1, "a length of 75 bytes is less than its header's", 0},
        {0x04, SIZE + 1, "VFCT at offset 0x0: it says 197 bytes, the file has 196: it is truncated", 0},
        {0x04, 0xffffffff, "it says 4294967295 bytes", 0},
        {0x04, SIZE - IMAGE - 1, "VFCT entry at offset 0x88: its header leads outside the table of 163 bytes", 1},
        {0x34, TABLE - 1, "the image offset 0x4b at offset 0x34 leads outside", 0},
        {0x34, 0, "the image offset 0x0 at offset 0x34 leads outside", 0},
        {0x34, SIZE + 1, "the image offset 0xc5 at offset 0x34 leads outside", 0},
        {0x34, 0xffffffff, "leads outside", 0},
        {0x34, SIZE, NULL, 0},
        {0x34, SECOND, NULL, 1},
        {0x34, SIZE - 1, "VFCT entry at offset 0xc3: its header leads outside the table of 196 bytes", 0},
        {SECOND + 0x18, IMAGE + 1, "VFCT entry at offset 0x88: its image says 33 bytes, the table has 32", 1},
        {SECOND + 0x18, 0xffffffff, "its image says 4294967295 bytes", 1},
        {SECOND + 0x18, IMAGE - 1, "VFCT entry at offset 0xc3: its header leads outside", 2},
        {TABLE + 0x18, 0xffffffe4, "VFCT entry at offset 0x4c: its image says 4294967268 bytes", 0}, /* would wrap */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[SIZE];
        struct vfct vfct;
        struct error err = {0};
        vfct_build(bytes, 2);
        put32(bytes + cases[i].at, cases[i].value);
        if (parse_exact(bytes, SIZE, &vfct, &err) != (cases[i].part ? -1 : 0))
            fail_msg("row %zu: %s", i, err.message);
        if (cases[i].part)
            assert_error(&err, ERROR_INPUT, cases[i].part);
        assert_int_equal(vfct.count, cases[i].count);
    }
}

static void the_most_images(void **state) {
    (void)state;
    static uint8_t bytes[TABLE + (VFCT_IMAGES_MAX + 1) * (ENTRY + IMAGE)];
    for (size_t count = VFCT_IMAGES_MAX; count <= VFCT_IMAGES_MAX + 1; count++) {
        struct vfct vfct;
        struct error err = {0};
        int result = parse_exact(bytes, vfct_build(bytes, count), &vfct, &err);
        assert_int_equal(result, count > VFCT_IMAGES_MAX ? -1 : 0);
        if (result < 0)
            assert_error(&err, ERROR_INPUT, "VFCT entry at offset 0x40c: it is one more than 16");
        assert_int_equal(vfct.count, VFCT_IMAGES_MAX);
    }
}

static void random_damage(void **state) {
    (void)state;
    struct sequence sequence = {1681};
    for (int round = 0; round < 50000; round++) {
        uint8_t bytes[TABLE + 3 * (ENTRY + IMAGE)];
        struct vfct vfct;
        struct error err = {0};
        size_t size = vfct_build(bytes, 3);
        damage_bytes(&sequence, bytes + 4, size - 4, 4);
        if (round % 2)
            put32(bytes + 4, size);
        if (parse_exact(bytes, size, &vfct, &err) < 0)
            assert_error(&err, ERROR_INPUT, "offset 0x");
        for (size_t i = 0; i < vfct.count; i++) {
            assert_in_range(vfct.images[i].size, 1, size);
            assert_in_range(vfct.images[i].offset, TABLE + ENTRY, size - vfct.images[i].size);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries),
        cmocka_unit_test(an_entry_without_bytes_is_passed_over),
        cmocka_unit_test(bytes_behind_the_table_are_ignored),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(damages),
        cmocka_unit_test(the_most_images),
        cmocka_unit_test(random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
