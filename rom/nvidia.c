#include "rom/nvidia.h"

#include <string.h>

#include "rom/span.h"

enum {
    FRONT_VERSION = 0x4, /* u32: version in bits 15:8, size of the fixed data in bits 30:16 */
    FRONT_TOTAL = 0x8,   /* u32: size of all data in bits 19:0 */
    FRONT_SIZE = 0xc,
    EXTENDED_ROM_OFFSET = 0x4,   /* versions 1 and 2: in the extended data, which follow the fixed data */
    DIRECTORY_DISTANCE = 0x1000, /* version 3: from what the last word leads to (flash status) to the directory */
    DIRECTORY_ROM_OFFSET = 0x8,
    DIRECTORY_SIZE = 0xc,

    NPDE_ALIGNMENT = 0x10,
    NPDE_REVISION = 0x04,
    NPDE_LENGTH = 0x06,
    NPDE_IMAGE_LENGTH = 0x08,
    NPDE_LAST = 0x0a,
    NPDE_FLAGS = 0x0b,
    FLAG_CHECKSUM_IS_OFF = 0x04,

    HEADER_SIZE = 0x1a,
    HEADER_DATA = 0x18,
    DATA_VENDOR = 0x04,
    DATA_DEVICE = 0x06,
    DATA_LENGTH = 0x0a,
    DATA_IMAGE_LENGTH = 0x10,
    DATA_CODE_TYPE = 0x14,
    DATA_INDICATOR = 0x15,
    DATA_SIZE = 0x18,
    LAST = 0x80,
    UNIT = 512,
};

/* --- front matter: OpenRM's kernel_gsp_fwsec.c calls it IFR --- */

static int follow_extended(struct bytes bytes, size_t fixed, struct nvidia_front *front, struct error *err) {
    size_t at = fixed + EXTENDED_ROM_OFFSET;
    if (!span_holds(bytes, at, 4))
        return error_set(err, ERROR_INPUT, "NVIDIA front matter: its extended data at offset 0x%zx lead outside",
                         fixed);
    front->rom_offset = span_u32(bytes, at);
    return 0;
}

static int follow_directory(struct bytes bytes, struct nvidia_front *front, struct error *err) {
    if (!span_holds(bytes, front->total, 4))
        return error_set(err, ERROR_INPUT, "NVIDIA front matter: its last word at offset 0x%zx leads outside",
                         front->total);
    uint64_t directory = (uint64_t)span_u32(bytes, front->total) + DIRECTORY_DISTANCE;
    if (directory > SIZE_MAX || !span_holds(bytes, (size_t)directory, DIRECTORY_SIZE))
        return error_set(err, ERROR_INPUT, "NVIDIA front matter: its ROM directory at offset 0x%llx leads outside",
                         (unsigned long long)directory);
    if (memcmp(bytes.data + directory, "RFRD", 4) != 0)
        return error_set(err, ERROR_INPUT, "NVIDIA front matter: no ROM directory \"RFRD\" at offset 0x%llx",
                         (unsigned long long)directory);
    front->rom_offset = span_u32(bytes, (size_t)directory + DIRECTORY_ROM_OFFSET);
    return 0;
}

static int find_rom(struct bytes bytes, size_t fixed, struct nvidia_front *front, struct error *err) {
    switch (front->version) {
    case 1:
    case 2:
        return follow_extended(bytes, fixed, front, err);
    case 3:
        return follow_directory(bytes, front, err);
    default:
        return error_set(err, ERROR_INPUT, "NVIDIA front matter at offset 0x0: version %u is not known",
                         front->version);
    }
}

int nvidia_front_parse(struct bytes bytes, struct nvidia_front *front, struct error *err) {
    *front = (struct nvidia_front){0};
    if (!span_holds(bytes, 0, 4) || memcmp(bytes.data, "NVGI", 4) != 0)
        return 0;
    if (!span_holds(bytes, 0, FRONT_SIZE))
        return error_set(err, ERROR_INPUT, "NVIDIA front matter at offset 0x0: it is cut at 0x%zx", bytes.size);
    uint32_t word = span_u32(bytes, FRONT_VERSION);
    front->version = (uint8_t)(word >> 8);
    front->total = span_u32(bytes, FRONT_TOTAL) & 0xfffff;
    if (find_rom(bytes, word >> 16 & 0x7fff, front, err) < 0)
        return -1;
    if (!span_holds(bytes, front->rom_offset, 2))
        return error_set(err, ERROR_INPUT, "NVIDIA front matter: the option ROM at offset 0x%zx lies outside",
                         front->rom_offset);
    return 1;
}

/* --- NPDE --- */

int nvidia_npde_parse(struct bytes bytes, size_t image, size_t pcir, size_t pcir_length, struct npde *npde) {
    *npde = (struct npde){0};
    if (image > pcir || !span_holds(bytes, pcir, pcir_length))
        return 0;
    size_t behind = pcir - image + pcir_length;
    size_t at = image + behind + (NPDE_ALIGNMENT - behind % NPDE_ALIGNMENT) % NPDE_ALIGNMENT;
    uint16_t revision = span_u16(bytes, at + NPDE_REVISION), length = span_u16(bytes, at + NPDE_LENGTH);
    if (length < NPDE_LAST || !span_holds(bytes, at, length) || memcmp(bytes.data + at, "NPDE", 4) != 0 ||
        (revision != 0x100 && revision != 0x101))
        return 0;
    npde->offset = at;
    npde->revision = revision;
    npde->length = length;
    npde->image_size = (size_t)span_u16(bytes, at + NPDE_IMAGE_LENGTH) * UNIT;
    npde->has_last = length > NPDE_LAST;
    npde->last = npde->has_last && span_u8(bytes, at + NPDE_LAST) & LAST;
    npde->has_flags = length > NPDE_FLAGS;
    npde->checksum_is_off = npde->has_flags && span_u8(bytes, at + NPDE_FLAGS) & FLAG_CHECKSUM_IS_OFF;
    return 1;
}

/* --- private images --- */

static bool is_image(struct bytes bytes, size_t offset) {
    uint16_t signature = span_u16(bytes, offset);
    return signature == 0xaa55 || signature == 0x4e56 || signature == 0xbb77;
}

static bool is_data(struct bytes bytes, size_t offset) {
    const uint8_t *data = bytes.data + offset;
    return memcmp(data, "NPDS", 4) == 0 || memcmp(data, "RGIS", 4) == 0 || memcmp(data, "PCIR", 4) == 0;
}

static void read_data(struct bytes bytes, size_t data, struct nvidia_image *image) {
    memcpy(image->signature, bytes.data + data, 4);
    image->id = (struct pci_id){span_u16(bytes, data + DATA_VENDOR), span_u16(bytes, data + DATA_DEVICE)};
    image->code_type = span_u8(bytes, data + DATA_CODE_TYPE);
    image->size = (size_t)span_u16(bytes, data + DATA_IMAGE_LENGTH) * UNIT;
    image->last = span_u8(bytes, data + DATA_INDICATOR) & LAST;
    struct npde npde;
    if (!nvidia_npde_parse(bytes, image->offset, data, span_u16(bytes, data + DATA_LENGTH), &npde))
        return;
    image->has_npde = true;
    image->size = npde.image_size;
    if (npde.has_last)
        image->last = npde.last;
}

static int parse_image(struct bytes bytes, struct nvidia_image *image, struct error *err) {
    if (!span_holds(bytes, image->offset, HEADER_SIZE))
        return error_set(err, ERROR_INPUT, "private image at offset 0x%zx: its header is cut at 0x%zx", image->offset,
                         bytes.size);
    size_t data = image->offset + span_u16(bytes, image->offset + HEADER_DATA);
    if (!span_holds(bytes, data, DATA_SIZE))
        return error_set(err, ERROR_INPUT, "private image at offset 0x%zx: its NPDS pointer leads to 0x%zx, outside",
                         image->offset, data);
    if (!is_data(bytes, data))
        return error_set(err, ERROR_INPUT, "private image at offset 0x%zx: no \"NPDS\" at 0x%zx", image->offset, data);
    read_data(bytes, data, image);
    if (image->size == 0 || !span_holds(bytes, image->offset, image->size))
        return error_set(
            err, ERROR_INPUT,
            "private image at offset 0x%zx: it says %zu bytes, the file has %zu: it is truncated or damaged",
            image->offset, image->size, bytes.size - image->offset);
    return 0;
}

int nvidia_private_parse(struct bytes bytes, size_t start, struct nvidia_private *found, struct error *err) {
    *found = (struct nvidia_private){.end = start};
    for (bool last = false; !last && is_image(bytes, found->end);) {
        if (found->count == NVIDIA_IMAGES_MAX)
            return error_set(err, ERROR_INPUT, "private image at offset 0x%zx: it is one more than %d", found->end,
                             NVIDIA_IMAGES_MAX);
        struct nvidia_image image = {.offset = found->end};
        if (parse_image(bytes, &image, err) < 0)
            return -1;
        found->images[found->count++] = image;
        found->end += image.size;
        last = image.last;
    }
    return 0;
}
