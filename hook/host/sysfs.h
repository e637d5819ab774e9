/* A folder laid out as /sys, and the only ways in which this room looks into it. Nothing is written, and nothing is
 * waited for: a snapshot is somebody's folder, and may hold a FIFO. Paths are relative to the folder; an empty one, and
 * one that does not fit into PATH_MAX behind the folder, is ENAMETOOLONG. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/pci.h"

/* How somebody looked at what a path names. */
enum sysfs_look {
    SYSFS_FOUND,  /* whether it is there, or where its link leads */
    SYSFS_READ,   /* what is in the file */
    SYSFS_DENIED, /* either, but it may not be looked at */
};

struct sysfs {
    const char *root;
    /* Told of everything that is there and is looked at: what a snapshot must hold. NULL: nobody. */
    void (*seen)(void *context, const char *path, enum sysfs_look look);
    void *context;
    /* See sysfs_enter; in what is written by hand they are not there. */
    const struct sysfs *outside;
    const char *entered; /* NULL: nothing */
    int entered_fd;
    bool is_lent; /* by outside, which closes it */
    const struct sysfs_names *names;
};

/* Longer than any path of sysfs that the facts make. */
#define SYSFS_PATH_MAX 512

/* What is in a folder, as getdents64 tells it. A PCI function has a hundred entries, and one for each virtual function
 * that it has made, of 32 bytes each. */
struct sysfs_names {
    bool are_known;
    size_t size;
    _Alignas(8) char entries[16384];
};

/* For those who are going to look at much below one folder: `inside` does what `sysfs` does, and looks at what is below
 * `path` from there, which saves the kernel the way. What it looks at is one folder's, even where another has taken its
 * name since. With `names` the folder is listed there first, unless sysfs has entered it already, and what it does not
 * have is not asked for: half of what a function might have it has not. Where the folder cannot be opened or listed,
 * nothing is saved. Tells nobody. sysfs, `path` and `names` must outlive *inside. sysfs_leave closes the folder. */
void sysfs_enter(const struct sysfs *sysfs, const char *path, struct sysfs_names *names, struct sysfs *inside);
void sysfs_leave(struct sysfs *inside);

static inline void sysfs_leave_at(struct sysfs *inside) {
    sysfs_leave(inside);
}

/* "bus/pci/devices/0000:e5:00.0/power_state"; without a name, the function's folder; "" where it does not fit. Returns
 * `path`. */
const char *sysfs_pci_path(struct pci_address address, const char *name, char path[SYSFS_PATH_MAX]);

/* Reads a regular file in one go, as sysfs gives it, into `content`, which ends in a NUL then. Returns its size, or an
 * errno value, negative: EFBIG where it fills `room`, EINVAL where it is a folder, a FIFO or a socket, ELOOP
 * where it is a link: sysfs has none in the place of a file, and others may lead anywhere. */
ssize_t sysfs_read(const struct sysfs *sysfs, const char *path, char *content, size_t room);

/* Reads no more than the first `size` bytes, and no NUL behind them: to read a device's whole configuration space takes
 * a virtual machine 20 ms. Returns how many there were, or an errno value, negative, as above but for EFBIG. */
ssize_t sysfs_read_start(const struct sysfs *sysfs, const char *path, void *content, size_t size);

/* For a file that a library is going to open: is it a regular one, and may we? Returns 0 or an errno value, negative,
 * as above; EINVAL for everything that is neither that nor a link. */
int sysfs_will_read(const struct sysfs *sysfs, const char *path);

/* The last part of where a link leads. Returns 0 or an errno value, negative: of those only ENOENT says that there is
 * no such link. On failure `last` is "". */
int sysfs_read_link(const struct sysfs *sysfs, const char *path, char *last, size_t room);

/* Where a link leads, as it is written. Returns 0 or an errno value, negative: EINVAL where it is no link. */
int sysfs_read_target(const struct sysfs *sysfs, const char *path, char target[PATH_MAX]);

/* Is there anything? Returns 0 or an errno value, negative. */
int sysfs_find(const struct sysfs *sysfs, const char *path);

/* Calls `each` with the name of every entry but "." and "..", until it returns other than 0. Returns 0 or an errno
 * value, negative. */
int sysfs_list(const struct sysfs *sysfs, const char *path, int (*each)(void *context, const char *name),
               void *context);

/* Where the path leads once its links are followed, as an absolute path. Returns 0 or an errno value, negative. */
int sysfs_resolve(const struct sysfs *sysfs, const char *path, char resolved[PATH_MAX]);
