/* rom/layout: where the chain is in what people have in their hands, and what stands around it. */
#include "rom/layout.h"
#include "rom_builders.h"

static const struct pci_id gpu = {0x1002, 0x1681}, nvidia = {0x10de, 0x24dc};

enum { AMD_VBIOS = 0x40000, LARGE = AMD_VBIOS + 4096 };
static uint8_t bytes[LARGE];

static void layout_exact(const uint8_t *data, size_t size, struct rom_layout *layout) {
    CLEANUP(free) uint8_t *exact = exact_copy(data, size);
    rom_layout((struct bytes){exact, size}, layout);
}

static void start_with(int fill) {
    memset(bytes, fill, sizeof(bytes));
}

static void a_chain_at_the_start(void **state) {
    (void)state;
    static const struct {
        int fill;
        size_t behind;
        bool is_blank;
    } cases[] = {{0xff, 0, true}, {0xff, 100, true}, {0x00, 1, true}, {0x01, 1, false}, {0xfe, 100, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rom_layout layout;
        start_with(cases[i].fill);
        layout_exact(bytes, rom_build_both(bytes, gpu) + cases[i].behind, &layout);
        assert_no_error(&layout.defect);
        assert_no_error(&layout.hidden_defect);
        assert_int_equal(layout.front, ROM_FRONT_NONE);
        assert_null(rom_front_name(layout.front));
        assert_int_equal(layout.rom.start, 0);
        assert_int_equal(layout.rom.count, 2);
        assert_int_equal(layout.end, 1024);
        assert_int_equal(layout.hidden.count, 0);
        assert_false(layout.is_isa);
        assert_int_equal(layout.trailing_is_blank, cases[i].is_blank);
    }
}

/* Blank is all of one kind. */
static void trailing_bytes(void **state) {
    (void)state;
    for (size_t odd = 0; odd < 3; odd++) {
        struct rom_layout layout;
        start_with(0xff);
        size_t size = rom_build_x86(bytes, gpu) + 64;
        bytes[512 + odd * 63 / 2] = 0x00;
        layout_exact(bytes, size, &layout);
        assert_false(layout.trailing_is_blank);
    }
}

static void files_that_are_no_rom(void **state) {
    (void)state;
    struct rom_layout layout;
    rom_layout((struct bytes){0}, &layout);
    assert_error(&layout.defect, ERROR_INPUT, "no image header at offset 0x0: the file ends at 0x0");
    assert_int_equal(layout.end, 0);
    start_with(0x77);
    layout_exact(bytes, 5000, &layout);
    assert_error(&layout.defect, ERROR_INPUT, "no image at offset 0x0: bytes 77 77 instead of 55 aa");
    assert_int_equal(layout.front, ROM_FRONT_NONE);
    assert_int_equal(layout.rom.count, 0);
    assert_int_equal(layout.end, 0);
}

static void a_chain_with_a_defect(void **state) {
    (void)state;
    struct rom_layout layout;
    start_with(0xff);
    rom_build_both(bytes, gpu);
    layout_exact(bytes, 1023, &layout);
    assert_error(&layout.defect, ERROR_INPUT, "image at offset 0x200: PCIR says 512 bytes, the file has 511");
    assert_int_equal(layout.rom.count, 1);
    assert_int_equal(layout.end, 512);
    assert_false(layout.is_isa);
}

/* --- what stands before the chain --- */

enum { NVGI_ROM = 0x400 };

static void nvgi_build(uint8_t version, size_t rom) {
    start_with(0xff);
    memcpy(bytes, "NVGI", 4);
    put32(bytes + 4, 0x20 << 16 | (size_t)version << 8);
    put32(bytes + 8, 0x200);
    put32(bytes + 0x24, rom);
}

static void front_matter_of_nvidia(void **state) {
    (void)state;
    static const struct {
        uint8_t version;
        size_t said, chain; /* where front matter says the chain is, and where it is */
        enum rom_front front;
        const char *defect;
    } cases[] = {
        {2, NVGI_ROM, NVGI_ROM, ROM_FRONT_NVGI, NULL},
        {1, 0x3fc, 0x3fc, ROM_FRONT_NVGI, NULL},      /* not on 512 bytes: only front matter can tell */
        {2, 0x600, NVGI_ROM, ROM_FRONT_NVGI, NULL},   /* it is wrong: searched for */
        {2, 1 << 30, NVGI_ROM, ROM_FRONT_NVGI, NULL}, /* outside */
        {9, NVGI_ROM, NVGI_ROM, ROM_FRONT_NVGI, NULL},
        {2, NVGI_ROM, 0, ROM_FRONT_NONE, "no option ROM starts at offset 0x400, where it leads"},
        {2, 1 << 30, 0, ROM_FRONT_NONE, "the option ROM at offset 0x40000000 lies outside"},
        {9, NVGI_ROM, 0, ROM_FRONT_NONE, "version 9 is not known"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rom_layout layout;
        nvgi_build(cases[i].version, cases[i].said);
        if (cases[i].chain)
            rom_build_x86(bytes + cases[i].chain, nvidia);
        layout_exact(bytes, 4096, &layout);
        assert_int_equal(layout.front, cases[i].front);
        assert_int_equal(layout.rom.start, cases[i].chain);
        assert_int_equal(layout.rom.count, cases[i].chain != 0);
        assert_int_equal(layout.end, cases[i].chain ? cases[i].chain + 512 : 0);
        if (cases[i].defect)
            assert_error(&layout.defect, ERROR_INPUT, cases[i].defect);
        else
            assert_no_error(&layout.defect);
    }
    assert_string_equal(rom_front_name(ROM_FRONT_NVGI), "NVIDIA flash header (NVGI)");
}

static void an_amd_flash_dump(void **state) {
    (void)state;
    static const struct {
        uint8_t first[2];
        size_t at, size;
        enum rom_front front;
    } cases[] = {
        {{0xaa, 0x55}, AMD_VBIOS, LARGE, ROM_FRONT_AMD_FLASH},
        {{0xff, 0xff}, AMD_VBIOS, LARGE, ROM_FRONT_OTHER},
        {{0xaa, 0x55}, 0x20000, LARGE, ROM_FRONT_OTHER},
        {{0xaa, 0x55}, AMD_VBIOS, AMD_VBIOS + 511, ROM_FRONT_NONE}, /* cut: no whole image */
        {{0xaa, 0x55}, AMD_VBIOS, AMD_VBIOS + 1, ROM_FRONT_NONE},
        {{0xaa, 0x55}, AMD_VBIOS, 1024, ROM_FRONT_NONE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rom_layout layout;
        start_with(0xff);
        memcpy(bytes, cases[i].first, 2);
        rom_build_x86(bytes + cases[i].at, gpu);
        layout_exact(bytes, cases[i].size, &layout);
        bool found = cases[i].front != ROM_FRONT_NONE;
        assert_int_equal(layout.front, cases[i].front);
        assert_int_equal(layout.rom.start, found ? cases[i].at : 0);
        assert_int_equal(layout.rom.count, found);
        assert_int_equal(layout.defect.code, found ? ERROR_NONE : ERROR_INPUT);
        assert_true(!found || layout.trailing_is_blank);
    }
    assert_string_equal(rom_front_name(ROM_FRONT_AMD_FLASH), "AMD flash contents");
}

static void something_else_before_the_chain(void **state) {
    (void)state;
    static const struct {
        size_t at;
        bool found;
    } cases[] = {{512, true}, {3 * 512, true}, {513, false}, {256, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rom_layout layout;
        start_with(0x11);
        size_t size = cases[i].at + rom_build_both(bytes + cases[i].at, gpu);
        layout_exact(bytes, size, &layout);
        assert_int_equal(layout.front, cases[i].found ? ROM_FRONT_OTHER : ROM_FRONT_NONE);
        assert_int_equal(layout.rom.start, cases[i].found ? cases[i].at : 0);
        assert_int_equal(layout.rom.count, cases[i].found ? 2 : 0);
        assert_int_equal(layout.defect.code, cases[i].found ? ERROR_NONE : ERROR_INPUT);
    }
    assert_string_equal(rom_front_name(ROM_FRONT_OTHER), "something that is no option ROM");
}

/* Bytes 55 AA alone start no chain; the first image of a chain with a defect does. */
static void the_first_chain_that_is_one(void **state) {
    (void)state;
    struct rom_layout layout;
    start_with(0x11);
    put16(bytes + 512, 0xaa55);
    rom_build_both(bytes + 1024, gpu);
    rom_build_x86(bytes + 4096, gpu);
    bytes[1024 + 512] = 0; /* its second image is damaged */
    layout_exact(bytes, 5000, &layout);
    assert_int_equal(layout.front, ROM_FRONT_OTHER);
    assert_int_equal(layout.rom.start, 1024);
    assert_int_equal(layout.rom.count, 1);
    assert_error(&layout.defect, ERROR_INPUT, "no image at offset 0x600");
}

/* --- x86 images without PCIR --- */

static void isa_images(void **state) {
    (void)state;
    static const struct {
        uint16_t pcir;
        uint8_t units;
        bool keep_pcir, is_isa;
    } cases[] = {
        {0, 2, false, true},          {0xffff, 1, false, true},     {IMAGE_PCIR, 2, false, true},
        {0, 0, false, false},         {0, 3, false, false}, /* damage */
        {IMAGE_PCIR, 0, true, false}, {IMAGE_PCIR, 3, true, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rom_layout layout;
        start_with(0x00);
        rom_build_x86(bytes, gpu);
        put16(bytes + 0x18, cases[i].pcir);
        bytes[2] = cases[i].units;
        if (!cases[i].keep_pcir)
            bytes[IMAGE_PCIR] = 'X';
        if (cases[i].units)
            image_fix_checksum(bytes, cases[i].units * 512u);
        layout_exact(bytes, 1024, &layout);
        assert_int_equal(layout.is_isa, cases[i].is_isa);
        assert_int_equal(layout.rom.count, 0);
        assert_int_equal(layout.end, cases[i].is_isa ? cases[i].units * 512 : 0);
        assert_int_equal(layout.isa_size, layout.end);
        assert_int_equal(layout.defect.code, ERROR_INPUT);
        /* With a wrong sum it is damage, whatever it was before. */
        bytes[3] ^= 0x40;
        layout_exact(bytes, 1024, &layout);
        assert_false(layout.is_isa);
        assert_int_equal(layout.end, 0);
    }
}

/* With PCIR it is no ISA image, whatever else is wrong; nor without 55 AA. */
static void no_isa_images(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint16_t value;
    } cases[] = {{IMAGE_PCIR + 0x10, 0}, {IMAGE_PCIR + 0x0a, 0}, {0x00, 0xaa54}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rom_layout layout;
        start_with(0x00);
        rom_build_x86(bytes, gpu);
        put16(bytes + cases[i].at, cases[i].value);
        layout_exact(bytes, 512, &layout);
        assert_false(layout.is_isa);
        assert_int_equal(layout.end, 0);
        assert_error(&layout.defect, ERROR_INPUT, "offset 0x0");
    }
    /* Something else, whose third byte would do as a size. */
    struct rom_layout layout;
    start_with(0x01);
    layout_exact(bytes, 1024, &layout);
    assert_false(layout.is_isa);
}

/* --- what stands behind the chain --- */

static void private_images(void **state) {
    (void)state;
    static const struct {
        struct pci_id id;
        bool nvgi;
        const char *header, *data;
        size_t hidden;
    } cases[] = {
        {{0x10de, 0x24dc}, false, "VN", "NPDS", 2}, {{0x10de, 0x24dc}, true, "VN", "NPDS", 2},
        {{0x0000, 0x0000}, true, "VN", "NPDS", 2}, /* junk IDs, but NVIDIA's front matter */
        {{0x1002, 0x1681}, false, "VN", "NPDS", 0}, {{0x1002, 0x1681}, false, "\x55\xaa", "PCIR", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rom_layout layout;
        size_t start = cases[i].nvgi ? NVGI_ROM : 0;
        nvgi_build(2, NVGI_ROM);
        size_t end = start + rom_build_both(bytes + start, cases[i].id);
        nvidia_build(bytes + end, cases[i].header, cases[i].data, 0xe0, false);
        nvidia_build(bytes + end + 512, cases[i].header, cases[i].data, 0xe0, true);
        layout_exact(bytes, end + 1024 + 100, &layout);
        assert_no_error(&layout.defect);
        assert_no_error(&layout.hidden_defect);
        assert_int_equal(layout.rom.end, end);
        assert_int_equal(layout.hidden.count, cases[i].hidden);
        assert_int_equal(layout.end, end + cases[i].hidden * 512);
        assert_int_equal(layout.trailing_is_blank, cases[i].hidden != 0);
    }
}

static void a_damaged_private_image(void **state) {
    (void)state;
    struct rom_layout layout;
    start_with(0xff);
    size_t end = rom_build_x86(bytes, nvidia);
    nvidia_build(bytes + end, "VN", "NPDS", 0xe0, false);
    nvidia_build(bytes + end + 512, "VN", "NPDS", 0xe0, true);
    layout_exact(bytes, end + 1000, &layout);
    assert_no_error(&layout.defect);
    assert_error(&layout.hidden_defect, ERROR_INPUT, "private image at offset 0x400");
    assert_int_equal(layout.hidden.count, 1);
    assert_int_equal(layout.end, end + 512);
}

/* --- any bytes --- */

static void check_any(const uint8_t *data, size_t size) {
    struct rom_layout layout;
    layout_exact(data, size, &layout);
    assert_in_range(layout.end, 0, size);
    assert_in_range(layout.rom.start, 0, layout.rom.end);
    assert_in_range(layout.rom.end, 0, size);
    assert_true(layout.rom.count == 0 || layout.end >= layout.rom.end);
    assert_true(layout.defect.code == ERROR_INPUT || (layout.defect.code == ERROR_NONE && layout.rom.count > 0));
    assert_true((layout.front == ROM_FRONT_NONE) == (layout.rom.start == 0));
    assert_true(!layout.is_isa || (layout.rom.count == 0 && layout.end == layout.isa_size));
    if (layout.defect.code == ERROR_INPUT)
        assert_error(&layout.defect, ERROR_INPUT, "offset 0x");
}

static void every_truncation(void **state) {
    (void)state;
    nvgi_build(2, NVGI_ROM);
    size_t end = NVGI_ROM + rom_build_both(bytes + NVGI_ROM, nvidia);
    nvidia_build(bytes + end, "VN", "NPDS", 0xe0, true);
    for (size_t cut = 0; cut <= end + 512; cut++)
        check_any(bytes, cut);
}

static void random_damage(void **state) {
    (void)state;
    struct sequence sequence = {5};
    for (int round = 0; round < 20000; round++) {
        size_t start = round % 2 ? NVGI_ROM : 0;
        nvgi_build((uint8_t)(1 + round % 3), NVGI_ROM);
        size_t end = start + rom_build_both(bytes + start, nvidia);
        nvidia_build(bytes + end, "VN", "NPDS", 0xe0, true);
        damage_bytes(&sequence, bytes + start, 0x60, 2);
        damage_bytes(&sequence, bytes + 512 * sequence_below(&sequence, 4), 0x60, 2);
        check_any(bytes, sequence_below(&sequence, (uint32_t)end + 1024));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_at_the_start),
        cmocka_unit_test(trailing_bytes),
        cmocka_unit_test(files_that_are_no_rom),
        cmocka_unit_test(a_chain_with_a_defect),
        cmocka_unit_test(front_matter_of_nvidia),
        cmocka_unit_test(an_amd_flash_dump),
        cmocka_unit_test(something_else_before_the_chain),
        cmocka_unit_test(the_first_chain_that_is_one),
        cmocka_unit_test(isa_images),
        cmocka_unit_test(no_isa_images),
        cmocka_unit_test(private_images),
        cmocka_unit_test(a_damaged_private_image),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
