/* base/memory: what fails is counted, of each thread by itself; base/json tells of it. */
#include "base/memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "failing_support.h"
#include "support.h"

static void *allocate(void) {
    return memory_allocate(1);
}

static void *resize(void) {
    return memory_resize(NULL, 1);
}

static void *copy(void) {
    return memory_copy("text");
}

static void counts(void **state) {
    static void *(*const calls[])(void) = {allocate, resize, copy};
    (void)state;
    for (size_t i = 0; i < COUNT(calls); i++) {
        const size_t before = memory_failures();
        CLEANUP(free) void *memory = calls[i]();
        assert_non_null(memory);
        assert_int_equal(memory_failures(), before);
        allocations_left = 0;
        assert_null(calls[i]());
        assert_int_equal(memory_failures(), before + 1);
    }
}

static void *allocate_here(void *size) {
    return memory_allocate(*(size_t *)size);
}

static void assert_not_kept(size_t size) {
    allocations_left = 0;
    assert_null(memory_allocate(size));
}

/* From here on: nothing takes memory_keep back. */
static void keeps(void **state) {
    static const size_t sizes[] = {24, 40, 56, 120, 136};
    static void *pieces[2 * MEMORY_KEPT_MAX];
    (void)state;
    memory_keep();
    memory_free(NULL);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t size = sizes[i]; /* a sanitizer's malloc gives no more than it is asked for */
        pthread_t thread;
        void *elsewhere;
        void *memory = memory_allocate(size);
        memset(memory, 1, size);
        memory_free(memory);
        assert_int_equal(pthread_create(&thread, NULL, allocate_here, &size), 0);
        assert_int_equal(pthread_join(thread, &elsewhere), 0);
        assert_ptr_not_equal(elsewhere, memory);
        allocations_left = 0; /* what is kept needs no malloc */
        assert_ptr_equal(memory_allocate(i > 0 ? size - 15 : 1), memory);
        const size_t before = memory_failures();
        assert_null(memory_allocate(size));
        assert_int_equal(memory_failures(), before + 1);
        free(memory); /* free takes it as well */
        free(elsewhere);
    }
    for (size_t i = 0; i < COUNT(pieces); i++)
        pieces[i] = memory_allocate(100);
    for (size_t i = 0; i < COUNT(pieces); i++)
        memory_free(pieces[i]);
    for (size_t i = 0; i < MEMORY_KEPT_MAX; i++)
        free(memory_allocate(100));
    assert_not_kept(100); /* no more than so many are */
    memory_free(memory_allocate(4096));
    assert_not_kept(4096);
}

static void largest_kept(void **state) {
    (void)state;
    memory_keep();
    memory_free(memory_allocate(136));
    memory_free(memory_allocate(152));
    assert_not_kept(137);
    assert_not_kept(152);
    allocations_left = 0;
    free(memory_allocate(136));
    assert_int_equal(allocations_left, 0);
    assert_not_kept(136);
}

static void trimmed(void **state) {
    (void)state;
    memory_keep();
    memory_free(memory_allocate(24));
    memory_free(memory_allocate(136));
    memory_trim(64 << 10);
    allocations_left = 0; /* not for so little */
    memory_free(memory_allocate(24));
    assert_int_equal(allocations_left, 0);
    memory_trim((64 << 10) + 1);
    assert_not_kept(24);
    assert_not_kept(136);
}

/* As glibc does. */
static void freed_twice(void **state) {
    (void)state;
    memory_keep();
    pid_t child = fork();
    if (child == 0) {
        void *memory = memory_allocate(100), *other = memory_allocate(100);
        memory_free(memory);
        memory_free(other);
        signal(SIGILL, SIG_DFL); /* the sanitizer takes it */
        memory_free(memory);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void *failures_here(void *nothing) {
    (void)nothing;
    return (void *)(uintptr_t)memory_failures();
}

static void of_each_thread(void **state) {
    pthread_t thread;
    void *failures;
    (void)state;
    allocations_left = 0;
    assert_null(memory_allocate(1));
    assert_true(memory_failures() > 0);
    assert_int_equal(pthread_create(&thread, NULL, failures_here, NULL), 0);
    assert_int_equal(pthread_join(thread, &failures), 0);
    assert_int_equal((uintptr_t)failures, 0);
}

static void parse_without_memory(const char *text) {
    bool failed = true;
    for (int i = 0; failed; i++) {
        struct error err = {0};
        allocations_left = i;
        json_t *value = json_parse(bytes_of(text), "it", JSON_FOR_US, &err);
        failed = allocations_left < 0;
        allocations_left = -1;
        if (failed) {
            assert_null(value);
            assert_error(&err, ERROR_LIMIT, "out of memory");
        }
        assert_no_error(&err);
        json_decref(value);
        assert_int_equal(!value, failed);
    }
}

/* Whichever allocation fails, the text is not blamed, and no value comes without a part of it. */
static void json(void **state) {
    (void)state;
    parse_without_memory("{\"a long name, so that the parser's buffer has to grow\": [\"\\u00e9 and\", 1, {}]}");
    /* jansson's buffer grows for the quote behind 14, 30 and 62 characters: without it, it would read on and on. */
    for (int size = 12; size < 64; size++) {
        char text[80];
        snprintf(text, sizeof(text), "[\"%0*d\"]", size, 0);
        parse_without_memory(text);
    }
}

/* Nor is a text written without a part of it. */
static void written(void **state) {
    CLEANUP(json_decref)
    json_t *value = json_pack("{s:[s, i]}", "a name", "\xc3\xa9 and more than a buffer's start", 1);
    CLEANUP(free) char *whole = json_text(value, 0);
    bool failed = true;
    (void)state;
    assert_non_null(whole);
    for (int i = 0; failed; i++) {
        allocations_left = i;
        CLEANUP(free) char *text = json_text(value, 0);
        failed = allocations_left < 0;
        allocations_left = -1;
        assert_int_equal(!text, failed);
        if (text)
            assert_string_equal(text, whole);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts),  cmocka_unit_test(of_each_thread),
                                       cmocka_unit_test(json),    cmocka_unit_test(written),
                                       cmocka_unit_test(keeps),   cmocka_unit_test(largest_kept),
                                       cmocka_unit_test(trimmed), cmocka_unit_test(freed_twice)};
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
