/* What the cases of `test` are run with: the options of the command line, shared by all, and a case's own. */
#pragma once

#include "base/names.h"
#include "cmd/setup.h"

/* The command line's. Starts as {0}, filled by setup_argp; never opened itself. */
struct test_shared {
    struct setup setup;
    /* Of paths that were given relative: where they really lie. NULL otherwise. */
    char *bundles[BUNDLE_SET_MAX], *sysfs;
};

/* Looks whether what the command line names is there and can be used, before any case is blamed for it. Returns 0 or
 * -1. */
int test_shared_check(struct test_shared *shared, struct error *err);
void test_shared_free(struct test_shared *shared);

/* A case's. Starts as {0}; test_options_free gives it back. */
struct test_options {
    struct setup setup; /* to be copied and opened; its texts are those below, or the command line's */
    struct names paths; /* of the command line, as they are from the case's folder */
    struct buffer args;
    char **argv;
};

/* Puts together what a case is run with; the process must stand in its folder, which holds `top`. Its own
 * `bundle` replaces the shared ones and its `sysfs` the shared one; its `args`, one option a line, come after them.
 * Fails where one of them leads nowhere or is absolute, and without a host: this machine's would make the result
 * another one elsewhere. Returns 0 or -1. */
int test_options_read(struct test_options *options, int case_fd, const struct names *top,
                      const struct test_shared *shared, struct error *err);
void test_options_free(struct test_options *options);
