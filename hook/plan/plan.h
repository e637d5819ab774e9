/* What a VM gets: the decisions of a first call, which later calls repeat. Pure data: no pointer in it but to published
 * ROMs, which live as long as the process, and to names of the program's own tables. */
#pragma once

#include "base/error.h"
#include "config/device_options.h"
#include "config/guest_options.h"
#include "plan/device.h"
#include "plan/guest.h"
#include "rom/publish.h"

enum rom_setting {
    ROM_SETTING_KEEP,     /* leave the domain's <rom> as it is */
    ROM_SETTING_DEVICE,   /* the device's own ROM: no file, whoever put one there */
    ROM_SETTING_FILE,     /* our published file */
    ROM_SETTING_DISABLED, /* enabled="no": the guest sees no ROM */
};

/* A vfio-pci property that libvirt has no element for: it goes into <qemu:override>. */
struct property {
    const char *name;
    enum property_type type;
    char value[PROPERTY_VALUE_MAX];
};

#define PROPERTIES_MAX (VFIO_PROPERTY_COUNT + 12) /* what "vfio" can give, and what the other options can */

/* What one device gets. */
struct decision {
    enum device_kind kind;
    struct pci_address address; /* with DEVICE_PCI */
    char uuid[UUID_TEXT_MAX];   /* with DEVICE_MDEV */
    bool is_companion;          /* KubeVirt left it behind: its <hostdev> is ours to add */

    enum rom_setting rom;
    uint8_t rom_origin;                    /* who asked for ROM_SETTING_DEVICE or _DISABLED */
    const struct published_rom *published; /* with ROM_SETTING_FILE */
    enum toggle rom_bar;                   /* TOGGLE_UNSET: as it is, or on where a file is given */

    enum toggle display, ramfb; /* TOGGLE_UNSET: as it is */
    char driver_model[LABEL_MAX + 1];
    size_t property_count;
    struct property properties[PROPERTIES_MAX];

    bool is_placed; /* the guest address is ours to say */
    struct pci_address guest_address;
    bool is_multifunction; /* it is function 0 of a slot that has others */
};

/* What the guest as a whole gets; what is unset or 0 stays as it is. */
struct guest_decision {
    enum toggle hide_hypervisor;
    char hyperv_vendor_id[HYPERV_VENDOR_ID_MAX + 1];
    enum ioapic_driver ioapic;
    enum toggle topoext;
    struct phys_addr_wish max_phys_addr;
    bool has_hole64;
    bool hole64_on_pcie; /* with has_hole64, as is the next: the root bus is q35's */
    uint64_t hole64_kib;
    uint64_t ovmf_mmio64_mib;
    bool remove_video;
};

struct plan {
    enum firmware firmware; /* the domain's */
    struct guest_decision guest;
    size_t count;
    struct decision *decisions;
};

void plan_free(struct plan *plan);

static inline void plan_free_at(struct plan *plan) {
    plan_free(plan);
}

/* The decision for a device, or NULL when the plan has none. */
const struct decision *plan_find(const struct plan *plan, const struct device *device);

/* Is the decision about this device? */
bool decision_is_for(const struct decision *decision, const struct device *device);
