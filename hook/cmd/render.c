/* render: the walk of the sidecar, by hand, on files. */
#include <stdio.h>
#include <string.h>

#include "base/diff.h"
#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/setup.h"
#include "rpc/server.h"

enum { KEY_DOMAIN = 'd', KEY_VMI = 'v', KEY_DIFF = 2000, KEY_COLOUR };

/* As compute sees the sidecar's ROM folder on KubeVirt 1.6 and later, but for the container's name. */
#define DEFAULT_COMPUTE_DIR "/var/run/kubevirt-hooks/rom"

struct render {
    struct setup setup;
    const char *domain, *vmi;
    bool diff;
    enum { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER } colour;
};

static const struct argp_option options[] = {
    {"domain", KEY_DOMAIN, "FILE", 0, "the domain XML that KubeVirt generated (- for standard input)", 0},
    {"vmi", KEY_VMI, "FILE", 0, "the VirtualMachineInstance as JSON (kubectl get vmi NAME -o json)", 0},
    {"diff", KEY_DIFF, NULL, 0, "print what changes, as a unified diff, instead of the whole XML", 0},
    {"color", KEY_COLOUR, "auto|always|never", 0, "colour the diff (default auto: when printed on a terminal)", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct render *render = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &render->setup;
        return 0;
    case KEY_DOMAIN:
        render->domain = argument;
        return 0;
    case KEY_VMI:
        render->vmi = argument;
        return 0;
    case KEY_DIFF:
        render->diff = true;
        return 0;
    case KEY_COLOUR:
        if (strcmp(argument, "auto") == 0)
            render->colour = COLOUR_AUTO;
        else if (strcmp(argument, "always") == 0)
            render->colour = COLOUR_ALWAYS;
        else if (strcmp(argument, "never") == 0)
            render->colour = COLOUR_NEVER;
        else
            argp_error(state, "--color: '%s' is none of auto, always, never", argument);
        return 0;
    case ARGP_KEY_END:
        if (!render->domain || !render->vmi)
            argp_error(state, "--domain and --vmi are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int print(const struct render *render, struct bytes before, struct bytes after, struct error *err) {
    CLEANUP(buffer_free) struct buffer diff = {0};
    if (render->diff) {
        bool colour = render->colour == COLOUR_ALWAYS || (render->colour == COLOUR_AUTO && isatty(STDOUT_FILENO));
        if (diff_unified(before, after, render->domain, "what libvirt will get", colour, &diff, err) < 0)
            return -1;
        after = buffer_bytes(&diff);
    }
    return file_write_all(STDOUT_FILENO, after) < 0 ? error_set(err, ERROR_INTERNAL, "cannot write the result") : 0;
}

static void print_warnings(const struct buffer *warnings) {
    for (const char *line = warnings->data; line && *line; line += strcspn(line, "\n") + 1)
        fprintf(stderr, "warning: %.*s\n", (int)strcspn(line, "\n"), line);
}

static int run(struct render *render, struct error *err) {
    CLEANUP(buffer_free) struct buffer domain = {0};
    CLEANUP(buffer_free) struct buffer vmi = {0};
    CLEANUP(walk_reply_free) struct walk_reply reply = {0};
    const char *compute_dir = render->setup.compute_dir ? render->setup.compute_dir : DEFAULT_COMPUTE_DIR;
    if (setup_open(&render->setup, NULL, compute_dir, err) < 0 ||
        file_read(render->domain, RPC_REQUEST_MAX, &domain, err) < 0 ||
        file_read(render->vmi, RPC_REQUEST_MAX, &vmi, err) < 0)
        return -1;
    int failed = walk_request(&render->setup.walk, buffer_bytes(&domain), buffer_bytes(&vmi), &reply, err);
    print_warnings(&reply.warnings);
    return failed ? -1 : print(render, buffer_bytes(&domain), buffer_bytes(&reply.domain), err);
}

int cmd_render(int argc, char **argv) {
    static const struct argp_child children[] = {{&setup_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        "--domain FILE --vmi FILE",
        "Prints the domain XML that the hook would answer, without a cluster and without writing any ROM.\v"
        "Example, with what virt-launcher logged and no GPU at hand:\n"
        "  kubevirt-gpu-hook render --domain vm.xml --vmi vmi.json --bundle ./lab --sysfs ./snapshot --diff\n"
        "Exit status: 0 fine, 1 refused or bad input, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct render render = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &render) != 0)
        return EXIT_USAGE;
    struct error err = {0};
    int failed = run(&render, &err);
    setup_close(&render.setup);
    return failed ? setup_report(&err) : EXIT_FINE;
}
