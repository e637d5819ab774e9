/* config/option_value: each kind of value, all that it takes and all that it refuses. */
#include <inttypes.h>
#include <stdio.h>

#include "config/option_value.h"
#include "support.h"

static const struct json_place place = {"top.value"};

/* Any value, not only an object or array. */
static json_t *value_of(const char *text) {
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!value)
        fail_msg("no JSON: %s", text);
    return value;
}

static void toggles(void **state) {
    (void)state;
    static const struct {
        const char *value;
        enum toggle toggle;
        const char *written, *part;
    } cases[] = {
        {"\"on\"", TOGGLE_ON, "on", NULL},
        {"\"off\"", TOGGLE_OFF, "off", NULL},
        {"true", TOGGLE_ON, "on", NULL},
        {"false", TOGGLE_OFF, "off", NULL},
        {"\"On\"", 0, NULL, "top.value: \"On\" is neither \"on\" nor \"off\""},
        {"\"yes\"", 0, NULL, "top.value: \"yes\" is neither"},
        {"\"\"", 0, NULL, "top.value: \"\" is neither"},
        {"\"true\"", 0, NULL, "top.value: \"true\" is neither"},
        {"\"on\\u001b\"", 0, NULL, "top.value: \"on?\" is neither"},
        {"1", 0, NULL, "top.value is a number: it must be \"on\" or \"off\""},
        {"null", 0, NULL, "top.value is null: it must be"},
        {"{}", 0, NULL, "top.value is an object: it must be"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(json_decref) json_t *value = value_of(cases[i].value);
        enum toggle toggle = TOGGLE_UNSET;
        struct error err = {0};
        assert_int_equal(value_toggle(value, &place, &toggle, &err), cases[i].part ? -1 : 0);
        assert_int_equal(toggle, cases[i].toggle);
        if (cases[i].part) {
            assert_error(&err, ERROR_INPUT, cases[i].part);
            continue;
        }
        CLEANUP(json_decref) json_t *written = value_write_toggle(&toggle);
        assert_string_equal(json_string_value(written), cases[i].written);
    }
}

static void texts(void **state) {
    (void)state;
    static const char *const others[][2] = {{"1", "a number"}, {"1.5", "a number"}, {"true", "true or false"},
                                            {"null", "null"},  {"[]", "an array"},  {"{}", "an object"}};
    struct error err = {0};
    CLEANUP(json_decref) json_t *text = value_of("\"x\"");
    assert_string_equal(value_text(text, &place, &err), "x");
    for (size_t i = 0; i < COUNT(others); i++) {
        CLEANUP(json_decref) json_t *value = value_of(others[i][0]);
        char part[64];
        snprintf(part, sizeof(part), "top.value is %s: it must be a string", others[i][1]);
        assert_null(value_text(value, &place, &err));
        assert_error(&err, ERROR_INPUT, part);
    }
}

static void words(void **state) {
    (void)state;
    static const char *const choices[] = {NULL, "one", NULL, "three"};
    static const struct {
        const char *value;
        int found;
        const char *part;
    } cases[] = {
        {"\"one\"", 1, NULL},
        {"\"three\"", 3, NULL},
        {"\"two\"", -1, "top.value: \"two\" is none of \"one\", \"three\""},
        {"\"\"", -1, "top.value: \"\" is none of \"one\", \"three\""},
        {"\"One\"", -1, "is none of"},
        {"\"one \"", -1, "is none of"},
        {"1", -1, "top.value is a number: it must be a string"},
        {"true", -1, "top.value is true or false: it must be a string"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(json_decref) json_t *value = value_of(cases[i].value);
        struct error err = {0};
        int found = -1;
        assert_int_equal(value_word(value, choices, COUNT(choices), &place, &found, &err), cases[i].part ? -1 : 0);
        assert_int_equal(found, cases[i].found);
        if (cases[i].part)
            assert_error(&err, ERROR_INPUT, cases[i].part);
    }
}

static void numbers(void **state) {
    (void)state;
    static const struct {
        const char *value;
        int64_t least, most, number;
        const char *part;
    } cases[] = {
        {"0", 0, 15, 0, NULL},
        {"15", 0, 15, 15, NULL},
        {"-3", -3, 3, -3, NULL},
        {"4294967295", 0, UINT32_MAX, UINT32_MAX, NULL},
        {"9223372036854775807", 0, INT64_MAX, INT64_MAX, NULL},
        {"16", 0, 15, -9, "top.value: 16 is not from 0 to 15"},
        {"-1", 0, 15, -9, "top.value: -1 is not from 0 to 15"},
        {"4294967296", 0, UINT32_MAX, -9, "4294967296 is not from 0 to 4294967295"},
        {"1.0", 0, 15, -9, "top.value is a fraction: it must be a whole number"},
        {"1e1", 0, 15, -9, "top.value is a fraction: it must be a whole number"},
        {"\"1\"", 0, 15, -9, "top.value is a string: it must be a whole number"},
        {"true", 0, 15, -9, "top.value is true or false: it must be a whole number"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(json_decref) json_t *value = value_of(cases[i].value);
        struct error err = {0};
        int64_t number = -9;
        assert_int_equal(value_number(value, cases[i].least, cases[i].most, &place, &number, &err),
                         cases[i].part ? -1 : 0);
        assert_true(number == cases[i].number);
        if (cases[i].part)
            assert_error(&err, ERROR_INPUT, cases[i].part);
    }
}

static void ids(void **state) {
    (void)state;
    static const struct {
        const char *value;
        struct pci_id id;
        const char *written, *part;
    } cases[] = {
        {"\"1002:1681\"", {0x1002, 0x1681}, "1002:1681", NULL},
        {"\"10DE:0Fed\"", {0x10de, 0x0fed}, "10de:0fed", NULL},
        {"\"8086:0000\"", {0x8086, 0}, "8086:0000", NULL},
        {"\"0000:1681\"", {0}, NULL, "top.value: \"0000:1681\" is no PCI ID: write vendor:device in hexadecimal"},
        {"\"1681\"", {0}, NULL, "is no PCI ID"},
        {"\"1002:168\"", {0}, NULL, "is no PCI ID"},
        {"\"1002:16811\"", {0}, NULL, "is no PCI ID"},
        {"\" 1002:1681\"", {0}, NULL, "is no PCI ID"},
        {"\"1002-1681\"", {0}, NULL, "is no PCI ID"},
        {"\"0x1002:1681\"", {0}, NULL, "is no PCI ID"},
        {"\"\"", {0}, NULL, "is no PCI ID"},
        {"4098", {0}, NULL, "top.value is a number: it must be a string"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(json_decref) json_t *value = value_of(cases[i].value);
        struct error err = {0};
        struct pci_id id = {0};
        assert_int_equal(value_pci_id(value, &place, &id, &err), cases[i].part ? -1 : 0);
        assert_true(pci_id_equal(id, cases[i].id));
        if (cases[i].part) {
            assert_error(&err, ERROR_INPUT, cases[i].part);
            continue;
        }
        CLEANUP(json_decref) json_t *written = value_write_pci_id(&id);
        assert_string_equal(json_string_value(written), cases[i].written);
    }
}

static void sizes(void **state) {
    (void)state;
    static const uint64_t tib = UINT64_C(1) << 30;
    static const struct {
        const char *value;
        uint64_t most, kib;
        const char *part;
    } cases[] = {
        {"\"0KiB\"", tib, 0, NULL},
        {"\"1KiB\"", tib, 1, NULL},
        {"\"1Ki\"", tib, 1, NULL},
        {"\"3MiB\"", tib, 3 << 10, NULL},
        {"\"3Mi\"", tib, 3 << 10, NULL},
        {"\"512GiB\"", tib, UINT64_C(512) << 20, NULL},
        {"\"512Gi\"", tib, UINT64_C(512) << 20, NULL},
        {"\"1TiB\"", tib, tib, NULL},
        {"\"1Ti\"", tib, tib, NULL},
        {"\"007MiB\"", tib, 7 << 10, NULL},
        {"\"1024GiB\"", tib, tib, NULL},
        {"\"18446744073709551615KiB\"", UINT64_MAX, UINT64_MAX, NULL},
        {"\"1025GiB\"", tib, 9, "top.value: \"1025GiB\" is no amount up to 1TiB: write it as \"512GiB\""},
        {"\"2TiB\"", tib, 9, "is no amount up to 1TiB"},
        {"\"1073741825KiB\"", tib, 9, "is no amount up to 1TiB"},
        {"\"2KiB\"", 1, 9, "is no amount up to 1KiB"},
        /* 2^54 + 1 TiB is 1 TiB where 64 bits overflow. */
        {"\"18014398509481985TiB\"", tib, 9, "is no amount"},
        {"\"17179869185TiB\"", UINT64_MAX, 9, "is no amount"},
        {"\"18446744073709551616KiB\"", UINT64_MAX, 9, "is no amount"},
        {"\"512\"", tib, 9, "\"512\" is no amount"},
        {"\"\"", tib, 9, "\"\" is no amount"},
        {"\"GiB\"", tib, 9, "is no amount"},
        {"\"1 GiB\"", tib, 9, "is no amount"},
        {"\" 1GiB\"", tib, 9, "is no amount"},
        {"\"1GiB \"", tib, 9, "is no amount"},
        {"\"-1GiB\"", tib, 9, "is no amount"},
        {"\"+1GiB\"", tib, 9, "is no amount"},
        {"\"1.5GiB\"", tib, 9, "is no amount"},
        {"\"0x1GiB\"", tib, 9, "is no amount"},
        {"\"1GB\"", tib, 9, "is no amount"},
        {"\"1G\"", tib, 9, "is no amount"},
        {"\"1gib\"", tib, 9, "is no amount"},
        {"\"1PiB\"", tib, 9, "is no amount"},
        {"1024", tib, 9, "top.value is a number: it must be a string"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(json_decref) json_t *value = value_of(cases[i].value);
        struct error err = {0};
        uint64_t kib = 9;
        if (value_size(value, cases[i].most, &place, &kib, &err) != (cases[i].part ? -1 : 0) || kib != cases[i].kib)
            fail_msg("%s: %" PRIu64 ": %s", cases[i].value, kib, err.message);
        if (cases[i].part)
            assert_error(&err, ERROR_INPUT, cases[i].part);
    }
}

/* In the largest unit without a remainder, and read again as the same. */
static void sizes_written(void **state) {
    (void)state;
    static const struct {
        uint64_t kib;
        const char *text;
    } cases[] = {
        {1, "1KiB"},
        {1023, "1023KiB"},
        {1024, "1MiB"},
        {1025, "1025KiB"},
        {UINT64_C(1536) << 10, "1536MiB"},
        {UINT64_C(32) << 20, "32GiB"},
        {UINT64_C(1) << 30, "1TiB"},
        {UINT64_C(3) << 29, "1536GiB"},
        {UINT64_MAX, "18446744073709551615KiB"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        uint64_t kib = 0;
        CLEANUP(json_decref) json_t *written = value_write_size(cases[i].kib);
        assert_string_equal(json_string_value(written), cases[i].text);
        assert_int_equal(value_size(written, UINT64_MAX, &place, &kib, &err), 0);
        assert_true(kib == cases[i].kib);
    }
    CLEANUP(json_decref) json_t *nothing = value_write_size(0);
    uint64_t kib = 9;
    assert_int_equal(value_size(nothing, 0, &place, &kib, NULL), 0);
    assert_int_equal(kib, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(toggles), cmocka_unit_test(texts), cmocka_unit_test(words),         cmocka_unit_test(numbers),
        cmocka_unit_test(ids),     cmocka_unit_test(sizes), cmocka_unit_test(sizes_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
