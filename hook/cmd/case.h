/* A walk on files, without a cluster and without writing any ROM: what render prints and test compares. */
#pragma once

#include "cmd/setup.h"

/* Opens the bundles and fills setup->walk, but for its memory. The publisher is the caller's, for publisher_close.
 * Returns 0 or -1. */
int case_open(struct setup *setup, struct publisher **publisher, struct error *err);

/* Refuses what is not one VirtualMachineInstance but another kind, as `kubectl get vm` or a list gives: it would be
 * read as a VMI that asks for nothing. What is no JSON is left to the walk. `name` is the file's. Returns 0 or -1. */
int case_check_vmi(const char *name, struct bytes vmi, struct error *err);

/* Appends what there is to say of an answer: a line for each warning, and one for the error if err is set. */
void case_messages(const struct walk_reply *reply, const struct error *err, struct buffer *text);
