/* A file's bytes as a stream, decompressed where they are gzip's or zstd's (told by their first bytes).
 *
 * Formats: RFC 1952 (gzip), RFC 8878 (zstd). Little memory: 64 KiB each way, and of zstd's window at most what the RFC
 * asks every decoder to support. The stream must end where the compression says, and nothing may follow. (I/O)
 */
#pragma once

#include "base/error.h"
#include "base/text.h"

#define UNPACK_TOTAL_MAX  ((uint64_t)1 << 30)
#define UNPACK_WINDOW_LOG 23 /* 8 MiB: RFC 8878, 3.1.1.1.2 */

struct unpack;

/* Starts at the first byte of file fd, which stays the caller's and is only read by pread: several streams may share
 * it. `name` is for messages and must outlive the stream. Returns a stream that unpack_close gives back, or NULL. */
struct unpack *unpack_open(int fd, const char *name, struct error *err);

/* The next piece; *piece is valid until the next call. Returns 1, 0 at the end (and *piece is empty), or -1 with
 * ERROR_REFUSED: damaged, cut off, or more than UNPACK_TOTAL_MAX bytes in all. */
int unpack_next(struct unpack *unpack, struct bytes *piece, struct error *err);

void unpack_close(struct unpack *unpack);

DEFINE_CLEANUP(struct unpack, unpack_close)
