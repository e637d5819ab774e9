/* domain_apply: every edit of the table on every PCI hostdev, then proof that it landed. */
#include <string.h>

#include "domain/domain.h"
#include "domain/edits.h"

static int apply_edits(struct domain *domain, const struct plan *plan, struct error *err) {
    if (tree_editable(&domain->tree, err) < 0)
        return -1;
    for (size_t i = 0; i < domain->count; i++) {
        if (domain->devices[i].kind != DEVICE_PCI)
            continue;
        const struct decision *decision = plan_find(plan, domain->devices[i].address);
        for (const struct edit *edit = edit_table; edit < edit_table + edit_count; edit++)
            if (edit->applies(decision) && edit->apply(&domain->tree, domain->nodes[i], decision, err) < 0)
                return -1;
    }
    return 0;
}

static int check_edits(const struct domain *reply, const struct plan *plan, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    for (size_t i = 0; i < reply->count; i++) {
        if (reply->devices[i].kind != DEVICE_PCI)
            continue;
        const struct decision *decision = plan_find(plan, reply->devices[i].address);
        for (const struct edit *edit = edit_table; edit < edit_table + edit_count; edit++)
            if (edit->applies(decision) && !edit->landed(reply->nodes[i], decision))
                return error_set(err, ERROR_INTERNAL, "%s: the edit \"%s\" is not in the reply: please report this",
                                 device_label(&reply->devices[i], label), edit->name);
    }
    return 0;
}

/* The reply, read as libvirt will read it, must be the edited tree and hold every edit. */
static int verify(const struct domain *domain, const struct plan *plan, struct bytes reply, struct error *err) {
    CLEANUP(domain_free) struct domain again = {0};
    struct error problem = {0};
    if (domain_parse(reply, &again, &problem) < 0)
        return error_set(err, ERROR_INTERNAL, "the reply cannot be read back: %s", problem.message);
    if (again.count != domain->count ||
        !tree_equal(xmlDocGetRootElement(domain->tree.document), xmlDocGetRootElement(again.tree.document)))
        return error_set(err, ERROR_INTERNAL, "the reply differs from what was meant: please report this");
    return check_edits(&again, plan, err);
}

int domain_apply(struct domain *domain, const struct plan *plan, struct buffer *out, struct error *err) {
    if (apply_edits(domain, plan, err) < 0 || tree_write(&domain->tree, out, err) < 0)
        return -1;
    return verify(domain, plan, buffer_bytes(out), err);
}
