/* Which ROM of the bundles a device gets, and what their profiles say of it. Pure. */
#pragma once

#include "rom/bundle.h"

struct rom_candidate {
    const struct bundle *bundle;
    const struct manifest_rom *rom; /* NULL: there is none */
};

/* The ROM for a device under `firmware` (FIRMWARE_ANY: unknown, every ROM will do): the first bundle that has a match
 * decides, and in it the most specific one by manifest_compare_roms. A manifest never holds two equal ones, so the
 * answer is unique. */
struct rom_candidate match_device(struct bundle *const *bundles, size_t count, const struct pci_identity *device,
                                  enum firmware firmware);

/* The ROM of that id, from the first bundle that has it. */
struct rom_candidate match_id(struct bundle *const *bundles, size_t count, const char *id);

/* Puts what the manifest's profiles that fit the device say over *options and *guest, as said by `origin`, option by
 * option: the more specific profile wins. */
void match_manifest_profiles(const struct manifest *manifest, const struct pci_identity *device, uint8_t origin,
                             struct device_options *options, struct guest_options *guest);

/* The same for several bundles, of which the first wins. At most ORIGIN_BUNDLES_MAX bundles. */
void match_profiles(struct bundle *const *bundles, size_t count, const struct pci_identity *device,
                    struct device_options *options, struct guest_options *guest);

/* Can a ROM for `rom` serve a VM that boots with `vm`? */
bool match_firmware(enum firmware rom, enum firmware vm);
