/* ROMs made of other files, and taken apart again. Pure. */
#pragma once

#include "rom/layout.h"

#define ROM_DEVICES_MAX 64

/* An option ROM with one EFI image, uncompressed, around the driver `efi` (an .efi file): PCIR revision 3, the first of
 * the `count` IDs (1 to ROM_DEVICES_MAX, all of one vendor) in it, and a device list if there are several. Appends it
 * to *out (must be {0}; the caller frees it). Fails with ERROR_INPUT when `efi` is no whole UEFI driver that could be
 * loaded from an option ROM, or is too large; ERROR_LIMIT (memory). */
int rom_from_efi(struct bytes efi, const struct pci_id *ids, size_t count, uint32_t class_code, struct buffer *out,
                 struct error *err);

/* The image of that number by itself: it says that it is the last, and its sum is as right as it was. The layout is
 * that of `bytes` and has the image. Fails with ERROR_INPUT where its PCIR structure lies outside it; ERROR_REFUSED as
 * rom_balance_byte and rom_check_edited; ERROR_LIMIT (memory). */
int rom_split(struct bytes bytes, const struct rom_layout *layout, size_t number, struct buffer *out,
              struct error *err);

/* Appends the image chain of `part`, which must start at its offset 0, to the ROM in *out, which may be empty: the
 * image that was the last there no longer says so. Sums stay as right as they were. Fails with ERROR_INPUT on a part
 * that is no ROM, or too many images or bytes; ERROR_REFUSED as rom_balance_byte and rom_check_edited. */
int rom_join(struct buffer *out, struct bytes part, struct error *err);
