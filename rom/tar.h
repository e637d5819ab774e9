/* A packed bundle: one tar archive (ustar, pax or GNU's; POSIX.1-2017 "pax", libarchive's tar(5)), plain or compressed,
 * read as a stream. Only files and folders can be in it: whatever else tar knows is refused by name. (I/O)
 */
#pragma once

#include "base/error.h"
#include "base/text.h"

#define TAR_ENTRIES_MAX  4096
#define TAR_NAME_MAX     255
#define TAR_NAME_STORAGE (TAR_NAME_MAX + 1)

struct tar;

/* A regular file in the archive. */
struct tar_entry {
    char name[TAR_NAME_STORAGE]; /* as tar_clean_name makes it */
    uint64_t size;
};

/* Writes to `clean` the name without empty and "." parts, as archive and manifest may each spell it. The result is
 * empty for the archive's own folder. Returns 0, or -1 with ERROR_REFUSED for a name that is absolute, has "..", a
 * backslash or anything but printable ASCII in it, or is too long. */
int tar_clean_name(const char *name, char clean[TAR_NAME_STORAGE], struct error *err);

/* Starts at the first byte of file fd, which stays the caller's and is only read by pread. `path` is for messages and
 * must outlive the reader. Returns a reader that tar_close gives back, or NULL. */
struct tar *tar_open(int fd, const char *path, struct error *err);

/* The next regular file. Returns 1, 0 at the end (after which nothing but zeros stood, and the archive is whole), or -1
 * with ERROR_REFUSED: damaged, cut off, too large, or an entry that cannot be in a bundle. */
int tar_next(struct tar *tar, struct tar_entry *entry, struct error *err);

/* Appends to *content the entry that tar_next gave last; more than `limit` bytes are refused. Returns 0 or -1. */
int tar_read(struct tar *tar, const struct tar_entry *entry, size_t limit, struct buffer *content, struct error *err);

void tar_close(struct tar *tar);

DEFINE_CLEANUP(struct tar, tar_close)
