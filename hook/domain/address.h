/* PCI addresses as libvirt writes them: <address type="pci" domain="0x0000" bus="0x06" slot="0x00" function="0x0"/>,
 * each part decimal or 0x-hexadecimal (libvirt src/conf/device_conf.c, virPCIDeviceAddressParseXML). */
#pragma once

#include "base/pci.h"
#include "domain/tree.h"

/* Reads the parts of the element; domain and function may be missing. On failure *part names the attribute, and *limit
 * is the largest value that it may have. Returns 0 or -1. */
int address_read(const xmlNode *element, struct pci_address *address, const char **part, unsigned long *limit);

/* The guest's address of a device element: its child <address type="pci">. Returns false, leaving *address alone, where
 * it has none that can be read: then libvirt says what is wrong, or gives it one, as it does for 0000:00:00. */
bool address_of_guest(const xmlNode *device, struct pci_address *address);

/* Gives the device element this address in the guest; `multifunction` only ever adds the attribute. */
int address_set_guest(struct tree *tree, xmlNode *device, struct pci_address address, bool multifunction,
                      struct error *err);

/* Writes the source address of a <hostdev type="pci">. */
int address_set_source(struct tree *tree, xmlNode *source, struct pci_address address, struct error *err);
