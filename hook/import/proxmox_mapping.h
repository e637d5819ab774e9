/* Proxmox' resource mappings of PCI devices, /etc/pve/mapping/pci.cfg. Pure.
 *
 * Sections begin with the mapping's name alone on a line; below it stand indented lines, of which each
 * "map id=10de:2684,iommugroup=12,node=pve1,path=0000:01:00.0,subsystem-id=10de:16f1" is one device of one node, with
 * several paths behind semicolons (pve-guest-common, src/PVE/Mapping/PCI.pm).
 */
#pragma once

#include "import/vm.h"

struct mapped_device {
    char node[LABEL_MAX + 1];
    bool has_id, has_subsystem;
    struct pci_id id, subsystem;
    char path[256]; /* as hostpci's "host": addresses behind semicolons */
};

struct mapping_found {
    bool has_section;
    struct mapped_device device; /* the first that was asked for */
    bool has_device;
    size_t others; /* how many more there are, on whatever node */
};

/* Looks for the mapping `name` in the file's text, and in it for the first device of `node` (NULL: of any). Fails with
 * ERROR_INPUT on a "map" line of it that cannot be read, or for want of memory. */
int proxmox_mapping_find(struct bytes text, const char *name, const char *node, struct mapping_found *found,
                         struct error *err);
