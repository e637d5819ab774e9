/* A copy of what the facts look at, as a folder that --sysfs takes: for bug reports and tests. All I/O is in
 * snapshot.c. */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "host/sysfs.h"

struct snapshot;

/* Returns a list that takes in what is looked at through *sysfs, whose observer it becomes, or NULL without memory. The
 * list must outlive that; snapshot_free gives it back. */
struct snapshot *snapshot_watch(struct sysfs *sysfs, struct error *err);

/* Copies all that was looked at into `folder`, which must not exist or be empty: links as links, of files the content,
 * of the configuration space the header alone (a serial number may follow it), of files that nobody read nothing.
 * `anonymise`: the UUIDs of mediated devices are numbered, and subsystem IDs, which name the board's maker, are zeroed.
 * *count becomes the number of files and links. Fails with ERROR_INPUT, ERROR_LIMIT or ERROR_INTERNAL; what was written
 * then stays. */
int snapshot_write(const struct snapshot *snapshot, const char *folder, bool anonymise, size_t *count,
                   struct error *err);

void snapshot_free(struct snapshot *snapshot);

DEFINE_CLEANUP(struct snapshot, snapshot_free)
