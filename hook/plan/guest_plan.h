/* What the guest as a whole gets, and what does not go together in it. Pure. */
#pragma once

#include "plan/layout.h"
#include "plan/options.h"

/* What plan_guest is given. */
struct guest_facts {
    const struct guest *guest;
    const struct layout_device *devices; /* all passthrough devices, their decisions made */
    size_t count;
    bool knows_bars;     /* the BARs of all of them could be read */
    uint64_t window_kib; /* with knows_bars: see window_needed */
    unsigned iommu_bits; /* of the narrowest IOMMU; 0: not known */
    bool only_warns;     /* the VM's policy: what would be refused is left out, with a warning */
    struct bundle *const *bundles;
};

/* Does anybody ask for a window, or the address bits, by "auto", so that the BARs and the IOMMUs' widths must be read?
 */
bool plan_guest_wants_host(const struct guest_options *options);

/* Decides. An option that this guest cannot have fails where the annotation gives it; where a profile does, it is taken
 * out of *options and *notes gets a line; *warnings gets one where the guest will not reach all BARs. Fails with
 * ERROR_INPUT or, where BARs cannot be read, ERROR_REFUSED. */
int plan_guest(struct guest_options *options, const struct guest_facts *facts, struct guest_decision *decision,
               struct buffer *notes, struct buffer *warnings, struct error *err);
