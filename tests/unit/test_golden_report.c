/* golden: results and their three forms; what strangers wrote does not break out of any of them. */
#include "golden/report.h"
#include "golden/visible.h"
#include "support.h"

/* One passed, one failed with all that a result can have, one of a case itself. */
static void fill(struct golden_results *results) {
    struct error err = {0};
    assert_non_null(golden_add(results, "fleet/a", "call1", "It <works>.", &err));
    struct golden_result *failed = golden_add(results, "fleet/a", "b#c\\d\n\"&<\x1b", "It <works>.", &err);
    assert_non_null(failed);
    assert_int_equal(
        golden_compare(failed, "out/b.xml", bytes_of("<a>\n\t<b/>\n"), "now", bytes_of("<a>\r\n\t<b/>\n"), &err), 0);
    golden_problem(failed, "%s", "line\nof ]]> a stranger");
    failed->seconds = 0.0625;
    struct golden_result *broken = golden_add(results, "z", NULL, " blank", &err);
    golden_problem(broken, "vmi.json is missing");
    buffer_append_text(&broken->changes, "added z/out/a.xml\n");
    assert_int_equal(golden_results_check(results, &err), 0);
    assert_int_equal(golden_failed(results), 2);
    assert_int_equal(results->suites, 2);
}

typedef int writer(const struct golden_results *results, struct buffer *out, struct error *err);

static void check(writer *write, const char *expected) {
    CLEANUP(golden_results_free) struct golden_results results = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    struct error err = {0};
    fill(&results);
    assert_int_equal(write(&results, &out, &err), 0);
    assert_bytes(buffer_bytes(&out), expected);
}

static void text(void **state) {
    (void)state;
    check(golden_report_text, "FAILED fleet/a/b#c\\d\\n\"&<\\x1b (It <works>.)\n"
                              "  out/b.xml differs\n"
                              "  line?of ]]> a stranger\n"
                              "  --- out/b.xml\n"
                              "  +++ now\n"
                              "  @@ -1,2 +1,2 @@\n"
                              "  -<a>\n"
                              "  +<a>\\r\n"
                              "   \t<b/>\n"
                              "added z/out/a.xml\n"
                              "FAILED z ( blank)\n"
                              "  vmi.json is missing\n"
                              "1 passed, 2 failed, in 2 cases\n");
}

static void tap(void **state) {
    (void)state;
    check(golden_report_tap, "TAP version 13\n"
                             "1..3\n"
                             "ok 1 - fleet/a/call1\n"
                             "not ok 2 - fleet/a/b\\#c\\\\d\\\\n\"&<\\\\x1b\n"
                             "  ---\n"
                             "  about: |\n"
                             "    It <works>.\n"
                             "  message: |\n"
                             "    out/b.xml differs\n"
                             "    line?of ]]> a stranger\n"
                             "  diff: |\n"
                             "    --- out/b.xml\n"
                             "    +++ now\n"
                             "    @@ -1,2 +1,2 @@\n"
                             "    -<a>\n"
                             "    +<a>\\r\n"
                             "     \t<b/>\n"
                             "  ...\n"
                             "# added z/out/a.xml\n"
                             "not ok 3 - z\n"
                             "  ---\n"
                             "  about: |2\n"
                             "     blank\n"
                             "  message: |\n"
                             "    vmi.json is missing\n"
                             "  ...\n");
}

static void junit(void **state) {
    (void)state;
    check(golden_report_junit,
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<testsuites name=\"kubevirt-gpu-hook test\" tests=\"3\" failures=\"2\" errors=\"0\" time=\"0.062\">\n"
          "  <testsuite name=\"fleet/a\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"0.062\">\n"
          "    <testcase name=\"call1\" classname=\"fleet/a\" time=\"0.000\"/>\n"
          "    <testcase name=\"b#c\\d\\n&quot;&amp;&lt;\\x1b\" classname=\"fleet/a\" time=\"0.062\">\n"
          "      <failure message=\"out/b.xml differs; line?of ]]&gt; a stranger\" type=\"difference\">"
          "--- out/b.xml\n+++ now\n@@ -1,2 +1,2 @@\n-&lt;a&gt;\n+&lt;a&gt;\\r\n \t&lt;b/&gt;\n</failure>\n"
          "    </testcase>\n"
          "  </testsuite>\n"
          "  <testsuite name=\"z\" tests=\"1\" failures=\"1\" errors=\"0\" time=\"0.000\">\n"
          "    <testcase name=\"(the case's files)\" classname=\"z\" time=\"0.000\">\n"
          "      <failure message=\"vmi.json is missing\" type=\"problem\">vmi.json is missing\n</failure>\n"
          "      <system-out>added z/out/a.xml\n</system-out>\n"
          "    </testcase>\n"
          "  </testsuite>\n"
          "</testsuites>\n");
}

/* Nothing is a report, too. */
static void empty(void **state) {
    (void)state;
    static writer *const writers[] = {golden_report_text, golden_report_tap, golden_report_junit};
    const struct golden_results none = {0};
    for (size_t i = 0; i < COUNT(writers); i++) {
        CLEANUP(buffer_free) struct buffer out = {0};
        struct error err = {0};
        assert_int_equal(writers[i](&none, &out, &err), 0);
        assert_true(out.size > 0);
    }
}

/* Of a long difference the beginning is shown: by lines, and by bytes where a line is long. */
static void long_differences(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer lines = {0}, line = {0};
    struct error err = {0};
    for (int i = 0; i < 1000; i++)
        buffer_printf(&lines, "%d\n", i);
    for (int i = 0; i < 100000; i++)
        buffer_append_text(&line, "x");
    const struct bytes texts[] = {buffer_bytes(&lines), buffer_bytes(&line)};
    static const char *const shown[] = {"+94\n+95\n+96\n(", "--- out/a.xml\n+++ now\n@@ -0,0 +1 @@\n("};
    for (size_t i = 0; i < COUNT(texts); i++) {
        CLEANUP(golden_results_free) struct golden_results results = {0};
        struct golden_result *result = golden_add(&results, "a", "a", NULL, &err);
        assert_int_equal(golden_compare(result, "out/a.xml", bytes_of(""), "now", texts[i], &err), 0);
        buffer_append(&result->detail, "", 1);
        assert_non_null(strstr(result->detail.data, shown[i]));
        assert_non_null(strstr(result->detail.data, " bytes more)\n"));
        assert_true(result->detail.size < 20000);
        assert_bytes(buffer_bytes(&result->problems), "out/a.xml differs\n");
    }
}

static void equal(void **state) {
    (void)state;
    struct golden_result result = {0};
    struct error err = {0};
    assert_int_equal(golden_compare(&result, "x", bytes_of("same"), "now", bytes_of("same"), &err), 0);
    assert_true(golden_passed(&result));
}

static void visible(void **state) {
    (void)state;
    static const struct {
        const char *text, *line;
    } cases[] = {
        {"", ""},
        {"plain\ttext", "plain\ttext"},
        {"\u00e4 \u20ac \U0001f600", "\u00e4 \u20ac \U0001f600"},
        {"a\r\n\x1b[1m\x7f", "a\\r\\n\\x1b[1m\\x7f"},
        {"\xff\xc3(\xed\xa0\x80", "\\xff\\xc3(\\xed\\xa0\\x80"}, /* no UTF-8, half a character, a surrogate */
        {"\u202e\xc2\x85", "\\xe2\\x80\\xae\\xc2\\x85"},         /* turns the direction; a C1 control */
        {"\u2028\u2029", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"},      /* YAML's ends of lines */
        {"\xef\xbf\xbf\xef\xbf\xbe\xef\xbf\xbd",
         "\\xef\\xbf\\xbf\\xef\\xbf\\xbe\xef\xbf\xbd"}, /* no characters of XML; one */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer out = {0};
        visible_line(&out, cases[i].text);
        assert_bytes(buffer_bytes(&out), cases[i].line);
    }
    CLEANUP(buffer_free) struct buffer out = {0};
    static const uint8_t lines[] = "a\n\nb\0c\xe2\x82";
    visible_lines(&out, "> ", (struct bytes){lines, sizeof(lines) - 1});
    assert_bytes(buffer_bytes(&out), "> a\n> \n> b\\x00c\\xe2\\x82\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text),    cmocka_unit_test(tap),   cmocka_unit_test(junit),
        cmocka_unit_test(empty),   cmocka_unit_test(equal), cmocka_unit_test(long_differences),
        cmocka_unit_test(visible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
