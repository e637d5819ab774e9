#include "golden/report.h"

#include <stdio.h>
#include <string.h>

#include "golden/visible.h"

/* --- for people --------------------------------------------------------------------------------------------------- */

static void append_name(struct buffer *out, const struct golden_result *result) {
    visible_line(out, result->suite);
    if (result->name) {
        buffer_append_text(out, "/");
        visible_line(out, result->name);
    }
}

int golden_report_text(const struct golden_results *results, struct buffer *out, struct error *err) {
    size_t failed = golden_failed(results);
    for (size_t i = 0; i < results->count; i++) {
        const struct golden_result *result = &results->list[i];
        visible_lines(out, "", buffer_bytes(&result->changes));
        if (golden_passed(result))
            continue;
        buffer_append_text(out, "FAILED ");
        append_name(out, result);
        if (result->about) {
            buffer_append_text(out, " (");
            visible_line(out, result->about);
            buffer_append_text(out, ")");
        }
        buffer_append_text(out, "\n");
        visible_lines(out, "  ", buffer_bytes(&result->problems));
        visible_lines(out, "  ", buffer_bytes(&result->detail));
    }
    buffer_printf(out, "%zu passed, %zu failed, in %zu case%s\n", results->count - failed, failed, results->suites,
                  results->suites == 1 ? "" : "s");
    return buffer_check(out, err);
}

/* --- TAP ---------------------------------------------------------------------------------------------------------- */

/* Of a test's description: '#' would begin a directive. */
static void append_escaped(struct buffer *out, const struct golden_result *result) {
    CLEANUP(buffer_free) struct buffer name = {0};
    append_name(&name, result);
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '#' || name.data[i] == '\\')
            buffer_append_text(out, "\\");
        buffer_append(out, &name.data[i], 1);
    }
    out->failed |= name.failed;
}

/* As a literal block. Its indentation is said where the first line begins with a blank, and there alone: Perl's reader
 * knows no more of YAML than it must. */
static void append_block(struct buffer *out, const char *key, const struct buffer *text) {
    if (text->size == 0)
        return;
    buffer_printf(out, "  %s: |%s\n", key, (*text->data == ' ' || *text->data == '\t') ? "2" : "");
    visible_lines(out, "    ", buffer_bytes(text));
}

int golden_report_tap(const struct golden_results *results, struct buffer *out, struct error *err) {
    buffer_printf(out, "TAP version 13\n1..%zu\n", results->count);
    for (size_t i = 0; i < results->count; i++) {
        const struct golden_result *result = &results->list[i];
        visible_lines(out, "# ", buffer_bytes(&result->changes));
        buffer_printf(out, "%s %zu - ", golden_passed(result) ? "ok" : "not ok", i + 1);
        append_escaped(out, result);
        buffer_append_text(out, "\n");
        if (golden_passed(result))
            continue;
        struct buffer about = {.data = result->about, .size = result->about ? strlen(result->about) : 0};
        buffer_append_text(out, "  ---\n");
        append_block(out, "about", &about);
        append_block(out, "message", &result->problems);
        append_block(out, "diff", &result->detail);
        buffer_append_text(out, "  ...\n");
    }
    return buffer_check(out, err);
}
