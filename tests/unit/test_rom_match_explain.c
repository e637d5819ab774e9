/* rom/match_explain: who wins and why the others do not, and that it is who really wins. */
#include <stdio.h>

#include "rom/match_explain.h"
#include "support.h"

#define ROM(id, more, match)                                                                                           \
    "{\"id\": \"" id "\", \"file\": \"f\", \"sha256\": \"" SHA256 "\", " more "\"match\": {" match "}}"
#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define PAIR   "\"vendor\": \"1002\", \"device\": \"1681\""
#define HEAD(name)                                                                                                     \
    "{\"apiVersion\": \"gpu.vm.kubevirt.io/v1\", \"kind\": \"RomBundle\", \"name\": \"" name "\", \"roms\": ["
#define PROFILE(match) "{\"match\": {" match "}, \"device\": {}}"

static const struct pci_identity gpu = {
    .id = {0x1002, 0x1681}, .subsystem = {0x1462, 0x1382}, .revision = 0xc8, .class_code = 0x030000};

static const char lab_text[] = HEAD("lab") ROM("plain", "", PAIR) ", " ROM(
    "uefi", "\"firmware\": \"uefi\", ",
    PAIR) ", " ROM("bios", "\"firmware\": \"bios\", ",
                   PAIR
                   ", \"class\": \"0300\"") ", " ROM("other-board", "", PAIR ", \"subsystem\": \"1462:1381\"") ", " ROM("other-revision", "", PAIR ", \"revision\": \"c9\"") ", " ROM("board", "", PAIR ", \"subsystem\": \"1462:1382\"") ", " ROM("board-uefi", "\"firmware\": \"uefi\", ", PAIR ", \"subsystem\": \"1462:1382\"") ", " ROM("any-vga", "", "\"vendor\": \"1002\", \"class\": \"0300\"") ", " ROM("any-audio",
                                                                                                                                                                                                                                                                                                                                                                                                                  "", "\"vendor\": \"1002\", \"class\": \"0403\"") ", " ROM("other-device",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                            "",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                            "\"vendor\": \"1002\", \"device\": \"1640\"") "], \"profiles\": [" PROFILE("\"class\": \"0300\"") ", " PROFILE("\"class\": \"030000\"") ", " PROFILE("\"vendor\": \"10de\"") ", " PROFILE(PAIR) ", " PROFILE(PAIR
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                         ", \"revision\": \"c9\"") "]}";
static const char late_text[] = HEAD("late")
    ROM("late", "", PAIR ", \"subsystem\": \"1462:1382\", \"revision\": \"c8\"") "], \"profiles\": [" PROFILE(
        PAIR ", \"revision\": \"c8\"") "]}";

/* One line of text per line of the explanation. */
static void assert_explained(unsigned known, enum firmware firmware, const char *expected) {
    static const char *const standings[] = {
        [MATCH_WINS] = "wins", [MATCH_LOSES] = "loses", [MATCH_ADDS] = "adds", [MATCH_NEAR_MISS] = "misses"};
    struct error err = {0};
    struct bundle lab = {0}, late = {0}, *bundles[] = {&lab, &late};
    manifest_parse(bytes_of(lab_text), &lab.manifest, &err);
    manifest_parse(bytes_of(late_text), &late.manifest, &err);
    CLEANUP(match_explanation_free) struct match_explanation explanation = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    const struct rom_match device = match_of(&gpu, known);
    match_explain(bundles, 2, &device, firmware, &explanation, &err);
    assert_no_error(&err);
    for (size_t i = 0; i < explanation.count; i++) {
        const struct match_line *line = &explanation.list[i];
        char match[MATCH_TEXT_MAX];
        buffer_printf(&text, "%s %s %s: %s\n", line->bundle->manifest.name,
                      line->rom ? line->rom->id : match_describe(&line->profile->match, match),
                      standings[line->standing], line->reason);
    }
    assert_bytes(buffer_bytes(&text), expected);
    manifest_free(&lab.manifest);
    manifest_free(&late.manifest);
}

static void a_device(void **state) {
    (void)state;
    assert_explained(MATCH_ALL, FIRMWARE_UEFI,
                     "lab board-uefi wins: \n"
                     "lab board loses: less specific: for any firmware, the other for uefi\n"
                     "lab uefi loses: less specific: no subsystem\n"
                     "lab plain loses: less specific: no subsystem\n"
                     "lab any-vga loses: less specific: no device\n"
                     "late late loses: bundle \"lab\" comes first\n"
                     "lab other-board misses: subsystem 1462:1381, the device has 1462:1382\n"
                     "lab other-revision misses: revision c9, the device has c8\n"
                     "lab bios misses: for bios, the VM boots with uefi\n"
                     "lab 1002:1681 wins: \n"
                     "lab class 030000 adds: less specific: no device\n"
                     "lab class 0300 adds: less specific: no device\n"
                     "late 1002:1681, revision c8 adds: bundle \"lab\" comes first\n"
                     "lab 1002:1681, revision c9 misses: revision c9, the device has c8\n");
}

static void only_ids(void **state) {
    (void)state;
    assert_explained(MATCH_BIT(MATCH_VENDOR) | MATCH_BIT(MATCH_DEVICE), FIRMWARE_BIOS,
                     "lab plain wins: \n"
                     "lab board-uefi misses: needs subsystem 1462:1382, which is unknown\n"
                     "lab board misses: needs subsystem 1462:1382, which is unknown\n"
                     "lab other-board misses: needs subsystem 1462:1381, which is unknown\n"
                     "lab other-revision misses: needs revision c9, which is unknown\n"
                     "lab bios misses: needs class 0300, which is unknown\n"
                     "lab uefi misses: for uefi, the VM boots with bios\n"
                     "lab any-audio misses: needs class 0403, which is unknown\n"
                     "lab any-vga misses: needs class 0300, which is unknown\n"
                     "late late misses: needs subsystem 1462:1382, which is unknown\n"
                     "lab 1002:1681 wins: \n"
                     "lab 1002:1681, revision c9 misses: needs revision c9, which is unknown\n"
                     "lab class 030000 misses: needs class 030000, which is unknown\n"
                     "lab class 0300 misses: needs class 0300, which is unknown\n"
                     "late 1002:1681, revision c8 misses: needs revision c8, which is unknown\n");
}

static void nothing(void **state) {
    (void)state;
    struct error err = {0};
    CLEANUP(match_explanation_free) struct match_explanation explanation = {0};
    const struct rom_match device = match_of(&gpu, MATCH_ALL);
    assert_int_equal(match_explain(NULL, 0, &device, FIRMWARE_ANY, &explanation, &err), 0);
    assert_int_equal(explanation.count, 0);
}

/* The explanation and match_device agree: the winner is the same, and everything that fits is listed. */
static void agreed(void **state) {
    (void)state;
    struct sequence sequence = {3};
    for (int round = 0; round < 200; round++) {
        struct bundle bundle[2] = {0}, *bundles[] = {&bundle[0], &bundle[1]};
        for (size_t i = 0; i < 60; i++) {
            struct pci_identity identity = gpu;
            struct error err = {0};
            char id[16];
            identity.id.device = (uint16_t)(identity.id.device + sequence_below(&sequence, 2));
            identity.revision = (uint8_t)sequence_below(&sequence, 2);
            snprintf(id, sizeof(id), "r%zu", i);
            unsigned keys = MATCH_BIT(MATCH_VENDOR) | MATCH_BIT(MATCH_DEVICE) | (sequence_next(&sequence) & MATCH_ALL);
            const struct manifest_rom rom = {
                .id = id, .file = id, .firmware = sequence_below(&sequence, 3), .match = match_of(&identity, keys)};
            manifest_add_rom(&bundle[i % 2].manifest, &rom, &err); /* or not, where there is one */
        }
        struct pci_identity identity = gpu;
        identity.revision = (uint8_t)sequence_below(&sequence, 2);
        const struct rom_match device = match_of(&identity, MATCH_ALL);
        enum firmware firmware = sequence_below(&sequence, 3);
        CLEANUP(match_explanation_free) struct match_explanation explanation = {0};
        struct error err = {0};
        match_explain(bundles, 2, &device, firmware, &explanation, &err);
        size_t fitting = 0, listed = 0;
        for (size_t i = 0; i < 2; i++)
            for (size_t j = 0; j < bundle[i].manifest.count; j++)
                fitting += match_fits(&bundle[i].manifest.roms[j].match, &device) &&
                           match_firmware(bundle[i].manifest.roms[j].firmware, firmware);
        struct rom_candidate winner = match_device(bundles, 2, &identity, firmware);
        for (size_t i = 0; i < explanation.count; i++) {
            const struct match_line *line = &explanation.list[i];
            listed += line->standing == MATCH_WINS || line->standing == MATCH_LOSES;
            assert_int_equal(line->standing == MATCH_WINS, line->rom == winner.rom);
            assert_int_equal(line->standing == MATCH_WINS, line->reason[0] == '\0');
        }
        assert_int_equal(listed, fitting);
        manifest_free(&bundle[0].manifest);
        manifest_free(&bundle[1].manifest);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device),
        cmocka_unit_test(only_ids),
        cmocka_unit_test(nothing),
        cmocka_unit_test(agreed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
