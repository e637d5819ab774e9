/* bundle.json: what a ROM bundle says of itself. Pure: bytes in, structs out. */
#pragma once

#include <sodium.h>

#include "base/error.h"
#include "base/pci.h"
#include "base/text.h"
#include "rom/verdict.h"

#define MANIFEST_API_VERSION "gpu.vm.kubevirt.io/v1"
#define MANIFEST_KIND        "RomBundle"
#define MANIFEST_SIZE_MAX    (4u << 20)

/* Which devices a ROM is for. Vendor and device are always given; the others narrow. */
struct rom_match {
    struct pci_id id;
    bool has_subsystem, has_revision;
    struct pci_id subsystem;
    uint8_t revision;
};

struct manifest_rom {
    char *id;   /* unique in the bundle, a file name's characters */
    char *file; /* relative to the bundle, never leaving it by its text */
    uint8_t sha256[crypto_hash_sha256_BYTES];
    enum firmware firmware;
    struct rom_match match;
};

struct manifest {
    char *name, *version; /* version may be NULL */
    struct manifest_rom *roms;
    size_t count;
};

/* Parses bundle.json into *manifest (overwritten; on failure {0}). Fails with ERROR_INPUT on anything unknown or
 * contradictory, naming the place; two ROMs that would match the same device equally well are such a contradiction.
 * manifest_free gives it back. */
int manifest_parse(struct bytes text, struct manifest *manifest, struct error *err);

void manifest_free(struct manifest *manifest);
