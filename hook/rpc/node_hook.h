/* KubeVirt's plugin service for nodes, of its Plugin API v1alpha1: NodeHookService. */
#pragma once

#include <pthread.h>
#include <time.h>

#include "rpc/server.h"
#include "walk.h"

#define NODE_HOOK_METHODS_MAX 1

/* The points in a VM's life at which virt-handler calls (api/plugin/v1alpha1/types.go, KubeVirt 1.9), and the rest. */
enum node_hook_point {
    NODE_HOOK_PRE_VM_START,
    NODE_HOOK_POST_VM_START,
    NODE_HOOK_PRE_VM_STOP,
    NODE_HOOK_POST_VM_STOP,
    NODE_HOOK_PRE_MIGRATION_SOURCE,
    NODE_HOOK_POST_MIGRATION_SOURCE,
    NODE_HOOK_PRE_MIGRATION_TARGET,
    NODE_HOOK_POST_MIGRATION_TARGET,
    NODE_HOOK_OTHER, /* a later KubeVirt's */
    NODE_HOOK_POINTS
};

/* Seconds; what is slower is in none of them. */
#define NODE_HOOK_BUCKETS 8
extern const double node_hook_buckets[NODE_HOOK_BUCKETS];

/* Calls since the start. */
struct node_hook_calls {
    uint64_t count[NODE_HOOK_POINTS], refused[NODE_HOOK_POINTS], failed[NODE_HOOK_POINTS];
    uint64_t durations[NODE_HOOK_BUCKETS]; /* how many calls took no longer than each bucket */
    double seconds;                        /* all of them together */
};

struct node_hook {
    const struct walk *walk;
    const char *kubelet;  /* its pod-resources socket */
    pthread_mutex_t lock; /* of the rest */
    struct node_hook_calls calls;
    time_t silent_until; /* by the monotonic clock: the kubelet hangs, and is not asked before */
};

/* Fills `methods` with what `hook` (which must outlive the server) serves. Returns their number. */
size_t node_hook_methods(struct node_hook *hook, struct rpc_method methods[NODE_HOOK_METHODS_MAX]);

/* Appends the calls as Prometheus reads them. Any thread may call it. */
void node_hook_write_metrics(struct node_hook *hook, struct buffer *out);

/* The path, for clients. */
#define NODE_HOOK_PATH "/kubevirt.hooks.plugins.v1alpha1.NodeHookService/ExecuteNodeHook"
