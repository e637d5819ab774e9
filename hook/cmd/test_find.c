#include "cmd/test_find.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "golden/layout.h"

enum { DEPTH_MAX = 16 };

struct search {
    struct buffer path; /* of the folder that is looked at; it grows and shrinks with the way, without its NUL */
    size_t root_size;   /* the part that is the root's */
    struct names *cases;
};

static int look(struct search *search, int fd, int depth, struct error *err) {
    CLEANUP(names_free) struct names names = {0};
    struct buffer *path = &search->path;
    size_t size = path->size;
    buffer_append(path, "", 1);
    path->size = size;
    if (buffer_check(path, err) < 0 || names_read(&names, fd, path->data, err) < 0)
        return -1;
    if (golden_is_case(&names))
        return names_add(search->cases, depth ? path->data + search->root_size + 1 : ".", err);
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
        buffer_printf(path, "/%s", name);
        if (look(search, below, depth + 1, err) < 0)
            return -1;
        path->data[path->size = size] = '\0';
    }
    return 0;
}

int test_find(const char *root, struct names *cases, struct error *err) {
    struct search search = {.root_size = strlen(root), .cases = cases};
    CLEANUP(close_fd) int fd = file_open_folder(root, err);
    if (fd < 0)
        return -1;
    buffer_append_text(&search.path, root);
    int failed = look(&search, fd, 0, err);
    buffer_free(&search.path);
    names_sort(cases);
    return failed;
}
