#include "cmd/service.h"

#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "rom/duplicates.h"

enum { KEY_LOG_FORMAT = 4000, KEY_LOG_LEVEL, KEY_DISABLE_SANDBOX };

static const struct argp_option options[] = {
    {"log-format", KEY_LOG_FORMAT, "json|text", 0, "how to log (default json, as KubeVirt does)", 0},
    {"log-level", KEY_LOG_LEVEL, "LEVEL", 0, "what to log: debug, info (default), warning or error", 0},
    {"disable-sandbox", KEY_DISABLE_SANDBOX, "PARTS", 0,
     "parts of the sandbox to go without: no-new-privileges, core-dumps, landlock, seccomp or all; several with commas "
     "between them",
     0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct service *service = state->input;
    struct error err = {0};
    switch (key) {
    case KEY_LOG_FORMAT:
        if (log_format_parse(argument, &service->log_format) < 0)
            argp_error(state, "--log-format: '%s' is neither json nor text", argument);
        return 0;
    case KEY_LOG_LEVEL:
        if (log_level_parse(argument, &service->log_level) < 0)
            argp_error(state, "--log-level: '%s' is none of debug, info, warning, error", argument);
        return 0;
    case KEY_DISABLE_SANDBOX:
        if (sandbox_disable(&service->sandbox, argument, &err) < 0)
            argp_error(state, "--disable-sandbox: %s", err.message);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp service_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

int service_begin(const struct service *service) {
    sigset_t set;
    log_setup(service->log_format, service->log_level);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file too large for us is an error of that call, not the end */
    return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -1 : signalfd(-1, &set, SFD_CLOEXEC);
}

int service_enter_sandbox(struct service *service, const struct setup *setup, struct error *err) {
    CLEANUP(buffer_free) struct buffer summary = {0};
    struct sandbox *sandbox = &service->sandbox;
    for (size_t i = 0; i < setup->path_count; i++)
        sandbox_allow(sandbox, SANDBOX_BUNDLE, setup->bundle_paths[i]);
    sandbox_allow(sandbox, SANDBOX_LOOK, setup->walk.sysfs);
#ifdef HOOK_SANITIZED
    sandbox->for_sanitizer = true;
#endif
    json_object_seed(0); /* from /dev/urandom, which is out of reach from here on */
    if (sandbox_enter(sandbox, &summary, err) < 0)
        return -1;
    log_info("sandbox: %s", summary.data);
    return 0;
}

enum { START_SECONDS = 5 };

static void give_up_start(int signal_number) {
    static const char text[] =
        "error: gRPC did not start within 5 s: is there a limit on the pod's processes or memory?\n";
    (void)signal_number;
    ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)ignored;
    _exit(EXIT_BAD);
}

void service_starts(void) {
    signal(SIGALRM, give_up_start);
    alarm(START_SECONDS);
}

void service_has_started(void) {
    alarm(0);
}

void service_log_signal(int signal_fd) {
    struct signalfd_siginfo received;
    if (read(signal_fd, &received, sizeof(received)) == sizeof(received))
        log_info("received signal: %s", strsignal((int)received.ssi_signo));
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

void service_log_bundles(struct bundle_set *set) {
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
