/* rom/verdict: which ROM will do for which device under which firmware. */
#include "rom/verdict.h"
#include "support.h"

/* For tables, where a constant of C is needed. */
#define GPU                                                                                                            \
    { 0x1002, 0x1681 }
#define NVIDIA                                                                                                         \
    { 0x10de, 0x2204 }
static const struct pci_id gpu = GPU, other = {0x1002, 0x1640}, nvidia = NVIDIA;

static void rewrite_id(uint8_t *image, struct pci_id id) {
    const uint8_t bytes[] = {(uint8_t)id.vendor, (uint8_t)(id.vendor >> 8), (uint8_t)id.device,
                             (uint8_t)(id.device >> 8)};
    memcpy(image + IMAGE_PCIR + 4, bytes, sizeof(bytes));
}

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

/* Judges bytes for the device, under that firmware, and returns the first finding of that level, "" if none. */
static const char *first_finding(struct bytes bytes, const struct rom_purpose *purpose, enum finding_level level) {
    static struct rom_verdict verdict;
    rom_judge(bytes, purpose, &verdict);
    const struct finding *finding = findings_first(&verdict.findings, level);
    return finding ? finding->text : "";
}

static void expect_finding(const char *what, struct bytes bytes, const struct rom_purpose *purpose,
                           enum finding_level level, const char *expected) {
    const char *text = first_finding(bytes, purpose, level);
    if (expected ? !strstr(text, expected) : *text != '\0')
        fail_msg("%s under %s: %s \"%s\" instead of \"%s\"", what, firmware_name(purpose->firmware),
                 finding_level_name(level), text, expected ? expected : "");
}

static void judged(void **state) {
    (void)state;
    static const char wrong_device[] = "x86 image at offset 0x0 is for 1002:1640, not for 1002:1681: if it is known";
    static const char wrong_sum[] = "x86 image at offset 0x0: its 512 bytes sum to 0x01 instead of 0";
    static const char listed[] = "x86 image at offset 0x0 names 1002:1681 only in its device list, which SeaBIOS";
    static const struct {
        const char *images;
        const char *errors[3]; /* under any, bios, uefi; NULL: good */
    } cases[] = {
        {"g", {NULL, NULL, NULL}},
        {"o", {wrong_device, wrong_device, wrong_device}},
        {"s", {wrong_sum, wrong_sum, wrong_sum}},
        /* SeaBIOS does not read device lists; a guest's driver may. */
        {"l", {NULL, listed, NULL}},
        /* Nobody compares the IDs of EFI images. */
        {"E", {NULL, NULL, NULL}},
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
        /* Damage that somebody would meet; SeaBIOS never looks at it. */
        {"gt", {"EFI image at offset 0x200", NULL, "EFI image at offset 0x200"}},
        {"gtE", {NULL, NULL, NULL}},
        {"v",
         {"neither an x86 nor an EFI image (first code type: 112)", "neither an x86 nor an EFI image",
          "neither an x86 nor an EFI image"}},
        {"gv", {NULL, NULL, NULL}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (enum firmware firmware = FIRMWARE_ANY; firmware <= FIRMWARE_UEFI; firmware++) {
            uint8_t bytes[1536];
            const struct rom_purpose purpose = {.id = gpu, .firmware = firmware};
            expect_finding(cases[i].images, (struct bytes){bytes, make_rom(cases[i].images, bytes)}, &purpose,
                           FINDING_ERROR, cases[i].errors[firmware]);
        }
    }
}

/* What does no harm, but disappoints somebody. */
static void warned_of(void **state) {
    (void)state;
    static const char only_x86[] = "it has only an x86 image, and this VM boots with OVMF";
    static const char only_efi[] = "it has only an EFI image, and this VM boots with SeaBIOS";
    static const struct {
        const char *images;
        struct pci_id id;
        const char *warnings[3]; /* under any, bios, uefi */
    } cases[] = {
        {"g", NVIDIA, {NULL, NULL, only_x86}},
        {"E", NVIDIA, {NULL, only_efi, NULL}},
        {"gE", NVIDIA, {NULL, NULL, NULL}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (enum firmware firmware = FIRMWARE_ANY; firmware <= FIRMWARE_UEFI; firmware++) {
            uint8_t bytes[1024];
            size_t size = make_rom(cases[i].images, bytes);
            if (*cases[i].images == 'g') {
                rewrite_id(bytes, nvidia);
                image_fix_checksum(bytes, IMAGE_UNIT);
            }
            const struct rom_purpose purpose = {.id = cases[i].id, .firmware = firmware};
            expect_finding(cases[i].images, (struct bytes){bytes, size}, &purpose, FINDING_ERROR, NULL);
            expect_finding(cases[i].images, (struct bytes){bytes, size}, &purpose, FINDING_WARNING,
                           cases[i].warnings[firmware]);
        }
    }
}

/* The junk that real EFI images carry is explained, never held against them. */
static void junk_is_remarked_on(void **state) {
    (void)state;
    static const struct {
        struct pci_id wanted, found;
        const char *remark;
    } cases[] = {
        {{0x1002, 0x1640}, {0x03ea, 0x0668}, "that is 1002:1640 read as decimal"},
        {{0x1002, 0x1681}, {0x03ea, 0x0668}, "03ea is 1002 read as decimal"},
        {{0x10de, 0x2204}, {0x0000, 0x0000}, "as NVIDIA leaves them empty"},
        {{0x1002, 0x1681}, {0x1002, 0xffff}, "ffff is a placeholder"},
        {{0x1002, 0x1681}, {0x1002, 0x1640}, "EFI image at offset 0x0 has the ID 1002:1640; that does no harm"},
        {{0x1002, 0x1681}, {0x1002, 0x1681}, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t rom[512];
        size_t size = rom_build_efi(rom, cases[i].found);
        const struct rom_purpose purpose = {.id = cases[i].wanted, .firmware = FIRMWARE_UEFI};
        expect_finding("efi", (struct bytes){rom, size}, &purpose, FINDING_ERROR, NULL);
        expect_finding("efi", (struct bytes){rom, size}, &purpose, FINDING_REMARK, cases[i].remark);
    }
}

static const struct pci_id gop = {0x1002, 0x1640};

/* What OVMF would pass over is no ROM for a guest; one image that it takes is enough. */
static void efi_images_are_drivers_that_ovmf_loads(void **state) {
    (void)state;
    static const struct {
        uint16_t subsystem, machine;
        enum guest_machine guest;
        const char *error; /* NULL: good */
    } cases[] = {
        {0x0b, 0x8664, GUEST_ANY, NULL},
        {0x0c, 0x8664, GUEST_X86_64, NULL},
        {0x0b, 0x0ebc, GUEST_X86_64, NULL},
        {0x0b, 0xaa64, GUEST_ANY, NULL},
        {0x0b, 0xaa64, GUEST_AARCH64, NULL},
        {0x0b, 0xaa64, GUEST_X86_64, "machine 0xaa64 (AARCH64) is none that an x86_64 guest's OVMF runs"},
        {0x0b, 0x8664, GUEST_AARCH64, "machine 0x8664 (X64) is none that an aarch64 guest's AAVMF runs"},
        {0x0a, 0x8664, GUEST_ANY, "subsystem 0xa is no driver's"},
        {0x0b, 0x014c, GUEST_ANY, "machine 0x014c (IA32) is none that OVMF runs"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t rom[512];
        size_t size = rom_build_efi(rom, gop);
        rom[0x08] = (uint8_t)cases[i].subsystem;
        for (size_t at = 0x0a; at; at = at == 0x0a ? IMAGE_DRIVER + 0x44 : 0) {
            rom[at] = (uint8_t)cases[i].machine;
            rom[at + 1] = (uint8_t)(cases[i].machine >> 8);
        }
        const struct rom_purpose purpose = {.id = gop, .firmware = FIRMWARE_UEFI, .guest = cases[i].guest};
        expect_finding("efi", (struct bytes){rom, size}, &purpose, FINDING_ERROR, cases[i].error);
    }
}

static void truncations(void **state) {
    (void)state;
    for (enum firmware firmware = FIRMWARE_ANY; firmware <= FIRMWARE_UEFI; firmware++) {
        uint8_t bytes[1024];
        rom_build_both(bytes, gpu);
        for (size_t size = 0; size < sizeof(bytes); size++) {
            CLEANUP(free) uint8_t *exact = malloc(size + 1);
            memcpy(exact, bytes, size);
            const struct rom_purpose purpose = {.id = gpu, .firmware = firmware};
            expect_finding("truncated", (struct bytes){exact, size}, &purpose, FINDING_ERROR, "offset 0x");
        }
    }
}

/* No part of the x86 image may change: every byte counts in the sum. */
static void every_byte_of_an_x86_image_is_checked(void **state) {
    (void)state;
    for (size_t at = 0; at < 512; at++) {
        uint8_t bytes[512];
        rom_build_x86(bytes, gpu);
        bytes[at] ^= 0x10;
        const struct rom_purpose purpose = {.id = gpu, .firmware = FIRMWARE_BIOS};
        if (!*first_finding((struct bytes){bytes, sizeof(bytes)}, &purpose, FINDING_ERROR))
            fail_msg("a changed byte at 0x%zx was accepted", at);
    }
}

/* --- who will make use of it --- */

static void expect_answer(const struct rom_verdict *verdict, enum consumer consumer, const char *name,
                          enum answer answer, const char *reason) {
    assert_string_equal(consumer_name(verdict, consumer), name);
    if (verdict->consumers[consumer].answer != answer || !strstr(verdict->consumers[consumer].reason, reason))
        fail_msg("%s: %s, %s", name, answer_name(verdict->consumers[consumer].answer),
                 verdict->consumers[consumer].reason);
}

static void consumers(void **state) {
    (void)state;
    static const struct {
        const char *images;
        struct rom_purpose purpose;
        struct {
            enum answer answer;
            const char *reason;
        } seabios, ovmf;
    } cases[] = {
        {"gE", {.id = GPU}, {ANSWER_YES, "x86 image at offset 0x0"}, {ANSWER_YES, "EFI image at offset 0x200"}},
        {"gE",
         {.id = GPU, .firmware = FIRMWARE_BIOS},
         {ANSWER_YES, "x86 image at offset 0x0"},
         {ANSWER_NOT_APPLICABLE, "SeaBIOS"}},
        {"gE",
         {.id = GPU, .firmware = FIRMWARE_UEFI},
         {ANSWER_NOT_APPLICABLE, "UEFI firmware"},
         {ANSWER_YES, "EFI image at offset 0x200"}},
        {"g", {.id = GPU}, {ANSWER_YES, "x86 image at offset 0x0"}, {ANSWER_NO, "there is no EFI image"}},
        {"E", {.id = GPU}, {ANSWER_NO, "there is no x86 image"}, {ANSWER_YES, "EFI image at offset 0x0"}},
        {"l", {.id = GPU}, {ANSWER_NO, "no x86 image has the ID 1002:1681"}, {ANSWER_NO, "there is no EFI image"}},
        {"s", {.id = GPU}, {ANSWER_NO, "checksum of the x86 image at offset 0x0"}, {ANSWER_NO, "no EFI image"}},
        {"gt", {.id = GPU}, {ANSWER_YES, "x86 image"}, {ANSWER_NO, "EFI image at offset 0x200: initialisation"}},
        {"gE",
         {.id = GPU, .guest = GUEST_AARCH64},
         {ANSWER_NOT_APPLICABLE, "UEFI firmware"},
         {ANSWER_NO, "machine 0x8664 (X64) is none that an aarch64"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[1024];
        struct rom_verdict verdict;
        rom_judge((struct bytes){bytes, make_rom(cases[i].images, bytes)}, &cases[i].purpose, &verdict);
        expect_answer(&verdict, CONSUMER_SEABIOS, "SeaBIOS", cases[i].seabios.answer, cases[i].seabios.reason);
        expect_answer(&verdict, CONSUMER_OVMF, "OVMF", cases[i].ovmf.answer, cases[i].ovmf.reason);
    }
}

/* ATOMBIOS tables into a 512-byte x86 image; PCIR makes room for them. */
static void add_atom(uint8_t image[512]) {
    memcpy(image + 0x160, image + IMAGE_PCIR, 0x18);
    image[0x18] = 0x60;
    image[0x19] = 0x01;
    image[0x48] = 0x80;
    image[0x49] = 0;
    memcpy(image + 0x84, "ATOM", 4);
    memcpy(image + 0x30, " 761295520", 10);
    memset(image + 0x2f, 0, 1);
    memcpy(image + 0x80 + 0x80, "102-TEST-001", 13);
    image_fix_checksum(image, IMAGE_UNIT);
}

static void add_vbt(uint8_t image[512]) {
    memset(image + 0x60, 0, 0x80);
    memcpy(image + 0x60, "$VBT TESTLAKE       ", 20);
    image[0x60 + 0x16] = 0x30;
    image[0x60 + 0x18] = 0x80;
    image[0x60 + 0x1c] = 0x30;
    memcpy(image + 0x90, "BIOS_DATA_BLOCK ", 16);
    image[0x90 + 0x12] = image[0x90 + 0x14] = 0x16;
    image_fix_checksum(image, IMAGE_UNIT);
}

static void guest_drivers(void **state) {
    (void)state;
    enum { VGA = 0x030000, AUDIO = 0x040300 };
    static const struct {
        const char *images; /* a (t)able-bearing image instead of (g) */
        struct pci_id id;
        uint32_t class_code; /* 0: unknown */
        const char *name;
        enum answer answer;
        const char *reason, *warning;
    } cases[] = {
        {"A", GPU, VGA, "amdgpu", ANSWER_YES, "ATOMBIOS tables", NULL},
        {"g", GPU, VGA, "amdgpu", ANSWER_NO, "Unable to locate a BIOS ROM", "Unable to locate a BIOS ROM"},
        {"gA", GPU, VGA, "amdgpu", ANSWER_NO, "in the image at offset 0x200", "join the images in another order"},
        {"g", GPU, 0, "amdgpu", ANSWER_UNKNOWN, "right for an audio function", NULL},
        {"g", GPU, AUDIO, "guest driver", ANSWER_NOT_APPLICABLE, "no display controller", NULL},
        {"V", {0x8086, 0x46a6}, VGA, "i915", ANSWER_YES, "$VBT TESTLAKE at offset 0x60", NULL},
        {"g", {0x8086, 0x46a6}, VGA, "i915", ANSWER_UNKNOWN, "OpRegion", NULL},
        {"g", NVIDIA, VGA, "guest driver", ANSWER_NOT_APPLICABLE, "reads the card itself", NULL},
        {"g", {0x1234, 0x1111}, VGA, "guest driver", ANSWER_NOT_APPLICABLE, "no driver is known", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[1024] = {0};
        size_t count = strlen(cases[i].images);
        for (size_t j = 0; j < count; j++) {
            uint8_t *image = bytes + j * IMAGE_UNIT;
            image_build(image, &(struct image_spec){.id = cases[i].id, .units = 1, .last = j + 1 == count});
            if (cases[i].images[j] == 'A')
                add_atom(image);
            if (cases[i].images[j] == 'V')
                add_vbt(image);
        }
        const struct rom_purpose purpose = {.id = cases[i].id,
                                            .firmware = FIRMWARE_BIOS,
                                            .has_class = cases[i].class_code != 0,
                                            .class_code = cases[i].class_code};
        struct rom_verdict verdict;
        rom_judge((struct bytes){bytes, count * IMAGE_UNIT}, &purpose, &verdict);
        expect_answer(&verdict, CONSUMER_DRIVER, cases[i].name, cases[i].answer, cases[i].reason);
        expect_finding(cases[i].images, (struct bytes){bytes, count * IMAGE_UNIT}, &purpose, FINDING_WARNING,
                       cases[i].warning);
    }
}

/* Where amdgpu finds its tables, a ROM without EFI driver is what a headless guest wants. */
static void amd_without_efi_is_no_warning(void **state) {
    (void)state;
    uint8_t bytes[512];
    rom_build_x86(bytes, gpu);
    add_atom(bytes);
    const struct rom_purpose purpose = {.id = gpu, .firmware = FIRMWARE_UEFI};
    expect_finding("atom", (struct bytes){bytes, sizeof(bytes)}, &purpose, FINDING_WARNING, NULL);
    expect_finding("atom", (struct bytes){bytes, sizeof(bytes)}, &purpose, FINDING_REMARK, "only an x86 image");
}

/* Something before the chain: firmware would never find it. */
static void dumps_of_a_flash_chip(void **state) {
    (void)state;
    uint8_t bytes[2048] = {0};
    memcpy(bytes, "NVGI", 4);
    rom_build_x86(bytes + 1024, gpu);
    const struct rom_purpose purpose = {.id = gpu};
    expect_finding("nvgi", (struct bytes){bytes, sizeof(bytes)}, &purpose, FINDING_ERROR,
                   "it starts with NVIDIA flash header (NVGI); the option ROM starts at offset 0x400");
    struct rom_verdict verdict;
    rom_judge((struct bytes){bytes, sizeof(bytes)}, &purpose, &verdict);
    for (int i = 0; i < CONSUMER_COUNT; i++)
        assert_int_equal(verdict.consumers[i].answer, ANSWER_NO);
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
        cmocka_unit_test(judged),
        cmocka_unit_test(warned_of),
        cmocka_unit_test(junk_is_remarked_on),
        cmocka_unit_test(efi_images_are_drivers_that_ovmf_loads),
        cmocka_unit_test(truncations),
        cmocka_unit_test(every_byte_of_an_x86_image_is_checked),
        cmocka_unit_test(consumers),
        cmocka_unit_test(guest_drivers),
        cmocka_unit_test(amd_without_efi_is_no_warning),
        cmocka_unit_test(dumps_of_a_flash_chip),
        cmocka_unit_test(firmware_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
