#include "cmd/test_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/output.h"
#include "rpc/server.h"

int test_list(int case_fd, const char *folder, struct names *names, struct error *err) {
    CLEANUP(close_fd) int fd = openat(case_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
        return error_set(err, ERROR_INPUT, "%s is no folder: a link to one is not followed", folder);
    if (fd < 0)
        return error_set_errno(err, ERROR_INPUT, errno, "cannot open the folder %s", folder);
    return names_read(names, fd, folder, err);
}

int test_read(int case_fd, const char *file, size_t limit, struct buffer *content, struct error *err) {
    CLEANUP(close_fd) int fd = file_open_beneath(case_fd, "the case", file, err);
    return fd < 0 ? -1 : file_read_fd(fd, file, limit, content, err);
}

/* In out/, where the process stands. */
static int write_here(int out_fd, const char *name, const struct buffer *content, const char **done,
                      struct error *err) {
    CLEANUP(buffer_free) struct buffer old = {0};
    struct stat there;
    bool exists = fstatat(out_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0;
    if (exists && !S_ISREG(there.st_mode))
        return error_set(err, ERROR_INPUT, "out/%s is no regular file: remove it, nothing is written through links",
                         name);
    if (!content) {
        if (exists && unlinkat(out_fd, name, 0) < 0)
            return error_set_errno(err, ERROR_INTERNAL, errno, "cannot remove out/%s", name);
        *done = exists ? "removed" : *done;
        return 0;
    }
    if (exists && test_read(out_fd, name, RPC_REQUEST_MAX, &old, err) < 0)
        return -1;
    if (exists && old.size == content->size && (old.size == 0 || memcmp(old.data, content->data, old.size) == 0))
        return 0;
    const struct output output = {.path = name, .force = true};
    if (output_write(&output, buffer_bytes(content), err) < 0)
        return error_prefix(err, "out");
    *done = exists ? "changed" : "added";
    return 0;
}

int test_write(int case_fd, const char *name, const struct buffer *content, const char **done, struct error *err) {
    if (content && mkdirat(case_fd, "out", 0777) < 0 && errno != EEXIST)
        return error_set_errno(err, ERROR_INTERNAL, errno, "cannot make the folder out");
    CLEANUP(close_fd) int out_fd = openat(case_fd, "out", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (out_fd < 0 && errno == ENOENT)
        return 0;
    if (out_fd < 0 || fchdir(out_fd) < 0)
        return error_set_errno(err, ERROR_INPUT, errno, "cannot enter the folder out, which must not be a link");
    int failed = write_here(out_fd, name, content, done, err);
    if (fchdir(case_fd) < 0)
        return error_set_errno(err, ERROR_INTERNAL, errno, "cannot go back to the case");
    return failed;
}
