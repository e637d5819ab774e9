/* config/option_table: what holds for every option, shown on a table of three. */
#include <stdio.h>

#include "config/option_table.h"
#include "config/option_value.h"
#include "support.h"

struct things {
    struct options_said said;
    enum toggle first;
    char second[8];
    struct {
        uint8_t a, b;
    } third;
};

static int parse_second(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    const char *text = value_text(value, place, err);
    if (!text)
        return -1;
    snprintf(option, sizeof(((struct things *)0)->second), "%s", text);
    return 0;
}

static json_t *write_second(const void *option) {
    return json_string(option);
}

/* {"a": 1, "b": 2}: each may be missing. */
static int parse_third(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    uint8_t *numbers = option;
    (void)place, (void)err;
    numbers[0] = (uint8_t)json_integer_value(json_object_get(value, "a"));
    numbers[1] = (uint8_t)json_integer_value(json_object_get(value, "b"));
    return 0;
}

static json_t *write_third(const void *option) {
    const uint8_t *numbers = option;
    return json_pack("{s:i, s:i}", "a", numbers[0], "b", numbers[1]);
}

static void merge_third(void *into, const void *from) {
    for (size_t i = 0; i < 2; i++)
        if (((const uint8_t *)from)[i])
            ((uint8_t *)into)[i] = ((const uint8_t *)from)[i];
}

#define PLACE(member) offsetof(struct things, member), sizeof(((struct things *)0)->member)
static const struct option_row rows[] = {
    {"first", PLACE(first), value_toggle, value_write_toggle, NULL, OPTION_OF_TENANTS},
    {"second", PLACE(second), parse_second, write_second, NULL, OPTION_OF_TENANTS},
    {"third", PLACE(third), parse_third, write_third, merge_third, OPTION_OF_TENANTS},
};
static const struct option_table table = {rows, COUNT(rows), "of-a-device"};
static const struct json_place place = {"here"};

static struct things parse(const char *text) {
    struct things things = {0};
    struct error err = {0};
    CLEANUP(json_decref) json_t *object = json_loads(text, 0, NULL);
    assert_non_null(object);
    options_parse(&table, object, &place, &things, &err);
    assert_no_error(&err);
    return things;
}

static void assert_says(const struct things *things, const char *text) {
    CLEANUP(json_decref) json_t *object = options_to_json(&table, things);
    CLEANUP(free) char *found = json_dumps(object, 0);
    assert_string_equal(found, text);
}

/* Parsed, written and parsed again. */
static void there_and_back(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{}",
        "{\"first\": \"on\"}",
        "{\"first\": \"off\", \"second\": \"x\", \"third\": {\"a\": 1, \"b\": 0}}",
        "{\"first\": null}",
        "{\"first\": null, \"second\": null, \"third\": null}",
        "{\"first\": \"on\", \"second\": null, \"third\": {\"a\": 0, \"b\": 9}}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct things things = parse(texts[i]);
        assert_says(&things, texts[i]);
    }
}

static void given(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool given[3];
        uint32_t withdrawn;
    } cases[] = {
        {"{}", {false, false, false}, 0},
        {"{\"first\": false}", {true, false, false}, 0},
        {"{\"second\": \"x\"}", {false, true, false}, 0},
        {"{\"third\": {\"b\": 1}}", {false, false, true}, 0},
        {"{\"first\": null, \"third\": null}", {false, false, false}, 5},
        /* What says nothing is not given. */
        {"{\"second\": \"\", \"third\": {}}", {false, false, false}, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct things things = parse(cases[i].text);
        assert_int_equal(things.said.withdrawn, cases[i].withdrawn);
        for (size_t row = 0; row < COUNT(rows); row++)
            assert_int_equal(options_given(&table, &things, row), cases[i].given[row]);
    }
}

static void refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"[]", "here is an array: it must be an object"},
        {"{\"forth\": 1}", "here: unknown key \"forth\": known are \"first\", \"second\", \"third\""},
        {"{\"First\": \"on\"}", "here: unknown key \"First\""},
        {"{\"first\": \"on\", \"second\": 1}", "here.second is a number: it must be a string"},
        {"{\"first\": 1}", "here.first is a number"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct things things = {0};
        struct error err = {0};
        CLEANUP(json_decref) json_t *object = json_loads(cases[i][0], 0, NULL);
        assert_int_equal(options_parse(&table, object, &place, &things, &err), -1);
        assert_error(&err, ERROR_INPUT, cases[i][1]);
    }
}

/* What `from` says is put over what was there, said by 9; what was there is said by 5. */
static void merged(void **state) {
    (void)state;
    static const struct {
        const char *into, *from, *result;
        uint8_t origin[3];
    } cases[] = {
        {"{}", "{}", "{}", {0, 0, 0}},
        {"{\"first\": \"on\"}", "{}", "{\"first\": \"on\"}", {5, 0, 0}},
        {"{}", "{\"first\": \"on\"}", "{\"first\": \"on\"}", {9, 0, 0}},
        {"{\"first\": \"on\", \"second\": \"x\"}",
         "{\"first\": \"off\"}",
         "{\"first\": \"off\", \"second\": \"x\"}",
         {9, 5, 0}},
        {"{\"second\": \"longer\"}", "{\"second\": \"x\"}", "{\"second\": \"x\"}", {0, 9, 0}},
        /* null withdraws, and stays to be seen; a value takes it back. */
        {"{\"first\": \"on\"}", "{\"first\": null}", "{\"first\": null}", {9, 0, 0}},
        {"{}", "{\"first\": null}", "{\"first\": null}", {9, 0, 0}},
        {"{\"first\": null}", "{\"first\": \"on\"}", "{\"first\": \"on\"}", {9, 0, 0}},
        {"{\"first\": null}", "{}", "{\"first\": null}", {5, 0, 0}},
        /* A row may have its own way to merge. */
        {"{\"third\": {\"a\": 1, \"b\": 2}}",
         "{\"third\": {\"b\": 3}}",
         "{\"third\": {\"a\": 1, \"b\": 3}}",
         {0, 0, 9}},
        {"{\"third\": {\"a\": 1, \"b\": 2}}", "{\"third\": null}", "{\"third\": null}", {0, 0, 9}},
        {"{\"third\": null}", "{\"third\": {\"b\": 3}}", "{\"third\": {\"a\": 0, \"b\": 3}}", {0, 0, 9}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct things into = {0}, first = parse(cases[i].into), second = parse(cases[i].from);
        options_merge(&table, &into, &first, 5);
        options_merge(&table, &into, &second, 9);
        assert_says(&into, cases[i].result);
        CLEANUP(json_decref) json_t *result = json_loads(cases[i].result, 0, NULL);
        for (size_t row = 0; row < COUNT(rows); row++)
            assert_int_equal(into.said.withdrawn >> row & 1, json_is_null(json_object_get(result, rows[row].name)));
        for (size_t row = 0; row < COUNT(rows); row++)
            assert_int_equal(into.said.origin[row], cases[i].origin[row]);
    }
}

static void forgotten(void **state) {
    (void)state;
    struct things things = parse("{\"first\": \"on\", \"second\": \"x\", \"third\": {\"a\": 1}}");
    options_forget(&table, &things, 1);
    assert_says(&things, "{\"first\": \"on\", \"third\": {\"a\": 1, \"b\": 0}}");
    options_forget(&table, &things, 2);
    options_forget(&table, &things, 0);
    assert_says(&things, "{}");
}

static void whose_word(void **state) {
    (void)state;
    static const struct {
        uint8_t origin;
        bool profile;
    } cases[] = {{ORIGIN_ANNOTATION, false},
                 {ORIGIN_EVERY_DEVICE, false},
                 {ORIGIN_PROFILE(0), true},
                 {ORIGIN_PROFILE(ORIGIN_BUNDLES_MAX - 1), true},
                 {ORIGIN_BUILTIN, true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(origin_is_profile(cases[i].origin), cases[i].profile);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(cases[i].origin, cases[j].origin);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back), cmocka_unit_test(given),     cmocka_unit_test(refused),
        cmocka_unit_test(merged),         cmocka_unit_test(forgotten), cmocka_unit_test(whose_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
