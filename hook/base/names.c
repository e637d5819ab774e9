#include "base/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

int names_add(struct names *names, const char *name, struct error *err) {
    if (names->count == NAMES_MAX)
        return error_set(err, ERROR_LIMIT, "more than %d names", NAMES_MAX);
    if (names->count == names->capacity) {
        size_t capacity = names->capacity ? 2 * names->capacity : 16;
        char **list = reallocarray(names->list, capacity, sizeof(*list));
        if (!list)
            return error_no_memory(err);
        names->list = list;
        names->capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy)
        return error_no_memory(err);
    names->list[names->count++] = copy;
    return 0;
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void names_sort(struct names *names) {
    if (names->count > 0)
        qsort(names->list, names->count, sizeof(*names->list), compare);
}

static void close_stream(DIR *stream) {
    if (stream)
        closedir(stream);
}
DEFINE_CLEANUP(DIR, close_stream)

int names_read(struct names *names, int dir_fd, const char *folder, struct error *err) {
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* the stream takes it */
    CLEANUP(close_stream) DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) {
        int number = errno;
        if (fd >= 0)
            close(fd);
        return error_set_errno(err, ERROR_INPUT, number, "cannot read the folder %s", folder);
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry && errno)
            return error_set_errno(err, ERROR_INPUT, errno, "cannot read the folder %s", folder);
        if (!entry)
            break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (names_add(names, entry->d_name, err) < 0)
            return error_prefix(err, "%s", folder);
    }
    names_sort(names);
    return 0;
}

bool names_have(const struct names *names, const char *name) {
    return names->count > 0 && bsearch(&name, names->list, names->count, sizeof(*names->list), compare);
}

void names_free(struct names *names) {
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
    *names = (struct names){0};
}
