/* Where passthrough devices stand in the guest. Pure.
 *
 * libvirt gives a device without an <address> a place of its own when it defines the domain, and fills in the root
 * ports that a given bus number needs (libvirt src/qemu/qemu_domain_address.c). So only what must be somewhere is
 * placed.
 */
#pragma once

#include "plan/plan.h"

/* 0000:00:02.0, where an iGPU's VBIOS and Windows' driver look for it (QEMU docs/igd-assign.txt). */
extern const struct pci_address igd_legacy_address;

/* A device to place. */
struct layout_device {
    const struct device *device;
    struct device_options *options;
    bool is_virtual;
    bool has_gpu_rom; /* a GPU that gets a ROM, a file or its own, because somebody says so */
    int iommu_group;  /* HOST_GROUP_UNKNOWN: unknown */
    struct decision *decision;
};

/* Fills is_placed, guest_address and is_multifunction of the decisions: "guestAddress", "igd": "legacy", and with
 * "layout": "multifunction" all functions of one slot of the host on one slot of the guest, each with the function
 * number that it has on the host. Function 0 keeps the slot that it has already; without one the lowest free slot is
 * taken. Fails with ERROR_INPUT, naming the devices: two on one address, an address that the guest cannot have, a
 * function without function 0, functions of different IOMMU groups on one slot. Where a profile or "*" says
 * "multifunction" of a slot that lacks function 0 or is of several groups, it is taken out of the options, and *notes
 * gets a line. */
int plan_layout(const struct guest *guest, const struct layout_device *devices, size_t count, struct buffer *notes,
                struct error *err);
