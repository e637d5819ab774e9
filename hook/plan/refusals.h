/* Why devices of one VM are refused: all reasons in one message, so that they can be mended together. Pure. */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "plan/device.h"

struct refusal;
struct refusals {
    struct refusal *list;
    size_t count;
};

/* Adds a reason. Devices with the same one share it: a broken bundle is told once. Returns 0, or -1 without memory. */
int refusals_add(struct refusals *refusals, const struct device *device, const struct error *reason, struct error *err);

/* Fails with ERROR_REFUSED and all reasons, if there are any. */
int refusals_raise(const struct refusals *refusals, struct error *err);

/* Appends a line for each reason, for a VM that goes on without what was refused. */
void refusals_print(const struct refusals *refusals, struct buffer *lines);

void refusals_free(struct refusals *refusals);

static inline void refusals_free_at(struct refusals *refusals) {
    refusals_free(refusals);
}
