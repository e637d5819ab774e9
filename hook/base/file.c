#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

int file_read_rest(int fd, size_t limit, struct buffer *buffer) {
    for (;;) {
        char chunk[16384];
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0) {
            explicit_bzero(chunk, sizeof(chunk)); /* it may have been a key */
            return 0;
        }
        if ((size_t)got > limit - buffer->size)
            return EFBIG;
        buffer_append(buffer, chunk, (size_t)got);
    }
}

int file_read_fd(int fd, const char *name, size_t limit, struct buffer *buffer, struct error *err) {
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (size_t)status.st_size > limit)
        return error_set(err, ERROR_LIMIT, "%s has %lld bytes: at most %zu are read", name, (long long)status.st_size,
                         limit);
    int number = file_read_rest(fd, limit, buffer);
    switch (number) {
    case 0:
        return buffer_check(buffer, err);
    case EFBIG:
        return error_set(err, ERROR_LIMIT, "%s has more than %zu bytes", name, limit);
    default:
        return error_set_errno(err, ERROR_INPUT, number, "cannot read %s", name);
    }
}

int file_read(const char *path, size_t limit, struct buffer *buffer, struct error *err) {
    if (strcmp(path, "-") == 0)
        return file_read_fd(STDIN_FILENO, "standard input", limit, buffer, err);
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, ERROR_INPUT, errno, "cannot open %s", path);
    return file_read_fd(fd, path, limit, buffer, err);
}

int file_open_folder(const char *path, struct error *err) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        error_set_errno(err, ERROR_INPUT, errno, "cannot open the folder %s", path);
    return fd;
}

/* Kernels before 5.6, and container runtimes whose seccomp profile does not know openat2, answer ENOSYS or EPERM. Then
 * the file is opened the plain way and the kernel is asked where that led: the check is on the descriptor itself, so
 * nothing can be swapped between check and use. */
static int open_beneath_checked(int dir_fd, const char *path) {
    char link[64], root[4096], target[4096];
    if (*path == '/') { /* even one that leads back inside, as for openat2 */
        errno = EXDEV;
        return -1;
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", dir_fd);
    ssize_t root_size = readlink(link, root, sizeof(root));
    CLEANUP(close_fd) int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -1;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t target_size = readlink(link, target, sizeof(target));
    if (root_size <= 0 || target_size <= root_size || (size_t)target_size == sizeof(target) ||
        memcmp(root, target, (size_t)root_size) != 0 || (target[root_size] != '/' && root_size > 1)) {
        errno = EXDEV;
        return -1;
    }
    return take_fd(&fd);
}

int file_open_beneath(int dir_fd, const char *folder, const char *path, struct error *err) {
    const struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    char storage[QUOTED_MAX];
    text_quotable(path, storage);
    CLEANUP(close_fd) int fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        fd = open_beneath_checked(dir_fd, path);
    if (fd < 0 && errno == EXDEV)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" leaves the folder: use a path inside it", folder, storage);
    if (fd < 0)
        return error_set_errno(err, ERROR_INPUT, errno, "cannot open %s/%s", folder, storage);
    struct stat status;
    if (fstat(fd, &status) < 0)
        return error_set_errno(err, ERROR_INPUT, errno, "cannot look at %s/%s", folder, storage);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is not a regular file", folder, storage);
    return take_fd(&fd);
}

int file_write_all(int fd, struct bytes bytes) {
    while (bytes.size > 0) {
        ssize_t put = write(fd, bytes.data, bytes.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        bytes.data += put;
        bytes.size -= (size_t)put;
    }
    return 0;
}

static bool same_time(struct timespec a, struct timespec b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool file_unchanged(const struct stat *then, const struct stat *now) {
    return now->st_dev == then->st_dev && now->st_ino == then->st_ino && now->st_size == then->st_size &&
           now->st_mode == then->st_mode && same_time(now->st_mtim, then->st_mtim) &&
           same_time(now->st_ctim, then->st_ctim);
}
