/* The plans that were accepted, per VMI: KubeVirt asks up to three times for one boot, and only the first may fail. */
#pragma once

#include "plan/plan.h"

struct plan_memory;

/* Returns a memory that plan_memory_free gives back, or NULL. Any thread may use it. */
struct plan_memory *plan_memory_new(struct error *err);

/* Copies the plan that was accepted for the VMI `uid` with this annotation (NULL: none) into *plan, whose decisions the
 * caller frees. A VMI whose annotation has changed since is asked anew. Returns 1 if there is one, 0 if not, -1. */
int plan_memory_get(struct plan_memory *memory, const char *uid, const char *annotation, struct plan *plan,
                    struct error *err);

/* Remembers an accepted plan, replacing an older one of the VMI. The last PLAN_MEMORY_MAX VMIs are remembered; a
 * sidecar serves one. */
#define PLAN_MEMORY_MAX 64
int plan_memory_put(struct plan_memory *memory, const char *uid, const char *annotation, const struct plan *plan,
                    struct error *err);

void plan_memory_free(struct plan_memory *memory);

DEFINE_CLEANUP(struct plan_memory, plan_memory_free)
