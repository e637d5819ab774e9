#include "rom/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "rom/tar.h"

enum { FOLDER_DEPTH_MAX = 16 };

/* A change of one of these is another bundle; of a packed file it is the file itself. */
static const char *const folder_watched[] = {"/" STORE_MANIFEST, "/" STORE_SIGNATURE};
static const char *const packed_watched[] = {"", ""};
enum { WATCHED = 2 };

struct store {
    char *path; /* as the admin gave it, for messages */
    int fd;
    bool packed;
    const char *const *watched;
    struct stat seen[WATCHED]; /* {0}: there was none */
};

/* By path and not by descriptor: the whole folder may have been replaced. */
static void look(const struct store *store, struct stat now[WATCHED]) {
    for (size_t i = 0; i < WATCHED; i++) {
        char path[4096];
        if ((size_t)snprintf(path, sizeof(path), "%s%s", store->path, store->watched[i]) >= sizeof(path) ||
            stat(path, &now[i]) < 0)
            now[i] = (struct stat){0};
    }
}

/* What to watch depends on what lies at the path, and it is looked at before anything is opened: what is replaced from
 * then on is seen as a change later. */
static int open_path(struct store *store, struct error *err) {
    struct stat before, status;
    bool found = stat(store->path, &before) == 0;
    store->packed = found && S_ISREG(before.st_mode);
    store->watched = store->packed ? packed_watched : folder_watched;
    look(store, store->seen);
    store->fd = open(store->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (store->fd < 0 || fstat(store->fd, &status) < 0) {
        struct error problem = {0};
        error_set_errno(&problem, ERROR_REFUSED, errno, "cannot open %s", store->path);
        error_set(err, ERROR_REFUSED, "%s; is it mounted, and is --bundle right?", problem.message);
        return error_see(err, "bundles.md#ship-it");
    }
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
        error_set(err, ERROR_REFUSED, "%s is neither a folder nor a file: is --bundle right?", store->path);
        return error_see(err, "bundles.md#ship-it");
    }
    if (store->packed != S_ISREG(status.st_mode))
        return error_set(err, ERROR_REFUSED, "%s changed while it was opened: try again", store->path);
    if (store->packed && status.st_size == 0)
        return error_set(err, ERROR_REFUSED, "%s is empty: pack the bundle anew", store->path);
    return 0;
}

struct store *store_open(const char *path, struct error *err) {
    CLEANUP(store_close) struct store *store = calloc(1, sizeof(*store));
    if (!store) {
        error_no_memory(err);
        return NULL;
    }
    store->fd = -1;
    if (!(store->path = strdup(path))) {
        error_no_memory(err);
        return NULL;
    }
    return open_path(store, err) < 0 ? NULL : TAKE_PTR(store);
}

/* The file is there and open, so it is no mistake in the bundle; to the VM's owner it is a refusal all the same. */
static int refuse_unread(const struct store *store, const char *name, int number, struct error *err) {
    return error_set(err, ERROR_REFUSED, "cannot read %s/%s: %s; look at the volume that it lies on", store->path, name,
                     strerror(number));
}

static int read_folder(const struct store *store, const char *name, size_t limit, struct buffer *content,
                       struct error *err) {
    struct error problem = {0};
    struct stat status;
    CLEANUP(close_fd) int fd = file_open_beneath(store->fd, store->path, name, &problem);
    if (fd < 0)
        return error_set(err, ERROR_REFUSED, "%s; put it there, or correct " STORE_MANIFEST, problem.message);
    if (fstat(fd, &status) < 0)
        return refuse_unread(store, name, errno, err);
    if ((size_t)status.st_size > limit)
        return error_set(err, ERROR_REFUSED, "%s/%s has %lld bytes, more than the %zu that such a file can have",
                         store->path, name, (long long)status.st_size, limit);
    int number = file_read_rest(fd, limit, content);
    return number ? refuse_unread(store, name, number, err) : buffer_check(content, err);
}

/* Returns 1, 0 where there is no such entry, or -1. */
static int read_packed(const struct store *store, const char *name, size_t limit, struct buffer *content,
                       struct error *err) {
    char wanted[TAR_NAME_STORAGE];
    struct tar_entry entry;
    if (tar_clean_name(name, wanted, err) < 0)
        return error_prefix(err, "%s", store->path);
    CLEANUP(tar_close) struct tar *tar = tar_open(store->fd, store->path, err);
    if (!tar)
        return -1;
    for (;;) {
        int result = tar_next(tar, &entry, err);
        if (result <= 0)
            return result;
        if (strcmp(entry.name, wanted) == 0)
            return tar_read(tar, &entry, limit, content, err) < 0 ? -1 : 1;
    }
}

int store_read_if_there(const struct store *store, const char *name, size_t limit, struct buffer *content,
                        struct error *err) {
    struct stat status;
    if (store->packed)
        return read_packed(store, name, limit, content, err);
    if (fstatat(store->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return 0;
    return read_folder(store, name, limit, content, err) < 0 ? -1 : 1;
}

int store_read(const struct store *store, const char *name, size_t limit, struct buffer *content, struct error *err) {
    char storage[QUOTED_MAX];
    if (!store->packed)
        return read_folder(store, name, limit, content, err);
    int result = read_packed(store, name, limit, content, err);
    if (result == 0)
        return error_set(err, ERROR_REFUSED, "%s has no \"%s\"; pack it with that file, or correct " STORE_MANIFEST,
                         store->path, text_quotable(name, storage));
    return result < 0 ? -1 : 0;
}

int store_read_file(const struct store_file *file, size_t limit, struct buffer *content, struct error *err) {
    return file->tar ? tar_read(file->tar, file->entry, limit, content, err)
                     : read_folder(file->store, file->name, limit, content, err);
}

bool store_is_packed(const struct store *store) {
    return store->packed;
}

static int walk_packed(const struct store *store, store_visit *visit, void *context, struct error *err) {
    struct tar_entry entry;
    CLEANUP(tar_close) struct tar *tar = tar_open(store->fd, store->path, err);
    if (!tar)
        return -1;
    for (;;) {
        int result = tar_next(tar, &entry, err);
        if (result <= 0)
            return result;
        const struct store_file file = {entry.name, entry.size, store, tar, &entry};
        if (visit(context, &file, err) < 0)
            return -1;
    }
}

struct folder_walk {
    const struct store *store;
    store_visit *visit;
    void *context;
};

static void close_stream(DIR *stream) {
    if (stream)
        closedir(stream);
}

DEFINE_CLEANUP(DIR, close_stream)

static int walk_folder(const struct folder_walk *walk, const char *folder, int depth, struct error *err);

static int visit_entry(const struct folder_walk *walk, int folder_fd, const char *name, const char *path, int depth,
                       struct error *err) {
    struct stat status, target;
    if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set_errno(err, ERROR_REFUSED, errno, "cannot read %s/%s", walk->store->path, path);
    if (S_ISDIR(status.st_mode))
        return walk_folder(walk, path, depth + 1, err);
    if (S_ISLNK(status.st_mode) && fstatat(folder_fd, name, &target, 0) == 0)
        status = target;
    if (!S_ISREG(status.st_mode))
        return 0;
    const struct store_file file = {.name = path, .size = (uint64_t)status.st_size, .store = walk->store};
    return walk->visit(walk->context, &file, err);
}

/* `folder` is relative to the store; "" is the store itself. */
static int walk_folder(const struct folder_walk *walk, const char *folder, int depth, struct error *err) {
    const char *root = walk->store->path;
    if (depth > FOLDER_DEPTH_MAX)
        return error_set(err, ERROR_REFUSED, "%s/%s lies more than %d folders deep: move it up", root, folder,
                         FOLDER_DEPTH_MAX);
    int fd = openat(walk->store->fd, *folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    CLEANUP(close_stream) DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) {
        error_set_errno(err, ERROR_REFUSED, errno, "cannot read the folder %s/%s", root, folder);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    for (const struct dirent *entry; (entry = readdir(stream));) {
        char path[4096];
        if (strcmp(entry->d_name, ".") == 0 || strncmp(entry->d_name, "..", 2) == 0)
            continue;
        if ((size_t)snprintf(path, sizeof(path), "%s%s%s", folder, *folder ? "/" : "", entry->d_name) >= sizeof(path))
            return error_set(err, ERROR_REFUSED, "%s has a name that is too long: rename it", root);
        if (visit_entry(walk, fd, entry->d_name, path, depth, err) < 0)
            return -1;
    }
    return 0;
}

int store_walk(const struct store *store, store_visit *visit, void *context, struct error *err) {
    const struct folder_walk walk = {store, visit, context};
    return store->packed ? walk_packed(store, visit, context, err) : walk_folder(&walk, "", 0, err);
}

bool store_is_current(const struct store *store) {
    struct stat now[WATCHED];
    look(store, now);
    for (size_t i = 0; i < WATCHED; i++)
        if (!file_unchanged(&store->seen[i], &now[i]))
            return false;
    return true;
}

void store_close(struct store *store) {
    if (!store)
        return;
    if (store->fd >= 0)
        close(store->fd);
    free(store->path);
    free(store);
}
