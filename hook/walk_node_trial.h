/* The trial of a node hook: what is said of devices that a VM may have, and what the host checks find in them. */
#pragma once

#include "plan/refusals.h"
#include "walk.h"
#include "walk_node_devices.h"

/* What judging needs, while it lasts. */
struct judging {
    const struct walk *walk;
    const struct vmi *vmi;
    const struct vmi_requests *requests;
    const struct bundle_view *bundles;
    struct config config; /* without what does not count */
    enum policy policy;
};

/* Leaves those members of each set that the VM most likely gets: the devices that its options `expect`, else of what it
 * calls gpus the GPUs, else all. Fails only without memory. */
int trial_choose(const struct judging *judging, struct node_device_list *devices, struct error *err);

/* What is wrong with devices. Starts as {0}. */
struct trial_findings {
    struct refusals refusals, warnings;
};

/* Makes the checks of devices that the VM has together, of more than any VM has the first. Of a set with a member that
 * is ready only such are told of. *is_ready: each set has one. *notes (NULL: nobody reads them) gets a line for each
 * device. Fails with ERROR_INPUT where what is said of a device contradicts itself, or without memory. */
int trial_judge(const struct judging *judging, const struct node_device *devices, size_t count,
                struct trial_findings *findings, bool *is_ready, struct buffer *notes, struct error *err);

void trial_findings_free(struct trial_findings *findings);

static inline void trial_findings_free_at(struct trial_findings *findings) {
    trial_findings_free(findings);
}
