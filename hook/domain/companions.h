/* The <hostdev>s that a plan adds: functions that KubeVirt left behind. */
#pragma once

#include "domain/domain.h"

/* Adds a <hostdev> for each companion of the plan that the domain has not, behind its last <hostdev>, and to the
 * domain's devices, of which there must be one at least. Fails with ERROR_INPUT where another hook attached one twice
 * or without an alias that KubeVirt keeps, or where something else has the alias that it would get. */
int companions_add(struct domain *domain, const struct plan *plan, struct error *err);

/* Does the domain have each companion of the plan, once, with the alias that KubeVirt needs? */
bool companions_landed(const struct domain *domain, const struct plan *plan);
