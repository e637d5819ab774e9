#include "report_support.h"

#include <stdio.h>

void report_start(struct made_report *made, const struct check_host *host) {
    *made = (struct made_report){.report = {.facts = &host->facts, .devices = made->devices, .sum = PASS}};
}

struct reported_device *report_add(struct made_report *made, const struct host_function *function,
                                   const struct host_mdev *mdev, enum check_verdict sum) {
    assert_true(made->report.count < COUNT(made->devices));
    struct reported_device *device = &made->devices[made->report.count++];
    *device = (struct reported_device){.function = function, .mdev = mdev, .sum = sum};
    for (enum check i = 0; i < CHECK_COUNT; i++)
        report_find(device, i, NOT, "nothing", "");
    if (sum == FAIL || (sum == UNKNOWN && made->report.sum != FAIL))
        made->report.sum = sum;
    return device;
}

void report_find(struct reported_device *device, enum check check, enum check_verdict verdict, const char *evidence,
                 const char *remedy) {
    struct check_result *result = &device->results[check];
    result->verdict = verdict;
    snprintf(result->evidence, sizeof(result->evidence), "%s", evidence);
    snprintf(result->remedy, sizeof(result->remedy), "%s", remedy);
}
