/* base/json: places, types and keys, as messages name them. */
#include <stdio.h>

#include "base/json.h"
#include "support.h"

static void places(void **state) {
    (void)state;
    const struct json_place empty = {""}, prefix = {"VMI: "};
    assert_string_equal(json_member(NULL, "roms").text, "roms");
    assert_string_equal(json_member(&empty, "roms").text, "roms");
    assert_string_equal(json_member(&prefix, "metadata").text, "VMI: metadata");
    struct json_place roms = json_member(NULL, "roms"), third = json_element(&roms, 2);
    assert_string_equal(third.text, "roms[2]");
    assert_string_equal(json_member(&third, "sha256").text, "roms[2].sha256");
    assert_string_equal(json_element(NULL, 0).text, "[0]");
    assert_string_equal(json_member(NULL, "a\nb").text, "a?b");
}

static void deep_places_are_cut(void **state) {
    (void)state;
    struct json_place place = {""};
    for (int i = 0; i < 100; i++) {
        place = json_member(&place, "averylongkeyaverylongkeyaverylongkeyaverylongkeyaverylongkeyaverylongkey");
        assert_in_range(strlen(place.text), 1, sizeof(place.text) - 1);
        place = json_element(&place, SIZE_MAX);
        assert_in_range(strlen(place.text), 1, sizeof(place.text) - 1);
    }
}

static void parse_refuses(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "the value is empty"},
        {"{", "the value is not valid JSON: line 1, column "},
        {"{\"a\": 1,\n \"b\" 2}", "line 2"},
        {"{\"a\": 1, \"a\": 2}", "duplicate"},
        {"{} {}", "end of file"},
        {"{}x", "end of file"},
        {"{\"a\": \"\xff\"}", "not valid JSON"},
        {"{\"a\": \"\\u0000\"}", "not valid JSON"},
        {"{'a': 1}", "not valid JSON"},
        {"{\"a\": 1,}", "not valid JSON"},
        {" ", "not valid JSON"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        assert_null(json_parse(bytes_of(cases[i].text), "the value", JSON_FOR_US, &err));
        assert_error(&err, ERROR_INPUT, cases[i].part);
    }
}

static void parse_survives_depth(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer text = {0};
    struct error err = {0};
    for (int i = 0; i < 100000; i++)
        buffer_append_text(&text, "[");
    assert_null(json_parse(buffer_bytes(&text), "it", JSON_FOR_US, &err));
    assert_error(&err, ERROR_INPUT, "depth");
}

static void parse_reads_no_byte_more(void **state) {
    (void)state;
    struct error err = {0};
    CLEANUP(json_decref)
    json_t *value = json_parse((struct bytes){(const uint8_t *)"{}garbage", 2}, "it", JSON_FOR_US, &err);
    assert_no_error(&err);
    assert_true(json_is_object(value));
}

static void unknown_keys_are_quoted(void **state) {
    (void)state;
    static const char *const known[] = {"id", "file", NULL}, *const none[] = {NULL};
    const struct json_place place = {"roms[2]"};
    struct error err = {0};
    CLEANUP(json_decref) json_t *object = json_parse(bytes_of("{\"id\": 1, \"fiel\\n\": 2}"), "it", JSON_FOR_US, &err);
    assert_int_equal(json_only_keys(object, known, &place, &err), -1);
    assert_error(&err, ERROR_INPUT, "roms[2]: unknown key \"fiel?\": known are \"id\", \"file\"");
    json_object_del(object, "fiel\n");
    assert_int_equal(json_only_keys(object, known, &place, &err), 0);
    assert_int_equal(json_only_keys(object, none, NULL, &err), -1);
    assert_error(&err, ERROR_INPUT, "unknown key \"id\"");
    json_object_clear(object);
    assert_int_equal(json_only_keys(object, none, NULL, &err), 0);
    assert_no_error(&err);
}

static void members_by_type(void **state) {
    (void)state;
    static const char *const texts[] = {"{\"k\": \"v\"}", "{\"k\": {}}",   "{\"k\": []}",
                                        "{\"k\": 1}",     "{\"k\": 1.5}",  "{\"k\": true}",
                                        "{\"k\": false}", "{\"k\": null}", "{}"};
    static const char *const types[] = {"a string",      "an object",     "an array", "a number", "a number",
                                        "true or false", "true or false", "null",     NULL};
    static const char *const wanted[] = {"a string", "an object", "an array"};
    const struct json_place place = {"top"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        for (size_t want = 0; want < COUNT(wanted); want++) {
            for (int required = 0; required < 2; required++) {
                struct error err = {0};
                CLEANUP(json_decref) json_t *object = json_parse(bytes_of(texts[i]), "it", JSON_FOR_US, &err);
                const char *text = "untouched";
                json_t *value = object;
                int result = want == 0   ? json_get_string(object, "k", required, &place, &text, &err)
                             : want == 1 ? json_get_object(object, "k", required, &place, &value, &err)
                                         : json_get_array(object, "k", required, &place, &value, &err);
                char message[128];
                if (i == want) {
                    assert_int_equal(result, 0);
                    assert_no_error(&err);
                    if (want == 0)
                        assert_string_equal(text, "v");
                    else
                        assert_ptr_equal(value, json_object_get(object, "k"));
                    continue;
                }
                assert_string_equal(text, "untouched");
                assert_ptr_equal(value, object);
                assert_int_equal(result, types[i] || required ? -1 : 0);
                if (types[i])
                    snprintf(message, sizeof(message), "top.k is %s: it must be %s", types[i], wanted[want]);
                else
                    snprintf(message, sizeof(message), "top.k is missing: it must be %s", wanted[want]);
                if (result < 0)
                    assert_error(&err, ERROR_INPUT, message);
                assert_no_error(&err);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(deep_places_are_cut),
        cmocka_unit_test(parse_refuses),
        cmocka_unit_test(parse_survives_depth),
        cmocka_unit_test(parse_reads_no_byte_more),
        cmocka_unit_test(unknown_keys_are_quoted),
        cmocka_unit_test(members_by_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
