/* rom/build: ROMs made of EFI drivers, taken apart and joined. */
#include "rom/build.h"

#include "rom/efi_image.h"
#include "support.h"

static const struct pci_id gpu = {0x1002, 0x1681}, audio = {0x1002, 0x1640}, other = {0x10de, 0x2204};

static struct bytes ours(const uint8_t *data, size_t size) {
    return (struct bytes){data, size};
}

/* The driver of rom_build_efi. */
static struct bytes driver_of(const uint8_t rom[512]) {
    return ours(rom + IMAGE_DRIVER, 512 - IMAGE_DRIVER);
}

static void a_driver_becomes_a_rom(void **state) {
    (void)state;
    uint8_t source[512];
    rom_build_efi(source, gpu);
    static const struct pci_id ids[] = {{0x1002, 0x1640}, {0x1002, 0x1681}, {0x1002, 0x164d}};
    for (size_t count = 1; count <= COUNT(ids); count++) {
        struct error err = {0};
        struct rom rom;
        CLEANUP(buffer_free) struct buffer out = {0};
        CLEANUP(buffer_free) struct buffer storage = {0};
        struct bytes driver;
        assert_int_equal(rom_from_efi(driver_of(source), ids, count, 0x040300, &out, &err), 0);
        assert_int_equal(rom_parse(buffer_bytes(&out), &rom, &err), 0);
        assert_no_error(&err);
        const struct rom_image *image = &rom.images[0];
        assert_int_equal(rom.count, 1);
        assert_int_equal(rom.end, out.size);
        assert_int_equal(image->code_type, ROM_CODE_EFI);
        assert_int_equal(image->class_code, 0x040300);
        assert_int_equal(image->pcir_revision, 3);
        assert_int_equal(image->init_size, out.size);
        assert_int_equal(image->device_list != 0, count > 1);
        for (size_t i = 0; i < COUNT(ids); i++)
            assert_int_equal(rom_image_names(buffer_bytes(&out), image, ids[i], true), i < count);
        assert_int_equal(efi_image_loads(buffer_bytes(&out), image, GUEST_X86_64, &err), 0);
        /* The driver itself, to the byte, then zeros. */
        assert_int_equal(efi_image_driver(buffer_bytes(&out), image, &storage, &driver, &err), 0);
        assert_true(driver.size >= driver_of(source).size);
        assert_memory_equal(driver.data, driver_of(source).data, driver_of(source).size);
        for (size_t i = driver_of(source).size; i < driver.size; i++)
            assert_int_equal(driver.data[i], 0);
    }
}

static void what_is_no_driver_is_refused(void **state) {
    (void)state;
    uint8_t source[512];
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    rom_build_efi(source, gpu);
    uint8_t *driver = source + IMAGE_DRIVER;
    static const struct pci_id mixed[] = {{0x1002, 0x1640}, {0x10de, 0x2204}};
    static const struct {
        size_t offset;
        uint8_t value;
        const char *reason;
    } cases[] = {
        {0x00, 'X', "no MS-DOS header"},
        {0x40, 'X', "no \"PE\" at offset 0x40"},
        {0x44, 0x00, "machine 0x8600 is none that UEFI knows"},
        {0x58 + 0x44, 10, "subsystem 10 is no UEFI driver's"},
        {0x58 + 0x3f, 0x7f, "it is truncated"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t kept = driver[cases[i].offset];
        driver[cases[i].offset] = cases[i].value;
        assert_int_equal(rom_from_efi(driver_of(source), &gpu, 1, 0, &out, &err), -1);
        assert_error(&err, ERROR_INPUT, cases[i].reason);
        driver[cases[i].offset] = kept;
    }
    assert_int_equal(rom_from_efi(ours(source, sizeof(source)), &gpu, 1, 0, &out, &err), -1);
    assert_error(&err, ERROR_INPUT, "it is an option ROM already");
    assert_int_equal(rom_from_efi(driver_of(source), mixed, 2, 0, &out, &err), -1);
    assert_error(&err, ERROR_INPUT, "a device list holds devices of one vendor");
    for (size_t size = 0; size < 0xc8; size++) {
        CLEANUP(free) uint8_t *exact = malloc(size + 1);
        memcpy(exact, driver, size);
        assert_int_equal(rom_from_efi(ours(exact, size), &gpu, 1, 0, &out, &err), -1);
        assert_error(&err, ERROR_INPUT, "");
    }
    assert_null(out.data);
}

/* Each image by itself is a ROM, and together they are what they were. */
static void split_and_joined(void **state) {
    (void)state;
    uint8_t bytes[1536];
    struct error err = {0};
    struct rom_layout layout;
    CLEANUP(buffer_free) struct buffer joined = {0};
    image_build(bytes, &(struct image_spec){.code_type = 0, .id = gpu, .units = 1});
    image_build(bytes + 512, &(struct image_spec){.code_type = 0, .id = other, .units = 1});
    rom_build_efi(bytes + 1024, audio);
    rom_layout(ours(bytes, sizeof(bytes)), &layout);
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(buffer_free) struct buffer part = {0};
        struct rom rom;
        assert_int_equal(rom_split(ours(bytes, sizeof(bytes)), &layout, i, &part, &err), 0);
        assert_int_equal(rom_parse(buffer_bytes(&part), &rom, &err), 0);
        assert_int_equal(rom.count, 1);
        assert_int_equal(part.size, 512);
        assert_int_equal(rom.images[0].checksum, 0);
        assert_int_equal(rom_join(&joined, buffer_bytes(&part), &err), 0);
    }
    assert_no_error(&err);
    assert_int_equal(joined.size, sizeof(bytes));
    assert_memory_equal(joined.data, bytes, sizeof(bytes));
}

/* A wrong sum is as wrong as before: splitting is no repair. */
static void splitting_repairs_nothing(void **state) {
    (void)state;
    uint8_t bytes[1024];
    struct error err = {0};
    struct rom_layout layout;
    struct rom rom;
    CLEANUP(buffer_free) struct buffer part = {0};
    rom_build_both(bytes, gpu);
    bytes[0x100] = (uint8_t)(bytes[0x100] + 3);
    rom_layout(ours(bytes, sizeof(bytes)), &layout);
    assert_int_equal(rom_split(ours(bytes, sizeof(bytes)), &layout, 0, &part, &err), 0);
    assert_int_equal(rom_parse(buffer_bytes(&part), &rom, &err), 0);
    assert_int_equal(rom.images[0].checksum, 3);
}

/* Firmware finds a PCIR structure wherever its pointer leads: an image cut out without it is no ROM. */
static void no_pcir_is_left_behind(void **state) {
    (void)state;
    uint8_t bytes[1024] = {0};
    struct error err = {0};
    struct rom_layout layout;
    CLEANUP(buffer_free) struct buffer part = {0};
    CLEANUP(buffer_free) struct buffer joined = {0};
    rom_build_x86(bytes, gpu);
    memmove(bytes + 0x200, bytes + IMAGE_PCIR, 0x18);
    bytes[0x18] = 0x00;
    bytes[0x19] = 0x02;
    rom_layout(ours(bytes, sizeof(bytes)), &layout);
    assert_int_equal(layout.rom.count, 1);
    assert_int_equal(rom_split(ours(bytes, sizeof(bytes)), &layout, 0, &part, &err), -1);
    assert_error(&err, ERROR_INPUT, "image at offset 0x0: its PCIR structure at 0x200 lies outside it");
    assert_int_equal(rom_join(&joined, ours(bytes, sizeof(bytes)), &err), -1);
    assert_error(&err, ERROR_REFUSED, "image at offset 0x0 cannot be edited: ");
}

/* The next image must not lie inside what this one sums over. */
static void joining_makes_room(void **state) {
    (void)state;
    uint8_t first[1024] = {0}, second[512];
    struct error err = {0};
    struct rom rom;
    CLEANUP(buffer_free) struct buffer joined = {0};
    rom_build_x86(first, gpu);
    first[2] = 2;
    image_fix_checksum(first, 1024);
    rom_build_efi(second, gpu);
    assert_int_equal(rom_join(&joined, ours(first, sizeof(first)), &err), 0);
    assert_int_equal(rom_join(&joined, ours(second, sizeof(second)), &err), 0);
    assert_int_equal(rom_parse(buffer_bytes(&joined), &rom, &err), 0);
    assert_no_error(&err);
    assert_int_equal(rom.count, 2);
    assert_int_equal(rom.images[0].size, 1024);
    assert_int_equal(rom.images[0].checksum, 0);
    assert_int_equal(rom.images[1].offset, 1024);
    assert_memory_equal(joined.data + 1024, second, sizeof(second));
}

static void what_cannot_be_joined(void **state) {
    (void)state;
    uint8_t rom[512], isa[512] = {0x55, 0xaa, 1}, flash[1024] = "junk";
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer joined = {0};
    rom_build_x86(rom, gpu);
    memcpy(flash + 512, rom, sizeof(rom));
    static const struct {
        size_t size;
        const char *reason;
    } cases[] = {{500, "offset 0x"}, {0, "offset 0x0"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(rom_join(&joined, ours(rom, cases[i].size), &err), -1);
        assert_error(&err, ERROR_INPUT, cases[i].reason);
    }
    assert_int_equal(rom_join(&joined, ours(isa, sizeof(isa)), &err), -1);
    assert_error(&err, ERROR_INPUT, "PCI");
    assert_int_equal(rom_join(&joined, ours(flash, sizeof(flash)), &err), -1);
    assert_error(&err, ERROR_INPUT, "cut it out by `rom trim`");
    for (size_t i = 0; i < ROM_IMAGES_MAX; i++)
        assert_int_equal(rom_join(&joined, ours(rom, sizeof(rom)), &err), 0);
    assert_int_equal(rom_join(&joined, ours(rom, sizeof(rom)), &err), -1);
    assert_error(&err, ERROR_INPUT, "more than 32 images");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_driver_becomes_a_rom), cmocka_unit_test(what_is_no_driver_is_refused),
        cmocka_unit_test(split_and_joined),       cmocka_unit_test(splitting_repairs_nothing),
        cmocka_unit_test(no_pcir_is_left_behind), cmocka_unit_test(joining_makes_room),
        cmocka_unit_test(what_cannot_be_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
