#include "rom/build.h"

#include <string.h>

#include "rom/efi_image.h"
#include "rom/repair.h"
#include "rom/span.h"

/* Offsets as in rom/image.c; PCI Firmware Specification 3.x, section 5.1; UEFI Specification 2.10, section 14.4.2.1. */
enum {
    UNIT = 512,
    EFI_PCIR = 0x1c, /* behind the header of 0x1a bytes, on a 4-byte boundary */
    PCIR_SIZE_3 = 0x1c,
    DEVICE_LIST = EFI_PCIR + PCIR_SIZE_3,
    PCIR_IMAGE_LENGTH = 0x10,
    PCIR_INDICATOR = 0x15,
    LAST = 0x80,
};

static void put_u16(struct buffer *out, size_t offset, size_t value) {
    out->data[offset] = (char)(value & 0xff);
    out->data[offset + 1] = (char)(value >> 8 & 0xff);
}

static void append_zeros(struct buffer *out, size_t size) {
    static const uint8_t zeros[UNIT];
    while (size > 0) {
        size_t part = size < sizeof(zeros) ? size : sizeof(zeros);
        buffer_append(out, zeros, part);
        size -= part;
    }
}

/* --- build -------------------------------------------------------------------------------------------------------- */

static int check_driver(struct bytes efi, struct pe *pe, struct error *err) {
    if (span_u16(efi, 0) == 0xaa55)
        return error_set(err, ERROR_INPUT, "it is an option ROM already; for its driver use `rom split`");
    if (pe_parse(efi, pe, err) < 0)
        return -1;
    if (pe->end > efi.size)
        return error_set(err, ERROR_INPUT, "PE image: it says 0x%zx bytes, the file has 0x%zx: it is truncated",
                         pe->end, efi.size);
    if (!pe_machine_name(pe->machine))
        return error_set(err, ERROR_INPUT, "PE image: machine 0x%04x is none that UEFI knows", pe->machine);
    if (pe->subsystem != PE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER && pe->subsystem != PE_SUBSYSTEM_EFI_RUNTIME_DRIVER)
        return error_set(
            err, ERROR_INPUT,
            "PE image: subsystem %u is no UEFI driver's (11 or 12), and firmware starts no other from a ROM",
            pe->subsystem);
    return 0;
}

static void put_header(struct buffer *out, const struct pe *pe, size_t payload, size_t units) {
    memcpy(out->data, "\x55\xaa", 2);
    put_u16(out, 0x02, units);
    put_u16(out, 0x04, 0x0ef1);
    put_u16(out, 0x08, pe->subsystem);
    put_u16(out, 0x0a, pe->machine);
    put_u16(out, 0x16, payload);
    put_u16(out, 0x18, EFI_PCIR);
}

static void put_pcir(struct buffer *out, const struct pci_id *ids, size_t count, uint32_t class_code, size_t units) {
    memcpy(out->data + EFI_PCIR, "PCIR", 4);
    put_u16(out, EFI_PCIR + 0x04, ids[0].vendor);
    put_u16(out, EFI_PCIR + 0x06, ids[0].device);
    put_u16(out, EFI_PCIR + 0x08, count > 1 ? DEVICE_LIST - EFI_PCIR : 0);
    put_u16(out, EFI_PCIR + 0x0a, PCIR_SIZE_3);
    out->data[EFI_PCIR + 0x0c] = 3;
    put_u16(out, EFI_PCIR + 0x0d, class_code & 0xffff);
    out->data[EFI_PCIR + 0x0f] = (char)(class_code >> 16 & 0xff);
    put_u16(out, EFI_PCIR + PCIR_IMAGE_LENGTH, units);
    out->data[EFI_PCIR + 0x14] = ROM_CODE_EFI;
    out->data[EFI_PCIR + PCIR_INDICATOR] = (char)LAST;
    for (size_t i = 0; count > 1 && i < count; i++)
        put_u16(out, DEVICE_LIST + 2 * i, ids[i].device);
}

int rom_from_efi(struct bytes efi, const struct pci_id *ids, size_t count, uint32_t class_code, struct buffer *out,
                 struct error *err) {
    struct pe pe;
    if (check_driver(efi, &pe, err) < 0)
        return -1;
    for (size_t i = 0; count > 1 && i < count; i++)
        if (ids[i].device == 0)
            return error_set(err, ERROR_INPUT, "%04x:0000 would end the device list", ids[i].vendor);
    for (size_t i = 1; i < count; i++)
        if (ids[i].vendor != ids[0].vendor)
            return error_set(err, ERROR_INPUT, "%04x:%04x and %04x:%04x: a device list holds devices of one vendor",
                             ids[0].vendor, ids[0].device, ids[i].vendor, ids[i].device);
    size_t list = count > 1 ? 2 * (count + 1) : 0; /* it ends with 0 */
    size_t head = DEVICE_LIST + list;
    if (efi.size > ROM_SIZE_MAX - UNIT - head)
        return error_set(err, ERROR_INPUT, "it has %zu bytes: a ROM has at most %u", efi.size, ROM_SIZE_MAX);
    size_t units = (head + efi.size + UNIT - 1) / UNIT;
    /* The padding stands before the driver: firmware takes all behind that for it, and would hash padding as well when
     * it checks the driver's signature. */
    size_t payload = units * UNIT - efi.size;
    append_zeros(out, payload);
    buffer_append(out, efi.data, efi.size);
    if (buffer_check(out, err) < 0)
        return -1;
    put_header(out, &pe, payload, units);
    put_pcir(out, ids, count, class_code, units);
    return 0;
}

/* --- split and join ----------------------------------------------------------------------------------------------- */

static int set_last(struct buffer *rom, const struct rom_image *image, bool last, struct error *err) {
    uint8_t indicator = span_u8(buffer_bytes(rom), image->pcir + PCIR_INDICATOR);
    uint8_t wanted = (uint8_t)(last ? indicator | LAST : indicator & ~LAST);
    return wanted == indicator ? 0 : rom_patch(rom, image, image->pcir + PCIR_INDICATOR, &wanted, 1, err);
}

int rom_split(struct bytes bytes, const struct rom_layout *layout, size_t number, struct buffer *out,
              struct error *err) {
    const struct rom_image *image = &layout->rom.images[number];
    struct rom alone;
    buffer_append(out, bytes.data + image->offset, rom_image_extent(image));
    if (buffer_check(out, err) < 0)
        return -1;
    /* Of several, only the first is parsed: it is all there is here. */
    struct error ignored = {0};
    rom_parse(buffer_bytes(out), &alone, &ignored);
    if (alone.count == 0)
        return error_set(err, ERROR_INPUT, "image at offset 0x%zx: its PCIR structure at 0x%zx lies outside it",
                         image->offset, image->pcir);
    return set_last(out, &alone.images[0], true, err) < 0 ? -1 : rom_check_edited(buffer_bytes(out), image, 1, err);
}

/* The size that PCIR gives decides where the next image is looked for: it must not be inside what this one sums. */
static int make_room(struct buffer *rom, const struct rom_image *image, struct error *err) {
    size_t units = rom_image_extent(image) / UNIT;
    const uint8_t wanted[] = {(uint8_t)units, (uint8_t)(units >> 8)};
    if (rom_image_extent(image) == image->size)
        return 0;
    return rom_patch(rom, image, image->pcir + PCIR_IMAGE_LENGTH, wanted, sizeof(wanted), err);
}

/* To *out, and its images to *chain, which has those of *out. */
static int append_part(struct buffer *out, struct bytes part, struct rom *chain, struct error *err) {
    struct rom_layout layout;
    rom_layout(part, &layout);
    if (layout.defect.code != ERROR_NONE || layout.is_isa || layout.front != ROM_FRONT_NONE)
        return error_set(err, ERROR_INPUT, "%s",
                         layout.defect.code != ERROR_NONE ? layout.defect.message
                         : layout.is_isa                  ? "an x86 image without PCI data structure at offset 0x0"
                                         : "the image chain does not start at offset 0x0: cut it out by `rom trim`");
    if (layout.rom.count > ROM_IMAGES_MAX - chain->count)
        return error_set(err, ERROR_INPUT, "together they have more than %d images", ROM_IMAGES_MAX);
    const struct rom_image *last = &layout.rom.images[layout.rom.count - 1];
    size_t size = last->offset + rom_image_extent(last);
    if (size > ROM_SIZE_MAX - out->size)
        return error_set(err, ERROR_INPUT, "together they have more than %u bytes", ROM_SIZE_MAX);
    memcpy(chain->images + chain->count, layout.rom.images, layout.rom.count * sizeof(layout.rom.images[0]));
    chain->count += layout.rom.count;
    buffer_append(out, part.data, size);
    return buffer_check(out, err);
}

int rom_join(struct buffer *out, struct bytes part, struct error *err) {
    struct rom chain = {0};
    if (out->size > 0) {
        if (rom_parse(buffer_bytes(out), &chain, err) < 0)
            return -1;
        struct rom_image *last = &chain.images[chain.count - 1];
        if (make_room(out, last, err) < 0 || set_last(out, last, false, err) < 0)
            return -1;
    }
    if (append_part(out, part, &chain, err) < 0)
        return -1;
    return rom_check_edited(buffer_bytes(out), chain.images, chain.count, err);
}
