/* Where a bundle's files are read from: a folder, or one packed file (rom/tar.h). All I/O of a bundle goes through
 * here. Nothing is kept in memory: every read goes to the disk, and to a packed file from its start.
 */
#pragma once

#include "base/error.h"
#include "base/text.h"

#define STORE_MANIFEST  "bundle.json"
#define STORE_SIGNATURE "bundle.json.minisig"

struct store;
struct tar;
struct tar_entry;

/* Opens the folder or file at `path`, whose symbolic links are followed. Returns a store that store_close gives back,
 * or NULL with ERROR_REFUSED. A store is read-only afterwards: any thread may use it. */
struct store *store_open(const char *path, struct error *err);

/* Reads a file whole into *content (must be {0}). In a folder it is opened beneath it, links that lead out are refused;
 * of a packed file no more than up to that entry is read. Returns 0, or -1 with ERROR_REFUSED: missing, more than
 * `limit` bytes, or the archive is damaged or has what no bundle has before the entry. */
int store_read(const struct store *store, const char *name, size_t limit, struct buffer *content, struct error *err);

/* Like store_read, but returns 1 when the file was read and 0, without an error, when there is none. */
int store_read_if_there(const struct store *store, const char *name, size_t limit, struct buffer *content,
                        struct error *err);

/* Is it one packed file? */
bool store_is_packed(const struct store *store);

/* A file that store_walk has come to. */
struct store_file {
    const char *name;
    uint64_t size;
    const struct store *store;
    /* Of a packed file, at this entry; NULL in a folder. */
    struct tar *tar;
    const struct tar_entry *entry;
};

/* What store_walk calls; to end the walk it returns -1 with err filled. */
typedef int store_visit(void *context, const struct store_file *file, struct error *err);

/* Reads the file that the visit is of, at most once; as store_read. */
int store_read_file(const struct store_file *file, size_t limit, struct buffer *content, struct error *err);

/* Visits every regular file once: a folder's in no order, without following links to folders and without names that
 * start with ".." (a ConfigMap's own); an archive's in its order, and checks the whole archive. Returns 0 or -1. */
int store_walk(const struct store *store, store_visit *visit, void *context, struct error *err);

/* Is what lies at the path still what was opened? A folder is as long as manifest and signature are. */
bool store_is_current(const struct store *store);

void store_close(struct store *store);

DEFINE_CLEANUP(struct store, store_close)
