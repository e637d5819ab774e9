/* bundle.json: what a ROM bundle says of itself. Pure: bytes in, structs out. */
#pragma once

#include <sodium.h>

#include "config/allowed.h"
#include "config/device_options.h"
#include "config/guest_options.h"
#include "rom/match_key.h"
#include "rom/verdict.h"

#define MANIFEST_API_VERSION "gpu.vm.kubevirt.io/v1"
#define MANIFEST_KIND        "RomBundle"
#define MANIFEST_SIZE_MAX    (4u << 20)

struct manifest_rom {
    char *id;   /* unique in the bundle, a file name's characters */
    char *file; /* relative to the bundle, never leaving it by its text */
    uint8_t sha256[crypto_hash_sha256_BYTES];
    enum firmware firmware;
    struct rom_match match;
};

/* What devices, and guests that have them, get where the VM's annotation does not say otherwise. A ROM id is one of the
 * same bundle. */
struct manifest_profile {
    char *about; /* for people; NULL: nothing */
    struct rom_match match;
    struct device_options options; /* never `expect` or `guestAddress`, and none that contradict each other */
    struct guest_options guest;
};

struct manifest {
    char *name, *version; /* version may be NULL */
    struct manifest_rom *roms;
    size_t count;
    struct manifest_profile *profiles;
    size_t profile_count;
    bool has_allow;
    struct allowed allow; /* with has_allow: what a VM owner may set in the annotation */
};

/* Orders ROMs as match_compare does their matches; among equals any firmware comes before a named one, bios before
 * uefi. 0: the two would tie for a device. */
int manifest_compare_roms(const struct manifest_rom *a, const struct manifest_rom *b);

/* Parses bundle.json into *manifest (overwritten; on failure {0}). Fails with ERROR_INPUT on anything unknown or
 * contradictory, naming the place; two ROMs or two profiles that would match the same device equally well are such a
 * contradiction. manifest_free gives it back. */
int manifest_parse(struct bytes text, struct manifest *manifest, struct error *err);

/* Adds a copy of the ROM at the end. Fails with ERROR_INPUT where manifest_parse would refuse it, and leaves the
 * manifest as it was. */
int manifest_add_rom(struct manifest *manifest, const struct manifest_rom *rom, struct error *err);

/* Appends the manifest to *text as manifest_parse reads it: keys and entries in a stable order, indented by 2. The
 * manifest must be one that manifest_parse would accept. Fails with ERROR_LIMIT where the text would exceed
 * MANIFEST_SIZE_MAX, or without memory. */
int manifest_write(const struct manifest *manifest, struct buffer *text, struct error *err);

void manifest_free(struct manifest *manifest);

static inline void manifest_free_at(struct manifest *manifest) {
    manifest_free(manifest);
}
