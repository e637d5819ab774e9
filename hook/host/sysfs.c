#include "host/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

/* `first`, a slash and `second`. Not by snprintf: a large node has tens of thousands of them. */
static int join(const char *first, const char *second, char *joined, size_t room) {
    size_t size = strlen(first), more = strlen(second);
    if (size + 1 + more >= room)
        return -ENAMETOOLONG;
    memcpy(joined, first, size);
    joined[size] = '/';
    memcpy(joined + size + 1, second, more + 1);
    return 0;
}

/* Where a path is, for the kernel: below a descriptor. */
struct place {
    int folder;
    unsigned char type; /* as in a struct dirent, where the folder was listed; else DT_UNKNOWN */
    const char *path;   /* in `whole` where nothing was entered */
    char whole[PATH_MAX];
};

/* What the path's first part is, or -ENOENT. */
static int find_name(const struct sysfs_names *names, const char *path) {
    const size_t size = strcspn(path, "/");
    const struct dirent64 *entry;
    for (size_t at = 0; at < names->size; at += entry->d_reclen) {
        entry = (const struct dirent64 *)(const void *)(names->entries + at);
        if (strncmp(entry->d_name, path, size) == 0 && entry->d_name[size] == '\0')
            return path[size] ? DT_UNKNOWN : entry->d_type;
    }
    return -ENOENT;
}

static int find_place(const struct sysfs *sysfs, const char *path, struct place *place) {
    place->type = DT_UNKNOWN;
    for (const struct sysfs *i = sysfs; i; i = i->outside) {
        const size_t size = i->entered ? strlen(i->entered) : 0;
        if (size == 0 || strncmp(path, i->entered, size) != 0 || path[size] != '/' || strchr("/", path[size + 1]))
            continue;
        place->folder = i->entered_fd;
        place->path = path + size + 1;
        int type = i->names ? find_name(i->names, place->path) : DT_UNKNOWN;
        if (type < 0)
            return type;
        place->type = (unsigned char)type;
        return 0;
    }
    place->folder = AT_FDCWD;
    place->path = place->whole;
    return *path ? join(sysfs->root, path, place->whole, PATH_MAX) : -ENAMETOOLONG;
}

/* Where not all of them fit, none are known. */
static void list_names(int fd, struct sysfs_names *names) {
    ssize_t size = 1;
    names->size = 0;
    while (size > 0 && names->size < sizeof(names->entries)) {
        size = getdents64(fd, names->entries + names->size, sizeof(names->entries) - names->size);
        names->size += size > 0 ? (size_t)size : 0;
    }
    names->are_known = size == 0;
}

void sysfs_enter(const struct sysfs *sysfs, const char *path, struct sysfs_names *names, struct sysfs *inside) {
    struct place place;
    *inside = (struct sysfs){.root = sysfs->root, .seen = sysfs->seen, .context = sysfs->context, .outside = sysfs};
    if (names)
        names->are_known = false;
    if (sysfs->entered && strcmp(sysfs->entered, path) == 0) {
        *inside = *sysfs;
        inside->is_lent = true;
        return;
    }
    if (find_place(sysfs, path, &place) < 0)
        return;
    int fd = openat(place.folder, place.path, (names ? O_RDONLY : O_PATH) | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    inside->entered = path;
    inside->entered_fd = fd;
    if (names)
        list_names(fd, names);
    if (names && names->are_known)
        inside->names = names;
}

void sysfs_leave(struct sysfs *inside) {
    if (inside->entered && !inside->is_lent)
        close(inside->entered_fd);
    inside->entered = NULL;
}

static void note(const struct sysfs *sysfs, const char *path, enum sysfs_look look) {
    if (sysfs->seen)
        sysfs->seen(sysfs->context, path, look);
}

/* Tells of what could not be looked at, as far as it is there. Returns the errno value, negative. */
static int fail(const struct sysfs *sysfs, const char *path, int number) {
    if (number == EACCES || number == EPERM)
        note(sysfs, path, SYSFS_DENIED);
    else if (number == ELOOP) /* a link that is not followed, or that leads in a circle */
        note(sysfs, path, SYSFS_FOUND);
    return -number;
}

const char *sysfs_pci_path(struct pci_address address, const char *name, char path[SYSFS_PATH_MAX]) {
    static const char devices[] = "bus/pci/devices/";
    char folder[sizeof(devices) + PCI_ADDRESS_TEXT_MAX];
    memcpy(folder, devices, sizeof(devices));
    pci_address_format(address, folder + strlen(devices));
    if (!name)
        memcpy(path, folder, strlen(folder) + 1);
    else if (join(folder, name, path, SYSFS_PATH_MAX) < 0)
        path[0] = '\0';
    return path;
}

ssize_t sysfs_read_start(const struct sysfs *sysfs, const char *path, void *content, size_t size) {
    struct place place;
    int failed = find_place(sysfs, path, &place);
    if (failed)
        return failed;
    CLEANUP(close_fd)
    int fd = openat(place.folder, place.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    if (fd < 0 && errno != ENXIO)
        return fail(sysfs, path, errno);
    note(sysfs, path, SYSFS_READ);
    if (fd < 0) /* a socket */
        return -EINVAL;
    /* At a place, which a FIFO does not have and a folder does not allow: no fstat is needed, for there are many
     * files. */
    ssize_t got = pread(fd, content, size, 0);
    if (got < 0)
        return errno == ESPIPE || errno == EISDIR ? -EINVAL : -errno;
    return got;
}

ssize_t sysfs_read(const struct sysfs *sysfs, const char *path, char *content, size_t room) {
    ssize_t size = sysfs_read_start(sysfs, path, content, room);
    if (size < 0)
        return size;
    if ((size_t)size == room)
        return -EFBIG;
    content[size] = '\0';
    return size;
}

int sysfs_will_read(const struct sysfs *sysfs, const char *path) {
    struct place place;
    struct stat status = {0};
    int failed = find_place(sysfs, path, &place);
    if (failed)
        return failed;
    const bool is_listed = place.type != DT_UNKNOWN;
    if (!is_listed && fstatat(place.folder, place.path, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(sysfs, path, errno);
    const unsigned type = is_listed ? place.type : IFTODT(status.st_mode);
    if (type == DT_LNK)
        return fail(sysfs, path, ELOOP);
    if (type == DT_REG && faccessat(place.folder, place.path, R_OK, 0) < 0)
        return fail(sysfs, path, errno);
    note(sysfs, path, SYSFS_READ);
    return type == DT_REG ? 0 : -EINVAL;
}

int sysfs_read_target(const struct sysfs *sysfs, const char *path, char target[PATH_MAX]) {
    struct place place;
    int failed = find_place(sysfs, path, &place);
    if (failed)
        return failed;
    ssize_t size = readlinkat(place.folder, place.path, target, PATH_MAX - 1);
    if (size < 0)
        return fail(sysfs, path, errno);
    note(sysfs, path, SYSFS_FOUND);
    target[size] = '\0';
    return 0;
}

int sysfs_read_link(const struct sysfs *sysfs, const char *path, char *last, size_t room) {
    char target[PATH_MAX];
    int failed = sysfs_read_target(sysfs, path, target);
    const char *slash = failed ? NULL : strrchr(target, '/');
    if (!failed && (size_t)snprintf(last, room, "%s", slash ? slash + 1 : target) >= room)
        failed = -ENAMETOOLONG;
    if (failed)
        last[0] = '\0';
    return failed;
}

int sysfs_find(const struct sysfs *sysfs, const char *path) {
    struct place place;
    int failed = find_place(sysfs, path, &place);
    if (failed)
        return failed;
    const bool is_entered = sysfs->entered && strcmp(sysfs->entered, path) == 0;
    if (!is_entered && faccessat(place.folder, place.path, F_OK, 0) < 0)
        return fail(sysfs, path, errno);
    note(sysfs, path, SYSFS_FOUND);
    return 0;
}

/* Tells of each of the entries; false: no more are wanted. */
static bool take_entries(const struct sysfs *sysfs, const char *path, const char *entries, size_t size,
                         int (*each)(void *context, const char *name), void *context) {
    char entry_path[SYSFS_PATH_MAX];
    for (size_t at = 0; at < size;) {
        const struct dirent64 *entry = (const struct dirent64 *)(const void *)(entries + at);
        at += entry->d_reclen;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if ((size_t)snprintf(entry_path, sizeof(entry_path), "%s/%s", path, entry->d_name) < sizeof(entry_path))
            note(sysfs, entry_path, SYSFS_FOUND);
        if (each(context, entry->d_name) != 0)
            return false;
    }
    return true;
}

int sysfs_list(const struct sysfs *sysfs, const char *path, int (*each)(void *context, const char *name),
               void *context) {
    struct place place;
    int failed = find_place(sysfs, path, &place);
    if (failed)
        return failed;
    CLEANUP(close_fd) int fd = openat(place.folder, place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(sysfs, path, errno);
    note(sysfs, path, SYSFS_FOUND);
    /* Not by opendir, which needs memory: then a group would be empty for want of it. */
    _Alignas(struct dirent64) char entries[8192];
    ssize_t size;
    while ((size = getdents64(fd, entries, sizeof(entries))) > 0)
        if (!take_entries(sysfs, path, entries, (size_t)size, each, context))
            return 0;
    return size < 0 ? -errno : 0;
}

int sysfs_resolve(const struct sysfs *sysfs, const char *path, char resolved[PATH_MAX]) {
    struct place place;
    const struct sysfs outside = {.root = sysfs->root};
    int failed = find_place(&outside, path, &place);
    if (failed)
        return failed;
    if (!realpath(place.path, resolved))
        return fail(sysfs, path, errno);
    note(sysfs, path, SYSFS_FOUND);
    return 0;
}
