/* plan/refusals: all reasons in one message. */
#include <stdio.h>

#include "plan/refusals.h"
#include "plan_support.h"

static void add(struct refusals *refusals, uint8_t function, const char *name, const char *reason) {
    struct device device = make_device(false);
    struct error problem = {0}, err = {0};
    device.address.function = function;
    device.name = name;
    error_set(&problem, ERROR_REFUSED, "%s", reason);
    assert_int_equal(refusals_add(refusals, &device, &problem, &err), 0);
    assert_no_error(&err);
}

static void nothing_is_no_refusal(void **state) {
    (void)state;
    CLEANUP(refusals_free) struct refusals refusals = {0};
    CLEANUP(buffer_free) struct buffer lines = {0};
    struct error err = {0};
    assert_int_equal(refusals_raise(&refusals, &err), 0);
    refusals_print(&refusals, &lines);
    assert_no_error(&err);
    assert_int_equal(lines.size, 0);
}

static void told_together(void **state) {
    (void)state;
    CLEANUP(refusals_free) struct refusals refusals = {0};
    CLEANUP(buffer_free) struct buffer lines = {0};
    struct error err = {0};
    add(&refusals, 0, "igpu", "no ROM");
    add(&refusals, 1, "audio", "no bundle");
    add(&refusals, 2, "usb", "no ROM");
    add(&refusals, 3, "typec", "no ROM");
    assert_int_equal(refusals.count, 2);
    assert_int_equal(refusals_raise(&refusals, &err), -1);
    assert_int_equal(err.code, ERROR_REFUSED);
    assert_string_equal(err.message, "0000:e5:00.0 (igpu), 0000:e5:00.2 (usb), 0000:e5:00.3 (typec): no ROM; "
                                     "0000:e5:00.1 (audio): no bundle");
    refusals_print(&refusals, &lines);
    assert_bytes(buffer_bytes(&lines), "0000:e5:00.0 (igpu), 0000:e5:00.2 (usb), 0000:e5:00.3 (typec): no ROM (policy "
                                       "\"warn\": the VM goes on without)\n"
                                       "0000:e5:00.1 (audio): no bundle (policy \"warn\": the VM goes on without)\n");
}

/* More than a message holds is cut, and the lines for the log are whole. */
static void many(void **state) {
    (void)state;
    CLEANUP(refusals_free) struct refusals refusals = {0};
    CLEANUP(buffer_free) struct buffer lines = {0};
    struct error err = {0};
    for (int i = 0; i < 100; i++) {
        char reason[64];
        snprintf(reason, sizeof(reason), "reason %d %%s", i);
        add(&refusals, (uint8_t)(i % 8), "igpu", reason);
    }
    assert_int_equal(refusals_raise(&refusals, &err), -1);
    assert_error(&err, ERROR_REFUSED, "0000:e5:00.0 (igpu): reason 0 %s; 0000:e5:00.1 (igpu): reason 1 %s; ");
    refusals_print(&refusals, &lines);
    assert_non_null(strstr(lines.data, "0000:e5:00.3 (igpu): reason 99 %s (policy"));
}

static void freed_twice(void **state) {
    (void)state;
    struct refusals refusals = {0};
    add(&refusals, 0, "igpu", "no ROM");
    refusals_free(&refusals);
    assert_null(refusals.list);
    assert_int_equal(refusals.count, 0);
    refusals_free(&refusals);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_no_refusal),
        cmocka_unit_test(told_together),
        cmocka_unit_test(many),
        cmocka_unit_test(freed_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
