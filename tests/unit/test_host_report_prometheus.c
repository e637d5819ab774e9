/* host/report_prometheus: what is measured of each device, in Prometheus' text format. */
#include <stdio.h>

#include "report_support.h"

#define R          "kubevirt_gpu_hook_device_readiness"
#define V          "kubevirt_gpu_hook_check_verdict"
#define HELP_R     "# HELP " R " Whether the device can go to a VM: 0 ready, 1 not ready, 2 unknown.\n# TYPE " R " gauge\n"
#define HELP_V     "# HELP " V " What a host check found: 0 pass, 1 warn, 2 unknown, 3 fail.\n# TYPE " V " gauge\n"
#define GPU_LABELS "device=\"0000:01:00.0\",id=\"10de:2484\""

static void nothing(void **state) {
    (void)state;
    const struct host_report none = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    host_report_prometheus(&none, &out);
    assert_string_equal(out.data, HELP_R HELP_V);
}

static void values(void **state) {
    (void)state;
    static const struct {
        enum check_verdict verdict;
        int readiness, value; /* -1: no line */
    } cases[] = {{PASS, 0, 0}, {WARN, 0, 1}, {UNKNOWN, 2, 2}, {FAIL, 1, 3}, {NOT, 0, -1}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        struct made_report made;
        char expected[1024], line[256] = "";
        CLEANUP(buffer_free) struct buffer out = {0};
        check_host_make(&host);
        report_start(&made, &host);
        report_add(&made, &host.gpu, NULL, cases[i].verdict == NOT ? PASS : cases[i].verdict);
        struct reported_device *device = &made.report.devices[0];
        for (enum check j = 0; j < CHECK_COUNT; j++)
            device->results[j].verdict = NOT;
        device->results[CHECK_DRIVER].verdict = cases[i].verdict;
        host_report_prometheus(&made.report, &out);
        if (cases[i].value >= 0)
            snprintf(line, sizeof(line), V "{" GPU_LABELS ",check=\"driver\"} %d\n", cases[i].value);
        snprintf(expected, sizeof(expected), HELP_R R "{" GPU_LABELS "} %d\n" HELP_V "%s", cases[i].readiness, line);
        assert_string_equal(out.data, expected);
    }
}

/* Of a mediated device the type, of a device that cannot be read nothing; what would end the value is escaped. */
static void labels(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    CLEANUP(buffer_free) struct buffer out = {0};
    check_host_make(&host);
    struct host_function absent = host.gpu;
    absent.device.state = HOST_ABSENT;
    struct host_mdev odd = host.mdev;
    snprintf(odd.type, sizeof(odd.type), "a\"b\\c\nd");
    report_start(&made, &host);
    report_add(&made, &host.gpu, &host.mdev, PASS);
    report_add(&made, &absent, NULL, FAIL);
    report_add(&made, NULL, &odd, UNKNOWN);
    host_report_prometheus(&made.report, &out);
    char line[256];
    snprintf(line, sizeof(line), R "{device=\"%s\",id=\"nvidia-222\"} 0\n", host.mdev.uuid);
    assert_non_null(strstr(out.data, line));
    assert_non_null(strstr(out.data, R "{device=\"0000:01:00.0\",id=\"\"} 1\n"));
    assert_non_null(strstr(out.data, "id=\"a\\\"b\\\\c\\nd\"} 2\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),
        cmocka_unit_test(values),
        cmocka_unit_test(labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
