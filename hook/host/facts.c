#include "host/facts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define PATH_ROOM 4200

/* libpci's error hook must not return, and its default ends the process. Ours jumps back into read_identity, the only
 * function that calls libpci, which holds nothing that a jump would leak. libpci passes its hook no context, so the way
 * back is per thread. */
static _Thread_local struct {
    jmp_buf back;
    char message[160];
} on_error;

static void __attribute__((noreturn, format(printf, 1, 2))) fail(char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(on_error.message, sizeof(on_error.message), format, arguments);
    va_end(arguments);
    longjmp(on_error.back, 1);
}

static void __attribute__((format(printf, 1, 2))) ignore(char *format, ...) {
    (void)format;
}

static void fill_identity(struct pci_access *access, struct pci_address address, char *devices,
                          struct pci_identity *identity) {
    access->method = PCI_ACCESS_SYS_BUS_PCI;
    access->error = fail;
    access->warning = ignore;
    access->debug = ignore;
    pci_set_param(access, (char *)"sysfs.path", devices);
    pci_init(access);
    struct pci_dev *device = pci_get_dev(access, (int)address.domain, address.bus, address.slot, address.function);
    /* In libpci's list, pci_cleanup frees the device even after a jump out of pci_fill_info. */
    device->next = access->devices;
    access->devices = device;
    pci_fill_info(device, PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_CLASS_EXT | PCI_FILL_SUBSYS);
    *identity = (struct pci_identity){
        .id = {device->vendor_id, device->device_id},
        .subsystem = {device->subsys_vendor_id, device->subsys_id},
        .revision = device->rev_id,
        .class_code = (uint32_t)device->device_class << 8 | device->prog_if,
    };
}

/* Returns 0, or -1 with the reason in on_error.message. `devices` is the folder that holds devices/. */
static int read_identity(char *devices, struct pci_address address, struct pci_identity *identity) {
    struct pci_access *volatile access = pci_alloc();
    volatile int failed = 0;
    if (setjmp(on_error.back) == 0)
        fill_identity(access, address, devices, identity);
    else
        failed = -1;
    pci_cleanup(access);
    return failed;
}

/* What libpci will open must not block, and the first of them must be there: a snapshot is somebody's folder, and
 * libpci reads a missing revision as 0. */
static bool check_attributes(const char *folder, struct host_device *device) {
    static const char *const names[] = {"vendor",   "device",           "class",
                                        "revision", "subsystem_vendor", "subsystem_device"};
    enum { NEEDED = 4 };
    char path[PATH_ROOM];
    struct stat status;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        int missing = stat(path, &status) < 0 ? errno : 0;
        if (missing == ENOENT && i >= NEEDED)
            continue;
        if (missing || !S_ISREG(status.st_mode)) {
            snprintf(device->reason, sizeof(device->reason), "%.120s: %s", path,
                     missing ? strerror(missing) : "not a regular file");
            return false;
        }
    }
    return true;
}

/* Where the link `name` in folder points to: its last part. Returns false without such a link. */
static bool read_link(const char *folder, const char *name, char *target, size_t room) {
    char path[PATH_ROOM], whole[PATH_ROOM];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    ssize_t size = readlink(path, whole, sizeof(whole) - 1);
    if (size < 0)
        return false;
    whole[size] = '\0';
    const char *slash = strrchr(whole, '/'), *last = slash ? slash + 1 : whole;
    return (size_t)snprintf(target, room, "%s", last) < room;
}

/* What libpci does not read. */
static void read_links(const char *folder, struct host_device *device) {
    char group[16], *end, ignored[PATH_ROOM];
    device->is_virtual = read_link(folder, "physfn", ignored, sizeof(ignored));
    if (!read_link(folder, "driver", device->driver, sizeof(device->driver)))
        device->driver[0] = '\0';
    device->iommu_group = HOST_GROUP_UNKNOWN;
    if (read_link(folder, "iommu_group", group, sizeof(group))) {
        long number = strtol(group, &end, 10);
        if (end != group && !*end && number >= 0 && number <= INT32_MAX)
            device->iommu_group = (int)number;
    }
}

void host_read_device(const char *sysfs, struct pci_address address, struct host_device *device) {
    *device = (struct host_device){.iommu_group = HOST_GROUP_UNKNOWN};
    char bus[3072], path[4096], text[PCI_ADDRESS_TEXT_MAX];
    if ((size_t)snprintf(bus, sizeof(bus), "%s/bus/pci", sysfs) >= sizeof(bus)) {
        snprintf(device->reason, sizeof(device->reason), "the path of sysfs is too long");
        return;
    }
    snprintf(path, sizeof(path), "%s/devices", bus);
    struct stat status;
    if (stat(path, &status) < 0) {
        snprintf(device->reason, sizeof(device->reason), "%.100s: %s", path, strerror(errno));
        return;
    }
    snprintf(path, sizeof(path), "%s/devices/%s", bus, pci_address_format(address, text));
    if (stat(path, &status) < 0) {
        device->state = errno == ENOENT ? HOST_ABSENT : HOST_UNKNOWN;
        snprintf(device->reason, sizeof(device->reason), "%.100s: %s", path, strerror(errno));
        return;
    }
    const struct pci_id *id = &device->identity.id;
    if (!check_attributes(path, device))
        return;
    if (read_identity(bus, address, &device->identity) < 0)
        snprintf(device->reason, sizeof(device->reason), "%s", on_error.message);
    else if (id->vendor == 0 || id->vendor == 0xffff || id->device == 0) /* libpci reads what is no number as 0 */
        snprintf(device->reason, sizeof(device->reason), "%.120s: no PCI ID in vendor and device", path);
    else
        device->state = HOST_PRESENT;
    if (device->state == HOST_PRESENT)
        read_links(path, device);
    /* A snapshot is somebody's folder. */
    text_make_printable(device->driver);
    text_make_printable(device->reason);
}

/* A file of the device, which sysfs gives in one read. Returns its size, or -1: it cannot be read, or fills `room`.
 * Never waits, as a FIFO would have it. */
static ssize_t read_attribute(const char *sysfs, struct pci_address address, const char *name, char *content,
                              size_t room) {
    char path[PATH_ROOM], text[PCI_ADDRESS_TEXT_MAX];
    snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/%s", sysfs, pci_address_format(address, text), name);
    struct stat status;
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return -1;
    ssize_t size = read(fd, content, room);
    return (size_t)size < room ? size : -1;
}

int host_read_bars(const char *sysfs, struct pci_address address, struct pci_bars *bars) {
    char content[4096];
    ssize_t size = read_attribute(sysfs, address, "resource", content, sizeof(content));
    *bars = (struct pci_bars){0};
    return size < 0 ? -1 : pci_resource_parse((struct bytes){(const uint8_t *)content, (size_t)size}, bars);
}

/* Intel Virtualization Technology for Directed I/O, Capability Register: MGAW is bits 21:16, one less than the width.
 * Less than 32 bits no guest could do with, and no such IOMMU exists. */
enum { IOMMU_BITS_MIN = 32 };

unsigned host_read_iommu_width(const char *sysfs, struct pci_address address) {
    char digits[18], *end;
    ssize_t size = read_attribute(sysfs, address, "iommu/intel-iommu/cap", digits, sizeof(digits));
    size -= size > 0 && digits[size - 1] == '\n';
    if (size <= 0 || size > 16)
        return 0;
    digits[size] = '\0';
    unsigned long long capability = strtoull(digits, &end, 16);
    unsigned bits = (unsigned)(capability >> 16 & 0x3f) + 1;
    return *end || end == digits || bits < IOMMU_BITS_MIN ? 0 : bits;
}

static int add_neighbour(struct pci_address found, struct pci_address self, struct host_neighbours *neighbours) {
    if (pci_address_equal(found, self))
        return 0;
    if (neighbours->count == HOST_NEIGHBOURS_MAX)
        return -1;
    neighbours->list[neighbours->count++] = found;
    return 0;
}

static int read_slot(const char *devices, struct pci_address address, struct host_neighbours *neighbours) {
    char path[PATH_ROOM], text[PCI_ADDRESS_TEXT_MAX];
    struct pci_address other = address;
    snprintf(path, sizeof(path), "%s/%s", devices, pci_address_format(address, text));
    if (access(path, F_OK) < 0) /* its slot is not empty: the folder is no sysfs */
        return -1;
    for (other.function = 0; other.function < 8; other.function++) {
        snprintf(path, sizeof(path), "%s/%s", devices, pci_address_format(other, text));
        if (access(path, F_OK) == 0)
            add_neighbour(other, address, neighbours);
    }
    return 0;
}

static void close_folder(DIR *folder) {
    if (folder)
        closedir(folder);
}
DEFINE_CLEANUP(DIR, close_folder)

static int read_group(const char *devices, struct pci_address address, struct host_neighbours *neighbours) {
    char path[PATH_ROOM], text[PCI_ADDRESS_TEXT_MAX];
    snprintf(path, sizeof(path), "%s/%s/iommu_group/devices", devices, pci_address_format(address, text));
    CLEANUP(close_folder) DIR *folder = opendir(path);
    if (!folder)
        return -1;
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        struct pci_address found;
        if (pci_address_parse(entry->d_name, &found) == 0 && add_neighbour(found, address, neighbours) < 0)
            return -1;
    }
    return 0;
}

static int compare_addresses(const void *a, const void *b) {
    return pci_address_compare(*(const struct pci_address *)a, *(const struct pci_address *)b);
}

int host_read_neighbours(const char *sysfs, struct pci_address address, enum host_scope scope,
                         struct host_neighbours *neighbours) {
    char devices[4096];
    neighbours->count = 0;
    snprintf(devices, sizeof(devices), "%s/bus/pci/devices", sysfs);
    int failed =
        scope == HOST_SLOT ? read_slot(devices, address, neighbours) : read_group(devices, address, neighbours);
    qsort(neighbours->list, neighbours->count, sizeof(neighbours->list[0]), compare_addresses);
    return failed;
}

int host_read_mdev_parent(const char *sysfs, const char *uuid, struct pci_address *parent) {
    char path[PATH_ROOM], resolved[PATH_MAX];
    snprintf(path, sizeof(path), "%s/bus/mdev/devices/%s", sysfs, uuid);
    if (!realpath(path, resolved))
        return -1;
    char *uuid_part = strrchr(resolved, '/');
    if (!uuid_part || uuid_part == resolved)
        return -1;
    *uuid_part = '\0';
    const char *parent_part = strrchr(resolved, '/');
    return parent_part ? pci_address_parse(parent_part + 1, parent) : -1;
}
