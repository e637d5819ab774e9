#include "rom/match.h"

#include <string.h>

bool match_fits(const struct rom_match *match, const struct pci_identity *device) {
    return pci_id_equal(match->id, device->id) &&
           (!match->has_subsystem || pci_id_equal(match->subsystem, device->subsystem)) &&
           (!match->has_revision || match->revision == device->revision);
}

bool match_firmware(enum firmware rom, enum firmware vm) {
    return rom == FIRMWARE_ANY || vm == FIRMWARE_ANY || rom == vm;
}

static int rank(const struct manifest_rom *rom) {
    return 4 * rom->match.has_subsystem + 2 * rom->match.has_revision + (rom->firmware != FIRMWARE_ANY);
}

struct rom_candidate match_device(struct bundle *const *bundles, size_t count, const struct pci_identity *device,
                                  enum firmware firmware) {
    for (size_t i = 0; i < count; i++) {
        const struct manifest *manifest = &bundles[i]->manifest;
        const struct manifest_rom *best = NULL;
        for (size_t j = 0; j < manifest->count; j++) {
            const struct manifest_rom *rom = &manifest->roms[j];
            if (match_fits(&rom->match, device) && match_firmware(rom->firmware, firmware) &&
                (!best || rank(rom) > rank(best)))
                best = rom;
        }
        if (best)
            return (struct rom_candidate){bundles[i], best};
    }
    return (struct rom_candidate){0};
}

struct rom_candidate match_id(struct bundle *const *bundles, size_t count, const char *id) {
    for (size_t i = 0; i < count; i++) {
        const struct manifest *manifest = &bundles[i]->manifest;
        for (size_t j = 0; j < manifest->count; j++)
            if (strcmp(manifest->roms[j].id, id) == 0)
                return (struct rom_candidate){bundles[i], &manifest->roms[j]};
    }
    return (struct rom_candidate){0};
}
