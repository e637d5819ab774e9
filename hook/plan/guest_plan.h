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
    uint64_t window_kib; /* with knows_bars: see window_needed... */
    uint64_t bars_kib;   /* ...and window_sum */
    unsigned iommu_bits; /* of the narrowest IOMMU; 0: not known */
    bool only_warns;     /* the VM's policy: what would be refused is left out, with a warning */
    struct bundle *const *bundles;
};

/* The window that the guest's firmware has for 64-bit BARs, in KiB: surely *least, and surely no more than *most. Both
 * are 0 where no limit is known. */
void plan_guest_window(const struct guest_decision *decision, const struct guest_facts *facts, uint64_t *least,
                       uint64_t *most);

/* Decides. An option that this guest cannot have fails where the annotation gives it; where a profile does, it is taken
 * out of *options and *notes gets a line, as it does for a ROM that the firmware will not run; *warnings gets one where
 * the guest will not reach all BARs. Fails with
 * ERROR_INPUT or, where BARs cannot be read, ERROR_REFUSED. */
int plan_guest(struct guest_options *options, const struct guest_facts *facts, struct guest_decision *decision,
               struct buffer *notes, struct buffer *warnings, struct error *err);
