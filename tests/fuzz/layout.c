/* Any bytes as a whole ROM file: there is always an answer, nothing in it lies outside the file, and ATOMBIOS and VBT
 * are found in the images without leaving them. */
#include <string.h>

#include "mutate/mutate.h"
#include "rom/atom.h"
#include "rom/examine.h"
#include "rom/layout.h"
#include "rom/span.h"
#include "rom/vbt.h"

static void check_ends(struct bytes bytes, const struct rom_layout *layout) {
    if (layout->end > bytes.size || layout->rom.end > layout->end || layout->rom.start > layout->rom.end)
        __builtin_trap();
    if (layout->hidden.count > 0 &&
        (layout->hidden.end != layout->end || layout->hidden.images[0].offset < layout->rom.end))
        __builtin_trap();
    for (size_t i = layout->end; layout->trailing_is_blank && i < bytes.size; i++)
        if (bytes.data[i] != bytes.data[layout->end])
            __builtin_trap();
}

static void check_kind(struct bytes bytes, const struct rom_layout *layout) {
    bool is_whole = layout->defect.code == ERROR_NONE;
    if (is_whole ? layout->rom.count == 0 : layout->defect.code != ERROR_INPUT)
        __builtin_trap();
    if (layout->is_isa && (is_whole || layout->rom.count > 0 || !span_holds(bytes, 0, layout->isa_size)))
        __builtin_trap();
    if ((rom_front_name(layout->front) != NULL) != (layout->front != ROM_FRONT_NONE))
        __builtin_trap();
    if (layout->front != ROM_FRONT_NONE && (layout->rom.start == 0 || layout->rom.count == 0))
        __builtin_trap();
}

static void check_tables(struct bytes image) {
    struct atom atom;
    struct vbt vbt;
    if (atom_parse(image, &atom) &&
        (!span_holds(image, atom.header, 0x22) || strlen(atom.date) > 14 || !memchr(atom.part_number, 0, 64)))
        __builtin_trap();
    if (vbt_find(image, &vbt) && (vbt.offset % 4 != 0 || !span_holds(image, vbt.offset, vbt.size) ||
                                  strncmp(vbt.name, "$VBT", 4) != 0 || strlen(vbt.name) > 20))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct rom_layout layout;
    static struct findings findings;
    struct bytes bytes = {data, size};
    rom_layout(bytes, &layout);
    check_ends(bytes, &layout);
    check_kind(bytes, &layout);
    for (size_t i = 0; i < layout.rom.count; i++)
        check_tables(rom_image_bytes(bytes, &layout.rom.images[i]));
    check_tables(bytes);
    findings = (struct findings){0};
    rom_examine(bytes, &layout, &findings);
    if (layout.defect.code != ERROR_NONE && !findings_first(&findings, FINDING_ERROR))
        __builtin_trap();
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    return mutate_custom(mutate_rom, 0, size, (struct input){data, size, most}, seed);
}
