/* domain_parse: what a domain says of its passthrough devices. */
#include <stdlib.h>
#include <string.h>

#include "domain/address.h"
#include "domain/domain.h"
#include "domain/read_guest.h"

/* KubeVirt names a device by its alias: a prefix for the kind of list it came from, then the name in the VMI. */
static const char *name_in_alias(const char *alias) {
    static const char *const prefixes[] = {
        "ua-gpu-", "ua-hostdevice-", "ua-dra-gpu-", "ua-dra-hostdevice-", "ua-sriov-", "ua-"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strncmp(alias, prefixes[i], strlen(prefixes[i])) == 0)
            return alias + strlen(prefixes[i]);
    return alias;
}

static int read_source(const xmlNode *hostdev, const char *label, struct pci_address *address, struct error *err) {
    const xmlNode *source = tree_child(hostdev, "source");
    const xmlNode *element = tree_child(source, "address");
    const char *part;
    unsigned long limit;
    char storage[QUOTED_MAX];
    if (!element)
        return error_set(err, ERROR_INPUT,
                         "hostdev %s: it has no source address: what made it (KubeVirt, another hook) must give one",
                         label);
    if (address_read(element, address, &part, &limit) == 0)
        return 0;
    const char *text = tree_attribute(element, part);
    if (!text)
        return error_set(err, ERROR_INPUT, "hostdev %s: its source address has no \"%s\"", label, part);
    return error_set(err, ERROR_INPUT, "hostdev %s: %s=\"%s\" of its source address is not a number up to 0x%lx", label,
                     part, text_quotable(text, storage), limit);
}

/* KubeVirt before 1.8 writes empty type and bus attributes beside it, which say nothing. */
static void read_uuid(const xmlNode *hostdev, struct device *device) {
    const xmlNode *source = tree_child(hostdev, "source");
    const xmlNode *element = tree_child(source, "address");
    const char *uuid = tree_attribute(element, "uuid");
    if (uuid && text_is_uuid(uuid))
        memcpy(device->uuid, uuid, UUID_TEXT_MAX);
}

static int read_rom(const xmlNode *hostdev, const char *label, struct device *device, struct error *err) {
    const xmlNode *rom = tree_child(hostdev, "rom");
    if (!rom)
        return 0;
    if (tree_next(rom, "rom"))
        return error_set(err, ERROR_INPUT, "hostdev %s: it has more than one <rom>: another hook must add none", label);
    device->rom_disabled = tree_attribute_is(rom, "enabled", "no");
    device->has_rom_file = tree_attribute(rom, "file");
    return 0;
}

static int read_hostdev(const xmlNode *hostdev, struct device *device, struct error *err) {
    bool pci = tree_attribute_is(hostdev, "type", "pci");
    const xmlNode *alias_node = tree_child(hostdev, "alias");
    const char *alias = tree_attribute(alias_node, "name");
    char storage[QUOTED_MAX];
    const char *label = alias ? text_quotable(alias, storage) : "without alias";
    *device = (struct device){.kind = pci ? DEVICE_PCI : DEVICE_MDEV};
    if (pci && (read_source(hostdev, label, &device->address, err) < 0 || read_rom(hostdev, label, device, err) < 0))
        return -1;
    if (!pci)
        read_uuid(hostdev, device);
    device->display_on = tree_attribute_is(hostdev, "display", "on");
    device->ramfb_on = tree_attribute_is(hostdev, "ramfb", "on");
    device->has_guest_address = address_of_guest(hostdev, &device->guest_address);
    if (!(device->alias = strdup(alias ? alias : "")))
        return error_no_memory(err);
    device->name = name_in_alias(device->alias);
    return 0;
}

static int add_hostdev(struct domain *domain, xmlNode *hostdev, struct error *err) {
    struct device device;
    if (domain->count == DOMAIN_DEVICES_MAX)
        return error_set(err, ERROR_LIMIT, "the domain has more than %d passthrough devices", DOMAIN_DEVICES_MAX);
    if (read_hostdev(hostdev, &device, err) < 0)
        return -1;
    domain->devices[domain->count] = device;
    domain->nodes[domain->count++] = hostdev;
    return 0;
}

/* libvirt refuses two of one user alias. */
static int check_alias(const struct domain *domain, size_t index, struct error *err) {
    const char *alias = domain->devices[index].alias;
    char storage[QUOTED_MAX];
    if (!alias_is_users(alias))
        return 0;
    const xmlNode *other = alias_find(xmlDocGetRootElement(domain->tree.document), alias, domain->nodes[index]);
    if (!other)
        return 0;
    return error_set(err, ERROR_INPUT,
                     "hostdev %s: another <%.32s> has the same alias, which libvirt refuses: name the VM's devices "
                     "differently",
                     text_quotable(alias, storage), (const char *)other->name);
}

static int find_devices(struct domain *domain, struct error *err) {
    const xmlNode *root = xmlDocGetRootElement(domain->tree.document);
    /* Not cleared: that would take longer than to find them. */
    domain->devices = malloc(DOMAIN_DEVICES_MAX * sizeof(*domain->devices));
    domain->nodes = malloc(DOMAIN_DEVICES_MAX * sizeof(xmlNode *));
    if (!domain->devices || !domain->nodes)
        return error_no_memory(err);
    for (const xmlNode *list = tree_child(root, "devices"); list; list = tree_next(list, "devices"))
        for (xmlNode *hostdev = tree_child(list, "hostdev"); hostdev; hostdev = tree_next(hostdev, "hostdev"))
            if (hostdev_is_passthrough(hostdev) && add_hostdev(domain, hostdev, err) < 0)
                return -1;
    for (size_t i = 0; i < domain->count; i++)
        if (check_alias(domain, i, err) < 0)
            return -1;
    return domain->count ? guest_read(root, &domain->guest, err) : 0;
}

int domain_parse(struct bytes xml, struct domain *domain, struct error *err) {
    *domain = (struct domain){0};
    if (tree_parse(xml, "domain", &domain->tree, err) == 0 && find_devices(domain, err) == 0)
        return 0;
    domain_free(domain);
    return -1;
}

int domain_find(struct tree tree, struct domain *domain, struct error *err) {
    *domain = (struct domain){.tree = tree};
    if (find_devices(domain, err) == 0)
        return 0;
    domain_lose(domain);
    return -1;
}

void domain_lose(struct domain *domain) {
    for (size_t i = 0; i < domain->count; i++)
        free(domain->devices[i].alias);
    free(domain->devices);
    free(domain->nodes);
    guest_free(&domain->guest);
    *domain = (struct domain){0};
}

void domain_free(struct domain *domain) {
    struct tree tree = domain->tree;
    domain_lose(domain);
    tree_free(&tree);
}
