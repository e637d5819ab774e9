#include "walk_node_devices.h"

#include <stdio.h>
#include <string.h>

#include "host/devices.h"
#include "host/identity.h"
#include "kubelet/device_id.h"

static void add(struct node_device_list *devices, const struct node_device *device) {
    for (size_t i = 0; i < devices->count; i++) {
        const struct node_device *known = &devices->list[i];
        if (known->kind == device->kind &&
            (device->kind == DEVICE_PCI ? pci_address_equal(known->address, device->address)
                                        : strcmp(known->uuid, device->uuid) == 0))
            return;
    }
    if (devices->count < NODE_DEVICES_MAX)
        devices->list[devices->count++] = *device;
}

static void add_function(struct node_device_list *devices, struct pci_address address, const char *resource) {
    add(devices, &(struct node_device){.kind = DEVICE_PCI, .address = address, .resource = resource});
}

static void add_mdev(struct node_device_list *devices, const char *uuid, const char *resource) {
    struct node_device device = {.kind = DEVICE_MDEV, .resource = resource};
    snprintf(device.uuid, sizeof(device.uuid), "%s", uuid);
    add(devices, &device);
}

/* --- groups -------------------------------------------------------------------------------------------------- */

struct members {
    const struct sysfs *sysfs;
    const char *resource;
    bool only_gpus;
    struct node_device_list *devices;
};

static int add_member(void *context, const char *name) {
    const struct members *members = context;
    struct device_id id;
    struct host_device device;
    device_id_parse(name, &id);
    if (id.kind == DEVICE_ID_MDEV)
        add_mdev(members->devices, id.uuid, members->resource);
    if (id.kind != DEVICE_ID_ADDRESS)
        return 0;
    host_read_device(members->sysfs, id.address, &device);
    const bool is_bridge = device.state == HOST_PRESENT && device.identity.class_code >> 16 == BASE_CLASS_BRIDGE;
    if (members->only_gpus ? host_device_goes_to_vms(members->sysfs, id.address) : !is_bridge)
        add_function(members->devices, id.address, members->resource);
    return 0;
}

static void add_group(const struct sysfs *sysfs, int group, const char *resource, struct node_device_list *devices) {
    char path[64];
    struct members members = {sysfs, resource, true, devices};
    const size_t before = devices->count;
    snprintf(path, sizeof(path), "kernel/iommu_groups/%d/devices", group);
    (void)sysfs_list(sysfs, path, add_member, &members);
    members.only_gpus = false;
    if (devices->count == before)
        (void)sysfs_list(sysfs, path, add_member, &members);
}

/* --- a pod's ------------------------------------------------------------------------------------------------- */

static void add_device(const struct pod_device *device, const struct sysfs *sysfs, struct node_device_list *devices) {
    struct device_id id;
    if (device->resource)
        device_id_parse(device->id, &id);
    else
        device_id_find(device->id, &id);
    switch (id.kind) {
    case DEVICE_ID_ADDRESS:
        /* Of claims, those of networks may be among them. */
        if (device->resource || host_device_goes_to_vms(sysfs, id.address))
            add_function(devices, id.address, device->resource);
        break;
    case DEVICE_ID_MDEV:
        add_mdev(devices, id.uuid, device->resource);
        break;
    case DEVICE_ID_GROUP:
        add_group(sysfs, id.group, device->resource, devices);
        break;
    case DEVICE_ID_OTHER:
        break;
    }
}

/* Was the request, or one before it, for the same resource? */
static bool is_first(const struct vmi *vmi, size_t index) {
    struct vmi_request request, earlier;
    vmi_request(vmi, index, &request);
    for (size_t i = 0; i < index && vmi_request(vmi, i, &earlier); i++)
        if (request.resource ? earlier.resource && strcmp(earlier.resource, request.resource) == 0 : !earlier.resource)
            return false;
    return true;
}

static bool is_of(const struct pod_device *device, const char *resource) {
    return resource ? device->resource && strcmp(device->resource, resource) == 0 : !device->resource;
}

size_t node_devices_of(const struct pod *pod, const struct vmi *vmi, const struct sysfs *sysfs,
                       struct node_device_list *devices) {
    struct vmi_request request;
    size_t missing = 0;
    for (size_t i = 0; vmi_request(vmi, i, &request); i++) {
        const size_t before = devices->count;
        if (!is_first(vmi, i))
            continue;
        for (size_t j = 0; j < pod->count; j++)
            if (is_of(&pod->devices[j], request.resource))
                add_device(&pod->devices[j], sysfs, devices);
        missing += devices->count == before;
    }
    return missing;
}

int node_devices_all(const struct sysfs *sysfs, struct node_device_list *devices, struct error *err) {
    CLEANUP(host_devices_free) struct host_devices found = {0};
    if (host_devices_list(sysfs, &found, err) < 0)
        return -1;
    for (size_t i = 0; i < found.function_count; i++)
        add_function(devices, found.functions[i], NULL);
    for (size_t i = 0; i < found.mdev_count; i++)
        add_mdev(devices, found.mdevs[i], NULL);
    return 0;
}
