/* host/report_nfd: labels for the scheduler. */
#include <ctype.h>
#include <stdio.h>

#include "report_support.h"

#define P "kubevirt-gpu-hook."

static void readiness(void **state) {
    (void)state;
    static const struct {
        enum check_verdict sum;
        const char *expected;
    } cases[] = {
        {PASS, P "ready=true\n" P "10de-2484.count=1\n" P "10de-2484.ready=1\n"},
        {WARN, P "ready=true\n" P "10de-2484.count=1\n" P "10de-2484.ready=1\n"},
        {UNKNOWN, P "ready=unknown\n" P "10de-2484.count=1\n" P "10de-2484.ready=0\n"},
        {FAIL, P "ready=false\n" P "10de-2484.count=1\n" P "10de-2484.ready=0\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        struct made_report made;
        CLEANUP(buffer_free) struct buffer out = {0};
        check_host_make(&host);
        report_start(&made, &host);
        report_add(&made, &host.gpu, NULL, cases[i].sum);
        host_report_nfd(&made.report, &out);
        assert_string_equal(out.data, cases[i].expected);
    }
}

/* Each kind once, where its first device is: by IDs, virtual functions apart, mediated devices by type. */
static void kinds(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    CLEANUP(buffer_free) struct buffer out = {0};
    check_host_make(&host);
    struct host_function virtual = host.gpu, absent = host.gpu, unknown = host.gpu;
    virtual.device.is_virtual = true;
    absent.device.state = HOST_ABSENT;
    unknown.device.state = HOST_UNKNOWN;
    struct host_mdev other = host.mdev, no_type = host.mdev;
    snprintf(other.type, sizeof(other.type), "nvidia-223");
    no_type.type[0] = '\0';
    report_start(&made, &host);
    report_add(&made, &host.gpu, NULL, PASS);
    report_add(&made, &host.gpu, &host.mdev, WARN);
    report_add(&made, &virtual, NULL, PASS);
    report_add(&made, &host.gpu, NULL, FAIL);
    report_add(&made, &absent, NULL, FAIL);
    report_add(&made, &host.gpu, &other, PASS);
    report_add(&made, &host.gpu, &host.mdev, PASS);
    report_add(&made, &unknown, NULL, UNKNOWN);
    host_report_nfd(&made.report, &out);
    assert_string_equal(out.data, P "ready=false\n" P "10de-2484.count=2\n" P "10de-2484.ready=1\n" P
                                    "mdev-nvidia-222.count=2\n" P "mdev-nvidia-222.ready=2\n" P
                                    "10de-2484-vf.count=1\n" P "10de-2484-vf.ready=1\n" P "unknown.count=2\n" P
                                    "unknown.ready=0\n" P "mdev-nvidia-223.count=1\n" P "mdev-nvidia-223.ready=1\n");
    buffer_free(&out);
    report_start(&made, &host);
    report_add(&made, NULL, &no_type, UNKNOWN);
    host_report_nfd(&made.report, &out);
    assert_string_equal(out.data, P "ready=unknown\n" P "mdev-unknown.count=1\n" P "mdev-unknown.ready=0\n");
}

/* A label's name: 63 characters at most, of which Kubernetes takes few, and an alphanumeric one at both ends. */
static void names(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"i915-GVTg_V5_4", "mdev-i915-GVTg_V5_4"},
        {"a.b/c d=e\n", "mdev-a-b-c-d-e-"},
        {"\xc3\xa9", "mdev---"},
        {"0123456789012345678901234567890123456789", "mdev-012345678901234567890123"},
        {"\"';:", "mdev-----"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        struct made_report made;
        CLEANUP(buffer_free) struct buffer out = {0}, expected = {0};
        check_host_make(&host);
        snprintf(host.mdev.type, sizeof(host.mdev.type), "%s", cases[i][0]);
        report_start(&made, &host);
        report_add(&made, NULL, &host.mdev, PASS);
        host_report_nfd(&made.report, &out);
        buffer_printf(&expected, P "ready=true\n" P "%s.count=1\n" P "%s.ready=1\n", cases[i][1], cases[i][1]);
        assert_string_equal(out.data, expected.data);
        for (char *rest = NULL, *line = strtok_r(out.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
            assert_in_range(strcspn(line, "="), 1, 63);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readiness),
        cmocka_unit_test(kinds),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
