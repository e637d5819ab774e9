/* rom/efi_image: the driver inside an image, and whether firmware would load it. */
#include "rom/efi_image.h"
#include "rom_builders.h"

enum { SIZE = 0x600, ROOM = SIZE - IMAGE_DRIVER };

/* A ROM of SIZE bytes with an uncompressed driver for `machine`. */
static void plain_build(uint8_t out[SIZE], uint16_t machine) {
    uint8_t driver[PE_SIZE];
    pe_build(driver, machine);
    efi_build(out, (struct bytes){driver, sizeof(driver)}, SIZE / 512, machine, 0);
}

/* PE_SIZE bytes as UEFI compression: literals of 8 bits each, in one block. */
static size_t compress(uint8_t *out, const uint8_t *data, size_t size) {
    struct sequence_of_bits {
        uint8_t *out;
        size_t at;
    } bits = {out + 8, 0};
    const struct {
        unsigned width;
        size_t value;
    } head[] = {{16, size}, {5, 0}, {5, 10}, {9, 256}, {4, 0}, {4, 0}}; /* every byte has a code of 8 bits */
    memset(out, 0, 8 + 8 + size);
    for (size_t i = 0; i < COUNT(head); i++)
        for (unsigned left = head[i].width; left > 0; left--, bits.at++)
            bits.out[bits.at / 8] |= (uint8_t)((head[i].value >> (left - 1) & 1) << (7 - bits.at % 8));
    for (size_t i = 0; i < size * 8; i++, bits.at++)
        bits.out[bits.at / 8] |= (uint8_t)((data[i / 8] >> (7 - i % 8) & 1) << (7 - bits.at % 8));
    size_t compressed = (bits.at + 7) / 8;
    put32(out, compressed);
    put32(out + 4, size);
    return 8 + compressed;
}

static void compressed_build(uint8_t out[SIZE], uint16_t machine) {
    uint8_t driver[PE_SIZE], packed[PE_SIZE + 16];
    size_t size = compress(packed, driver, pe_build(driver, machine));
    efi_build(out, (struct bytes){packed, size}, SIZE / 512, machine, 1);
}

static void parse(const uint8_t *bytes, size_t size, struct rom_image *image) {
    struct rom rom;
    struct error err = {0};
    rom_parse((struct bytes){bytes, size}, &rom, &err);
    assert_no_error(&err);
    *image = rom.images[0];
}

static int loads_exact(const uint8_t *data, enum guest_machine guest, struct error *err) {
    CLEANUP(free) uint8_t *exact = exact_copy(data, SIZE);
    struct rom_image image;
    parse(exact, SIZE, &image);
    return efi_image_loads((struct bytes){exact, SIZE}, &image, guest, err);
}

static void guests_have_names(void **state) {
    (void)state;
    assert_int_equal(guest_machine_parse("x86_64"), GUEST_X86_64);
    assert_int_equal(guest_machine_parse("aarch64"), GUEST_AARCH64);
    assert_int_equal(guest_machine_parse("x86"), GUEST_ANY);
    assert_int_equal(guest_machine_parse("X86_64"), GUEST_ANY);
    assert_int_equal(guest_machine_parse(""), GUEST_ANY);
}

static void the_driver(void **state) {
    (void)state;
    for (int compressed = 0; compressed < 2; compressed++) {
        uint8_t bytes[SIZE], driver[PE_SIZE];
        CLEANUP(buffer_free) struct buffer storage = {0};
        struct bytes found;
        struct rom_image image;
        struct error err = {0};
        (compressed ? compressed_build : plain_build)(bytes, PE_MACHINE_X64);
        parse(bytes, SIZE, &image);
        assert_int_equal(efi_image_driver((struct bytes){bytes, SIZE}, &image, &storage, &found, &err), 0);
        assert_int_equal(found.size, compressed ? PE_SIZE : ROOM);
        assert_int_equal(storage.data != NULL, compressed);
        pe_build(driver, PE_MACHINE_X64);
        assert_memory_equal(found.data, driver, PE_SIZE);
    }
}

/* An image behind others, in a file that ends with it. */
static void the_second_image(void **state) {
    (void)state;
    enum { FIRST = 0x800 };
    CLEANUP(free) uint8_t *bytes = malloc(FIRST + SIZE);
    struct rom rom;
    struct error err = {0};
    image_build(bytes, &(struct image_spec){.id = {0x1002, 0x1681}, .units = FIRST / 512});
    compressed_build(bytes + FIRST, PE_MACHINE_X64);
    assert_int_equal(rom_parse((struct bytes){bytes, FIRST + SIZE}, &rom, &err), 0);
    assert_int_equal(efi_image_loads((struct bytes){bytes, FIRST + SIZE}, &rom.images[1], GUEST_X86_64, &err), 0);
    put16(bytes + FIRST + IMAGE_DRIVER + 8, 0);
    assert_int_equal(efi_image_loads((struct bytes){bytes, FIRST + SIZE}, &rom.images[1], GUEST_X86_64, &err), -1);
    assert_error(&err, ERROR_INPUT, "EFI image at offset 0x800: its driver at 0x880 cannot be decompressed");
}

static void machines(void **state) {
    (void)state;
    static const struct {
        uint16_t machine;
        bool any, x86_64, aarch64;
    } cases[] = {
        {PE_MACHINE_X64, true, true, false},     {PE_MACHINE_EBC, true, true, false},
        {PE_MACHINE_AARCH64, true, false, true}, {PE_MACHINE_IA32, false, false, false},
        {PE_MACHINE_IA64, false, false, false},  {0x1234, false, false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int compressed = 0; compressed < 2; compressed++) {
            const bool expected[] = {cases[i].any, cases[i].x86_64, cases[i].aarch64};
            uint8_t bytes[SIZE];
            (compressed ? compressed_build : plain_build)(bytes, cases[i].machine);
            for (enum guest_machine guest = GUEST_ANY; guest <= GUEST_AARCH64; guest++) {
                struct error err = {0};
                if (loads_exact(bytes, guest, &err) != (expected[guest] ? 0 : -1))
                    fail_msg("row %zu, guest %d: %s", i, guest, err.message);
                if (!expected[guest])
                    assert_error(&err, ERROR_REFUSED, "EFI image at offset 0x0: its machine 0x");
            }
        }
}

static void refusals(void **state) {
    (void)state;
    enum { PE = IMAGE_DRIVER, OPTIONAL = PE + PE_OPTIONAL };
    static const struct {
        size_t at;
        uint32_t value;
        enum error_code code;
        const char *part; /* NULL: accepted */
    } cases[] = {
        {0x08, 0x8664000c, ERROR_NONE, NULL}, /* a runtime driver */
        {0x08, 0x8664000a, ERROR_REFUSED, "EFI image at offset 0x0: subsystem 0xa is no driver's"},
        {0x08, 0x86640000, ERROR_REFUSED, "subsystem 0x0 is no driver's"},
        {0x08, 0x014c000b, ERROR_REFUSED, "its machine 0x014c (IA32) is none that an x86_64 guest's OVMF runs"},
        {0x08, 0x1234000b, ERROR_REFUSED, "its machine 0x1234 is none"},
        {0x02, 0x0ef10000, ERROR_INPUT, "EFI image at offset 0x0: initialisation size 0"},
        {0x02, 0x0ef10004, ERROR_INPUT, "initialisation size 2048 exceeds the image's 1536 bytes"},
        {0x0c, 2, ERROR_INPUT, "EFI image at offset 0x0: compression 2 is none that UEFI knows"},
        {0x0c, 1, ERROR_INPUT, "its driver at 0x80 cannot be decompressed"}, /* it is not */
        {0x16, 0x001c0000, ERROR_INPUT, "its driver starts at 0x0, outside"},
        {0x16, 0x001c0600, ERROR_INPUT, "its driver starts at 0x600, outside the 1536 bytes"},
        {0x16, 0x001cffff, ERROR_INPUT, "its driver starts at 0xffff, outside"},
        {0x16, 0x001c05ff, ERROR_INPUT, "its driver at 0x5ff: no PE image"},
        {PE, 0x00005a5a, ERROR_INPUT, "EFI image at offset 0x0: its driver at 0x80: no PE image"},
        {PE, 0x00005a56, ERROR_NONE, NULL}, /* "VZ": a TE image */
        {PE + PE_COFF, 0, ERROR_INPUT, "no \"PE\" at offset 0x40"},
        {PE + PE_COFF + 4, 0x0001aa64, ERROR_REFUSED, "its driver's machine 0xaa64 (AARCH64) is none that an x86_64"},
        {OPTIONAL + 0x3c, ROOM, ERROR_NONE, NULL},
        {OPTIONAL + 0x3c, ROOM + 1, ERROR_INPUT,
         "its driver at 0x80 has 1408 bytes, its headers say 1409: it is truncated"},
        {PE + PE_SECTIONS + 0x10, 0xffffffff, ERROR_INPUT, "it is truncated"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[SIZE];
        struct error err = {0};
        plain_build(bytes, PE_MACHINE_X64);
        /* PCIR's pointer follows the driver's, the EFI signature the size: the second half is as it was. */
        put16(bytes + 0x18, IMAGE_PCIR);
        put32(bytes + cases[i].at, cases[i].value);
        if (loads_exact(bytes, GUEST_X86_64, &err) != (cases[i].part ? -1 : 0))
            fail_msg("row %zu: %s", i, err.message);
        if (cases[i].part)
            assert_error(&err, cases[i].code, cases[i].part);
    }
}

/* The compressed driver may say that it is as large as it likes. */
static void a_driver_that_is_too_large(void **state) {
    (void)state;
    for (size_t size = EFI_DRIVER_MAX; size <= EFI_DRIVER_MAX + 1; size++) {
        uint8_t bytes[SIZE];
        struct error err = {0};
        compressed_build(bytes, PE_MACHINE_X64);
        put32(bytes + IMAGE_DRIVER + 4, size);
        assert_int_equal(loads_exact(bytes, GUEST_ANY, &err), -1);
        assert_error(&err, ERROR_INPUT, size > EFI_DRIVER_MAX ? "more than 4194304" : "it ends too early");
    }
}

static void random_damage(void **state) {
    (void)state;
    struct sequence sequence = {20260901};
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[SIZE];
        CLEANUP(free) uint8_t *exact = NULL;
        struct rom rom;
        struct error err = {0};
        (round % 2 ? compressed_build : plain_build)(bytes, PE_MACHINE_X64);
        damage_bytes(&sequence, bytes + 2, IMAGE_DRIVER + PE_HEADERS_END, 4);
        exact = exact_copy(bytes, SIZE);
        if (rom_parse((struct bytes){exact, SIZE}, &rom, &err) < 0 || rom.images[0].code_type != ROM_CODE_EFI)
            continue;
        if (efi_image_loads((struct bytes){exact, SIZE}, &rom.images[0], GUEST_ANY, &err) < 0)
            assert_error(&err, err.code == ERROR_REFUSED ? ERROR_REFUSED : ERROR_INPUT, "EFI image at offset 0x0: ");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guests_have_names), cmocka_unit_test(the_driver), cmocka_unit_test(the_second_image),
        cmocka_unit_test(machines),          cmocka_unit_test(refusals),   cmocka_unit_test(a_driver_that_is_too_large),
        cmocka_unit_test(random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
