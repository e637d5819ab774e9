/* Reports whose results the test sets: for tests of host/report*.c. */
#pragma once

#include "check_support.h"
#include "host/report.h"

#define REPORT_UUID "4b20d080-1b54-4048-85b3-a6a62d165c01" /* of check_support's mediated device */

/* The report points into it: it may not be copied. */
struct made_report {
    struct host_report report;
    struct reported_device devices[8];
};

/* A report without devices, which is ready. */
void report_start(struct made_report *made, const struct check_host *host);

/* Adds a device to which no check is applicable. The report's sum follows the device's, as host_report_make has it. */
struct reported_device *report_add(struct made_report *made, const struct host_function *function,
                                   const struct host_mdev *mdev, enum check_verdict sum);

/* Sets what one of its checks has found. */
void report_find(struct reported_device *device, enum check check, enum check_verdict verdict, const char *evidence,
                 const char *remedy);
