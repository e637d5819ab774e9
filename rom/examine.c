#include "rom/examine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rom/efi_image.h"

enum { EFI_IDS_TEXT = 200 };

void examine_size(struct bytes bytes, struct findings *findings) {
    if (bytes.size > ROM_SIZE_MAX)
        findings_add(findings, FINDING_ERROR, ROM_SIZE_MAX,
                     "it has %zu bytes, and a ROM at most %u: if it is a dump, cut the ROM out by `rom trim`",
                     bytes.size, ROM_SIZE_MAX);
}

bool examine_chain(const struct rom_layout *layout, struct findings *findings) {
    if (layout->front != ROM_FRONT_NONE) {
        findings_add(findings, FINDING_ERROR, 0,
                     "it starts with %s; the option ROM starts at offset 0x%zx, and firmware looks at offset 0 only: "
                     "cut it out by `rom trim`",
                     rom_front_name(layout->front), layout->rom.start);
        return false;
    }
    if (layout->is_isa) {
        findings_add(findings, FINDING_ERROR, 0,
                     "it is an x86 image without PCI data structure, as ISA cards have: no firmware takes it for a PCI "
                     "device's ROM (%s)",
                     layout->defect.message);
        return false;
    }
    if (layout->defect.code == ERROR_NONE)
        return true;
    findings_add(findings, FINDING_ERROR, layout->rom.end, "%s", layout->defect.message);
    return false;
}

/* The number that EfiRom makes of a hexadecimal one written without 0x: "1002" becomes 0x03ea, "10de" 0x000a. Its help
 * text says hexadecimal, its code reads as C does (edk2 BaseTools/Source/C/EfiRom). */
static uint16_t read_as_decimal(uint16_t number) {
    char digits[5];
    snprintf(digits, sizeof(digits), "%04x", number);
    return (uint16_t)strtoul(digits, NULL, 10);
}

/* Why an EFI image's IDs are what they are, where that is known. */
static void explain_ids(struct pci_id id, const struct pci_id *wanted, char text[EFI_IDS_TEXT]) {
    static const uint16_t vendors[] = {0x1002, 0x10de, 0x8086};
    *text = '\0';
    if (id.vendor == 0 && id.device == 0)
        snprintf(text, EFI_IDS_TEXT, ", as NVIDIA leaves them empty");
    for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++)
        if (id.vendor == read_as_decimal(vendors[i]))
            snprintf(text, EFI_IDS_TEXT, ": %04x is %04x read as decimal, which EfiRom does without 0x", id.vendor,
                     vendors[i]);
    if (id.device == 0xffff)
        snprintf(text, EFI_IDS_TEXT, ": ffff is a placeholder");
    else if (wanted && id.vendor == read_as_decimal(wanted->vendor) && id.device == read_as_decimal(wanted->device))
        snprintf(text, EFI_IDS_TEXT, ": that is %04x:%04x read as decimal, which EfiRom does without 0x",
                 wanted->vendor, wanted->device);
}

static void examine_efi_ids(const struct rom_image *image, const struct pci_id *wanted, struct findings *findings) {
    char why[EFI_IDS_TEXT];
    explain_ids(image->id, wanted, why);
    if (*why || (wanted && !pci_id_equal(image->id, *wanted)))
        findings_add(
            findings, FINDING_REMARK, image->pcir,
            "EFI image at offset 0x%zx has the ID %04x:%04x%s; that does no harm, no UEFI firmware compares it",
            image->offset, image->id.vendor, image->id.device, why);
}

static void examine_trailing(struct bytes bytes, const struct rom_layout *layout, struct findings *findings) {
    size_t size = bytes.size - layout->end;
    if (size == 0 || layout->end == 0)
        return;
    findings_add(findings, FINDING_REMARK, layout->end, "%zu %s behind the last image: nobody reads them", size,
                 layout->trailing_is_blank ? "bytes of padding" : "bytes");
}

static void examine_hidden(const struct rom_layout *layout, struct findings *findings) {
    if (layout->hidden.count > 0)
        findings_add(findings, FINDING_REMARK, layout->rom.end,
                     "NVIDIA's private images from 0x%zx to 0x%zx: firmware does not read them, `rom trim` leaves them "
                     "out",
                     layout->rom.end, layout->hidden.end);
    if (layout->hidden_defect.code != ERROR_NONE)
        findings_add(findings, FINDING_REMARK, layout->hidden.end, "behind the last image: %s",
                     layout->hidden_defect.message);
}

static void examine_sizes(const struct rom_image *image, struct findings *findings) {
    if (image->code_type == ROM_CODE_X86 && image->init_size > image->size)
        findings_add(findings, FINDING_REMARK, image->offset,
                     "x86 image at offset 0x%zx: its size byte says %zu bytes, PCIR %zu; SeaBIOS goes by the first",
                     image->offset, image->init_size, image->size);
}

void examine_oddities(struct bytes bytes, const struct rom_layout *layout, const struct pci_id *wanted,
                      struct findings *findings) {
    for (size_t i = 0; i < layout->rom.count; i++) {
        const struct rom_image *image = &layout->rom.images[i];
        if (image->code_type == ROM_CODE_EFI)
            examine_efi_ids(image, wanted, findings);
        examine_sizes(image, findings);
    }
    examine_hidden(layout, findings);
    examine_trailing(bytes, layout, findings);
}

static void examine_image(struct bytes bytes, const struct rom_image *image, struct findings *findings) {
    struct error problem = {0};
    if (image->code_type == ROM_CODE_X86 && image->checksum != 0)
        findings_add(findings, FINDING_ERROR, image->offset,
                     "x86 image at offset 0x%zx: its %zu bytes sum to 0x%02x instead of 0", image->offset,
                     image->init_size, image->checksum);
    if (image->code_type != ROM_CODE_EFI || efi_image_loads(bytes, image, GUEST_ANY, &problem) == 0)
        return;
    if (problem.code == ERROR_LIMIT)
        findings->failed = true;
    else
        findings_add(findings, problem.code == ERROR_REFUSED ? FINDING_WARNING : FINDING_ERROR, image->offset, "%s",
                     problem.message);
}

void rom_examine(struct bytes bytes, const struct rom_layout *layout, struct findings *findings) {
    examine_size(bytes, findings);
    examine_chain(layout, findings);
    for (size_t i = 0; i < layout->rom.count; i++)
        examine_image(bytes, &layout->rom.images[i], findings);
    examine_oddities(bytes, layout, NULL, findings);
}
