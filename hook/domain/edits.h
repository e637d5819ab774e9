/* The edits of a domain, one row each: those of a passthrough device, and those of the guest as a whole. */
#pragma once

#include "domain/tree.h"
#include "plan/plan.h"

struct device_edit {
    const char *name; /* for messages */

    /* Does this decision ask for the edit? `decision` is NULL for a hostdev that the plan does not know. */
    bool (*applies)(const struct device *device, const struct decision *decision);

    /* Makes it so, on a <hostdev> that may have it already, wholly or in part. Returns 0 or -1. */
    int (*apply)(struct tree *tree, xmlNode *hostdev, const struct decision *decision, struct error *err);

    /* Is it so? Asked of the reply, parsed again: libvirt ignores silently what is written wrong. */
    bool (*landed)(const xmlNode *hostdev, const struct decision *decision);
};

extern const struct device_edit device_edits[];
extern const size_t device_edit_count;

struct guest_edit {
    const char *name;
    bool (*applies)(const struct guest_decision *decision);
    int (*apply)(struct tree *tree, xmlNode *root, const struct guest_decision *decision, struct error *err);
    bool (*landed)(const xmlNode *root, const struct guest_decision *decision);
};

extern const struct guest_edit guest_edits[];
extern const size_t guest_edit_count;
