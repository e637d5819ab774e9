#include "rpc/kubelet.h"

#include "rpc/client.h"

#define METHOD(name) "/v1.PodResourcesLister/" name

/* Both requests are empty messages. */
static int ask(struct kubelet *kubelet, const char *method, struct buffer *reply, struct error *err) {
    enum { DEADLINE_EXCEEDED = 4 };
    struct rpc_status status;
    CLEANUP(rpc_client_close) struct rpc_client *client = rpc_client_open(kubelet->socket, err);
    if (!client)
        return -1;
    int failed = rpc_client_call(client, method, (struct bytes){0}, KUBELET_TIMEOUT_MS, reply, &status);
    kubelet->bytes += reply->size;
    kubelet->is_late = status.code == DEADLINE_EXCEEDED;
    return failed ? error_set(err, ERROR_INTERNAL, "the kubelet at %s does not say which devices its pods have: %s: %s",
                              kubelet->socket, status.name, status.message)
                  : 0;
}

int kubelet_list(struct kubelet *kubelet, struct pod_list *list, struct error *err) {
    CLEANUP(buffer_free) struct buffer reply = {0};
    return ask(kubelet, METHOD("List"), &reply, err) < 0
               ? -1
               : pod_list_parse(buffer_bytes(&reply), kubelet->namespace, kubelet->vmi, list, err);
}

int kubelet_list_allocatable(struct kubelet *kubelet, struct pod_list *list, struct error *err) {
    CLEANUP(buffer_free) struct buffer reply = {0};
    return ask(kubelet, METHOD("GetAllocatableResources"), &reply, err) < 0
               ? -1
               : pod_list_parse_allocatable(buffer_bytes(&reply), list, err);
}
