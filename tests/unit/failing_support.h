/* Allocations that fail when a test says so, in programs for which CMakeLists.txt wraps malloc, realloc and strdup. */
#pragma once

/* So many calls of this thread until one fails; negative, as at start: none does. */
extern _Thread_local int allocations_left;
