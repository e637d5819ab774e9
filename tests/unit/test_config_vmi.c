/* config/vmi: what is read of the VMI, and what is wrong with it. */
#include "config/annotation.h"
#include "config/vmi.h"
#include "support.h"

static void everything_that_is_read(void **state) {
    (void)state;
    struct error err = {0};
    CLEANUP(vmi_free) struct vmi vmi = {0};
    assert_int_equal(vmi_parse(bytes_of("{\"metadata\": {\"uid\": \"u-1\", \"namespace\": \"ns\", \"name\": \"vm\","
                                        "\"annotations\": {\"other\": \"x\", \"" CONFIG_ANNOTATION "\": \"{}\"}},"
                                        "\"spec\": {}, \"unknown\": [1]}"),
                               &vmi, &err),
                     0);
    assert_no_error(&err);
    assert_string_equal(vmi.uid, "u-1");
    assert_string_equal(vmi.annotation, "{}");
}

static void absent_fields(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{}",
        "{\"metadata\": {}}",
        "{\"metadata\": {\"uid\": \"\"}}",
        "{\"metadata\": {\"annotations\": {}}}",
        "{\"metadata\": {\"annotations\": null}}",
        /* Parts of others: no business of ours. */
        "{\"spec\": {\"a\": \"\\u0000\", \"b\": 99999999999999999999, \"c\": 1, \"c\": 2}}",
        "{\"metadata\": {\"annotations\": {\"" CONFIG_ANNOTATION "2\": \"{}\"}}}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct error err = {0};
        CLEANUP(vmi_free) struct vmi vmi = {0};
        assert_int_equal(vmi_parse(bytes_of(texts[i]), &vmi, &err), 0);
        assert_null(vmi.uid);
        assert_null(vmi.annotation);
    }
}

static void refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "the VMI is empty"},
        {"nonsense", "the VMI is not valid JSON: line 1"},
        {"[]", "the VMI is an array: it must be a JSON object"},
        {"\"x\"", "the VMI is not valid JSON"},
        {"{\"metadata\": []}", "VMI: metadata is an array: it must be an object"},
        {"{\"metadata\": {\"uid\": 1}}", "VMI: metadata.uid is a number: it must be a string"},
        {"{\"metadata\": {\"annotations\": \"x\"}}", "VMI: metadata.annotations is a string: it must be an object"},
        {"{\"metadata\": {\"annotations\": {\"" CONFIG_ANNOTATION "\": {}}}}",
         "VMI: metadata.annotations." CONFIG_ANNOTATION " is an object: it must be a string"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        struct vmi vmi;
        memset(&vmi, 0xff, sizeof(vmi));
        assert_int_equal(vmi_parse(bytes_of(cases[i].text), &vmi, &err), -1);
        assert_error(&err, ERROR_INPUT, cases[i].part);
        assert_null(vmi.root);
        assert_null(vmi.uid);
        assert_null(vmi.annotation);
        assert_false(vmi.is_migrating);
        vmi_free(&vmi);
    }
}

static void devices_asked_for(void **state) {
    (void)state;
    static const struct {
        const char *spec;
        const char *name;
        bool asked;
    } cases[] = {
        {"{\"domain\": {\"devices\": {\"gpus\": [{\"name\": \"a\"}, {\"name\": \"igpu\"}]}}}", "igpu", true},
        {"{\"domain\": {\"devices\": {\"hostDevices\": [{\"name\": \"igpu\"}]}}}", "igpu", true},
        {"{\"domain\": {\"devices\": {\"gpus\": [], \"hostDevices\": [{\"name\": \"igpu\"}]}}}", "igpu", true},
        {"{\"domain\": {\"devices\": {\"gpus\": [{\"name\": \"igpu2\"}]}}}", "igpu", false},
        {"{\"domain\": {\"devices\": {\"gpus\": [{\"deviceName\": \"igpu\"}]}}}", "igpu", false},
        {"{\"domain\": {\"devices\": {\"disks\": [{\"name\": \"igpu\"}]}}}", "igpu", false},
        /* Other shapes than KubeVirt's are no devices. */
        {"{\"domain\": {\"devices\": {\"gpus\": {\"name\": \"igpu\"}}}}", "igpu", false},
        {"{\"domain\": {\"devices\": {\"gpus\": [\"igpu\", 1, null, {\"name\": 1}]}}}", "igpu", false},
        {"{\"domain\": {\"devices\": []}}", "igpu", false},
        {"{\"domain\": null}", "igpu", false},
        {"[]", "igpu", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(vmi_free) struct vmi vmi = {0};
        struct error err = {0};
        buffer_printf(&text, "{\"spec\": %s}", cases[i].spec);
        assert_int_equal(vmi_parse(buffer_bytes(&text), &vmi, &err), 0);
        if (vmi_asks_for(&vmi, cases[i].name) != cases[i].asked)
            fail_msg("%s", cases[i].spec);
    }
}

static void devices_in_turn(void **state) {
    (void)state;
    struct error err = {0};
    CLEANUP(vmi_free) struct vmi vmi = {0};
    vmi_parse(bytes_of("{\"spec\": {\"domain\": {\"devices\": {\"hostDevices\": [{\"name\": \"c\"}, {}], \"gpus\": "
                       "[{\"name\": \"a\"}, {\"name\": 1}, {\"name\": \"b\"}]}}}}"),
              &vmi, &err);
    assert_no_error(&err);
    assert_string_equal(vmi_device_name(&vmi, 0), "a");
    assert_string_equal(vmi_device_name(&vmi, 1), "b");
    assert_string_equal(vmi_device_name(&vmi, 2), "c");
    assert_null(vmi_device_name(&vmi, 3));
}

/* Those of one resource together, of claims first, and the names in order. */
static void all_devices(void **state) {
    (void)state;
    static const struct {
        const char *name, *resource;
        bool is_gpu;
        size_t of_one;
    } expected[] = {{"c", NULL, false, 2},
                    {"e", NULL, true, 1},
                    {"a", "r/1", true, 2},
                    {"d", "r/1", false, 1},
                    {"b", "r/2", true, 1}};
    struct error err = {0};
    CLEANUP(vmi_free) struct vmi vmi = {0}, none = {0};
    CLEANUP(vmi_requests_free) struct vmi_requests requests = {0}, nothing = {0};
    vmi_parse(bytes_of("{\"spec\": {\"domain\": {\"devices\": {\"hostDevices\": [{\"name\": \"d\", \"deviceName\": "
                       "\"r/1\"}, {}, {\"name\": \"c\"}], \"gpus\": [{\"name\": \"b\", \"deviceName\": \"r/2\"}, "
                       "{\"name\": \"e\", \"deviceName\": \"\"}, {\"name\": 1}, {\"name\": \"a\", "
                       "\"deviceName\": \"r/1\"}]}}}}"),
              &vmi, &err);
    vmi_parse(bytes_of("{\"spec\": []}"), &none, &err);
    assert_int_equal(vmi_requests_read(&vmi, &requests, &err), 0);
    assert_int_equal(vmi_requests_read(&none, &nothing, &err), 0);
    assert_no_error(&err);
    assert_int_equal(nothing.count, 0);
    assert_int_equal(requests.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct vmi_request *request = &requests.list[i];
        assert_string_equal(request->name, expected[i].name);
        assert_true(!request->resource == !expected[i].resource);
        if (request->resource)
            assert_string_equal(request->resource, expected[i].resource);
        assert_int_equal(request->is_gpu, expected[i].is_gpu);
        assert_int_equal(vmi_requests_of_one(&requests, i), expected[i].of_one);
    }
}

/* A migration that has ended, well or not, is none: nothing else is said of how long it is remembered. */
static void migrations(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool is_migrating;
    } cases[] = {
        {"{}", false},
        {"{\"status\": {}}", false},
        {"{\"status\": null}", false},
        {"{\"status\": []}", false},
        {"{\"status\": {\"migrationState\": null}}", false},
        {"{\"status\": {\"migrationState\": true}}", false},
        {"{\"migrationState\": {}}", false},
        {"{\"spec\": {\"migrationState\": {}}}", false},
        {"{\"status\": {\"migrationState\": {}}}", true},
        {"{\"status\": {\"migrationState\": {\"migrationUid\": \"u\", \"targetNode\": \"n\"}}}", true},
        {"{\"status\": {\"migrationState\": {\"completed\": false, \"failed\": false}}}", true},
        {"{\"status\": {\"migrationState\": {\"completed\": true}}}", false},
        {"{\"status\": {\"migrationState\": {\"failed\": true}}}", false},
        {"{\"status\": {\"migrationState\": {\"completed\": true, \"failed\": true}}}", false},
        {"{\"status\": {\"migrationState\": {\"completed\": \"true\", \"failed\": 1}}}", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(vmi_free) struct vmi vmi = {0};
        struct error err = {0};
        vmi_parse(bytes_of(cases[i].text), &vmi, &err);
        assert_no_error(&err);
        if (vmi.is_migrating != cases[i].is_migrating)
            fail_msg("%s", cases[i].text);
    }
}

static void free_may_be_repeated(void **state) {
    (void)state;
    struct error err = {0};
    struct vmi vmi;
    vmi_parse(bytes_of("{}"), &vmi, &err);
    vmi_free(&vmi);
    assert_null(vmi.root);
    vmi_free(&vmi);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_that_is_read),
        cmocka_unit_test(absent_fields),
        cmocka_unit_test(refused),
        cmocka_unit_test(devices_asked_for),
        cmocka_unit_test(devices_in_turn),
        cmocka_unit_test(all_devices),
        cmocka_unit_test(migrations),
        cmocka_unit_test(free_may_be_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
