#include "inject.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/common_interface_defs.h>

static struct {
    size_t seen, number;
    enum inject_mode mode;
    bool on, trace;
} inject;

void inject_start(size_t number, enum inject_mode mode, bool trace) {
    inject.seen = 0;
    inject.number = number;
    inject.mode = mode;
    inject.trace = trace;
    inject.on = true;
}

size_t inject_stop(void) {
    inject.on = false;
    return inject.seen;
}

void inject_pause(void) {
    inject.on = false;
}

void inject_resume(void) {
    inject.on = true;
}

static bool fails(void) {
    if (!inject.on)
        return false;
    inject.seen++;
    if (inject.number == 0 || (inject.mode == INJECT_ONE ? inject.seen != inject.number : inject.seen < inject.number))
        return false;
    if (inject.trace) {
        inject.trace = false;
        inject.on = false;
        __sanitizer_print_stack_trace();
        inject.on = true;
    }
    errno = ENOMEM;
    return true;
}

/* AddressSanitizer's own, under the names by which it can be reached where others stand in front of it. */
void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *old, size_t size);
void *__interceptor_reallocarray(void *old, size_t count, size_t size);
void *__interceptor_memalign(size_t alignment, size_t size);
void *__interceptor_aligned_alloc(size_t alignment, size_t size);
int __interceptor_posix_memalign(void **place, size_t alignment, size_t size);
char *__interceptor_strdup(const char *text);
char *__interceptor_strndup(const char *text, size_t most);

void *malloc(size_t size) {
    return fails() ? NULL : __interceptor_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails() ? NULL : __interceptor_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    return fails() ? NULL : __interceptor_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size) {
    return fails() ? NULL : __interceptor_reallocarray(old, count, size);
}

void *memalign(size_t alignment, size_t size) {
    return fails() ? NULL : __interceptor_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return fails() ? NULL : __interceptor_aligned_alloc(alignment, size);
}

int posix_memalign(void **place, size_t alignment, size_t size) {
    return fails() ? ENOMEM : __interceptor_posix_memalign(place, alignment, size);
}

char *strdup(const char *text) {
    return fails() ? NULL : __interceptor_strdup(text);
}

/* What glibc's headers once made of it, and older libraries still call. */
char *__strdup(const char *text);
char *__strdup(const char *text) {
    return strdup(text);
}

char *strndup(const char *text, size_t most) {
    return fails() ? NULL : __interceptor_strndup(text, most);
}
