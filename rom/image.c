#include "rom/image.h"

#include <string.h>

#include "rom/span.h"

enum {
    HEADER_SIZE = 0x1a,      /* up to and including the PCIR pointer */
    HEADER_INIT_SIZE = 0x02, /* u8 in x86 images, u16 in EFI images, in units of 512 bytes */
    HEADER_EFI_SIGNATURE = 0x04,
    HEADER_EFI_SUBSYSTEM = 0x08,
    HEADER_EFI_MACHINE = 0x0a,
    HEADER_EFI_COMPRESSION = 0x0c,
    HEADER_EFI_PAYLOAD = 0x16,
    HEADER_PCIR = 0x18,
    PCIR_VENDOR = 0x04,
    PCIR_DEVICE = 0x06,
    PCIR_DEVICE_LIST = 0x08, /* revision 3, from the start of PCIR; revision 0 has something else here */
    PCIR_LENGTH = 0x0a,
    PCIR_REVISION = 0x0c,
    PCIR_CLASS = 0x0d,
    PCIR_IMAGE_LENGTH = 0x10,
    PCIR_VENDOR_REVISION = 0x12,
    PCIR_CODE_TYPE = 0x14,
    PCIR_INDICATOR = 0x15,
    PCIR_RUNTIME_SIZE = 0x16,   /* revision 3, as the two below */
    PCIR_CONFIG_UTILITY = 0x18, /* from the start of the image */
    PCIR_DMTF_CLP = 0x1a,
    PCIR_SIZE = 0x18,
    PCIR_SIZE_3 = 0x1c, /* of revision 3 */
    INDICATOR_LAST = 0x80,
    UNIT = 512,
    EFI_SIGNATURE = 0x0ef1,
};

uint8_t rom_sum(struct bytes bytes) {
    uint8_t total = 0;
    for (size_t i = 0; i < bytes.size; i++)
        total = (uint8_t)(total + bytes.data[i]);
    return total;
}

static int parse_x86(struct bytes bytes, struct rom_image *image, struct error *err) {
    image->init_size = (size_t)span_u8(bytes, image->offset + HEADER_INIT_SIZE) * UNIT;
    /* Checked against the file, not the image: real ROMs exist whose init size exceeds the PCIR length. */
    if (image->init_size == 0 || !span_holds(bytes, image->offset, image->init_size))
        return error_set(err, ERROR_INPUT, "x86 image at offset 0x%zx: its size byte says %zu bytes, the file has %zu",
                         image->offset, image->init_size, bytes.size - image->offset);
    image->checksum = rom_sum((struct bytes){bytes.data + image->offset, image->init_size});
    return 0;
}

static int parse_efi(struct bytes bytes, struct rom_image *image, struct error *err) {
    uint32_t signature = span_u32(bytes, image->offset + HEADER_EFI_SIGNATURE);
    if (signature != EFI_SIGNATURE)
        return error_set(err, ERROR_INPUT, "EFI image at offset 0x%zx: signature 0x%08x instead of 0x00000ef1",
                         image->offset, signature);
    image->init_size = (size_t)span_u16(bytes, image->offset + HEADER_INIT_SIZE) * UNIT;
    image->efi_subsystem = span_u16(bytes, image->offset + HEADER_EFI_SUBSYSTEM);
    image->efi_machine = span_u16(bytes, image->offset + HEADER_EFI_MACHINE);
    image->efi_compression = span_u16(bytes, image->offset + HEADER_EFI_COMPRESSION);
    image->efi_payload = image->offset + span_u16(bytes, image->offset + HEADER_EFI_PAYLOAD);
    return 0;
}

static void parse_pcir_3(struct bytes bytes, struct rom_image *image) {
    size_t list = span_u16(bytes, image->pcir + PCIR_DEVICE_LIST);
    image->device_list = list ? image->pcir + list : 0;
    image->runtime_size = (size_t)span_u16(bytes, image->pcir + PCIR_RUNTIME_SIZE) * UNIT;
    if (image->pcir_length < PCIR_SIZE_3)
        return;
    size_t config_utility = span_u16(bytes, image->pcir + PCIR_CONFIG_UTILITY);
    size_t dmtf_clp = span_u16(bytes, image->pcir + PCIR_DMTF_CLP);
    image->config_utility = config_utility ? image->offset + config_utility : 0;
    image->dmtf_clp = dmtf_clp ? image->offset + dmtf_clp : 0;
}

static int parse_pcir(struct bytes bytes, size_t pcir, struct rom_image *image, struct error *err) {
    if (!span_holds(bytes, pcir, PCIR_SIZE))
        return error_set(err, ERROR_INPUT, "image at offset 0x%zx: its PCIR pointer leads to 0x%zx, outside the file",
                         image->offset, pcir);
    if (memcmp(bytes.data + pcir, "PCIR", 4) != 0)
        return error_set(err, ERROR_INPUT, "image at offset 0x%zx: no \"PCIR\" at 0x%zx", image->offset, pcir);
    image->id = (struct pci_id){span_u16(bytes, pcir + PCIR_VENDOR), span_u16(bytes, pcir + PCIR_DEVICE)};
    image->pcir = pcir;
    image->pcir_length = span_u16(bytes, pcir + PCIR_LENGTH);
    image->pcir_revision = span_u8(bytes, pcir + PCIR_REVISION);
    image->vendor_revision = span_u16(bytes, pcir + PCIR_VENDOR_REVISION);
    image->class_code = span_u32(bytes, pcir + PCIR_CLASS) & 0xffffff;
    image->code_type = span_u8(bytes, pcir + PCIR_CODE_TYPE);
    image->size = (size_t)span_u16(bytes, pcir + PCIR_IMAGE_LENGTH) * UNIT;
    image->last = span_u8(bytes, pcir + PCIR_INDICATOR) & INDICATOR_LAST;
    if (image->pcir_revision >= 3)
        parse_pcir_3(bytes, image);
    if (image->pcir_length < PCIR_SIZE)
        return error_set(err, ERROR_INPUT, "image at offset 0x%zx: PCIR length %zu is less than %d", image->offset,
                         image->pcir_length, PCIR_SIZE);
    if (image->size == 0 || !span_holds(bytes, image->offset, image->size))
        return error_set(err, ERROR_INPUT,
                         "image at offset 0x%zx: PCIR says %zu bytes, the file has %zu: it is truncated or damaged",
                         image->offset, image->size, bytes.size - image->offset);
    return 0;
}

static int parse_image(struct bytes bytes, struct rom_image *image, struct error *err) {
    if (!span_holds(bytes, image->offset, HEADER_SIZE))
        return error_set(err, ERROR_INPUT, "no image header at offset 0x%zx: the file ends at 0x%zx", image->offset,
                         bytes.size);
    if (span_u16(bytes, image->offset) != 0xaa55)
        return error_set(err, ERROR_INPUT, "no image at offset 0x%zx: bytes %02x %02x instead of 55 aa", image->offset,
                         bytes.data[image->offset], bytes.data[image->offset + 1]);
    size_t pcir = image->offset + span_u16(bytes, image->offset + HEADER_PCIR);
    if (parse_pcir(bytes, pcir, image, err) < 0)
        return -1;
    if (image->code_type == ROM_CODE_X86)
        return parse_x86(bytes, image, err);
    return image->code_type == ROM_CODE_EFI ? parse_efi(bytes, image, err) : 0;
}

int rom_parse_at(struct bytes bytes, size_t start, struct rom *rom, struct error *err) {
    *rom = (struct rom){.start = start, .end = start};
    for (bool last = false; !last; rom->count++) {
        if (rom->count == ROM_IMAGES_MAX)
            return error_set(err, ERROR_INPUT, "more than %d images: no image says that it is the last",
                             ROM_IMAGES_MAX);
        struct rom_image *image = &rom->images[rom->count];
        *image = (struct rom_image){.offset = rom->end};
        if (parse_image(bytes, image, err) < 0)
            return -1;
        rom->end += image->size;
        last = image->last;
    }
    return 0;
}

int rom_parse(struct bytes bytes, struct rom *rom, struct error *err) {
    return rom_parse_at(bytes, 0, rom, err);
}

struct bytes rom_image_bytes(struct bytes bytes, const struct rom_image *image) {
    return (struct bytes){bytes.data + image->offset, image->size};
}

size_t rom_image_extent(const struct rom_image *image) {
    return image->code_type == ROM_CODE_X86 && image->init_size > image->size ? image->init_size : image->size;
}

uint16_t rom_image_listed(struct bytes bytes, const struct rom_image *image, size_t index) {
    struct bytes within = {bytes.data, image->offset + image->size};
    return image->device_list ? span_u16(within, image->device_list + 2 * index) : 0;
}

bool rom_image_names(struct bytes bytes, const struct rom_image *image, struct pci_id id, bool with_list) {
    if (pci_id_equal(image->id, id))
        return true;
    if (!with_list || image->id.vendor != id.vendor)
        return false;
    for (size_t i = 0; rom_image_listed(bytes, image, i) != 0; i++)
        if (rom_image_listed(bytes, image, i) == id.device)
            return true;
    return false;
}
