/* rom/manifest_write: what is written is read back as it was; manifest_add_rom adds only what may be there. */
#include <stdio.h>

#include "rom/manifest.h"
#include "support.h"

#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void parse(const char *text, struct manifest *manifest) {
    struct error err = {0};
    manifest_parse(bytes_of(text), manifest, &err);
    assert_no_error(&err);
}

/* The text itself is promised: a bundle is kept under version control. */
static void text(void **state) {
    (void)state;
    static const char expected[] = "{\n"
                                   "  \"apiVersion\": \"gpu.vm.kubevirt.io/v1\",\n"
                                   "  \"kind\": \"RomBundle\",\n"
                                   "  \"name\": \"lab\",\n"
                                   "  \"version\": \"2026.11 \xc3\xa9\",\n"
                                   "  \"roms\": [\n"
                                   "    {\n"
                                   "      \"id\": \"vbios\",\n"
                                   "      \"file\": \"roms/a \\\"b\\\".rom\",\n"
                                   "      \"sha256\": \"" SHA256 "\",\n"
                                   "      \"firmware\": \"uefi\",\n"
                                   "      \"match\": {\n"
                                   "        \"vendor\": \"1002\",\n"
                                   "        \"device\": \"1681\",\n"
                                   "        \"subsystem\": \"1462:0001\",\n"
                                   "        \"revision\": \"0c\",\n"
                                   "        \"class\": \"030000\"\n"
                                   "      }\n"
                                   "    }\n"
                                   "  ],\n"
                                   "  \"profiles\": [\n"
                                   "    {\n"
                                   "      \"match\": {\n"
                                   "        \"class\": \"0300\"\n"
                                   "      },\n"
                                   "      \"device\": {\n"
                                   "        \"rom\": \"vbios\",\n"
                                   "        \"romBar\": \"off\"\n"
                                   "      }\n"
                                   "    },\n"
                                   "    {\n"
                                   "      \"match\": {\n"
                                   "        \"vendor\": \"10de\"\n"
                                   "      },\n"
                                   "      \"device\": {}\n"
                                   "    },\n"
                                   "    {\n"
                                   "      \"about\": \"what it is for\",\n"
                                   "      \"match\": {\n"
                                   "        \"vendor\": \"8086\"\n"
                                   "      },\n"
                                   "      \"guest\": {\n"
                                   "        \"hideHypervisor\": \"on\"\n"
                                   "      }\n"
                                   "    }\n"
                                   "  ],\n"
                                   "  \"allow\": [\n"
                                   "    \"rom\",\n"
                                   "    \"ioapic\"\n"
                                   "  ]\n"
                                   "}\n";
    struct error err = {0};
    CLEANUP(manifest_free) struct manifest manifest = {0};
    CLEANUP(buffer_free) struct buffer written = {0};
    parse(expected, &manifest);
    assert_int_equal(manifest_write(&manifest, &written, &err), 0);
    assert_bytes(buffer_bytes(&written), expected);
}

static void least(void **state) {
    (void)state;
    struct error err = {0};
    const struct manifest manifest = {.name = (char *)"lab"};
    CLEANUP(buffer_free) struct buffer written = {0};
    manifest_write(&manifest, &written, &err);
    assert_no_error(&err);
    assert_bytes(buffer_bytes(&written), "{\n  \"apiVersion\": \"gpu.vm.kubevirt.io/v1\",\n  \"kind\": \"RomBundle\",\n"
                                         "  \"name\": \"lab\",\n  \"roms\": []\n}\n");
}

static struct rom_match random_match(struct sequence *sequence, unsigned needed) {
    struct pci_identity identity = {.id = {(uint16_t)sequence_next(sequence), (uint16_t)sequence_next(sequence)},
                                    .subsystem = {(uint16_t)sequence_next(sequence), (uint16_t)sequence_next(sequence)},
                                    .revision = (uint8_t)sequence_next(sequence),
                                    .class_code = sequence_next(sequence) & 0xffffff};
    unsigned keys = needed | (sequence_next(sequence) & MATCH_ALL);
    if (keys & MATCH_BIT(MATCH_FULL_CLASS))
        keys &= ~MATCH_BIT(MATCH_CLASS);
    return match_of(&identity, keys);
}

static void fill(struct sequence *sequence, struct manifest *manifest) {
    static const unsigned pair = MATCH_BIT(MATCH_VENDOR) | MATCH_BIT(MATCH_DEVICE);
    struct error err = {0};
    manifest->name = strdup("random");
    manifest->version = sequence_below(sequence, 2) ? strdup("a\"\\ \xe2\x82\xac/") : NULL;
    if ((manifest->has_allow = sequence_below(sequence, 2)))
        manifest->allow =
            (struct allowed){sequence_below(sequence, 1u << OPTION_COUNT),
                             sequence_below(sequence, 1u << GUEST_OPTION_COUNT), sequence_below(sequence, 2)};
    for (size_t i = sequence_below(sequence, 20); i > 0; i--) {
        char id[16], file[32];
        snprintf(id, sizeof(id), "r%zu", i);
        snprintf(file, sizeof(file), "\xc3\xa9 \"\\%zu", i);
        struct manifest_rom rom = {
            .id = id, .file = file, .firmware = sequence_below(sequence, 3), .match = random_match(sequence, pair)};
        for (size_t j = 0; j < sizeof(rom.sha256); j++)
            rom.sha256[j] = (uint8_t)sequence_next(sequence);
        manifest_add_rom(manifest, &rom, &err);
        assert_no_error(&err);
    }
    size_t profiles = sequence_below(sequence, 10);
    manifest->profiles = calloc(profiles + 1, sizeof(*manifest->profiles));
    assert_non_null(manifest->profiles);
    for (; manifest->profile_count < profiles; manifest->profile_count++) {
        struct manifest_profile *profile = &manifest->profiles[manifest->profile_count];
        profile->match = random_match(sequence, MATCH_BIT(MATCH_VENDOR));
        profile->options.rom_bar = sequence_below(sequence, 3);
        profile->options.rom.choice = profile->options.rom_bar ? ROM_AUTO : sequence_below(sequence, 4);
        if (manifest->count && sequence_below(sequence, 2)) {
            profile->options.rom.choice = ROM_ID;
            snprintf(profile->options.rom.id, sizeof(profile->options.rom.id), "r1");
        }
        profile->about = sequence_below(sequence, 2) ? strdup("\xc3\xa9 \"\\") : NULL;
        profile->guest.hide_hypervisor = sequence_below(sequence, 3);
        profile->guest.said.withdrawn = sequence_below(sequence, 2) << GUEST_TOPOEXT;
    }
}

static void assert_same(const struct manifest *a, const struct manifest *b) {
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->version ? a->version : "none", b->version ? b->version : "none");
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->profile_count, b->profile_count);
    assert_int_equal(a->has_allow, b->has_allow);
    assert_int_equal(a->allow.device, b->allow.device);
    assert_int_equal(a->allow.guest, b->allow.guest);
    assert_int_equal(a->allow.policy, b->allow.policy);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->roms[i].id, b->roms[i].id);
        assert_string_equal(a->roms[i].file, b->roms[i].file);
        assert_memory_equal(a->roms[i].sha256, b->roms[i].sha256, sizeof(a->roms[i].sha256));
        assert_int_equal(manifest_compare_roms(&a->roms[i], &b->roms[i]), 0);
    }
    for (size_t i = 0; i < a->profile_count; i++) {
        const struct device_options *x = &a->profiles[i].options, *y = &b->profiles[i].options;
        assert_int_equal(match_compare(&a->profiles[i].match, &b->profiles[i].match), 0);
        assert_int_equal(x->rom.choice, y->rom.choice);
        assert_string_equal(x->rom.id, y->rom.id);
        assert_int_equal(x->rom_bar, y->rom_bar);
        assert_string_equal(a->profiles[i].about ? a->profiles[i].about : "none",
                            b->profiles[i].about ? b->profiles[i].about : "none");
        assert_memory_equal(&a->profiles[i].guest, &b->profiles[i].guest, sizeof(a->profiles[i].guest));
    }
}

static void round_trip(void **state) {
    (void)state;
    struct sequence sequence = {11};
    for (int round = 0; round < 300; round++) {
        struct error err = {0};
        CLEANUP(manifest_free) struct manifest manifest = {0};
        CLEANUP(manifest_free) struct manifest again = {0};
        CLEANUP(buffer_free) struct buffer written = {0};
        CLEANUP(buffer_free) struct buffer written_again = {0};
        fill(&sequence, &manifest);
        manifest_write(&manifest, &written, &err);
        manifest_parse(buffer_bytes(&written), &again, &err);
        assert_no_error(&err);
        assert_same(&manifest, &again);
        manifest_write(&again, &written_again, &err);
        assert_no_error(&err);
        assert_int_equal(written.size, written_again.size);
        assert_memory_equal(written.data, written_again.data, written.size);
    }
}

static void too_large(void **state) {
    (void)state;
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer written = {0};
    char *version = malloc(MANIFEST_SIZE_MAX + 1);
    assert_non_null(version);
    memset(version, 'v', MANIFEST_SIZE_MAX);
    version[MANIFEST_SIZE_MAX] = '\0';
    const struct manifest manifest = {.name = (char *)"lab", .version = version};
    assert_int_equal(manifest_write(&manifest, &written, &err), -1);
    assert_error(&err, ERROR_LIMIT, "the manifest of bundle \"lab\" would have");
    assert_int_equal(written.size, 0);
    free(version);
}

static void added(void **state) {
    (void)state;
    static const struct pci_identity identity = {.id = {0x1002, 0x1681}, .class_code = 0x030000};
    const struct rom_match match = match_of(&identity, MATCH_BIT(MATCH_VENDOR) | MATCH_BIT(MATCH_DEVICE)),
                           narrow = match_of(&identity, MATCH_ALL & ~MATCH_BIT(MATCH_CLASS)),
                           vendor = match_of(&identity, MATCH_BIT(MATCH_VENDOR)), nothing = {0};
    const struct {
        const char *id, *file;
        const struct rom_match *match;
        enum firmware firmware;
        const char *part; /* NULL: added */
    } cases[] = {
        {"a", "f", &match, FIRMWARE_ANY, NULL},
        {"a", "f", &narrow, FIRMWARE_ANY, "two ROMs have the id \"a\""},
        {"b", "f", &match, FIRMWARE_ANY, "ROMs \"a\" and \"b\" match the same devices (1002:1681) equally well"},
        {"b", "f", &match, FIRMWARE_UEFI, NULL},
        {"c", "f", &narrow, FIRMWARE_ANY, NULL},
        {"d", "../f", &match, FIRMWARE_BIOS, "file: \"../f\" leaves the bundle"},
        {"d", "\xff", &match, FIRMWARE_BIOS, "is no file's name"},
        {"a/b", "f", &match, FIRMWARE_BIOS, "id: \"a/b\" cannot be an id"},
        {"auto", "f", &match, FIRMWARE_BIOS, "\"auto\" cannot be an id"},
        {"d", "f", &vendor, FIRMWARE_BIOS, "match.device is missing"},
        {"d", "f", &nothing, FIRMWARE_BIOS, "match.vendor is missing"},
        {"d", "f", &match, FIRMWARE_BIOS, NULL},
    };
    CLEANUP(manifest_free) struct manifest manifest = {0};
    size_t count = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        char id[8], file[8]; /* which the manifest must copy */
        snprintf(id, sizeof(id), "%s", cases[i].id);
        snprintf(file, sizeof(file), "%s", cases[i].file);
        const struct manifest_rom rom = {
            .id = id, .file = file, .firmware = cases[i].firmware, .match = *cases[i].match, .sha256 = {(uint8_t)i}};
        if (manifest_add_rom(&manifest, &rom, &err) != (cases[i].part ? -1 : 0))
            fail_msg("row %zu: %s", i, err.message);
        if (cases[i].part)
            assert_error(&err, ERROR_INPUT, cases[i].part);
        else
            count++;
        assert_int_equal(manifest.count, count);
    }
    static const char *const ids[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < COUNT(ids); i++)
        assert_string_equal(manifest.roms[i].id, ids[i]);
    assert_int_equal(manifest.roms[3].sha256[0], COUNT(cases) - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text),      cmocka_unit_test(least), cmocka_unit_test(round_trip),
        cmocka_unit_test(too_large), cmocka_unit_test(added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
