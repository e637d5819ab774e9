/* One golden case of `test`: its files read, walked, compared and, if wanted, written. */
#pragma once

#include "cmd/test_options.h"
#include "golden/result.h"

struct test_case {
    const char *path; /* the case's folder, to open it */
    const char *name; /* the same, for people */
    bool update;      /* rewrite the expected files */
};

/* Runs the case and adds its results. `shared` is what the command line says, for every case. The process's working
 * folder changes meanwhile: messages name files as they are named in the case, wherever it lies. What is wrong with the
 * case is in the results. Returns 0, or -1 when the run cannot go on. */
int test_case_run(const struct test_case *test, const struct test_shared *shared, struct golden_results *results,
                  struct error *err);
