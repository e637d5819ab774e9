#include <libxml/tree.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "golden/report.h"
#include "golden/visible.h"

static void free_document(xmlDoc *document) {
    if (document)
        xmlFreeDoc(document);
}
DEFINE_CLEANUP(xmlDoc, free_document)

/* Each gives false without memory. */

static bool set_text(xmlNode *node, const char *key, const char *text) {
    CLEANUP(buffer_free) struct buffer line = {0};
    visible_line(&line, text);
    return !line.failed && xmlNewProp(node, BAD_CAST key, BAD_CAST(line.data ? line.data : ""));
}

static bool set_count(xmlNode *node, const char *key, size_t count) {
    char text[24];
    snprintf(text, sizeof(text), "%zu", count);
    return xmlNewProp(node, BAD_CAST key, BAD_CAST text);
}

static bool set_seconds(xmlNode *node, double seconds) {
    char text[32];
    snprintf(text, sizeof(text), "%.3f", seconds);
    return xmlNewProp(node, BAD_CAST "time", BAD_CAST text);
}

static bool add_text(xmlNode *node, const struct buffer *text) {
    CLEANUP(buffer_free) struct buffer lines = {0};
    visible_lines(&lines, "", buffer_bytes(text));
    xmlNode *child = lines.failed ? NULL : xmlNewText(BAD_CAST(lines.data ? lines.data : ""));
    if (child && !xmlAddChild(node, child)) {
        xmlFreeNode(child);
        child = NULL;
    }
    return child;
}

static bool add_failure(xmlNode *testcase, const struct golden_result *result) {
    CLEANUP(buffer_free) struct buffer message = {0};
    xmlNode *failure = xmlNewChild(testcase, NULL, BAD_CAST "failure", NULL);
    for (size_t i = 0; i + 1 < result->problems.size; i++) /* the last byte is a newline */
        buffer_append(&message, result->problems.data[i] == '\n' ? "; " : &result->problems.data[i],
                      result->problems.data[i] == '\n' ? 2 : 1);
    buffer_append(&message, "", 1);
    return failure && !message.failed && set_text(failure, "message", message.data) &&
           set_text(failure, "type", result->detail.size ? "difference" : "problem") &&
           add_text(failure, result->detail.size ? &result->detail : &result->problems);
}

static bool add_case(xmlNode *suite, const struct golden_result *result) {
    xmlNode *testcase = xmlNewChild(suite, NULL, BAD_CAST "testcase", NULL);
    if (!testcase || !set_text(testcase, "name", result->name ? result->name : "(the case's files)") ||
        !set_text(testcase, "classname", result->suite) || !set_seconds(testcase, result->seconds) ||
        (!golden_passed(result) && !add_failure(testcase, result)))
        return false;
    xmlNode *said = result->changes.size ? xmlNewChild(testcase, NULL, BAD_CAST "system-out", NULL) : NULL;
    return result->changes.size == 0 || (said && add_text(said, &result->changes));
}

struct sums {
    size_t tests, failures;
    double seconds;
};

static struct sums sum(const struct golden_result *results, size_t count) {
    struct sums sums = {.tests = count};
    for (size_t i = 0; i < count; i++) {
        sums.failures += !golden_passed(&results[i]);
        sums.seconds += results[i].seconds;
    }
    return sums;
}

static bool set_sums(xmlNode *node, const char *name, struct sums sums) {
    return set_text(node, "name", name) && set_count(node, "tests", sums.tests) &&
           set_count(node, "failures", sums.failures) && set_count(node, "errors", 0) &&
           set_seconds(node, sums.seconds);
}

/* How many results from the first on are of one case. */
static size_t suite_size(const struct golden_result *results, size_t left) {
    size_t count = 1;
    while (count < left && strcmp(results[count].suite, results[0].suite) == 0)
        count++;
    return count;
}

static bool fill(xmlDoc *document, const struct golden_results *results) {
    xmlNode *root = xmlNewDocNode(document, NULL, BAD_CAST "testsuites", NULL);
    if (!root)
        return false;
    xmlDocSetRootElement(document, root);
    if (!set_sums(root, "kubevirt-gpu-hook test", sum(results->list, results->count)))
        return false;
    for (size_t at = 0; at < results->count;) {
        const struct golden_result *first = &results->list[at];
        size_t count = suite_size(first, results->count - at);
        xmlNode *suite = xmlNewChild(root, NULL, BAD_CAST "testsuite", NULL);
        if (!suite || !set_sums(suite, first->suite, sum(first, count)))
            return false;
        for (size_t i = 0; i < count; i++)
            if (!add_case(suite, &first[i]))
                return false;
        at += count;
    }
    return true;
}

int golden_report_junit(const struct golden_results *results, struct buffer *out, struct error *err) {
    const size_t failures = memory_failures();
    CLEANUP(free_document) xmlDoc *document = xmlNewDoc(BAD_CAST "1.0");
    xmlChar *text = NULL;
    int size = 0;
    if (!document || !fill(document, results))
        return error_no_memory(err);
    xmlDocDumpFormatMemoryEnc(document, &text, &size, "UTF-8", 1);
    if (text && memory_failures() == failures) /* libxml2 leaves out what it has no memory for */
        buffer_append(out, text, (size_t)size);
    else
        out->failed = true;
    xmlFree(text);
    return buffer_check(out, err);
}
