/* Any bytes as the request of any method that KubeVirt calls, on real hosts and with a bundle: the services' own
 * handlers answer with a message of the right type, or refuse for a reason, never with an ERROR_INTERNAL; a domain that
 * was answered is answered by itself; each line for the log is one. The input: a byte for the method, one for the host
 * and the policy, and the request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "domain/tree.h"
#include "info.pb-c.h"
#include "mutate/mutate.h"
#include "plugins_v1alpha1.pb-c.h"
#include "rom/builtin.h"
#include "rpc/hooks.h"
#include "rpc/kubelet.h"
#include "rpc/message.h"
#include "rpc/node_hook.h"
#include "rpc/plugin.h"
#include "v1alpha3.pb-c.h"

static const char *const hosts[] = {HOSTS "/workstation", HOSTS "/lab", HOSTS "/sxm", HOSTS "/vgpu", HOSTS "/narrow"};
enum { HOST_COUNT = sizeof(hosts) / sizeof(hosts[0]), WARN_ONLY = 64, OF_ADMIN = 128 };

static void trap(const char *text, struct bytes bytes) {
    fprintf(stderr, "%s\n%.*s\n", text, (int)bytes.size, (const char *)bytes.data);
    __builtin_trap();
}

/* --- what the linker puts in place of the hook's own (see CMakeLists.txt) ---------------------------------------- */

void __wrap_log_write(enum log_level level, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void __wrap_log_write(enum log_level level, const char *file, int line, const char *format, ...) {
    (void)level, (void)file, (void)line;
    CLEANUP(free) char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    if (text && strchr(text, '\n'))
        trap("more than one line for the log", (struct bytes){(const uint8_t *)text, strlen(text)});
}

/* The kubelet has given any VM an address, an IOMMU group and what is not there. */
int __wrap_kubelet_list(struct kubelet *kubelet, struct pod_list *list, struct error *err);
int __wrap_kubelet_list(struct kubelet *kubelet, struct pod_list *list, struct error *err) {
    static const struct {
        const char *resource, *id;
    } given[] = {{"nvidia.com/GA102GL_A10", "0000:e5:00.0"}, {"x/y", "18"}, {NULL, "GPU-5f3"}};
    enum { GIVEN = sizeof(given) / sizeof(given[0]) };
    struct pod *pod = calloc(1, sizeof(*pod));
    if (!pod)
        return error_no_memory(err);
    *list = (struct pod_list){pod, 1};
    *pod = (struct pod){.namespace = strdup(kubelet->namespace), .devices = calloc(GIVEN, sizeof(*pod->devices))};
    if (!pod->devices || !pod->namespace || asprintf(&pod->name, "virt-launcher-%s-abcde", kubelet->vmi) < 0)
        abort();
    for (size_t i = 0; i < GIVEN; i++) {
        pod->devices[i].resource = given[i].resource ? strdup(given[i].resource) : NULL;
        pod->devices[i].id = strdup(given[i].id);
    }
    pod->count = GIVEN;
    return 0;
}

int __wrap_kubelet_list_allocatable(struct kubelet *kubelet, struct pod_list *list, struct error *err);
int __wrap_kubelet_list_allocatable(struct kubelet *kubelet, struct pod_list *list, struct error *err) {
    (void)list;
    return error_set(err, ERROR_INTERNAL, "the kubelet at %s is an old one", kubelet->socket);
}

/* --- what no request changes ------------------------------------------------------------------------------------- */

static struct walk walk;
static struct hooks hooks = {.walk = &walk, .first = HOOK_V1ALPHA1, .last = HOOK_V1ALPHA3};
static struct plugin plugin = {.walk = &walk};
static struct node_hook node_hook = {.walk = &walk, .kubelet = "kubelet.sock", .lock = PTHREAD_MUTEX_INITIALIZER};
static struct rpc_method methods[HOOK_METHODS_MAX + PLUGIN_METHODS_MAX + NODE_HOOK_METHODS_MAX];
static size_t method_count;

static void do_nothing(void *owner) {
    (void)owner;
}

static void open_services(void) {
    static const struct trust anybody;
    static const char *const bundles[] = {BUNDLES "/lab", BUNDLES "/profiles"};
    static struct manifest builtin;
    struct error err = {0};
    tree_setup();
    if (sodium_init() < 0 || builtin_profiles(&builtin, &err) < 0 ||
        !(walk.publisher = publisher_open(NULL, "/compute", &err)) ||
        !(walk.bundles = bundle_set_open(bundles, sizeof(bundles) / sizeof(bundles[0]), &anybody, &err)))
        trap(err.message, (struct bytes){0});
    walk.builtin = &builtin;
    hooks.on_shutdown = do_nothing;
    method_count = hooks_methods(&hooks, methods);
    method_count += plugin_methods(&plugin, methods + method_count);
    method_count += node_hook_methods(&node_hook, methods + method_count);
}

/* --- one request ------------------------------------------------------------------------------------------------- */

/* The answer's type, by the last word of the path; of the two that carry a domain, the request's, too. */
static const struct {
    const char *name;
    const ProtobufCMessageDescriptor *answer, *request;
} types[] = {
    {"/Info", &kubevirt__hooks__info__info_result__descriptor, NULL},
    {"/Shutdown", &kubevirt__hooks__v1alpha3__shutdown_result__descriptor, NULL},
    {"/OnDefineDomain", &kubevirt__hooks__v1alpha3__on_define_domain_result__descriptor,
     &kubevirt__hooks__v1alpha3__on_define_domain_params__descriptor},
    {"/MutateDomain", &kubevirt__hooks__plugins__v1alpha1__mutate_domain_response__descriptor,
     &kubevirt__hooks__plugins__v1alpha1__mutate_domain_request__descriptor},
    {"/ExecuteNodeHook", &kubevirt__hooks__plugins__v1alpha1__execute_node_hook_response__descriptor, NULL},
};
enum { TYPE_COUNT = sizeof(types) / sizeof(types[0]) };

static size_t type_of(const struct rpc_method *method) {
    size_t type = 0;
    while (type < TYPE_COUNT && strcmp(strrchr(method->path, '/'), types[type].name) != 0)
        type++;
    if (type == TYPE_COUNT)
        trap("a method that is not known here", (struct bytes){(const uint8_t *)method->path, strlen(method->path)});
    return type;
}

/* Returns whether it was answered. */
static bool call(const struct rpc_method *method, struct bytes request, struct buffer *reply) {
    struct error err = {0};
    if (method->is_quick)
        method->is_quick(request);
    int failed = method->handle(method->context, request, reply, &err);
    if (failed ? err.code == ERROR_NONE || err.code == ERROR_INTERNAL || !err.message[0] : err.code != ERROR_NONE)
        trap(err.message, request);
    if (utf8_valid_prefix((struct bytes){(const uint8_t *)err.message, strlen(err.message)}) != strlen(err.message))
        trap("a status that gRPC does not take", request);
    return !failed;
}

/* Both messages that carry a domain have it in a field of this type. */
static ProtobufCBinaryData *domain_of(ProtobufCMessage *message, const char *field) {
    const ProtobufCFieldDescriptor *found = protobuf_c_message_descriptor_get_field_by_name(message->descriptor, field);
    return (ProtobufCBinaryData *)(void *)((char *)message + found->offset);
}

/* The request again, with the domain that was answered. */
static void call_again(const struct rpc_method *method, struct bytes request, ProtobufCMessage *answer) {
    const ProtobufCMessageDescriptor *type = types[type_of(method)].request;
    const char *field = strcmp(type->fields[0].name, "domainXML") == 0 ? "domainXML" : "domain";
    CLEANUP(message_free) ProtobufCMessage *asked = message_decode(type, request, NULL);
    CLEANUP(buffer_free) struct buffer again = {0};
    CLEANUP(buffer_free) struct buffer reply = {0};
    ProtobufCBinaryData *domain = domain_of(asked, field), *answered = domain_of(answer, field), kept = *domain;
    *domain = *answered;
    int failed = message_encode(asked, &again, NULL);
    *domain = kept;
    if (failed || !call(method, buffer_bytes(&again), &reply))
        trap("what was answered is refused", buffer_bytes(&again));
    CLEANUP(message_free)
    ProtobufCMessage *second = message_decode(types[type_of(method)].answer, buffer_bytes(&reply), NULL);
    const ProtobufCBinaryData *text = domain_of(second, field);
    if (text->len != answered->len || (text->len && memcmp(text->data, answered->data, text->len) != 0))
        trap("what was answered is answered otherwise", (struct bytes){text->data, text->len});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    if (method_count == 0)
        open_services();
    const struct rpc_method *method = &methods[data[0] % method_count];
    const struct bytes request = {data + 2, size - 2};
    CLEANUP(buffer_free) struct buffer reply = {0};
    walk.sysfs = hosts[data[1] % HOST_COUNT];
    walk.policy = data[1] & WARN_ONLY ? POLICY_WARN : POLICY_ENFORCE;
    walk.is_of_admin = data[1] & OF_ADMIN;
    if (!call(method, request, &reply))
        return 0;
    CLEANUP(message_free)
    ProtobufCMessage *answer = message_decode(types[type_of(method)].answer, buffer_bytes(&reply), NULL);
    if (!answer)
        trap("the answer is no message of its type", buffer_bytes(&reply));
    if (types[type_of(method)].request)
        call_again(method, request, answer);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    return mutate_custom(mutate_wire, 2, size, (struct input){data, size, most}, seed);
}
