/* A plan explained: each option with its value and who gave it, and what comes of it. Pure. */
#pragma once

#include <jansson.h>

#include "plan/options.h"

/* What is to be told of one device. */
struct explained_device {
    const struct device *device;
    const struct device_facts *facts;
    const struct device_options *options; /* after plan_fit: what counts */
    const struct decision *decision;
    const struct rom_candidate *candidate; /* the bundle's ROM; its `rom` is NULL: none */
};

/* {"address" (of a mediated device: "uuid"), "name", "companion": true,
 *  "host": {"id", "subsystem", "revision", "class", "iommuGroup", "driver", "virtualFunction": true} or {"unknown"},
 *  "options": [{"option", "value", "from"}], "result": {"rom", "properties", "guestAddress", ...}}.
 * A VF token is not told. Returns a new reference, or NULL without memory. */
json_t *explain_device(const struct explained_device *device);

/* {"options": [{"option", "value", "from"}], "result": {...}}, likewise. */
json_t *explain_guest(const struct guest_options *options, const struct guest_decision *decision,
                      struct bundle *const *bundles);

/* What the decisions change besides the ROM, for the log: ", 0000:06:00.0 of the guest, x-vga=true". */
void explain_decision(const struct decision *decision, struct buffer *line);

/* "hypervisor hidden, OVMF's window 128GiB". Nothing where nothing changes. */
void explain_guest_decision(const struct guest_decision *decision, struct buffer *line);
