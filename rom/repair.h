/* Edits of a ROM that people otherwise make with a hex editor. Pure: the input stays as it is, the result is a copy.
 *
 * After each edit the bytes of an x86 image sum to what they summed to before: one byte of it takes up the difference.
 * Which byte that may be, each vendor knows: AMD's ATOMBIOS keeps one at 0x21 (upp), NVIDIA the last; elsewhere it is
 * padding at the end, or offset 6 behind a jump that ends before it (SeaBIOS, iPXE). An EFI image has no checksum, and
 * at its offset 6 stands its signature: no byte of it is ever used. So whatever signs an EFI driver stays right.
 */
#pragma once

#include "rom/layout.h"

/* The byte that balances the image's sum, as an offset from the start of the file. Fails with ERROR_REFUSED when the
 * image has none that is known to be free. */
int rom_balance_byte(struct bytes bytes, const struct rom_image *image, size_t *offset, struct error *err);

/* Writes `size` bytes at `offset`, which lie in the image, into `copy` (the file's bytes, to be changed), and balances
 * the sum if it is an x86 image. Fails as rom_balance_byte; `copy` is then as it was. */
int rom_patch(struct buffer *copy, const struct rom_image *image, size_t offset, const void *data, size_t size,
              struct error *err);

/* Is what an edit wrote a ROM of these `count` images (at least 1), each with the fields and the sum that *images says,
 * wherever it stood? In a file whose images share bytes, or have their PCIR structure outside, it need not be. Fails
 * with ERROR_REFUSED. */
int rom_check_edited(struct bytes edited, const struct rom_image *images, size_t count, struct error *err);

/* All functions below append the result to *out (must be {0}; the caller frees it), which rom_check_edited has found
 * right. They fail with ERROR_INPUT, the offset in the message, when `bytes` hold no whole image chain, with
 * ERROR_REFUSED where the result is no such ROM, or ERROR_LIMIT (memory). */

/* The image chain alone: without what stands before it (a flash dump's own structures) and behind it (NVIDIA's private
 * images, padding). */
int rom_trim(struct bytes bytes, struct buffer *out, struct error *err);

/* Every x86 and EFI image gets the ID. Refuses (ERROR_REFUSED) a ROM with an x86 image whose sum is wrong: that would
 * hide the damage. */
int rom_set_id(struct bytes bytes, struct pci_id id, struct buffer *out, struct error *err);

/* A byte that rom_fix_checksum changed. */
struct rom_balance {
    size_t image, offset;
    uint8_t before, after;
};

/* Every x86 image sums to 0. *balances (ROM_IMAGES_MAX of them) tells what was changed; *count may be 0. */
int rom_fix_checksum(struct bytes bytes, struct buffer *out, struct rom_balance balances[ROM_IMAGES_MAX], size_t *count,
                     struct error *err);
