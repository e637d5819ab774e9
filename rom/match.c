#include "rom/match.h"

#include <string.h>

bool match_firmware(enum firmware rom, enum firmware vm) {
    return rom == FIRMWARE_ANY || vm == FIRMWARE_ANY || rom == vm;
}

struct rom_candidate match_device(struct bundle *const *bundles, size_t count, const struct pci_identity *device,
                                  enum firmware firmware) {
    const struct rom_match wanted = match_of(device, MATCH_ALL);
    for (size_t i = 0; i < count; i++) {
        const struct manifest *manifest = &bundles[i]->manifest;
        const struct manifest_rom *best = NULL;
        for (size_t j = 0; j < manifest->count; j++) {
            const struct manifest_rom *rom = &manifest->roms[j];
            if (match_fits(&rom->match, &wanted) && match_firmware(rom->firmware, firmware) &&
                (!best || manifest_compare_roms(rom, best) > 0))
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

/* Profiles that fit one device differ in their keys: each set of keys has room for one. */
void match_manifest_profiles(const struct manifest *manifest, const struct pci_identity *device, uint8_t origin,
                             struct device_options *options, struct guest_options *guest) {
    const struct rom_match wanted = match_of(device, MATCH_ALL);
    const struct manifest_profile *by_keys[MATCH_ALL + 1] = {0};
    for (size_t i = 0; i < manifest->profile_count; i++)
        if (match_fits(&manifest->profiles[i].match, &wanted))
            by_keys[manifest->profiles[i].match.keys] = &manifest->profiles[i];
    for (size_t keys = 0; keys <= MATCH_ALL; keys++) {
        if (!by_keys[keys])
            continue;
        device_options_merge(options, &by_keys[keys]->options, origin);
        guest_options_merge(guest, &by_keys[keys]->guest, origin);
    }
}

void match_profiles(struct bundle *const *bundles, size_t count, const struct pci_identity *device,
                    struct device_options *options, struct guest_options *guest) {
    for (size_t i = count; i-- > 0;)
        match_manifest_profiles(&bundles[i]->manifest, device, ORIGIN_PROFILE(i), options, guest);
}
