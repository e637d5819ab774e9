/* serve: the sidecar that virt-launcher calls. */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/setup.h"
#include "rom/duplicates.h"
#include "rpc/hooks.h"

#define DEFAULT_SOCKET_DIR "/var/run/kubevirt-hooks"

enum { KEY_SOCKET_DIR = 2000, KEY_ROM_DIR, KEY_VERSION, KEY_LOG_FORMAT, KEY_LOG_LEVEL };

struct serve {
    struct setup setup;
    const char *socket_dir, *rom_dir;
    enum hook_version first, last;
    enum log_format log_format;
    enum log_level log_level;
    int shutdown_fd; /* an eventfd: KubeVirt said Shutdown */
};

static const struct argp_option options[] = {
    {"socket-dir", KEY_SOCKET_DIR, "DIR", 0, "where to listen (default " DEFAULT_SOCKET_DIR ")", 0},
    {"rom-dir", KEY_ROM_DIR, "DIR", 0, "where to put ROMs for QEMU (default: the folder rom in the socket folder)", 0},
    {"version", KEY_VERSION, "v1alphaN", 0,
     "advertise and serve only this hook version (default: v1alpha1 to v1alpha3)", 0},
    {"log-format", KEY_LOG_FORMAT, "json|text", 0, "default json, as KubeVirt logs", 0},
    {"log-level", KEY_LOG_LEVEL, "LEVEL", 0, "debug, info (default), warning or error", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct serve *serve = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &serve->setup;
        return 0;
    case KEY_SOCKET_DIR:
        setup_check_folder(state, "--socket-dir", argument);
        serve->socket_dir = argument;
        return 0;
    case KEY_ROM_DIR:
        setup_check_folder(state, "--rom-dir", argument);
        serve->rom_dir = argument;
        return 0;
    case KEY_VERSION:
        if (hook_version_parse(argument, &serve->first) < 0)
            argp_error(state, "--version: '%s' is none of v1alpha1, v1alpha2, v1alpha3", argument);
        serve->last = serve->first;
        return 0;
    case KEY_LOG_FORMAT:
        if (log_format_parse(argument, &serve->log_format) < 0)
            argp_error(state, "--log-format: '%s' is neither json nor text", argument);
        return 0;
    case KEY_LOG_LEVEL:
        if (log_level_parse(argument, &serve->log_level) < 0)
            argp_error(state, "--log-level: '%s' is none of debug, info, warning, error", argument);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "what is '%s'?", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* KubeVirt tells sockets apart by file name alone, across all sidecars of a pod: the name must be this container's.
 * Before 1.6 there is no CONTAINER_NAME, and all sidecars share one folder. */
static int socket_path(const char *folder, const char *container, struct buffer *path, struct error *err) {
    if (container)
        buffer_printf(path, "%s/gpu-hook-%s.sock", folder, container);
    else
        buffer_printf(path, "%s/gpu-hook-%08x.sock", folder, randombytes_random());
    return buffer_check(path, err);
}

/* The compute container mounts the sidecars' common volume whole, each sidecar the part that has its name
 * (KubeVirt 1.6); before that both mount the whole. A ROM folder elsewhere (a PVC) has the same path in both unless
 * told otherwise. */
static int rom_paths(const struct serve *serve, const char *container, struct buffer *rom_dir,
                     struct buffer *compute_dir, struct error *err) {
    if (serve->rom_dir)
        buffer_append_text(rom_dir, serve->rom_dir);
    else
        buffer_printf(rom_dir, "%s/rom", serve->socket_dir);
    if (serve->setup.compute_dir)
        buffer_append_text(compute_dir, serve->setup.compute_dir);
    else if (serve->rom_dir)
        buffer_append_text(compute_dir, serve->rom_dir);
    else if (container)
        buffer_printf(compute_dir, "%s/%s/rom", serve->socket_dir, container);
    else
        buffer_printf(compute_dir, "%s/rom", serve->socket_dir);
    return buffer_check(rom_dir, err) < 0 || buffer_check(compute_dir, err) < 0 ? -1 : 0;
}

/* *name becomes the container's name, or NULL where KubeVirt gives none. */
static int container_name(const char **name, struct error *err) {
    *name = getenv("CONTAINER_NAME");
    if (!*name || !**name)
        *name = NULL;
    else if (!text_is_file_name(*name, LABEL_MAX)) /* Kubernetes' own rule is narrower */
        return error_set(err, ERROR_INPUT, "CONTAINER_NAME is no container's name: unset it");
    return 0;
}

static void on_shutdown(void *owner) {
    const struct serve *serve = owner;
    if (eventfd_write(serve->shutdown_fd, 1) < 0)
        log_error("cannot end after Shutdown: %s", strerror(errno));
}

/* Returns when a signal or KubeVirt's Shutdown asks for the end. */
static void wait_for_end(const struct serve *serve, int signal_fd) {
    struct pollfd sources[] = {{.fd = signal_fd, .events = POLLIN}, {.fd = serve->shutdown_fd, .events = POLLIN}};
    while (poll(sources, 2, -1) < 0 && errno == EINTR)
        ;
    struct signalfd_siginfo received;
    if ((sources[0].revents & POLLIN) && read(signal_fd, &received, sizeof(received)) == sizeof(received))
        log_info("received signal: %s", strsignal((int)received.ssi_signo));
}

/* gRPC waits for ever for threads that it could not start. */
enum { START_SECONDS = 5 };

static void give_up_start(int signal_number) {
    static const char text[] =
        "error: gRPC did not start within 5 s: is there a limit on the pod's processes or memory?\n";
    (void)signal_number;
    ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)ignored;
    _exit(EXIT_BAD);
}

static int run_server(struct serve *serve, const char *path, int signal_fd, struct error *err) {
    struct rpc_method methods[HOOK_METHODS_MAX];
    struct hooks hooks = {&serve->setup.walk, serve->first, serve->last, on_shutdown, serve};
    signal(SIGALRM, give_up_start);
    alarm(START_SECONDS);
    struct rpc_server *server = rpc_server_start(path, methods, hooks_methods(&hooks, methods), err);
    alarm(0);
    if (!server)
        return -1;
    log_info("listening on %s", path);
    wait_for_end(serve, signal_fd);
    rpc_server_stop(server);
    log_info("stopped");
    return 0;
}

/* Later changes of the bundles reach the log by the walk's warnings. */
static void log_duplicates(const struct bundle_view *view) {
    CLEANUP(duplicates_free) struct duplicates duplicates = {0};
    CLEANUP(buffer_free) struct buffer lines = {0};
    struct error err = {0};
    if (duplicates_find(view->bundles, view->count, &duplicates, &err) < 0)
        log_error("%s", err.message);
    duplicates_print(&duplicates, &lines);
    for (const char *line = lines.data; line && *line; line += strcspn(line, "\n") + 1)
        log_warning("%.*s", (int)strcspn(line, "\n"), line);
}

static void log_bundles(struct bundle_set *set) {
    struct bundle_view view;
    bundle_set_acquire(set, &view);
    if (view.error.code != ERROR_NONE)
        log_error("%s; VMs that need a ROM are refused", view.error.message);
    else if (view.count == 0)
        log_info("no ROM bundle: devices keep their own ROMs");
    for (size_t i = 0; i < view.count && view.error.code == ERROR_NONE; i++)
        log_info("ROM bundle \"%s\" %s (%s): %zu ROMs", view.bundles[i]->manifest.name,
                 view.bundles[i]->manifest.version ? view.bundles[i]->manifest.version : "without version",
                 view.bundles[i]->path, view.bundles[i]->manifest.count);
    if (view.error.code == ERROR_NONE)
        log_duplicates(&view);
    bundle_set_release(set);
}

static int serve(struct serve *serve, int signal_fd, struct error *err) {
    CLEANUP(buffer_free) struct buffer path = {0};
    CLEANUP(buffer_free) struct buffer rom_dir = {0};
    CLEANUP(buffer_free) struct buffer compute_dir = {0};
    const char *container;
    if (container_name(&container, err) < 0 || rom_paths(serve, container, &rom_dir, &compute_dir, err) < 0 ||
        setup_open(&serve->setup, rom_dir.data, compute_dir.data, err) < 0 ||
        socket_path(serve->socket_dir, container, &path, err) < 0)
        return -1;
    if (!(serve->setup.walk.memory = plan_memory_new(err)))
        return -1;
    log_bundles(serve->setup.walk.bundles);
    return run_server(serve, path.data, signal_fd, err);
}

/* Blocked before gRPC starts threads, so that every thread inherits it and the signals come by descriptor alone. */
static int block_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file too large for us is an error of that call, not the end */
    return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -1 : signalfd(-1, &set, SFD_CLOEXEC);
}

int cmd_serve(int argc, char **argv) {
    static const struct argp_child children[] = {{&setup_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        "",
        "The KubeVirt hook sidecar: gives passthrough GPUs their ROM files and options, or refuses the VM with the reason.\v"
        "The socket's name carries $CONTAINER_NAME, which KubeVirt sets since 1.6. Ends with exit status 0 on SIGTERM, "
        "SIGINT, SIGHUP, SIGQUIT and on KubeVirt's Shutdown.",
        children,
        NULL,
        NULL};
    struct serve options_given = {
        .socket_dir = DEFAULT_SOCKET_DIR, .first = HOOK_V1ALPHA1, .last = HOOK_V1ALPHA3, .log_level = LOG_INFO};
    if (argp_parse(&argp, argc, argv, 0, NULL, &options_given) != 0)
        return EXIT_USAGE;
    log_setup(options_given.log_format, options_given.log_level);
    struct error err = {0};
    CLEANUP(close_fd) int signal_fd = block_signals();
    CLEANUP(close_fd) int shutdown_fd = eventfd(0, EFD_CLOEXEC);
    options_given.shutdown_fd = shutdown_fd;
    int failed = signal_fd < 0 || shutdown_fd < 0
                     ? error_set_errno(&err, ERROR_INTERNAL, errno, "cannot watch for signals")
                     : serve(&options_given, signal_fd, &err);
    setup_close(&options_given.setup);
    if (failed)
        log_error("%s", err.message);
    return failed ? EXIT_BAD : EXIT_FINE;
}
