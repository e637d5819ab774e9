/* The host checks of a walk: made on the first call of a boot, of each device that the VM gets. */
#pragma once

#include "plan/guest_plan.h"
#include "plan/refusals.h"
#include "walk_subjects.h"

/* What the checks are given. */
struct checking {
    const struct subjects *subjects; /* in the order of the plan's decisions */
    const struct plan *plan;
    enum policy policy; /* the VM's; never POLICY_UNSET */
    bool is_migrating;  /* nothing here refuses the VM: it runs elsewhere already */
    bool is_before;     /* the domain is not made yet: which ROMs the VM gives its devices is not known */
    struct refusals *refusals, *warnings;
};

/* Makes the checks that need no more than the device at `index`, whose decision is made. What fails goes to the
 * refusals, or to the warnings where the mode of the check says so. Sets the subject's is_refused where the device must
 * go without our edits. Fails without memory only. */
int walk_check_device(const struct checking *checking, size_t index, struct error *err);

/* The same for the checks that need the guest's decisions, of all devices. `facts` are what those were made from. */
int walk_check_guest(const struct checking *checking, const struct guest_facts *facts, struct error *err);

/* {"driver": {"verdict": "pass", "evidence": "vfio-pci"}, ...}: the checks that were made and apply. Returns a new
 * reference, or NULL without memory. */
json_t *walk_explain_checks(const struct subject *subject);

/* A line for the log: what the checks of the device found. */
void walk_note_checks(const struct subject *subject, struct buffer *notes);
