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
    bool no_memory;
} on_error;

/* How libpci's pci_malloc begins (lib/init.c): nothing else tells this failure from others. */
#define NO_MEMORY "Out of memory"

static void __attribute__((noreturn, format(printf, 1, 2))) fail(char *format, ...) {
    va_list arguments;
    on_error.no_memory = strncmp(format, NO_MEMORY, strlen(NO_MEMORY)) == 0;
    va_start(arguments, format);
    vsnprintf(on_error.message, sizeof(on_error.message), format, arguments);
    va_end(arguments);
    longjmp(on_error.back, 1);
}

static void __attribute__((format(printf, 1, 2))) ignore(char *format, ...) {
    (void)format;
}

/* The folder that holds devices/, which must outlive the access. Not by pci_set_param: without memory for its copy it
 * marks its own default as one, and pci_cleanup frees that. */
static void set_folder(struct pci_access *access, char *folder) {
    for (struct pci_param *param = NULL; (param = pci_walk_params(access, param));)
        if (strcmp(param->param, "sysfs.path") == 0)
            param->value = folder;
}

static void fill_identity(struct pci_access *access, struct pci_address address, char *devices, int fields,
                          struct pci_identity *identity) {
    access->method = PCI_ACCESS_SYS_BUS_PCI;
    access->error = fail;
    access->warning = fail; /* of a file that was there and readable a moment ago: half an identity is none */
    access->debug = ignore;
    set_folder(access, devices);
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

/* Returns 0, or -1 with the reason in on_error. `devices` is the folder that holds devices/; `fields` are bits
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

/* The last part of where the function's link leads, "" where there is no link or it cannot be read. Returns why it
 * cannot: 0 also where there is none, for then nothing or something else has its name. */
static int read_link(const struct sysfs *sysfs, struct pci_address address, const char *name, char *last, size_t room) {
    char path[SYSFS_PATH_MAX];
    int failed = -sysfs_read_link(sysfs, sysfs_pci_path(address, name, path), last, room);
    return failed == ENOENT || failed == EINVAL ? 0 : failed;
}

void host_read_driver(const struct sysfs *sysfs, struct pci_address address, struct host_device *device) {
    device->driver_error = read_link(sysfs, address, "driver", device->driver, sizeof(device->driver));
    text_make_printable(device->driver); /* a snapshot is somebody's folder */
}

/* What libpci does not read. */
static void read_links(const struct sysfs *sysfs, struct pci_address address, struct host_device *device) {
    char path[SYSFS_PATH_MAX], group[16], physfn[NAME_MAX + 1];
    int failed = read_link(sysfs, address, "physfn", physfn, sizeof(physfn));
    if (failed) { /* what it is about decides on all the rest */
        device->state = HOST_UNKNOWN;
        explain(sysfs, sysfs_pci_path(address, "physfn", path), strerror(failed), device);
        return;
    }
    device->is_virtual = physfn[0] != '\0';
    device->has_physical = device->is_virtual && pci_address_parse(physfn, &device->physical) == 0;
    host_read_driver(sysfs, address, device);
    device->group_error = read_link(sysfs, address, "iommu_group", group, sizeof(group));
    if (group[0])
        device->iommu_group = host_group_parse(group);
}

static int read_device(const struct sysfs *sysfs, struct pci_address address, struct host_device *device,
                       struct error *err) {
    char bus[3072], folder[SYSFS_PATH_MAX];
    if ((size_t)snprintf(bus, sizeof(bus), "%s/bus/pci", sysfs->root) >= sizeof(bus)) {
        snprintf(device->reason, sizeof(device->reason), "the path of sysfs is too long");
        return 0;
    }
    int missing = -sysfs_find(sysfs, sysfs_pci_path(address, NULL, folder));
    if (missing) {
        int no_list = -sysfs_find(sysfs, "bus/pci/devices");
        device->state = !no_list && missing == ENOENT ? HOST_ABSENT : HOST_UNKNOWN;
        explain(sysfs, no_list ? "bus/pci/devices" : folder, strerror(no_list ? no_list : missing), device);
        return 0;
    }
    const struct pci_id *id = &device->identity.id;
    const int fields = fields_to_fill(sysfs, address, device);
    if (!fields)
        return 0;
    const bool failed = read_identity(bus, address, fields, &device->identity) < 0;
    if (failed && on_error.no_memory)
        return error_no_memory(err);
    if (failed)
        snprintf(device->reason, sizeof(device->reason), "%s", on_error.message);
    else if (id->vendor == 0 || id->vendor == 0xffff || id->device == 0) /* libpci reads what is no number as 0 */
        explain(sysfs, folder, "no PCI ID in vendor and device", device);
    else
        device->state = HOST_PRESENT;
    if (device->state == HOST_PRESENT)
        read_links(sysfs, address, device);
    return 0;
}

int host_read_device(const struct sysfs *sysfs, struct pci_address address, struct host_device *device,
                     struct error *err) {
    *device = (struct host_device){.iommu_group = HOST_GROUP_UNKNOWN};
    int failed = read_device(sysfs, address, device, err);
    text_make_printable(device->reason);
    return failed;
}

bool host_driver_is_vfio(const char *driver) {
    size_t size = strlen(driver), tail = strlen("vfio-pci");
    return size >= tail &&
           (strcmp(driver + size - tail, "vfio-pci") == 0 || strcmp(driver + size - tail, "vfio_pci") == 0);
}
