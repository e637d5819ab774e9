#include "rpc/node_hook.h"

#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "plugins_v1alpha1.pb-c.h"
#include "rpc/answer.h"
#include "rpc/kubelet.h"
#include "rpc/message.h"
#include "walk_node.h"

/* Where a VM is about to get its devices, the node is looked at; everywhere else there is nothing to do. */
static const struct {
    const char *name;
    bool is_checked;
} points[NODE_HOOK_OTHER] = {
    [NODE_HOOK_PRE_VM_START] = {"PreVMStart", true},
    [NODE_HOOK_POST_VM_START] = {"PostVMStart", false},
    [NODE_HOOK_PRE_VM_STOP] = {"PreVMStop", false},
    [NODE_HOOK_POST_VM_STOP] = {"PostVMStop", false},
    [NODE_HOOK_PRE_MIGRATION_SOURCE] = {"PreMigrationSource", false},
    [NODE_HOOK_POST_MIGRATION_SOURCE] = {"PostMigrationSource", false},
    [NODE_HOOK_PRE_MIGRATION_TARGET] = {"PreMigrationTarget", true},
    [NODE_HOOK_POST_MIGRATION_TARGET] = {"PostMigrationTarget", false},
};

static enum node_hook_point find_point(const char *name) {
    for (enum node_hook_point i = 0; i < NODE_HOOK_OTHER; i++)
        if (strcmp(points[i].name, name) == 0)
            return i;
    return NODE_HOOK_OTHER;
}

/* --- one call ------------------------------------------------------------------------------------------------ */

/* For so long a kubelet that did not answer in time is not asked. */
#define SILENCE_SECONDS 5

/* What a call has heard of the kubelet. */
struct hearing {
    struct node_hook *hook;
    struct kubelet kubelet;
    struct pod_list pods, allocatable;
    bool knows_allocatable;
    struct error silent; /* why it says nothing */
};

typedef int kubelet_question(struct kubelet *kubelet, struct pod_list *list, struct error *err);

static time_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static void set_silent_until(struct node_hook *hook, time_t until) {
    pthread_mutex_lock(&hook->lock);
    hook->silent_until = until;
    pthread_mutex_unlock(&hook->lock);
}

/* A kubelet that hangs is left alone for a while: with every call waiting for it, others' would come too late. */
static int ask(struct hearing *hearing, kubelet_question *question, struct pod_list *list) {
    struct node_hook *hook = hearing->hook;
    pthread_mutex_lock(&hook->lock);
    const bool is_silent = now() < hook->silent_until;
    pthread_mutex_unlock(&hook->lock);
    if (is_silent)
        return error_set(&hearing->silent, ERROR_INTERNAL,
                         "the kubelet at %s did not answer in time a moment ago: it is not asked", hook->kubelet);
    if (question(&hearing->kubelet, list, &hearing->silent) == 0)
        return 0;
    if (hearing->kubelet.is_late)
        set_silent_until(hook, now() + SILENCE_SECONDS);
    return -1;
}

static const struct pod_list *ask_allocatable(void *context) {
    struct hearing *hearing = context;
    if (!hearing->knows_allocatable && hearing->silent.code == ERROR_NONE)
        hearing->knows_allocatable = ask(hearing, kubelet_list_allocatable, &hearing->allocatable) == 0;
    return hearing->knows_allocatable ? &hearing->allocatable : NULL;
}

static int judge(struct node_hook *hook, struct bytes vmi_text, struct walk_reply *reply, struct error *err) {
    CLEANUP(vmi_free) struct vmi vmi = {0};
    struct hearing hearing = {.hook = hook, .kubelet = {.socket = hook->kubelet}};
    struct vmi_request request;
    if (vmi_parse(vmi_text, &vmi, err) < 0)
        return -1;
    if (!vmi_request(&vmi, 0, &request)) /* as most VMs of a cluster */
        return 0;
    hearing.kubelet.namespace = vmi.namespace;
    hearing.kubelet.vmi = vmi.name;
    const bool is_named = vmi.namespace && vmi.name; /* else no pod can be told to be its */
    const struct pod_list *pods = is_named && ask(&hearing, kubelet_list, &hearing.pods) == 0 ? &hearing.pods : NULL;
    const struct node_devices devices = {pods, ask_allocatable, &hearing};
    int failed = walk_node(hook->walk, &vmi, &devices, reply, err);
    if (hearing.silent.code != ERROR_NONE)
        buffer_printf(&reply->warnings, "%s\n", hearing.silent.message);
    pod_list_free(&hearing.pods);
    pod_list_free(&hearing.allocatable);
    memory_trim(hearing.kubelet.bytes);
    return failed;
}

static void count_call(struct node_hook *hook, enum node_hook_point point, enum error_code code,
                       const struct timespec *start) {
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    const double seconds = (double)(end.tv_sec - start->tv_sec) + (double)(end.tv_nsec - start->tv_nsec) / 1e9;
    pthread_mutex_lock(&hook->lock);
    hook->calls.count[point]++;
    hook->calls.refused[point] += code == ERROR_REFUSED;
    hook->calls.failed[point] += code != ERROR_NONE && code != ERROR_REFUSED;
    hook->calls.seconds += seconds;
    for (size_t i = 0; i < NODE_HOOK_BUCKETS; i++)
        hook->calls.durations[i] += seconds <= node_hook_buckets[i];
    pthread_mutex_unlock(&hook->lock);
}

static int handle_execute(void *context, struct bytes request, struct buffer *reply, struct error *err) {
    struct node_hook *hook = context;
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    CLEANUP(message_free)
    ProtobufCMessage *message =
        message_decode(&kubevirt__hooks__plugins__v1alpha1__execute_node_hook_request__descriptor, request, err);
    if (!message) {
        count_call(hook, NODE_HOOK_OTHER, err->code, &start);
        return -1;
    }
    const Kubevirt__Hooks__Plugins__V1alpha1__ExecuteNodeHookRequest *asked = (void *)message;
    const enum node_hook_point point = find_point(asked->hookpoint);
    CLEANUP(walk_reply_free) struct walk_reply lines = {0};
    char storage[QUOTED_MAX];
    log_debug("ExecuteNodeHook method has been called: %s", text_quotable(asked->hookpoint, storage));
    if (point != NODE_HOOK_OTHER && points[point].is_checked)
        (void)judge(hook, (struct bytes){asked->vmi.data, asked->vmi.len}, &lines, err);
    answer_log(LOG_INFO, &lines.notes);
    answer_log(LOG_WARNING, &lines.warnings);
    count_call(hook, point, err->code, &start);
    if (err->code != ERROR_NONE) {
        log_error("%s refused: %s: %s", points[point].name, error_grpc_name(err->code), err->message);
        return -1;
    }
    const Kubevirt__Hooks__Plugins__V1alpha1__ExecuteNodeHookResponse response =
        KUBEVIRT__HOOKS__PLUGINS__V1ALPHA1__EXECUTE_NODE_HOOK_RESPONSE__INIT;
    return message_encode(&response.base, reply, err);
}

/* Points at which nothing is checked need not wait for those at which a slow kubelet is. */
static bool is_quick(struct bytes request) {
    struct error unread = {0};
    CLEANUP(message_free)
    ProtobufCMessage *message =
        message_decode(&kubevirt__hooks__plugins__v1alpha1__execute_node_hook_request__descriptor, request, &unread);
    if (!message)
        return true;
    const Kubevirt__Hooks__Plugins__V1alpha1__ExecuteNodeHookRequest *asked = (void *)message;
    const enum node_hook_point point = find_point(asked->hookpoint);
    return point == NODE_HOOK_OTHER || !points[point].is_checked;
}

size_t node_hook_methods(struct node_hook *hook, struct rpc_method methods[NODE_HOOK_METHODS_MAX]) {
    methods[0] = (struct rpc_method){NODE_HOOK_PATH, handle_execute, hook, false, is_quick};
    return NODE_HOOK_METHODS_MAX;
}

/* --- metrics ------------------------------------------------------------------------------------------------- */

const double node_hook_buckets[NODE_HOOK_BUCKETS] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5};

#define PREFIX "kubevirt_gpu_hook_node_hook_"

static void write_counter(const char *name, const char *help, const uint64_t counts[NODE_HOOK_POINTS],
                          struct buffer *out) {
    buffer_printf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s counter\n", name, help, name);
    for (enum node_hook_point i = 0; i < NODE_HOOK_POINTS; i++)
        if (i != NODE_HOOK_OTHER || counts[i])
            buffer_printf(out, PREFIX "%s{hook_point=\"%s\"} %llu\n", name,
                          i == NODE_HOOK_OTHER ? "other" : points[i].name, (unsigned long long)counts[i]);
}

void node_hook_write_metrics(struct node_hook *hook, struct buffer *out) {
    pthread_mutex_lock(&hook->lock);
    const struct node_hook_calls calls = hook->calls;
    pthread_mutex_unlock(&hook->lock);
    uint64_t total = 0;
    for (size_t i = 0; i < NODE_HOOK_POINTS; i++)
        total += calls.count[i];
    write_counter("calls_total", "Calls of virt-handler.", calls.count, out);
    write_counter("refusals_total", "Calls that were refused, so that the VM does not start.", calls.refused, out);
    write_counter("errors_total", "Calls that failed for another reason.", calls.failed, out);
    buffer_append_text(out, "# HELP " PREFIX "duration_seconds How long calls took.\n"
                            "# TYPE " PREFIX "duration_seconds histogram\n");
    for (size_t i = 0; i < NODE_HOOK_BUCKETS; i++)
        buffer_printf(out, PREFIX "duration_seconds_bucket{le=\"%g\"} %llu\n", node_hook_buckets[i],
                      (unsigned long long)calls.durations[i]);
    buffer_printf(out,
                  PREFIX "duration_seconds_bucket{le=\"+Inf\"} %llu\n" PREFIX "duration_seconds_sum %.6f\n" PREFIX
                         "duration_seconds_count %llu\n",
                  (unsigned long long)total, calls.seconds, (unsigned long long)total);
}
