/* Asks the kubelet which devices the pods of its node have: v1.PodResourcesLister. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "kubelet/pods.h"

/* The kubelet's pod-resources socket, in Kubernetes since 1.15. */
#define KUBELET_SOCKET "/var/lib/kubelet/pod-resources/kubelet.sock"

/* Whom to ask, and what came of it. */
struct kubelet {
    const char *socket;
    const char *namespace, *vmi; /* whose pods; NULL: all */
    size_t bytes;                /* of its answers so far */
    bool is_late;                /* the last did not come in time */
};

/* Fills *list with the pods that have devices and are the VMI's (must be {0}; pod_list_free gives it back). Waits at
 * most KUBELET_TIMEOUT_MS: virt-handler waits for all of it. Fails with ERROR_INTERNAL where the kubelet does not
 * answer, with the socket in the message. */
#define KUBELET_TIMEOUT_MS 1000
int kubelet_list(struct kubelet *kubelet, struct pod_list *list, struct error *err);

/* The same for all devices that the kubelet could give away: one pod without a name. */
int kubelet_list_allocatable(struct kubelet *kubelet, struct pod_list *list, struct error *err);
