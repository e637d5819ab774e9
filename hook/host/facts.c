#include "host/facts.h"

#include <errno.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

/* What libpci will open must be there and must not block: a snapshot is somebody's folder, and libpci reads a missing
 * revision as 0. */
static bool check_attributes(const char *folder, struct host_device *device) {
    static const char *const names[] = {"vendor", "device", "class", "revision"};
    char path[4200];
    struct stat status;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        int missing = stat(path, &status) < 0 ? errno : 0;
        if (missing || !S_ISREG(status.st_mode)) {
            snprintf(device->reason, sizeof(device->reason), "%.120s: %s", path,
                     missing ? strerror(missing) : "not a regular file");
            return false;
        }
    }
    return true;
}

void host_read_device(const char *sysfs, struct pci_address address, struct host_device *device) {
    *device = (struct host_device){0};
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
}
