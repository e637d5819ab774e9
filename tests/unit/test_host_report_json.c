/* host/report_json: the report for programs, as docs/checks.md describes it. */
#include "base/json.h"
#include "report_support.h"

/* Fails the test unless `value` is the JSON `text`, which has ' for ", once its member `without` is gone. */
static void assert_json(json_t *value, const char *without, const char *text) {
    CLEANUP(buffer_free) struct buffer expected = {0};
    if (without)
        json_object_del(value, without);
    CLEANUP(free) char *found = json_dumps(value, 0);
    buffer_append_text(&expected, text);
    for (size_t i = 0; i < expected.size; i++)
        expected.data[i] = expected.data[i] == '\'' ? '"' : expected.data[i];
    assert_string_equal(found, expected.data);
}

static void reports(void **state) {
    (void)state;
    static const char *const names[] = {[PASS] = "ready", [UNKNOWN] = "unknown", [FAIL] = "not ready"};
    static const enum check_verdict sums[] = {PASS, UNKNOWN, FAIL};
    for (size_t i = 0; i < COUNT(sums); i++) {
        struct check_host host;
        struct made_report made;
        check_host_make(&host);
        report_start(&made, &host);
        report_add(&made, &host.gpu, NULL, sums[i]);
        report_add(&made, &host.gpu, &host.mdev, WARN);
        CLEANUP(json_decref) json_t *report = host_report_json(&made.report);
        assert_non_null(report);
        json_t *devices = json_object_get(report, "devices");
        assert_int_equal(json_array_size(devices), 2);
        assert_string_equal(json_string_value(json_object_get(json_array_get(devices, 0), "readiness")),
                            names[sums[i]]);
        assert_string_equal(json_string_value(json_object_get(json_array_get(devices, 1), "readiness")), "ready");
        CLEANUP(buffer_free) struct buffer expected = {0};
        buffer_printf(&expected, "{'apiVersion': 'gpu.vm.kubevirt.io/v1', 'kind': 'HostReport', 'readiness': '%s'}",
                      names[sums[i]]);
        assert_json(report, "devices", expected.data);
    }
}

static void nothing(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    check_host_make(&host);
    report_start(&made, &host);
    CLEANUP(json_decref) json_t *report = host_report_json(&made.report);
    assert_json(report, NULL,
                "{'apiVersion': 'gpu.vm.kubevirt.io/v1', 'kind': 'HostReport', 'readiness': 'ready', 'devices': []}");
}

/* Every check in order, with its anchor in the documentation; a remedy where there is one. */
static void checks(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    check_host_make(&host);
    report_start(&made, &host);
    struct reported_device *gpu = report_add(&made, &host.gpu, NULL, FAIL);
    report_find(gpu, CHECK_GROUP_VIABLE, FAIL, "say \"what\"", "do it");
    CLEANUP(json_decref) json_t *report = host_report_json(&made.report);
    json_t *list = json_object_get(json_array_get(json_object_get(report, "devices"), 0), "checks");
    assert_int_equal(json_array_size(list), CHECK_COUNT);
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        bool is_wrong = i == CHECK_GROUP_VIABLE;
        CLEANUP(json_decref)
        json_t *expected =
            json_pack("{s:s, s:s, s:s, s:s, s:s*, s:o}", "id", check_name(i), "title", check_title(i), "verdict",
                      is_wrong ? "fail" : "not-applicable", "evidence", is_wrong ? "say \"what\"" : "nothing", "remedy",
                      is_wrong ? "do it" : NULL, "doc", json_sprintf("docs/checks.md#%s", check_name(i)));
        assert_true(json_equal(json_array_get(list, i), expected));
    }
}

/* What cannot be read is left out. */
static void functions(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    struct host_function bare = host.gpu;
    bare.device.driver[0] = '\0';
    bare.device.iommu_group = HOST_GROUP_UNKNOWN;
    bare.device.is_virtual = true;
    bare.device.identity = (struct pci_identity){.class_code = 0x302};
    struct host_function first_group = bare, absent = host.gpu, unknown = host.gpu;
    first_group.device.iommu_group = 0;
    absent.device.state = HOST_ABSENT;
    unknown.device.state = HOST_UNKNOWN;
    const struct {
        const struct host_function *function;
        const char *expected;
    } cases[] = {
        {&host.gpu, "{'kind': 'pci', 'address': '0000:01:00.0', 'id': '10de:2484', 'subsystem': '1458:404c', "
                    "'revision': 'a1', 'class': '030000', 'virtualFunction': false, 'driver': 'vfio-pci', "
                    "'iommuGroup': 12, 'readiness': 'ready'}"},
        {&bare, "{'kind': 'pci', 'address': '0000:01:00.0', 'id': '0000:0000', 'subsystem': '0000:0000', 'revision': "
                "'00', 'class': '000302', 'virtualFunction': true, 'readiness': 'ready'}"},
        {&first_group, "{'kind': 'pci', 'address': '0000:01:00.0', 'id': '0000:0000', 'subsystem': '0000:0000', "
                       "'revision': '00', 'class': '000302', 'virtualFunction': true, 'iommuGroup': 0, 'readiness': "
                       "'ready'}"},
        {&absent, "{'kind': 'pci', 'address': '0000:01:00.0', 'readiness': 'ready'}"},
        {&unknown, "{'kind': 'pci', 'address': '0000:01:00.0', 'readiness': 'ready'}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct made_report made;
        report_start(&made, &host);
        report_add(&made, cases[i].function, NULL, PASS);
        CLEANUP(json_decref) json_t *report = host_report_json(&made.report);
        assert_json(json_array_get(json_object_get(report, "devices"), 0), "checks", cases[i].expected);
    }
}

static void mediated_devices(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    check_host_make(&host);
    const struct host_mdev bare = {.uuid = REPORT_UUID, .error = ENOENT, .iommu_group = HOST_GROUP_UNKNOWN};
    report_start(&made, &host);
    report_add(&made, &host.gpu, &host.mdev, WARN);
    report_add(&made, NULL, &bare, FAIL);
    CLEANUP(json_decref) json_t *report = host_report_json(&made.report);
    json_t *devices = json_object_get(report, "devices");
    assert_json(json_array_get(devices, 0), "checks",
                "{'kind': 'mdev', 'uuid': '" REPORT_UUID "', 'type': 'nvidia-222', 'typeName': 'GRID T4-2Q', "
                "'driver': 'nvidia-vgpu-vfio', 'iommuGroup': 44, 'parent': '0000:01:00.0', 'readiness': 'ready'}");
    assert_json(json_array_get(devices, 1), "checks",
                "{'kind': 'mdev', 'uuid': '" REPORT_UUID "', 'readiness': 'not ready'}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports),   cmocka_unit_test(nothing),          cmocka_unit_test(checks),
        cmocka_unit_test(functions), cmocka_unit_test(mediated_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
