/* render: the walk of the sidecar, by hand, on files. */
#include <stdio.h>
#include <string.h>

#include "base/diff.h"
#include "base/file.h"
#include "cmd/case.h"
#include "cmd/cmd.h"
#include "rpc/server.h"

enum { KEY_DOMAIN = 'd', KEY_VMI = 'v', KEY_DIFF = 2000, KEY_COLOUR, KEY_EXPLAIN };

struct render {
    struct setup setup;
    const char *domain, *vmi;
    bool diff;
    enum { EXPLAIN_NOT, EXPLAIN_TREE, EXPLAIN_JSON } explain;
    enum { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER } colour;
};

static const struct argp_option options[] = {
    {"domain", KEY_DOMAIN, "FILE", 0, "the domain XML that KubeVirt generated (- for standard input)", 0},
    {"vmi", KEY_VMI, "FILE", 0, "the VirtualMachineInstance as JSON (kubectl get vmi NAME -o json)", 0},
    {"diff", KEY_DIFF, NULL, 0, "print what changes, as a unified diff, instead of the whole XML", 0},
    {"explain", KEY_EXPLAIN, "tree|json", OPTION_ARG_OPTIONAL,
     "print each option, its value, who gave it and what comes of it, instead of the XML (default tree)", 0},
    {"color", KEY_COLOUR, "auto|always|never", 0, "colour the diff (default auto: when printed on a terminal)", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct render *render = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &render->setup;
        state->child_inputs[1] = &render->setup;
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
    case KEY_EXPLAIN:
        if (!argument || strcmp(argument, "tree") == 0)
            render->explain = EXPLAIN_TREE;
        else if (strcmp(argument, "json") == 0)
            render->explain = EXPLAIN_JSON;
        else
            argp_error(state, "--explain: '%s' is neither tree nor json", argument);
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
        if (render->explain != EXPLAIN_NOT && render->diff)
            argp_error(state, "--explain and --diff: use one of them");
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

/* --- explain -------------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* A value as JSON, but texts without their quotes. */
static void print_value(const json_t *value) {
    CLEANUP(free) char *text = json_is_string(value) ? NULL : json_text(value, JSON_ENCODE_ANY);
    printf("%s", text ? text : json_string_value(value));
}

static void print_options(const json_t *explained) {
    const json_t *given = json_object_get(explained, "options");
    json_t *results = json_object_get(explained, "result"), *value;
    const char *key;
    for (size_t i = 0; i < json_array_size(given); i++) {
        const json_t *entry = json_array_get(given, i);
        printf("  %-16s ", text_of(entry, "option"));
        print_value(json_object_get(entry, "value"));
        printf("  (%s)\n", text_of(entry, "from"));
    }
    if (results && json_object_size(results) == 0)
        puts("  -> nothing to set");
    json_object_foreach(results, key, value) {
        printf("  -> %-13s ", key);
        print_value(value);
        putchar('\n');
    }
}

/* One line: how many checks pass, and which do not. */
static void print_checks(json_t *checks) {
    const char *name;
    json_t *check;
    size_t passed = 0;
    json_object_foreach(checks, name, check) passed += strcmp(text_of(check, "verdict"), "pass") == 0;
    printf("  host checks      %zu pass", passed);
    json_object_foreach(checks, name, check) if (strcmp(text_of(check, "verdict"), "pass") != 0)
        printf(", %s: %s", text_of(check, "verdict"), name);
    putchar('\n');
}

static void print_device(const json_t *device) {
    const json_t *host = json_object_get(device, "host");
    const char *address = text_of(device, "address"), *unknown = text_of(host, "unknown");
    printf("%s (%s)%s: ", *address ? address : text_of(device, "uuid"), text_of(device, "name"),
           json_is_true(json_object_get(device, "companion")) ? ", a companion" : "");
    if (*unknown) {
        printf("unknown: %s\n", unknown);
    } else {
        printf("%s%s, subsystem %s, revision %s, class %s", *address ? "" : "part of ", text_of(host, "id"),
               text_of(host, "subsystem"), text_of(host, "revision"), text_of(host, "class"));
        if (json_object_get(host, "iommuGroup"))
            printf(", IOMMU group %" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(host, "iommuGroup")));
        if (json_object_get(host, "driver"))
            printf(", driver %s", text_of(host, "driver"));
        printf("%s\n", json_is_true(json_object_get(host, "virtualFunction")) ? ", a virtual function" : "");
    }
    print_checks(json_object_get(device, "checks"));
    print_options(device);
}

static void print_explanation(const struct render *render, const json_t *explanation) {
    const json_t *devices = json_object_get(explanation, "devices");
    if (render->explain == EXPLAIN_JSON) {
        if (explanation)
            json_dumpf(explanation, stdout, JSON_INDENT(2)); /* main sees whether that went well */
        puts(explanation ? "" : "{\"devices\": []}");
        return;
    }
    if (!explanation)
        puts("no passthrough device: the domain stays as it is, byte for byte");
    for (size_t i = 0; i < json_array_size(devices); i++)
        print_device(json_array_get(devices, i));
    if (explanation)
        puts("guest");
    print_options(json_object_get(explanation, "guest"));
}

static int run(struct render *render, struct error *err) {
    CLEANUP(buffer_free) struct buffer domain = {0};
    CLEANUP(buffer_free) struct buffer vmi = {0};
    CLEANUP(buffer_free) struct buffer messages = {0};
    CLEANUP(walk_reply_free) struct walk_reply reply = {0};
    CLEANUP(publisher_close) struct publisher *publisher = NULL;
    if (case_open(&render->setup, &publisher, err) < 0 ||
        file_read(render->domain, RPC_REQUEST_MAX, &domain, err) < 0 ||
        file_read(render->vmi, RPC_REQUEST_MAX, &vmi, err) < 0 ||
        case_check_vmi(render->vmi, buffer_bytes(&vmi), err) < 0)
        return -1;
    render->setup.walk.explain = render->explain != EXPLAIN_NOT;
    int failed = walk_request(&render->setup.walk, WALK_UNTOLD, buffer_bytes(&domain), buffer_bytes(&vmi), &reply, err);
    case_messages(&reply, &(struct error){0}, &messages); /* the error is printed with those of the options */
    (void)file_write_all(STDERR_FILENO, buffer_bytes(&messages));
    if (failed)
        return -1;
    if (render->explain == EXPLAIN_NOT)
        return print(render, buffer_bytes(&domain), buffer_bytes(&reply.domain), err);
    print_explanation(render, reply.explanation);
    return 0;
}

int cmd_render(int argc, char **argv) {
    static const struct argp_child children[] = {{&setup_argp, 0, NULL, 0}, {&setup_folder_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        "--domain FILE --vmi FILE",
        "Prints the domain XML that the hook would answer, without a cluster and without writing any ROM.\v"
        "Examples:\n"
        "  kubevirt-gpu-hook render --domain vm.xml --vmi vmi.json --diff\n"
        "  kubevirt-gpu-hook render --domain vm.xml --vmi vmi.json --bundle ./lab \\\n"
        "      --sysfs ./snapshot --explain\n"
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
