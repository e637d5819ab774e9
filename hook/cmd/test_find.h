/* Where the golden cases are. */
#pragma once

#include "base/names.h"

/* Appends to *cases the folders at and below `root` that are cases, relative to it, "." being root itself, sorted.
 * Nothing is looked for in a case, behind links, or in folders whose name begins with a dot. Fails where a folder
 * cannot be read, or is nested too deep. Returns 0 or -1. */
int test_find(const char *root, struct names *cases, struct error *err);
