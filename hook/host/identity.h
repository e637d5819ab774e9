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

struct host_device {
    enum host_state state;
    struct pci_identity identity; /* with HOST_PRESENT, as are the next */
    bool is_virtual;              /* an SR-IOV virtual function */
    bool has_physical;            /* and this is its physical function */
    struct pci_address physical;
    int iommu_group;  /* HOST_GROUP_UNKNOWN: the kernel names none, or it cannot be read */
    char driver[64];  /* "": none is bound, or it cannot be read */
    int group_error;  /* why the link cannot be read, an errno value; 0 where it can, and where there is none */
    int driver_error; /* the same */
    char reason[160]; /* with HOST_UNKNOWN */
};

/* Reads the identity of the function at `address`. What cannot be read is HOST_UNKNOWN; fails only without memory
 * (ERROR_LIMIT). Threads may call it at the same time. */
int host_read_device(const struct sysfs *sysfs, struct pci_address address, struct host_device *device,
                     struct error *err);

/* Fills the driver of *device, and why it cannot be read, alone. */
void host_read_driver(const struct sysfs *sysfs, struct pci_address address, struct host_device *device);

/* The number of an IOMMU group, from the name of its folder, or HOST_GROUP_UNKNOWN. */
int host_group_parse(const char *name);

/* Is it a driver through which QEMU takes a device: vfio-pci itself, or a vendor's variant of it, as
 * nvgrace_gpu_vfio_pci and xe-vfio-pci? */
bool host_driver_is_vfio(const char *driver);
