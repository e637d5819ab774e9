/* Will this ROM do for that device under that firmware, and if not, why not? Pure.
 *
 * Three consumers read a ROM file that QEMU puts into a VM:
 *  - SeaBIOS runs the first x86 image whose PCIR names the device exactly (no device list) and whose bytes sum to 0
 *    (SeaBIOS src/optionroms.c);
 *  - OVMF loads the EFI drivers for its own machine, whatever IDs they carry and whatever they sum to (edk2
 *    PciOptionRomSupport.c);
 *  - the guest's driver looks for its tables: amdgpu for ATOMBIOS in the first image, i915 for a VBT where the firmware
 *    gives none, while NVIDIA's reads the card itself (Linux amdgpu_bios.c, intel_bios.c; open-gpu-kernel-modules).
 */
#pragma once

#include "rom/efi_image.h"
#include "rom/finding.h"

enum firmware {
    FIRMWARE_ANY,
    FIRMWARE_BIOS, /* SeaBIOS */
    FIRMWARE_UEFI, /* OVMF */
};

/* "any", "bios", "uefi". Returns 0, or -1 leaving *firmware alone. */
int firmware_parse(const char *name, enum firmware *firmware);
const char *firmware_name(enum firmware firmware);

/* What a ROM is wanted for. */
struct rom_purpose {
    struct pci_id id;
    enum firmware firmware; /* FIRMWARE_ANY: unknown */
    enum guest_machine guest;
    bool has_class; /* false: the class is unknown, and may be a display controller's */
    uint32_t class_code;
};

enum answer { ANSWER_YES, ANSWER_NO, ANSWER_UNKNOWN, ANSWER_NOT_APPLICABLE };

enum consumer { CONSUMER_SEABIOS, CONSUMER_OVMF, CONSUMER_DRIVER, CONSUMER_COUNT };

struct rom_verdict {
    struct {
        enum answer answer;
        char reason[FINDING_TEXT_MAX];
    } consumers[CONSUMER_COUNT];
    const char *driver;       /* "amdgpu", ...: who CONSUMER_DRIVER is */
    struct findings findings; /* a FINDING_ERROR among them: this ROM will not do */
};

/* Judges a whole ROM file for one purpose.
 *
 * Errors: no chain at offset 0; x86 images, but none for the device, or its bytes do not sum to 0; EFI images, but none
 * that the firmware would load. Warnings: only an x86 image meets UEFI firmware, or only an EFI image SeaBIOS; amdgpu
 * will not find its tables. Everything else is a remark: the IDs and sums of EFI images above all, which in real ROMs
 * are junk. */
void rom_judge(struct bytes bytes, const struct rom_purpose *purpose, struct rom_verdict *verdict);

/* "yes", "no", "unknown", "not-applicable". */
const char *answer_name(enum answer answer);

/* "SeaBIOS", "OVMF", or the verdict's driver. */
const char *consumer_name(const struct rom_verdict *verdict, enum consumer consumer);
