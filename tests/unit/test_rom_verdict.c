/* rom/verdict: which ROM will do for which device under which firmware. */
#include "rom/verdict.h"
#include "support.h"

static const struct pci_id gpu = {0x1002, 0x1681}, other = {0x1002, 0x1640};

/* What the ROM of a case has, one letter an image: x86 for (g)pu or (o)ther, with the gpu in a device (l)ist, with a
 * bad (s)um, (E)FI of some other device, EFI (z)ero-sized or (t)oo large inside, (v)endor's own. */
static size_t make_rom(const char *images, uint8_t *out) {
    size_t size = 0;
    for (; *images; images++) {
        struct image_spec spec = {.id = gpu, .units = 1, .last = !images[1]};
        uint8_t *image = out + size;
        spec.code_type = strchr("Ezt", *images) ? 3 : *images == 'v' ? 0x70 : 0;
        if (strchr("oElzt", *images))
            spec.id = other;
        if (*images == 'l') {
            spec.pcir_revision = 3;
            spec.device_list[0] = gpu.device;
        }
        size += image_build(image, &spec);
        if (*images == 's')
            image[100]++;
        if (*images == 'z')
            image[2] = 0;
        if (*images == 't')
            image[2] = 2;
    }
    return size;
}

static void judged(void **state) {
    (void)state;
    static const char wrong_device[] = "x86 image at offset 0x0 is for 1002:1640, not for 1002:1681";
    static const char wrong_sum[] = "x86 image at offset 0x0: its 512 bytes sum to 0x01 instead of 0";
    static const struct {
        const char *images;
        const char *refusal[3]; /* under any, bios, uefi; NULL: good */
    } cases[] = {
        {"g", {NULL, NULL, NULL}},
        {"o", {wrong_device, wrong_device, wrong_device}},
        {"s", {wrong_sum, wrong_sum, wrong_sum}},
        /* SeaBIOS does not read device lists; a guest's driver may. */
        {"l", {NULL, wrong_device, NULL}},
        /* Nobody compares the IDs of EFI images. */
        {"E", {NULL, "it has only an EFI image, and this VM boots with SeaBIOS", NULL}},
        {"gE", {NULL, NULL, NULL}},
        {"Eg", {NULL, NULL, NULL}},
        {"og", {NULL, NULL, NULL}}, /* SeaBIOS takes the first that fits */
        {"lg", {NULL, NULL, NULL}},
        {"oE", {wrong_device, wrong_device, wrong_device}},
        {"sE", {wrong_sum, wrong_sum, wrong_sum}},
        {"z", {"initialisation size 0", "initialisation size 0", "initialisation size 0"}},
        {"t",
         {"EFI image at offset 0x0: initialisation size 1024 exceeds the image's 512 bytes", "exceeds the image's 512",
          "exceeds the image's 512"}},
        {"gt", {"EFI image at offset 0x200", "EFI image at offset 0x200", "EFI image at offset 0x200"}},
        {"v",
         {"neither an x86 nor an EFI image (first code type: 112)", "neither an x86 nor an EFI image",
          "neither an x86 nor an EFI image"}},
        {"gv", {NULL, NULL, NULL}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (enum firmware firmware = FIRMWARE_ANY; firmware <= FIRMWARE_UEFI; firmware++) {
            uint8_t bytes[1024];
            struct error err = {0};
            int result = rom_judge((struct bytes){bytes, make_rom(cases[i].images, bytes)}, gpu, firmware, &err);
            const char *refusal = cases[i].refusal[firmware];
            if (result != (refusal ? -1 : 0))
                fail_msg("\"%s\" under %s: %s", cases[i].images, firmware_name(firmware), err.message);
            if (refusal)
                assert_error(&err, ERROR_INPUT, refusal);
        }
    }
}

static const struct pci_id gop = {0x1002, 0x1640};

/* What OVMF would pass over is no ROM for a guest; one image that it takes is enough. */
static void efi_images_are_drivers_that_ovmf_loads(void **state) {
    (void)state;
    static const struct {
        uint16_t subsystem, machine;
        const char *refusal; /* NULL: good */
    } cases[] = {
        {0x0b, 0x8664, NULL},
        {0x0c, 0x8664, NULL},
        {0x0b, 0x0ebc, NULL},
        {0x0b, 0xaa64, NULL},
        {0x0a, 0x8664, "subsystem 0xa is no driver's"},
        {0x0b, 0x014c, "machine 0x014c is none that OVMF runs"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t rom[512];
        struct error err = {0};
        size_t size = rom_build_efi(rom, gop);
        rom[0x08] = (uint8_t)cases[i].subsystem;
        rom[0x0a] = (uint8_t)cases[i].machine;
        rom[0x0b] = (uint8_t)(cases[i].machine >> 8);
        assert_int_equal(rom_judge((struct bytes){rom, size}, gop, FIRMWARE_UEFI, &err), cases[i].refusal ? -1 : 0);
        if (cases[i].refusal)
            assert_error(&err, ERROR_INPUT, cases[i].refusal);
    }
}

static void truncations(void **state) {
    (void)state;
    for (enum firmware firmware = FIRMWARE_ANY; firmware <= FIRMWARE_UEFI; firmware++) {
        uint8_t bytes[1024];
        rom_build_both(bytes, gpu);
        for (size_t size = 0; size < sizeof(bytes); size++) {
            CLEANUP(free) uint8_t *exact = malloc(size + 1);
            struct error err = {0};
            memcpy(exact, bytes, size);
            assert_int_equal(rom_judge((struct bytes){exact, size}, gpu, firmware, &err), -1);
            assert_error(&err, ERROR_INPUT, "offset 0x");
        }
    }
}

/* No part of the x86 image may change: every byte counts in the sum. */
static void every_byte_of_an_x86_image_is_checked(void **state) {
    (void)state;
    for (size_t at = 0; at < 512; at++) {
        uint8_t bytes[512];
        struct error err = {0};
        rom_build_x86(bytes, gpu);
        bytes[at] ^= 0x10;
        if (rom_judge((struct bytes){bytes, sizeof(bytes)}, gpu, FIRMWARE_BIOS, &err) != -1)
            fail_msg("a changed byte at 0x%zx was accepted", at);
    }
}

static void firmware_names(void **state) {
    (void)state;
    static const char *const names[] = {[FIRMWARE_ANY] = "any", [FIRMWARE_BIOS] = "bios", [FIRMWARE_UEFI] = "uefi"};
    static const char *const bad[] = {"", "UEFI", "efi", "bios ", "anyone"};
    for (enum firmware i = FIRMWARE_ANY; i <= FIRMWARE_UEFI; i++) {
        enum firmware firmware = FIRMWARE_ANY;
        assert_int_equal(firmware_parse(names[i], &firmware), 0);
        assert_int_equal(firmware, i);
        assert_string_equal(firmware_name(i), names[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        enum firmware firmware = FIRMWARE_UEFI;
        assert_int_equal(firmware_parse(bad[i], &firmware), -1);
        assert_int_equal(firmware, FIRMWARE_UEFI);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judged),         cmocka_unit_test(efi_images_are_drivers_that_ovmf_loads),
        cmocka_unit_test(truncations),    cmocka_unit_test(every_byte_of_an_x86_image_is_checked),
        cmocka_unit_test(firmware_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
