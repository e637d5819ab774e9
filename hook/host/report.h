/* What the host checks found, for people, programs and the scheduler. Pure: the formats are in report_*.c. */
#pragma once

#include <jansson.h>

#include "host/checks.h"
#include "host/devices.h"

struct reported_device {
    const struct host_function *function; /* of a mediated device, its parent, or NULL */
    const struct host_mdev *mdev;         /* NULL: a PCI function */
    struct check_result results[CHECK_COUNT];
    enum check_verdict sum; /* VERDICT_PASS and VERDICT_WARN: ready; VERDICT_FAIL: not; VERDICT_UNKNOWN */
};

struct host_report {
    const struct host_facts *facts;
    struct reported_device *devices;
    size_t count;
    enum check_verdict sum; /* the worst of theirs: VERDICT_FAIL before VERDICT_UNKNOWN before VERDICT_PASS */
};

/* Makes all checks of the devices, which must be in the facts, by themselves: without a VM. *report must be {0};
 * host_report_free gives it back. Fails without memory only. */
int host_report_make(const struct host_facts *facts, const struct host_devices *devices, struct host_report *report,
                     struct error *err);

void host_report_free(struct host_report *report);

static inline void host_report_free_at(struct host_report *report) {
    host_report_free(report);
}

/* "ready", "not ready" or "unknown". */
const char *readiness_name(enum check_verdict sum);

/* "0000:e5:00.0", or the UUID of a mediated device. Returns `text`. */
#define REPORTED_NAME_MAX 40
const char *reported_name(const struct reported_device *device, char text[REPORTED_NAME_MAX]);

/* One line that says it all: "not ready: 1 of 2 devices: 0000:01:00.0 (group-viable)". */
void host_report_summary(const struct host_report *report, struct buffer *out);

struct report_style {
    bool colour;
    unsigned width; /* of the terminal, in columns: longer lines are broken between words; 0: never */
    bool all;       /* also the checks that are not applicable */
};

/* The summary, then for each device a line for each check, with evidence and remedy. */
void host_report_table(const struct host_report *report, const struct report_style *style, struct buffer *out);

/* IOMMU groups with the bridges above them, their functions, drivers and what is ready. */
void host_report_tree(const struct host_report *report, const struct report_style *style, struct buffer *out);

/* For programs; docs/checks.md describes it. Returns a new reference, or NULL without memory. */
json_t *host_report_json(const struct host_report *report);

/* Metrics as Prometheus reads them: a gauge for each device, and one for each of its checks. */
void host_report_prometheus(const struct host_report *report, struct buffer *out);

/* A feature file of node-feature-discovery: how many devices of each kind there are, and how many are ready. */
void host_report_nfd(const struct host_report *report, struct buffer *out);
