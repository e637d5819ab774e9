#include "host/identity.h"

#include <errno.h>
#include <limits.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

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

static void fill_identity(struct pci_access *access, struct pci_address address, char *devices, int fields,
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
    pci_fill_info(device, fields);
    *identity = (struct pci_identity){
        .id = {device->vendor_id, device->device_id},
        .subsystem = {device->subsys_vendor_id, device->subsys_id},
        .revision = device->rev_id,
        .class_code = (uint32_t)device->device_class << 8 | device->prog_if,
    };
}

/* Returns 0, or -1 with the reason in on_error.message. `devices` is the folder that holds devices/; `fields` are bits
 * as PCI_FILL_IDENT. */
static int read_identity(char *devices, struct pci_address address, int fields, struct pci_identity *identity) {
    struct pci_access *volatile access = pci_alloc();
    volatile int failed = 0;
    if (setjmp(on_error.back) == 0)
        fill_identity(access, address, devices, fields, identity);
    else
        failed = -1;
    pci_cleanup(access);
    return failed;
}

/* "/sys/bus/pci/devices/0000:01:00.0/vendor: Permission denied"; without the root where that does not fit. */
static void explain(const struct sysfs *sysfs, const char *path, const char *why, struct host_device *device) {
    int size = snprintf(device->reason, sizeof(device->reason), "%s/%s: %s", sysfs->root, path, why);
    if (size < 0 || (size_t)size >= sizeof(device->reason))
        snprintf(device->reason, sizeof(device->reason), "%s: %s", path, why);
}

/* What libpci may fill. What it opens must be there, readable, and not block: a snapshot is somebody's folder, and
 * where a file is missing libpci looks into the configuration space instead, waiting, through links, and waking the
 * device (lib/sysfs.c, sysfs_fill_info). 0: nothing, and why. */
static int fields_to_fill(const struct sysfs *sysfs, struct pci_address address, struct host_device *device) {
    static const char *const names[] = {"vendor",   "device",           "class",
                                        "revision", "subsystem_vendor", "subsystem_device"};
    enum { NEEDED = 4 }; /* bridges have no subsystem */
    int fields = PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_CLASS_EXT | PCI_FILL_SUBSYS;
    char path[SYSFS_PATH_MAX];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int missing = -sysfs_will_read(sysfs, sysfs_pci_path(address, names[i], path));
        if (missing == 0)
            continue;
        if (missing != ENOENT || i < NEEDED) {
            const bool is_other = missing == EINVAL || missing == ELOOP;
            explain(sysfs, path, is_other ? "not a regular file" : strerror(missing), device);
            return 0;
        }
        fields &= ~PCI_FILL_SUBSYS;
    }
    return fields;
}

int host_group_parse(const char *name) {
    char *end;
    long number = strtol(name, &end, 10);
    return *name < '0' || *name > '9' || *end || number > INT32_MAX ? HOST_GROUP_UNKNOWN : (int)number;
}

void host_read_driver(const struct sysfs *sysfs, struct pci_address address, char driver[HOST_DRIVER_MAX]) {
    char path[SYSFS_PATH_MAX];
    if (sysfs_read_link(sysfs, sysfs_pci_path(address, "driver", path), driver, HOST_DRIVER_MAX) < 0)
        driver[0] = '\0';
    text_make_printable(driver); /* a snapshot is somebody's folder */
}

/* What libpci does not read. */
static void read_links(const struct sysfs *sysfs, struct pci_address address, struct host_device *device) {
    char path[SYSFS_PATH_MAX], group[16], physfn[NAME_MAX + 1];
    device->is_virtual = sysfs_read_link(sysfs, sysfs_pci_path(address, "physfn", path), physfn, sizeof(physfn)) == 0;
    device->has_physical = device->is_virtual && pci_address_parse(physfn, &device->physical) == 0;
    host_read_driver(sysfs, address, device->driver);
    if (sysfs_read_link(sysfs, sysfs_pci_path(address, "iommu_group", path), group, sizeof(group)) == 0)
        device->iommu_group = host_group_parse(group);
}

static void read_device(const struct sysfs *sysfs, struct pci_address address, struct host_device *device) {
    char bus[3072], folder[SYSFS_PATH_MAX];
    if ((size_t)snprintf(bus, sizeof(bus), "%s/bus/pci", sysfs->root) >= sizeof(bus)) {
        snprintf(device->reason, sizeof(device->reason), "the path of sysfs is too long");
        return;
    }
    int missing = -sysfs_find(sysfs, sysfs_pci_path(address, NULL, folder));
    if (missing) {
        int no_list = -sysfs_find(sysfs, "bus/pci/devices");
        device->state = !no_list && missing == ENOENT ? HOST_ABSENT : HOST_UNKNOWN;
        explain(sysfs, no_list ? "bus/pci/devices" : folder, strerror(no_list ? no_list : missing), device);
        return;
    }
    const struct pci_id *id = &device->identity.id;
    const int fields = fields_to_fill(sysfs, address, device);
    if (!fields)
        return;
    if (read_identity(bus, address, fields, &device->identity) < 0)
        snprintf(device->reason, sizeof(device->reason), "%s", on_error.message);
    else if (id->vendor == 0 || id->vendor == 0xffff || id->device == 0) /* libpci reads what is no number as 0 */
        explain(sysfs, folder, "no PCI ID in vendor and device", device);
    else
        device->state = HOST_PRESENT;
    if (device->state == HOST_PRESENT)
        read_links(sysfs, address, device);
}

void host_read_device(const struct sysfs *sysfs, struct pci_address address, struct host_device *device) {
    *device = (struct host_device){.iommu_group = HOST_GROUP_UNKNOWN};
    read_device(sysfs, address, device);
    text_make_printable(device->reason);
}

bool host_driver_is_vfio(const char *driver) {
    size_t size = strlen(driver), tail = strlen("vfio-pci");
    return size >= tail &&
           (strcmp(driver + size - tail, "vfio-pci") == 0 || strcmp(driver + size - tail, "vfio_pci") == 0);
}
