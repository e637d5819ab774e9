/* Measures hook sidecars from outside, as virt-launcher meets them: any binary that speaks the hook API will do.
 *
 *   bench [--starts N] [--calls N] [--only KIND] DOMAIN VMI --hook NAME FOLDER COMMAND... [--hook NAME FOLDER
 * COMMAND...]
 *
 * The hooks are measured side by side, a start or a call of each in turn, so that all of them see the same machine.
 * COMMAND makes a socket in FOLDER. Prints one "NAME figure value" line per figure: times in microseconds, memory in
 * KiB. Nothing is judged here. With --only the calls are made and no figures: for those who count what a call costs,
 * KIND is none, info, later (one VM's calls over and over) or new (each call another VM's first).
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "figures.h"
#include "rpc/client.h"
#include "rpc/hooks.h"
#include "rpc/message.h"
#include "v1alpha3.pb-c.h"

enum { HOOKS_MAX = 8, SLOWEST_START_MS = 60000 /* under valgrind */ };
static const char define_path[] = HOOK_CALLBACK_PATH("v1alpha3", "OnDefineDomain");

enum kind { KIND_NONE, KIND_INFO, KIND_LATER, KIND_NEW, KIND_COUNT };
static const char *const kind_names[KIND_COUNT] = {"none", "info", "later", "new"};

/* The times of calls, and of the empty call before each. */
struct calls {
    double *empty_us, *full_us;
};

struct hook {
    const char *name, *folder;
    char **command;
    pid_t child;
    double *started; /* when it was executed: a page that is shared with the child */
    char path[4096]; /* of its socket */
    struct rpc_client *client;
    double *socket_us, *info_us; /* of each start */
    struct calls later, fresh;
};

static void __attribute__((noreturn)) fail(const char *name, const char *text) {
    fprintf(stderr, "bench: %s: %s\n", name, text);
    exit(1);
}

/* --- starting and ending --------------------------------------------------------------------------------------- */

/* Waits without spinning: on a small machine that would slow the hook down. */
static void wait_for_socket(int watch, struct hook *hook) {
    union {
        struct inotify_event event;
        char space[sizeof(struct inotify_event) + NAME_MAX + 1];
    } next;
    struct pollfd source = {.fd = watch, .events = POLLIN};
    while (poll(&source, 1, SLOWEST_START_MS) == 1 && read(watch, &next, sizeof(next)) > 0) {
        struct stat status;
        snprintf(hook->path, sizeof(hook->path), "%s/%s", hook->folder, next.event.name);
        if (lstat(hook->path, &status) == 0 && S_ISSOCK(status.st_mode))
            return;
    }
    kill(hook->child, SIGKILL);
    fail(hook->name, "no socket");
}

static bool call(struct hook *hook, const char *method, struct bytes request, struct rpc_status *status) {
    CLEANUP(buffer_free) struct buffer reply = {0};
    return rpc_client_call(hook->client, method, request, SLOWEST_START_MS, &reply, status) == 0;
}

static double timed_call(struct hook *hook, const char *method, struct bytes request) {
    struct rpc_status status;
    double begin = now_us();
    if (!call(hook, method, request, &status)) {
        fprintf(stderr, "bench: %s: %s: %s: %s\n", hook->name, method, status.name, status.message);
        exit(1);
    }
    return now_us() - begin;
}

/* The socket is there a moment before somebody listens on it. virt-launcher tries again then; gRPC would wait longer
 * than that moment before it does. */
static void wait_until_listening(const struct hook *hook) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const double end = now_us() + SLOWEST_START_MS * 1e3;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", hook->path);
    for (;;) {
        CLEANUP(close_fd) int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(probe, (const struct sockaddr *)&address, sizeof(address)) == 0)
            return;
        if (errno != ECONNREFUSED || now_us() > end)
            fail(hook->name, strerror(errno));
        usleep(50);
    }
}

static void connect_to(struct hook *hook) {
    struct error err = {0};
    struct rpc_status status;
    wait_until_listening(hook);
    if (!(hook->client = rpc_client_open(hook->path, &err)))
        fail(hook->name, err.message);
    if (!call(hook, HOOK_INFO_PATH, (struct bytes){0}, &status))
        fail(hook->name, status.message);
}

/* Starts it and waits for its answer to Info. */
static void start(struct hook *hook, double *socket_us, double *info_us) {
    int watch = inotify_init1(IN_CLOEXEC);
    if (watch < 0 || inotify_add_watch(watch, hook->folder, IN_CREATE) < 0)
        fail(hook->name, "cannot watch the socket folder");
    hook->child = fork();
    if (hook->child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* or it would keep a failed run's output open */
        *hook->started = now_us();
        execvp(hook->command[0], hook->command);
        _exit(127);
    }
    wait_for_socket(watch, hook);
    *socket_us = now_us() - *hook->started;
    connect_to(hook);
    *info_us = now_us() - *hook->started;
    close(watch); /* takes the kernel milliseconds */
}

static void stop(struct hook *hook) {
    rpc_client_close(hook->client);
    kill(hook->child, SIGTERM);
    if (waitpid(hook->child, NULL, 0) < 0)
        fail(hook->name, "cannot wait for it");
    unlink(hook->path); /* those that end by the signal leave it */
}

/* --- calls ------------------------------------------------------------------------------------------------------- */

struct request {
    struct buffer message;
    size_t uid; /* where the VMI's uid begins */
};

/* The request with the VMI's uid made unique in place: another VM, so the whole walk with its first call. */
static struct bytes fresh_request(struct request *request, unsigned number) {
    char digits[9];
    snprintf(digits, sizeof(digits), "%08x", number);
    memcpy(request->message.data + request->uid, digits, 8);
    return buffer_bytes(&request->message);
}

static void read_request(const char *domain_file, const char *vmi_file, struct request *request) {
    static const char uid_key[] = "\"uid\":\"";
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer domain = {0};
    CLEANUP(buffer_free) struct buffer vmi = {0};
    if (file_read(domain_file, SIZE_MAX, &domain, &err) < 0 || file_read(vmi_file, SIZE_MAX, &vmi, &err) < 0)
        fail(domain_file, err.message);
    Kubevirt__Hooks__V1alpha3__OnDefineDomainParams params = KUBEVIRT__HOOKS__V1ALPHA3__ON_DEFINE_DOMAIN_PARAMS__INIT;
    params.domainxml = (ProtobufCBinaryData){domain.size, (uint8_t *)domain.data};
    params.vmi = (ProtobufCBinaryData){vmi.size, (uint8_t *)vmi.data};
    if (message_encode(&params.base, &request->message, &err) < 0)
        fail(domain_file, err.message);
    const char *found = memmem(request->message.data, request->message.size, uid_key, strlen(uid_key));
    if (!found)
        fail(vmi_file, "the VMI has no uid");
    request->uid = (size_t)(found - request->message.data) + strlen(uid_key);
}

static double make_call(struct hook *hook, enum kind kind, struct request *request, unsigned number) {
    switch (kind) {
    case KIND_INFO:
        return timed_call(hook, HOOK_INFO_PATH, (struct bytes){0});
    case KIND_LATER:
        return timed_call(hook, define_path, fresh_request(request, UINT_MAX));
    case KIND_NEW:
        return timed_call(hook, define_path, fresh_request(request, number));
    default:
        return 0;
    }
}

/* An empty call and one of that kind, in turn; the first tenth is not counted, nor is the first call after another
 * hook's, which finds its process asleep for longer. */
static void measure_calls(struct hook *hooks, size_t count, enum kind kind, struct request *request, size_t calls) {
    const size_t warm = calls / 10;
    for (size_t i = 0; i < warm + calls; i++)
        for (size_t h = 0; h < count; h++) {
            const struct calls *times = kind == KIND_NEW ? &hooks[h].fresh : &hooks[h].later;
            (void)make_call(&hooks[h], KIND_INFO, request, 0);
            double empty = make_call(&hooks[h], KIND_INFO, request, 0);
            double full = make_call(&hooks[h], kind, request, (unsigned)i);
            if (i < warm)
                continue;
            times->empty_us[i - warm] = empty;
            times->full_us[i - warm] = full;
        }
}

static void print_pair(const char *name, const char *figure, double *values, size_t count) {
    double middle = quantile(values, count, 0.5), high = quantile(values, count, 0.99);
    printf("%s %s_p50 %.1f\n%s %s_p99 %.1f\n", name, figure, middle, name, figure, high);
}

static void print(struct hook *hook, size_t calls) {
    print_pair(hook->name, "info", hook->later.empty_us, calls);
    print_pair(hook->name, "later", hook->later.full_us, calls);
    print_pair(hook->name, "new", hook->fresh.full_us, calls);
    printf("%s later_to_info %.3f\n", hook->name,
           quantile(hook->later.full_us, calls, 0.5) / quantile(hook->later.empty_us, calls, 0.5));
    printf("%s new_to_info %.3f\n", hook->name,
           quantile(hook->fresh.full_us, calls, 0.5) / quantile(hook->fresh.empty_us, calls, 0.5));
}

/* --- all of it -----------------------------------------------------------------------------------------------------
 */

static double *figures(size_t count) {
    double *values = calloc(count + 1, sizeof(*values));
    if (!values)
        fail("figures", "no memory");
    return values;
}

static void measure(struct hook *hooks, size_t count, struct request *request, size_t starts, size_t calls) {
    for (size_t i = 0; i < starts; i++)
        for (size_t h = 0; h < count; h++) {
            start(&hooks[h], &hooks[h].socket_us[i], &hooks[h].info_us[i]);
            stop(&hooks[h]);
        }
    for (size_t h = 0; starts && h < count; h++) {
        print_pair(hooks[h].name, "start_to_socket", hooks[h].socket_us, starts);
        print_pair(hooks[h].name, "start_to_info", hooks[h].info_us, starts);
    }
    if (!calls)
        return;
    double unused;
    for (size_t h = 0; h < count; h++)
        start(&hooks[h], &unused, &unused);
    measure_calls(hooks, count, KIND_LATER, request, calls);
    measure_calls(hooks, count, KIND_NEW, request, calls);
    for (size_t h = 0; h < count; h++) {
        print(&hooks[h], calls);
        char process[16];
        snprintf(process, sizeof(process), "%d", (int)hooks[h].child);
        printf("%s peak_memory %ld\n", hooks[h].name, peak_memory_kib(process));
        stop(&hooks[h]);
    }
}

static void make_calls(struct hook *hook, struct request *request, enum kind kind, size_t calls) {
    double unused;
    start(hook, &unused, &unused);
    make_call(hook, kind, request, UINT_MAX); /* what comes once only */
    for (size_t i = 0; i < calls; i++)
        make_call(hook, kind, request, (unsigned)i);
    stop(hook);
}

static void __attribute__((noreturn)) usage(void) {
    fail("usage", "bench [--starts N] [--calls N] [--only KIND] DOMAIN VMI --hook NAME FOLDER COMMAND...");
}

/* Cuts the arguments into the commands of the hooks. Returns how many there are. */
static size_t take_hooks(char **arguments, struct hook hooks[HOOKS_MAX], size_t starts, size_t calls) {
    size_t count = 0;
    while (*arguments) {
        if (strcmp(*arguments, "--hook") != 0) {
            arguments++;
            continue;
        }
        if (count == HOOKS_MAX || !arguments[1] || !arguments[2] || !arguments[3])
            usage();
        hooks[count] = (struct hook){.name = arguments[1],
                                     .folder = arguments[2],
                                     .command = arguments + 3,
                                     .socket_us = figures(starts),
                                     .info_us = figures(starts),
                                     .later = {figures(calls), figures(calls)},
                                     .fresh = {figures(calls), figures(calls)}};
        hooks[count].started = mmap(NULL, sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        *arguments = NULL; /* the end of the command before */
        arguments += 4;
        count++;
    }
    return count;
}

int main(int argc, char **argv) {
    const char *only = NULL;
    size_t starts = 15, calls = 2000;
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0 && strcmp(argv[at], "--hook") != 0; at += 2)
        if (strcmp(argv[at], "--starts") == 0)
            starts = strtoul(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--calls") == 0)
            calls = strtoul(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--only") == 0)
            only = argv[at + 1];
        else
            usage();
    struct hook hooks[HOOKS_MAX];
    struct request request = {0};
    if (at + 2 >= argc)
        usage();
    size_t count = take_hooks(argv + at + 2, hooks, starts, calls);
    if (count == 0)
        usage();
    read_request(argv[at], argv[at + 1], &request);
    enum kind kind = KIND_NONE;
    while (only && kind < KIND_COUNT && strcmp(kind_names[kind], only) != 0)
        kind++;
    if (kind == KIND_COUNT)
        usage();
    if (only)
        make_calls(&hooks[0], &request, kind, calls);
    else
        measure(hooks, count, &request, starts, calls);
    buffer_free(&request.message);
    return 0;
}
