/* The options that every command around the walk shares, and the walk that they set up. */
#pragma once

#include <argp.h>

#include "walk.h"

/* Where a bundle lies in an image made FROM ours; used when it exists and no --bundle is given. */
#define SETUP_DEFAULT_BUNDLE "/bundle"

struct setup {
    /* From the command line; the texts are argv's. */
    const char *bundle_paths[BUNDLE_SET_MAX];
    size_t path_count;
    struct trust trust;
    const char *sysfs, *compute_dir;
    const char *sysfs_help; /* what --help says of --sysfs, where /sys is not the default; else NULL */
    enum policy policy;
    bool no_builtin_profiles;
    bool has_allowed;
    struct allowed allowed; /* with has_allowed */

    struct walk walk; /* made by setup_open */
    struct manifest builtin;
};

/* For the `children` of a command's argp; its input is a struct setup, which must be {0} but for
 * its help. */
extern const struct argp setup_argp;

/* The same for commands whose domains name ROM files. */
extern const struct argp setup_folder_argp;

/* Opens the bundles and fills setup->walk, but for its publisher and memory. A bundle that cannot be opened is no
 * failure here, see bundle_set.h. Returns 0 or -1. */
int setup_open(struct setup *setup, struct error *err);

/* Closes the bundles. */
void setup_close(struct setup *setup);

/* Refuses, as wrong usage, a folder that is not an absolute path in UTF-8: it ends up in a domain's XML. */
void setup_check_folder(const struct argp_state *state, const char *option, const char *folder);

/* For error_grpc_name and the message. */
#define SETUP_ERROR_FORMAT "error: %s: %s\n"

/* Prints an error like this for people and returns EXIT_BAD. */
int setup_report(const struct error *err);
