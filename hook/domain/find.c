/* domain_parse: what a domain says of its passthrough devices. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain/domain.h"

/* KubeVirt names a device by its alias: a prefix for the kind of list it came from, then the name in the VMI. */
static const char *name_in_alias(const char *alias) {
    static const char *const prefixes[] = {
        "ua-gpu-", "ua-hostdevice-", "ua-dra-gpu-", "ua-dra-hostdevice-", "ua-sriov-", "ua-"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strncmp(alias, prefixes[i], strlen(prefixes[i])) == 0)
            return alias + strlen(prefixes[i]);
    return alias;
}

/* A part of a source address, decimal or 0x-hexadecimal as libvirt reads it. `fallback` < 0: the attribute must be
 * there. */
static int read_part(const xmlNode *address, const char *name, long fallback, unsigned long limit, const char *label,
                     unsigned long *value, struct error *err) {
    const char *text = tree_attribute(address, name);
    char storage[QUOTED_MAX], *end;
    if (!text && fallback >= 0) {
        *value = (unsigned long)fallback;
        return 0;
    }
    if (!text)
        return error_set(err, ERROR_INPUT, "hostdev %s: its source address has no \"%s\"", label, name);
    errno = 0;
    *value = strtoul(text, &end, 0);
    if (end == text || *end || errno || *value > limit || strchr(text, '-'))
        return error_set(err, ERROR_INPUT, "hostdev %s: %s=\"%s\" of its source address is not a number up to 0x%lx",
                         label, name, text_quotable(text, storage), limit);
    return 0;
}

static int read_source(const xmlNode *hostdev, const char *label, struct pci_address *address, struct error *err) {
    const xmlNode *source = tree_child(hostdev, "source");
    const xmlNode *node = source ? tree_child(source, "address") : NULL;
    if (!node)
        return error_set(err, ERROR_INPUT,
                         "hostdev %s: it has no source address: what made it (KubeVirt, another hook) must give one",
                         label);
    unsigned long domain, bus, slot, function;
    if (read_part(node, "domain", 0, UINT32_MAX, label, &domain, err) < 0 ||
        read_part(node, "bus", -1, 0xff, label, &bus, err) < 0 ||
        read_part(node, "slot", -1, 0x1f, label, &slot, err) < 0 ||
        read_part(node, "function", 0, 7, label, &function, err) < 0)
        return -1;
    *address = (struct pci_address){(uint32_t)domain, (uint8_t)bus, (uint8_t)slot, (uint8_t)function};
    return 0;
}

static int read_rom(const xmlNode *hostdev, const char *label, struct device *device, struct error *err) {
    const xmlNode *rom = tree_child(hostdev, "rom");
    if (!rom)
        return 0;
    if (tree_next(rom, "rom"))
        return error_set(err, ERROR_INPUT, "hostdev %s: it has more than one <rom>: another hook must add none", label);
    const char *enabled = tree_attribute(rom, "enabled");
    device->rom_disabled = enabled && strcmp(enabled, "no") == 0;
    return 0;
}

/* Returns 1 if the hostdev is one of ours, 0 if not (USB, SCSI, a container's), -1. */
static int read_hostdev(const xmlNode *hostdev, struct device *device, struct error *err) {
    const char *type = tree_attribute(hostdev, "type"), *mode = tree_attribute(hostdev, "mode");
    if (!type || (mode && strcmp(mode, "subsystem") != 0))
        return 0;
    bool pci = strcmp(type, "pci") == 0;
    if (!pci && strcmp(type, "mdev") != 0)
        return 0;
    const xmlNode *alias_node = tree_child(hostdev, "alias");
    const char *alias = alias_node ? tree_attribute(alias_node, "name") : NULL;
    char storage[QUOTED_MAX];
    const char *label = alias ? text_quotable(alias, storage) : "without alias";
    *device = (struct device){.kind = pci ? DEVICE_PCI : DEVICE_MDEV};
    if (pci && (read_source(hostdev, label, &device->address, err) < 0 || read_rom(hostdev, label, device, err) < 0))
        return -1;
    if (!(device->alias = strdup(alias ? alias : "")))
        return error_no_memory(err);
    device->name = name_in_alias(device->alias);
    return 1;
}

static int add_hostdev(struct domain *domain, xmlNode *hostdev, struct error *err) {
    struct device device;
    int found = read_hostdev(hostdev, &device, err);
    if (found <= 0)
        return found;
    if (domain->count == DOMAIN_DEVICES_MAX) {
        free(device.alias);
        return error_set(err, ERROR_LIMIT, "the domain has more than %d passthrough devices", DOMAIN_DEVICES_MAX);
    }
    domain->devices[domain->count] = device;
    domain->nodes[domain->count++] = hostdev;
    domain->pci_count += device.kind == DEVICE_PCI;
    return 0;
}

/* UEFI is told by firmware="efi", by a flash loader, or by the name of a loader that holds code and variables in one.
 */
static enum firmware find_firmware(const xmlNode *root) {
    const xmlNode *os = tree_child(root, "os");
    const xmlNode *loader = os ? tree_child(os, "loader") : NULL;
    const char *firmware = os ? tree_attribute(os, "firmware") : NULL;
    if (firmware)
        return strcmp(firmware, "efi") == 0 ? FIRMWARE_UEFI : FIRMWARE_BIOS;
    if (!loader)
        return FIRMWARE_BIOS;
    const char *type = tree_attribute(loader, "type");
    if (type && strcmp(type, "pflash") == 0)
        return FIRMWARE_UEFI;
    const char *path = tree_text(loader);
    return strstr(path, "OVMF") || strstr(path, "AAVMF") || strstr(path, "edk2") ? FIRMWARE_UEFI : FIRMWARE_BIOS;
}

static enum guest_machine find_machine(const xmlNode *root) {
    const xmlNode *os = tree_child(root, "os");
    const xmlNode *type = os ? tree_child(os, "type") : NULL;
    const char *arch = type ? tree_attribute(type, "arch") : NULL;
    return arch ? guest_machine_parse(arch) : GUEST_ANY;
}

static int find_devices(struct domain *domain, struct error *err) {
    const xmlNode *root = xmlDocGetRootElement(domain->tree.document);
    domain->firmware = find_firmware(root);
    domain->machine = find_machine(root);
    domain->devices = calloc(DOMAIN_DEVICES_MAX, sizeof(*domain->devices));
    domain->nodes = calloc(DOMAIN_DEVICES_MAX, sizeof(xmlNode *));
    if (!domain->devices || !domain->nodes)
        return error_no_memory(err);
    for (const xmlNode *list = tree_child(root, "devices"); list; list = tree_next(list, "devices"))
        for (xmlNode *hostdev = tree_child(list, "hostdev"); hostdev; hostdev = tree_next(hostdev, "hostdev"))
            if (add_hostdev(domain, hostdev, err) < 0)
                return -1;
    return 0;
}

int domain_parse(struct bytes xml, struct domain *domain, struct error *err) {
    *domain = (struct domain){0};
    if (tree_parse(xml, "domain", &domain->tree, err) == 0 && find_devices(domain, err) == 0)
        return 0;
    domain_free(domain);
    return -1;
}

void domain_free(struct domain *domain) {
    for (size_t i = 0; i < domain->count; i++)
        free(domain->devices[i].alias);
    free(domain->devices);
    free(domain->nodes);
    tree_free(&domain->tree);
    *domain = (struct domain){0};
}
