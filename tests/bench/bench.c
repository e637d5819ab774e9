/* Measures a hook sidecar from outside, as virt-launcher meets it: any binary that speaks the hook API will do.
 *
 *   bench --domain FILE --vmi FILE [--calls N] [--starts N] SOCKET_DIR -- COMMAND...
 *
 * Prints one "name value unit" line per figure. Start figures are taken over fresh processes; latencies from one more
 * process over one connection, Info and OnDefineDomain in turn, so that both see the same machine. Nothing is judged
 * here.
 */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "rpc/client.h"
#include "rpc/hooks.h"
#include "rpc/message.h"
#include "v1alpha3.pb-c.h"

static double now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values, size_t count, double q) {
    qsort(values, count, sizeof(*values), compare);
    return values[(size_t)(q * (double)(count - 1) + 0.5)];
}

static void __attribute__((noreturn)) fail(const char *text) {
    fprintf(stderr, "bench: %s\n", text);
    exit(1);
}

/* A hook that was started, and the socket that it made. */
struct hook {
    pid_t child;
    char path[4096];
    double socket_us; /* from fork to the socket */
};

/* Waits without spinning: on a small machine that would slow the hook down. */
static void wait_for_socket(int watch, const char *folder, struct hook *hook) {
    union {
        struct inotify_event event;
        char space[sizeof(struct inotify_event) + NAME_MAX + 1];
    } next;
    struct pollfd source = {.fd = watch, .events = POLLIN};
    while (poll(&source, 1, 10000) == 1 && read(watch, &next, sizeof(next)) > 0) {
        struct stat status;
        snprintf(hook->path, sizeof(hook->path), "%s/%s", folder, next.event.name);
        if (lstat(hook->path, &status) == 0 && S_ISSOCK(status.st_mode))
            return;
    }
    kill(hook->child, SIGKILL);
    fail("no socket within 10 s");
}

static struct hook start(const char *folder, char **command) {
    struct hook hook = {0};
    int watch = inotify_init1(IN_CLOEXEC);
    if (watch < 0 || inotify_add_watch(watch, folder, IN_CREATE) < 0)
        fail("cannot watch the socket folder");
    double begin = now_us();
    hook.child = fork();
    if (hook.child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* or it would keep a failed run's output open */
        execv(command[0], command);
        _exit(127);
    }
    wait_for_socket(watch, folder, &hook);
    hook.socket_us = now_us() - begin;
    close(watch);
    return hook;
}

static long stop(pid_t child) {
    struct rusage usage;
    kill(child, SIGTERM);
    if (wait4(child, NULL, 0, &usage) < 0)
        fail("cannot wait for the hook");
    return usage.ru_maxrss;
}

static bool call(struct rpc_client *client, const char *method, struct bytes request, struct rpc_status *status) {
    CLEANUP(buffer_free) struct buffer reply = {0};
    return rpc_client_call(client, method, request, 10000, &reply, status) == 0;
}

static double timed_call(struct rpc_client *client, const char *method, struct bytes request) {
    struct rpc_status status;
    double begin = now_us();
    if (!call(client, method, request, &status)) {
        fprintf(stderr, "bench: %s: %s: %s\n", method, status.name, status.message);
        exit(1);
    }
    return now_us() - begin;
}

/* The first Info of a fresh process. On a busy machine the socket is there a moment before somebody listens on it;
 * virt-launcher tries again then, and so do we. */
static struct rpc_client *connect_to(const struct hook *hook) {
    struct error err = {0};
    struct rpc_status status;
    double end = now_us() + 1e6;
    for (;;) {
        struct rpc_client *client = rpc_client_open(hook->path, &err);
        if (call(client, HOOK_INFO_PATH, (struct bytes){0}, &status))
            return client;
        if (now_us() > end)
            fail(status.message);
        rpc_client_close(client);
    }
}

/* The request with the VMI's uid made unique in place: another VM, so the whole walk with its first call. */
static struct bytes fresh_request(struct buffer *request, size_t uid, unsigned number) {
    char digits[9];
    snprintf(digits, sizeof(digits), "%08x", number);
    memcpy(request->data + uid, digits, 8);
    return buffer_bytes(request);
}

static void encode_request(const char *domain_file, const char *vmi_file, struct buffer *request) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer domain = {0};
    CLEANUP(buffer_free) struct buffer vmi = {0};
    if (file_read(domain_file, SIZE_MAX, &domain, &err) < 0 || file_read(vmi_file, SIZE_MAX, &vmi, &err) < 0)
        fail(err.message);
    Kubevirt__Hooks__V1alpha3__OnDefineDomainParams params = KUBEVIRT__HOOKS__V1ALPHA3__ON_DEFINE_DOMAIN_PARAMS__INIT;
    params.domainxml = (ProtobufCBinaryData){domain.size, (uint8_t *)domain.data};
    params.vmi = (ProtobufCBinaryData){vmi.size, (uint8_t *)vmi.data};
    if (message_encode(&params.base, request, &err) < 0)
        fail(err.message);
}

static void bench_starts(const char *folder, char **command, size_t count) {
    double *socket_us = calloc(count, sizeof(double)), *info_us = calloc(count, sizeof(double));
    for (size_t i = 0; i < count; i++) {
        struct hook hook = start(folder, command);
        double begin = now_us();
        struct rpc_client *client = connect_to(&hook);
        socket_us[i] = hook.socket_us;
        info_us[i] = hook.socket_us + now_us() - begin;
        rpc_client_close(client);
        stop(hook.child);
    }
    printf("start_to_socket_p50 %.0f us\n", quantile(socket_us, count, 0.5));
    printf("start_to_info_p50 %.0f us\n", quantile(info_us, count, 0.5));
    free(socket_us);
    free(info_us);
}

static void bench_calls(const char *folder, char **command, struct buffer *request, size_t count) {
    static const char uid_key[] = "\"uid\":\"";
    const char *found = memmem(request->data, request->size, uid_key, strlen(uid_key));
    if (!found)
        fail("the VMI has no uid");
    size_t uid = (size_t)(found - request->data) + strlen(uid_key);
    double *empty = calloc(count, sizeof(double)), *later = calloc(count, sizeof(double)),
           *first = calloc(count, sizeof(double));
    static const char path_v1alpha3[] = HOOK_CALLBACK_PATH("v1alpha3", "OnDefineDomain");
    struct hook hook = start(folder, command);
    struct rpc_client *client = connect_to(&hook);
    printf("first_call %.0f us\n", timed_call(client, path_v1alpha3, buffer_bytes(request)));
    for (size_t i = 0; i < count / 10; i++) { /* warm */
        timed_call(client, HOOK_INFO_PATH, (struct bytes){0});
        timed_call(client, path_v1alpha3, buffer_bytes(request));
    }
    for (size_t i = 0; i < count; i++) {
        empty[i] = timed_call(client, HOOK_INFO_PATH, (struct bytes){0});
        later[i] = timed_call(client, path_v1alpha3, buffer_bytes(request));
    }
    for (size_t i = 0; i < count; i++)
        first[i] = timed_call(client, path_v1alpha3, fresh_request(request, uid, (unsigned)i));
    rpc_client_close(client);
    long peak = stop(hook.child);
    double base = quantile(empty, count, 0.5);
    printf("empty_rpc_p50 %.1f us\nempty_rpc_p99 %.1f us\n", base, quantile(empty, count, 0.99));
    printf("on_define_domain_p50 %.1f us\non_define_domain_p99 %.1f us\n", quantile(later, count, 0.5),
           quantile(later, count, 0.99));
    printf("on_define_domain_new_vm_p50 %.1f us\non_define_domain_new_vm_p99 %.1f us\n", quantile(first, count, 0.5),
           quantile(first, count, 0.99));
    printf("on_define_domain_to_empty_rpc %.2f x\n", quantile(later, count, 0.5) / base);
    printf("on_define_domain_new_vm_to_empty_rpc %.2f x\n", quantile(first, count, 0.5) / base);
    printf("peak_memory %.1f MiB\n", (double)peak / 1024);
    free(empty);
    free(later);
    free(first);
}

int main(int argc, char **argv) {
    const char *domain = NULL, *vmi = NULL, *folder = NULL;
    size_t calls = 2000, starts = 15;
    char **command = NULL;
    for (int i = 1; i < argc && !command; i++) {
        if (strcmp(argv[i], "--") == 0)
            command = argv + i + 1;
        else if (strcmp(argv[i], "--domain") == 0 && i + 1 < argc)
            domain = argv[++i];
        else if (strcmp(argv[i], "--vmi") == 0 && i + 1 < argc)
            vmi = argv[++i];
        else if (strcmp(argv[i], "--calls") == 0 && i + 1 < argc)
            calls = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--starts") == 0 && i + 1 < argc)
            starts = strtoul(argv[++i], NULL, 10);
        else
            folder = argv[i];
    }
    if (!domain || !vmi || !folder || !command || !command[0] || calls < 10 || starts < 1)
        fail("usage: bench --domain FILE --vmi FILE [--calls N] [--starts N] SOCKET_DIR -- COMMAND...");
    struct buffer request = {0};
    encode_request(domain, vmi, &request);
    bench_starts(folder, command, starts);
    bench_calls(folder, command, &request, calls);
    buffer_free(&request);
    return 0;
}
