/* golden/layout: which files a case may have. */
#include "golden/layout.h"
#include "support.h"

static void add(struct names *names, const char *const *list) {
    struct error err = {0};
    for (; *list; list++)
        assert_int_equal(names_add(names, *list, &err), 0);
    names_sort(names);
}

struct files {
    const char *top[8], *in[4], *out[6];
    const char *problems;
};

static void check(const struct files *files) {
    struct golden_files names = {0};
    struct golden_result result = {0};
    add(&names.top, files->top);
    add(&names.in, files->in);
    add(&names.out, files->out);
    golden_check_layout(&names, &result);
    assert_bytes(buffer_bytes(&result.problems), files->problems);
    assert_int_equal(golden_passed(&result), !*files->problems);
    names_free(&names.top);
    names_free(&names.in);
    names_free(&names.out);
    buffer_free(&result.problems);
}

static void layouts(void **state) {
    (void)state;
    static const struct files cases[] = {
        {{"vmi.json", "in"}, {"a.xml"}, {NULL}, ""},
        {{"vmi.json", "in", "out", "about", "args", "bundle", "sysfs"},
         {"a.xml", "b.xml"},
         {"a.xml", "a.err", "b.err"},
         ""},
        {{"in"}, {"a.xml"}, {NULL}, "vmi.json is missing: kubectl get vmi NAME -o json\n"},
        {{"vmi.json"}, {NULL}, {NULL}, "no in/NAME.xml: a case needs a domain\n"},
        {{"vmi.json", "in", "setup"},
         {"a.xml"},
         {NULL},
         "setup: no program of a case is run: keep in the case what it would make\n"},
        {{"vmi.json", "in", "a\nb"},
         {"a.xml"},
         {NULL},
         "a?b is unknown: a case has about, args, bundle, in, out, sysfs, vmi.json\n"},
        {{"vmi.json", "in"},
         {"a.xml", ".xml", "a.XML"},
         {NULL},
         "in/.xml is unknown: a domain is called NAME.xml\nin/a.XML is unknown: a domain is called NAME.xml\n"},
        {{"vmi.json", "in"},
         {"a.xml"},
         {"b.xml", "c.err", "a.argv", ".err", "a"},
         "out/.err is unknown: expected are NAME.xml and NAME.err\nout/a is unknown: expected are NAME.xml and "
         "NAME.err\nout/a.argv is unknown: expected are NAME.xml and NAME.err\nout/b.xml has no in/b.xml: remove it, "
         "or add the domain\nout/c.err has no in/c.xml: remove it, or add the domain\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check(&cases[i]);
}

static void names_of_inputs(void **state) {
    (void)state;
    static const struct {
        const char *file, *name; /* NULL: no input */
        bool is_call;
    } cases[] = {{"call1.xml", "call1", true}, {"call9.xml", "call9", true},    {"call0.xml", "call0", false},
                 {"call.xml", "call", false},  {"call12.xml", "call12", false}, {"a.b.xml", "a.b", false},
                 {".xml", NULL, false},        {".a.xml", NULL, false},         {"xml", NULL, false},
                 {"a.xmll", NULL, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(free) char *file = strdup(cases[i].file);
        assert_int_equal(golden_input_name(file), cases[i].name != NULL);
        assert_string_equal(file, cases[i].name ? cases[i].name : cases[i].file);
        assert_int_equal(golden_is_call(file), cases[i].is_call);
    }
}

static void what_is_a_case(void **state) {
    (void)state;
    static const struct {
        const char *top[3];
        bool is_case;
    } cases[] = {{{NULL}, false}, {{"vmi.json"}, true}, {{"in", "x"}, true}, {{"out", "about"}, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(names_free) struct names names = {0};
        add(&names, cases[i].top);
        assert_int_equal(golden_is_case(&names), cases[i].is_case);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts),
        cmocka_unit_test(names_of_inputs),
        cmocka_unit_test(what_is_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
