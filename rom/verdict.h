/* Will this ROM do for that device under that firmware? Pure. */
#pragma once

#include "rom/image.h"

enum firmware {
    FIRMWARE_ANY,
    FIRMWARE_BIOS, /* SeaBIOS */
    FIRMWARE_UEFI, /* OVMF */
};

/* "any", "bios", "uefi". Returns 0, or -1 leaving *firmware alone. */
int firmware_parse(const char *name, enum firmware *firmware);
const char *firmware_name(enum firmware firmware);

/* Judges a whole ROM file for the device `id` of a VM that boots with `firmware` (FIRMWARE_ANY: unknown). Fails with
 * ERROR_INPUT and the reason.
 *
 * An x86 image must name the device and sum to 0: SeaBIOS and guest drivers insist. The IDs of an EFI image are not
 * compared, for no UEFI firmware does, and real GOP ROMs carry junk there; but one EFI image must be a driver that OVMF
 * would load.
 */
int rom_judge(struct bytes bytes, struct pci_id id, enum firmware firmware, struct error *err);
