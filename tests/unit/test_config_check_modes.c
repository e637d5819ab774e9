/* config/check_modes: what an annotation or a profile says of the host checks, and how the two go together. */
#include <stdio.h>

#include "config/check_modes.h"
#include "config/device_options.h"
#include "option_support.h"
#include "support.h"

static const struct json_place place = {"checks"};

static int parse(const char *text, struct check_modes *modes, struct error *err) {
    CLEANUP(json_decref) json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!value)
        fail_msg("no JSON: %s", text);
    *modes = (struct check_modes){0};
    return check_modes_parse(value, &place, modes, err);
}

static struct check_modes modes_of(const char *text) {
    struct check_modes modes;
    struct error err = {0};
    int failed = parse(text, &modes, &err);
    assert_no_error(&err);
    assert_int_equal(failed, 0);
    return modes;
}

static void assert_written(const struct check_modes *modes, const char *text) {
    CLEANUP(json_decref) json_t *object = check_modes_write(modes);
    CLEANUP(free) char *found = json_dumps(object, 0);
    assert_string_equal(found, text);
}

/* Each check with each mode, and nothing else with it. */
static void each_check(void **state) {
    (void)state;
    static const struct {
        const char *word;
        enum check_mode mode;
    } words[] = {{"enforce", CHECK_MODE_ENFORCE}, {"warn", CHECK_MODE_WARN}, {"ignore", CHECK_MODE_IGNORE}};
    for (enum check check = 0; check < CHECK_COUNT; check++) {
        for (size_t i = 0; i < COUNT(words); i++) {
            char text[64];
            snprintf(text, sizeof(text), "{\"%s\": \"%s\"}", check_name(check), words[i].word);
            struct check_modes modes = modes_of(text);
            for (enum check other = 0; other < CHECK_COUNT; other++)
                assert_int_equal(modes.mode[other], other == check ? words[i].mode : CHECK_MODE_UNSET);
            assert_written(&modes, text);
        }
    }
}

/* In the order of the checks, whatever the order was. */
static void several(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"{\"identity\": \"ignore\", \"aer\": \"warn\"}", "{\"identity\": \"ignore\", \"aer\": \"warn\"}"},
        {"{\"iommu-width\": \"warn\", \"numa\": \"ignore\", \"device-present\": \"enforce\"}",
         "{\"device-present\": \"enforce\", \"numa\": \"ignore\", \"iommu-width\": \"warn\"}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_modes modes = modes_of(cases[i][0]);
        assert_written(&modes, cases[i][1]);
    }
    const struct check_modes nothing = {0};
    assert_written(&nothing, "{}");
}

static void refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"[]", "checks is an array: it must be an object of checks, as {\"link\": \"ignore\"}, each \"enforce\", "
               "\"warn\" or \"ignore\""},
        {"\"ignore\"", "checks is a string: it must be an object of checks"},
        {"true", "checks is true or false: it must be"},
        {"{}", "checks is empty: name a check, or leave it out"},
        {"{\"power\": \"warn\"}", "checks: unknown key \"power\": known are \"device-present\", \"identity\", "},
        {"{\"link\": \"warn\", \"Link\": \"warn\"}", "unknown key \"Link\""},
        {"{\"\": \"warn\"}", "unknown key \"\""},
        {"{\"x\": null}", "\"numa\", \"iommu-width\""},
        {"{\"link\": \"error\"}", "checks.link: \"error\" is none of \"enforce\", \"warn\", \"ignore\""},
        {"{\"link\": \"\"}", "checks.link: \"\" is none of"},
        {"{\"link\": \"Warn\"}", "checks.link: \"Warn\" is none of"},
        {"{\"link\": null}", "checks.link is null: it must be a string"},
        {"{\"link\": false}", "checks.link is true or false: it must be a string"},
        {"{\"aer\": \"warn\", \"numa\": 1}", "checks.numa is a number: it must be a string"},
        {"{\"iommu-width\": {}}", "checks.iommu-width is an object"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_modes modes;
        struct error err = {0};
        if (parse(cases[i][0], &modes, &err) != -1)
            fail_msg("accepted: %s", cases[i][0]);
        assert_error(&err, ERROR_INPUT, cases[i][1]);
    }
}

static void merged(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"{\"link\": \"warn\"}", "{\"link\": \"enforce\"}", "{\"link\": \"enforce\"}"},
        {"{\"link\": \"enforce\"}", "{\"link\": \"ignore\"}", "{\"link\": \"ignore\"}"},
        {"{\"iommu-width\": \"warn\"}", "{\"device-present\": \"warn\", \"iommu-width\": \"ignore\"}",
         "{\"device-present\": \"warn\", \"iommu-width\": \"ignore\"}"},
        {"{\"link\": \"ignore\", \"aer\": \"warn\"}", "{\"aer\": \"enforce\", \"numa\": \"warn\"}",
         "{\"link\": \"ignore\", \"aer\": \"enforce\", \"numa\": \"warn\"}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_modes into = modes_of(cases[i][0]), nothing = {0};
        const struct check_modes before = into, from = modes_of(cases[i][1]);
        check_modes_merge(&into, &nothing);
        assert_memory_equal(&into, &before, sizeof(into));
        check_modes_merge(&into, &from);
        assert_written(&into, cases[i][2]);
        check_modes_merge(&nothing, &from);
        assert_memory_equal(&nothing, &from, sizeof(from));
    }
}

/* As an option: a profile's, then the annotation's. null takes all of it back. */
static void as_an_option(void **state) {
    (void)state;
    static const struct option_subject subject = {&device_option_table, sizeof(struct device_options), {"it"}};
    static const struct {
        const char *profile, *annotation, *result;
        bool given;
    } cases[] = {
        {"{}", "{\"checks\": {\"link\": \"warn\"}}", "{\"checks\": {\"link\": \"warn\"}}", true},
        {"{\"checks\": {\"link\": \"warn\", \"aer\": \"ignore\"}}", "{\"checks\": {\"link\": \"enforce\"}}",
         "{\"checks\": {\"link\": \"enforce\", \"aer\": \"ignore\"}}", true},
        {"{\"checks\": {\"link\": \"warn\"}}", "{\"romBar\": \"on\"}",
         "{\"romBar\": \"on\", \"checks\": {\"link\": \"warn\"}}", true},
        {"{\"checks\": {\"link\": \"warn\"}}", "{\"checks\": null}", "{\"checks\": null}", false},
        {"{\"checks\": null}", "{\"checks\": {\"aer\": \"warn\"}}", "{\"checks\": {\"aer\": \"warn\"}}", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device_options into, from;
        struct error err = {0};
        option_parse(&subject, cases[i].profile, &into, &err);
        option_parse(&subject, cases[i].annotation, &from, &err);
        assert_no_error(&err);
        device_options_merge(&into, &from, ORIGIN_ANNOTATION);
        CLEANUP(free) char *text = option_text(&subject, &into);
        assert_string_equal(text, cases[i].result);
        assert_int_equal(device_option_given(&into, OPTION_CHECKS), cases[i].given);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_check), cmocka_unit_test(several),      cmocka_unit_test(refused),
        cmocka_unit_test(merged),     cmocka_unit_test(as_an_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
