#include "plan/refusals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

#define BRIEF_MAX 64

struct refusal {
    struct buffer devices; /* "A, B" */
    size_t device_count;
    struct error reason;
    char brief[BRIEF_MAX];
    bool enforced;
};

int refusals_add(struct refusals *refusals, const struct device *device, const struct error *reason, const char *brief,
                 bool enforced, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    device_label(device, label);
    for (size_t i = 0; i < refusals->count; i++) {
        struct refusal *known = &refusals->list[i];
        if (known->enforced != enforced || strcmp(known->reason.message, reason->message) != 0)
            continue;
        buffer_printf(&known->devices, ", %s", label);
        known->device_count++;
        return buffer_check(&known->devices, err);
    }
    struct refusal *list = reallocarray(refusals->list, refusals->count + 1, sizeof(*list));
    if (!list)
        return error_no_memory(err);
    refusals->list = list;
    struct refusal *fresh = &list[refusals->count++];
    *fresh = (struct refusal){.device_count = 1, .reason = *reason, .enforced = enforced};
    refusals->enforced += enforced;
    const char *text = brief ? brief : reason->message;
    if ((size_t)snprintf(fresh->brief, BRIEF_MAX, "%s", text) >= BRIEF_MAX)
        text_ellipsis(fresh->brief, BRIEF_MAX);
    buffer_append_text(&fresh->devices, label);
    return buffer_check(&fresh->devices, err);
}

/* All enforced reasons, the first `whole` of them as they are, the others in brief. */
static void write_reasons(const struct refusals *refusals, size_t whole, struct buffer *text) {
    const char *devices = "";
    size_t written = 0;
    for (size_t i = 0; i < refusals->count; i++) {
        const struct refusal *refusal = &refusals->list[i];
        if (!refusal->enforced)
            continue;
        buffer_append_text(text, written ? "; " : "");
        if (strcmp(devices, refusal->devices.data) != 0)
            buffer_printf(text, "%s: ", refusal->devices.data);
        buffer_append_text(text, written < whole ? refusal->reason.message : refusal->brief);
        devices = refusal->devices.data;
        written++;
    }
    if (whole < written)
        buffer_append_text(text, " (remedies: see the hook's log)");
}

/* "driver: 16 devices": of many devices only how many there are of each. */
static void write_counts(const struct refusals *refusals, struct buffer *text) {
    const char *separator = "";
    for (size_t i = 0; i < refusals->count; i++) {
        size_t devices = 0;
        bool is_first = refusals->list[i].enforced;
        for (size_t j = 0; j < refusals->count && is_first; j++) {
            if (!refusals->list[j].enforced || strcmp(refusals->list[i].brief, refusals->list[j].brief) != 0)
                continue;
            is_first = j >= i;
            devices += refusals->list[j].device_count;
        }
        if (!is_first)
            continue;
        buffer_printf(text, "%s%s: %zu device%s", separator, refusals->list[i].brief, devices, devices == 1 ? "" : "s");
        separator = "; ";
    }
    buffer_append_text(text, " (which, and remedies: see the hook's log)");
}

int refusals_raise(const struct refusals *refusals, struct buffer *lines, struct error *err) {
    if (refusals->enforced == 0)
        return 0;
    for (size_t whole = refusals->enforced;; whole--) {
        CLEANUP(buffer_free) struct buffer text = {0};
        write_reasons(refusals, whole, &text);
        if (whole == 0 && text.size >= ERROR_MESSAGE_MAX) {
            buffer_free(&text);
            write_counts(refusals, &text);
        }
        if (buffer_check(&text, err) < 0)
            return -1;
        if (text.size < ERROR_MESSAGE_MAX || whole == 0)
            return error_set(err, ERROR_REFUSED, "%s", text.data);
        for (size_t i = 0; whole == refusals->enforced && i < refusals->count; i++)
            if (refusals->list[i].enforced)
                buffer_printf(lines, "%s: %s\n", refusals->list[i].devices.data, refusals->list[i].reason.message);
    }
}

void refusals_tell(const struct refusals *refusals, struct buffer *lines) {
    for (size_t i = 0; i < refusals->count; i++)
        buffer_printf(lines, "%s: %s\n", refusals->list[i].devices.data, refusals->list[i].reason.message);
}

void refusals_print(const struct refusals *refusals, struct buffer *lines) {
    for (size_t i = 0; i < refusals->count; i++)
        if (!refusals->list[i].enforced)
            buffer_printf(lines, "%s: %s (only a warning: the device goes without what is said of it)\n",
                          refusals->list[i].devices.data, refusals->list[i].reason.message);
}

void refusals_free(struct refusals *refusals) {
    for (size_t i = 0; i < refusals->count; i++)
        buffer_free(&refusals->list[i].devices);
    free(refusals->list);
    *refusals = (struct refusals){0};
}
