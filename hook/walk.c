#include "walk.h"

#include "config/vmi.h"
#include "domain/domain.h"
#include "walk_decide.h"

/* The first call of a boot: everything that can fail is decided here. */
static int first_call(const struct walk *walk, const struct vmi *vmi, const struct domain *domain, struct plan *plan,
                      struct walk_reply *reply, struct error *err) {
    CLEANUP(config_free) struct config config = {0};
    if (vmi->annotation && config_parse(vmi->annotation, &config, err) < 0)
        return -1;
    return walk_decide(walk, &config, vmi, domain, plan, reply, err);
}

/* Is this the VM that the plan was made for? */
static bool plan_covers(const struct plan *plan, const struct domain *domain) {
    if (plan->firmware != domain->guest.firmware)
        return false;
    for (size_t i = 0; i < domain->count; i++)
        if (!plan_find(plan, &domain->devices[i]))
            return false;
    return true;
}

/* A later call of a boot: the plan stands, whatever became of the host and the bundle since. */
static int later_call(const struct walk *walk, const struct plan *plan, struct error *err) {
    char address[PCI_ADDRESS_TEXT_MAX];
    for (size_t i = 0; i < plan->count; i++) {
        const struct decision *decision = &plan->decisions[i];
        if (decision->published && publisher_ensure(walk->publisher, decision->published, err) < 0)
            return error_prefix(err, "%s", pci_address_format(decision->address, address));
    }
    return 0;
}

static int make_plan(const struct walk *walk, const struct vmi *vmi, const struct domain *domain, struct plan *plan,
                     struct walk_reply *reply, bool *accepted_before, struct error *err) {
    int known = walk->memory && vmi->uid ? plan_memory_get(walk->memory, vmi->uid, vmi->annotation, plan, err) : 0;
    if (known < 0)
        return -1;
    *accepted_before = known && plan_covers(plan, domain);
    if (*accepted_before)
        return later_call(walk, plan, err);
    plan_free(plan);
    return first_call(walk, vmi, domain, plan, reply, err);
}

static int answer(const struct walk *walk, enum walk_context context, struct bytes vmi_text, struct domain *domain,
                  struct walk_reply *reply, struct error *err) {
    CLEANUP(vmi_free) struct vmi vmi = {0};
    CLEANUP(plan_free) struct plan plan = {0};
    bool accepted_before = false;
    if (vmi_parse(vmi_text, &vmi, err) < 0)
        return -1;
    if (context != WALK_UNTOLD)
        vmi.is_migrating = context == WALK_MIGRATION;
    if (make_plan(walk, &vmi, domain, &plan, reply, &accepted_before, err) < 0 ||
        domain_apply(domain, &plan, &reply->domain, err) < 0)
        return -1;
    /* Remembered only now: a plan that could not be applied was not accepted. */
    if (walk->memory && vmi.uid && !accepted_before)
        return plan_memory_put(walk->memory, vmi.uid, vmi.annotation, &plan, err);
    return 0;
}

int walk_request(const struct walk *walk, enum walk_context context, struct bytes domain_xml, struct bytes vmi,
                 struct walk_reply *reply, struct error *err) {
    CLEANUP(domain_free) struct domain domain = {0};
    if (domain_parse(domain_xml, &domain, err) < 0)
        return -1;
    if (domain.count == 0) {
        buffer_append(&reply->domain, domain_xml.data, domain_xml.size);
        return buffer_check(&reply->domain, err);
    }
    const struct plan nothing = {.firmware = domain.guest.firmware};
    int failed = walk->mode_only ? domain_apply(&domain, &nothing, &reply->domain, err)
                                 : answer(walk, context, vmi, &domain, reply, err);
    if (failed)
        buffer_free(&reply->domain);
    return failed;
}

void walk_reply_free(struct walk_reply *reply) {
    buffer_free(&reply->domain);
    buffer_free(&reply->notes);
    buffer_free(&reply->warnings);
    json_decref(reply->explanation);
    reply->explanation = NULL;
}
