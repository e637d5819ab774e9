/* rom/pe: what the headers of a driver say, and that none is read outside the file. */
#include "rom/pe.h"
#include "rom_builders.h"

static int parse_exact(const uint8_t *data, size_t size, struct pe *pe, struct error *err) {
    CLEANUP(free) uint8_t *exact = exact_copy(data, size);
    return pe_parse((struct bytes){exact, size}, pe, err);
}

static void drivers(void **state) {
    (void)state;
    static const struct {
        uint16_t machine;
        bool is_64;
        const char *name;
    } cases[] = {
        {0x014c, false, "IA32"}, {0x0200, true, "IA64"},    {0x0ebc, true, "EBC"},
        {0x8664, true, "X64"},   {0xaa64, true, "AARCH64"}, {0x01c2, true, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[PE_SIZE];
        struct pe pe;
        struct error err = {0};
        assert_int_equal(parse_exact(bytes, pe_build(bytes, cases[i].machine), &pe, &err), 0);
        assert_int_equal(pe.machine, cases[i].machine);
        assert_int_equal(pe.subsystem, PE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER);
        assert_int_equal(pe.is_64, cases[i].is_64);
        assert_int_equal(pe.signature, 0);
        assert_int_equal(pe.signature_size, 0);
        assert_int_equal(pe.end, PE_SIZE);
        if (cases[i].name)
            assert_string_equal(pe_machine_name(pe.machine), cases[i].name);
        else
            assert_null(pe_machine_name(pe.machine));
    }
}

/* The headers must lie inside; of what they say of the rest, only `end` tells. */
static void every_truncation(void **state) {
    (void)state;
    uint8_t bytes[PE_SIZE];
    pe_build(bytes, PE_MACHINE_X64);
    for (size_t cut = 0; cut <= PE_SIZE; cut++) {
        struct pe pe;
        struct error err = {0};
        int result = parse_exact(bytes, cut, &pe, &err);
        if (result != (cut < PE_HEADERS_END ? -1 : 0))
            fail_msg("cut to %zu bytes: %d", cut, result);
        if (result < 0)
            assert_error(&err, ERROR_INPUT, "offset 0x");
        else
            assert_int_equal(pe.end, PE_SIZE);
    }
}

static void damages(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint32_t value;
        const char *part; /* NULL: accepted */
    } cases[] = {
        {0x00, 0x0000, "no PE image: no MS-DOS header at offset 0x0"},
        {0x00, 0x4d5a, "no MS-DOS header"},
        {0x3c, 0xffffffff, "its header at offset 0xffffffff leads outside"},
        {0x3c, PE_SIZE - 0x17, "its header at offset 0x3e9 leads outside"},
        {0x3c, PE_SIZE - 0x18, "no \"PE\" at offset 0x3e8"},
        {0x3c, 0x41, "no \"PE\" at offset 0x41"},
        {PE_COFF, 0x00014550, "no \"PE\" at offset 0x40"},
        {PE_COFF + 0x14, 0xffff, "its optional header of 65535 bytes at offset 0x58 leads outside"},
        {PE_COFF + 0x14, 0, "no optional header of PE32 or PE32+ at offset 0x58"},
        {PE_COFF + 0x14, 1, "no optional header of PE32 or PE32+ at offset 0x58"},
        {PE_COFF + 0x14, 0x6f, "the optional header at offset 0x58 has only 111 bytes"},
        {PE_OPTIONAL, 0x107, "no optional header of PE32 or PE32+ at offset 0x58"},
        {PE_COFF + 0x04, 0xffff8664, "its table of 65535 sections at offset 0x148 leads outside"},
        {PE_COFF + 0x04, 0x00128664, "its table of 18 sections at offset 0x148 leads outside"},
        {PE_COFF + 0x04, 0x00008664, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[PE_SIZE];
        struct pe pe;
        struct error err = {0};
        pe_build(bytes, PE_MACHINE_X64);
        put32(bytes + cases[i].at, cases[i].value);
        assert_int_equal(parse_exact(bytes, PE_SIZE, &pe, &err), cases[i].part ? -1 : 0);
        if (cases[i].part)
            assert_error(&err, ERROR_INPUT, cases[i].part);
    }
}

static void the_end(void **state) {
    (void)state;
    enum { HEADERS = PE_OPTIONAL + 0x3c, RAW_SIZE = PE_SECTIONS + 0x10, RAW = PE_SECTIONS + 0x14 };
    static const struct {
        uint32_t headers, raw_size, raw;
        size_t end;
    } cases[] = {
        {0x200, 0x200, 0x200, 0x400},
        {0x200, 0x201, 0x200, 0x401},
        {0x200, 0, 0xffffffff, 0x200}, /* zeros only: no bytes in the file */
        {0x900, 0x200, 0x200, 0x900},
        {0, 0, 0, PE_HEADERS_END},
        {0, 0xffffffff, 0xffffffff, 0x1fffffffe},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[PE_SIZE];
        struct pe pe;
        struct error err = {0};
        pe_build(bytes, PE_MACHINE_X64);
        put32(bytes + HEADERS, cases[i].headers);
        put32(bytes + RAW_SIZE, cases[i].raw_size);
        put32(bytes + RAW, cases[i].raw);
        assert_int_equal(parse_exact(bytes, PE_SIZE, &pe, &err), 0);
        assert_int_equal(pe.end, cases[i].end);
    }
}

static void signatures(void **state) {
    (void)state;
    static const struct {
        uint16_t machine;
        size_t optional_size; /* 0: as it is */
        uint32_t count, offset, size;
        bool found;
    } cases[] = {
        {0x8664, 0, 16, 0x400, 0x80, true},
        {0x014c, 0, 16, 0x400, 0x80, true},
        {0x8664, 0, 5, 0x400, 0x80, true},
        {0x8664, 0, 4, 0x400, 0x80, false},
        {0x8664, 0, 16, 0, 0x80, false},
        {0x8664, 0, 16, 0x400, 0, false},
        {0x8664, 0x98, 16, 0x400, 0x80, true},
        {0x8664, 0x97, 16, 0x400, 0x80, false}, /* the directory's end is not in the header */
        {0x014c, 0x88, 16, 0x400, 0x80, true},
        {0x014c, 0x87, 16, 0x400, 0x80, false},
        {0x8664, 0, 16, 0xffffffff, 0xffffffff, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[PE_SIZE];
        struct pe pe;
        struct error err = {0};
        pe_build(bytes, cases[i].machine);
        size_t directories = PE_OPTIONAL + (cases[i].machine == PE_MACHINE_IA32 ? 0x60 : 0x70);
        put16(bytes + PE_COFF + 0x06, 0);
        if (cases[i].optional_size)
            put16(bytes + PE_COFF + 0x14, cases[i].optional_size);
        put32(bytes + directories - 4, cases[i].count);
        put32(bytes + directories + 0x20, cases[i].offset);
        put32(bytes + directories + 0x24, cases[i].size);
        assert_int_equal(parse_exact(bytes, PE_SIZE, &pe, &err), 0);
        if (pe.signature != (cases[i].found ? cases[i].offset : 0) ||
            pe.signature_size != (cases[i].found ? cases[i].size : 0) ||
            pe.end != (cases[i].found ? (size_t)cases[i].offset + cases[i].size : PE_CODE))
            fail_msg("row %zu: %zu bytes at 0x%zx, end 0x%zx", i, pe.signature_size, pe.signature, pe.end);
    }
}

static void random_damage(void **state) {
    (void)state;
    struct sequence sequence = {1993};
    for (int round = 0; round < 50000; round++) {
        uint8_t bytes[PE_SIZE];
        struct pe pe;
        struct error err = {0};
        pe_build(bytes, round % 2 ? PE_MACHINE_X64 : PE_MACHINE_IA32);
        damage_bytes(&sequence, bytes, PE_HEADERS_END, 4);
        if (parse_exact(bytes, sequence_below(&sequence, PE_SIZE + 1), &pe, &err) < 0)
            assert_error(&err, ERROR_INPUT, "offset 0x");
        else
            assert_in_range(pe.end, PE_OPTIONAL, SIZE_MAX);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drivers), cmocka_unit_test(every_truncation), cmocka_unit_test(damages),
        cmocka_unit_test(the_end), cmocka_unit_test(signatures),       cmocka_unit_test(random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
