/* plan/refusals: all reasons in one message, in brief where they are too many. */
#include <stdio.h>

#include "plan/refusals.h"
#include "plan_support.h"

static void add_one(struct refusals *refusals, uint8_t function, const char *name, const char *reason,
                    const char *brief, bool enforced) {
    struct device device = make_device(false);
    struct error problem = {0}, err = {0};
    device.address.function = function;
    device.name = name;
    error_set(&problem, ERROR_REFUSED, "%s", reason);
    assert_int_equal(refusals_add(refusals, &device, &problem, brief, enforced, &err), 0);
    assert_no_error(&err);
}

static void add(struct refusals *refusals, uint8_t function, const char *name, const char *reason) {
    add_one(refusals, function, name, reason, NULL, true);
}

static void nothing_is_no_refusal(void **state) {
    (void)state;
    CLEANUP(refusals_free) struct refusals refusals = {0};
    CLEANUP(buffer_free) struct buffer lines = {0};
    struct error err = {0};
    assert_int_equal(refusals_raise(&refusals, &lines, &err), 0);
    refusals_print(&refusals, &lines);
    refusals_tell(&refusals, &lines);
    assert_no_error(&err);
    assert_int_equal(lines.size, 0);
}

/* Devices share a reason, and reasons a device: neither is said twice. */
static void told_together(void **state) {
    (void)state;
    CLEANUP(refusals_free) struct refusals refusals = {0};
    CLEANUP(buffer_free) struct buffer lines = {0};
    struct error err = {0};
    add(&refusals, 0, "igpu", "no ROM");
    add(&refusals, 1, "audio", "no bundle");
    add(&refusals, 2, "usb", "no ROM");
    add(&refusals, 3, "typec", "no ROM");
    add(&refusals, 1, "audio", "no power");
    add(&refusals, 0, "igpu", "no reset");
    assert_int_equal(refusals.count, 4);
    assert_int_equal(refusals.enforced, 4);
    assert_int_equal(refusals_raise(&refusals, &lines, &err), -1);
    assert_int_equal(err.code, ERROR_REFUSED);
    assert_string_equal(err.message, "0000:e5:00.0 (igpu), 0000:e5:00.2 (usb), 0000:e5:00.3 (typec): no ROM; "
                                     "0000:e5:00.1 (audio): no bundle; no power; 0000:e5:00.0 (igpu): no reset");
    refusals_print(&refusals, &lines);
    assert_int_equal(lines.size, 0); /* the message has it all */
}

/* What is only warned of is no part of the message, and stays apart from the same reason where that is enforced. */
static void warnings(void **state) {
    (void)state;
    CLEANUP(refusals_free) struct refusals refusals = {0};
    CLEANUP(buffer_free) struct buffer lines = {0};
    struct error err = {0};
    add_one(&refusals, 0, "igpu", "no ROM", "rom", false);
    assert_int_equal(refusals.enforced, 0);
    assert_int_equal(refusals_raise(&refusals, &lines, &err), 0);
    assert_no_error(&err);
    add_one(&refusals, 1, "audio", "no ROM", "rom", true);
    add_one(&refusals, 1, "audio", "no reset", NULL, false);
    add_one(&refusals, 2, "usb", "no ROM", NULL, false);
    add_one(&refusals, 1, "audio", "no power", NULL, true);
    assert_int_equal(refusals.count, 4);
    assert_int_equal(refusals.enforced, 2);
    assert_int_equal(refusals_raise(&refusals, &lines, &err), -1);
    assert_string_equal(err.message, "0000:e5:00.1 (audio): no ROM; no power");
    assert_int_equal(lines.size, 0);
    refusals_tell(&refusals, &lines);
    assert_bytes(buffer_bytes(&lines), "0000:e5:00.0 (igpu), 0000:e5:00.2 (usb): no ROM\n"
                                       "0000:e5:00.1 (audio): no ROM\n"
                                       "0000:e5:00.1 (audio): no reset\n"
                                       "0000:e5:00.1 (audio): no power\n");
    buffer_free(&lines);
    refusals_print(&refusals, &lines);
    assert_bytes(buffer_bytes(&lines), "0000:e5:00.0 (igpu), 0000:e5:00.2 (usb): no ROM (only a warning: the "
                                       "device goes without what is said of it)\n"
                                       "0000:e5:00.1 (audio): no reset (only a warning: the device goes without what "
                                       "is said of it)\n");
}

/* A reason of that length, which starts with its number. */
static const char *reason_of(size_t number, size_t size) {
    static char texts[4][1024];
    memset(texts[number], 'x', size);
    texts[number][0] = (char)('0' + number);
    texts[number][size] = '\0';
    return texts[number];
}

/* Reasons stay whole while there is room, from the first on; the log has all of them then. */
static void in_brief(void **state) {
    (void)state;
    static const struct {
        size_t sizes[3];
        const char *briefs[3];
        size_t whole;
    } cases[] = {
        {{290, 290, 290}, {"a", "b", "c"}, 3}, /* 895 bytes: the message is full */
        {{290, 290, 291}, {"a", "b", "c"}, 2},
        {{400, 438, 500}, {"a", "b", "c"}, 2}, /* 895 with the brief form, and where the remedies are */
        {{400, 439, 500}, {"a", "b", "c"}, 1},
        {{500, 500, 20}, {"a", "b", "c"}, 1}, /* in order: the last would have had room */
        {{880, 20, 20}, {"a", "b", "c"}, 0},
        {{500, 500, 500}, {"aaaaaaaa", "bbbbbbbb", "cccccccc"}, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(refusals_free) struct refusals refusals = {0};
        CLEANUP(buffer_free) struct buffer lines = {0}, message = {0}, log = {0};
        struct error err = {0};
        buffer_append_text(&message, "0000:e5:00.0 (igpu): ");
        for (size_t j = 0; j < 3; j++) {
            const char *reason = reason_of(j, cases[i].sizes[j]);
            /* A warning beside it takes no room. */
            add_one(&refusals, 1, "audio", reason, NULL, false);
            add_one(&refusals, 0, "igpu", reason, cases[i].briefs[j], true);
            buffer_printf(&message, "%s%s", j ? "; " : "", j < cases[i].whole ? reason : cases[i].briefs[j]);
            buffer_printf(&log, "0000:e5:00.0 (igpu): %s\n", reason);
        }
        bool is_whole = cases[i].whole == 3;
        buffer_append_text(&message, is_whole ? "" : " (remedies: see the hook's log)");
        assert_int_equal(refusals_raise(&refusals, &lines, &err), -1);
        assert_int_equal(err.code, ERROR_REFUSED);
        if (strcmp(err.message, message.data) != 0)
            fail_msg("row %zu: %s", i, err.message);
        assert_bytes(buffer_bytes(&lines), is_whole ? "" : log.data);
    }
}

#define X60 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* Of a long one, and of a reason that has none, the beginning. */
static void brief_forms(void **state) {
    (void)state;
    static const struct {
        const char *reason, *brief, *told;
    } cases[] = {
        {"reason", "power-state", "power-state"},
        {"reason", NULL, "reason"},
        {X60 "123", NULL, X60 "123"},
        {X60 "1234", NULL, X60 "..."},
        {"reason", X60 "123", X60 "123"},
        {"reason", X60 "1234", X60 "..."},
        {X60 "1\xc3\xa9 and more", NULL, X60 "..."},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(refusals_free) struct refusals refusals = {0};
        CLEANUP(buffer_free) struct buffer lines = {0};
        struct error err = {0};
        add_one(&refusals, 0, "igpu", reason_of(0, 885), "first", true);
        add_one(&refusals, 1, "audio", cases[i].reason, cases[i].brief, true);
        refusals_raise(&refusals, &lines, &err);
        CLEANUP(buffer_free) struct buffer expected = {0};
        buffer_printf(&expected, "0000:e5:00.0 (igpu): first; 0000:e5:00.1 (audio): %s (remedies: see the hook's log)",
                      cases[i].told);
        assert_string_equal(err.message, expected.data);
    }
}

/* More than a message holds even in brief is counted, and the lines for the log are whole. */
static void counts(void **state) {
    (void)state;
    CLEANUP(refusals_free) struct refusals refusals = {0};
    CLEANUP(buffer_free) struct buffer lines = {0};
    struct error err = {0};
    for (int i = 0; i < 100; i++) {
        char reason[64];
        snprintf(reason, sizeof(reason), "reason %d %%s", i);
        add_one(&refusals, (uint8_t)(i % 8), "igpu", reason, i < 99 ? "driver" : "group-viable", true);
    }
    add_one(&refusals, 0, "audio", "reason 7 %s", "driver", true);
    add_one(&refusals, 0, "audio", "not enforced", "driver", false);
    assert_int_equal(refusals_raise(&refusals, &lines, &err), -1);
    assert_error(&err, ERROR_REFUSED,
                 "driver: 100 devices; group-viable: 1 device (which, and remedies: see the hook's log)");
    assert_non_null(strstr(lines.data, "0000:e5:00.3 (igpu): reason 99 %s\n"));
    size_t count = 0;
    for (size_t i = 0; i < lines.size; i++)
        count += lines.data[i] == '\n';
    assert_int_equal(count, 100);
}

/* More kinds than a message holds are cut. */
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
    assert_int_equal(refusals_raise(&refusals, &lines, &err), -1);
    assert_string_equal(err.message + strlen(err.message) - 3, "...");
    assert_error(&err, ERROR_REFUSED, "reason 0 %s: 1 device; reason 1 %s: 1 device; ");
}

static void freed_twice(void **state) {
    (void)state;
    struct refusals refusals = {0};
    add(&refusals, 0, "igpu", "no ROM");
    refusals_free(&refusals);
    assert_null(refusals.list);
    assert_int_equal(refusals.count, 0);
    assert_int_equal(refusals.enforced, 0);
    refusals_free(&refusals);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_no_refusal),
        cmocka_unit_test(told_together),
        cmocka_unit_test(warnings),
        cmocka_unit_test(in_brief),
        cmocka_unit_test(brief_forms),
        cmocka_unit_test(counts),
        cmocka_unit_test(many),
        cmocka_unit_test(freed_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
