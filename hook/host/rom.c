#include "host/rom.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/file.h"

/* Only a real sysfs wants the switch: elsewhere the write would land in somebody's file. */
static bool is_sysfs(int fd) {
    struct statfs status;
    return fstatfs(fd, &status) == 0 && status.f_type == SYSFS_MAGIC;
}

/* Linux drivers/pci/pci-sysfs.c (pci_read_rom, pci_write_rom) and drivers/pci/rom.c: what each error means. */
static int explain(const char *path, int number, struct error *err) {
    switch (number) {
    case ENOENT:
        return error_set(err, ERROR_INPUT,
                         "%s: the device is not there, or has no ROM BAR: an integrated GPU's ROM is in the board's "
                         "firmware (try --vfct for AMD)",
                         path);
    case EROFS:
        return error_set(err, ERROR_INPUT,
                         "%s: it must be enabled first, and /sys is read-only here: run this on the node", path);
    case EACCES:
    case EPERM:
        return error_set(err, ERROR_INPUT, "%s: only root may read it: run this as root on the node", path);
    case EINVAL:
        return error_set(err, ERROR_INPUT,
                         "%s: the kernel did not enable the ROM BAR: is the device in use by a VM, or "
                         "in D3cold (write \"on\" into its power/control)?",
                         path);
    case EIO:
        return error_set(err, ERROR_INPUT,
                         "%s: the kernel finds no valid ROM there: read it before a driver takes the card, in another "
                         "machine where it is not the boot display, or from the vendor's file; for AMD try --vfct",
                         path);
    default:
        return error_set_errno(err, ERROR_INPUT, number, "cannot read %s", path);
    }
}

static int read_enabled(int fd, const char *path, size_t limit, struct buffer *content, struct error *err) {
    int number = file_read_rest(fd, limit, content);
    if (number == EFBIG)
        return error_set(err, ERROR_LIMIT, "%s has more than %zu bytes", path, limit);
    if (number != 0 || content->size == 0)
        return explain(path, number ? number : EIO, err);
    return buffer_check(content, err);
}

static bool is_boot_display(const char *folder) {
    char path[4200];
    CLEANUP(buffer_free) struct buffer text = {0};
    struct error ignored = {0};
    snprintf(path, sizeof(path), "%s/boot_vga", folder);
    return file_read(path, 16, &text, &ignored) == 0 && text.size > 0 && text.data[0] == '1';
}

int host_read_rom(const char *sysfs, struct pci_address address, size_t limit, struct buffer *content, bool *is_shadow,
                  struct error *err) {
    char folder[4096], path[4110], text[PCI_ADDRESS_TEXT_MAX];
    snprintf(folder, sizeof(folder), "%s/bus/pci/devices/%s", sysfs, pci_address_format(address, text));
    snprintf(path, sizeof(path), "%s/rom", folder);
    *is_shadow = is_boot_display(folder);
    CLEANUP(close_fd) int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && (errno == EACCES || errno == EROFS || errno == EPERM))
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return explain(path, errno, err);
    bool has_switch = is_sysfs(fd);
    if (has_switch && write(fd, "1", 1) != 1)
        return explain(path, errno == EBADF ? EROFS : errno, err);
    if (has_switch)
        lseek(fd, 0, SEEK_SET);
    int failed = read_enabled(fd, path, limit, content, err);
    if (has_switch && pwrite(fd, "0", 1, 0) != 1 && !failed)
        return error_set_errno(err, ERROR_INTERNAL, errno, "cannot disable %s again", path);
    return failed;
}

int host_read_vfct(const char *sysfs, const char *path, size_t limit, struct buffer *content, struct error *err) {
    char own[4110];
    if (path)
        return file_read(path, limit, content, err);
    snprintf(own, sizeof(own), "%s/firmware/acpi/tables/VFCT", sysfs);
    if (file_read(own, limit, content, err) == 0)
        return 0;
    return error_prefix(err, "this host's firmware has no VFCT, or only root may read it (only boards with an AMD GPU "
                             "have one)");
}
