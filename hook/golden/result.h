/* What came of golden cases: a result for each domain, and one for a case whose files are not right. Pure. */
#pragma once

#include "base/error.h"
#include "base/text.h"

struct golden_result {
    char *suite;            /* the case's folder, relative to the one that was named */
    char *name;             /* in/NAME.xml; NULL: the case itself */
    char *about;            /* what the case shows; NULL: it does not say */
    struct buffer problems; /* one sentence a line; none: it passed */
    struct buffer detail;   /* the differences, as unified diffs */
    struct buffer changes;  /* of --update: what was done, one line a file */
    double seconds;
};

/* Starts as {0}; golden_results_free gives it back. */
struct golden_results {
    struct golden_result *list;
    size_t count, capacity, suites;
};

/* Appends a result and copies the texts. Returns it, until the next one is added, or NULL (memory). */
struct golden_result *golden_add(struct golden_results *results, const char *suite, const char *name, const char *about,
                                 struct error *err);

/* Adds a problem: a sentence without newline; a newline in it, as file names may have, becomes '?'. */
void golden_problem(struct golden_result *result, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds "FILE differs" and the difference, if there is one; of a long one the beginning. `file` is what is expected,
 * `what` what was got, in words. Returns 0 or -1 (memory). */
int golden_compare(struct golden_result *result, const char *file, struct bytes wanted, const char *what,
                   struct bytes got, struct error *err);

bool golden_passed(const struct golden_result *result);

/* How many results did not pass. */
size_t golden_failed(const struct golden_results *results);

/* Returns 0, or -1 if an append to any result failed for want of memory. */
int golden_results_check(const struct golden_results *results, struct error *err);

void golden_results_free(struct golden_results *results);

static inline void golden_results_free_at(struct golden_results *results) {
    golden_results_free(results);
}
