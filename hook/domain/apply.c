/* domain_apply: every edit of the tables, then proof that it landed. */
#include <string.h>

#include "domain/companions.h"
#include "domain/domain.h"
#include "domain/edits.h"

static int apply_edits(struct domain *domain, const struct plan *plan, struct error *err) {
    if (tree_editable(&domain->tree, err) < 0 || companions_add(domain, plan, err) < 0)
        return -1;
    for (size_t i = 0; i < domain->count; i++) {
        const struct device *device = &domain->devices[i];
        const struct decision *decision = plan_find(plan, device);
        for (const struct device_edit *edit = device_edits; edit < device_edits + device_edit_count; edit++)
            if (edit->applies(device, decision) && edit->apply(&domain->tree, domain->nodes[i], decision, err) < 0)
                return -1;
    }
    xmlNode *root = xmlDocGetRootElement(domain->tree.document);
    for (const struct guest_edit *edit = guest_edits; edit < guest_edits + guest_edit_count; edit++)
        if (edit->applies(&plan->guest) && edit->apply(&domain->tree, root, &plan->guest, err) < 0)
            return -1;
    return 0;
}

static int missing(const char *edit, const struct device *device, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    return error_set(err, ERROR_INTERNAL, "%s: the edit \"%s\" is not in the reply: please report this",
                     device ? device_label(device, label) : "the guest", edit);
}

static int check_edits(const struct domain *reply, const struct plan *plan, struct error *err) {
    for (size_t i = 0; i < reply->count; i++) {
        const struct device *device = &reply->devices[i];
        const struct decision *decision = plan_find(plan, device);
        for (const struct device_edit *edit = device_edits; edit < device_edits + device_edit_count; edit++)
            if (edit->applies(device, decision) && !edit->landed(reply->nodes[i], decision))
                return missing(edit->name, device, err);
    }
    const xmlNode *root = xmlDocGetRootElement(reply->tree.document);
    for (const struct guest_edit *edit = guest_edits; edit < guest_edits + guest_edit_count; edit++)
        if (edit->applies(&plan->guest) && !edit->landed(root, &plan->guest))
            return missing(edit->name, NULL, err);
    return companions_landed(reply, plan) ? 0 : missing("companions", NULL, err);
}

/* The reply, read as libvirt will read it, must be the edited tree, and that must hold every edit. */
static int verify(const struct domain *domain, const struct plan *plan, struct bytes reply, struct error *err) {
    CLEANUP(domain_lose) struct domain again = {0};
    struct error problem = {0};
    const int same = tree_reads_back(&domain->tree, reply, &problem);
    if (same > 0)
        domain_find(domain->tree, &again, &problem);
    if (problem.code == ERROR_LIMIT)
        return error_set(err, ERROR_LIMIT, "with what is added to it: %s", problem.message);
    if (problem.code != ERROR_NONE)
        return error_set(err, ERROR_INTERNAL, "the reply cannot be read back: %s", problem.message);
    if (same == 0 || again.count != domain->count)
        return error_set(err, ERROR_INTERNAL, "the reply differs from what was meant: please report this");
    return check_edits(&again, plan, err);
}

int domain_apply(struct domain *domain, const struct plan *plan, struct buffer *out, struct error *err) {
    if (apply_edits(domain, plan, err) < 0 || tree_write(&domain->tree, out, err) < 0)
        return -1;
    return verify(domain, plan, buffer_bytes(out), err);
}
