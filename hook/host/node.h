/* What the kernel says of the node as a whole, as far as passthrough depends on it. */
#pragma once

#include "host/text.h"

enum host_remapping { HOST_REMAPPING_UNKNOWN, HOST_REMAPPING_ON, HOST_REMAPPING_OFF };

/* A framebuffer that the firmware has set up and a generic driver holds. */
#define HOST_FRAMEBUFFERS_MAX 4
struct host_framebuffer {
    char driver[32];
    bool has_owner; /* Linux 6.9 and later tell whose memory it is */
    struct pci_address owner;
};

struct host_node {
    int groups_error;                   /* of listing kernel/iommu_groups: 0 or an errno value */
    bool is_partial;                    /* there is no folder "kernel": somebody made this /sys */
    bool has_groups;                    /* there is one at least */
    enum host_remapping remapping;      /* of interrupts, by the names of the interrupt controllers */
    char remapping_seen[64];            /* the name that told */
    struct host_text unsafe_interrupts; /* vfio_iommu_type1's parameter allow_unsafe_interrupts */
    struct host_framebuffer framebuffers[HOST_FRAMEBUFFERS_MAX];
    size_t framebuffer_count;
};

/* Are there IOMMU groups? For a device that is in none: of others the answer is clear. Fills has_groups, groups_error
 * and is_partial. */
void host_node_find_groups(const struct sysfs *sysfs, struct host_node *node);

/* Fills the rest of *node. What cannot be read is part of it; fails only without memory (ERROR_LIMIT).
 * host_text_free frees node->unsafe_interrupts. */
int host_node_read(const struct sysfs *sysfs, struct host_node *node, struct error *err);
