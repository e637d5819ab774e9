/* The files of a golden case: nothing is read or written outside its folder. */
#pragma once

#include "base/names.h"

/* Lists the case's folder (".") or one in it into *names (must be {0}); one that does not exist is empty. A link to a
 * folder is refused. Returns 0 or -1. */
int test_list(int case_fd, const char *folder, struct names *names, struct error *err);

/* Reads a regular file of the case into *content (must be {0}). Returns 0 or -1. */
int test_read(int case_fd, const char *file, size_t limit, struct buffer *content, struct error *err);

/* Makes the file out/NAME what `content` is, whole or not at all, or removes it where content is NULL. `name` has no
 * slash. Sets *done to "added", "changed" or "removed", and leaves it alone where the file is so already. The process
 * must stand in the case's folder, and does afterwards. Returns 0 or -1. */
int test_write(int case_fd, const char *name, const struct buffer *content, const char **done, struct error *err);
