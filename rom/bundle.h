/* A ROM bundle on disk: a folder with bundle.json and the ROM files that it names. All I/O of a bundle is here. */
#pragma once

#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "rom/manifest.h"

#define BUNDLE_MANIFEST "bundle.json"

struct bundle {
    char *path; /* as the admin gave it, for messages */
    int dir_fd;
    struct manifest manifest;
    struct stat manifest_status; /* of the file that was read */
};

/* Opens the folder and reads its manifest; no ROM is read yet. Returns a bundle that bundle_close gives back, or NULL
 * with ERROR_REFUSED. A bundle is read-only afterwards: any thread may use
 * it. */
struct bundle *bundle_open(const char *path, struct error *err);

/* Reads a ROM of the bundle whole into *content (must be {0}), at most ROM_SIZE_MAX bytes, and checks its SHA-256. The
 * file is opened once, so the bytes that were checked are the bytes that are returned. Fails with ERROR_REFUSED. */
int bundle_read_rom(const struct bundle *bundle, const struct manifest_rom *rom, struct buffer *content,
                    struct error *err);

/* Is the manifest on disk still the one that was read? */
bool bundle_is_current(const struct bundle *bundle);

void bundle_close(struct bundle *bundle);

DEFINE_CLEANUP(struct bundle, bundle_close)
