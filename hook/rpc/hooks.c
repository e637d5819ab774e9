#include "rpc/hooks.h"

#include "base/log.h"
#include "info.pb-c.h"
#include "rpc/answer.h"
#include "rpc/message.h"
#include "v1alpha3.pb-c.h"

static const char *const version_names[] = {
    [HOOK_V1ALPHA1] = "v1alpha1", [HOOK_V1ALPHA2] = "v1alpha2", [HOOK_V1ALPHA3] = "v1alpha3"};

int hook_version_parse(const char *name, enum hook_version *version) {
    int found = text_choice(name, version_names, HOOK_V1ALPHA3 + 1);
    if (found < 0)
        return -1;
    *version = (enum hook_version)found;
    return 0;
}

/* KubeVirt adds messages' fields over time: those we do not know are skipped by protobuf-c, as proto3 wants. */
static int handle_info(void *context, struct bytes request, struct buffer *reply, struct error *err) {
    const struct hooks *hooks = context;
    CLEANUP(message_free)
    ProtobufCMessage *params = message_decode(&kubevirt__hooks__info__info_params__descriptor, request, err);
    if (!params)
        return -1;
    log_info("Info method has been called");
    /* Priority orders nothing across sidecars; 0 is what KubeVirt's own use. */
    Kubevirt__Hooks__Info__HookPoint points[] = {KUBEVIRT__HOOKS__INFO__HOOK_POINT__INIT,
                                                 KUBEVIRT__HOOKS__INFO__HOOK_POINT__INIT};
    points[0].name = (char *)"OnDefineDomain";
    points[1].name = (char *)"Shutdown";
    Kubevirt__Hooks__Info__HookPoint *point_list[] = {&points[0], &points[1]};
    char *versions[HOOK_V1ALPHA3];
    Kubevirt__Hooks__Info__InfoResult result = KUBEVIRT__HOOKS__INFO__INFO_RESULT__INIT;
    result.name = (char *)"kubevirt-gpu-hook";
    result.hookpoints = point_list;
    result.n_hookpoints = hooks->last == HOOK_V1ALPHA3 ? 2 : 1;
    result.versions = versions;
    for (enum hook_version i = hooks->first; i <= hooks->last; i++)
        versions[result.n_versions++] = (char *)version_names[i];
    return message_encode(&result.base, reply, err);
}

/* The messages of the three versions are the same on the wire; the version is told by the method's path alone. */
static int handle_on_define_domain(void *context, struct bytes request, struct buffer *reply, struct error *err) {
    const struct hooks *hooks = context;
    CLEANUP(message_free)
    ProtobufCMessage *message =
        message_decode(&kubevirt__hooks__v1alpha3__on_define_domain_params__descriptor, request, err);
    if (!message)
        return -1;
    const Kubevirt__Hooks__V1alpha3__OnDefineDomainParams *params = (void *)message;
    log_info("OnDefineDomain method has been called");
    CLEANUP(buffer_free) struct buffer domain = {0};
    if (answer_domain(hooks->walk, WALK_UNTOLD, "OnDefineDomain",
                      (struct bytes){params->domainxml.data, params->domainxml.len},
                      (struct bytes){params->vmi.data, params->vmi.len}, &domain, err) < 0)
        return -1;
    Kubevirt__Hooks__V1alpha3__OnDefineDomainResult result = KUBEVIRT__HOOKS__V1ALPHA3__ON_DEFINE_DOMAIN_RESULT__INIT;
    result.domainxml = (ProtobufCBinaryData){domain.size, (uint8_t *)domain.data};
    return message_encode(&result.base, reply, err);
}

static int handle_shutdown(void *context, struct bytes request, struct buffer *reply, struct error *err) {
    const struct hooks *hooks = context;
    (void)request, (void)reply, (void)err; /* both messages are empty */
    log_info("Shutdown method has been called");
    hooks->on_shutdown(hooks->owner);
    return 0;
}

static const struct {
    const char *path;
    rpc_handler *handle;
    enum hook_version first, last; /* served when one of these is advertised */
    bool quick;
} method_table[] = {
    {HOOK_INFO_PATH, handle_info, HOOK_V1ALPHA1, HOOK_V1ALPHA3, true},
    {HOOK_CALLBACK_PATH("v1alpha1", "OnDefineDomain"), handle_on_define_domain, HOOK_V1ALPHA1, HOOK_V1ALPHA1, false},
    {HOOK_CALLBACK_PATH("v1alpha2", "OnDefineDomain"), handle_on_define_domain, HOOK_V1ALPHA2, HOOK_V1ALPHA2, false},
    {HOOK_CALLBACK_PATH("v1alpha3", "OnDefineDomain"), handle_on_define_domain, HOOK_V1ALPHA3, HOOK_V1ALPHA3, false},
    {HOOK_CALLBACK_PATH("v1alpha3", "Shutdown"), handle_shutdown, HOOK_V1ALPHA3, HOOK_V1ALPHA3, true},
};
_Static_assert(sizeof(method_table) / sizeof(method_table[0]) == HOOK_METHODS_MAX, "one row per method");

size_t hooks_methods(struct hooks *hooks, struct rpc_method methods[HOOK_METHODS_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < HOOK_METHODS_MAX; i++)
        if (method_table[i].first <= hooks->last && hooks->first <= method_table[i].last)
            methods[count++] =
                (struct rpc_method){method_table[i].path, method_table[i].handle, hooks, method_table[i].quick, NULL};
    return count;
}
