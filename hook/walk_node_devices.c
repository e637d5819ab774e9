#include "walk_node_devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/devices.h"
#include "host/identity.h"
#include "kubelet/device_id.h"

/* The requests for one resource, or those of claims. */
struct asked {
    const struct vmi_request *requests;
    size_t count;
};

/* What listing needs, while it lasts. */
struct listing {
    const struct sysfs *sysfs;
    struct asked asked;
    int group; /* whose members are listed */
    bool found;
    struct node_device_list *devices;
};

static bool is_same(const struct node_device *a, const struct node_device *b) {
    return a->kind == b->kind &&
           (a->kind == DEVICE_PCI ? pci_address_equal(a->address, b->address) : strcmp(a->uuid, b->uuid) == 0);
}

/* Of a group's set only those count that are in the same set, or that have a name of their own. */
static void add(const struct listing *listing, struct node_device device) {
    struct node_device_list *devices = listing->devices;
    device.requests = listing->asked.requests;
    device.request_count = listing->asked.count;
    device.group = listing->group;
    device.set = devices->sets;
    for (size_t i = 0; i < devices->count; i++) {
        const struct node_device *known = &devices->list[i];
        if ((known->group == HOST_GROUP_UNKNOWN || known->set == device.set) && is_same(known, &device))
            return;
    }
    if (devices->count < NODE_DEVICES_MAX)
        devices->list[devices->count++] = device;
}

static void add_function(struct listing *listing, struct pci_address address) {
    add(listing, (struct node_device){.kind = DEVICE_PCI, .address = address});
    listing->found = true;
}

static void add_mdev(struct listing *listing, const char *uuid) {
    struct node_device device = {.kind = DEVICE_MDEV};
    snprintf(device.uuid, sizeof(device.uuid), "%s", uuid);
    add(listing, device);
    listing->found = true;
}

/* --- groups -------------------------------------------------------------------------------------------------- */

static int add_member(void *context, const char *name) {
    struct listing *listing = context;
    struct device_id id;
    device_id_parse(name, &id);
    if (id.kind == DEVICE_ID_MDEV)
        add_mdev(listing, id.uuid);
    if (id.kind != DEVICE_ID_ADDRESS)
        return 0;
    if (!host_device_is_bridge(listing->sysfs, id.address))
        add_function(listing, id.address);
    return 0;
}

static int compare_members(const void *a, const void *b) {
    const struct node_device *one = a, *other = b;
    return one->kind == DEVICE_PCI && other->kind == DEVICE_PCI ? pci_address_compare(one->address, other->address)
                                                                : strcmp(one->uuid, other->uuid);
}

/* Was the group given to the same requests before? */
static bool is_listed(const struct listing *listing) {
    for (size_t i = 0; i < listing->devices->count; i++)
        if (listing->devices->list[i].group == listing->group &&
            listing->devices->list[i].requests == listing->asked.requests)
            return true;
    return false;
}

static void add_group(struct listing *listing, int group) {
    struct node_device_list *devices = listing->devices;
    const size_t before = devices->count;
    char path[64];
    listing->group = group;
    if (!is_listed(listing)) {
        snprintf(path, sizeof(path), "kernel/iommu_groups/%d/devices", group);
        (void)sysfs_list(listing->sysfs, path, add_member, listing);
        qsort(&devices->list[before], devices->count - before, sizeof(*devices->list), compare_members);
        devices->sets++;
    }
    listing->group = HOST_GROUP_UNKNOWN;
}

/* --- a pod's ------------------------------------------------------------------------------------------------- */

static void add_named(struct listing *listing, const struct device_id *id) {
    if (id->kind == DEVICE_ID_MDEV)
        add_mdev(listing, id->uuid);
    else if (id->kind == DEVICE_ID_ADDRESS)
        add_function(listing, id->address);
    listing->devices->sets++;
}

/* Does a claim's name mean this? Its UUID may be the claim's own, and a network's claim names addresses, too. */
static bool is_claimed(const struct listing *listing, const struct device_id *id) {
    char path[SYSFS_PATH_MAX];
    if (id->kind == DEVICE_ID_ADDRESS)
        return host_device_goes_to_vms(listing->sysfs, id->address);
    snprintf(path, sizeof(path), "bus/mdev/devices/%s", id->uuid);
    return sysfs_find(listing->sysfs, path) == 0;
}

static void add_claimed(struct listing *listing, const char *name) {
    struct device_id id;
    while ((name = device_id_find(name, &id)))
        if (is_claimed(listing, &id)) {
            add_named(listing, &id);
            return;
        }
}

static bool is_of(const struct pod_device *device, const char *resource) {
    return resource ? device->resource && strcmp(device->resource, resource) == 0 : !device->resource;
}

/* The devices of the pod that the requests were given: what has a name of its own, or groups, too. Were there any? */
static bool add_devices(struct listing *listing, const struct pod *pod, bool groups) {
    listing->found = false;
    for (size_t i = 0; i < pod->count; i++) {
        const struct pod_device *device = &pod->devices[i];
        struct device_id id;
        if (!is_of(device, listing->asked.requests->resource))
            continue;
        if (!device->resource) {
            add_claimed(listing, device->id);
            continue;
        }
        device_id_parse(device->id, &id);
        if (id.kind != DEVICE_ID_GROUP)
            add_named(listing, &id);
        else if (groups)
            add_group(listing, id.group);
    }
    return listing->found;
}

/* The requests of one resource after another, or of all claims. */
static bool next_asked(const struct vmi_requests *requests, struct asked *asked) {
    const struct vmi_request *next = asked->requests ? asked->requests + asked->count : requests->list;
    if (next >= requests->list + requests->count)
        return false;
    *asked = (struct asked){next, vmi_requests_of_one(requests, (size_t)(next - requests->list))};
    return true;
}

size_t node_devices_of(const struct pod *pod, const struct vmi_requests *requests, const struct sysfs *sysfs,
                       struct node_device_list *devices) {
    struct listing listing = {.sysfs = sysfs, .group = HOST_GROUP_UNKNOWN, .devices = devices};
    size_t missing = 0;
    /* First without groups: what they stand for depends on what else has a name. */
    for (int groups = 0; groups <= 1; groups++) {
        listing.asked = (struct asked){0};
        while (next_asked(requests, &listing.asked))
            missing += !add_devices(&listing, pod, groups) && groups;
    }
    return missing;
}

size_t node_devices_of_set(const struct node_device *first, size_t count) {
    size_t members = 1;
    while (members < count && first[members].set == first->set)
        members++;
    return members;
}

int node_devices_all(const struct sysfs *sysfs, struct node_device_list *devices, struct error *err) {
    CLEANUP(host_devices_free) struct host_devices found = {0};
    struct listing listing = {.sysfs = sysfs, .group = HOST_GROUP_UNKNOWN, .devices = devices};
    if (host_devices_list(sysfs, &found, err) < 0)
        return -1;
    for (size_t i = 0; i < found.function_count; i++, devices->sets++)
        add_function(&listing, found.functions[i]);
    for (size_t i = 0; i < found.mdev_count; i++, devices->sets++)
        add_mdev(&listing, found.mdevs[i]);
    return 0;
}
