/* node: the node hook that virt-handler calls, and what the cluster wants to know of the node meanwhile. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/output.h"
#include "cmd/cmd.h"
#include "cmd/devices.h"
#include "cmd/service.h"
#include "cmd/setup.h"
#include "host/report.h"
#include "rpc/http.h"
#include "rpc/kubelet.h"
#include "rpc/node_hook.h"

enum { KEY_SOCKET = 3000, KEY_KUBELET, KEY_FEATURES, KEY_LISTEN, KEY_INTERVAL };
enum { INTERVAL_SECONDS = 60, INTERVAL_SECONDS_MAX = 86400 };

/* For how long the feature file counts: a look may be late or fail, but where nobody looks any more no label stays. */
enum { EXPIRY_INTERVALS = 5, EXPIRY_SECONDS_MIN = 300 };

struct node {
    struct setup setup;
    struct service service;
    const char *socket, *kubelet, *features, *listen;
    unsigned interval; /* seconds between two looks */
    struct node_hook hook;

    pthread_mutex_t lock; /* of the rest, which pages are made from */
    struct buffer metrics;
    struct error problem; /* why the last look, or writing down what it saw, failed */
    struct timespec seen; /* when the last look began that did not fail */
};

static const struct argp_option options[] = {
    {"socket", KEY_SOCKET, "PATH", 0, "serve as a node hook of KubeVirt (1.9) on this socket, as virt-handler sees it",
     0},
    {"pod-resources", KEY_KUBELET, "PATH", 0, "the kubelet's socket (default " KUBELET_SOCKET ")", 0},
    {"features", KEY_FEATURES, "FILE", 0,
     "keep this feature file of node-feature-discovery current, as check --output nfd makes it, with an expiry time",
     0},
    {"listen", KEY_LISTEN, "HOST:PORT", 0,
     "serve /healthz and, for Prometheus, /metrics there; without HOST on every address (default: nowhere)", 0},
    {"interval", KEY_INTERVAL, "SECONDS", 0, "look at all GPUs of the node so often (default 60)", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct node *node = state->input;
    char *end;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &node->setup;
        state->child_inputs[1] = &node->service;
        return 0;
    case KEY_SOCKET:
        setup_check_folder(state, "--socket", argument);
        node->socket = argument;
        return 0;
    case KEY_KUBELET:
        setup_check_folder(state, "--pod-resources", argument);
        node->kubelet = argument;
        return 0;
    case KEY_FEATURES:
        node->features = argument;
        return 0;
    case KEY_LISTEN:
        if (!http_address_port(argument))
            argp_error(state, "--listen: '%s' is no HOST:PORT: write 127.0.0.1:9400, [::1]:9400 or :9400", argument);
        node->listen = argument;
        return 0;
    case KEY_INTERVAL:
        node->interval = (unsigned)strtoul(argument, &end, 10);
        if (*argument < '1' || *argument > '9' || *end || strlen(argument) > 5 || node->interval > INTERVAL_SECONDS_MAX)
            argp_error(state, "--interval: '%s' is no number of seconds from 1 to %d", argument, INTERVAL_SECONDS_MAX);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "what is '%s'?", argument);
        return 0;
    case ARGP_KEY_END:
        if (!node->socket && !node->features && !node->listen)
            argp_error(state, "nothing to do: give --socket, --features or --listen");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --- looking at the node -------------------------------------------------------------------------------------- */

static int look(const struct node *node, struct buffer *metrics, struct buffer *features, struct error *err) {
    CLEANUP(host_devices_free) struct host_devices devices = {0};
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    CLEANUP(host_report_free) struct host_report report = {0};
    const struct sysfs sysfs = {.root = node->setup.walk.sysfs};
    if (devices_find(&sysfs, &devices, err) < 0 || devices_read(&sysfs, &devices, &facts, err) < 0 ||
        host_report_make(&facts, &devices, &report, err) < 0)
        return -1;
    host_report_prometheus(&report, metrics);
    host_report_nfd(&report, features);
    return buffer_check(metrics, err) < 0 || buffer_check(features, err) < 0 ? -1 : 0;
}

/* node-feature-discovery passes over what stands below a time that has gone by. */
static int write_features(const struct node *node, time_t now, const struct buffer *features, struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    const struct output output = {node->features, true};
    time_t ahead = (time_t)node->interval * EXPIRY_INTERVALS;
    time_t expiry = now + (ahead > EXPIRY_SECONDS_MIN ? ahead : EXPIRY_SECONDS_MIN);
    struct tm utc;
    char line[sizeof("# +expiry-time=2026-01-01T00:00:00Z\n")];
    if (!gmtime_r(&expiry, &utc) || !strftime(line, sizeof(line), "# +expiry-time=%Y-%m-%dT%H:%M:%SZ\n", &utc))
        return error_set(err, ERROR_INTERNAL, "cannot write %s: set the clock of the node right", node->features);
    buffer_append_text(&text, line);
    if (features->size)
        buffer_append(&text, features->data, features->size);
    if (buffer_check(&text, err) < 0 || output_check(&output, NULL, 0, err) < 0)
        return -1;
    return output_write(&output, buffer_bytes(&text), err);
}

/* What fails is told once, and shows in /healthz until it is mended. */
static void refresh(struct node *node) {
    CLEANUP(buffer_free) struct buffer metrics = {0};
    CLEANUP(buffer_free) struct buffer features = {0};
    struct error err = {0};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    bool is_seen = look(node, &metrics, &features, &err) == 0;
    bool failed = !is_seen || (node->features && write_features(node, now.tv_sec, &features, &err) < 0);
    if (failed && strcmp(err.message, node->problem.message) != 0)
        log_error("%s", err.message);
    pthread_mutex_lock(&node->lock);
    node->problem = err;
    if (is_seen) {
        node->seen = now;
        buffer_free(&node->metrics);
        node->metrics = metrics;
        metrics = (struct buffer){0};
    }
    pthread_mutex_unlock(&node->lock);
}

/* --- pages --------------------------------------------------------------------------------------------------- */

static unsigned render_health(void *context, struct buffer *body) {
    struct node *node = context;
    pthread_mutex_lock(&node->lock);
    const struct error problem = node->problem;
    pthread_mutex_unlock(&node->lock);
    buffer_printf(body, "%s\n", problem.code == ERROR_NONE ? "ok" : problem.message);
    return problem.code == ERROR_NONE ? 200 : 503;
}

static unsigned render_metrics(void *context, struct buffer *body) {
    struct node *node = context;
    pthread_mutex_lock(&node->lock);
    if (node->metrics.size)
        buffer_append(body, node->metrics.data, node->metrics.size);
    buffer_printf(body,
                  "# HELP kubevirt_gpu_hook_checked_timestamp_seconds When the node was last looked at.\n"
                  "# TYPE kubevirt_gpu_hook_checked_timestamp_seconds gauge\n"
                  "kubevirt_gpu_hook_checked_timestamp_seconds %lld\n",
                  (long long)node->seen.tv_sec);
    pthread_mutex_unlock(&node->lock);
    node_hook_write_metrics(&node->hook, body);
    buffer_append_text(body, "# HELP kubevirt_gpu_hook_build_info Which version this is.\n"
                             "# TYPE kubevirt_gpu_hook_build_info gauge\n"
                             "kubevirt_gpu_hook_build_info{version=\"" HOOK_VERSION "\"} 1\n");
    return 200;
}

/* --- running ------------------------------------------------------------------------------------------------- */

static void wait_for_end(struct node *node, int signal_fd) {
    struct pollfd source = {.fd = signal_fd, .events = POLLIN};
    while (poll(&source, 1, (int)node->interval * 1000) <= 0)
        refresh(node);
    service_log_signal(signal_fd);
}

static struct rpc_server *start_hook(const struct node *node, const struct rpc_method *methods, size_t count,
                                     struct error *err) {
    service_starts();
    struct rpc_server *server = rpc_server_start(node->socket, methods, count, err);
    service_has_started();
    if (server)
        log_info("listening on %s", node->socket);
    return server;
}

/* The hook is of use without its pages; without a hook they are what the process is for. */
static int start_pages(const struct node *node, const struct http_page *pages, size_t count, struct http_server **http,
                       struct error *err) {
    *http = http_server_start(node->listen, pages, count, err);
    if (*http)
        log_info("listening on %s", node->listen);
    if (*http || !node->socket)
        return *http ? 0 : -1;
    log_error("%s: the node hook runs without /healthz and /metrics; for them restart it with another --listen",
              err->message);
    error_clear(err);
    return 0;
}

static int enter_sandbox(struct node *node, struct error *err) {
    struct sandbox *sandbox = &node->service.sandbox;
    if (node->socket)
        sandbox_allow(sandbox, SANDBOX_SOCKET, node->socket);
    if (node->features)
        sandbox_allow(sandbox, SANDBOX_FILE, node->features);
    if (node->listen)
        sandbox->port = http_address_port(node->listen);
    return service_enter_sandbox(&node->service, &node->setup, err);
}

static int serve(struct node *node, int signal_fd, struct error *err) {
    const struct http_page pages[] = {
        {"/healthz", "text/plain; charset=utf-8", render_health, node},
        {"/metrics", "text/plain; version=0.0.4; charset=utf-8", render_metrics, node},
    };
    struct rpc_method methods[NODE_HOOK_METHODS_MAX];
    CLEANUP(http_server_stop) struct http_server *http = NULL;
    struct rpc_server *server = NULL;
    node->hook.walk = &node->setup.walk;
    node->hook.kubelet = node->kubelet;
    if (enter_sandbox(node, err) < 0)
        return -1;
    refresh(node);
    if (node->socket && !(server = start_hook(node, methods, node_hook_methods(&node->hook, methods), err)))
        return -1;
    if (node->listen && start_pages(node, pages, sizeof(pages) / sizeof(pages[0]), &http, err) < 0)
        return -1;
    wait_for_end(node, signal_fd);
    rpc_server_stop(server);
    log_info("stopped");
    return 0;
}

int cmd_node(int argc, char **argv) {
    static const struct argp_child children[] = {{&setup_argp, 0, NULL, 0}, {&service_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        "--socket PATH",
        "KubeVirt's node hook: before a VM starts on this node, looks at the devices that it was given, and refuses it "
        "with the reason and the remedy where they would not work.\v"
        "Which devices those are the kubelet tells. Keeps a feature file for node-feature-discovery and metrics for "
        "Prometheus beside it, or serves nothing but these. Of the annotation only what its owner may set counts "
        "(--allow), above all checks. Ends on SIGTERM, SIGINT, SIGHUP and SIGQUIT.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook node --socket /var/run/kubevirt/plugins/gpu-hook/node.sock\n"
        "  kubevirt-gpu-hook node --listen :9400 --features \\\n"
        "      /etc/kubernetes/node-feature-discovery/features.d/gpu\n"
        "Exit status: 0 ended as above, 1 it cannot serve, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct node node = {.kubelet = KUBELET_SOCKET,
                        .interval = INTERVAL_SECONDS,
                        .service.log_level = LOG_INFO,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .hook.lock = PTHREAD_MUTEX_INITIALIZER};
    if (argp_parse(&argp, argc, argv, 0, NULL, &node) != 0)
        return EXIT_USAGE;
    struct error err = {0};
    CLEANUP(close_fd) int signal_fd = service_begin(&node.service);
    int failed = signal_fd < 0 ? error_set_errno(&err, ERROR_INTERNAL, errno, "cannot watch for signals")
                               : setup_open(&node.setup, &err);
    if (!failed) {
        node.setup.walk.is_of_admin = true;
        service_log_bundles(node.setup.walk.bundles);
        failed = serve(&node, signal_fd, &err);
    }
    setup_close(&node.setup);
    buffer_free(&node.metrics);
    if (failed)
        log_error("%s", err.message);
    return failed ? EXIT_BAD : EXIT_FINE;
}
