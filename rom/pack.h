/* A bundle as one packed file: the same bundle always gives the same bytes. (I/O: reads the bundle)
 *
 * First bundle.json, then bundle.json.minisig where there is one, so that opening reads little; then the ROMs that the
 * manifest names, by name. Owner 0, mode 0644, time 0.
 */
#pragma once

#include "rom/bundle.h"

enum pack_compression { PACK_NONE, PACK_GZIP, PACK_ZSTD };

/* Parses "none", "gzip" or "zstd". Returns 0, or -1; no error is filled. */
int pack_compression_parse(const char *name, enum pack_compression *compression);

/* Packs into *packed (must be {0}). Every ROM's hash is checked. What rom/store.h would not read is refused. Returns 0,
 * or -1 with ERROR_REFUSED, also when the bundle changed meanwhile. */
int pack_bundle(const struct bundle *bundle, enum pack_compression compression, struct buffer *packed,
                struct error *err);
