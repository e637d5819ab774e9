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
    const char *resource;       /* as whose it was given; NULL: by a claim */
};

struct node_device_list {
    struct node_device list[NODE_DEVICES_MAX];
    size_t count;
};

/* Adds the devices of the pod that the VM asks for (networks and disks have devices, too): those of the resources of
 * its gpus and hostDevices, and if one of these has a claim, those that claims gave. An IOMMU group stands for its
 * GPUs, or without any for all its functions but bridges, or for its mediated device. What names no device of the host
 * is left out. Returns how many resources and claims the VM asks for of which no device was found. */
size_t node_devices_of(const struct pod *pod, const struct vmi *vmi, const struct sysfs *sysfs,
                       struct node_device_list *devices);

/* Adds every GPU and vGPU of the node. Fails as host_devices_list does. */
int node_devices_all(const struct sysfs *sysfs, struct node_device_list *devices, struct error *err);
