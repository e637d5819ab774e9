/* The one walk from a request to its reply. `render`, `test` and every gRPC service call it.
 *
 *   VMI -> options;  domain -> devices;  address -> host facts -> profiles -> ROM of the bundle -> verdict -> plan ->
 *   published file -> domain
 */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "config/allowed.h"
#include "config/annotation.h"
#include "plan/memory.h"
#include "rom/bundle_set.h"
#include "rom/publish.h"

/* What a walk works with. Set up once, then read by any thread; nothing here belongs to the walk. */
struct walk {
    const char *sysfs; /* a folder laid out as /sys */
    struct bundle_set *bundles;
    const struct manifest *builtin; /* the built-in profiles; NULL: turned off */
    struct publisher *publisher;
    struct plan_memory *memory; /* NULL: every request is the first */
    enum policy policy;         /* where the VM owner says none; never POLICY_UNSET */
    /* Which options the VM owner may set: what --allow says; with NULL, the first bundle that has an "allow"; without
     * one, all of them, or where the admin has put this hook into the VM's pod, those of tenants. */
    const struct allowed *allowed;
    bool is_of_admin;
    bool mode_only; /* the mode of PCI devices is all that is said: a plugin says the rest */
    bool explain;   /* fill the reply's explanation */
};

struct walk_reply {
    struct buffer domain;
    /* For the log, one line each; never the request's content. */
    struct buffer notes;    /* what was decided */
    struct buffer warnings; /* what is wrong, but does not refuse the VM */
    json_t *explanation;    /* with walk.explain, on a first call: see plan/explain.h */
};

/* What the domain is defined for. A hook sidecar is not told: the VMI says whether a migration goes on. */
enum walk_context { WALK_UNTOLD, WALK_BOOT, WALK_MIGRATION };

/* Answers one request: `domain` is the libvirt XML, `vmi` the VMI as JSON; both are borrowed for the call. A domain
 * without passthrough device is answered with itself, byte for byte, and the VMI is not looked at; nor is it with
 * mode_only.
 *
 * Fails with ERROR_INPUT (bad request or annotation), ERROR_DENIED (the annotation says what it may not), ERROR_REFUSED
 * (this VM must not start), ERROR_LIMIT or ERROR_INTERNAL; *reply then has no domain, but may have lines for the log.
 * The caller gives *reply (must be {0}) to walk_reply_free. Any thread may call it. */
int walk_request(const struct walk *walk, enum walk_context context, struct bytes domain, struct bytes vmi,
                 struct walk_reply *reply, struct error *err);

void walk_reply_free(struct walk_reply *reply);

static inline void walk_reply_free_at(struct walk_reply *reply) {
    walk_reply_free(reply);
}
