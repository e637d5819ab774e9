/* The file "resource" of a PCI function in sysfs: the windows of its BARs. Pure.
 *
 * Linux drivers/pci/pci-sysfs.c (resource_show): a line for each window, "start end flags"; the flags are those of
 * include/linux/ioport.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

#define PCI_BARS 6 /* PCI Local Bus Specification 3.0, 6.2.5 */

struct pci_bar {
    uint64_t start, size; /* size 0: there is none */
    bool is_memory, is_64bit, is_prefetchable;
    bool is_shadow; /* of the ROM: no BAR, but the firmware's copy of the boot display's ROM at 0xc0000 */
    bool is_unset;  /* the kernel knows the window's size and found no place for it */
};

struct pci_bars {
    struct pci_bar list[PCI_BARS];
    struct pci_bar rom; /* size 0 also where the file ends before it */
};

/* Parses the file. Returns 0, or -1 where it has not the form (*bars is then {0}). */
int pci_resource_parse(struct bytes text, struct pci_bars *bars);
