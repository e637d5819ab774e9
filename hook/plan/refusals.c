#include "plan/refusals.h"

#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

struct refusal {
    struct buffer devices; /* "A, B" */
    struct error reason;
};

int refusals_add(struct refusals *refusals, const struct device *device, const struct error *reason,
                 struct error *err) {
    char label[DEVICE_LABEL_MAX];
    device_label(device, label);
    for (size_t i = 0; i < refusals->count; i++) {
        if (strcmp(refusals->list[i].reason.message, reason->message) != 0)
            continue;
        buffer_printf(&refusals->list[i].devices, ", %s", label);
        return buffer_check(&refusals->list[i].devices, err);
    }
    struct refusal *list = reallocarray(refusals->list, refusals->count + 1, sizeof(*list));
    if (!list)
        return error_no_memory(err);
    refusals->list = list;
    struct refusal *fresh = &list[refusals->count++];
    *fresh = (struct refusal){.reason = *reason};
    buffer_append_text(&fresh->devices, label);
    return buffer_check(&fresh->devices, err);
}

int refusals_raise(const struct refusals *refusals, struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    for (size_t i = 0; i < refusals->count; i++)
        buffer_printf(&text, "%s%s: %s", i ? "; " : "", refusals->list[i].devices.data,
                      refusals->list[i].reason.message);
    if (buffer_check(&text, err) < 0)
        return -1;
    return text.size ? error_set(err, ERROR_REFUSED, "%s", text.data) : 0;
}

void refusals_print(const struct refusals *refusals, struct buffer *lines) {
    for (size_t i = 0; i < refusals->count; i++)
        buffer_printf(lines, "%s: %s (policy \"warn\": the VM goes on without)\n", refusals->list[i].devices.data,
                      refusals->list[i].reason.message);
}

void refusals_free(struct refusals *refusals) {
    for (size_t i = 0; i < refusals->count; i++)
        buffer_free(&refusals->list[i].devices);
    free(refusals->list);
    *refusals = (struct refusals){0};
}
