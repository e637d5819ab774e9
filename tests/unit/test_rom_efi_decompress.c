/* rom/efi_decompress: what compressors write comes out whole, and every rule of the format is held against damage. */
#include "rom/efi_decompress.h"
#include "rom_builders.h"

/* The vectors are of a compressor of our own (tests/fixtures/vendor.py) and were read back by a third program. */
static const uint8_t literals[] = {0x15, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x0a,
                                   0x3b, 0x6d, 0x69, 0x1d, 0x70, 0x31, 0xc1, 0x86, 0x32, 0x38,
                                   0x04, 0x51, 0x39, 0x40, 0x00, 0x25, 0x43, 0xcf, 0xed};
static const uint8_t matches[] = {0x1b, 0x00, 0x00, 0x00, 0x24, 0x00, 0x00, 0x00, 0x00, 0x0e, 0x3a, 0x4d,
                                  0x91, 0x43, 0xb0, 0x33, 0x98, 0xb0, 0x83, 0xc8, 0x22, 0x46, 0x24, 0x6c,
                                  0x7c, 0x94, 0xf0, 0x44, 0x62, 0xe9, 0xb8, 0x18, 0x36, 0xbd, 0x00};
static const uint8_t blocks[] = {0x2f, 0x00, 0x00, 0x00, 0x24, 0x00, 0x00, 0x00, 0x00, 0x04, 0x28, 0x68, 0x64, 0xdd,
                                 0x03, 0x10, 0xb3, 0xe8, 0x00, 0x2c, 0x00, 0x08, 0x50, 0x92, 0x4e, 0xb8, 0x61, 0x88,
                                 0x90, 0xa8, 0x00, 0x6c, 0x00, 0x02, 0x14, 0x02, 0x25, 0x0e, 0x03, 0x20, 0xeb, 0x22,
                                 0x70, 0x46, 0x10, 0x00, 0x11, 0x00, 0x21, 0x83, 0x0a, 0x52, 0x2a, 0x08, 0xa0};
static const uint8_t same[] = {0x07, 0x00, 0x00, 0x00, 0xe8, 0x03, 0x00, 0x00,
                               0x03, 0xe8, 0x00, 0x00, 0x04, 0x10, 0x00};
static const uint8_t overlap[] = {0x0d, 0x00, 0x00, 0x00, 0xe8, 0x03, 0x00, 0x00, 0x00, 0x05, 0x28,
                                  0x04, 0x4b, 0xfc, 0x16, 0xec, 0x76, 0x02, 0x40, 0x10, 0xc0};
static const uint8_t far_back[] = {0x2c, 0x00, 0x00, 0x00, 0x10, 0x20, 0x00, 0x00, 0x00, 0x32, 0x48, 0x8c, 0x80,
                                   0x02, 0xbf, 0xd5, 0x54, 0x00, 0x66, 0xdb, 0xa9, 0x99, 0x4e, 0xdf, 0xe2, 0x00,
                                   0x00, 0x00, 0x00, 0x07, 0xae, 0xfc, 0xf7, 0xef, 0xe1, 0x19, 0x4e, 0x95, 0xb5,
                                   0xf1, 0x9d, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xc6, 0xff, 0xfe};
static const uint8_t long_codes[] = {0x2c, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x14, 0x98, 0x00, 0xb6,
                                     0x49, 0x24, 0x92, 0x49, 0x23, 0x08, 0xfb, 0xe4, 0x68, 0xac, 0xf1, 0x35, 0x79,
                                     0xbc, 0x00, 0x02, 0xdd, 0xef, 0xbf, 0x7f, 0x7f, 0xbf, 0xef, 0xfd, 0xff, 0xdf,
                                     0xfe, 0xff, 0xfb, 0xff, 0xf7, 0xff, 0xf7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0};
/* The start of the driver of a real ROM (iPXE for rtl8139), as its own compressor wrote it; the header is cut to it. */
static const uint8_t real[] = {
    0xad, 0x00, 0x00, 0x00, 0x79, 0x00, 0x00, 0x00, 0x26, 0x10, 0x8e, 0xdd, 0x7b, 0xdd, 0x63, 0x49, 0xcb, 0xdf, 0xee,
    0x64, 0x99, 0x84, 0xc8, 0x12, 0x19, 0x82, 0x10, 0x22, 0xa0, 0x98, 0x57, 0x04, 0x91, 0x00, 0x72, 0x28, 0x2c, 0xc4,
    0x22, 0x67, 0x09, 0x98, 0x1c, 0xc4, 0xe6, 0x26, 0x04, 0x20, 0x44, 0x15, 0x46, 0xa9, 0x12, 0xd1, 0x56, 0x52, 0x66,
    0x20, 0xd1, 0x12, 0x17, 0x08, 0x27, 0x0e, 0x5e, 0x5a, 0xdd, 0xab, 0xb5, 0xb5, 0x6a, 0x3d, 0xd7, 0x76, 0xd6, 0x85,
    0x76, 0xb6, 0xb7, 0x42, 0x00, 0xa1, 0x21, 0x84, 0x92, 0x20, 0xa1, 0x08, 0x22, 0x0a, 0x22, 0x44, 0x04, 0x39, 0x87,
    0x01, 0x04, 0x02, 0x49, 0x04, 0x87, 0x3f, 0xbf, 0xfe, 0xfd, 0xcc, 0x80, 0xb5, 0xdb, 0xbb, 0xbb, 0xfb, 0xda, 0xfd,
    0xea, 0x77, 0xd3, 0xef, 0x9e, 0x77, 0xcf, 0x3b, 0xf0, 0xd3, 0xdf, 0x83, 0x4e, 0xf7, 0x87, 0xbb, 0x59, 0x23, 0x6d,
    0x38, 0x59, 0xa4, 0x3f, 0xf9, 0xfc, 0xf8, 0x7f, 0xe1, 0xc0, 0x41, 0x0f, 0x13, 0x51, 0x78, 0x43, 0x4f, 0xec, 0x6e,
    0xdc, 0xca, 0xf3, 0xfb, 0x48, 0x7d, 0xe7, 0x57, 0xa9, 0x6e, 0xcf, 0xb3, 0xae, 0x6e, 0xd1, 0x0c, 0x05, 0x08, 0xf7,
    0xb6, 0x6e, 0x85, 0xf7, 0xae, 0x1e, 0x87, 0x3d, 0x5c, 0xe1};
static const uint8_t real_original[] = {
    0x4d, 0x5a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00, 0x50, 0x45, 0x00, 0x00, 0x64, 0x86, 0x06, 0x00,
    0x84, 0xa8, 0xd1, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xb0, 0x00, 0x22, 0x20, 0x0b, 0x02,
    0x2a, 0x2a, 0xc1, 0x08, 0x01, 0x00, 0x17, 0x38, 0x00, 0x00, 0x64, 0x05, 0x08, 0x00, 0x13, 0x1a, 0x00, 0x00,
    0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

static int decompress_exact(const uint8_t *data, size_t size, size_t limit, struct buffer *out, struct error *err) {
    CLEANUP(free) uint8_t *exact = exact_copy(data, size);
    return efi_decompress((struct bytes){exact, size}, limit, out, err);
}

#define LIMIT 10000

static const char words[] = "a match, a match, a match of a match";
static uint8_t same_original[1000], far_original[16 + 8176 + 16], long_original[20];

static const struct vector {
    struct bytes compressed, original;
} vectors[] = {
    {{literals, sizeof(literals)}, {(const uint8_t *)"option ROM", 10}},
    {{matches, sizeof(matches)}, {(const uint8_t *)words, sizeof(words) - 1}},
    {{blocks, sizeof(blocks)}, {(const uint8_t *)words, sizeof(words) - 1}},
    {{same, sizeof(same)}, {same_original, sizeof(same_original)}},             /* a symbol of no bits */
    {{overlap, sizeof(overlap)}, {same_original, sizeof(same_original)}},       /* matches that overlap themselves */
    {{far_back, sizeof(far_back)}, {far_original, sizeof(far_original)}},       /* a match 8192 bytes back */
    {{long_codes, sizeof(long_codes)}, {long_original, sizeof(long_original)}}, /* codes of 1 to 16 bits */
    {{real, sizeof(real)}, {real_original, sizeof(real_original)}},
};

static int make_originals(void **state) {
    (void)state;
    memset(same_original, 'A', sizeof(same_original));
    memset(far_original, 0xff, sizeof(far_original));
    for (size_t i = 0; i < 16; i++)
        far_original[i] = far_original[16 + 8176 + i] = (uint8_t)i;
    for (size_t i = 0; i < 17; i++)
        long_original[i] = (uint8_t)i;
    memcpy(long_original + 17, "\x10\x0f\0", 3);
    return 0;
}

static void what_was_compressed(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const struct vector *vector = &vectors[i];
        CLEANUP(buffer_free) struct buffer out = {0};
        struct error err = {0};
        size_t size = 0;
        assert_int_equal(efi_decompress_size(vector->compressed, LIMIT, &size, &err), 0);
        assert_int_equal(size, vector->original.size);
        decompress_exact(vector->compressed.data, vector->compressed.size, LIMIT, &out, &err);
        assert_no_error(&err);
        assert_int_equal(out.size, size);
        assert_memory_equal(out.data, vector->original.data, size);
    }
}

static void nothing_compressed(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    struct error err = {0};
    assert_int_equal(decompress_exact((const uint8_t[8]){0}, 8, 0, &out, &err), 0);
    assert_int_equal(out.size, 0);
}

static void what_stands_behind_is_ignored(void **state) {
    (void)state;
    uint8_t bytes[sizeof(matches) + 100];
    CLEANUP(buffer_free) struct buffer out = {0};
    struct error err = {0};
    memset(bytes, 0xff, sizeof(bytes));
    memcpy(bytes, matches, sizeof(matches));
    assert_int_equal(decompress_exact(bytes, sizeof(bytes), LIMIT, &out, &err), 0);
    assert_bytes(buffer_bytes(&out), words);
}

static void the_limit(void **state) {
    (void)state;
    for (size_t limit = 9; limit <= 10; limit++) {
        CLEANUP(buffer_free) struct buffer out = {0};
        struct error err = {0};
        size_t size;
        int expected = limit < 10 ? -1 : 0;
        assert_int_equal(efi_decompress_size((struct bytes){literals, sizeof(literals)}, limit, &size, &err), expected);
        if (expected < 0)
            assert_error(&err, ERROR_INPUT, "at its 0x4: an original size of 10 bytes, more than 9");
        assert_int_equal(decompress_exact(literals, sizeof(literals), limit, &out, &err), expected);
        assert_true(expected == 0 || out.data == NULL);
    }
}

/* Once with the header as it is, and once with a header that says what is there. */
static void every_truncation_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        for (size_t cut = 0; cut < vectors[i].compressed.size; cut++)
            for (int repair = 0; repair < 2; repair++) {
                uint8_t bytes[256];
                struct buffer out = {0};
                struct error err = {0};
                memcpy(bytes, vectors[i].compressed.data, cut);
                if (repair && cut >= 8)
                    put32(bytes, cut - 8);
                if (decompress_exact(bytes, cut, LIMIT, &out, &err) != -1)
                    fail_msg("vector %zu cut to %zu bytes was accepted", i, cut);
                assert_error(&err, ERROR_INPUT, "at its 0x");
                assert_null(out.data);
            }
}

/* Compressed data written bit by bit. */
struct field {
    unsigned width;
    uint32_t value;
};

static size_t write_fields(uint8_t *out, const struct field *fields, size_t count, size_t original) {
    size_t bit = 0;
    for (size_t i = 0; i < count; i++)
        for (unsigned left = fields[i].width; left > 0; left--, bit++)
            if (fields[i].value >> (left - 1) & 1)
                out[8 + bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    size_t size = (bit + 7) / 8;
    put32(out, size);
    put32(out + 4, original);
    return 8 + size;
}

/* Codes of one symbol each, which has no bits. */
#define EXTRA(symbol)                                                                                                  \
    {5, 0}, {                                                                                                          \
        5, (symbol)                                                                                                    \
    }
#define SYMBOL(symbol)                                                                                                 \
    {9, 0}, {                                                                                                          \
        9, (symbol)                                                                                                    \
    }
#define POSITION(symbol)                                                                                               \
    {4, 0}, {                                                                                                          \
        4, (symbol)                                                                                                    \
    }

static void rules(void **state) {
    (void)state;
    static const struct {
        const char *part; /* NULL: accepted */
        size_t original;
        struct field fields[24];
    } cases[] = {
        {NULL, 3, {{16, 3}, EXTRA(0), SYMBOL('a'), POSITION(0)}},
        {NULL, 3, {{16, 0xffff}, EXTRA(18), SYMBOL('a'), POSITION(13)}}, /* a block may have more than is wanted */
        {"at its 0xa: a block of no symbols", 3, {{16, 0}, EXTRA(0), SYMBOL('a'), POSITION(0)}},
        {"it ends too early", 3, {{16, 2}, EXTRA(0), SYMBOL('a'), POSITION(0)}}, /* a third byte is wanted */
        {"a code of too many symbols", 3, {{16, 3}, {5, 20}, {32, 0}}},
        {"a symbol that does not exist", 3, {{16, 3}, EXTRA(19), SYMBOL('a'), POSITION(0)}},
        {"a code of too many symbols", 3, {{16, 3}, EXTRA(0), {9, 511}, {32, 0}}},
        {"a symbol that does not exist", 3, {{16, 3}, EXTRA(0), SYMBOL(510), POSITION(0)}},
        {"a symbol that does not exist", 3, {{16, 3}, EXTRA(0), SYMBOL(511), POSITION(0)}},
        {"a code of too many symbols", 3, {{16, 3}, EXTRA(0), SYMBOL('a'), {4, 15}, {32, 0}}},
        {"a symbol that does not exist", 3, {{16, 3}, EXTRA(0), SYMBOL('a'), POSITION(14)}},
        /* "Extra": two codes of one bit; with a gap; with too many; with none; 17 bits. */
        {NULL, 3, {{16, 3}, {5, 2}, {3, 1}, {3, 1}, SYMBOL('a'), POSITION(0)}},
        {"a code that is no prefix code", 3, {{16, 3}, {5, 2}, {3, 1}, {3, 2}, SYMBOL('a'), POSITION(0)}},
        {"a code that is no prefix code", 3, {{16, 3}, {5, 3}, {3, 1}, {3, 1}, {3, 1}, {2, 0}, SYMBOL('a')}},
        {"a code that is no prefix code", 3, {{16, 3}, {5, 1}, {3, 0}, SYMBOL('a'), POSITION(0)}},
        {"a code that is no prefix code", 3, {{16, 3}, {5, 1}, {3, 1}, SYMBOL('a'), POSITION(0)}},
        {"a code of more than 16 bits", 3, {{16, 3}, {5, 1}, {3, 7}, {11, 0x7fe}, SYMBOL('a'), POSITION(0)}},
        {"a code that is no prefix code", 3, {{16, 3}, {5, 1}, {3, 7}, {10, 0x3fe}, SYMBOL('a'), POSITION(0)}},
        /* Three lengths, then a run of three zeros that leads behind the code's end. */
        {NULL, 3, {{16, 3}, {5, 4}, {3, 1}, {3, 1}, {3, 0}, {2, 3}, SYMBOL('a'), POSITION(0)}},
        /* "Char&Len" in an "Extra" of one symbol: 3 is a code of one bit. */
        {NULL, 2, {{16, 2}, EXTRA(3), {9, 2}, POSITION(0), {1, 0}, {1, 1}}},
        {"a code that is no prefix code", 2, {{16, 2}, EXTRA(3), {9, 3}, POSITION(0), {16, 0}}},
        {"a code that is no prefix code", 2, {{16, 2}, EXTRA(3), {9, 1}, POSITION(0), {16, 0}}},
        {"a code that is no prefix code", 2, {{16, 2}, EXTRA(0), {9, 510}, POSITION(0), {16, 0}}},
        {"a run behind the last symbol", 2, {{16, 2}, EXTRA(1), {9, 2}, {4, 0}, {16, 0}}},
        {"a run behind the last symbol", 2, {{16, 2}, EXTRA(1), {9, 5}, {4, 0}, {4, 0}, {16, 0}}},
        {"a code that is no prefix code", 2, {{16, 2}, EXTRA(1), {9, 3}, {4, 0}, {16, 0}}},
        {"a run behind the last symbol", 2, {{16, 2}, EXTRA(2), {9, 510}, {9, 511}, {16, 0}}},
        {"a run behind the last symbol", 2, {{16, 2}, EXTRA(2), {9, 510}, {9, 491}, {16, 0}}},
        {"a code that is no prefix code", 2, {{16, 2}, EXTRA(2), {9, 510}, {9, 490}, {16, 0}}},
        /* Matches: no byte before the first; one byte before it, in a second block; too long; at the very end. */
        {"a match before the first byte", 3, {{16, 1}, EXTRA(0), SYMBOL(256), POSITION(0)}},
        {NULL, 4, {{16, 1}, EXTRA(0), SYMBOL('a'), POSITION(0), {16, 1}, EXTRA(0), SYMBOL(256), POSITION(0)}},
        {"a match before the first byte",
         4,
         {{16, 1}, EXTRA(0), SYMBOL('a'), POSITION(0), {16, 1}, EXTRA(0), SYMBOL(256), POSITION(1)}},
        {"a match behind the last byte",
         3,
         {{16, 1}, EXTRA(0), SYMBOL('a'), POSITION(0), {16, 1}, EXTRA(0), SYMBOL(256), POSITION(0)}},
        {NULL, 257, {{16, 1}, EXTRA(0), SYMBOL('a'), POSITION(0), {16, 1}, EXTRA(0), SYMBOL(509), POSITION(0)}},
        {"a match before the first byte",
         260,
         {{16, 1}, EXTRA(0), SYMBOL('a'), POSITION(0), {16, 1}, EXTRA(0), SYMBOL(256), POSITION(13), {12, 0xfff}}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[128] = {0};
        CLEANUP(buffer_free) struct buffer out = {0};
        struct error err = {0};
        size_t size = write_fields(bytes, cases[i].fields, COUNT(cases[i].fields), cases[i].original);
        int result = decompress_exact(bytes, size, LIMIT, &out, &err);
        if (result != (cases[i].part ? -1 : 0))
            fail_msg("row %zu: %d %s", i, result, err.message);
        if (cases[i].part)
            assert_error(&err, ERROR_INPUT, cases[i].part);
        else
            assert_int_equal(out.size, cases[i].original);
    }
}

/* The header of 8 bytes stays: with other sizes nothing else is tried. */
static void random_damage(void **state) {
    (void)state;
    struct sequence sequence = {1951};
    for (int round = 0; round < 100000; round++) {
        const struct vector *vector = &vectors[sequence_below(&sequence, COUNT(vectors))];
        uint8_t bytes[256];
        CLEANUP(buffer_free) struct buffer out = {0};
        struct error err = {0};
        memcpy(bytes, vector->compressed.data, vector->compressed.size);
        damage_bytes(&sequence, bytes + 8, vector->compressed.size - 8, 3);
        if (decompress_exact(bytes, vector->compressed.size, LIMIT, &out, &err) < 0) {
            assert_error(&err, ERROR_INPUT, "compressed data, at its 0x");
            assert_null(out.data);
        } else
            assert_int_equal(out.size, vector->original.size);
    }
}

static void random_bytes(void **state) {
    (void)state;
    struct sequence sequence = {1977};
    for (int round = 0; round < 50000; round++) {
        uint8_t bytes[128];
        CLEANUP(buffer_free) struct buffer out = {0};
        struct error err = {0};
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)sequence_next(&sequence);
        put32(bytes, sizeof(bytes) - 8);
        put32(bytes + 4, sequence_below(&sequence, LIMIT));
        bytes[8] = (uint8_t)(bytes[8] & round); /* small blocks as well */
        if (decompress_exact(bytes, sizeof(bytes), LIMIT, &out, &err) < 0)
            assert_error(&err, ERROR_INPUT, "at its 0x");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_compressed),
        cmocka_unit_test(nothing_compressed),
        cmocka_unit_test(what_stands_behind_is_ignored),
        cmocka_unit_test(the_limit),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(rules),
        cmocka_unit_test(random_damage),
        cmocka_unit_test(random_bytes),
    };
    return cmocka_run_group_tests(tests, make_originals, NULL);
}
