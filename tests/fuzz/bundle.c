/* Any bytes as a packed bundle that is opened, looked over and served from: refused, or each ROM that is handed out has
 * the hash that the manifest says. */
#include <stdio.h>
#include <sys/mman.h>

#include "base/file.h"
#include "rom/bundle_check.h"

static void found(void *owner, const char *file, const struct finding *finding) {
    (void)owner;
    if (!file[0] || !finding->text[0] || !text_is_printable(file) || !text_is_printable(finding->text))
        __builtin_trap();
}

static void read_roms(const struct bundle *bundle) {
    for (size_t i = 0; i < bundle->manifest.count; i++) {
        CLEANUP(buffer_free) struct buffer content = {0};
        struct error err = {0};
        const struct manifest_rom *rom = &bundle->manifest.roms[i];
        if (bundle_read_rom(bundle, rom, &content, &err) < 0
                ? err.code != ERROR_REFUSED
                : bundle_check_hash(bundle, rom, buffer_bytes(&content), &err))
            __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct trust anybody;
    static const struct bundle_observer observer = {.found = found};
    char path[sizeof("/proc/self/fd/") + 10];
    struct error err = {0};
    CLEANUP(close_fd) int fd = memfd_create("bundle", MFD_CLOEXEC);
    if (fd < 0 || file_write_all(fd, (struct bytes){data, size}) < 0)
        __builtin_trap();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(path, &anybody, &err);
    if (bundle && bundle_check(bundle, &observer, &err) == 0)
        read_roms(bundle);
    if (err.code != ERROR_NONE && err.code != ERROR_REFUSED)
        __builtin_trap();
    return 0;
}
