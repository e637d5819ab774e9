/* rom/atom: what an ATOMBIOS image says, and that none is read outside of it. */
#include "rom/atom.h"
#include "rom_builders.h"

enum { HEADER = 0xc0, PART_NUMBER = 0x140, SIZE = 0x200 };

static size_t atom_build(uint8_t out[SIZE]) {
    memset(out, 0, SIZE);
    put16(out, 0xaa55);
    out[0x2f] = 1;
    memcpy(out + 0x30, " 761295520", 10);
    put16(out + 0x48, HEADER);
    memcpy(out + 0x50, "11/25/26,10:00", 14);
    put16(out + 0x6e, PART_NUMBER);
    memcpy(out + HEADER + 4, "ATOM", 4);
    put16(out + HEADER + 0x18, 0x1002);
    put16(out + HEADER + 0x1a, 0x1681);
    put16(out + HEADER + 0x1e, 0x1e0);
    put16(out + HEADER + 0x20, 0x1f0);
    memcpy(out + PART_NUMBER, "102-TEST-001", 12);
    return SIZE;
}

static bool parse_exact(const uint8_t *data, size_t size, struct atom *atom) {
    CLEANUP(free) uint8_t *exact = exact_copy(data, size);
    return atom_parse((struct bytes){exact, size}, atom);
}

static void an_atombios_image(void **state) {
    (void)state;
    uint8_t bytes[SIZE];
    struct atom atom;
    assert_true(parse_exact(bytes, atom_build(bytes), &atom));
    assert_true(atom.has_magic);
    assert_int_equal(atom.header, HEADER);
    assert_true(pci_id_equal(atom.subsystem, (struct pci_id){0x1002, 0x1681}));
    assert_int_equal(atom.command_table, 0x1e0);
    assert_int_equal(atom.data_table, 0x1f0);
    assert_string_equal(atom.part_number, "102-TEST-001");
    assert_string_equal(atom.date, "11/25/26,10:00");
}

static void rules(void **state) {
    (void)state;
    static const struct {
        size_t at;
        const char *bytes;
        size_t size;
        bool found, has_magic;
    } cases[] = {
        {HEADER + 4, "MOTA", 4, true, true},
        {HEADER + 4, "ATOm", 4, false, false},
        {HEADER + 4, "\0TOM", 4, false, false},
        {0x00, "\x55\xab", 2, false, false},
        {0x48, "\0\0", 2, false, false},
        {0x48, "\xff\xff", 2, false, false},
        {0x48, "\xde\x01", 2, false, false}, /* the last place where a header fits, and the first where none does */
        {0x48, "\xdf\x01", 2, false, false},
        {0x30, "x", 1, true, false},
        {0x39, "1", 1, true, false},
        {0x39, "0", 1, true, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[SIZE];
        struct atom atom;
        atom_build(bytes);
        memcpy(bytes + cases[i].at, cases[i].bytes, cases[i].size);
        if (parse_exact(bytes, SIZE, &atom) != cases[i].found || atom.has_magic != cases[i].has_magic)
            fail_msg("row %zu", i);
    }
}

/* A pointer of 0 is none, whatever the image's start looks like. */
static void no_header(void **state) {
    (void)state;
    uint8_t bytes[SIZE];
    struct atom atom;
    atom_build(bytes);
    put16(bytes + 0x48, 0);
    memcpy(bytes + 4, "ATOM", 4);
    assert_false(parse_exact(bytes, SIZE, &atom));
}

static void a_header_at_the_very_end(void **state) {
    (void)state;
    for (size_t at = SIZE - 0x22; at <= SIZE - 0x21; at++) {
        uint8_t bytes[SIZE];
        struct atom atom;
        atom_build(bytes);
        put16(bytes + 0x48, at);
        memcpy(bytes + at + 4, "ATOM", 4);
        assert_int_equal(parse_exact(bytes, SIZE, &atom), at == SIZE - 0x22);
    }
}

static void texts(void **state) {
    (void)state;
    static const char long_text[] = "0123456789012345678901234567890123456789012345678901234567890123456789";
    static const struct {
        size_t at, strings;
        uint8_t count;
        const char *bytes;
        size_t size;
        const char *part_number, *date;
    } cases[] = {
        {PART_NUMBER, PART_NUMBER, 1, "102-B  \0", 8, "102-B", "11/25/26,10:00"},
        {PART_NUMBER, PART_NUMBER, 1, "\0", 1, "", "11/25/26,10:00"},
        {PART_NUMBER, PART_NUMBER, 1, "102\n", 4, "", "11/25/26,10:00"},
        {PART_NUMBER, PART_NUMBER, 1, "\x7f", 1, "", "11/25/26,10:00"},
        {PART_NUMBER, PART_NUMBER, 1, "10\xff", 3, "", "11/25/26,10:00"},
        {PART_NUMBER, PART_NUMBER, 1, long_text, sizeof(long_text),
         "012345678901234567890123456789012345678901234567890123456789012", "11/25/26,10:00"},
        {0x80, PART_NUMBER, 0, "113-OLD", 8, "113-OLD", "11/25/26,10:00"}, /* no strings: at 0x80 */
        {0x80, 0xffff, 1, "x", 1, "", "11/25/26,10:00"},
        {SIZE - 3, SIZE - 3, 1, "102", 3, "102", "11/25/26,10:00"}, /* ends with the image */
        {0x50, PART_NUMBER, 1, "\0", 1, "102-TEST-001", ""},
        {0x50, PART_NUMBER, 1, "12/01/99 \0", 10, "102-TEST-001", "12/01/99"},
        {0x55, PART_NUMBER, 1, "\1", 1, "102-TEST-001", ""},
        {0x5e, PART_NUMBER, 1, "XX", 2, "102-TEST-001", "11/25/26,10:00"}, /* behind the date */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[SIZE];
        struct atom atom;
        atom_build(bytes);
        bytes[0x2f] = cases[i].count;
        put16(bytes + 0x6e, cases[i].strings);
        memcpy(bytes + cases[i].at, cases[i].bytes, cases[i].size);
        assert_true(parse_exact(bytes, SIZE, &atom));
        assert_string_equal(atom.part_number, cases[i].part_number);
        assert_string_equal(atom.date, cases[i].date);
    }
}

static void every_truncation(void **state) {
    (void)state;
    uint8_t bytes[SIZE];
    atom_build(bytes);
    for (size_t cut = 0; cut <= SIZE; cut++) {
        struct atom atom;
        if (parse_exact(bytes, cut, &atom) != (cut >= HEADER + 0x22))
            fail_msg("cut to %zu bytes", cut);
        if (cut < HEADER + 0x22)
            assert_int_equal(atom.header, 0);
    }
    struct atom atom;
    assert_false(atom_parse((struct bytes){0}, &atom));
}

static void random_damage(void **state) {
    (void)state;
    struct sequence sequence = {761295520};
    for (int round = 0; round < 50000; round++) {
        uint8_t bytes[SIZE];
        struct atom atom;
        atom_build(bytes);
        damage_bytes(&sequence, bytes + 2, HEADER + 0x22 - 2, 4);
        size_t size = sequence_below(&sequence, SIZE + 1);
        if (parse_exact(bytes, size, &atom))
            assert_in_range(atom.header, 1, size - 0x22);
        assert_in_range(strlen(atom.part_number), 0, sizeof(atom.part_number) - 1);
        assert_in_range(strlen(atom.date), 0, 14);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_atombios_image),
        cmocka_unit_test(rules),
        cmocka_unit_test(no_header),
        cmocka_unit_test(a_header_at_the_very_end),
        cmocka_unit_test(texts),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
