/* The files of a golden case: docs/how-to/golden-tests.md. Pure. */
#pragma once

#include "base/names.h"
#include "golden/result.h"

/* The names in the case's folder and in its folders in/ and out/, sorted. */
struct golden_files {
    struct names top, in, out;
};

/* Can a folder that holds these be a case? */
bool golden_is_case(const struct names *top);

/* The NAME of NAME.xml in in/, cut off in place, if that is such a file. */
bool golden_input_name(char *file);

/* Adds to result what is wrong with the files of a case: unknown ones, missing ones, expected ones without input. */
void golden_check_layout(const struct golden_files *files, struct golden_result *result);

/* Is this input one of the calls of a boot: call1, call2, call3? */
bool golden_is_call(const char *name);
