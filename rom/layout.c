#include "rom/layout.h"

#include <string.h>

#include "rom/span.h"

enum {
    SIGNATURE = 0xaa55,
    NVIDIA = 0x10de,
    AMD_FLASH_SIGNATURE = 0x55aa,
    AMD_FLASH_VBIOS = 0x40000, /* upp's reader; Navi 3x and later */
    UNIT = 512,
    HEADER_INIT_SIZE = 2,
};

/* Is there a chain, at least its first image, at this offset? */
static bool chain_starts(struct bytes bytes, size_t offset) {
    struct rom rom;
    struct error ignored = {0};
    if (span_u16(bytes, offset) != SIGNATURE)
        return false;
    return rom_parse_at(bytes, offset, &rom, &ignored) == 0 || rom.count > 0;
}

/* Something stands before the chain that has no name here: the first place where one can start. */
static size_t find_chain(struct bytes bytes) {
    for (size_t offset = 0; offset < bytes.size; offset += UNIT)
        if (chain_starts(bytes, offset))
            return offset;
    return 0;
}

static size_t find_start(struct bytes bytes, struct rom_layout *layout) {
    if (span_u16(bytes, 0) == SIGNATURE)
        return 0;
    int nvgi = nvidia_front_parse(bytes, &layout->nvgi, &layout->defect);
    if (nvgi > 0 && chain_starts(bytes, layout->nvgi.rom_offset)) {
        layout->front = ROM_FRONT_NVGI;
        return layout->nvgi.rom_offset;
    }
    if (span_u16(bytes, 0) == AMD_FLASH_SIGNATURE && chain_starts(bytes, AMD_FLASH_VBIOS)) {
        layout->front = ROM_FRONT_AMD_FLASH;
        return AMD_FLASH_VBIOS;
    }
    size_t start = find_chain(bytes);
    if (start > 0) {
        layout->front = nvgi != 0 ? ROM_FRONT_NVGI : ROM_FRONT_OTHER;
        error_clear(&layout->defect); /* the chain was found all the same */
    } else if (nvgi > 0)
        error_set(&layout->defect, ERROR_INPUT,
                  "NVIDIA flash header (NVGI) at offset 0x0: no option ROM starts at offset 0x%zx, where it leads, nor "
                  "anywhere else",
                  layout->nvgi.rom_offset);
    return start;
}

/* 55 AA without PCIR. The image must lie inside and sum to 0, or it is just damage. */
static bool read_isa(struct bytes bytes, struct rom_layout *layout) {
    size_t size = (size_t)span_u8(bytes, HEADER_INIT_SIZE) * UNIT;
    if (span_u16(bytes, 0) != SIGNATURE || layout->rom.count > 0 || size == 0 || size > bytes.size)
        return false;
    size_t pcir = span_u16(bytes, 0x18);
    if (span_holds(bytes, pcir, 4) && memcmp(bytes.data + pcir, "PCIR", 4) == 0)
        return false;
    /* A wrong sum means damage, and the defect says where. */
    layout->is_isa = rom_sum((struct bytes){bytes.data, size}) == 0;
    layout->isa_size = layout->is_isa ? size : 0;
    return layout->is_isa;
}

static bool is_blank(struct bytes bytes, size_t start) {
    uint8_t first = span_u8(bytes, start);
    if (first != 0x00 && first != 0xff)
        return false;
    for (size_t i = start; i < bytes.size; i++)
        if (bytes.data[i] != first)
            return false;
    return true;
}

/* Other vendors' bytes behind a chain mean nothing, even where they start with 55 AA. */
static bool is_nvidia(const struct rom_layout *layout) {
    for (size_t i = 0; i < layout->rom.count; i++)
        if (layout->rom.images[i].id.vendor == NVIDIA)
            return true;
    return layout->front == ROM_FRONT_NVGI;
}

void rom_layout(struct bytes bytes, struct rom_layout *layout) {
    *layout = (struct rom_layout){0};
    size_t start = find_start(bytes, layout);
    rom_parse_at(bytes, start, &layout->rom, &layout->defect);
    layout->end = layout->rom.end;
    if (read_isa(bytes, layout))
        layout->end = layout->isa_size;
    else if (layout->defect.code == ERROR_NONE && is_nvidia(layout)) {
        nvidia_private_parse(bytes, layout->rom.end, &layout->hidden, &layout->hidden_defect);
        if (layout->hidden.count > 0)
            layout->end = layout->hidden.end;
    }
    layout->trailing_is_blank = is_blank(bytes, layout->end);
}

const char *rom_front_name(enum rom_front front) {
    static const char *const names[] = {
        [ROM_FRONT_NVGI] = "NVIDIA flash header (NVGI)",
        [ROM_FRONT_AMD_FLASH] = "AMD flash contents",
        [ROM_FRONT_OTHER] = "something that is no option ROM",
    };
    return names[front];
}
