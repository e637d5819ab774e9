/* The walk of a node hook: will the devices that this VM was given work? Asked before it starts, of the node alone:
 * there is no domain yet.
 *
 *   VMI -> options;  the kubelet's word -> devices;  host facts -> checks -> verdict
 */
#pragma once

#include "config/vmi.h"
#include "kubelet/pods.h"
#include "walk.h"

/* What the kubelet says. */
struct node_devices {
    const struct pod_list *pods; /* the VM's, and which devices each has; NULL: it could not be asked */

    /* All that it could give away, asked for where `pods` tells nothing of a resource, and then maybe several times;
     * NULL: it could not be asked. */
    const struct pod_list *(*allocatable)(void *context);
    void *context;
};

/* Judges the devices of the VM's pod. Those parts of the annotation that its owner may not set do not count. Of each
 * resource of which no pod of the VM's has a device that is known: those that the kubelet could give it, and only if
 * there are some and none of them is ready that is a refusal. Where it names none, nothing is. Of several pods that may
 * be the VM's one that is ready will do. `walk` needs no publisher and
 * no memory.
 *
 * Fails with ERROR_REFUSED and the remedies, or with ERROR_INPUT where the annotation cannot be read. Lines for the log
 * are in *reply, which has no domain; the caller gives it to walk_reply_free. Any thread may call it. */
int walk_node(const struct walk *walk, const struct vmi *vmi, const struct node_devices *devices,
              struct walk_reply *reply, struct error *err);
