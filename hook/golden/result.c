#include "golden/result.h"

#include <stdio.h>
#include <string.h>

#include "base/diff.h"

/* As much as a person reads of one difference; a domain may be a single line of megabytes. */
enum { DIFF_LINES = 100, DIFF_SIZE = 16384 };

struct golden_result *golden_add(struct golden_results *results, const char *suite, const char *name, const char *about,
                                 struct error *err) {
    if (results->count == results->capacity) {
        size_t capacity = results->capacity ? 2 * results->capacity : 64;
        struct golden_result *list = reallocarray(results->list, capacity, sizeof(*list));
        if (!list) {
            error_no_memory(err);
            return NULL;
        }
        results->list = list;
        results->capacity = capacity;
    }
    CLEANUP(free) char *suite_copy = strdup(suite);
    CLEANUP(free) char *name_copy = name ? strdup(name) : NULL;
    CLEANUP(free) char *about_copy = about ? strdup(about) : NULL;
    if (!suite_copy || (name && !name_copy) || (about && !about_copy)) {
        error_no_memory(err);
        return NULL;
    }
    if (results->count == 0 || strcmp(results->list[results->count - 1].suite, suite) != 0)
        results->suites++;
    struct golden_result *result = &results->list[results->count++];
    *result = (struct golden_result){
        .suite = TAKE_PTR(suite_copy), .name = TAKE_PTR(name_copy), .about = TAKE_PTR(about_copy)};
    return result;
}

void golden_problem(struct golden_result *result, const char *format, ...) {
    struct buffer *problems = &result->problems;
    const size_t start = problems->size;
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(problems, format, arguments);
    va_end(arguments);
    for (size_t i = start; i < problems->size; i++)
        problems->data[i] = problems->data[i] == '\n' ? '?' : problems->data[i];
    buffer_append_text(problems, "\n");
}

/* The size of the diff's beginning that is shown. */
static size_t shown(struct bytes diff, size_t *lines) {
    size_t end = 0;
    *lines = 0;
    for (size_t at = 0; at < diff.size && *lines < DIFF_LINES; (*lines)++) {
        const uint8_t *newline = memchr(diff.data + at, '\n', diff.size - at);
        at = newline ? (size_t)(newline - diff.data) + 1 : diff.size;
        if (at > DIFF_SIZE)
            break;
        end = at;
    }
    return end;
}

int golden_compare(struct golden_result *result, const char *file, struct bytes wanted, const char *what,
                   struct bytes got, struct error *err) {
    CLEANUP(buffer_free) struct buffer diff = {0};
    size_t lines;
    if (diff_unified(wanted, got, file, what, false, &diff, err) < 0)
        return -1;
    if (diff.size == 0)
        return 0;
    golden_problem(result, "%s differs", file);
    size_t size = shown(buffer_bytes(&diff), &lines);
    buffer_append(&result->detail, diff.data, size);
    if (size < diff.size)
        buffer_printf(&result->detail, "(%zu bytes more)\n", diff.size - size);
    return 0;
}

bool golden_passed(const struct golden_result *result) {
    return result->problems.size == 0;
}

size_t golden_failed(const struct golden_results *results) {
    size_t failed = 0;
    for (size_t i = 0; i < results->count; i++)
        failed += !golden_passed(&results->list[i]);
    return failed;
}

int golden_results_check(const struct golden_results *results, struct error *err) {
    for (size_t i = 0; i < results->count; i++) {
        const struct golden_result *result = &results->list[i];
        if (buffer_check(&result->problems, err) < 0 || buffer_check(&result->detail, err) < 0 ||
            buffer_check(&result->changes, err) < 0)
            return -1;
    }
    return 0;
}

void golden_results_free(struct golden_results *results) {
    for (size_t i = 0; i < results->count; i++) {
        struct golden_result *result = &results->list[i];
        free(result->suite);
        free(result->name);
        free(result->about);
        buffer_free(&result->problems);
        buffer_free(&result->detail);
        buffer_free(&result->changes);
    }
    free(results->list);
    *results = (struct golden_results){0};
}
