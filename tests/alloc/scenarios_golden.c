/* golden/: the results of golden cases and their reports. */
#include "golden/layout.h"
#include "golden/report.h"
#include "scenario.h"

typedef int writer(const struct golden_results *results, struct buffer *out, struct error *err);

static int report(const struct given *given, writer *write, struct outcome *outcome, struct error *err) {
    CLEANUP(golden_results_free) struct golden_results results = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    struct golden_result *one;
    if (!golden_add(&results, "fleet/a", "call1", "It <works>.", err) ||
        !(one = golden_add(&results, "fleet/a", "b\n\"&<\x1b", NULL, err)) ||
        golden_compare(one, "out/b.xml", given->text, "now", given->second, err) < 0)
        return -1;
    golden_problem(one, "%s", "line\nof ]]> a stranger");
    if (golden_results_check(&results, err) < 0 || write(&results, &out, err) < 0)
        return -1;
    outcome_buffer(outcome, &out);
    return 0;
}

static int report_text(const struct given *given, struct outcome *outcome, struct error *err) {
    return report(given, golden_report_text, outcome, err);
}

static int report_tap(const struct given *given, struct outcome *outcome, struct error *err) {
    return report(given, golden_report_tap, outcome, err);
}

static int report_junit(const struct given *given, struct outcome *outcome, struct error *err) {
    return report(given, golden_report_junit, outcome, err);
}

static int add_names(struct names *names, const char *const *list, struct error *err) {
    for (; *list; list++)
        if (names_add(names, *list, err) < 0)
            return -1;
    names_sort(names);
    return 0;
}

static int check_layout(const struct given *given, struct outcome *outcome, struct error *err) {
    static const char *const top[] = {"about", "in", "vmi.json", "what", NULL};
    static const char *const in[] = {"call1.xml", "notes", NULL}, *const out[] = {"call2.xml", NULL};
    CLEANUP(golden_results_free) struct golden_results results = {0};
    struct golden_files files = {0};
    struct golden_result *result = golden_add(&results, "a", NULL, "about", err);
    (void)given;
    int failed = !result || add_names(&files.top, top, err) < 0 || add_names(&files.in, in, err) < 0 ||
                 add_names(&files.out, out, err) < 0;
    if (!failed)
        golden_check_layout(&files, result);
    names_free(&files.top);
    names_free(&files.in);
    names_free(&files.out);
    if (failed || golden_results_check(&results, err) < 0)
        return -1;
    outcome_buffer(outcome, &result->problems);
    return 0;
}

#define DIFFERENT "golden/igpu-rembrandt/in/call1.xml", "golden/igpu-rembrandt/out/call1.xml"

struct scenarios scenarios_golden(void) {
    static const struct scenario list[] = {
        {.name = "golden/layout", check_layout},
        {.name = "golden/report-text", report_text, DIFFERENT},
        {.name = "golden/report-tap", report_tap, DIFFERENT},
        {.name = "golden/report-junit", report_junit, DIFFERENT},
    };
    return SCENARIOS(list);
}
