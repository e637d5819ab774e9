#include "plan/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct remembered {
    char *uid, *annotation; /* annotation: NULL when there was none */
    struct plan plan;
};

struct plan_memory {
    pthread_mutex_t lock; /* guards all below */
    struct remembered entries[PLAN_MEMORY_MAX];
    size_t next; /* the entry to use next, the oldest when all are in use */
};

struct plan_memory *plan_memory_new(struct error *err) {
    struct plan_memory *memory = calloc(1, sizeof(*memory));
    if (!memory) {
        error_no_memory(err);
        return NULL;
    }
    pthread_mutex_init(&memory->lock, NULL);
    return memory;
}

static int copy_plan(const struct plan *from, struct plan *to, struct error *err) {
    to->firmware = from->firmware;
    to->guest = from->guest;
    to->count = from->count;
    to->decisions = calloc(from->count + 1, sizeof(*to->decisions));
    if (!to->decisions)
        return error_no_memory(err);
    if (from->count)
        memcpy(to->decisions, from->decisions, from->count * sizeof(*to->decisions));
    return 0;
}

static struct remembered *find(struct plan_memory *memory, const char *uid) {
    for (size_t i = 0; i < PLAN_MEMORY_MAX; i++)
        if (memory->entries[i].uid && strcmp(memory->entries[i].uid, uid) == 0)
            return &memory->entries[i];
    return NULL;
}

static bool same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

int plan_memory_get(struct plan_memory *memory, const char *uid, const char *annotation, struct plan *plan,
                    struct error *err) {
    pthread_mutex_lock(&memory->lock);
    const struct remembered *entry = find(memory, uid);
    int found = 0;
    if (entry && same_text(entry->annotation, annotation))
        found = copy_plan(&entry->plan, plan, err) < 0 ? -1 : 1;
    pthread_mutex_unlock(&memory->lock);
    return found;
}

static void forget(struct remembered *entry) {
    free(entry->uid);
    free(entry->annotation);
    free(entry->plan.decisions);
    *entry = (struct remembered){0};
}

int plan_memory_put(struct plan_memory *memory, const char *uid, const char *annotation, const struct plan *plan,
                    struct error *err) {
    struct remembered fresh = {.uid = strdup(uid), .annotation = annotation ? strdup(annotation) : NULL};
    if (!fresh.uid || (annotation && !fresh.annotation) || copy_plan(plan, &fresh.plan, err) < 0) {
        forget(&fresh);
        return error_no_memory(err);
    }
    pthread_mutex_lock(&memory->lock);
    struct remembered *entry = find(memory, uid);
    if (!entry) {
        entry = &memory->entries[memory->next];
        memory->next = (memory->next + 1) % PLAN_MEMORY_MAX;
    }
    forget(entry);
    *entry = fresh;
    pthread_mutex_unlock(&memory->lock);
    return 0;
}

void plan_memory_free(struct plan_memory *memory) {
    if (!memory)
        return;
    for (size_t i = 0; i < PLAN_MEMORY_MAX; i++)
        forget(&memory->entries[i]);
    pthread_mutex_destroy(&memory->lock);
    free(memory);
}
