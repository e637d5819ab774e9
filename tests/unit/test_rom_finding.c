/* rom/finding: what is added is kept, and no error is lost when there is too much to say. */
#include "rom/finding.h"
#include "support.h"

static void findings_are_kept_in_order(void **state) {
    (void)state;
    static struct findings findings;
    findings = (struct findings){0};
    assert_null(findings_first(&findings, FINDING_REMARK));
    findings_add(&findings, FINDING_REMARK, 7, "%s %d", "one", 1);
    findings_add(&findings, FINDING_ERROR, SIZE_MAX, "two");
    findings_add(&findings, FINDING_ERROR, 9, "three");
    assert_int_equal(findings.count, 3);
    assert_int_equal(findings.list[0].level, FINDING_REMARK);
    assert_int_equal(findings.list[0].offset, 7);
    assert_string_equal(findings.list[0].text, "one 1");
    assert_null(findings_first(&findings, FINDING_WARNING));
    assert_ptr_equal(findings_first(&findings, FINDING_ERROR), &findings.list[1]);
    assert_int_equal(findings.list[1].offset, SIZE_MAX);
}

static void the_levels_have_names(void **state) {
    (void)state;
    assert_string_equal(finding_level_name(FINDING_REMARK), "remark");
    assert_string_equal(finding_level_name(FINDING_WARNING), "warning");
    assert_string_equal(finding_level_name(FINDING_ERROR), "error");
}

static void long_texts_are_cut(void **state) {
    (void)state;
    for (size_t size = FINDING_TEXT_MAX - 2; size <= FINDING_TEXT_MAX + 1; size++) {
        static struct findings findings;
        char text[FINDING_TEXT_MAX + 2] = {0};
        memset(text, 'x', size);
        findings = (struct findings){0};
        findings_add(&findings, FINDING_REMARK, 0, "%s", text);
        const char *kept = findings.list[0].text;
        if (size < FINDING_TEXT_MAX) {
            assert_string_equal(kept, text);
            continue;
        }
        assert_int_equal(strlen(kept), FINDING_TEXT_MAX - 1);
        assert_string_equal(kept + FINDING_TEXT_MAX - 5, "x...");
    }
}

static void fill(struct findings *findings, enum finding_level level, size_t count) {
    for (size_t i = 0; i < count; i++)
        findings_add(findings, level, i, "%s %zu", finding_level_name(level), i);
}

static size_t count_level(const struct findings *findings, enum finding_level level) {
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += findings->list[i].level == level;
    return count;
}

/* FINDINGS_MAX of one level are there, and one more comes. */
static void a_full_list(void **state) {
    (void)state;
    for (enum finding_level there = FINDING_REMARK; there <= FINDING_ERROR; there++)
        for (enum finding_level comes = FINDING_REMARK; comes <= FINDING_ERROR; comes++) {
            static struct findings findings;
            findings = (struct findings){0};
            fill(&findings, there, FINDINGS_MAX);
            findings_add(&findings, comes, 1234, "one more");
            const struct finding *last = &findings.list[FINDINGS_MAX - 1];
            bool is_kept = comes > there;
            assert_int_equal(findings.count, FINDINGS_MAX);
            assert_int_equal(last->level, is_kept ? comes : there);
            assert_int_equal(last->offset, is_kept ? 1234 : FINDINGS_MAX - 1);
            assert_int_equal(findings.list[FINDINGS_MAX - 2].level, there);
        }
}

/* Errors come last: they take the places of warnings and remarks, never of errors. */
static void errors_drive_out_the_others(void **state) {
    (void)state;
    static struct findings findings;
    findings = (struct findings){0};
    fill(&findings, FINDING_REMARK, 10);
    fill(&findings, FINDING_WARNING, FINDINGS_MAX - 10);
    findings_add(&findings, FINDING_WARNING, 0, "a warning takes a remark's place");
    assert_int_equal(count_level(&findings, FINDING_REMARK), 9);
    assert_string_equal(findings.list[9].text, "a warning takes a remark's place");
    fill(&findings, FINDING_ERROR, FINDINGS_MAX + 5);
    assert_int_equal(findings.count, FINDINGS_MAX);
    assert_int_equal(count_level(&findings, FINDING_ERROR), FINDINGS_MAX);
    bool is_there[FINDINGS_MAX] = {false};
    for (size_t i = 0; i < FINDINGS_MAX; i++) /* the first ones, each once */
        is_there[findings.list[i].offset % FINDINGS_MAX] = true;
    for (size_t i = 0; i < FINDINGS_MAX; i++)
        assert_true(is_there[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_are_kept_in_order),  cmocka_unit_test(the_levels_have_names),
        cmocka_unit_test(long_texts_are_cut),          cmocka_unit_test(a_full_list),
        cmocka_unit_test(errors_drive_out_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
