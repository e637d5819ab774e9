/* Verified ROMs, put where QEMU finds them.
 *
 * QEMU runs in another container (compute) and reopens the ROM by path, so what it gets must be the bytes that were
 * verified: they are written to a temporary file (temporary.h), synced and renamed into a folder of their own, and
 * compared byte for byte on every later call. The file's name carries its SHA-256, so one name never means two
 * contents. Against a process of our own uid (virt-launcher and QEMU have it) nothing protects the file between the
 * last call and QEMU's start.
 */
#pragma once

#include <sodium.h>

#include "base/error.h"
#include "base/text.h"

struct publisher;

/* A ROM that was published. Lives as long as its publisher. */
struct published_rom;

/* Prepares to publish into the folder `rom_dir`, which is made on the first publish (0755; its parent must exist, it
 * must not be a link). Of a folder that is there, what killed processes left of files that they were writing is
 * removed. `compute_dir` is the same folder as the compute container sees it. With rom_dir NULL nothing is ever
 * written: paths are computed only. Returns a publisher that publisher_close gives back, or NULL. Any thread may use
 * it. */
struct publisher *publisher_open(const char *rom_dir, const char *compute_dir, struct error *err);

/* Publishes `content`, whose SHA-256 is `sha256`, as <id>-<start of the hash>.rom, or finds that this was done before.
 * `content` is copied. Returns the published ROM, or NULL with ERROR_LIMIT (disk full) or ERROR_INTERNAL. A failure
 * leaves no file behind. */
const struct published_rom *publisher_publish(struct publisher *publisher, const char *id,
                                              const uint8_t sha256[crypto_hash_sha256_BYTES], struct bytes content,
                                              struct error *err);

/* Makes sure that the file still holds what was published, and writes it again if it does not. Returns 0, or -1 with
 * ERROR_LIMIT or ERROR_INTERNAL. */
int publisher_ensure(struct publisher *publisher, const struct published_rom *rom, struct error *err);

/* The file's path as QEMU will open it. */
const char *published_rom_path(const struct published_rom *rom);

void publisher_close(struct publisher *publisher);

DEFINE_CLEANUP(struct publisher, publisher_close)
