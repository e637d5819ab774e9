/* The images of a PCI option ROM. Pure: bytes in, structs out.
 *
 * Formats: PCI Firmware Specification 3.x, section 5.1 (ROM header, PCI data structure "PCIR"); UEFI Specification
 * section 14.4.2.1 (EFI option ROM header). Offsets checked against edk2 (MdePkg IndustryStandard/Pci22.h), SeaBIOS
 * (src/optionroms.c) and Linux (drivers/pci/rom.c).
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/pci.h"
#include "base/text.h"

/* A function's expansion ROM BAR decodes at most 16 MiB (PCI Local Bus Specification 3.0, section 6.2.5.2). */
#define ROM_SIZE_MAX (16u << 20)

/* No known ROM has more than 7 images; a chain that goes on longer is garbage. */
#define ROM_IMAGES_MAX 32

enum rom_code_type {
    ROM_CODE_X86 = 0,
    ROM_CODE_OPEN_FIRMWARE = 1,
    ROM_CODE_PA_RISC = 2,
    ROM_CODE_EFI = 3,
};

/* All offsets are from the start of the file, all sizes in bytes. */
struct rom_image {
    size_t offset;     /* of the image's 55 AA */
    size_t size;       /* image length of the PCIR structure */
    uint8_t code_type; /* enum rom_code_type, or a vendor's own number */
    bool last;         /* the last-image bit of its indicator */
    struct pci_id id;
    uint32_t class_code;
    uint16_t vendor_revision; /* of code and data, the vendor's own counting */

    size_t pcir, pcir_length; /* the PCIR structure */
    uint8_t pcir_revision;
    /* PCIR revision 3: 0 without it. */
    size_t device_list;
    size_t runtime_size; /* of an x86 image after its initialisation, at most */
    size_t config_utility, dmtf_clp;

    size_t init_size; /* x86 and EFI: what firmware copies; 0 for other types */
    uint8_t checksum; /* x86: sum of the init_size bytes; 0 is right */

    /* EFI only */
    uint16_t efi_subsystem, efi_machine, efi_compression;
    size_t efi_payload; /* the .efi file, which ends with init_size */
};

struct rom {
    struct rom_image images[ROM_IMAGES_MAX];
    size_t count;
    size_t start; /* of the chain: 0 for all that firmware reads */
    size_t end;   /* where the chain ends; what stands behind it is ignored by every reader */
};

/* Walks the image chain of `bytes` into *rom. Fails with ERROR_INPUT when it is not an option ROM or any header or
 * length leads outside the file; the message has the offset, and *rom the images before it. Checksums, IDs and EFI
 * fields are reported, not judged. */
int rom_parse(struct bytes bytes, struct rom *rom, struct error *err);

/* The same for a chain that starts at `start`, behind something that is no option ROM. */
int rom_parse_at(struct bytes bytes, size_t start, struct rom *rom, struct error *err);

/* The sum of all bytes, as x86 images are checked. */
uint8_t rom_sum(struct bytes bytes);

/* The image's own bytes, from its 55 AA. */
struct bytes rom_image_bytes(struct bytes bytes, const struct rom_image *image);

/* How many bytes belong to the image: those that PCIR says, or, of x86 images, those that are summed, where they are
 * more. Real ones exist. They lie inside the file. */
size_t rom_image_extent(const struct rom_image *image);

/* Entry `index` of the image's device list: 0 at its end mark, behind the image, and without a list. */
uint16_t rom_image_listed(struct bytes bytes, const struct rom_image *image, size_t index);

/* Does the image's PCIR name this device: in its ID, or (when `with_list`) in its device list? SeaBIOS ignores lists.
 */
bool rom_image_names(struct bytes bytes, const struct rom_image *image, struct pci_id id, bool with_list);
