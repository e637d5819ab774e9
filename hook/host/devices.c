#include "host/devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The first row that fits decides; a mask covers the bits that must be equal. */
static const struct {
    uint16_t vendor; /* 0: any */
    uint32_t class_code, mask;
    bool wanted;
} table[] = {
    {0x1a03, 0x030000, 0xff0000, false}, /* ASPEED, of BMCs */
    {0x102b, 0x030000, 0xff0000, false}, /* Matrox, of BMCs */
    {0x1234, 0x030000, 0xff0000, false}, /* QEMU: VGA and bochs-display */
    {0x1af4, 0x030000, 0xff0000, false}, /* virtio-gpu */
    {0x1b36, 0x030000, 0xff0000, false}, /* QEMU: QXL */
    {0x1013, 0x030000, 0xff0000, false}, /* Cirrus, of QEMU and Xen */
    {0x15ad, 0x030000, 0xff0000, false}, /* VMware */
    {0x1414, 0x030000, 0xff0000, false}, /* Hyper-V */
    {0x5853, 0x030000, 0xff0000, false}, /* Xen */
    {0x80ee, 0x030000, 0xff0000, false}, /* VirtualBox */
    {0x1ab8, 0x030000, 0xff0000, false}, /* Parallels */
    {0x19e5, 0x030000, 0xff0000, false}, /* Huawei, of BMCs */
    {0x126f, 0x030000, 0xff0000, false}, /* Silicon Motion, of BMCs */
    {0, 0x030000, 0xff0000, true},       /* every other display controller */
    {0x1002, 0x120000, 0xffff00, true},  /* AMD Instinct */
    {0x10de, 0x120000, 0xffff00, true},
    {0x8086, 0x120000, 0xffff00, true},
    {VENDOR_NVIDIA, 0x068000, 0xffff00, true}, /* NVSwitch */
};

static bool read_number(const struct sysfs *sysfs, struct pci_address address, const char *name, unsigned long *value) {
    char path[SYSFS_PATH_MAX], text[32], *end;
    if (sysfs_read(sysfs, sysfs_pci_path(address, name, path), text, sizeof(text)) <= 0)
        return false;
    *value = strtoul(text, &end, 0);
    return end != text;
}

bool host_device_goes_to_vms(const struct sysfs *sysfs, struct pci_address address) {
    unsigned long class_code = 0, vendor = 0, type = 1;
    if (!read_number(sysfs, address, "class", &class_code))
        return false;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (((uint32_t)class_code & table[i].mask) != table[i].class_code)
            continue;
        if (vendor == 0 && !read_number(sysfs, address, "vendor", &vendor))
            return false;
        if (table[i].vendor && vendor != table[i].vendor)
            continue;
        /* What was copied as a neighbour only has no driver_override: see snapshot. */
        char path[SYSFS_PATH_MAX];
        return table[i].wanted && sysfs_find(sysfs, sysfs_pci_path(address, "driver_override", path)) == 0 &&
               (!read_number(sysfs, address, "nvidia/current_vgpu_type", &type) || type != 0);
    }
    return false;
}

bool host_device_is_bridge(const struct sysfs *sysfs, struct pci_address address) {
    unsigned long class_code = 0;
    return read_number(sysfs, address, "class", &class_code) && class_code >> 16 == BASE_CLASS_BRIDGE;
}

struct listing {
    const struct sysfs *sysfs;
    struct host_devices *devices;
    struct error *err;
    int failed;
};

static int add_function(void *context, const char *name) {
    struct listing *listing = context;
    struct host_devices *devices = listing->devices;
    struct pci_address address;
    if (pci_address_parse(name, &address) < 0 || !host_device_goes_to_vms(listing->sysfs, address))
        return 0;
    struct pci_address *list = reallocarray(devices->functions, devices->function_count + 1, sizeof(*list));
    if (!list)
        return listing->failed = error_no_memory(listing->err);
    devices->functions = list;
    list[devices->function_count++] = address;
    return 0;
}

static int add_mdev(void *context, const char *name) {
    struct listing *listing = context;
    struct host_devices *devices = listing->devices;
    if (!text_is_uuid(name))
        return 0;
    char(*list)[UUID_TEXT_MAX] = reallocarray(devices->mdevs, devices->mdev_count + 1, sizeof(*list));
    if (!list)
        return listing->failed = error_no_memory(listing->err);
    devices->mdevs = list;
    memcpy(list[devices->mdev_count++], name, sizeof(*list));
    return 0;
}

static int compare_functions(const void *a, const void *b) {
    return pci_address_compare(*(const struct pci_address *)a, *(const struct pci_address *)b);
}

static int compare_uuids(const void *a, const void *b) {
    return strcmp(a, b);
}

int host_devices_list(const struct sysfs *sysfs, struct host_devices *devices, struct error *err) {
    struct listing listing = {sysfs, devices, err, 0};
    int number = -sysfs_list(sysfs, "bus/pci/devices", add_function, &listing);
    if (number)
        return error_set_errno(err, ERROR_INPUT, number, "cannot list the PCI devices in %s/bus/pci/devices",
                               sysfs->root);
    if (!listing.failed)
        (void)sysfs_list(sysfs, "bus/mdev/devices", add_mdev, &listing);
    if (listing.failed)
        return -1;
    if (devices->function_count)
        qsort(devices->functions, devices->function_count, sizeof(*devices->functions), compare_functions);
    if (devices->mdev_count)
        qsort(devices->mdevs, devices->mdev_count, sizeof(*devices->mdevs), compare_uuids);
    return 0;
}

void host_devices_free(struct host_devices *devices) {
    free(devices->functions);
    free(devices->mdevs);
    *devices = (struct host_devices){0};
}
