/* rom/nvidia: front matter, NPDE and the private chain, and every way in which they can lead outside. */
#include "rom/nvidia.h"
#include "rom_builders.h"

/* --- front matter --- */

enum { FIXED = 0x20, TOTAL = 0x200, DIRECTORY = 0x1200, ROM = 0x1400, FRONT_SIZE = 0x1600 };

static size_t front_build(uint8_t out[FRONT_SIZE], uint8_t version) {
    memset(out, 0, FRONT_SIZE);
    memcpy(out, "NVGI", 4);
    put32(out + 0x4, (size_t)FIXED << 16 | (size_t)version << 8 | 0x80000077); /* bits of no meaning are set */
    put32(out + 0x8, 0xfff00000 | TOTAL);
    put32(out + FIXED + 4, ROM);
    put32(out + TOTAL, DIRECTORY - 0x1000);
    memcpy(out + DIRECTORY, "RFRD", 4);
    put32(out + DIRECTORY + 8, ROM);
    put16(out + ROM, 0xaa55);
    return FRONT_SIZE;
}

static int front_exact(const uint8_t *data, size_t size, struct nvidia_front *front, struct error *err) {
    CLEANUP(free) uint8_t *exact = exact_copy(data, size);
    return nvidia_front_parse((struct bytes){exact, size}, front, err);
}

static void front_matter(void **state) {
    (void)state;
    for (uint8_t version = 1; version <= 3; version++) {
        uint8_t bytes[FRONT_SIZE];
        struct nvidia_front front;
        struct error err = {0};
        assert_int_equal(front_exact(bytes, front_build(bytes, version), &front, &err), 1);
        assert_no_error(&err);
        assert_int_equal(front.version, version);
        assert_int_equal(front.total, TOTAL);
        assert_int_equal(front.rom_offset, ROM);
    }
}

static void files_without_front_matter(void **state) {
    (void)state;
    static const char *const starts[] = {"", "N", "NVG", "NVGJ", "\x55\xaa", "nvgi"};
    for (size_t i = 0; i < COUNT(starts); i++) {
        struct nvidia_front front;
        struct error err = {0};
        assert_int_equal(front_exact((const uint8_t *)starts[i], strlen(starts[i]), &front, &err), 0);
        assert_no_error(&err);
    }
    struct nvidia_front front;
    assert_int_equal(nvidia_front_parse((struct bytes){0}, &front, NULL), 0);
}

static void every_truncation_of_front_matter(void **state) {
    (void)state;
    for (uint8_t version = 1; version <= 3; version++)
        for (size_t cut = 4; cut < FRONT_SIZE; cut++) {
            uint8_t bytes[FRONT_SIZE];
            struct nvidia_front front;
            struct error err = {0};
            front_build(bytes, version);
            int result = front_exact(bytes, cut, &front, &err);
            if (result != (cut < ROM + 2 ? -1 : 1))
                fail_msg("version %u cut to %zu bytes: %d", version, cut, result);
            if (result < 0)
                assert_error(&err, ERROR_INPUT, "offset 0x");
        }
}

static void damaged_front_matter(void **state) {
    (void)state;
    static const struct {
        uint8_t version;
        size_t at;
        uint32_t value;
        const char *part; /* NULL: accepted */
    } cases[] = {
        {0, 0x8, TOTAL, "NVIDIA front matter at offset 0x0: version 0 is not known"},
        {4, 0x8, TOTAL, "version 4 is not known"},
        {255, 0x8, TOTAL, "version 255 is not known"},
        {2, 0x4, 0x7fff0200, "its extended data at offset 0x7fff lead outside"},
        {2, 0x4, 0x15f90200, "its extended data at offset 0x15f9 lead outside"},
        {2, 0x4, 0x15f80200, NULL}, /* the last place where they fit: they say 0 */
        {2, FIXED + 4, 0xffffffff, "the option ROM at offset 0xffffffff lies outside"},
        {1, FIXED + 4, FRONT_SIZE - 1, "the option ROM at offset 0x15ff lies outside"},
        {1, FIXED + 4, FRONT_SIZE - 2, NULL},
        {3, 0x8, 0xfffff, "its last word at offset 0xfffff leads outside"},
        {3, 0x8, FRONT_SIZE - 3, "its last word at offset 0x15fd leads outside"},
        {3, TOTAL, 0xffffffff, "its ROM directory at offset 0x100000fff leads outside"},
        {3, TOTAL, 0x5f5, "its ROM directory at offset 0x15f5 leads outside"},
        {3, TOTAL, 0x5f4, "no ROM directory \"RFRD\" at offset 0x15f4"},
        {3, DIRECTORY, 0x44524652, NULL},
        {3, DIRECTORY, 0x44524653, "no ROM directory \"RFRD\" at offset 0x1200"},
        {3, DIRECTORY + 8, 0xffffffff, "the option ROM at offset 0xffffffff lies outside"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[FRONT_SIZE];
        struct nvidia_front front;
        struct error err = {0};
        front_build(bytes, cases[i].version);
        put32(bytes + cases[i].at, cases[i].value);
        int result = front_exact(bytes, FRONT_SIZE, &front, &err);
        if (result != (cases[i].part ? -1 : 1))
            fail_msg("row %zu: %d %s", i, result, err.message);
        if (cases[i].part)
            assert_error(&err, ERROR_INPUT, cases[i].part);
    }
}

/* --- NPDE --- */

static int npde_exact(const uint8_t *data, size_t size, size_t image, size_t pcir, size_t length, struct npde *npde) {
    CLEANUP(free) uint8_t *exact = exact_copy(data, size);
    return nvidia_npde_parse((struct bytes){exact, size}, image, pcir, length, npde);
}

static void npdes(void **state) {
    (void)state;
    static const struct {
        uint16_t revision, length;
        uint8_t last, flags;
        int found;
        bool has_last, is_last, has_flags, is_off;
    } cases[] = {
        {0x100, 0x10, 0x00, 0x00, 1, true, false, true, false},
        {0x101, 0x10, 0x80, 0x04, 1, true, true, true, true},
        {0x100, 0x10, 0xff, 0xfb, 1, true, true, true, false},
        {0x100, 0x10, 0x7f, 0xff, 1, true, false, true, true},
        {0x100, 0x0c, 0x80, 0x04, 1, true, true, true, true},
        {0x100, 0x0b, 0x80, 0x04, 1, true, true, false, false},
        {0x100, 0x0a, 0x80, 0x04, 1, false, false, false, false},
        {0x100, 0x09, 0x80, 0x04, 0, false, false, false, false},
        {0x100, 0x00, 0x80, 0x04, 0, false, false, false, false},
        {0x0ff, 0x10, 0x80, 0x04, 0, false, false, false, false},
        {0x102, 0x10, 0x80, 0x04, 0, false, false, false, false},
        {0x001, 0x10, 0x80, 0x04, 0, false, false, false, false},
        {0x100, 512 - NVIDIA_NPDE, 0, 0, 1, true, false, true, false}, /* to the end of the file */
        {0x100, 512 - NVIDIA_NPDE + 1, 0, 0, 0, false, false, false, false},
        {0x100, 0xffff, 0, 0, 0, false, false, false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[512];
        struct npde npde;
        nvidia_build(bytes, "\x55\xaa", "PCIR", 0, false);
        put16(bytes + NVIDIA_NPDE + 4, cases[i].revision);
        put16(bytes + NVIDIA_NPDE + 6, cases[i].length);
        put16(bytes + NVIDIA_NPDE + 8, 0x1234);
        bytes[NVIDIA_NPDE + 0xa] = cases[i].last;
        bytes[NVIDIA_NPDE + 0xb] = cases[i].flags;
        if (npde_exact(bytes, 512, 0, NVIDIA_DATA, 0x18, &npde) != cases[i].found)
            fail_msg("row %zu", i);
        assert_int_equal(npde.offset, cases[i].found ? NVIDIA_NPDE : 0);
        assert_int_equal(npde.image_size, cases[i].found ? 0x1234 * 512 : 0);
        if (npde.has_last != cases[i].has_last || npde.last != cases[i].is_last ||
            npde.has_flags != cases[i].has_flags || npde.checksum_is_off != cases[i].is_off)
            fail_msg("row %zu", i);
    }
}

/* It stands at the next 16 bytes behind PCIR, counted from the image's start. */
static void where_an_npde_stands(void **state) {
    (void)state;
    static const struct {
        size_t image, pcir, length, at;
        int found;
    } cases[] = {
        {0, 0x20, 0x18, 0x40, 1},    {0, 0x20, 0x20, 0x40, 1},  {0, 0x20, 0x21, 0x40, 0},     {0, 0x20, 0x21, 0x50, 1},
        {0, 0x20, 0x11, 0x40, 1},    {0, 0x20, 0x10, 0x40, 0},  {4, 0x24, 0x18, 0x44, 1},     {4, 0x24, 0x18, 0x40, 0},
        {0, 0x20, 0xffff, 0x40, 0},  {0, 0x20, 0x1e0, 0x40, 0}, /* ends with the file: nothing behind it */
        {0x30, 0x20, 0x18, 0x40, 0}, {0, 0x201, 0, 0x40, 0},    {0, SIZE_MAX, 0x18, 0x40, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[512] = {0};
        struct npde npde;
        memcpy(bytes + cases[i].at, "NPDE\0\1\x10\0\2\0\0\0", 12);
        if (npde_exact(bytes, 512, cases[i].image, cases[i].pcir, cases[i].length, &npde) != cases[i].found)
            fail_msg("row %zu", i);
        if (cases[i].found)
            assert_int_equal(npde.offset, cases[i].at);
    }
    uint8_t bytes[512];
    struct npde npde;
    nvidia_build(bytes, "VN", "NPDS", 0xe0, true);
    for (size_t cut = 0; cut < 512; cut++)
        if (npde_exact(bytes, cut, 0, NVIDIA_DATA, 0x18, &npde) != (cut >= NVIDIA_NPDE + 0x10))
            fail_msg("cut to %zu bytes", cut);
}

/* --- private images --- */

static int private_exact(const uint8_t *data, size_t size, size_t start, struct nvidia_private *found,
                         struct error *err) {
    CLEANUP(free) uint8_t *exact = exact_copy(data, size);
    return nvidia_private_parse((struct bytes){exact, size}, start, found, err);
}

static void private_images(void **state) {
    (void)state;
    static const struct {
        const char *header, *data;
    } kinds[] = {{"VN", "NPDS"}, {"\x77\xbb", "RGIS"}, {"\x55\xaa", "PCIR"}, {"VN", "RGIS"}};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        uint8_t bytes[512 * 4] = {0};
        struct nvidia_private found;
        struct error err = {0};
        nvidia_build(bytes + 512, kinds[i].header, kinds[i].data, 0x70, false);
        nvidia_build(bytes + 1024, "VN", "NPDS", 0xe0, true);
        nvidia_build(bytes + 1536, "VN", "NPDS", 0xe0, true); /* behind the last: not read */
        assert_int_equal(private_exact(bytes, sizeof(bytes), 512, &found, &err), 0);
        assert_int_equal(found.count, 2);
        assert_int_equal(found.end, 1536);
        assert_int_equal(found.images[0].offset, 512);
        assert_int_equal(found.images[0].size, 512);
        assert_string_equal(found.images[0].signature, kinds[i].data);
        assert_true(pci_id_equal(found.images[0].id, (struct pci_id){0x10de, 0x2200}));
        assert_int_equal(found.images[0].code_type, 0x70);
        assert_true(found.images[0].has_npde);
        assert_false(found.images[0].last);
        assert_int_equal(found.images[1].offset, 1024);
        assert_true(found.images[1].last);
    }
}

/* NPDE overrides size and last bit of NPDS; the latter only when it has one. */
static void what_npde_overrides(void **state) {
    (void)state;
    static const struct {
        bool npde;
        uint16_t length, npde_units, data_units;
        bool npde_last, data_last;
        size_t size;
        bool last;
    } cases[] = {
        {true, 0x10, 2, 1, false, true, 1024, false}, {true, 0x10, 1, 2, true, false, 512, true},
        {true, 0x0a, 2, 1, true, false, 1024, false}, {true, 0x0a, 2, 1, false, true, 1024, true},
        {false, 0x10, 2, 1, true, false, 512, false}, {false, 0x10, 1, 2, false, true, 1024, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[1024] = {0};
        struct nvidia_private found;
        struct error err = {0};
        nvidia_build(bytes, "VN", "NPDS", 0xe0, cases[i].data_last);
        bytes[NVIDIA_NPDE] = cases[i].npde ? 'N' : 'X';
        put16(bytes + NVIDIA_NPDE + 6, cases[i].length);
        put16(bytes + NVIDIA_NPDE + 8, cases[i].npde_units);
        bytes[NVIDIA_NPDE + 0xa] = cases[i].npde_last ? 0x80 : 0;
        put16(bytes + NVIDIA_DATA + 0x10, cases[i].data_units);
        assert_int_equal(private_exact(bytes, sizeof(bytes), 0, &found, &err), 0);
        if (found.count != 1 || found.images[0].size != cases[i].size || found.images[0].last != cases[i].last ||
            found.images[0].has_npde != cases[i].npde || found.end != cases[i].size)
            fail_msg("row %zu", i);
    }
}

static void no_private_image_is_no_failure(void **state) {
    (void)state;
    static const uint8_t other[8] = {0xff, 0xff, 'N', 'V', 0xaa, 0x55, 0xff, 0x55};
    for (size_t start = 0; start <= sizeof(other); start++) {
        struct nvidia_private found;
        struct error err = {0};
        assert_int_equal(private_exact(other, sizeof(other), start, &found, &err), 0);
        assert_int_equal(found.count, 0);
        assert_int_equal(found.end, start);
    }
    /* Neither is an end without a last image. */
    uint8_t bytes[512];
    struct nvidia_private found;
    struct error err = {0};
    nvidia_build(bytes, "VN", "NPDS", 0xe0, false);
    assert_int_equal(private_exact(bytes, 512, 0, &found, &err), 0);
    assert_int_equal(found.count, 1);
}

static void damaged_private_images(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint16_t value;
        const char *part;
    } cases[] = {
        {0x18, 0xffff, "private image at offset 0x200: its NPDS pointer leads to 0x101ff, outside"},
        {0x18, 512 - 0x17, "its NPDS pointer leads to 0x3e9, outside"},
        {0x18, 512 - 0x18, "private image at offset 0x200: no \"NPDS\" at 0x3e8"},
        {0x18, 0, "no \"NPDS\" at 0x200"},
        {NVIDIA_DATA, 0x504f, "no \"NPDS\" at 0x220"},
        {NVIDIA_NPDE + 8, 0, "private image at offset 0x200: it says 0 bytes"},
        {NVIDIA_NPDE + 8, 2, "it says 1024 bytes, the file has 512: it is truncated or damaged"},
        {NVIDIA_NPDE + 8, 0xffff, "it says 33553920 bytes"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[1024];
        struct nvidia_private found;
        struct error err = {0};
        nvidia_build(bytes, "VN", "NPDS", 0xe0, false);
        nvidia_build(bytes + 512, "VN", "NPDS", 0xe0, true);
        put16(bytes + 512 + cases[i].at, cases[i].value);
        assert_int_equal(private_exact(bytes, sizeof(bytes), 0, &found, &err), -1);
        assert_error(&err, ERROR_INPUT, cases[i].part);
        assert_int_equal(found.count, 1);
        assert_int_equal(found.end, 512);
    }
}

static void every_truncation_of_a_private_image(void **state) {
    (void)state;
    uint8_t bytes[512];
    nvidia_build(bytes, "VN", "NPDS", 0xe0, true);
    for (size_t cut = 2; cut < 512; cut++) {
        struct nvidia_private found;
        struct error err = {0};
        if (private_exact(bytes, cut, 0, &found, &err) != -1)
            fail_msg("cut to %zu bytes: accepted", cut);
        assert_error(&err, ERROR_INPUT, "private image at offset 0x0");
    }
}

static void the_private_chain_has_a_longest_length(void **state) {
    (void)state;
    for (size_t count = NVIDIA_IMAGES_MAX; count <= NVIDIA_IMAGES_MAX + 1; count++) {
        uint8_t bytes[(NVIDIA_IMAGES_MAX + 1) * 512];
        struct nvidia_private found;
        struct error err = {0};
        for (size_t i = 0; i < count; i++)
            nvidia_build(bytes + i * 512, "VN", "NPDS", 0xe0, i + 1 == count);
        int result = private_exact(bytes, count * 512, 0, &found, &err);
        assert_int_equal(result, count > NVIDIA_IMAGES_MAX ? -1 : 0);
        if (result < 0)
            assert_error(&err, ERROR_INPUT, "private image at offset 0x2000: it is one more than 16");
        assert_int_equal(found.count, NVIDIA_IMAGES_MAX);
    }
}

static void random_damage(void **state) {
    (void)state;
    struct sequence sequence = {24};
    for (int round = 0; round < 50000; round++) {
        uint8_t bytes[FRONT_SIZE];
        struct nvidia_front front;
        struct nvidia_private found;
        struct error err = {0};
        size_t size = front_build(bytes, (uint8_t)(1 + round % 3));
        damage_bytes(&sequence, bytes + 4, round % 2 ? 8 : TOTAL, 3);
        int result = front_exact(bytes, size, &front, &err);
        if (result < 0)
            assert_error(&err, ERROR_INPUT, "offset 0x");
        else if (result > 0)
            assert_in_range(front.rom_offset, 0, size - 2);
        nvidia_build(bytes, "VN", "NPDS", 0xe0, false);
        nvidia_build(bytes + 512, "VN", "NPDS", 0xe0, true);
        damage_bytes(&sequence, bytes + 512 * sequence_below(&sequence, 2), 0x50, 3);
        if (private_exact(bytes, 1024, 0, &found, &err) < 0)
            assert_error(&err, ERROR_INPUT, "offset 0x");
        assert_in_range(found.end, 0, 1024);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(front_matter),
        cmocka_unit_test(files_without_front_matter),
        cmocka_unit_test(every_truncation_of_front_matter),
        cmocka_unit_test(damaged_front_matter),
        cmocka_unit_test(npdes),
        cmocka_unit_test(where_an_npde_stands),
        cmocka_unit_test(private_images),
        cmocka_unit_test(what_npde_overrides),
        cmocka_unit_test(no_private_image_is_no_failure),
        cmocka_unit_test(damaged_private_images),
        cmocka_unit_test(every_truncation_of_a_private_image),
        cmocka_unit_test(the_private_chain_has_a_longest_length),
        cmocka_unit_test(random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
