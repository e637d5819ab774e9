/* rom/, the files: ROMs parsed, judged, explained, edited and made; what EFI images and VFCT hold. */
#include <string.h>

#include "base/json.h"
#include "json_outcome.h"
#include "rom/build.h"
#include "rom/compare.h"
#include "rom/efi_decompress.h"
#include "rom/efi_image.h"
#include "rom/examine.h"
#include "rom/repair.h"
#include "rom/report.h"
#include "rom/vfct.h"
#include "scenario.h"

static const struct pci_id id = {0x1002, 0x1681};

static int explain(const struct given *given, struct outcome *outcome, struct error *err) {
    static struct rom_layout layout;
    static struct findings findings;
    CLEANUP(buffer_free) struct buffer tree = {0};
    rom_layout(given->text, &layout);
    findings = (struct findings){0};
    rom_examine(given->text, &layout, &findings);
    CLEANUP(json_decref) json_t *json = rom_report_json("a.rom", given->text, &layout, &findings);
    rom_report_tree("a.rom", given->text, &layout, &findings, &tree);
    if (needs_memory(json, err) < 0 || buffer_check(&tree, err) < 0)
        return -1;
    outcome_json(outcome, json);
    outcome_buffer(outcome, &tree);
    return 0;
}

static int judge(const struct given *given, struct outcome *outcome, struct error *err) {
    static struct rom_verdict verdict;
    const struct rom_purpose purpose = {.id = id, .firmware = FIRMWARE_UEFI, .guest = GUEST_X86_64};
    CLEANUP(buffer_free) struct buffer tree = {0};
    rom_judge(given->text, &purpose, &verdict);
    CLEANUP(json_decref) json_t *json = rom_verdict_json("a.rom", &purpose, &verdict);
    rom_verdict_tree("a.rom", &purpose, &verdict, &tree);
    if (needs_memory(json, err) < 0 || buffer_check(&tree, err) < 0)
        return -1;
    outcome_json(outcome, json);
    outcome_buffer(outcome, &tree);
    return 0;
}

static int compare(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(buffer_free) struct buffer out = {0};
    if (rom_compare("a.rom", given->text, "b.rom", given->second, false, &out, err) < 0)
        return -1;
    outcome_buffer(outcome, &out);
    return 0;
}

static int repair(const struct given *given, struct outcome *outcome, struct error *err) {
    struct rom_balance balances[ROM_IMAGES_MAX];
    size_t count;
    CLEANUP(buffer_free) struct buffer fixed = {0};
    CLEANUP(buffer_free) struct buffer trimmed = {0};
    CLEANUP(buffer_free) struct buffer other = {0};
    if (rom_fix_checksum(given->text, &fixed, balances, &count, err) < 0 ||
        rom_trim(buffer_bytes(&fixed), &trimmed, err) < 0 || rom_set_id(buffer_bytes(&trimmed), id, &other, err) < 0)
        return -1;
    outcome_buffer(outcome, &other);
    return 0;
}

static int split_and_join(const struct given *given, struct outcome *outcome, struct error *err) {
    static struct rom_layout layout;
    CLEANUP(buffer_free) struct buffer joined = {0};
    rom_layout(given->text, &layout);
    for (size_t i = 0; i < layout.rom.count; i++) {
        CLEANUP(buffer_free) struct buffer part = {0};
        if (rom_split(given->text, &layout, i, &part, err) < 0 || rom_join(&joined, buffer_bytes(&part), err) < 0)
            return -1;
    }
    outcome_buffer(outcome, &joined);
    return 0;
}

static int build(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(buffer_free) struct buffer out = {0};
    if (rom_from_efi(given->text, &id, 1, 0x030000, &out, err) < 0)
        return -1;
    outcome_buffer(outcome, &out);
    return 0;
}

static int take_driver(const struct given *given, struct outcome *outcome, struct error *err) {
    struct rom rom;
    struct bytes driver;
    CLEANUP(buffer_free) struct buffer storage = {0};
    if (rom_parse(given->text, &rom, err) < 0 || efi_image_loads(given->text, &rom.images[0], GUEST_X86_64, err) < 0 ||
        efi_image_driver(given->text, &rom.images[0], &storage, &driver, err) < 0)
        return -1;
    outcome_bytes(outcome, driver);
    return 0;
}

static int decompress(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(buffer_free) struct buffer out = {0};
    if (efi_decompress(given->text, 1 << 20, &out, err) < 0)
        return -1;
    outcome_buffer(outcome, &out);
    return 0;
}

#define LAB "fixtures/bundles/lab/roms/"

struct scenarios scenarios_rom(void) {
    static const struct scenario list[] = {
        {.name = "rom/explain", explain, LAB "rembrandt-vbios.rom"},
        {.name = "rom/explain-efi", explain, LAB "rembrandt-gop.rom"},
        {.name = "rom/explain-compressed", explain, "fuzz/corpus/efi/efi-x64-compressed"},
        {.name = "rom/explain-damaged", explain, "fuzz/corpus/efi/efi-compressed-damaged"},
        {.name = "rom/judge", judge, LAB "rembrandt-vbios.rom"},
        {.name = "rom/judge-efi", judge, LAB "rembrandt-gop.rom"},
        {.name = "rom/judge-compressed", judge, "fuzz/corpus/efi/efi-x64-compressed"},
        {.name = "rom/compare", compare, LAB "rtx3090.rom", LAB "rtx3090-msi.rom"},
        {.name = "rom/repair", repair, LAB "rtx3090-msi.rom"},
        {.name = "rom/repair-bad-checksum", repair, "fixtures/bundles/bad-checksum/roms/rembrandt-vbios.rom"},
        {.name = "rom/split-and-join", split_and_join, "fixtures/bundles/joined-images/roms/rembrandt-vbios.rom"},
        {.name = "rom/build", build, "fuzz/corpus/efi/driver"},
        {.name = "rom/efi-driver", take_driver, "fuzz/corpus/efi/efi-x64-compressed"},
        {.name = "rom/efi-decompress", decompress, "fuzz/corpus/efi/compressed-driver"},
        {.name = "rom/efi-decompress-noise", decompress, "fuzz/corpus/efi/compressed-noise"},
    };
    return SCENARIOS(list);
}
