/* serve: the sidecar that virt-launcher calls, as a hook sidecar, as a plugin, or both. */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/endpoint.h"
#include "cmd/service.h"
#include "cmd/setup.h"

#define DEFAULT_SOCKET_DIR "/var/run/kubevirt-hooks"

enum { KEY_SOCKET_DIR = 2000, KEY_PLUGIN_SOCKET, KEY_ROM_DIR, KEY_VERSION, KEY_MODE_ONLY };

struct serve {
    struct setup setup;
    const char *socket_dir, *plugin_socket, *rom_dir;
    enum hook_version first, last;
    struct service service;
    int shutdown_fd; /* an eventfd: KubeVirt said Shutdown */
};

static const struct argp_option options[] = {
    {"socket-dir", KEY_SOCKET_DIR, "DIR", 0,
     "serve as a hook sidecar, in this folder (default " DEFAULT_SOCKET_DIR "; with --plugin-socket only if given)", 0},
    {"plugin-socket", KEY_PLUGIN_SOCKET, "PATH", 0,
     "serve as a plugin (KubeVirt 1.9) on this socket, /var/run/kubevirt-plugin/NAME/SOMETHING.sock", 0},
    {"rom-dir", KEY_ROM_DIR, "DIR", 0, "where to put ROMs for QEMU (default: the folder rom beside the socket)", 0},
    {"version", KEY_VERSION, "v1alphaN", 0,
     "v1alpha1, v1alpha2 or v1alpha3: advertise and serve only this version as a hook sidecar (default: all three)", 0},
    {"mode-only", KEY_MODE_ONLY, NULL, 0,
     "give PCI devices their mode=\"subsystem\" and do nothing else: the hook sidecar that KubeVirt 1.9.0 needs before a "
     "plugin",
     0},
    {0},
};

/* KubeVirt refuses other names (its admission policy for plugins), and dials no more than a socket's address holds. */
static void check_plugin_socket(const struct argp_state *state, const char *socket) {
    const size_t size = strlen(socket), tail = strlen(".sock");
    setup_check_folder(state, "--plugin-socket", socket);
    if (size <= tail || strcmp(socket + size - tail, ".sock") != 0 || socket[size - tail - 1] == '/')
        argp_error(state, "--plugin-socket: '%s' is no file's name that ends in .sock", socket);
}

/* What goes together. */
static void check_all(const struct serve *serve, const struct argp_state *state) {
    const struct setup *setup = &serve->setup;
    if (setup->walk.mode_only && (serve->plugin_socket || serve->rom_dir || setup->compute_dir || setup->path_count ||
                                  setup->has_allowed || setup->policy != POLICY_UNSET))
        argp_error(state, "--mode-only: a hook sidecar that does nothing else takes no --plugin-socket, --rom-dir, "
                          "--compute-dir, --bundle, --allow and --policy");
    if (!serve->plugin_socket)
        return;
    if (!serve->socket_dir && serve->first == serve->last)
        argp_error(state, "--version is a hook sidecar's: give --socket-dir, too");
    if (serve->socket_dir && serve->setup.compute_dir && !serve->rom_dir)
        argp_error(state, "--compute-dir: which of the two services' folders is it? Give --rom-dir, too");
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct serve *serve = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &serve->setup;
        state->child_inputs[1] = &serve->setup;
        state->child_inputs[2] = &serve->service;
        return 0;
    case KEY_SOCKET_DIR:
        setup_check_folder(state, "--socket-dir", argument);
        serve->socket_dir = argument;
        return 0;
    case KEY_PLUGIN_SOCKET:
        check_plugin_socket(state, argument);
        serve->plugin_socket = argument;
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
    case KEY_MODE_ONLY:
        serve->setup.walk.mode_only = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "what is '%s'?", argument);
        return 0;
    case ARGP_KEY_END:
        check_all(serve, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
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
    if (sources[0].revents & POLLIN)
        service_log_signal(signal_fd);
}

/* The plugin first: a hook sidecar's socket is dialled as soon as it is there, and KubeVirt goes on from it. */
static int start_all(struct endpoint *hooks, struct endpoint *plugin, struct error *err) {
    service_starts();
    int failed = (plugin->method_count && endpoint_start(plugin, err) < 0) ||
                 (hooks->method_count && endpoint_start(hooks, err) < 0);
    service_has_started();
    return failed ? -1 : 0;
}

static int prepare(struct serve *serve, struct endpoint *hooks, struct endpoint *plugin, struct error *err) {
    const struct endpoint_folders folders = {serve->rom_dir, serve->setup.compute_dir};
    const struct hooks service = {
        .first = serve->first, .last = serve->last, .on_shutdown = on_shutdown, .owner = serve};
    const struct walk *walk = &serve->setup.walk;
    const char *container = NULL;
    if (setup_open(&serve->setup, err) < 0 ||
        (serve->plugin_socket && endpoint_of_plugin(plugin, serve->plugin_socket, &folders, walk, err) < 0))
        return -1;
    if (serve->plugin_socket && !serve->socket_dir)
        return 0;
    const char *folder = serve->socket_dir ? serve->socket_dir : DEFAULT_SOCKET_DIR;
    if (container_name(&container, err) < 0)
        return -1;
    return endpoint_of_hooks(hooks, folder, container, &folders, &service, walk, err);
}

static void allow_endpoint(struct sandbox *sandbox, const struct endpoint *endpoint) {
    if (endpoint->method_count == 0)
        return;
    sandbox_allow(sandbox, SANDBOX_SOCKET, endpoint->socket.data);
    sandbox_allow(sandbox, SANDBOX_ROMS, endpoint->rom_dir.data);
}

static int enter_sandbox(struct serve *serve, const struct endpoint *hooks, const struct endpoint *plugin,
                         struct error *err) {
    allow_endpoint(&serve->service.sandbox, hooks);
    allow_endpoint(&serve->service.sandbox, plugin);
    return service_enter_sandbox(&serve->service, &serve->setup, err);
}

static int serve(struct serve *serve, int signal_fd, struct error *err) {
    CLEANUP(endpoint_close) struct endpoint hooks = {0}, plugin = {0};
    if (prepare(serve, &hooks, &plugin, err) < 0)
        return -1;
    if (!serve->setup.walk.mode_only)
        service_log_bundles(serve->setup.walk.bundles);
    if (enter_sandbox(serve, &hooks, &plugin, err) < 0)
        return -1;
    if (start_all(&hooks, &plugin, err) < 0)
        return -1;
    wait_for_end(serve, signal_fd);
    endpoint_close(&hooks);
    endpoint_close(&plugin);
    log_info("stopped");
    return 0;
}

int cmd_serve(int argc, char **argv) {
    static const struct argp_child children[] = {
        {&setup_argp, 0, NULL, 0}, {&setup_folder_argp, 0, NULL, 0}, {&service_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        "",
        "The KubeVirt hook sidecar and plugin: gives passthrough GPUs their ROM files and options, or refuses the VM with "
        "the reason.\v"
        "As a hook sidecar the socket's name carries $CONTAINER_NAME, which KubeVirt sets since 1.6. As a plugin the VM's "
        "annotation is a stranger's: --allow says what it may set. Ends on SIGTERM, SIGINT, SIGHUP, SIGQUIT and on "
        "KubeVirt's Shutdown, which plugins do not get.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook serve --bundle /bundle --trusted-key /keys/lab.pub\n"
        "  kubevirt-gpu-hook serve --policy warn --log-level debug\n"
        "  kubevirt-gpu-hook serve --allow tenant,companions \\\n"
        "      --plugin-socket /var/run/kubevirt-plugin/gpu-hook/domain.sock\n"
        "Exit status: 0 ended as above, 1 it cannot serve, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct serve options_given = {.first = HOOK_V1ALPHA1, .last = HOOK_V1ALPHA3, .service.log_level = LOG_INFO};
    if (argp_parse(&argp, argc, argv, 0, NULL, &options_given) != 0)
        return EXIT_USAGE;
    struct error err = {0};
    CLEANUP(close_fd) int signal_fd = service_begin(&options_given.service);
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
