/* What a PCI function is, through libpci, and what sysfs says of it by links: driver, IOMMU group, physical function.
 */
#pragma once

#include "base/error.h"
#include "base/pci.h"
#include "host/sysfs.h"

enum host_state {
    HOST_UNKNOWN, /* sysfs cannot be read: why is in `reason` */
    HOST_ABSENT,  /* the node has no function at this address */
    HOST_PRESENT,
};

#define HOST_GROUP_UNKNOWN (-1)
#define HOST_DRIVER_MAX    64

struct host_device {
    enum host_state state;
    struct pci_identity identity; /* with HOST_PRESENT, as are the next */
    bool is_virtual;              /* an SR-IOV virtual function */
    bool has_physical;            /* and this is its physical function */
    struct pci_address physical;
    int iommu_group;              /* HOST_GROUP_UNKNOWN: the kernel names none, or it cannot be read */
    char driver[HOST_DRIVER_MAX]; /* "": none is bound, or it cannot be read */
    char reason[160];             /* with HOST_UNKNOWN */
};

/* Reads the identity of the function at `address`. Never fails: what cannot be read is HOST_UNKNOWN. Threads may call
 * it at the same time. */
void host_read_device(const struct sysfs *sysfs, struct pci_address address, struct host_device *device);

/* The driver alone; "" as above. */
void host_read_driver(const struct sysfs *sysfs, struct pci_address address, char driver[HOST_DRIVER_MAX]);

/* The number of an IOMMU group, from the name of its folder, or HOST_GROUP_UNKNOWN. */
int host_group_parse(const char *name);

/* Is it a driver through which QEMU takes a device: vfio-pci itself, or a vendor's variant of it, as
 * nvgrace_gpu_vfio_pci and xe-vfio-pci? */
bool host_driver_is_vfio(const char *driver);
