/* Which functions that KubeVirt left behind come along with a device. Pure. */
#pragma once

#include "host/identity.h"
#include "plan/plan.h"

enum companion_verdict {
    COMPANION_ATTACH,
    COMPANION_LEAVE,  /* it needs not, or cannot, come along: why is in the reason; "" where nobody would ask */
    COMPANION_REFUSE, /* it must come along and cannot: so the VM must not start */
};

/* May a function be attached to a VM that has devices of these IOMMU groups? Only a function of such a group can be:
 * QEMU in the virt-launcher pod has no other group's device file. *reason tells what is in the way, and what to do. */
#define COMPANION_REASON_MAX 256
enum companion_verdict plan_companion(struct pci_address address, const struct host_device *host, const int *groups,
                                      size_t group_count, char reason[COMPANION_REASON_MAX]);
