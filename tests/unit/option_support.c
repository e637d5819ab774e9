#include "option_support.h"

#include <stdalign.h>

#include "support.h"

int option_parse(const struct option_subject *subject, const char *text, void *options, struct error *err) {
    CLEANUP(json_decref) json_t *object = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!object)
        fail_msg("no JSON: %s", text);
    memset(options, 0, subject->size);
    return options_parse(subject->table, object, &subject->place, options, err);
}

char *option_text(const struct option_subject *subject, const void *options) {
    CLEANUP(json_decref) json_t *object = options_to_json(subject->table, options);
    char *text = json_dumps(object, 0);
    assert_non_null(text);
    return text;
}

/* The text has the options that are given, and null for those that are withdrawn. */
static void check_given(const struct option_subject *subject, const void *options, const char *text,
                        bool seen[OPTIONS_MAX]) {
    const struct options_said *said = options;
    CLEANUP(json_decref) json_t *object = json_loads(text, 0, NULL);
    for (size_t i = 0; i < subject->table->count; i++) {
        const json_t *value = json_object_get(object, subject->table->rows[i].name);
        assert_int_equal(options_given(subject->table, options, i), value && !json_is_null(value));
        assert_int_equal(said->withdrawn >> i & 1, json_is_null(value));
        seen[i] |= value && !json_is_null(value);
    }
}

void check_options_taken(const struct option_subject *subject, const char *const (*texts)[2], size_t count) {
    alignas(max_align_t) char options[OPTION_STRUCT_MAX], again[OPTION_STRUCT_MAX];
    bool seen[OPTIONS_MAX] = {false};
    assert_true(subject->size <= OPTION_STRUCT_MAX);
    for (size_t i = 0; i < count; i++) {
        struct error err = {0};
        option_parse(subject, texts[i][0], options, &err);
        if (err.code != ERROR_NONE)
            fail_msg("%s: %s", texts[i][0], err.message);
        CLEANUP(free) char *text = option_text(subject, options);
        assert_string_equal(text, texts[i][1] ? texts[i][1] : texts[i][0]);
        option_parse(subject, text, again, &err);
        assert_no_error(&err);
        CLEANUP(free) char *same = option_text(subject, again); /* not the bytes: padding is anything */
        assert_string_equal(same, text);
        check_given(subject, options, text, seen);
    }
    for (size_t i = 0; i < subject->table->count; i++)
        assert_true(seen[i]);
}

void check_options_refused(const struct option_subject *subject, const char *const (*texts)[2], size_t count) {
    alignas(max_align_t) char options[OPTION_STRUCT_MAX];
    assert_true(subject->size <= OPTION_STRUCT_MAX);
    for (size_t i = 0; i < count; i++) {
        struct error err = {0};
        if (option_parse(subject, texts[i][0], options, &err) != -1)
            fail_msg("accepted: %s", texts[i][0]);
        assert_error(&err, ERROR_INPUT, texts[i][1]);
    }
}
