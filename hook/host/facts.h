/* What the node's kernel says of a PCI function. All I/O on sysfs is in facts.c. Nothing is written, enabled or woken.
 */
#pragma once

#include "base/error.h"
#include "base/pci.h"

enum host_state {
    HOST_UNKNOWN, /* sysfs cannot be read: why is in `reason` */
    HOST_ABSENT,  /* the node has no function at this address */
    HOST_PRESENT,
};

struct host_device {
    enum host_state state;
    struct pci_identity identity; /* with HOST_PRESENT */
    char reason[160];             /* with HOST_UNKNOWN */
};

/* Reads the identity of the function at `address` below `sysfs`, a folder laid out as /sys, through libpci. Never
 * fails: what cannot be read is HOST_UNKNOWN. Threads may call it at the same time. */
void host_read_device(const char *sysfs, struct pci_address address, struct host_device *device);
