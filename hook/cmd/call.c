/* call: what virt-launcher would ask the sidecar, asked by hand. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/setup.h"
#include "info.pb-c.h"
#include "rpc/client.h"
#include "rpc/hooks.h"
#include "rpc/message.h"
#include "v1alpha3.pb-c.h"

enum { KEY_SOCKET = 's', KEY_DOMAIN = 'd', KEY_VMI = 'v', KEY_VERSION = 2000 };

/* KubeVirt's own limits. */
enum { INFO_TIMEOUT_MS = 1000, CALLBACK_TIMEOUT_MS = 60000 };

struct call {
    const char *method, *socket, *domain, *vmi, *version;
};

static const struct argp_option options[] = {
    {"socket", KEY_SOCKET, "PATH", 0, "the hook's socket", 0},
    {"domain", KEY_DOMAIN, "FILE", 0, "OnDefineDomain: the domain XML (- for standard input)", 0},
    {"vmi", KEY_VMI, "FILE", 0, "OnDefineDomain: the VirtualMachineInstance as JSON", 0},
    {"version", KEY_VERSION, "v1alphaN", 0, "the hook version to call (default v1alpha3)", 0},
    {0},
};

typedef int method_call(const struct call *call, struct error *err);
static method_call call_info, call_on_define_domain, call_shutdown;

static const struct method {
    const char *name;
    method_call *run;
} methods[] = {
    {"Info", call_info},
    {"OnDefineDomain", call_on_define_domain},
    {"Shutdown", call_shutdown},
};

static const struct method *find_method(const char *name) {
    for (size_t i = 0; name && i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strcmp(name, methods[i].name) == 0)
            return &methods[i];
    return NULL;
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
    case KEY_VERSION:
        if (hook_version_parse(argument, &version) < 0)
            argp_error(state, "--version: '%s' is none of v1alpha1, v1alpha2, v1alpha3", argument);
        call->version = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (call->method)
            argp_error(state, "one method at a time");
        call->method = argument;
        return 0;
    case ARGP_KEY_END:
        if (!call->method)
            argp_error(state, "which method? Info, OnDefineDomain or Shutdown");
        if (!call->socket)
            argp_error(state, "--socket is needed");
        if (!find_method(call->method))
            argp_error(state, "no method '%s': Info, OnDefineDomain or Shutdown", call->method ? call->method : "");
        if (call->method && strcmp(call->method, "OnDefineDomain") == 0 && (!call->domain || !call->vmi))
            argp_error(state, "OnDefineDomain needs --domain and --vmi");
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

static int call_info(const struct call *call, struct error *err) {
    CLEANUP(buffer_free) struct buffer reply = {0};
    if (send_call(call, HOOK_INFO_PATH, INFO_TIMEOUT_MS, (struct bytes){0}, &reply, err) < 0)
        return -1;
    CLEANUP(message_free)
    ProtobufCMessage *message =
        message_decode(&kubevirt__hooks__info__info_result__descriptor, buffer_bytes(&reply), err);
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
    CLEANUP(buffer_free) struct buffer request = {0};
    CLEANUP(buffer_free) struct buffer reply = {0};
    if (file_read(call->domain, SIZE_MAX, &domain, err) < 0 || file_read(call->vmi, SIZE_MAX, &vmi, err) < 0)
        return -1;
    Kubevirt__Hooks__V1alpha3__OnDefineDomainParams params = KUBEVIRT__HOOKS__V1ALPHA3__ON_DEFINE_DOMAIN_PARAMS__INIT;
    params.domainxml = (ProtobufCBinaryData){domain.size, (uint8_t *)domain.data};
    params.vmi = (ProtobufCBinaryData){vmi.size, (uint8_t *)vmi.data};
    char path[96];
    if (message_encode(&params.base, &request, err) < 0 ||
        send_call(call, callback_path(call, "OnDefineDomain", path), CALLBACK_TIMEOUT_MS, buffer_bytes(&request),
                  &reply, err) < 0)
        return -1;
    CLEANUP(message_free)
    ProtobufCMessage *message =
        message_decode(&kubevirt__hooks__v1alpha3__on_define_domain_result__descriptor, buffer_bytes(&reply), err);
    if (!message)
        return -1;
    const Kubevirt__Hooks__V1alpha3__OnDefineDomainResult *result = (void *)message;
    if (file_write_all(STDOUT_FILENO, (struct bytes){result->domainxml.data, result->domainxml.len}) < 0)
        return error_set(err, ERROR_INTERNAL, "cannot write the result");
    return 0;
}

static int call_shutdown(const struct call *call, struct error *err) {
    CLEANUP(buffer_free) struct buffer reply = {0};
    char path[96];
    return send_call(call, callback_path(call, "Shutdown", path), CALLBACK_TIMEOUT_MS, (struct bytes){0}, &reply, err);
}

int cmd_call(int argc, char **argv) {
    static const struct argp argp = {
        options,
        parse,
        "Info|OnDefineDomain|Shutdown --socket PATH",
        "Calls a hook's socket as virt-launcher does and prints the answer.\v"
        "Examples:\n"
        "  kubevirt-gpu-hook call Info --socket /var/run/kubevirt-hooks/gpu-hook-0.sock\n"
        "  kubevirt-gpu-hook call OnDefineDomain --socket S --domain vm.xml --vmi vmi.json\n"
        "Exit status: 0 fine, 1 refused or no answer, 64 wrong usage.",
        NULL,
        NULL,
        NULL};
    struct call call = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &call) != 0)
        return EXIT_USAGE;
    struct error err = {0};
    if (find_method(call.method)->run(&call, &err) == 0)
        return EXIT_FINE;
    /* What the server said has been printed. */
    return err.code == ERROR_REFUSED ? EXIT_BAD : setup_report(&err);
}
