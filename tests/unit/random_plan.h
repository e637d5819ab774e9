/* Plans at random, for tests of what a plan does to a domain: any that planning could make, and many that it would not.
 */
#pragma once

#include "domain/domain.h"

/* A number below `limit`; limit >= 1. */
struct random_source {
    uint32_t (*below)(void *state, uint32_t limit);
    void *state;
};

/* The devices of the domain, and companions. */
#define RANDOM_DECISIONS_MAX (DOMAIN_DEVICES_MAX + 2)

/* Makes a plan for the domain, with every member of its decisions now and then, into *plan, whose decisions stand in
 * `decisions`. `rom` is the ROM of each device that gets one. A device whose alias libvirt would not keep gets no QEMU
 * properties, as planning has it. */
void random_plan(const struct domain *domain, const struct published_rom *rom, const struct random_source *source,
                 struct decision decisions[RANDOM_DECISIONS_MAX], struct plan *plan);
