/* call: what virt-launcher and virt-handler would ask our sockets, asked by hand. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/setup.h"
#include "info.pb-c.h"
#include "plugins_v1alpha1.pb-c.h"
#include "rpc/client.h"
#include "rpc/hooks.h"
#include "rpc/message.h"
#include "rpc/node_hook.h"
#include "rpc/plugin.h"
#include "v1alpha3.pb-c.h"

enum { KEY_SOCKET = 's', KEY_DOMAIN = 'd', KEY_VMI = 'v', KEY_VERSION = 2000, KEY_CONTEXT, KEY_POINT };

/* KubeVirt's own limits. */
enum { INFO_TIMEOUT_MS = 1000, CALLBACK_TIMEOUT_MS = 60000, PLUGIN_TIMEOUT_MS = 30000 };

struct call {
    const struct method *method;
    const char *socket, *domain, *vmi, *version, *context, *point;
};

static const struct argp_option options[] = {
    {"socket", KEY_SOCKET, "PATH", 0, "the hook's socket", 0},
    {"domain", KEY_DOMAIN, "FILE", 0, "OnDefineDomain, MutateDomain: the domain XML (- for standard input)", 0},
    {"vmi", KEY_VMI, "FILE", 0, "OnDefineDomain, MutateDomain, ExecuteNodeHook: the VirtualMachineInstance as JSON", 0},
    {"context", KEY_CONTEXT, "WORD", 0, "MutateDomain: Boot (default), MigrationSource or MigrationTarget", 0},
    {"point", KEY_POINT, "WORD", 0, "ExecuteNodeHook: PreVMStart (default), or another point of a VM's life", 0},
    {"version", KEY_VERSION, "v1alphaN", 0, "OnDefineDomain, Shutdown: v1alpha1, v1alpha2 or v1alpha3 (default)", 0},
    {0},
};

typedef int method_call(const struct call *call, struct error *err);
static method_call call_info, call_on_define_domain, call_shutdown, call_mutate_domain, call_execute_node_hook;

#define NAMES "Info, OnDefineDomain, Shutdown, MutateDomain, ExecuteNodeHook"
static const struct method {
    const char *name;
    method_call *run;
    bool brings_domain, brings_vmi;
} methods[] = {
    {"Info", call_info, false, false},
    {"OnDefineDomain", call_on_define_domain, true, true},
    {"Shutdown", call_shutdown, false, false},
    {"MutateDomain", call_mutate_domain, true, true},
    {"ExecuteNodeHook", call_execute_node_hook, false, true},
};

static const struct method *find_method(const char *name) {
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strcmp(name, methods[i].name) == 0)
            return &methods[i];
    return NULL;
}

static void take_method(struct call *call, const char *name, struct argp_state *state) {
    if (call->method)
        argp_error(state, "one method at a time");
    if (!(call->method = find_method(name)))
        argp_error(state, "no method '%s': it is one of " NAMES, name);
}

static void check_all(const struct call *call, struct argp_state *state) {
    if (!call->method)
        argp_error(state, "which method? One of " NAMES);
    else if (!call->socket)
        argp_error(state, "--socket is needed");
    else if ((call->method->brings_domain && !call->domain) || (call->method->brings_vmi && !call->vmi))
        argp_error(state, "%s needs %s--vmi", call->method->name, call->method->brings_domain ? "--domain and " : "");
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct call *call = state->input;
    enum hook_version version;
    switch (key) {
    case KEY_SOCKET:
        call->socket = argument;
        return 0;
    case KEY_DOMAIN:
        call->domain = argument;
        return 0;
    case KEY_VMI:
        call->vmi = argument;
        return 0;
    case KEY_CONTEXT:
        call->context = argument;
        return 0;
    case KEY_POINT:
        call->point = argument;
        return 0;
    case KEY_VERSION:
        if (hook_version_parse(argument, &version) < 0)
            argp_error(state, "--version: '%s' is none of v1alpha1, v1alpha2, v1alpha3", argument);
        call->version = argument;
        return 0;
    case ARGP_KEY_ARG:
        take_method(call, argument, state);
        return 0;
    case ARGP_KEY_END:
        check_all(call, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int send_call(const struct call *call, const char *path, int timeout_ms, struct bytes request,
                     struct buffer *reply, struct error *err) {
    CLEANUP(rpc_client_close) struct rpc_client *client = rpc_client_open(call->socket, err);
    if (!client)
        return -1;
    struct rpc_status status;
    if (rpc_client_call(client, path, request, timeout_ms, reply, &status) == 0)
        return 0;
    fprintf(stderr, "error: %s: %s\n", status.name, status.message);
    return error_set(err, ERROR_REFUSED, "the call failed");
}

/* Sends a message and reads the one that comes back, or returns NULL. message_free gives it back. */
static ProtobufCMessage *exchange(const struct call *call, const char *path, int timeout_ms,
                                  const ProtobufCMessage *message, const ProtobufCMessageDescriptor *expected,
                                  struct error *err) {
    CLEANUP(buffer_free) struct buffer request = {0};
    CLEANUP(buffer_free) struct buffer reply = {0};
    if (message_encode(message, &request, err) < 0 ||
        send_call(call, path, timeout_ms, buffer_bytes(&request), &reply, err) < 0)
        return NULL;
    return message_decode(expected, buffer_bytes(&reply), err);
}

static int read_inputs(const struct call *call, struct buffer *domain, struct buffer *vmi, struct error *err) {
    return file_read(call->domain, SIZE_MAX, domain, err) < 0 || file_read(call->vmi, SIZE_MAX, vmi, err) < 0 ? -1 : 0;
}

static ProtobufCBinaryData data_of(const struct buffer *buffer) {
    return (ProtobufCBinaryData){buffer->size, (uint8_t *)buffer->data};
}

static int print_domain(ProtobufCBinaryData domain, struct error *err) {
    if (file_write_all(STDOUT_FILENO, (struct bytes){domain.data, domain.len}) < 0)
        return error_set(err, ERROR_INTERNAL, "cannot write the result");
    return 0;
}

static int call_info(const struct call *call, struct error *err) {
    const Kubevirt__Hooks__Info__InfoParams params = KUBEVIRT__HOOKS__INFO__INFO_PARAMS__INIT;
    CLEANUP(message_free)
    ProtobufCMessage *message = exchange(call, HOOK_INFO_PATH, INFO_TIMEOUT_MS, &params.base,
                                         &kubevirt__hooks__info__info_result__descriptor, err);
    if (!message)
        return -1;
    const Kubevirt__Hooks__Info__InfoResult *info = (void *)message;
    printf("name: %s\n", info->name);
    for (size_t i = 0; i < info->n_versions; i++)
        printf("version: %s\n", info->versions[i]);
    for (size_t i = 0; i < info->n_hookpoints; i++)
        printf("hook point: %s, priority %d\n", info->hookpoints[i]->name, info->hookpoints[i]->priority);
    return 0;
}

static const char *callback_path(const struct call *call, const char *name, char storage[96]) {
    snprintf(storage, 96, HOOK_CALLBACK_PATH("%s", "%s"), call->version ? call->version : "v1alpha3", name);
    return storage;
}

static int call_on_define_domain(const struct call *call, struct error *err) {
    CLEANUP(buffer_free) struct buffer domain = {0};
    CLEANUP(buffer_free) struct buffer vmi = {0};
    char path[96];
    if (read_inputs(call, &domain, &vmi, err) < 0)
        return -1;
    Kubevirt__Hooks__V1alpha3__OnDefineDomainParams params = KUBEVIRT__HOOKS__V1ALPHA3__ON_DEFINE_DOMAIN_PARAMS__INIT;
    params.domainxml = data_of(&domain);
    params.vmi = data_of(&vmi);
    CLEANUP(message_free)
    ProtobufCMessage *message =
        exchange(call, callback_path(call, "OnDefineDomain", path), CALLBACK_TIMEOUT_MS, &params.base,
                 &kubevirt__hooks__v1alpha3__on_define_domain_result__descriptor, err);
    return message ? print_domain(((Kubevirt__Hooks__V1alpha3__OnDefineDomainResult *)message)->domainxml, err) : -1;
}

static int call_shutdown(const struct call *call, struct error *err) {
    const Kubevirt__Hooks__V1alpha3__ShutdownParams params = KUBEVIRT__HOOKS__V1ALPHA3__SHUTDOWN_PARAMS__INIT;
    char path[96];
    CLEANUP(message_free)
    ProtobufCMessage *message = exchange(call, callback_path(call, "Shutdown", path), CALLBACK_TIMEOUT_MS, &params.base,
                                         &kubevirt__hooks__v1alpha3__shutdown_result__descriptor, err);
    return message ? 0 : -1;
}

static int call_mutate_domain(const struct call *call, struct error *err) {
    CLEANUP(buffer_free) struct buffer domain = {0};
    CLEANUP(buffer_free) struct buffer vmi = {0};
    if (read_inputs(call, &domain, &vmi, err) < 0)
        return -1;
    Kubevirt__Hooks__Plugins__V1alpha1__SidecarContext context =
        KUBEVIRT__HOOKS__PLUGINS__V1ALPHA1__SIDECAR_CONTEXT__INIT;
    context.invocation_context = (char *)(call->context ? call->context : "Boot");
    Kubevirt__Hooks__Plugins__V1alpha1__MutateDomainRequest request =
        KUBEVIRT__HOOKS__PLUGINS__V1ALPHA1__MUTATE_DOMAIN_REQUEST__INIT;
    request.domain_type = (char *)"libvirt";
    request.domain = data_of(&domain);
    request.vmi = data_of(&vmi);
    request.sidecar_context = &context;
    CLEANUP(message_free)
    ProtobufCMessage *message = exchange(call, PLUGIN_MUTATE_DOMAIN_PATH, PLUGIN_TIMEOUT_MS, &request.base,
                                         &kubevirt__hooks__plugins__v1alpha1__mutate_domain_response__descriptor, err);
    return message ? print_domain(((Kubevirt__Hooks__Plugins__V1alpha1__MutateDomainResponse *)message)->domain, err)
                   : -1;
}

static int call_execute_node_hook(const struct call *call, struct error *err) {
    CLEANUP(buffer_free) struct buffer vmi = {0};
    if (file_read(call->vmi, SIZE_MAX, &vmi, err) < 0)
        return -1;
    Kubevirt__Hooks__Plugins__V1alpha1__ExecuteNodeHookRequest request =
        KUBEVIRT__HOOKS__PLUGINS__V1ALPHA1__EXECUTE_NODE_HOOK_REQUEST__INIT;
    request.hookpoint = (char *)(call->point ? call->point : "PreVMStart");
    request.vmi = data_of(&vmi);
    CLEANUP(message_free)
    ProtobufCMessage *message =
        exchange(call, NODE_HOOK_PATH, PLUGIN_TIMEOUT_MS, &request.base,
                 &kubevirt__hooks__plugins__v1alpha1__execute_node_hook_response__descriptor, err);
    return message ? 0 : -1;
}

int cmd_call(int argc, char **argv) {
    static const struct argp argp = {options,
                                     parse,
                                     "Info|OnDefineDomain|Shutdown|MutateDomain|ExecuteNodeHook --socket PATH",
                                     "Calls a hook's socket as KubeVirt does and prints the answer.\v"
                                     "Examples:\n"
                                     "  kubevirt-gpu-hook call Info --socket /var/run/kubevirt-hooks/gpu-hook-0.sock\n"
                                     "  kubevirt-gpu-hook call OnDefineDomain --socket S --domain vm.xml \\\n"
                                     "      --vmi vmi.json\n"
                                     "  kubevirt-gpu-hook call MutateDomain --socket S --domain vm.xml \\\n"
                                     "      --vmi vmi.json --context MigrationTarget\n"
                                     "  kubevirt-gpu-hook call ExecuteNodeHook --socket S --vmi vmi.json\n"
                                     "Exit status: 0 fine, 1 refused or no answer, 64 wrong usage.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct call call = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &call) != 0)
        return EXIT_USAGE;
    struct error err = {0};
    if (call.method->run(&call, &err) == 0)
        return EXIT_FINE;
    /* What the server said has been printed. */
    return err.code == ERROR_REFUSED ? EXIT_BAD : setup_report(&err);
}
