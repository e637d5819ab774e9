/* Files that a command writes: whole or not at all, and never over something by accident. */
#pragma once

#include "base/error.h"
#include "base/text.h"

struct output {
    const char *path; /* "-": standard output */
    bool force;       /* an existing regular file may be replaced */
};

/* Fails with ERROR_INPUT when the output would not be written: it exists and there is no force, it is no regular file,
 * or it is one of the `count` files at `inputs`, which are never replaced. To be asked before the work is done. */
int output_check(const struct output *output, const char *const *inputs, size_t count, struct error *err);

/* Writes a temporary file beside the output, syncs it and renames it into place: the output is never seen half written,
 * and without force a file that appeared meanwhile stays. Returns 0, or -1 with ERROR_INPUT (it exists), ERROR_LIMIT
 * (disk full) or ERROR_INTERNAL; a failure leaves nothing behind. */
int output_write(const struct output *output, struct bytes bytes, struct error *err);
