#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/report.h"

/* node-feature-discovery puts "feature.node.kubernetes.io/" in front of names without a slash. */
#define PREFIX "kubevirt-gpu-hook."

/* What the scheduler tells apart: PCI IDs, or a mediated device's type. */
#define KIND_MAX 32

/* A label's name takes letters, digits, '-', '_' and '.'. */
static void write_kind(const struct reported_device *device, char kind[KIND_MAX]) {
    if (device->mdev)
        snprintf(kind, KIND_MAX, "mdev-%.24s", device->mdev->type[0] ? device->mdev->type : "unknown");
    else if (device->function->device.state == HOST_PRESENT)
        snprintf(kind, KIND_MAX, "%04x-%04x%s", device->function->device.identity.id.vendor,
                 device->function->device.identity.id.device, device->function->device.is_virtual ? "-vf" : "");
    else
        snprintf(kind, KIND_MAX, "unknown");
    for (char *c = kind; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
            *c = '-';
}

static bool is_ready(const struct reported_device *device) {
    return device->sum == VERDICT_PASS || device->sum == VERDICT_WARN;
}

void host_report_nfd(const struct host_report *report, struct buffer *out) {
    CLEANUP(free) char(*kinds)[KIND_MAX] = calloc(report->count + 1, sizeof(*kinds));
    out->failed = out->failed || !kinds;
    /* A node without GPUs is not one to go to. */
    if (report->count)
        buffer_printf(out, PREFIX "ready=%s\n",
                      report->sum == VERDICT_FAIL      ? "false"
                      : report->sum == VERDICT_UNKNOWN ? "unknown"
                                                       : "true");
    for (size_t i = 0; kinds && i < report->count; i++)
        write_kind(&report->devices[i], kinds[i]);
    for (size_t i = 0; kinds && i < report->count; i++) {
        size_t count = 0, ready = 0;
        bool is_first = true;
        for (size_t j = 0; j < report->count && is_first; j++) {
            if (strcmp(kinds[i], kinds[j]) != 0)
                continue;
            is_first = j >= i;
            count++;
            ready += is_ready(&report->devices[j]);
        }
        if (is_first)
            buffer_printf(out, PREFIX "%s.count=%zu\n" PREFIX "%s.ready=%zu\n", kinds[i], count, kinds[i], ready);
    }
}
