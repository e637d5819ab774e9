#include "cmd/test_find.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "golden/layout.h"

enum { DEPTH_MAX = 16 };

/* `path` is relative to the root and grows and shrinks with the way; "" is the root. */
static int look(int fd, struct buffer *path, int depth, struct names *cases, struct error *err) {
    CLEANUP(names_free) struct names names = {0};
    size_t size = path->size;
    buffer_append(path, "", 1); /* its end, for messages */
    if (buffer_check(path, err) < 0 || names_read(&names, fd, size ? path->data : ".", err) < 0)
        return -1;
    if (golden_is_case(&names))
        return names_add(cases, size ? path->data : ".", err);
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.list[i];
        if (*name == '.')
            continue;
        CLEANUP(close_fd) int below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below < 0 && (errno == ENOTDIR || errno == ELOOP || errno == ENOENT))
            continue; /* a file, a link, or gone meanwhile */
        if (below < 0)
            return error_set_errno(err, ERROR_INPUT, errno, "cannot open the folder %s/%s", path->data, name);
        if (depth == DEPTH_MAX)
            return error_set(err, ERROR_LIMIT, "%s: folders are nested deeper than %d: name the one with the cases",
                             path->data, DEPTH_MAX);
        path->size = size;
        buffer_printf(path, "%s%s", size ? "/" : "", name);
        if (look(below, path, depth + 1, cases, err) < 0)
            return -1;
        path->size = size;
        buffer_append(path, "", 1);
    }
    return 0;
}

int test_find(const char *root, struct names *cases, struct error *err) {
    CLEANUP(buffer_free) struct buffer path = {0};
    CLEANUP(close_fd) int fd = file_open_folder(root, err);
    if (fd < 0)
        return -1;
    if (look(fd, &path, 0, cases, err) < 0)
        return error_prefix(err, "%s", root);
    names_sort(cases);
    return 0;
}
