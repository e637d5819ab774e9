#include "base/memory.h"

#include <protobuf-c/protobuf-c.h>
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

static void *allocate_part(void *context, size_t size) {
    (void)context;
    return memory_allocate(size);
}

static void free_part(void *context, void *part) {
    (void)context;
    free(part);
}

struct ProtobufCAllocator memory_of_messages = {allocate_part, free_part, NULL};
