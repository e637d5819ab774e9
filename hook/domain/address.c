#include "domain/address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Absent: only where `fallback` is not negative. */
static int read_part(const xmlNode *element, const char *name, long fallback, unsigned long limit,
                     unsigned long *value) {
    const char *text = tree_attribute(element, name);
    char *end;
    if (!text && fallback < 0)
        return -1;
    if (!text) {
        *value = (unsigned long)fallback;
        return 0;
    }
    errno = 0;
    *value = strtoul(text, &end, 0);
    return end == text || *end || errno || *value > limit || strchr(text, '-') ? -1 : 0;
}

int address_read(const xmlNode *element, struct pci_address *address, const char **part, unsigned long *limit) {
    static const struct {
        const char *name;
        long fallback;
        unsigned long limit;
    } parts[] = {{"domain", 0, UINT32_MAX}, {"bus", -1, 0xff}, {"slot", -1, 0x1f}, {"function", 0, 7}};
    unsigned long values[4];
    for (size_t i = 0; i < 4; i++) {
        *part = parts[i].name;
        *limit = parts[i].limit;
        if (read_part(element, parts[i].name, parts[i].fallback, parts[i].limit, &values[i]) < 0)
            return -1;
    }
    *address = (struct pci_address){(uint32_t)values[0], (uint8_t)values[1], (uint8_t)values[2], (uint8_t)values[3]};
    return 0;
}

static xmlNode *guest_element(const xmlNode *device) {
    return tree_child(device, "address");
}

/* As libvirt's virPCIDeviceAddressIsEmpty: zeros ask for an address. */
static bool is_empty(struct pci_address address) {
    return address.domain == 0 && address.bus == 0 && address.slot == 0;
}

bool address_of_guest(const xmlNode *device, struct pci_address *address) {
    const xmlNode *element = guest_element(device);
    const char *part;
    unsigned long limit;
    struct pci_address found;
    if (!tree_attribute_is(element, "type", "pci") || address_read(element, &found, &part, &limit) < 0 ||
        is_empty(found))
        return false;
    *address = found;
    return true;
}

/* Only what says something else is written: "0x6" and "6" are one bus. */
static int set_parts(struct tree *tree, xmlNode *element, struct pci_address address, struct error *err) {
    struct pci_address now;
    const char *part;
    unsigned long limit;
    char domain[16], bus[8], slot[8], function[8];
    if (address_read(element, &now, &part, &limit) == 0 && pci_address_equal(now, address))
        return 0;
    snprintf(domain, sizeof(domain), "0x%04x", address.domain);
    snprintf(bus, sizeof(bus), "0x%02x", address.bus);
    snprintf(slot, sizeof(slot), "0x%02x", address.slot);
    snprintf(function, sizeof(function), "0x%x", address.function);
    if (tree_set_attribute(tree, element, "domain", domain, err) < 0 ||
        tree_set_attribute(tree, element, "bus", bus, err) < 0 ||
        tree_set_attribute(tree, element, "slot", slot, err) < 0 ||
        tree_set_attribute(tree, element, "function", function, err) < 0)
        return -1;
    return 0;
}

int address_set_guest(struct tree *tree, xmlNode *device, struct pci_address address, bool multifunction,
                      struct error *err) {
    xmlNode *element = guest_element(device);
    if (!element && !(element = tree_add_child(tree, device, "address", err)))
        return -1;
    tree_remove_seconds(tree, element);
    if (tree_set_attribute(tree, element, "type", "pci", err) < 0 || set_parts(tree, element, address, err) < 0)
        return -1;
    return multifunction ? tree_set_attribute(tree, element, "multifunction", "on", err) : 0;
}

int address_set_source(struct tree *tree, xmlNode *source, struct pci_address address, struct error *err) {
    xmlNode *element = tree_child(source, "address");
    if (!element && !(element = tree_add_child(tree, source, "address", err)))
        return -1;
    return set_parts(tree, element, address, err);
}
