#include "plan/companions.h"

#include <stdio.h>
#include <string.h>

static bool has_group(const int *groups, size_t count, int group) {
    for (size_t i = 0; i < count; i++)
        if (groups[i] == group)
            return true;
    return false;
}

enum companion_verdict plan_companion(struct pci_address address, const struct host_device *host, const int *groups,
                                      size_t group_count, char reason[COMPANION_REASON_MAX]) {
    char text[PCI_ADDRESS_TEXT_MAX];
    pci_address_format(address, text);
    reason[0] = '\0';
    if (host->state != HOST_PRESENT) {
        snprintf(reason, COMPANION_REASON_MAX, "%s cannot be read: %s", text, host->reason);
        return COMPANION_LEAVE;
    }
    /* Bridges stay with the kernel (a group with them is viable); virtual functions are devices of their own. */
    if (host->identity.class_code >> 16 == BASE_CLASS_BRIDGE || host->is_virtual)
        return COMPANION_LEAVE;
    if (host->iommu_group == HOST_GROUP_UNKNOWN) {
        snprintf(reason, COMPANION_REASON_MAX, "the IOMMU group of %s cannot be read: mount the node's /sys", text);
        return COMPANION_LEAVE;
    }
    if (!has_group(groups, group_count, host->iommu_group)) {
        snprintf(reason, COMPANION_REASON_MAX,
                 "%s is in IOMMU group %d, of which this VM has no device: request it as a device of the VM", text,
                 host->iommu_group);
        return COMPANION_LEAVE;
    }
    if (host_driver_is_vfio(host->driver))
        return COMPANION_ATTACH;
    if (host->driver_error) {
        snprintf(reason, COMPANION_REASON_MAX,
                 "the driver of %s cannot be read (%s): mount the node's /sys, or leave \"companions\" out", text,
                 strerror(host->driver_error));
        return COMPANION_REFUSE;
    }
    snprintf(reason, COMPANION_REASON_MAX,
             "%s (%04x:%04x) %s%s: bind it to vfio-pci on the node (driverctl set-override %s vfio-pci), or leave "
             "\"companions\" out",
             text, host->identity.id.vendor, host->identity.id.device,
             host->driver[0] ? "is bound to " : "has no driver", host->driver, text);
    return COMPANION_REFUSE;
}
