/* The edits of a passthrough device, one row each. */
#pragma once

#include "domain/tree.h"
#include "plan/plan.h"

struct edit {
    const char *name; /* for messages */

    /* Does this decision ask for the edit? `decision` is NULL for a PCI hostdev that the plan does not know. */
    bool (*applies)(const struct decision *decision);

    /* Makes it so, on a <hostdev> that may have it already, wholly or in part. Returns 0 or -1. */
    int (*apply)(struct tree *tree, xmlNode *hostdev, const struct decision *decision, struct error *err);

    /* Is it so? Asked of the reply, parsed again: libvirt ignores silently what is written wrong. */
    bool (*landed)(const xmlNode *hostdev, const struct decision *decision);
};

extern const struct edit edit_table[];
extern const size_t edit_count;
