#include "rom/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/names.h"

static const char prefix[] = ".new-";
enum { DIGITS = 16 }; /* behind it, hexadecimal: base/output's have half of them, and no lock */

/* A sweep may come between the making of a file and its lock: it takes the file away, and another is made. More often
 * than this in a row that is no accident. */
enum { TRIES = 16 };

/* Did no sweep come in between? A file system without locks is swept by nobody. */
static bool is_ours(int fd) {
    struct stat status;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return false;
    return fstat(fd, &status) < 0 || status.st_nlink > 0;
}

int temporary_make(int dir_fd, struct temporary *temporary) {
    for (int i = 0; i < TRIES; i++) {
        snprintf(temporary->name, sizeof(temporary->name), "%s%08x%08x", prefix, randombytes_random(),
                 randombytes_random());
        temporary->fd = openat(dir_fd, temporary->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (temporary->fd < 0)
            return -1;
        if (is_ours(temporary->fd))
            return 0;
        temporary_drop(dir_fd, temporary);
    }
    errno = EBUSY;
    return -1;
}

int temporary_keep(int dir_fd, struct temporary *temporary, const char *name) {
    if (renameat(dir_fd, temporary->name, dir_fd, name) < 0) {
        temporary_drop(dir_fd, temporary);
        return -1;
    }
    close(temporary->fd);
    temporary->fd = -1;
    return 0;
}

void temporary_drop(int dir_fd, struct temporary *temporary) {
    int number = errno;
    unlinkat(dir_fd, temporary->name, 0);
    close(temporary->fd);
    temporary->fd = -1;
    errno = number;
}

static bool has_our_form(const char *name) {
    const size_t start = strlen(prefix);
    return strncmp(name, prefix, start) == 0 && strlen(name) == start + DIGITS &&
           strspn(name + start, "0123456789abcdef") == DIGITS;
}

/* The name is removed under the lock, while its owner can be none that lives. */
static void sweep_file(int dir_fd, const char *name) {
    struct stat status;
    CLEANUP(close_fd) int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(dir_fd, name, 0);
}

void temporary_sweep(int dir_fd) {
    CLEANUP(names_free) struct names names = {0};
    struct error unheard = {0};
    if (names_read(&names, dir_fd, "", &unheard) < 0)
        return;
    for (size_t i = 0; i < names.count; i++)
        if (has_our_form(names.list[i]))
            sweep_file(dir_fd, names.list[i]);
}
