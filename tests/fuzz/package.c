/* Any bytes as a packed bundle: refused, or files whose names are safe, each once, read with the size that was said. */
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "rom/tar.h"

enum { LIMIT = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct error err = {0};
    struct tar_entry entry;
    int result;
    CLEANUP(close_fd) int fd = memfd_create("package", MFD_CLOEXEC);
    if (fd < 0 || file_write_all(fd, (struct bytes){data, size}) < 0)
        __builtin_trap();
    CLEANUP(tar_close) struct tar *tar = tar_open(fd, "package", &err);
    if (!tar)
        return 0;
    while ((result = tar_next(tar, &entry, &err)) > 0) {
        CLEANUP(buffer_free) struct buffer content = {0};
        if (entry.name[0] == '\0' || entry.name[0] == '/' || strcmp(entry.name, "..") == 0 ||
            strncmp(entry.name, "../", 3) == 0 || strstr(entry.name, "/../") || strchr(entry.name, '\\'))
            __builtin_trap();
        /* Read and skipped in turn. */
        if (entry.name[0] & 1)
            continue;
        if (tar_read(tar, &entry, LIMIT, &content, &err) < 0)
            break;
        if (content.size != entry.size)
            __builtin_trap();
    }
    if (result != 0 && err.code != ERROR_REFUSED)
        __builtin_trap();
    return 0;
}
