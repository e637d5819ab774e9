/* Random plans for random domains: what no edit may touch is there byte for byte and in its order, the same plan a
 * second time changes nothing, and what is refused is refused for a reason.
 *
 * Which elements an edit may touch is written down here once more, from the documentation and not from the code. */
#include <stdio.h>

#include "published_support.h"
#include "random_domain.h"
#include "random_plan.h"
#include "support.h"

enum { ROUNDS = 3000 };

/* --- who may touch what ------------------------------------------------------------------------------------------- */

static const struct decision *decision_of(const struct plan *plan, int device) {
    struct device pci = {.kind = DEVICE_PCI, .address = random_device_address(device)};
    struct device mdev = {.kind = DEVICE_MDEV};
    const struct decision *found = plan_find(plan, &pci);
    if (found || device == COMPANION)
        return found;
    random_device_uuid(device, mdev.uuid);
    return plan_find(plan, &mdev);
}

static bool sets_property(const struct decision *decision, const char *name) {
    for (size_t i = 0; decision && i < decision->property_count; i++)
        if (strcmp(decision->properties[i].name, name) == 0)
            return true;
    return false;
}

static bool sets_any_property(const struct plan *plan) {
    for (size_t i = 0; i < plan->count; i++)
        if (plan->decisions[i].property_count > 0)
            return true;
    return false;
}

static bool may_be_touched(const struct plan *plan, const struct piece *piece) {
    const struct guest_decision *guest = &plan->guest;
    const struct decision *decision = piece->device == -1 ? NULL : decision_of(plan, piece->device);
    bool hides = guest->hide_hypervisor != TOGGLE_UNSET, has_vendor_id = guest->hyperv_vendor_id[0];
    switch (piece->kind) {
    case HOSTDEV_TAG:
        return !piece->name || (decision && (decision->display != TOGGLE_UNSET || decision->ramfb != TOGGLE_UNSET));
    case ROM:
        return decision && (decision->rom != ROM_SETTING_KEEP || decision->rom_bar != TOGGLE_UNSET);
    case DRIVER:
        return decision && decision->driver_model[0];
    case PLACE:
        return decision && decision->is_placed;
    case FEATURES:
        return hides || has_vendor_id || guest->ioapic != IOAPIC_UNSET;
    case KVM:
    case HIDDEN:
        return hides;
    case HYPERV:
    case VENDOR_ID:
        return has_vendor_id;
    case IOAPIC:
        return guest->ioapic != IOAPIC_UNSET;
    case CPU:
        return guest->topoext != TOGGLE_UNSET || guest->max_phys_addr.mode != PHYS_ADDR_UNSET;
    case TOPOEXT:
        return guest->topoext != TOGGLE_UNSET;
    case PHYS_ADDR:
        return guest->max_phys_addr.mode != PHYS_ADDR_UNSET;
    case ROOT_BUS:
    case HOLE64:
        return guest->has_hole64;
    case PROPERTY:
        return sets_property(decision, piece->name);
    case EMPTY_QEMU:
        return sets_any_property(plan);
    case WINDOW:
        return guest->ovmf_mmio64_mib > 0;
    case VIDEO:
        return guest->remove_video;
    case OTHER:
        break;
    }
    return false;
}

/* --- the test ----------------------------------------------------------------------------------------------------- */

static void check_pieces(const struct text *text, const struct plan *plan, struct bytes reply, int *kept, int round) {
    size_t at = 0;
    for (size_t i = 0; i < text->count; i++) {
        const struct piece *piece = &text->pieces[i];
        if (may_be_touched(plan, piece))
            continue;
        const char *start = text->buffer.data + piece->start;
        size_t size = piece->end - piece->start;
        const uint8_t *found = memmem(reply.data + at, reply.size - at, start, size);
        if (!found)
            fail_msg("round %d: %.*s is not there, or not in its order, in\n%.*s\nwhich was\n%s", round, (int)size,
                     start, (int)reply.size, (const char *)reply.data, text->buffer.data);
        at = (size_t)(found - reply.data) + size;
        *kept += 1;
    }
}

static uint32_t sequence_source(void *state, uint32_t limit) {
    return sequence_below(state, limit);
}

/* Returns whether the domain was edited; otherwise it was refused for a reason. */
static bool apply(struct bytes xml, const struct plan *plan, struct buffer *out, int round) {
    CLEANUP(domain_free) struct domain domain = {0};
    struct error err = {0};
    if (domain_parse(xml, &domain, &err) == 0 && domain_apply(&domain, plan, out, &err) == 0)
        return true;
    if ((err.code != ERROR_INPUT && err.code != ERROR_LIMIT) || !err.message[0])
        fail_msg("round %d: %d: %s\n%.*s", round, (int)err.code, err.message, (int)xml.size, (const char *)xml.data);
    return false;
}

/* Returns whether the domain was edited. */
static bool one_round(int round, int *kept) {
    static struct decision decisions[RANDOM_DECISIONS_MAX];
    static struct text text;
    text = (struct text){.sequence = {(uint64_t)round * 0x9e3779b97f4a7c15}};
    random_domain(&text);
    CLEANUP(buffer_free) struct buffer xml = text.buffer, once = {0}, twice = {0};
    struct plan plan;
    struct domain domain;
    struct error err = {0};
    if (domain_parse(buffer_bytes(&xml), &domain, &err) < 0) {
        assert_int_equal(err.code, ERROR_INPUT);
        return false;
    }
    random_plan(&domain, published, &(struct random_source){sequence_source, &text.sequence}, decisions, &plan);
    domain_free(&domain);
    if (!apply(buffer_bytes(&xml), &plan, &once, round))
        return false;
    check_pieces(&text, &plan, buffer_bytes(&once), kept, round);
    if (!apply(buffer_bytes(&once), &plan, &twice, round))
        fail_msg("round %d: what was edited is refused", round);
    if (once.size != twice.size || memcmp(once.data, twice.data, once.size) != 0)
        fail_msg("round %d: a second time changes something: %s\nwas %s", round, twice.data, once.data);
    return true;
}

static void random_plans_for_random_domains(void **state) {
    (void)state;
    int edited = 0, kept = 0;
    for (int round = 1; round <= ROUNDS; round++)
        edited += one_round(round, &kept);
    /* Or nothing was tried. */
    assert_true(edited > ROUNDS * 9 / 10);
    assert_true(kept > ROUNDS * 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_plans_for_random_domains),
    };
    return cmocka_run_group_tests(tests, published_setup, published_teardown);
}
