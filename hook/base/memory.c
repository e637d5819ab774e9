#include "base/memory.h"

#include <malloc.h>
#include <protobuf-c/protobuf-c.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
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
    uint64_t *pieces[SIZES][MEMORY_KEPT_MAX];
};

/* Set before there are threads. The mark stands in each kept piece: a piece with it may be given back twice. */
static bool keeps;
static uint64_t mark;
static _Thread_local struct kept *kept;

void memory_keep(void) {
    keeps = true;
    randombytes_buf(&mark, sizeof(mark));
}

/* A piece with room for so many bytes, or NULL. */
static void *take_kept(size_t size) {
    if (!kept || size > LARGEST)
        return NULL;
    const size_t i = size <= SMALLEST ? 0 : (size - SMALLEST + STEP - 1) / STEP;
    if (kept->count[i] == 0)
        return NULL;
    uint64_t *piece = kept->pieces[i][--kept->count[i]];
    *piece = 0;
    return piece;
}

/* Puts the piece, of that size, among those that are kept; false: it is to be freed. */
static bool put_kept(uint64_t *piece, size_t i) {
    if (!kept && !(kept = calloc(1, sizeof(*kept))))
        return false;
    for (size_t j = 0; *piece == mark && j < kept->count[i]; j++)
        if (kept->pieces[i][j] == piece)
            __builtin_trap(); /* as glibc does: who goes on here hands one piece to two owners */
    if (kept->count[i] == MEMORY_KEPT_MAX)
        return false;
    *piece = mark;
    kept->pieces[i][kept->count[i]++] = piece;
    return true;
}

void *memory_allocate(size_t size) {
    void *memory = take_kept(size);
    return memory ? memory : counted(malloc(size));
}

void memory_free(void *memory) {
    const size_t room = keeps && memory ? malloc_usable_size(memory) : 0;
    if (room < SMALLEST || room >= LARGEST + STEP || !put_kept(memory, (room - SMALLEST) / STEP))
        free(memory);
}

void memory_trim(size_t bytes) {
    enum { MANY_PIECES = 64 << 10, LARGE = 1 << 20 };
    if (bytes <= MANY_PIECES)
        return;
    for (size_t i = 0; kept && i < SIZES; i++)
        while (kept->count[i] > 0)
            free(kept->pieces[i][--kept->count[i]]);
    if (bytes > LARGE)
        malloc_trim(0);
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
