#include "host/report.h"

#include <stdio.h>
#include <stdlib.h>

static void check_all(const struct host_facts *facts, struct reported_device *device) {
    const struct checked checked = {.facts = facts, .function = device->function, .mdev = device->mdev};
    for (enum check i = 0; i < CHECK_COUNT; i++)
        check_run(i, &checked, &device->results[i]);
    device->sum = checks_sum(device->results);
}

int host_report_make(const struct host_facts *facts, const struct host_devices *devices, struct host_report *report,
                     struct error *err) {
    report->facts = facts;
    report->sum = VERDICT_PASS;
    report->devices = calloc(devices->function_count + devices->mdev_count + 1, sizeof(*report->devices));
    if (!report->devices)
        return error_no_memory(err);
    for (size_t i = 0; i < devices->function_count; i++)
        report->devices[report->count++].function = host_facts_function(facts, devices->functions[i]);
    for (size_t i = 0; i < devices->mdev_count; i++) {
        struct reported_device *device = &report->devices[report->count++];
        device->mdev = host_facts_mdev(facts, devices->mdevs[i]);
        device->function = device->mdev->has_parent ? host_facts_function(facts, device->mdev->parent) : NULL;
    }
    for (size_t i = 0; i < report->count; i++) {
        check_all(facts, &report->devices[i]);
        enum check_verdict sum = report->devices[i].sum;
        if (sum == VERDICT_FAIL || (sum == VERDICT_UNKNOWN && report->sum != VERDICT_FAIL))
            report->sum = sum;
    }
    return 0;
}

void host_report_free(struct host_report *report) {
    free(report->devices);
    *report = (struct host_report){0};
}

const char *readiness_name(enum check_verdict sum) {
    return sum == VERDICT_FAIL ? "not ready" : sum == VERDICT_UNKNOWN ? "unknown" : "ready";
}

const char *reported_name(const struct reported_device *device, char text[REPORTED_NAME_MAX]) {
    char address[PCI_ADDRESS_TEXT_MAX];
    snprintf(text, REPORTED_NAME_MAX, "%s",
             device->mdev ? device->mdev->uuid : pci_address_format(device->function->address, address));
    return text;
}

/* The checks that make a device what its sum says. */
static void list_reasons(const struct reported_device *device, struct buffer *out) {
    const char *separator = "";
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        if (device->results[i].verdict != device->sum || (device->sum == VERDICT_UNKNOWN && !check_is_vital(i)))
            continue;
        buffer_printf(out, "%s%s", separator, check_name(i));
        separator = ", ";
    }
}

void host_report_summary(const struct host_report *report, struct buffer *out) {
    size_t concerned = 0;
    const char *separator = ": ";
    for (size_t i = 0; i < report->count; i++)
        concerned += report->devices[i].sum == report->sum;
    if (report->count == 0) {
        buffer_append_text(out, "ready: no GPU and no vGPU on this node\n");
        return;
    }
    const bool is_ready = report->sum == VERDICT_PASS;
    buffer_printf(out, "%s: ", readiness_name(report->sum));
    if (!is_ready)
        buffer_printf(out, "%zu of ", concerned);
    buffer_printf(out, "%zu device%s", report->count, report->count == 1 ? "" : "s");
    for (size_t i = 0; i < report->count && !is_ready; i++) {
        char name[REPORTED_NAME_MAX];
        if (report->devices[i].sum != report->sum)
            continue;
        buffer_printf(out, "%s%s (", separator, reported_name(&report->devices[i], name));
        list_reasons(&report->devices[i], out);
        buffer_append_text(out, ")");
        separator = ", ";
    }
    buffer_append_text(out, "\n");
}
