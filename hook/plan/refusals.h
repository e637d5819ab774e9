/* What is wrong with devices, collected so that the user sees all of it at once. */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "plan/device.h"

struct refusal;

/* Starts as {0}; refusals_free gives it back. */
struct refusals {
    struct refusal *list;
    size_t count, enforced;
};

/* Adds what is wrong with a device. `brief` stands for it where there is no room for the reason; NULL: its beginning
 * does. `enforced`: the VM must not start; otherwise it goes on without what could not be verified. Devices with the
 * same reason share one line. */
int refusals_add(struct refusals *refusals, const struct device *device, const struct error *reason, const char *brief,
                 bool enforced, struct error *err);

/* Fails with ERROR_REFUSED and all enforced reasons in one message, if there are any. Reasons that do not fit any more
 * are told in brief, or even that only by number, and all are added to *lines, for the log. */
int refusals_raise(const struct refusals *refusals, struct buffer *lines, struct error *err);

/* Adds a line for each reason, enforced or not. */
void refusals_tell(const struct refusals *refusals, struct buffer *lines);

/* Adds a line for each reason that is not enforced, which says that the device goes without what is said of it. */
void refusals_print(const struct refusals *refusals, struct buffer *lines);

void refusals_free(struct refusals *refusals);

static inline void refusals_free_at(struct refusals *refusals) {
    refusals_free(refusals);
}
