#include "base/memory.h"

#include <malloc.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local size_t failures;

static void *counted(void *memory) {
    failures += !memory;
    return memory;
}

/* Small pieces by what they have room for: 24, 40... 136 bytes, which is how glibc on 64-bit machines rounds up. Of any
 * other malloc a piece goes to the last size that it has room for. */
enum { SMALLEST = 24, STEP = 16, SIZES = 8, LARGEST = SMALLEST + (SIZES - 1) * STEP };

/* A thread's pieces, the last one kept on top. They are listed beside, not within themselves: who writes into a piece
 * that was given back cannot lead us astray. */
struct kept {
    size_t count[SIZES];
    void *pieces[SIZES][MEMORY_KEPT_MAX];
};

static bool keeps; /* set before there are threads */
static _Thread_local struct kept *kept;

void memory_keep(void) {
    keeps = true;
}

/* A piece with room for so many bytes, or NULL. */
static void *take_kept(size_t size) {
    if (!kept || size > LARGEST)
        return NULL;
    const size_t i = size <= SMALLEST ? 0 : (size - SMALLEST + STEP - 1) / STEP;
    return kept->count[i] > 0 ? kept->pieces[i][--kept->count[i]] : NULL;
}

void *memory_allocate(size_t size) {
    void *memory = take_kept(size);
    return memory ? memory : counted(malloc(size));
}

void memory_free(void *memory) {
    const size_t room = keeps && memory ? malloc_usable_size(memory) : 0;
    if (room >= SMALLEST && room < LARGEST + STEP && (kept || (kept = calloc(1, sizeof(*kept))))) {
        const size_t i = (room - SMALLEST) / STEP;
        if (kept->count[i] < MEMORY_KEPT_MAX) {
            kept->pieces[i][kept->count[i]++] = memory;
            return;
        }
    }
    free(memory);
}

void *memory_resize(void *old, size_t size) {
    return counted(realloc(old, size));
}

char *memory_copy(const char *text) {
    const size_t size = strlen(text) + 1;
    char *copy = memory_allocate(size);
    return copy ? memcpy(copy, text, size) : NULL;
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
    memory_free(part);
}

struct ProtobufCAllocator memory_of_messages = {allocate_part, free_part, NULL};
