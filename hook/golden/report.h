/* The results of golden cases, for people and for CI. Pure.
 *
 * File names and XML come from strangers: what a terminal would act on, and what the format cannot hold, is written in
 * letters (\r, \x1b). Each appends to *out and returns 0, or -1 without memory.
 */
#pragma once

#include "golden/result.h"

/* For people: what failed and why, what --update did, and a line of sums. */
int golden_report_text(const struct golden_results *results, struct buffer *out, struct error *err);

/* The Test Anything Protocol, version 13, which Perl's prove reads, too: testanything.org. A failure's problems and
 * differences are its YAML block. */
int golden_report_tap(const struct golden_results *results, struct buffer *out, struct error *err);

/* JUnit's XML as Jenkins and GitLab read it: a testsuite for each case, a testcase for each domain. */
int golden_report_junit(const struct golden_results *results, struct buffer *out, struct error *err);
