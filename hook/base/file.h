/* Files: whole reads with a limit, and opens that cannot leave their folder. */
#pragma once

#include <stddef.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"

/* Appends everything behind descriptor fd to *buffer, which may fail as any append. Returns 0, an errno value, or EFBIG
 * for more than `limit` bytes: for callers who know better than an errno's text what went wrong. */
int file_read_rest(int fd, size_t limit, struct buffer *buffer);

/* Reads everything behind descriptor fd into *buffer (must be {0}); `name` is for messages. More than `limit` bytes is
 * ERROR_LIMIT. Returns 0 or -1. */
int file_read_fd(int fd, const char *name, size_t limit, struct buffer *buffer, struct error *err);

/* Opens and reads the file at `path`; "-" is standard input. */
int file_read(const char *path, size_t limit, struct buffer *buffer, struct error *err);

/* Opens the folder at `path`. Returns a descriptor that the caller closes, or -1. */
int file_open_folder(const char *path, struct error *err);

/* Opens the regular file `path`, relative to folder dir_fd, read-only. Symbolic links are followed as long as nothing
 * leaves the folder (a ConfigMap's mount is made of such links); an absolute path, or a ".." or link that leads out, is
 * refused. `folder` is for messages. Returns a descriptor that the caller closes, or -1. */
int file_open_beneath(int dir_fd, const char *folder, const char *path, struct error *err);

/* Writes all bytes to fd. Returns 0, or -1 with errno set. */
int file_write_all(int fd, struct bytes bytes);

/* Do two looks at a file show the same, unmodified file? The change time, which nobody can set back, is part of it. */
bool file_unchanged(const struct stat *then, const struct stat *now);
