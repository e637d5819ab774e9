/* A file of sysfs that is kept as text, with the reason where it could not be read. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "host/sysfs.h"

struct host_text {
    int error;  /* an errno value: ENOENT where there is no such file; 0: read */
    char *text; /* printable but for line ends, without the last one; NULL unless read */
};

/* Reads the file. What cannot be read is part of *text; fails only without memory (ERROR_LIMIT). */
int host_text_read(const struct sysfs *sysfs, const char *path, struct host_text *text, struct error *err);

/* Was it read, and is it this? */
bool host_text_is(const struct host_text *text, const char *expected);

void host_text_free(struct host_text *text);
