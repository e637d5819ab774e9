#include "rom/repair.h"

#include <string.h>

#include "rom/atom.h"
#include "rom/span.h"

enum {
    HEADER_JUMP = 0x03,
    HEADER_FREE = 0x06,
    PCIR_VENDOR = 0x04,
    JUMP_NEAR = 0xe9, /* three bytes: ends before offset 6 */
    RETURN_FAR = 0xcb,
    PADDING_LEAST = 8, /* that many equal bytes are no code */
};

/* Whatever the last byte is: it may balance already. */
static bool ends_in_padding(struct bytes image) {
    if (image.size <= PADDING_LEAST)
        return false;
    const uint8_t *before = image.data + image.size - 1 - PADDING_LEAST;
    for (size_t i = 0; i < PADDING_LEAST; i++)
        if (before[i] != before[0])
            return false;
    return before[0] == 0x00 || before[0] == 0xff;
}

static bool lies_in(size_t offset, size_t start, size_t size) {
    return offset >= start && offset - start < size;
}

/* Is the byte one of a structure that somebody reads? */
static bool is_used(struct bytes bytes, const struct rom_image *image, size_t offset) {
    struct npde npde;
    size_t listed = 0;
    while (rom_image_listed(bytes, image, listed) != 0)
        listed++;
    return lies_in(offset, image->pcir, image->pcir_length) ||
           (image->device_list && lies_in(offset, image->device_list, 2 * listed + 2)) ||
           (nvidia_npde_parse(bytes, image->offset, image->pcir, image->pcir_length, &npde) > 0 &&
            lies_in(offset, npde.offset, npde.length));
}

int rom_balance_byte(struct bytes bytes, const struct rom_image *image, size_t *offset, struct error *err) {
    /* A sum that goes on into the next image must not be balanced there. */
    size_t size = image->init_size < image->size ? image->init_size : image->size;
    struct bytes summed = {bytes.data + image->offset, size};
    struct atom atom;
    uint8_t jump = span_u8(summed, HEADER_JUMP);
    if (atom_parse(rom_image_bytes(bytes, image), &atom))
        *offset = image->offset + ATOM_CHECKSUM;
    else if (image->id.vendor == VENDOR_NVIDIA || ends_in_padding(summed))
        *offset = image->offset + size - 1;
    else if (jump == JUMP_NEAR || jump == RETURN_FAR)
        *offset = image->offset + HEADER_FREE;
    else
        return error_set(err, ERROR_REFUSED,
                         "x86 image at offset 0x%zx: no byte of it is known to be free to balance its sum: it has no "
                         "ATOMBIOS tables, does not end in padding, and its code starts with %02x",
                         image->offset, jump);
    if (is_used(bytes, image, *offset))
        return error_set(
            err, ERROR_REFUSED,
            "x86 image at offset 0x%zx: its sum cannot be balanced: the byte for it, at 0x%zx, belongs to its "
            "PCIR structure or what goes with that",
            image->offset, *offset);
    return 0;
}

int rom_patch(struct buffer *copy, const struct rom_image *image, size_t offset, const void *data, size_t size,
              struct error *err) {
    uint8_t *bytes = (uint8_t *)copy->data;
    size_t balance = 0;
    if (image->code_type == ROM_CODE_X86 && rom_balance_byte(buffer_bytes(copy), image, &balance, err) < 0)
        return -1;
    bool in_driver = image->code_type == ROM_CODE_EFI && offset + size > image->efi_payload &&
                     offset < image->offset + image->init_size;
    if (in_driver || offset < image->offset || offset + size > image->offset + image->size ||
        (image->code_type == ROM_CODE_X86 && balance >= offset && balance < offset + size))
        return error_set(err, ERROR_REFUSED,
                         "image at offset 0x%zx cannot be edited: what is to change at 0x%zx lies outside it, in its "
                         "driver, or where its sum is balanced",
                         image->offset, offset);
    uint8_t before = rom_sum((struct bytes){bytes + offset, size});
    memcpy(bytes + offset, data, size);
    uint8_t after = rom_sum((struct bytes){bytes + offset, size});
    if (image->code_type == ROM_CODE_X86 && offset < image->offset + image->init_size)
        bytes[balance] = (uint8_t)(bytes[balance] + before - after);
    return 0;
}

/* Reads the layout, of which a whole chain is wanted. */
static int parse(struct bytes bytes, struct rom_layout *layout, struct error *err) {
    rom_layout(bytes, layout);
    if (layout->is_isa)
        return error_set(err, ERROR_INPUT,
                         "an x86 image without PCI data structure at offset 0x0: it is no PCI option "
                         "ROM");
    if (layout->defect.code != ERROR_NONE)
        return error_set(err, ERROR_INPUT, "%s", layout->defect.message);
    return 0;
}

/* For edits that keep the whole file: the chain must be where firmware reads it. */
static int copy_chain(struct bytes bytes, struct rom_layout *layout, struct buffer *out, struct error *err) {
    if (parse(bytes, layout, err) < 0)
        return -1;
    if (layout->front != ROM_FRONT_NONE)
        return error_set(err, ERROR_INPUT,
                         "it starts with %s; the option ROM starts at offset 0x%zx: cut it out by `rom trim` first",
                         rom_front_name(layout->front), layout->rom.start);
    buffer_append(out, bytes.data, bytes.size);
    return buffer_check(out, err);
}

/* Is the image read as it was, wherever it was? Its ID may be another, and its size what it sums. */
static bool is_same(const struct rom_image *before, const struct rom_image *after) {
    bool is_efi = before->code_type == ROM_CODE_EFI;
    return before->code_type == after->code_type && rom_image_extent(before) == rom_image_extent(after) &&
           before->init_size == after->init_size && before->checksum == after->checksum &&
           before->pcir - before->offset == after->pcir - after->offset && before->class_code == after->class_code &&
           before->efi_subsystem == after->efi_subsystem && before->efi_machine == after->efi_machine &&
           before->efi_compression == after->efi_compression &&
           (!is_efi || before->efi_payload - before->offset == after->efi_payload - after->offset);
}

int rom_check_edited(struct bytes edited, const struct rom_image *images, size_t count, struct error *err) {
    struct rom rom;
    struct error defect = {0};
    size_t same = 0;
    rom_parse(edited, &rom, &defect);
    while (same < count && same < rom.count && is_same(&images[same], &rom.images[same]))
        same++;
    if (same == count && rom.count == count && defect.code == ERROR_NONE)
        return 0;
    return error_set(err, ERROR_REFUSED,
                     "image at offset 0x%zx cannot be edited: it shares bytes with another image, or its headers with "
                     "each other, or has its PCIR structure outside",
                     images[same < count ? same : count - 1].offset);
}

int rom_trim(struct bytes bytes, struct buffer *out, struct error *err) {
    struct rom_layout layout;
    if (parse(bytes, &layout, err) < 0)
        return -1;
    size_t end = layout.rom.end;
    for (size_t i = 0; i < layout.rom.count; i++) {
        size_t image_end = layout.rom.images[i].offset + rom_image_extent(&layout.rom.images[i]);
        end = image_end > end ? image_end : end;
    }
    buffer_append(out, bytes.data + layout.rom.start, end - layout.rom.start);
    return buffer_check(out, err) < 0 ? -1
                                      : rom_check_edited(buffer_bytes(out), layout.rom.images, layout.rom.count, err);
}

int rom_set_id(struct bytes bytes, struct pci_id id, struct buffer *out, struct error *err) {
    const uint8_t wanted[] = {(uint8_t)id.vendor, (uint8_t)(id.vendor >> 8), (uint8_t)id.device,
                              (uint8_t)(id.device >> 8)};
    struct rom_layout layout;
    if (copy_chain(bytes, &layout, out, err) < 0)
        return -1;
    for (size_t i = 0; i < layout.rom.count; i++) {
        const struct rom_image *image = &layout.rom.images[i];
        if (image->code_type != ROM_CODE_X86 && image->code_type != ROM_CODE_EFI)
            continue;
        if (image->code_type == ROM_CODE_X86 && image->checksum != 0)
            return error_set(
                err, ERROR_REFUSED,
                "x86 image at offset 0x%zx: its %zu bytes sum to 0x%02x instead of 0: it is damaged; if you "
                "know why, run `rom fix-checksum` first",
                image->offset, image->init_size, image->checksum);
        if (rom_patch(out, image, image->pcir + PCIR_VENDOR, wanted, sizeof(wanted), err) < 0)
            return -1;
    }
    return rom_check_edited(buffer_bytes(out), layout.rom.images, layout.rom.count, err);
}

int rom_fix_checksum(struct bytes bytes, struct buffer *out, struct rom_balance balances[ROM_IMAGES_MAX], size_t *count,
                     struct error *err) {
    struct rom_layout layout;
    *count = 0;
    if (copy_chain(bytes, &layout, out, err) < 0)
        return -1;
    for (size_t i = 0; i < layout.rom.count; i++) {
        struct rom_image *image = &layout.rom.images[i];
        size_t offset;
        if (image->code_type != ROM_CODE_X86 || image->checksum == 0)
            continue;
        if (rom_balance_byte(bytes, image, &offset, err) < 0)
            return -1;
        uint8_t before = bytes.data[offset], after = (uint8_t)(before - image->checksum);
        out->data[offset] = (char)after;
        balances[(*count)++] = (struct rom_balance){i, offset, before, after};
        image->checksum = 0;
    }
    return rom_check_edited(buffer_bytes(out), layout.rom.images, layout.rom.count, err);
}
