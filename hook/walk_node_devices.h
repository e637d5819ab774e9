/* Which devices of the host a VM's pod has: what the kubelet calls them, looked up on the node. */
#pragma once

#include "config/vmi.h"
#include "host/sysfs.h"
#include "kubelet/pods.h"
#include "plan/device.h"

/* More than any node has of GPUs and vGPUs; what is beyond is left out. */
#define NODE_DEVICES_MAX 4096

struct node_device {
    enum device_kind kind;
    struct pci_address address; /* with DEVICE_PCI */
    char uuid[UUID_TEXT_MAX];   /* with DEVICE_MDEV */

    /* The VM's requests for the resource or the claim by which it was given; none: it is any device of the node. */
    const struct vmi_request *requests;
    size_t request_count;

    /* Of an IOMMU group nothing tells which members the VM gets: devices of one set are alternatives, and stand
     * together. What has a name of its own is a set of one. */
    size_t set;
    int group;     /* HOST_GROUP_UNKNOWN: it has a name of its own */
    bool is_guess; /* one of several of its set: nothing says yet that it was meant */
};

struct node_device_list {
    struct node_device list[NODE_DEVICES_MAX];
    size_t count, sets;
};

/* Fills *devices (must be {0}) with the devices of the pod that the VM asks for (networks and disks have devices, too):
 * those of the resources of its gpus and hostDevices, and if one of these has a claim, those that claims gave. An IOMMU
 * group stands for a set of its members without bridges and without those that have a name of their own here. What
 * names no device of the host is left out. Returns how many resources and claims the VM asks for of which no device was
 * found. `requests` must live as long as *devices. */
size_t node_devices_of(const struct pod *pod, const struct vmi_requests *requests, const struct sysfs *sysfs,
                       struct node_device_list *devices);

/* How many of the `count` devices from `first` on are of its set. */
size_t node_devices_of_set(const struct node_device *first, size_t count);

/* Adds every GPU and vGPU of the node. Fails as host_devices_list does. */
int node_devices_all(const struct sysfs *sysfs, struct node_device_list *devices, struct error *err);
