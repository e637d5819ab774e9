/* What the kubelet says of the devices that the pods of its node have: its pod-resources API, v1. Pure: bytes in,
 * structs out. */
#pragma once

#include "base/error.h"
#include "base/text.h"

struct pod_device {
    char *resource; /* "nvidia.com/GA102GL_A10"; NULL: it came by a resource claim (DRA) */
    char *id;       /* as its plugin names it; of a claim, what its driver calls it */
};

struct pod {
    char *name, *namespace;
    struct pod_device *devices; /* of all its containers */
    size_t count;
};

struct pod_list {
    struct pod *pods;
    size_t count;
};

/* Reads a ListPodResourcesResponse into *list (overwritten; on failure {0}): the pods of that VMI (NULL: all). Pods
 * without devices are left out. Fails with ERROR_INPUT or ERROR_LIMIT. pod_list_free gives it back. */
int pod_list_parse(struct bytes response, const char *namespace, const char *vmi, struct pod_list *list,
                   struct error *err);

/* Reads an AllocatableResourcesResponse, all devices of the node: a list of one pod without a name. */
int pod_list_parse_allocatable(struct bytes response, struct pod_list *list, struct error *err);

/* Is it a virt-launcher pod of that VMI? KubeVirt has Kubernetes name it: "virt-launcher-<VMI>-" and five characters,
 * where what stands before them is cut to 58 (k8s.io/apiserver, names.SimpleNameGenerator), so that of VMIs with long
 * names more than one may be meant. */
bool pod_is_of(const struct pod *pod, const char *namespace, const char *vmi);

void pod_list_free(struct pod_list *list);

static inline void pod_list_free_at(struct pod_list *list) {
    pod_list_free(list);
}
