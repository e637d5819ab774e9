/* plan/memory: what is remembered of a VMI, and when it no longer counts. */
#include <pthread.h>
#include <stdio.h>

#include "plan/memory.h"
#include "support.h"

static int memory_setup(void **state) {
    struct error err = {0};
    *state = plan_memory_new(&err);
    return *state ? 0 : -1;
}

static int memory_teardown(void **state) {
    plan_memory_free(*state);
    return 0;
}

/* A plan whose only device stands on bus `bus`. */
static void put(struct plan_memory *memory, const char *uid, const char *annotation, uint8_t bus) {
    struct decision decision = {.address = {.bus = bus}, .rom = ROM_SETTING_DISABLED};
    struct error err = {0};
    assert_int_equal(plan_memory_put(memory, uid, annotation, &(struct plan){.count = 1, .decisions = &decision}, &err),
                     0);
    memset(&decision, 0xff, sizeof(decision)); /* the memory has its own copy */
}

/* The bus of the remembered plan, or -1. */
static int get(struct plan_memory *memory, const char *uid, const char *annotation) {
    struct plan plan = {0};
    struct error err = {0};
    int found = plan_memory_get(memory, uid, annotation, &plan, &err);
    assert_no_error(&err);
    if (!found) {
        assert_null(plan.decisions);
        return -1;
    }
    assert_int_equal(found, 1);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.decisions[0].rom, ROM_SETTING_DISABLED);
    int bus = plan.decisions[0].address.bus;
    plan.decisions[0].address.bus = 0xee; /* ours to write */
    free(plan.decisions);
    return bus;
}

static void remembered(void **state) {
    assert_int_equal(get(*state, "u1", "a"), -1);
    put(*state, "u1", "a", 1);
    put(*state, "u2", NULL, 2);
    assert_int_equal(get(*state, "u1", "a"), 1);
    assert_int_equal(get(*state, "u1", "a"), 1);
    assert_int_equal(get(*state, "u2", NULL), 2);
    assert_int_equal(get(*state, "u", "a"), -1);
}

static void a_changed_annotation_is_asked_anew(void **state) {
    put(*state, "u1", "a", 1);
    put(*state, "u2", NULL, 2);
    put(*state, "u3", "", 3);
    assert_int_equal(get(*state, "u1", "b"), -1);
    assert_int_equal(get(*state, "u1", NULL), -1);
    assert_int_equal(get(*state, "u2", "a"), -1);
    assert_int_equal(get(*state, "u2", ""), -1);
    assert_int_equal(get(*state, "u3", NULL), -1);
    put(*state, "u1", "b", 4);
    assert_int_equal(get(*state, "u1", "b"), 4);
    assert_int_equal(get(*state, "u1", "a"), -1); /* replaced, not kept beside */
}

static void the_oldest_is_forgotten(void **state) {
    char uid[16];
    for (int i = 0; i < PLAN_MEMORY_MAX; i++) {
        snprintf(uid, sizeof(uid), "u%d", i);
        put(*state, uid, NULL, (uint8_t)i);
    }
    for (int i = 0; i < PLAN_MEMORY_MAX; i++) {
        snprintf(uid, sizeof(uid), "u%d", i);
        assert_int_equal(get(*state, uid, NULL), i);
    }
    put(*state, "u5", NULL, 99); /* again: nobody has to go */
    assert_int_equal(get(*state, "u0", NULL), 0);
    assert_int_equal(get(*state, "u5", NULL), 99);
    put(*state, "new", NULL, 100);
    assert_int_equal(get(*state, "u0", NULL), -1);
    assert_int_equal(get(*state, "u1", NULL), 1);
    assert_int_equal(get(*state, "new", NULL), 100);
    for (int i = 0; i < 3 * PLAN_MEMORY_MAX; i++) {
        snprintf(uid, sizeof(uid), "v%d", i);
        put(*state, uid, "x", (uint8_t)i);
        assert_int_equal(get(*state, uid, "x"), i);
    }
    assert_int_equal(get(*state, "new", NULL), -1);
}

static void plans_without_devices(void **state) {
    struct error err = {0};
    struct plan plan = {0};
    assert_int_equal(plan_memory_put(*state, "u", NULL, &plan, &err), 0);
    assert_int_equal(plan_memory_get(*state, "u", NULL, &plan, &err), 1);
    assert_int_equal(plan.count, 0);
    free(plan.decisions);
}

struct worker {
    struct plan_memory *memory;
    int number, failures;
};

static void *work(void *argument) {
    struct worker *worker = argument;
    char uid[16];
    for (int i = 0; i < 500; i++) {
        struct decision decision = {.address = {.bus = (uint8_t)i}};
        struct plan plan = {.count = 1, .decisions = &decision};
        struct error err = {0};
        snprintf(uid, sizeof(uid), "%d-%d", worker->number, i % 20);
        worker->failures += plan_memory_put(worker->memory, uid, "a", &plan, &err) != 0;
        plan = (struct plan){0};
        worker->failures += plan_memory_get(worker->memory, uid, "a", &plan, &err) != 1;
        worker->failures += !plan.decisions || plan.decisions[0].address.bus != (uint8_t)i;
        free(plan.decisions);
    }
    return NULL;
}

static void threads_share_a_memory(void **state) {
    struct worker workers[3];
    pthread_t threads[COUNT(workers)];
    for (size_t i = 0; i < COUNT(workers); i++) {
        workers[i] = (struct worker){*state, (int)i, 0};
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    for (size_t i = 0; i < COUNT(workers); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failures, 0);
    }
}

static void free_accepts_null(void **state) {
    (void)state;
    plan_memory_free(NULL);
}

#define MEMORY_TEST(test) cmocka_unit_test_setup_teardown(test, memory_setup, memory_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        MEMORY_TEST(remembered),
        MEMORY_TEST(a_changed_annotation_is_asked_anew),
        MEMORY_TEST(the_oldest_is_forgotten),
        MEMORY_TEST(plans_without_devices),
        MEMORY_TEST(threads_share_a_memory),
        cmocka_unit_test(free_accepts_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
