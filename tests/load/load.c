/* Many callers of a hook at once, for a long time, and what that does to it.
 *
 *   load --seconds N [--callers N] --pid PID SOCKET CASE...
 *
 * CASE is a folder of tests/golden. Each caller makes all their calls in turn, Info, and requests that must be refused;
 * every reply is compared, byte for byte. Some callers share a connection, one makes a new one again and again.
 * Meanwhile the process's memory and descriptors are looked at: prints one "name value unit" line per figure, judges
 * that there was no error and that neither has grown, and exits 1 otherwise, or where libxml2 (of this program, linked
 * as the hook is) does not know of threads.
 */
#include <dirent.h>
#include <libxml/globals.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "domain/tree.h"
#include "rpc/client.h"
#include "rpc/hooks.h"
#include "rpc/message.h"
#include "v1alpha3.pb-c.h"

enum {
    CALLERS_MAX = 256,
    WORK_MAX = 64,
    CONNECTIONS = 8, /* that the callers share */
    RECONNECT = 20,  /* calls of the one that does not stay */
    SAMPLES = 100,   /* looks at the process, in ten parts */
    CALL_MS = 30000,
    OK = 0,
    INVALID_ARGUMENT = 3,
    UNIMPLEMENTED = 12,
};

/* What may come between two looks without being growth: of memory also a part of what there was, for malloc keeps what
 * the busiest moment needed; of descriptors a connection that comes and one that goes. */
static const double memory_slack = 1024, memory_part = 0.05, files_slack = 4;

static const char define[] = HOOK_CALLBACK_PATH("v1alpha3", "OnDefineDomain");

/* One request and what must come of it. */
struct work {
    const char *method;
    struct buffer request, reply;
    int code;
    size_t uid; /* where the VMI's uid starts in the request: made another VM's now and then; 0: it has none */
};

static struct work work[WORK_MAX];
static size_t work_count;

/* Latencies by their logarithm: a bucket is 2 % wide. */
enum { BUCKETS = 1024 };
static const double bucket_ratio = 1.02;

static atomic_ulong latencies[BUCKETS], slowest_us, bad_calls;
static atomic_uint next_uid;
static atomic_bool done;

static void __attribute__((noreturn)) fail(const char *text) {
    fprintf(stderr, "load: %s\n", text);
    exit(1);
}

static double now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* --- how we are linked ----------------------------------------------------------------------------------------------
 */

static void *last_error(void *unused) {
    (void)unused;
    return &xmlLastError;
}

/* The hook is linked as we are: libxml2 must keep what it knows of an error for each thread. */
static void check_libxml2(void) {
    pthread_t thread;
    void *of_thread;
    tree_setup();
    if (pthread_create(&thread, NULL, last_error, NULL) != 0 || pthread_join(thread, &of_thread) != 0)
        fail("cannot start a thread");
    if (of_thread == &xmlLastError)
        fail("libxml2 was linked without threads: see --require-defined in CMakeLists.txt");
}

/* --- what is asked --------------------------------------------------------------------------------------------------
 */

static struct work *add_work(const char *method, int code) {
    if (work_count == WORK_MAX)
        fail("too many cases");
    work[work_count] = (struct work){.method = method, .code = code};
    return &work[work_count++];
}

static void read_file(const char *folder, const char *name, struct buffer *content) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer path = {0};
    buffer_printf(&path, "%s/%s", folder, name);
    if (buffer_check(&path, &err) < 0 || file_read(path.data, SIZE_MAX, content, &err) < 0)
        fail(err.message);
}

static void encode_request(struct bytes domain, struct bytes vmi, struct buffer *request) {
    struct error err = {0};
    Kubevirt__Hooks__V1alpha3__OnDefineDomainParams params = KUBEVIRT__HOOKS__V1ALPHA3__ON_DEFINE_DOMAIN_PARAMS__INIT;
    params.domainxml = (ProtobufCBinaryData){domain.size, (uint8_t *)domain.data};
    params.vmi = (ProtobufCBinaryData){vmi.size, (uint8_t *)vmi.data};
    if (message_encode(&params.base, request, &err) < 0)
        fail(err.message);
}

static void add_call(const char *folder, const char *in, const char *out, struct bytes vmi) {
    static const char uid_key[] = "\"uid\":\"";
    struct error err = {0};
    struct work *call = add_work(define, OK);
    CLEANUP(buffer_free) struct buffer domain = {0}, wanted = {0};
    read_file(folder, in, &domain);
    read_file(folder, out, &wanted);
    encode_request(buffer_bytes(&domain), vmi, &call->request);
    Kubevirt__Hooks__V1alpha3__OnDefineDomainResult result = KUBEVIRT__HOOKS__V1ALPHA3__ON_DEFINE_DOMAIN_RESULT__INIT;
    result.domainxml = (ProtobufCBinaryData){wanted.size, (uint8_t *)wanted.data};
    if (message_encode(&result.base, &call->reply, &err) < 0)
        fail(err.message);
    const char *found = memmem(call->request.data, call->request.size, uid_key, strlen(uid_key));
    call->uid = found ? (size_t)(found - call->request.data) + strlen(uid_key) : 0;
}

static void add_case(const char *folder) {
    CLEANUP(buffer_free) struct buffer vmi = {0};
    read_file(folder, "vmi.json", &vmi);
    add_call(folder, "in/call1.xml", "out/call1.xml", buffer_bytes(&vmi));
    add_call(folder, "in/call2.xml", "out/call2.xml", buffer_bytes(&vmi));
    add_call(folder, "in/call3.xml", "out/call3.xml", buffer_bytes(&vmi));
}

/* Info, and what must be refused. What Info says is what it says now. */
static void add_others(const char *socket) {
    struct error err = {0};
    struct rpc_status status;
    static const char nonsense[] = "<domain";
    struct work *info = add_work(HOOK_INFO_PATH, OK);
    struct rpc_client *client = rpc_client_open(socket, &err);
    if (!client || rpc_client_call(client, HOOK_INFO_PATH, (struct bytes){0}, CALL_MS, &info->reply, &status) < 0)
        fail(client ? status.message : err.message);
    rpc_client_close(client);
    encode_request((struct bytes){(const uint8_t *)nonsense, strlen(nonsense)},
                   (struct bytes){(const uint8_t *)"{}", 2}, &add_work(define, INVALID_ARGUMENT)->request);
    add_work("/kubevirt.hooks.v1alpha3.Callbacks/PreCloudInitIso", UNIMPLEMENTED);
}

/* --- the callers ----------------------------------------------------------------------------------------------------
 */

struct caller {
    const char *socket;
    size_t number;
};

static void count_latency(double us) {
    size_t bucket = us > 1 ? (size_t)(log(us) / log(bucket_ratio)) : 0;
    atomic_fetch_add(&latencies[bucket < BUCKETS ? bucket : BUCKETS - 1], 1);
    unsigned long before = slowest_us;
    while ((unsigned long)us > before && !atomic_compare_exchange_weak(&slowest_us, &before, (unsigned long)us))
        ;
}

static void make_call(struct rpc_client *client, const struct work *call, struct bytes request) {
    CLEANUP(buffer_free) struct buffer reply = {0};
    struct rpc_status status = {0};
    double begin = now_us();
    rpc_client_call(client, call->method, request, CALL_MS, &reply, &status);
    count_latency(now_us() - begin);
    const bool same =
        reply.size == call->reply.size && (reply.size == 0 || memcmp(reply.data, call->reply.data, reply.size) == 0);
    if (status.code == call->code && same)
        return;
    if (atomic_fetch_add(&bad_calls, 1) < 10)
        fprintf(stderr, "load: %s: %s %s%s\n", call->method, status.name, status.message,
                same ? "" : " (another reply)");
}

/* The library shares one connection among all channels to one address: "/./" makes others of it. The first caller has
 * its own. */
static struct rpc_client *connect_to(const struct caller *caller) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer address = {0};
    const char *name = strrchr(caller->socket, '/');
    buffer_printf(&address, "%.*s", (int)(name - caller->socket), caller->socket);
    for (size_t i = 0; i < (caller->number ? caller->number % CONNECTIONS : CONNECTIONS); i++)
        buffer_append_text(&address, "/.");
    buffer_append_text(&address, name);
    struct rpc_client *client = buffer_check(&address, &err) < 0 ? NULL : rpc_client_open(address.data, &err);
    if (!client)
        fail(err.message);
    return client;
}

/* Each begins elsewhere; every tenth call is of a VM that the hook has not seen, or has forgotten. */
static void *call_often(void *argument) {
    const struct caller *caller = argument;
    struct rpc_client *client = connect_to(caller);
    for (size_t i = caller->number; !done; i++) {
        const struct work *call = &work[i % work_count];
        CLEANUP(buffer_free) struct buffer fresh = {0};
        buffer_append(&fresh, call->request.data ? call->request.data : "", call->request.size);
        if (call->uid && i % 10 == 0 && !fresh.failed) {
            char digits[9];
            snprintf(digits, sizeof(digits), "%08x", atomic_fetch_add(&next_uid, 1));
            memcpy(fresh.data + call->uid, digits, 8);
        }
        make_call(client, call, buffer_bytes(&fresh));
        if (caller->number == 0 && i % RECONNECT == 0) {
            rpc_client_close(client);
            client = connect_to(caller);
        }
    }
    rpc_client_close(client);
    return NULL;
}

/* --- the process ----------------------------------------------------------------------------------------------------
 */

static double memory_kib(long pid) {
    char path[64], line[256];
    snprintf(path, sizeof(path), "/proc/%ld/statm", pid);
    FILE *file = fopen(path, "re");
    if (!file || !fgets(line, sizeof(line), file))
        fail("the hook is gone");
    fclose(file);
    const char *resident = strchr(line, ' ');
    return resident ? strtod(resident, NULL) * (double)sysconf(_SC_PAGESIZE) / 1024 : 0;
}

static double open_files(long pid) {
    char path[64];
    double count = 0;
    snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
    DIR *folder = opendir(path);
    if (!folder)
        fail("the hook is gone, or is not ours");
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 2; /* "." and ".." */
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of a tenth: one look at a bad moment does not count. */
static double median_of_tenth(const double samples[SAMPLES], size_t tenth) {
    double part[SAMPLES / 10];
    memcpy(part, samples + tenth * (SAMPLES / 10), sizeof(part));
    qsort(part, SAMPLES / 10, sizeof(*part), compare);
    return part[SAMPLES / 20];
}

/* Growth is told between the second tenth and the last: the first is for what is made once. */
static bool has_grown(const char *name, const char *unit, const double samples[SAMPLES], double slack) {
    double before = median_of_tenth(samples, 1), after = median_of_tenth(samples, 9);
    bool grown = after > before + slack;
    printf("%s %.0f%s, at the end %.0f%s\n", name, before, unit, after, grown ? ": GROWN" : "");
    return grown;
}

static double quantile_us(double q) {
    unsigned long all = 0, seen = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        all += latencies[i];
    for (size_t i = 0; i < BUCKETS; i++)
        if ((double)(seen += latencies[i]) >= q * (double)all)
            return pow(bucket_ratio, (double)i + 1);
    return 0;
}

static unsigned long count_calls(void) {
    unsigned long all = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        all += latencies[i];
    return all;
}

static bool run(const char *socket, long pid, size_t callers, double seconds) {
    static double memory[SAMPLES], files[SAMPLES];
    pthread_t threads[CALLERS_MAX];
    struct caller of[CALLERS_MAX];
    for (size_t i = 0; i < callers; i++) {
        of[i] = (struct caller){socket, i};
        if (pthread_create(&threads[i], NULL, call_often, &of[i]) != 0)
            fail("cannot start a thread");
    }
    const double begin = now_us();
    for (size_t i = 0; i < SAMPLES; i++) {
        double wait = begin + seconds * 1e6 * (double)(i + 1) / SAMPLES - now_us();
        if (wait > 0)
            usleep((useconds_t)wait);
        memory[i] = memory_kib(pid);
        files[i] = open_files(pid);
    }
    done = true;
    const double took = (now_us() - begin) / 1e6;
    for (size_t i = 0; i < callers; i++)
        pthread_join(threads[i], NULL);
    printf("calls %lu\ncalls_per_second %.0f\n", count_calls(), (double)count_calls() / took);
    printf("p50 %.1f ms\np99 %.1f ms\nmax %.1f ms\n", quantile_us(0.5) / 1000, quantile_us(0.99) / 1000,
           (double)slowest_us / 1000);
    bool grown = has_grown("memory", " KiB", memory, memory_slack + memory_part * median_of_tenth(memory, 1));
    grown = has_grown("descriptors", "", files, files_slack) || grown;
    printf("errors %lu\n", (unsigned long)bad_calls);
    return !grown && bad_calls == 0 && count_calls() > 0;
}

int main(int argc, char **argv) {
    double seconds = 0;
    size_t callers = 64;
    long pid = 0;
    int next = 1;
    for (; next + 1 < argc && strncmp(argv[next], "--", 2) == 0; next += 2) {
        if (strcmp(argv[next], "--seconds") == 0)
            seconds = strtod(argv[next + 1], NULL);
        else if (strcmp(argv[next], "--callers") == 0)
            callers = strtoul(argv[next + 1], NULL, 10);
        else if (strcmp(argv[next], "--pid") == 0)
            pid = strtol(argv[next + 1], NULL, 10);
    }
    if (seconds <= 0 || callers < 1 || callers > CALLERS_MAX || pid <= 0 || argc - next < 2 || argv[next][0] != '/')
        fail("usage: load --seconds N [--callers N] --pid PID SOCKET CASE...");
    check_libxml2();
    for (int i = next + 1; i < argc; i++)
        add_case(argv[i]);
    add_others(argv[next]);
    bool fine = run(argv[next], pid, callers, seconds);
    for (size_t i = 0; i < work_count; i++) {
        buffer_free(&work[i].request);
        buffer_free(&work[i].reply);
    }
    return fine ? 0 : 1;
}
