/* What a device plugin calls a device of the node: each has names of its own. Pure. */
#pragma once

#include <stdbool.h>

#include "base/pci.h"
#include "base/text.h"

enum device_id_kind {
    DEVICE_ID_OTHER, /* it says nothing of the host: a serial number, a file */
    DEVICE_ID_ADDRESS,
    DEVICE_ID_MDEV,
    DEVICE_ID_GROUP,
};

struct device_id {
    enum device_id_kind kind;
    struct pci_address address;
    char uuid[UUID_TEXT_MAX]; /* in lower case */
    int group;                /* the number of an IOMMU group */
};

/* Reads the id of a device plugin's device: a host address (NVIDIA's plugin, Harvester's, SR-IOV's), a mediated
 * device's UUID, or the number of an IOMMU group (KubeVirt's own, pkg/virt-handler/device-manager). */
void device_id_parse(const char *text, struct device_id *id);

/* Finds the next host address or UUID in the name that a DRA driver gives a device, where an address may have other
 * signs between its numbers, for such a name takes no colons: "gpu-0000-65-00-0",
 * "k8s.gpu.nvidia.com/device=0000_65_00_0". A UUID may be the claim's own:
 * "k8s.gpu.nvidia.com/claim=dab5ab50-d59a-42a6-af16-cfd4628c0f7a-gpu-0" (NVIDIA's k8s-dra-driver-gpu, cdi.go).
 * Returns what stands behind it; at the end NULL, and *id is DEVICE_ID_OTHER. */
const char *device_id_find(const char *text, struct device_id *id);
