/* A ROM bundle: bundle.json, who signed it, and the ROM files that it names. Where they lie is rom/store.h's. */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "rom/manifest.h"
#include "rom/store.h"
#include "rom/trust.h"

#define BUNDLE_MANIFEST STORE_MANIFEST

struct bundle {
    char *path; /* as the admin gave it, for messages */
    struct store *store;
    struct manifest manifest;
    bool is_signed; /* by this key, which is trusted; false where nobody had to sign */
    uint8_t signer[MINISIGN_ID_SIZE];
};

/* Opens the folder or packed file and reads its manifest; no ROM is read yet. Where keys are trusted, the manifest must
 * be signed by one of them, which is checked before it is parsed. `trust` is only read during the call. Returns a
 * bundle that bundle_close gives back, or NULL with ERROR_REFUSED. A bundle is read-only afterwards: any thread may use
 * it. */
struct bundle *bundle_open(const char *path, const struct trust *trust, struct error *err);

/* Reads a ROM of the bundle whole into *content (must be {0}), at most ROM_SIZE_MAX bytes, and checks its SHA-256. The
 * file is opened once, so the bytes that were checked are the bytes that are returned. Fails with ERROR_REFUSED. */
int bundle_read_rom(const struct bundle *bundle, const struct manifest_rom *rom, struct buffer *content,
                    struct error *err);

/* Are these bytes the ROM that the manifest means? Returns 0, or -1 with ERROR_REFUSED. */
int bundle_check_hash(const struct bundle *bundle, const struct manifest_rom *rom, struct bytes content,
                      struct error *err);

/* Are manifest and signature on disk still those that were read, or is the packed file? */
bool bundle_is_current(const struct bundle *bundle);

void bundle_close(struct bundle *bundle);

DEFINE_CLEANUP(struct bundle, bundle_close)
