#include "host/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "host/facts.h"

enum { UUIDS_MAX = 1024, LINKS_MAX = 40 };

struct seen_path {
    char *path;
    enum sysfs_look look;
};

struct snapshot {
    const char *root;
    struct seen_path *list;
    size_t count;
    bool failed; /* no memory: the list is not whole */
};

static void take_in(void *context, const char *path, enum sysfs_look look) {
    struct snapshot *snapshot = context;
    struct seen_path *list = reallocarray(snapshot->list, snapshot->count + 1, sizeof(*list));
    char *copy = strdup(path);
    if (list)
        snapshot->list = list;
    if (!list || !copy) {
        free(copy);
        snapshot->failed = true;
        return;
    }
    list[snapshot->count++] = (struct seen_path){copy, look};
}

struct snapshot *snapshot_watch(struct sysfs *sysfs, struct error *err) {
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    if (!snapshot) {
        error_no_memory(err);
        return NULL;
    }
    snapshot->root = sysfs->root;
    sysfs->seen = take_in;
    sysfs->context = snapshot;
    return snapshot;
}

/* --- writing ------------------------------------------------------------------------------------------------- */

struct writing {
    const struct snapshot *snapshot;
    int folder; /* a descriptor */
    bool anonymise;
    char uuids[UUIDS_MAX][UUID_TEXT_MAX]; /* in the order in which they were met */
    size_t uuid_count;
    struct snapshot_tally *tally;
};

/* Appends one part of a path, a UUID by its number. */
static int append_part(struct writing *writing, const char *part, size_t size, struct buffer *out) {
    char uuid[UUID_TEXT_MAX];
    if (!writing->anonymise || size != sizeof(uuid) - 1) {
        buffer_append(out, part, size);
        return 0;
    }
    snprintf(uuid, sizeof(uuid), "%.*s", (int)size, part);
    if (!text_is_uuid(uuid)) {
        buffer_append(out, part, size);
        return 0;
    }
    size_t number = 0;
    while (number < writing->uuid_count && strcmp(writing->uuids[number], uuid) != 0)
        number++;
    if (number == UUIDS_MAX)
        return -1;
    if (number == writing->uuid_count)
        memcpy(writing->uuids[writing->uuid_count++], uuid, sizeof(uuid));
    buffer_printf(out, "00000000-0000-4000-8000-%012zu", number + 1);
    return 0;
}

/* The path, or a link's target, as it is written. */
static int rename_path(struct writing *writing, const char *path, struct buffer *out, struct error *err) {
    while (*path) {
        size_t slashes = strspn(path, "/"), size = strcspn(path + slashes, "/");
        buffer_append(out, path, slashes);
        if (append_part(writing, path + slashes, size, out) < 0)
            return error_set(err, ERROR_LIMIT, "more than %d mediated devices", UUIDS_MAX);
        path += slashes + size;
    }
    return buffer_check(out, err);
}

/* Returns 0: the rest is copied all the same. */
static int leave_out(struct writing *writing, const char *path, const char *reason) {
    CLEANUP(buffer_free) struct buffer renamed = {0};
    struct snapshot_tally *tally = writing->tally;
    char name[128];
    if (tally->left_out++ > 0)
        return 0;
    bool fits = rename_path(writing, path, &renamed, NULL) == 0;
    if ((size_t)snprintf(name, sizeof(name), "%s", fits && renamed.data ? renamed.data : "?") >= sizeof(name))
        text_ellipsis(name, sizeof(name));
    snprintf(tally->first_left_out, sizeof(tally->first_left_out), "%s: %.48s", name, reason);
    text_make_printable(tally->first_left_out);
    return 0;
}

/* What has vanished since is no loss: it would have been read as absent. */
static int leave_out_unread(struct writing *writing, const char *path, int number) {
    return number == ENOENT ? 0 : leave_out(writing, path, strerror(number));
}

/* The folder that it belongs into is not in the copy. */
static int leave_out_changed(struct writing *writing, const char *path) {
    return leave_out(writing, path, "it has changed meanwhile");
}

static int fail_to_write(const struct buffer *path, struct error *err) {
    return error_set_errno(err, ERROR_INTERNAL, errno, "cannot write %s", path->data);
}

/* Opens the folder that `path` is in, below the copy. Not through links: the source may have changed since they were
 * copied. Returns a descriptor, or -1 where there is no such folder. */
static int open_parent(int folder, const char *path) {
    int fd = openat(folder, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (const char *end = strchr(path, '/'); end && fd >= 0; end = strchr(path, '/')) {
        char part[NAME_MAX + 1];
        int next = -1;
        if ((size_t)snprintf(part, sizeof(part), "%.*s", (int)(end - path), path) < sizeof(part))
            next = openat(fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(fd);
        fd = next;
        path = end + 1;
    }
    return fd;
}

static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int write_folder(struct writing *writing, const char *path, struct error *err) {
    CLEANUP(buffer_free) struct buffer name = {0};
    if (rename_path(writing, path, &name, err) < 0)
        return -1;
    CLEANUP(close_fd) int parent = open_parent(writing->folder, name.data);
    if (parent < 0)
        return leave_out_changed(writing, path);
    return mkdirat(parent, name_of(name.data), 0755) < 0 && errno != EEXIST ? fail_to_write(&name, err) : 0;
}

static int write_link(struct writing *writing, const char *path, const char *target, struct error *err) {
    CLEANUP(buffer_free) struct buffer name = {0};
    CLEANUP(buffer_free) struct buffer renamed = {0};
    if (rename_path(writing, path, &name, err) < 0 || rename_path(writing, target, &renamed, err) < 0)
        return -1;
    CLEANUP(close_fd) int parent = open_parent(writing->folder, name.data);
    if (parent < 0)
        return leave_out_changed(writing, path);
    if (symlinkat(renamed.data, parent, name_of(name.data)) == 0)
        writing->tally->written++;
    else if (errno != EEXIST)
        return fail_to_write(&name, err);
    return 0;
}

/* What names the board's maker. Where a device does not answer there is nothing to hide. */
static void censor(const char *name, struct buffer *content) {
    enum { SUBSYSTEM = 0x2c }; /* of the configuration header: PCI Local Bus Specification 3.0, 6.2.4 */
    static const char none[] = "\xff\xff\xff\xff";
    if (strcmp(name, "config") == 0 && content->size >= SUBSYSTEM + 4 &&
        memcmp(content->data + SUBSYSTEM, none, 4) != 0)
        memset(content->data + SUBSYSTEM, 0, 4);
    if (strcmp(name, "subsystem_vendor") == 0 || strcmp(name, "subsystem_device") == 0) {
        content->size = 0;
        buffer_append_text(content, "0x0000\n");
    }
}

/* `seen` is the path by which it was looked at, which tells what it is. */
static int write_file(struct writing *writing, const char *path, const char *seen, bool with_content,
                      struct error *err) {
    CLEANUP(buffer_free) struct buffer name = {0};
    CLEANUP(buffer_free) struct buffer content = {0};
    const struct sysfs sysfs = {.root = writing->snapshot->root};
    char text[16384];
    if (rename_path(writing, path, &name, err) < 0)
        return -1;
    /* Behind the header there may be a serial number. */
    const bool is_config = strcmp(name_of(seen), "config") == 0;
    ssize_t size = !with_content ? 0
                   : is_config   ? sysfs_read_start(&sysfs, path, text, HOST_CONFIG_SIZE)
                                 : sysfs_read(&sysfs, path, text, sizeof(text));
    if (size < 0)
        return leave_out_unread(writing, seen, (int)-size);
    buffer_append(&content, text, (size_t)size);
    if (writing->anonymise && with_content)
        censor(name_of(seen), &content);
    if (buffer_check(&content, err) < 0)
        return -1;
    CLEANUP(close_fd) int parent = open_parent(writing->folder, name.data);
    if (parent < 0)
        return leave_out_changed(writing, path);
    CLEANUP(close_fd)
    int fd = openat(parent, name_of(name.data), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0 && errno == EEXIST)
        return 0;
    if (fd < 0 || file_write_all(fd, buffer_bytes(&content)) < 0)
        return fail_to_write(&name, err);
    writing->tally->written++;
    return 0;
}

static bool goes_up(const char *path) {
    size_t size = strlen(path);
    return strncmp(path, "../", 3) == 0 || strcmp(path, "..") == 0 || strstr(path, "/../") ||
           (size >= 3 && strcmp(path + size - 3, "/..") == 0);
}

/* Does the target go up only at its start? Behind a name, which may be a link itself, ".." leads who knows where. */
static bool is_plain(const char *target) {
    while (strncmp(target, "../", 3) == 0)
        target += 3;
    return strcmp(target, "..") == 0 || !goes_up(target);
}

/* Takes "a/b/../c" apart: the folder of `path` joined with a link's target. Returns -1 where that leaves the root. */
static int join(const char *path, const char *target, char joined[PATH_MAX]) {
    char parts[PATH_MAX];
    size_t size = 0;
    const char *slash = strrchr(path, '/');
    if ((size_t)snprintf(parts, sizeof(parts), "%.*s/%s", slash ? (int)(slash - path) : 0, path, target) >=
        sizeof(parts))
        return -1;
    joined[0] = '\0';
    for (const char *part = parts; *part;) {
        part += strspn(part, "/");
        size_t length = strcspn(part, "/");
        if (length == 2 && strncmp(part, "..", 2) == 0) {
            char *last = strrchr(joined, '/');
            if (size == 0)
                return -1;
            size = last ? (size_t)(last - joined) : 0;
        } else if (length && !(length == 1 && *part == '.')) {
            size += (size_t)snprintf(joined + size, PATH_MAX - size, "%s%.*s", size ? "/" : "", (int)length, part);
        }
        joined[size] = '\0';
        part += length;
    }
    return 0;
}

/* Writes everything on the way to `path`, and what is there. A link is followed inside the root only. */
static int write_path(struct writing *writing, const char *path, const char *seen, bool is_read, int links,
                      struct error *err) {
    char whole[PATH_MAX], part[PATH_MAX], target[PATH_MAX], joined[PATH_MAX], rest[PATH_MAX];
    struct stat status;
    if (goes_up(path))
        return leave_out(writing, seen, "leads out of the folder");
    for (size_t end = 0; path[end];) {
        end += strspn(path + end, "/");
        end += strcspn(path + end, "/");
        snprintf(part, sizeof(part), "%.*s", (int)end, path);
        if ((size_t)snprintf(whole, sizeof(whole), "%s/%s", writing->snapshot->root, part) >= sizeof(whole))
            return leave_out_unread(writing, seen, ENAMETOOLONG);
        if (lstat(whole, &status) < 0)
            return leave_out_unread(writing, seen, errno);
        if (S_ISLNK(status.st_mode)) {
            ssize_t size = readlink(whole, target, sizeof(target) - 1);
            if (size < 0)
                return leave_out_unread(writing, seen, errno);
            target[size] = '\0';
            if (target[0] == '/' || !is_plain(target) || join(part, target, joined) < 0)
                return leave_out(writing, seen, "leads out of the folder");
            if (write_link(writing, part, target, err) < 0)
                return -1;
            const char *behind = path + end + (*joined ? 0 : strspn(path + end, "/"));
            if ((size_t)snprintf(rest, sizeof(rest), "%s%s", joined, behind) >= sizeof(rest))
                return leave_out_unread(writing, seen, ENAMETOOLONG);
            /* A circle is copied by now. */
            return links == LINKS_MAX ? 0 : write_path(writing, rest, seen, is_read, links + 1, err);
        }
        if (S_ISDIR(status.st_mode)) {
            if (write_folder(writing, part, err) < 0)
                return -1;
        } else if (path[end]) {
            return leave_out(writing, seen, "a part of it is no folder");
        } else {
            return S_ISREG(status.st_mode) ? write_file(writing, part, seen, is_read, err)
                                           : leave_out(writing, seen, "not a regular file");
        }
    }
    return 0;
}

/* First the files that were read: a file may be looked at by several paths, and is written once. */
static int compare_paths(const void *a, const void *b) {
    const struct seen_path *left = a, *right = b;
    int order = (right->look == SYSFS_READ) - (left->look == SYSFS_READ);
    if (order == 0)
        order = strcmp(left->path, right->path);
    return order ? order : (int)left->look - (int)right->look;
}

static int write_seen(struct writing *writing, const struct seen_path *seen, struct error *err) {
    return seen->look == SYSFS_DENIED ? leave_out(writing, seen->path, strerror(EACCES))
                                      : write_path(writing, seen->path, seen->path, seen->look == SYSFS_READ, 0, err);
}

static int write_all(struct writing *writing, struct error *err) {
    const struct snapshot *snapshot = writing->snapshot;
    const struct seen_path *list = snapshot->list;
    if (snapshot->count)
        qsort(snapshot->list, snapshot->count, sizeof(*list), compare_paths);
    for (size_t i = 0; i < snapshot->count; i++)
        if ((i == 0 || list[i].look != list[i - 1].look || strcmp(list[i].path, list[i - 1].path) != 0) &&
            write_seen(writing, &list[i], err) < 0)
            return -1;
    return 0;
}

static int note_entry(void *context, const char *name) {
    (void)name;
    *(bool *)context = true;
    return 1;
}

int snapshot_write(const struct snapshot *snapshot, const char *folder, bool anonymise, struct snapshot_tally *tally,
                   struct error *err) {
    const struct sysfs there = {.root = folder};
    bool has_entries = false;
    *tally = (struct snapshot_tally){0};
    if (snapshot->failed)
        return error_no_memory(err);
    if (mkdir(folder, 0755) < 0 && errno != EEXIST)
        return error_set_errno(err, ERROR_INPUT, errno, "cannot make the folder %s", folder);
    if (sysfs_list(&there, ".", note_entry, &has_entries) < 0 || has_entries)
        return error_set(err, ERROR_INPUT, "%s is no empty folder: name a new one", folder);
    CLEANUP(free) struct writing *writing = calloc(1, sizeof(*writing));
    CLEANUP(close_fd) int fd = file_open_folder(folder, err);
    if (fd < 0)
        return -1;
    if (!writing)
        return error_no_memory(err);
    writing->snapshot = snapshot;
    writing->folder = fd;
    writing->anonymise = anonymise;
    writing->tally = tally;
    return write_all(writing, err);
}

void snapshot_free(struct snapshot *snapshot) {
    if (!snapshot)
        return;
    for (size_t i = 0; i < snapshot->count; i++)
        free(snapshot->list[i].path);
    free(snapshot->list);
    free(snapshot);
}
