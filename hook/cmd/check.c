/* check: is the node ready to pass its GPUs through, and what to do if not. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/file.h"
#include "base/output.h"
#include "cmd/cmd.h"
#include "cmd/devices.h"
#include "cmd/setup.h"
#include "host/report.h"

enum {
    KEY_SYSFS = 's',
    KEY_OUTPUT = 'o',
    KEY_ALL = 'a',
    KEY_WATCH = 'w',
    KEY_FILE = 'f',
    KEY_WIDTH = 2000,
    KEY_COLOUR
};
enum { WATCH_SECONDS = 2, WATCH_SECONDS_MAX = 86400 };

enum format { FORMAT_TABLE, FORMAT_TREE, FORMAT_JSON, FORMAT_NFD, FORMAT_PROMETHEUS, FORMATS };

struct check_options {
    const char *sysfs, *file;
    struct host_devices named;
    enum format format;
    struct report_style style;
    enum { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER } colour;
    bool has_width;
    unsigned watch; /* seconds; 0: look once */
};

static const struct argp_option options[] = {
    {"sysfs", KEY_SYSFS, "DIR", 0, "the node's /sys, or a folder laid out like it (default /sys)", 0},
    {"output", KEY_OUTPUT, "FORMAT", 0,
     "table (default), tree, json, nfd or prometheus: each check of each device, IOMMU groups at a glance, all of it for "
     "programs, a feature file for node-feature-discovery, metrics",
     0},
    {"all", KEY_ALL, NULL, 0, "in the table, show also the checks that mean nothing for a device", 0},
    {"watch", KEY_WATCH, "SECONDS", OPTION_ARG_OPTIONAL,
     "look again every SECONDS (default 2) until interrupted, and print whenever something has changed", 0},
    {"file", KEY_FILE, "FILE", 0, "write to FILE instead, whole or not at all, replacing it", 0},
    {"width", KEY_WIDTH, "COLUMNS", 0, "break lines at this width (default: the terminal's; 0: never)", 0},
    {"color", KEY_COLOUR, "auto|always|never", 0,
     "colour the table and the tree (default auto: when printed on a terminal)", 0},
    {0},
};

static int parse_number(const char *text, unsigned most, unsigned *number) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || value > most)
        return -1;
    *number = (unsigned)value;
    return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    static const char *const formats[FORMATS] = {"table", "tree", "json", "nfd", "prometheus"};
    static const char *const colours[] = {"auto", "always", "never"};
    struct check_options *check = state->input;
    int choice;
    switch (key) {
    case KEY_SYSFS:
        check->sysfs = argument;
        return 0;
    case KEY_OUTPUT:
        choice = text_choice(argument, formats, FORMATS);
        if (choice < 0)
            argp_error(state, "--output: '%s' is none of table, tree, json, nfd, prometheus", argument);
        check->format = (enum format)choice;
        return 0;
    case KEY_ALL:
        check->style.all = true;
        return 0;
    case KEY_WATCH:
        check->watch = WATCH_SECONDS;
        if (argument && (parse_number(argument, WATCH_SECONDS_MAX, &check->watch) < 0 || check->watch == 0))
            argp_error(state, "--watch: '%s' is no number of seconds from 1 to %d", argument, WATCH_SECONDS_MAX);
        return 0;
    case KEY_FILE:
        check->file = argument;
        return 0;
    case KEY_WIDTH:
        check->has_width = true;
        if (parse_number(argument, 10000, &check->style.width) < 0)
            argp_error(state, "--width: '%s' is no number of columns", argument);
        return 0;
    case KEY_COLOUR:
        choice = text_choice(argument, colours, 3);
        if (choice < 0)
            argp_error(state, "--color: '%s' is none of auto, always, never", argument);
        check->colour = choice == 0 ? COLOUR_AUTO : choice == 1 ? COLOUR_ALWAYS : COLOUR_NEVER;
        return 0;
    case ARGP_KEY_ARG:
        devices_take(&check->named, argument, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void find_style(struct check_options *check) {
    struct winsize window = {0};
    bool to_terminal = !check->file && isatty(STDOUT_FILENO);
    check->style.colour = check->colour == COLOUR_ALWAYS || (check->colour == COLOUR_AUTO && to_terminal);
    if (!check->has_width && to_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0)
        check->style.width = window.ws_col;
}

static int print_report(const struct check_options *check, const struct host_report *report, struct buffer *out,
                        struct error *err) {
    CLEANUP(json_decref) json_t *json = NULL;
    CLEANUP(free) char *text = NULL;
    switch (check->format) {
    case FORMAT_TABLE:
        host_report_table(report, &check->style, out);
        break;
    case FORMAT_TREE:
        host_report_tree(report, &check->style, out);
        break;
    case FORMAT_JSON:
        json = host_report_json(report);
        text = json ? json_text(json, JSON_INDENT(2)) : NULL;
        if (!text)
            return error_no_memory(err);
        buffer_printf(out, "%s\n", text);
        break;
    case FORMAT_NFD:
        host_report_nfd(report, out);
        break;
    case FORMAT_PROMETHEUS:
        host_report_prometheus(report, out);
        break;
    case FORMATS:
        break;
    }
    return buffer_check(out, err);
}

/* Looks once. *sum becomes the report's; the text is appended to *out. */
static int look(const struct check_options *check, enum check_verdict *sum, struct buffer *out, struct error *err) {
    CLEANUP(host_devices_free) struct host_devices found = {0};
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    CLEANUP(host_report_free) struct host_report report = {0};
    const struct sysfs sysfs = {.root = check->sysfs};
    const struct host_devices *devices = &check->named;
    if (devices->function_count == 0 && devices->mdev_count == 0) {
        devices = &found;
        if (devices_find(&sysfs, &found, err) < 0)
            return -1;
    }
    if (devices_read(&sysfs, devices, &facts, err) < 0 || host_report_make(&facts, devices, &report, err) < 0)
        return -1;
    *sum = report.sum;
    return print_report(check, &report, out, err);
}

static int show(const struct check_options *check, const struct buffer *text, struct error *err) {
    static const char clear[] = "\033[H\033[2J";
    const struct output output = {check->file, true};
    if (check->file)
        return output_check(&output, NULL, 0, err) < 0 ? -1 : output_write(&output, buffer_bytes(text), err);
    if ((check->watch && check->style.colour && fwrite(clear, 1, sizeof(clear) - 1, stdout) != sizeof(clear) - 1) ||
        (text->size && fwrite(text->data, 1, text->size, stdout) != text->size) || fflush(stdout) != 0)
        return error_set(err, ERROR_INTERNAL, "cannot write the result");
    return 0;
}

static enum exit_code exit_code_of(enum check_verdict sum) {
    return sum == VERDICT_FAIL ? EXIT_BAD : sum == VERDICT_UNKNOWN ? EXIT_UNKNOWN : EXIT_FINE;
}

/* Waits for the next look. Returns false when it is time to leave. */
static bool wait_for_next(unsigned seconds, const sigset_t *signals) {
    const struct timespec pause = {.tv_sec = seconds};
    return seconds && sigtimedwait(signals, NULL, &pause) < 0;
}

static int run(const struct check_options *check, struct error *err) {
    CLEANUP(buffer_free) struct buffer last = {0};
    enum check_verdict sum = VERDICT_UNKNOWN;
    bool was_shown = false;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (check->watch)
        sigprocmask(SIG_BLOCK, &signals, NULL);
    do {
        CLEANUP(buffer_free) struct buffer text = {0};
        if (look(check, &sum, &text, err) < 0)
            return -1;
        /* Without a GPU there are no features: an empty text, which takes the place of an older file's. */
        if (was_shown && text.size == last.size && (!text.size || memcmp(text.data, last.data, text.size) == 0))
            continue;
        if (show(check, &text, err) < 0)
            return -1;
        was_shown = true;
        buffer_free(&last);
        last = text;
        text = (struct buffer){0};
    } while (wait_for_next(check->watch, &signals));
    return (int)exit_code_of(sum);
}

int cmd_check(int argc, char **argv) {
    static const struct argp argp = {
        options,
        parse,
        "[BDF|UUID...]",
        "Checks whether GPUs of this node are ready to be passed through to VMs, and says what to do where not: without "
        "arguments every GPU and vGPU, else the devices named by PCI address or by a mediated device's UUID. Nothing is "
        "written to the node and no device is woken. An ordinary user may run it.\v"
        "Examples:\n"
        "  kubevirt-gpu-hook check\n"
        "  kubevirt-gpu-hook check 0000:01:00.0 --output json\n"
        "  kubevirt-gpu-hook check --output nfd --watch=60 \\\n"
        "    --file /etc/kubernetes/node-feature-discovery/features.d/gpu\n"
        "Exit status: 0 ready, 1 not ready, 2 unknown (as node-problem-detector takes it), 64 wrong usage.",
        NULL,
        NULL,
        NULL};
    struct check_options check = {.sysfs = "/sys"};
    if (argp_parse(&argp, argc, argv, 0, NULL, &check) != 0)
        return EXIT_USAGE;
    struct error err = {0};
    find_style(&check);
    int code = run(&check, &err);
    host_devices_free(&check.named);
    if (code >= 0)
        return code;
    (void)setup_report(&err);
    return EXIT_UNKNOWN;
}
