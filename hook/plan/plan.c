#include "plan/plan.h"

#include <stdlib.h>

void plan_free(struct plan *plan) {
    free(plan->decisions);
    *plan = (struct plan){0};
}

bool decision_is_for(const struct decision *decision, const struct device *device) {
    return device_is(device, decision->kind, decision->address, decision->uuid);
}

const struct decision *plan_find(const struct plan *plan, const struct device *device) {
    for (size_t i = 0; i < plan->count; i++)
        if (decision_is_for(&plan->decisions[i], device))
            return &plan->decisions[i];
    return NULL;
}
