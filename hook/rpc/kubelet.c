#include "rpc/kubelet.h"

#include "rpc/client.h"

#define METHOD(name) "/v1.PodResourcesLister/" name

/* Both requests are empty messages. */
static int ask(const char *socket, const char *method, struct buffer *reply, struct error *err) {
    struct rpc_status status;
    CLEANUP(rpc_client_close) struct rpc_client *client = rpc_client_open(socket, err);
    if (!client)
        return -1;
    if (rpc_client_call(client, method, (struct bytes){0}, KUBELET_TIMEOUT_MS, reply, &status) == 0)
        return 0;
    return error_set(err, ERROR_INTERNAL, "the kubelet at %s does not say which devices its pods have: %s: %s", socket,
                     status.name, status.message);
}

int kubelet_list(const char *socket, struct pod_list *list, struct error *err) {
    CLEANUP(buffer_free) struct buffer reply = {0};
    return ask(socket, METHOD("List"), &reply, err) < 0 ? -1 : pod_list_parse(buffer_bytes(&reply), list, err);
}

int kubelet_list_allocatable(const char *socket, struct pod_list *list, struct error *err) {
    CLEANUP(buffer_free) struct buffer reply = {0};
    return ask(socket, METHOD("GetAllocatableResources"), &reply, err) < 0
               ? -1
               : pod_list_parse_allocatable(buffer_bytes(&reply), list, err);
}
