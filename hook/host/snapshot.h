/* A copy of what the facts look at, as a folder that --sysfs takes: for bug reports and tests. All I/O is in
 * snapshot.c. */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "host/sysfs.h"

struct snapshot;

/* What became of the files and links that were looked at. */
struct snapshot_tally {
    size_t written;
    size_t left_out;          /* may not be read, or lead out of the folder: the copy may tell another story */
    char first_left_out[192]; /* one of these and the reason, printable; "": all are there */
};

/* Returns a list that takes in what is looked at through *sysfs, whose observer it becomes, or NULL without memory. The
 * list must outlive that; snapshot_free gives it back. */
struct snapshot *snapshot_watch(struct sysfs *sysfs, struct error *err);

/* Copies all that was looked at into `folder`, which must not exist or be empty: links as links, of files the content,
 * of the configuration space the header alone (a serial number may follow it), of files that nobody read nothing.
 * `anonymise`: the UUIDs of mediated devices are numbered, and subsystem IDs, which name the board's maker, are zeroed.
 * What has vanished since it was looked at is in neither count of *tally. Fails with ERROR_INPUT, ERROR_LIMIT or
 * ERROR_INTERNAL; what was written then stays. */
int snapshot_write(const struct snapshot *snapshot, const char *folder, bool anonymise, struct snapshot_tally *tally,
                   struct error *err);

void snapshot_free(struct snapshot *snapshot);

DEFINE_CLEANUP(struct snapshot, snapshot_free)
