/* Any bytes as a ROM that is trimmed, split, joined, given another ID and other sums: refused, or what comes out is a
 * ROM of the same images in which nothing is found that was not found before. */
#include <string.h>

#include "mutate/mutate.h"
#include "rom/build.h"
#include "rom/repair.h"
#include "rom/verdict.h"

static const struct pci_id wanted = {0x1002, 0x1681};

/* How many errors are found for this purpose. */
static size_t count_errors(struct bytes bytes, struct pci_id id, enum firmware firmware) {
    static struct rom_verdict verdict;
    const struct rom_purpose purpose = {.id = id, .firmware = firmware};
    size_t count = 0;
    rom_judge(bytes, &purpose, &verdict);
    for (size_t i = 0; i < verdict.findings.count; i++)
        count += verdict.findings.list[i].level == FINDING_ERROR;
    return count;
}

/* The `count` images in the chain of `out` are those at `images`, wherever they were. */
static void check_images(const struct rom_image *images, size_t count, struct bytes out) {
    struct rom rom;
    if (rom_parse(out, &rom, NULL) < 0 || rom.count != count)
        __builtin_trap();
    for (size_t i = 0; i < count; i++) {
        const struct rom_image *before = &images[i], *after = &rom.images[i];
        if (before->code_type != after->code_type || rom_image_extent(before) != rom_image_extent(after) ||
            before->pcir - before->offset != after->pcir - after->offset || before->class_code != after->class_code ||
            after->last != (i + 1 == count))
            __builtin_trap();
        if (after->code_type == ROM_CODE_X86 && before->checksum == 0 && after->checksum != 0)
            __builtin_trap();
    }
}

/* For what it was before, and under any firmware, the ROM is no worse than it was. */
static void check_verdicts(struct bytes before, struct pci_id old_id, struct bytes after, struct pci_id new_id) {
    for (enum firmware firmware = FIRMWARE_ANY; firmware <= FIRMWARE_UEFI; firmware++)
        if (count_errors(before, old_id, firmware) < count_errors(after, new_id, firmware))
            __builtin_trap();
}

/* An edit that is refused says why, and what it has written does not matter. */
static bool is_done(int result, const struct error *err) {
    if ((result < 0) != (err->code == ERROR_INPUT || err->code == ERROR_REFUSED) || (result < 0 && !err->message[0]))
        __builtin_trap();
    return result == 0;
}

static void trim(struct bytes bytes, const struct rom_layout *layout) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct error err = {0};
    if (!is_done(rom_trim(bytes, &out, &err), &err))
        return;
    struct bytes chain = {bytes.data + layout->rom.start, bytes.size - layout->rom.start};
    check_images(layout->rom.images, layout->rom.count, buffer_bytes(&out));
    check_verdicts(chain, layout->rom.images[0].id, buffer_bytes(&out), layout->rom.images[0].id);
}

static void set_id(struct bytes bytes, const struct rom_layout *layout) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct error err = {0};
    if (!is_done(rom_set_id(bytes, wanted, &out, &err), &err))
        return;
    struct rom rom;
    check_images(layout->rom.images, layout->rom.count, buffer_bytes(&out));
    rom_parse(buffer_bytes(&out), &rom, NULL);
    for (size_t i = 0; i < rom.count; i++)
        if ((rom.images[i].code_type == ROM_CODE_X86 || rom.images[i].code_type == ROM_CODE_EFI) &&
            !pci_id_equal(rom.images[i].id, wanted))
            __builtin_trap();
    check_verdicts(bytes, layout->rom.images[0].id, buffer_bytes(&out), wanted);
}

static void fix_checksum(struct bytes bytes, const struct rom_layout *layout) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct rom_balance balances[ROM_IMAGES_MAX];
    struct error err = {0};
    size_t count;
    if (!is_done(rom_fix_checksum(bytes, &out, balances, &count, &err), &err))
        return;
    struct rom rom;
    check_images(layout->rom.images, layout->rom.count, buffer_bytes(&out));
    rom_parse(buffer_bytes(&out), &rom, NULL);
    for (size_t i = 0; i < rom.count; i++)
        if (rom.images[i].code_type == ROM_CODE_X86 && rom.images[i].checksum != 0)
            __builtin_trap();
    check_verdicts(bytes, rom.images[0].id, buffer_bytes(&out), rom.images[0].id);
}

/* Each image by itself, then all of them together again. */
static void split_and_join(struct bytes bytes, const struct rom_layout *layout) {
    CLEANUP(buffer_free) struct buffer joined = {0};
    bool is_whole = layout->defect.code == ERROR_NONE;
    for (size_t i = 0; i < layout->rom.count; i++) {
        CLEANUP(buffer_free) struct buffer part = {0};
        struct error err = {0};
        if (!is_done(rom_split(bytes, layout, i, &part, &err), &err)) {
            is_whole = false;
            continue;
        }
        check_images(&layout->rom.images[i], 1, buffer_bytes(&part));
        is_whole = is_whole && is_done(rom_join(&joined, buffer_bytes(&part), &err), &err);
    }
    if (is_whole)
        check_images(layout->rom.images, layout->rom.count, buffer_bytes(&joined));
}

/* Behind itself. */
static void join(struct bytes bytes, const struct rom_layout *layout) {
    static struct rom_image twice[2 * ROM_IMAGES_MAX];
    CLEANUP(buffer_free) struct buffer out = {0};
    struct error err = {0};
    if (!is_done(rom_join(&out, bytes, &err), &err) || !is_done(rom_join(&out, bytes, &err), &err))
        return;
    memcpy(twice, layout->rom.images, layout->rom.count * sizeof(twice[0]));
    memcpy(twice + layout->rom.count, layout->rom.images, layout->rom.count * sizeof(twice[0]));
    check_images(twice, 2 * layout->rom.count, buffer_bytes(&out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct rom_layout layout;
    struct bytes bytes = {data, size};
    rom_layout(bytes, &layout);
    trim(bytes, &layout);
    set_id(bytes, &layout);
    fix_checksum(bytes, &layout);
    split_and_join(bytes, &layout);
    join(bytes, &layout);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    return mutate_custom(mutate_rom, 0, size, (struct input){data, size, most}, seed);
}
