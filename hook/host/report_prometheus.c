#include <string.h>

#include "host/report.h"

/* As check's exit status has it. */
static int readiness_value(enum check_verdict sum) {
    return sum == VERDICT_FAIL ? 1 : sum == VERDICT_UNKNOWN ? 2 : 0;
}

static const int verdict_values[] = {[VERDICT_PASS] = 0, [VERDICT_WARN] = 1, [VERDICT_UNKNOWN] = 2, [VERDICT_FAIL] = 3};

/* A label's value: backslash, quote and line end are escaped (Prometheus, exposition formats). */
static void write_value(const char *text, struct buffer *out) {
    for (; *text; text++) {
        if (*text == '\\' || *text == '"')
            buffer_append_text(out, "\\");
        if (*text == '\n')
            buffer_append_text(out, "\\n");
        else
            buffer_append(out, text, 1);
    }
}

/* device="0000:65:00.0",id="10de:2330": which it is, and which kind; of a mediated device its type. */
static void write_labels(const struct reported_device *device, struct buffer *out) {
    char name[REPORTED_NAME_MAX];
    buffer_append_text(out, "device=\"");
    write_value(reported_name(device, name), out);
    buffer_append_text(out, "\",id=\"");
    if (device->mdev)
        write_value(device->mdev->type, out);
    else if (device->function->device.state == HOST_PRESENT)
        buffer_printf(out, "%04x:%04x", device->function->device.identity.id.vendor,
                      device->function->device.identity.id.device);
    buffer_append_text(out, "\"");
}

void host_report_prometheus(const struct host_report *report, struct buffer *out) {
    buffer_append_text(out,
                       "# HELP kubevirt_gpu_hook_device_readiness Whether the device can go to a VM: 0 ready, 1 not "
                       "ready, 2 unknown.\n"
                       "# TYPE kubevirt_gpu_hook_device_readiness gauge\n");
    for (size_t i = 0; i < report->count; i++) {
        buffer_append_text(out, "kubevirt_gpu_hook_device_readiness{");
        write_labels(&report->devices[i], out);
        buffer_printf(out, "} %d\n", readiness_value(report->devices[i].sum));
    }
    buffer_append_text(out,
                       "# HELP kubevirt_gpu_hook_check_verdict What a host check found: 0 pass, 1 warn, 2 unknown, 3 "
                       "fail.\n"
                       "# TYPE kubevirt_gpu_hook_check_verdict gauge\n");
    for (size_t i = 0; i < report->count; i++) {
        for (enum check j = 0; j < CHECK_COUNT; j++) {
            const enum check_verdict verdict = report->devices[i].results[j].verdict;
            if (verdict == VERDICT_NOT_APPLICABLE)
                continue;
            buffer_append_text(out, "kubevirt_gpu_hook_check_verdict{");
            write_labels(&report->devices[i], out);
            buffer_printf(out, ",check=\"%s\"} %d\n", check_name(j), verdict_values[verdict]);
        }
    }
}
