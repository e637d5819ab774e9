/* What the node's kernel says of a PCI function. All I/O on sysfs is in facts.c. Nothing is written, enabled or woken.
 */
#pragma once

#include "base/error.h"
#include "base/pci.h"
#include "host/resource.h"

enum host_state {
    HOST_UNKNOWN, /* sysfs cannot be read: why is in `reason` */
    HOST_ABSENT,  /* the node has no function at this address */
    HOST_PRESENT,
};

#define HOST_GROUP_UNKNOWN (-1)

struct host_device {
    enum host_state state;
    struct pci_identity identity; /* with HOST_PRESENT, as are the next */
    bool is_virtual;              /* an SR-IOV virtual function */
    int iommu_group;              /* HOST_GROUP_UNKNOWN: the kernel names none, or it cannot be read */
    char driver[64];              /* "": none is bound, or it cannot be read */
    char reason[160];             /* with HOST_UNKNOWN */
};

/* Reads the identity of the function at `address` below `sysfs`, a folder laid out as /sys, through libpci. Never
 * fails: what cannot be read is HOST_UNKNOWN. Threads may call it at the same time. */
void host_read_device(const char *sysfs, struct pci_address address, struct host_device *device);

/* The windows that the function's BARs have on the host. Returns 0, or -1 where they cannot be read (*bars is then
 * {0}). */
int host_read_bars(const char *sysfs, struct pci_address address, struct pci_bars *bars);

/* How many bits the function's DMA may address: the width of its IOMMU, where that is Intel's. 0: not known. Never
 * less than 32. */
unsigned host_read_iommu_width(const char *sysfs, struct pci_address address);

/* Lists functions next to the one at `address`, which is not among them: those of its slot, or of its IOMMU group. */
#define HOST_NEIGHBOURS_MAX 64
enum host_scope { HOST_SLOT, HOST_GROUP };
struct host_neighbours {
    size_t count;
    struct pci_address list[HOST_NEIGHBOURS_MAX]; /* in ascending order */
};

/* Returns 0, or -1 where they cannot be read, or are more than HOST_NEIGHBOURS_MAX. */
int host_read_neighbours(const char *sysfs, struct pci_address address, enum host_scope scope,
                         struct host_neighbours *neighbours);

/* The function that a mediated device is a part of: its parent in sysfs. Returns 0, or -1 where it cannot be read. */
int host_read_mdev_parent(const char *sysfs, const char *uuid, struct pci_address *parent);
