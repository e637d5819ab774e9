/* rom/image: what a valid chain says, and that no damage is read as one. */
#include "rom/image.h"
#include "support.h"

static const struct pci_id gpu = {0x1002, 0x1681};

/* Parses a copy of exactly these bytes, so that a read outside is found. */
static int parse_exact(const uint8_t *data, size_t size, struct rom *rom, struct error *err) {
    CLEANUP(free) uint8_t *exact = malloc(size + !size);
    if (size)
        memcpy(exact, data, size);
    return rom_parse((struct bytes){exact, size}, rom, err);
}

static void an_x86_image(void **state) {
    (void)state;
    uint8_t bytes[512];
    struct rom rom;
    struct error err = {0};
    assert_int_equal(parse_exact(bytes, rom_build_x86(bytes, gpu), &rom, &err), 0);
    assert_int_equal(rom.count, 1);
    assert_int_equal(rom.end, 512);
    const struct rom_image *image = &rom.images[0];
    assert_int_equal(image->offset, 0);
    assert_int_equal(image->size, 512);
    assert_int_equal(image->code_type, ROM_CODE_X86);
    assert_true(pci_id_equal(image->id, gpu));
    assert_int_equal(image->class_code, 0x030000);
    assert_int_equal(image->pcir_revision, 0);
    assert_int_equal(image->device_list, 0);
    assert_int_equal(image->init_size, 512);
    assert_int_equal(image->checksum, 0);
}

static void an_efi_image(void **state) {
    (void)state;
    uint8_t bytes[512];
    struct rom rom;
    struct error err = {0};
    assert_int_equal(parse_exact(bytes, rom_build_efi(bytes, gpu), &rom, &err), 0);
    const struct rom_image *image = &rom.images[0];
    assert_int_equal(image->code_type, ROM_CODE_EFI);
    assert_int_equal(image->init_size, 512);
    assert_int_equal(image->efi_subsystem, 0x0b);
    assert_int_equal(image->efi_machine, 0x8664);
    assert_int_equal(image->efi_compression, 0);
    assert_int_equal(image->efi_payload, IMAGE_DRIVER);
}

/* 0x155 units: read as a byte, the size would be 0x55. */
static void an_efi_image_has_a_two_byte_size(void **state) {
    (void)state;
    static uint8_t bytes[0x155 * 512];
    struct rom rom;
    struct error err = {0};
    const struct image_spec spec = {.code_type = 3, .id = gpu, .units = 0x155, .last = true};
    assert_int_equal(parse_exact(bytes, image_build(bytes, &spec), &rom, &err), 0);
    assert_int_equal(rom.images[0].init_size, 0x155 * 512);
}

static void what_stands_behind_the_last_image_is_ignored(void **state) {
    (void)state;
    uint8_t bytes[1024 + 100];
    struct rom rom;
    struct error err = {0};
    memset(bytes, 0x55, sizeof(bytes));
    rom_build_both(bytes, gpu);
    assert_int_equal(parse_exact(bytes, sizeof(bytes), &rom, &err), 0);
    assert_int_equal(rom.count, 2);
    assert_int_equal(rom.end, 1024);
    assert_int_equal(rom.images[1].offset, 512);
    assert_int_equal(rom.images[1].code_type, ROM_CODE_EFI);
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    uint8_t bytes[1024];
    for (int which = 0; which < 3; which++) {
        size_t size = which == 0   ? rom_build_x86(bytes, gpu)
                      : which == 1 ? rom_build_efi(bytes, gpu)
                                   : rom_build_both(bytes, gpu);
        for (size_t cut = 0; cut < size; cut++) {
            struct rom rom;
            struct error err = {0};
            if (parse_exact(bytes, cut, &rom, &err) != -1)
                fail_msg("ROM %d cut to %zu bytes was accepted", which, cut);
            assert_error(&err, ERROR_INPUT, "offset 0x");
        }
        struct rom rom;
        struct error err = {0};
        assert_int_equal(parse_exact(bytes, size, &rom, &err), 0);
    }
}

/* One damage to the second image of two, which the message must place at 0x200. */
static void damages(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint8_t bytes[2];
        const char *part;
    } cases[] = {
        {0x00, {0xaa, 0x55}, "no image at offset 0x200: bytes aa 55 instead of 55 aa"},
        {0x00, {0x56, 0x4e}, "no image at offset 0x200"},
        {0x18, {0xff, 0xff}, "image at offset 0x200: its PCIR pointer leads to 0x101ff, outside the file"},
        {0x18, {0xe9, 0x01}, "outside the file"}, /* one byte too far */
        {0x18, {0x00, 0x00}, "image at offset 0x200: no \"PCIR\" at 0x200"},
        {0x18, {0xe8, 0x01}, "no \"PCIR\" at 0x3e8"}, /* the last place where one fits */
        {0x1c, {'p', 'C'}, "no \"PCIR\" at 0x21c"},
        {0x1e, {'I', 0}, "no \"PCIR\" at 0x21c"},
        {IMAGE_PCIR + 0x0a, {0x17, 0}, "image at offset 0x200: PCIR length 23 is less than 24"},
        {IMAGE_PCIR + 0x0a, {0, 0}, "PCIR length 0 is less than 24"},
        {IMAGE_PCIR + 0x10, {0, 0}, "image at offset 0x200: PCIR says 0 bytes"},
        {IMAGE_PCIR + 0x10, {2, 0}, "PCIR says 1024 bytes, the file has 512"},
        {IMAGE_PCIR + 0x10, {0xff, 0xff}, "PCIR says 33553920 bytes"},
        {0x04, {0xf2, 0x0e}, "EFI image at offset 0x200: signature 0x00000ef2 instead of 0x00000ef1"},
        {0x06, {1, 0}, "signature 0x00010ef1"},
        {IMAGE_PCIR + 0x14, {3, 0}, "no image header at offset 0x400: the file ends at 0x400"}, /* not the last */
        {IMAGE_PCIR + 0x14, {3, 0x7f}, "no image header at offset 0x400"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[1024];
        struct rom rom;
        struct error err = {0};
        rom_build_both(bytes, gpu);
        memcpy(bytes + 512 + cases[i].at, cases[i].bytes, 2);
        assert_int_equal(parse_exact(bytes, sizeof(bytes), &rom, &err), -1);
        assert_error(&err, ERROR_INPUT, cases[i].part);
    }
}

static void x86_sizes(void **state) {
    (void)state;
    static const struct {
        uint8_t units;
        size_t file;
        bool good;
    } cases[] = {{0, 512, false},  {1, 512, true},  {2, 512, false},
                 {2, 1023, false}, {2, 1024, true}, {255, 1024, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[1024] = {0};
        struct rom rom;
        struct error err = {0};
        rom_build_x86(bytes, gpu);
        bytes[2] = cases[i].units;
        assert_int_equal(parse_exact(bytes, cases[i].file, &rom, &err), cases[i].good ? 0 : -1);
        if (cases[i].good)
            assert_int_equal(rom.images[0].init_size, cases[i].units * 512);
        else
            assert_error(&err, ERROR_INPUT, "x86 image at offset 0x0: its size byte says");
    }
}

static void the_checksum_is_reported(void **state) {
    (void)state;
    uint8_t bytes[512];
    struct rom rom;
    struct error err = {0};
    size_t size = rom_build_x86(bytes, gpu);
    bytes[300] = (uint8_t)(bytes[300] + 0x2a);
    assert_int_equal(parse_exact(bytes, size, &rom, &err), 0);
    assert_int_equal(rom.images[0].checksum, 0x2a);
}

/* The "last" bit is one bit of its byte. */
static void the_indicator_is_masked(void **state) {
    (void)state;
    uint8_t bytes[512];
    struct rom rom;
    struct error err = {0};
    size_t size = rom_build_efi(bytes, gpu);
    bytes[IMAGE_PCIR + 0x15] = 0xff;
    assert_int_equal(parse_exact(bytes, size, &rom, &err), 0);
    bytes[IMAGE_PCIR + 0x15] = 0x7f;
    assert_int_equal(parse_exact(bytes, size, &rom, &err), -1);
}

/* A vendor's own code type is carried along, with nothing of x86 or EFI read into it. */
static void other_code_types(void **state) {
    (void)state;
    static const uint8_t types[] = {1, 2, 4, 0x70, 0xe0, 0xff};
    for (size_t i = 0; i < COUNT(types); i++) {
        uint8_t bytes[512];
        struct rom rom;
        struct error err = {0};
        const struct image_spec spec = {.code_type = types[i], .id = gpu, .units = 1, .last = true};
        size_t size = image_build(bytes, &spec);
        bytes[2] = 0xff;
        assert_int_equal(parse_exact(bytes, size, &rom, &err), 0);
        assert_int_equal(rom.images[0].code_type, types[i]);
        assert_int_equal(rom.images[0].init_size, 0);
        assert_int_equal(rom.images[0].efi_machine, 0);
    }
}

static void chains_have_a_longest_length(void **state) {
    (void)state;
    for (size_t count = ROM_IMAGES_MAX; count <= ROM_IMAGES_MAX + 1; count++) {
        uint8_t bytes[(ROM_IMAGES_MAX + 1) * 512];
        struct rom rom;
        struct error err = {0};
        for (size_t i = 0; i < count; i++)
            image_build(bytes + i * 512, &(struct image_spec){.id = gpu, .units = 1, .last = i + 1 == count});
        int result = parse_exact(bytes, count * 512, &rom, &err);
        if (count > ROM_IMAGES_MAX) {
            assert_int_equal(result, -1);
            assert_error(&err, ERROR_INPUT, "more than 32 images");
        } else {
            assert_no_error(&err);
            assert_int_equal(rom.count, ROM_IMAGES_MAX);
            assert_int_equal(rom.end, count * 512);
        }
    }
}

static void device_lists(void **state) {
    (void)state;
    static const struct {
        uint8_t revision;
        uint16_t list[8];
        struct pci_id id;
        bool by_id, by_list;
    } cases[] = {
        {0, {0}, {0x1002, 0x1681}, true, true},
        {0, {0}, {0x1002, 0x1682}, false, false},
        {0, {0}, {0x10de, 0x1681}, false, false},
        {3, {0x1682, 0x1683}, {0x1002, 0x1681}, true, true},
        {3, {0x1682, 0x1683}, {0x1002, 0x1682}, false, true},
        {3, {0x1682, 0x1683}, {0x1002, 0x1683}, false, true},
        {3, {0x1682, 0x1683}, {0x1002, 0x1684}, false, false},
        {3, {0x1682, 0x1683}, {0x10de, 0x1682}, false, false}, /* the list is of this vendor's devices */
        {0, {0x1682}, {0x1002, 0x1682}, false, false},         /* revision 0 has something else there */
        {3, {0}, {0x1002, 0x1682}, false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[512];
        struct rom rom;
        struct error err = {0};
        struct image_spec spec = {.id = gpu, .units = 1, .last = true, .pcir_revision = cases[i].revision};
        memcpy(spec.device_list, cases[i].list, sizeof(spec.device_list));
        struct bytes whole = {bytes, image_build(bytes, &spec)};
        assert_int_equal(rom_parse(whole, &rom, &err), 0);
        if (rom_image_names(whole, &rom.images[0], cases[i].id, false) != cases[i].by_id ||
            rom_image_names(whole, &rom.images[0], cases[i].id, true) != cases[i].by_list)
            fail_msg("row %zu", i);
    }
}

/* A list without its end, and one outside the file, end with the file: no device, and no read behind it. */
static void device_lists_without_end(void **state) {
    (void)state;
    static const uint16_t offsets[] = {0x24, 0x1c1, 512 - IMAGE_PCIR - 1, 512 - IMAGE_PCIR, 0x7fff, 0xffff};
    for (size_t i = 0; i < COUNT(offsets); i++) {
        CLEANUP(free) uint8_t *bytes = malloc(512);
        struct rom rom;
        struct error err = {0};
        image_build(bytes,
                    &(struct image_spec){.code_type = 1, .id = gpu, .units = 1, .last = true, .pcir_revision = 3});
        memset(bytes + IMAGE_LIST, 0x77, 512 - IMAGE_LIST);
        bytes[IMAGE_PCIR + 8] = (uint8_t)offsets[i];
        bytes[IMAGE_PCIR + 9] = (uint8_t)(offsets[i] >> 8);
        assert_int_equal(rom_parse((struct bytes){bytes, 512}, &rom, &err), 0);
        assert_false(
            rom_image_names((struct bytes){bytes, 512}, &rom.images[0], (struct pci_id){0x1002, 0x1682}, true));
    }
}

/* What must hold of any bytes. */
static void check_any(const uint8_t *data, size_t size) {
    CLEANUP(free) uint8_t *exact = malloc(size + !size);
    struct bytes bytes = {exact, size};
    struct rom rom;
    struct error err = {0};
    if (size)
        memcpy(exact, data, size);
    if (rom_parse(bytes, &rom, &err) < 0) {
        assert_error(&err, ERROR_INPUT, "");
        return;
    }
    assert_no_error(&err);
    assert_in_range(rom.count, 1, ROM_IMAGES_MAX);
    assert_in_range(rom.end, 1, size);
    size_t at = 0;
    for (size_t i = 0; i < rom.count; i++) {
        const struct rom_image *image = &rom.images[i];
        assert_int_equal(image->offset, at);
        assert_in_range(image->size, 1, size - at);
        if (image->code_type == ROM_CODE_X86)
            assert_in_range(image->init_size, 1, size - at);
        rom_image_names(bytes, image, (struct pci_id){image->id.vendor, 0xfffe}, true);
        at += image->size;
    }
    assert_int_equal(rom.end, at);
}

static void random_bytes(void **state) {
    (void)state;
    struct sequence sequence = {20261117};
    uint8_t bytes[2048];
    for (int round = 0; round < 20000; round++) {
        size_t size = sequence_below(&sequence, sizeof(bytes));
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)sequence_next(&sequence);
        if (size > 1) {
            bytes[0] = 0x55;
            bytes[1] = 0xaa;
        }
        if (size > 0x1a && round % 2) {
            size_t pcir = sequence_below(&sequence, (uint32_t)size);
            bytes[0x18] = (uint8_t)pcir;
            bytes[0x19] = (uint8_t)(pcir >> 8);
            memcpy(bytes + pcir, "PCIR", size - pcir < 4 ? size - pcir : 4);
        }
        check_any(bytes, size);
    }
}

static void valid_roms_with_random_damage(void **state) {
    (void)state;
    struct sequence sequence = {4711};
    for (int round = 0; round < 50000; round++) {
        uint8_t bytes[1024 + 512];
        memset(bytes, 0, sizeof(bytes));
        size_t size = rom_build_both(bytes, gpu) + sequence_below(&sequence, 512);
        for (uint32_t i = sequence_below(&sequence, 4); i > 0; i--) {
            /* Mostly in the headers, where it matters. */
            uint32_t at = sequence_below(&sequence, 0x60) + 512 * sequence_below(&sequence, 2);
            bytes[at] = (uint8_t)sequence_next(&sequence);
        }
        check_any(bytes, size);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_x86_image),
        cmocka_unit_test(an_efi_image),
        cmocka_unit_test(an_efi_image_has_a_two_byte_size),
        cmocka_unit_test(what_stands_behind_the_last_image_is_ignored),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(damages),
        cmocka_unit_test(x86_sizes),
        cmocka_unit_test(the_checksum_is_reported),
        cmocka_unit_test(the_indicator_is_masked),
        cmocka_unit_test(other_code_types),
        cmocka_unit_test(chains_have_a_longest_length),
        cmocka_unit_test(device_lists),
        cmocka_unit_test(device_lists_without_end),
        cmocka_unit_test(random_bytes),
        cmocka_unit_test(valid_roms_with_random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
