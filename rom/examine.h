/* What can be said of a ROM file without knowing what it is for: damage, wrong sums, junk. Pure. */
#pragma once

#include "rom/finding.h"
#include "rom/layout.h"

/* Adds an error if it is larger than any device's ROM can be. */
void examine_size(struct bytes bytes, struct findings *findings);

/* Is there a whole chain where firmware looks for it, at offset 0? Adds an error that says what there is instead.
 * Returns the answer. */
bool examine_chain(const struct rom_layout *layout, struct findings *findings);

/* Remarks on IDs of EFI images, sizes, bytes behind the chain. `wanted` is the device that the ROM is for, or NULL. */
void examine_oddities(struct bytes bytes, const struct rom_layout *layout, const struct pci_id *wanted,
                      struct findings *findings);

/* All of it, and each image by itself: the sums of x86 images, whether firmware would load the EFI images. */
void rom_examine(struct bytes bytes, const struct rom_layout *layout, struct findings *findings);
