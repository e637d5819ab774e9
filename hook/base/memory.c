#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static _Thread_local size_t failures;

static void *counted(void *memory) {
    failures += !memory;
    return memory;
}

void *memory_allocate(size_t size) {
    return counted(malloc(size));
}

void *memory_resize(void *old, size_t size) {
    return counted(realloc(old, size));
}

char *memory_copy(const char *text) {
    return counted(strdup(text));
}

size_t memory_failures(void) {
    return failures;
}
