/* A libvirt domain as far as passthrough concerns it: its devices, its guest, and the edits that a plan makes.
 *
 * Formats: libvirt's docs/formatdomain. The order: domain_parse, domain_apply, domain_free. A domain belongs to one
 * thread.
 */
#pragma once

#include "domain/tree.h"
#include "plan/plan.h"

/* A VM has at most this many passthrough devices; q35 has room for fewer. */
#define DOMAIN_DEVICES_MAX 256

struct domain {
    struct tree tree;
    struct guest guest;
    size_t count;
    struct device *devices; /* in document order, PCI and mdev; room for DOMAIN_DEVICES_MAX */
    xmlNode **nodes;        /* their <hostdev> elements */
};

/* Parses `xml` (borrowed: it must outlive the domain) and finds the passthrough devices in it. Fails with ERROR_INPUT
 * when it is no domain XML, a PCI hostdev has no readable source address, or two devices have one alias; with
 * ERROR_LIMIT when it is too large. domain_free gives it back. */
int domain_parse(struct bytes xml, struct domain *domain, struct error *err);

/* Finds the devices of a tree, which stays its owner's, as domain_parse does: domain_lose gives only them back. */
int domain_find(struct tree tree, struct domain *domain, struct error *err);
void domain_lose(struct domain *domain);

/* Makes the plan's edits and writes the result into *out (must be {0}). Every PCI hostdev gets mode="subsystem",
 * whether the plan has it or not. The result is parsed again; unless every edit is found in it and all else is as it
 * was, the call fails with ERROR_INTERNAL. Applying a plan to its own result changes nothing. */
int domain_apply(struct domain *domain, const struct plan *plan, struct buffer *out, struct error *err);

void domain_free(struct domain *domain);

static inline void domain_lose_at(struct domain *domain) {
    domain_lose(domain);
}

static inline void domain_free_at(struct domain *domain) {
    domain_free(domain);
}
