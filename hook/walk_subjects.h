/* What the walk collects of each device before it decides: the devices of the domain, and those that come along. */
#pragma once

#include "host/checks.h"
#include "plan/device_plan.h"
#include "rom/bundle_set.h"
#include "walk_decide.h"

/* A ROM that a device will get, verified but not yet published: a VM that is refused leaves nothing behind. */
struct verified_rom {
    const struct manifest_rom *rom; /* NULL: none */
    struct pci_id id;               /* of the device that it was verified for */
    struct buffer content;
    struct buffer warnings;          /* what the verdict warns of, a line each */
    const struct verified_rom *same; /* an earlier device's, which holds the content for both; NULL: ours does */
};

struct subject {
    const struct device *device; /* the domain's, or `companion` */
    struct device companion;     /* its alias is ours to free */
    struct device_facts facts;
    const struct host_function *function; /* of a mediated device, its parent; NULL: not known */
    const struct host_mdev *mdev;         /* NULL: it is a PCI function, or has no readable UUID */
    struct device_options options;
    struct guest_options guest; /* what profiles say of a guest that has this device */
    struct rom_candidate candidate;
    struct verified_rom verified;
    struct check_result results[CHECK_COUNT]; /* of the host checks; all zeros where one was not made */
    bool is_other;                            /* than "expect" says: nothing that is said of it may be done */
    bool is_refused;                          /* it goes without our edits, if the VM goes on at all */
};

struct subjects {
    struct subject *list[DOMAIN_DEVICES_MAX];
    size_t count;
    struct host_facts host;
};

/* What collecting is given. */
struct subjects_source {
    const struct walk *walk;
    const struct bundle_view *bundles;
    const struct config *config;
    const struct domain *domain;
    enum policy policy; /* the VM's */
};

/* Fills *subjects (must be {0}; subjects_free gives it back, also after a failure): what the host says of each device,
 * and its options. Companions are added behind the domain's own devices; *warnings gets a line for each function that
 * stays behind although it was asked for. Fails with ERROR_INPUT, ERROR_LIMIT or, unless the policy only warns,
 * ERROR_REFUSED. */
int subjects_collect(const struct subjects_source *source, struct subjects *subjects, struct buffer *warnings,
                     struct error *err);

void subjects_free(struct subjects *subjects);

static inline void subjects_free_at(struct subjects *subjects) {
    subjects_free(subjects);
}
