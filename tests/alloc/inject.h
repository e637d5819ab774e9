/* An allocator in front of the real one that fails where it is told to: for the rooms, for the libraries that are
 * linked into the program, and for shared ones, glibc among them, which all find their malloc in the program first.
 *
 * One thread. Memory that does not come from malloc (sodium_malloc's, a mapped file) never fails.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum inject_mode {
    INJECT_ONE, /* this allocation fails, those behind it do not: has somebody gone on without? */
    INJECT_ALL, /* nor do those behind it succeed: does reporting the failure need memory? */
    INJECT_MODES
};

/* From here on allocations are counted, and the one of that number fails, counted from 1. 0: none. With `trace` the
 * stack of the first that fails goes to standard error. */
void inject_start(size_t number, enum inject_mode mode, bool trace);

/* No allocation fails any more. Returns how many there were. */
size_t inject_stop(void);

/* What is done in between is neither counted nor made to fail. */
void inject_pause(void);
void inject_resume(void);
