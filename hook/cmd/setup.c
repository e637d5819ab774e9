#include "cmd/setup.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/trust.h"
#include "domain/tree.h"
#include "rom/builtin.h"

enum { KEY_BUNDLE = 1000, KEY_SYSFS, KEY_COMPUTE_DIR, KEY_POLICY, KEY_ALLOW, KEY_NO_BUILTIN };

static const struct argp_option options[] = {
    {"bundle", KEY_BUNDLE, "PATH", 0,
     "a ROM bundle, a folder or a packed file; repeat it to search several in this order (default " SETUP_DEFAULT_BUNDLE
     " where that exists)",
     0},
    {"sysfs", KEY_SYSFS, "DIR", 0, "the node's /sys, or a folder laid out like it (default /sys)", 0},
    {"policy", KEY_POLICY, "enforce|warn", 0,
     "what to do with a VM whose device is not right and whose annotation does not say: refuse it (enforce, the default), or log it (warn)",
     0},
    {"allow", KEY_ALLOW, "WORDS", 0,
     "which options a VM's annotation may set: names with commas between them; all, none, or tenant (those that harm "
     "nobody else); and -NAME to take one away, as in tenant,companions,-rom. Default: what the first bundle with an "
     "\"allow\" says; without one all, for plugins and node hooks tenant",
     0},
    {"no-builtin-profiles", KEY_NO_BUILTIN, NULL, 0,
     "leave out the profiles for well-known hardware that are built in (bundle list --builtin prints them)", 0},
    {0},
};

void setup_check_folder(const struct argp_state *state, const char *option, const char *folder) {
    struct bytes text = {(const uint8_t *)folder, strlen(folder)};
    if (*folder != '/' || utf8_valid_prefix(text) < text.size)
        argp_error(state, "%s: '%s' is not an absolute path in UTF-8", option, folder);
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct setup *setup = state->input;
    struct error err = {0};
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &setup->trust;
        return 0;
    case KEY_BUNDLE:
        if (setup->path_count == BUNDLE_SET_MAX)
            argp_error(state, "more than %d bundles", BUNDLE_SET_MAX);
        else
            setup->bundle_paths[setup->path_count++] = argument;
        return 0;
    case KEY_SYSFS:
        setup->sysfs = argument;
        return 0;
    case KEY_ALLOW:
        if (allowed_parse(argument, &setup->allowed, &err) < 0)
            argp_error(state, "--allow: %s", err.message);
        setup->has_allowed = true;
        return 0;
    case KEY_NO_BUILTIN:
        setup->no_builtin_profiles = true;
        return 0;
    case KEY_POLICY:
        if (policy_parse(argument, &setup->policy) < 0)
            argp_error(state, "--policy: '%s' is neither enforce nor warn", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* argp frees what is not `text` itself. */
static char *filter_help(int key, const char *text, void *input) {
    const struct setup *setup = input;
    if (key == KEY_SYSFS && setup && setup->sysfs_help)
        return strdup(setup->sysfs_help);
    return (char *)(uintptr_t)text;
}

static const struct argp_child children[] = {{&trust_argp, 0, NULL, 0}, {0}};
const struct argp setup_argp = {options, parse, NULL, NULL, children, filter_help, NULL};

static const struct argp_option folder_options[] = {
    {"compute-dir", KEY_COMPUTE_DIR, "DIR", 0,
     "the ROM folder as the compute container sees it (default: what KubeVirt's mounts make of it)", 0},
    {0},
};

static error_t parse_folder(int key, char *argument, struct argp_state *state) {
    struct setup *setup = state->input;
    if (key != KEY_COMPUTE_DIR)
        return ARGP_ERR_UNKNOWN;
    setup_check_folder(state, "--compute-dir", argument);
    setup->compute_dir = argument;
    return 0;
}

const struct argp setup_folder_argp = {folder_options, parse_folder, NULL, NULL, NULL, NULL, NULL};

int setup_open(struct setup *setup, struct error *err) {
    tree_setup();
    if (sodium_init() < 0)
        return error_set(err, ERROR_INTERNAL, "libsodium cannot be initialised: is there a source of randomness?");
    setup->walk.sysfs = setup->sysfs ? setup->sysfs : "/sys";
    setup->walk.policy = setup->policy == POLICY_UNSET ? POLICY_ENFORCE : setup->policy;
    setup->walk.allowed = setup->has_allowed ? &setup->allowed : NULL;
    if (!setup->no_builtin_profiles) {
        if (builtin_profiles(&setup->builtin, err) < 0)
            return -1;
        setup->walk.builtin = &setup->builtin;
    }
    struct stat status;
    if (setup->path_count == 0 && !setup->walk.mode_only && stat(SETUP_DEFAULT_BUNDLE, &status) == 0)
        setup->bundle_paths[setup->path_count++] = SETUP_DEFAULT_BUNDLE;
    setup->walk.bundles = bundle_set_open(setup->bundle_paths, setup->path_count, &setup->trust, err);
    return setup->walk.bundles ? 0 : -1;
}

void setup_close(struct setup *setup) {
    bundle_set_close(setup->walk.bundles);
    manifest_free(&setup->builtin);
    setup->walk = (struct walk){0};
}

int setup_report(const struct error *err) {
    fprintf(stderr, SETUP_ERROR_FORMAT, error_grpc_name(err->code), err->message);
    return EXIT_BAD;
}
