/* What the `bundle` commands share. */
#pragma once

#include "cmd/rom.h"
#include "cmd/trust.h"
#include "rom/bundle_set.h"

/* The commands; each is a row of the table in cmd/bundle.c. */
int cmd_bundle_init(int argc, char **argv);
int cmd_bundle_add(int argc, char **argv);
int cmd_bundle_list(int argc, char **argv);
int cmd_bundle_verify(int argc, char **argv);
int cmd_bundle_match(int argc, char **argv);
int cmd_bundle_keygen(int argc, char **argv);
int cmd_bundle_sign(int argc, char **argv);
int cmd_bundle_pack(int argc, char **argv);

/* Bundles named on a command line, opened in that order. */
struct opened_bundles {
    struct bundle *list[BUNDLE_SET_MAX];
    size_t count;
};

/* Opens them all. Fails as bundle_open, at the first; opened_bundles_close gives back what was opened in any case. */
int opened_bundles_open(struct opened_bundles *bundles, const struct file_names *paths, const struct trust *trust,
                        struct error *err);
void opened_bundles_close(struct opened_bundles *bundles);

static inline void opened_bundles_close_at(struct opened_bundles *bundles) {
    opened_bundles_close(bundles);
}

/* libsodium, which hashes and signatures need. Fails with ERROR_INTERNAL. */
int bundle_setup(struct error *err);
