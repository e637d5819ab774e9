/* The names in a folder, sorted by their bytes. */
#pragma once

#include "base/error.h"
#include "base/text.h"

/* Starts as {0}; names_free gives it back. */
struct names {
    char **list;
    size_t count, capacity;
};

/* More names than this are refused. */
#define NAMES_MAX 10000

/* Appends a copy of name; names_sort puts it in its place. Returns 0 or -1 (memory, ERROR_LIMIT). */
int names_add(struct names *names, const char *name, struct error *err);
void names_sort(struct names *names);

/* Appends what the folder behind dir_fd holds, but for "." and "..", and sorts. `folder` is for messages; dir_fd stays
 * open and is read from its start. Returns 0 or -1. */
int names_read(struct names *names, int dir_fd, const char *folder, struct error *err);

/* Is it among the sorted names? */
bool names_have(const struct names *names, const char *name);

void names_free(struct names *names);

static inline void names_free_at(struct names *names) {
    names_free(names);
}
