/* The bundles that a hook serves from, kept current: an admin repairs a broken bundle, or a ConfigMap is updated, while
 * the hook runs and KubeVirt keeps asking.
 */
#pragma once

#include "rom/bundle.h"

#define BUNDLE_SET_MAX 16

struct bundle_set;

/* What the set holds while it is acquired. */
struct bundle_view {
    struct bundle *const *bundles; /* searched in this order */
    size_t count;
    struct error error; /* why a bundle cannot be used; then bundles is not to be used either. ERROR_NONE otherwise */
    bool fresh;         /* nobody has seen the bundles as they are now: what there is to say of them, say it once */
};

/* Opens the bundles at `paths` (at most BUNDLE_SET_MAX; the array, its texts and `trust` must outlive the set). A
 * bundle that cannot be opened is no failure here: it shows in the view, for the VM's owner to read. Returns a set that
 * bundle_set_close gives back, or NULL (memory). Any thread may use it. */
struct bundle_set *bundle_set_open(const char *const *paths, size_t count, const struct trust *trust,
                                   struct error *err);

/* Opens anew what has changed on disk or could not be opened before, and holds the set as it is until
 * bundle_set_release. Several threads may hold it at a time. */
void bundle_set_acquire(struct bundle_set *set, struct bundle_view *view);
void bundle_set_release(struct bundle_set *set);

/* Is every bundle open and as it is on disk? To be asked while the set is acquired. */
bool bundle_set_is_current(const struct bundle_set *set);

void bundle_set_close(struct bundle_set *set);
