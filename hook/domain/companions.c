#include "domain/companions.h"

#include "domain/address.h"
#include "domain/read_guest.h"

static size_t count_of(const struct domain *domain, const struct decision *decision) {
    size_t count = 0;
    for (size_t i = 0; i < domain->count; i++)
        count += decision_is_for(decision, &domain->devices[i]);
    return count;
}

/* Somebody else may have attached it as well, or have given its alias to something else. */
static int check(const struct domain *domain, const struct decision *decision, struct error *err) {
    char alias[COMPANION_ALIAS_MAX], address[PCI_ADDRESS_TEXT_MAX];
    size_t count = count_of(domain, decision);
    pci_address_format(decision->address, address);
    if (count > 1)
        return error_set(err, ERROR_INPUT,
                         "%s: it is in the domain %zu times: another hook must not attach it as well, or leave "
                         "\"companions\" out",
                         address, count);
    for (size_t i = 0; i < domain->count; i++)
        if (decision_is_for(decision, &domain->devices[i]) && !alias_is_users(domain->devices[i].alias))
            return error_set(err, ERROR_INPUT,
                             "%s: its hostdev has no alias that starts with \"ua-\", without which KubeVirt panics: "
                             "the hook that attached it must give it one",
                             address);
    if (count == 0 &&
        alias_find(xmlDocGetRootElement(domain->tree.document), companion_alias(decision->address, alias), NULL))
        return error_set(err, ERROR_INPUT,
                         "%s: another device has the alias \"%s\", which it would get as a companion: name that "
                         "device differently",
                         address, alias);
    return 0;
}

/* managed="no" as KubeVirt writes it: the device is bound to vfio-pci already, and libvirt in the pod could not. */
static xmlNode *add_hostdev(struct domain *domain, const struct decision *decision, struct error *err) {
    struct tree *tree = &domain->tree;
    char alias[COMPANION_ALIAS_MAX];
    xmlNode *last = domain->nodes[domain->count - 1];
    xmlNode *hostdev = tree_insert_child(tree, last->parent, xmlNextElementSibling(last), "hostdev", err), *source,
            *name;
    if (!hostdev || tree_set_attribute(tree, hostdev, "type", "pci", err) < 0 ||
        tree_set_attribute(tree, hostdev, "managed", "no", err) < 0 ||
        !(source = tree_add_child(tree, hostdev, "source", err)) ||
        address_set_source(tree, source, decision->address, err) < 0 ||
        !(name = tree_add_child(tree, hostdev, "alias", err)) ||
        tree_set_attribute(tree, name, "name", companion_alias(decision->address, alias), err) < 0)
        return NULL;
    return hostdev;
}

static int add(struct domain *domain, const struct decision *decision, struct error *err) {
    if (domain->count == DOMAIN_DEVICES_MAX)
        return error_set(err, ERROR_LIMIT, "the domain has more than %d passthrough devices", DOMAIN_DEVICES_MAX);
    xmlNode *hostdev = add_hostdev(domain, decision, err);
    if (!hostdev)
        return -1;
    if (companion_device(decision->address, &domain->devices[domain->count], err) < 0)
        return -1;
    domain->nodes[domain->count++] = hostdev;
    return 0;
}

int companions_add(struct domain *domain, const struct plan *plan, struct error *err) {
    for (size_t i = 0; i < plan->count; i++) {
        const struct decision *decision = &plan->decisions[i];
        if (decision->is_companion &&
            (check(domain, decision, err) < 0 || (count_of(domain, decision) == 0 && add(domain, decision, err) < 0)))
            return -1;
    }
    return 0;
}

bool companions_landed(const struct domain *domain, const struct plan *plan) {
    for (size_t i = 0; i < plan->count; i++)
        if (plan->decisions[i].is_companion && count_of(domain, &plan->decisions[i]) != 1)
            return false;
    for (size_t i = 0; i < domain->count; i++) {
        const struct decision *decision = plan_find(plan, &domain->devices[i]);
        if (decision && decision->is_companion && !alias_is_users(domain->devices[i].alias))
            return false;
    }
    return true;
}
