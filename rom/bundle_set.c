#include "rom/bundle_set.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct bundle_set {
    pthread_rwlock_t lock; /* guards all below: read while acquired, written to reopen */
    const char *const *paths;
    size_t count;
    const struct trust *trust;
    struct bundle *bundles[BUNDLE_SET_MAX]; /* NULL: could not be opened */
    struct error error;                     /* of the first that could not */
    atomic_bool fresh;                      /* no view has been given since the last reopening */
};

bool bundle_set_is_current(const struct bundle_set *set) {
    for (size_t i = 0; i < set->count; i++)
        if (!set->bundles[i] || !bundle_is_current(set->bundles[i]))
            return false;
    return true;
}

static void reopen(struct bundle_set *set) {
    error_clear(&set->error);
    set->fresh = true;
    for (size_t i = 0; i < set->count; i++) {
        if (set->bundles[i] && bundle_is_current(set->bundles[i]))
            continue;
        struct error problem = {0};
        bundle_close(set->bundles[i]);
        set->bundles[i] = bundle_open(set->paths[i], set->trust, &problem);
        if (!set->bundles[i] && set->error.code == ERROR_NONE)
            set->error = problem;
    }
}

struct bundle_set *bundle_set_open(const char *const *paths, size_t count, const struct trust *trust,
                                   struct error *err) {
    struct bundle_set *set = calloc(1, sizeof(*set));
    if (!set) {
        error_no_memory(err);
        return NULL;
    }
    pthread_rwlock_init(&set->lock, NULL);
    set->paths = paths;
    set->count = count;
    set->trust = trust;
    reopen(set);
    return set;
}

void bundle_set_acquire(struct bundle_set *set, struct bundle_view *view) {
    pthread_rwlock_rdlock(&set->lock);
    if (!bundle_set_is_current(set)) {
        pthread_rwlock_unlock(&set->lock);
        pthread_rwlock_wrlock(&set->lock);
        reopen(set);
        pthread_rwlock_unlock(&set->lock);
        /* Whatever happens to the disk in between, what was just opened is good enough for this caller. */
        pthread_rwlock_rdlock(&set->lock);
    }
    *view = (struct bundle_view){set->bundles, set->count, set->error, atomic_exchange(&set->fresh, false)};
}

void bundle_set_release(struct bundle_set *set) {
    pthread_rwlock_unlock(&set->lock);
}

void bundle_set_close(struct bundle_set *set) {
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++)
        bundle_close(set->bundles[i]);
    pthread_rwlock_destroy(&set->lock);
    free(set);
}
