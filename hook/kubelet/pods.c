#include "kubelet/pods.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "podresources_v1.pb-c.h"

static int add_device(struct pod *pod, const char *resource, const char *id, struct error *err) {
    struct pod_device *devices = reallocarray(pod->devices, pod->count + 1, sizeof(*devices));
    if (!devices)
        return error_no_memory(err);
    pod->devices = devices;
    struct pod_device *device = &devices[pod->count++];
    *device = (struct pod_device){resource ? strdup(resource) : NULL, strdup(id)};
    return (resource && !device->resource) || !device->id ? error_no_memory(err) : 0;
}

static int add_devices(struct pod *pod, V1__ContainerDevices *const *list, size_t count, struct error *err) {
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < list[i]->n_device_ids; j++)
            if (add_device(pod, list[i]->resource_name, list[i]->device_ids[j], err) < 0)
                return -1;
    return 0;
}

/* A driver's own name for the device, and the names that a container runtime knows it by: either may tell where it is.
 */
static int add_claimed(struct pod *pod, const V1__ClaimResource *claimed, struct error *err) {
    if (*claimed->device_name && add_device(pod, NULL, claimed->device_name, err) < 0)
        return -1;
    for (size_t i = 0; i < claimed->n_cdi_devices; i++)
        if (add_device(pod, NULL, claimed->cdi_devices[i]->name, err) < 0)
            return -1;
    return 0;
}

static int add_container(struct pod *pod, const V1__ContainerResources *container, struct error *err) {
    if (add_devices(pod, container->devices, container->n_devices, err) < 0)
        return -1;
    for (size_t i = 0; i < container->n_dynamic_resources; i++) {
        const V1__DynamicResource *resource = container->dynamic_resources[i];
        for (size_t j = 0; j < resource->n_claim_resources; j++)
            if (add_claimed(pod, resource->claim_resources[j], err) < 0)
                return -1;
    }
    return 0;
}

static void free_pod(struct pod *pod) {
    for (size_t i = 0; i < pod->count; i++) {
        free(pod->devices[i].resource);
        free(pod->devices[i].id);
    }
    free(pod->devices);
    free(pod->name);
    free(pod->namespace);
}

static int add_pod(struct pod_list *list, const V1__PodResources *resources, struct error *err) {
    struct pod *pod = &list->pods[list->count++];
    pod->name = strdup(resources->name);
    pod->namespace = strdup(resources->namespace_);
    if (!pod->name || !pod->namespace)
        return error_no_memory(err);
    for (size_t i = 0; i < resources->n_containers; i++)
        if (add_container(pod, resources->containers[i], err) < 0)
            return -1;
    if (pod->count == 0)
        free_pod(&list->pods[--list->count]);
    return 0;
}

/* Why there is no message; `failures` is memory_failures before. */
static int refuse(size_t failures, struct error *err) {
    if (memory_failures() != failures)
        return error_no_memory(err);
    return error_set(err, ERROR_INPUT, "the kubelet's answer is no message of its pod-resources API v1");
}

static bool is_of(const V1__PodResources *resources, const char *namespace, const char *vmi) {
    const struct pod pod = {.name = resources->name, .namespace = resources->namespace_};
    return !namespace || !vmi || pod_is_of(&pod, namespace, vmi);
}

int pod_list_parse(struct bytes response, const char *namespace, const char *vmi, struct pod_list *list,
                   struct error *err) {
    *list = (struct pod_list){0};
    const size_t failures = memory_failures();
    V1__ListPodResourcesResponse *message =
        v1__list_pod_resources_response__unpack(&memory_of_messages, response.size, response.data);
    if (!message)
        return refuse(failures, err);
    int failed = 0;
    list->pods = calloc(message->n_pod_resources + 1, sizeof(*list->pods));
    if (!list->pods)
        failed = error_no_memory(err);
    for (size_t i = 0; !failed && i < message->n_pod_resources; i++)
        failed = is_of(message->pod_resources[i], namespace, vmi) ? add_pod(list, message->pod_resources[i], err) : 0;
    v1__list_pod_resources_response__free_unpacked(message, &memory_of_messages);
    if (failed)
        pod_list_free(list);
    return failed;
}

int pod_list_parse_allocatable(struct bytes response, struct pod_list *list, struct error *err) {
    *list = (struct pod_list){0};
    const size_t failures = memory_failures();
    V1__AllocatableResourcesResponse *message =
        v1__allocatable_resources_response__unpack(&memory_of_messages, response.size, response.data);
    if (!message)
        return refuse(failures, err);
    list->pods = calloc(1, sizeof(*list->pods));
    list->count = list->pods != NULL;
    int failed = list->pods ? add_devices(list->pods, message->devices, message->n_devices, err) : error_no_memory(err);
    v1__allocatable_resources_response__free_unpacked(message, &memory_of_messages);
    if (failed)
        pod_list_free(list);
    return failed;
}

bool pod_is_of(const struct pod *pod, const char *namespace, const char *vmi) {
    enum { LONGEST = 58, RANDOM = 5 };
    char start[LONGEST + 1];
    snprintf(start, sizeof(start), "virt-launcher-%s-", vmi);
    const size_t size = strlen(start);
    if (!pod->name || strcmp(pod->namespace, namespace) != 0 || strncmp(pod->name, start, size) != 0)
        return false;
    const char *random = pod->name + size;
    return strlen(random) == RANDOM && !strchr(random, '-');
}

void pod_list_free(struct pod_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free_pod(&list->pods[i]);
    free(list->pods);
    *list = (struct pod_list){0};
}
