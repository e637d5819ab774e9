/* What may be said of the guest as a whole, by the annotation's "guest" and by a profile's:
 *
 *   {"hideHypervisor": true, "pciHole64": "auto", "maxPhysAddr": {"mode": "passthrough", "limit": 39}}
 *
 * Every option is one row of the table in guest_options.c; docs/options.md is their reference. Pure.
 */
#pragma once

#include "config/option_table.h"
#include "config/option_value.h"

#define HYPERV_VENDOR_ID_MAX 12 /* libvirt's VIR_DOMAIN_HYPERV_VENDOR_ID_MAX */

enum ioapic_driver { IOAPIC_UNSET, IOAPIC_KVM, IOAPIC_QEMU };

/* libvirt's <maxphysaddr> */
struct phys_addr_wish {
    enum {
        PHYS_ADDR_UNSET,
        PHYS_ADDR_PASSTHROUGH,
        PHYS_ADDR_EMULATE,
        PHYS_ADDR_AUTO, /* passthrough, limited to what the devices' IOMMUs can address */
    } mode;
    uint32_t bits;  /* with EMULATE */
    uint32_t limit; /* with PASSTHROUGH; 0: none */
};

/* A window for 64-bit BARs. */
struct window_wish {
    enum { WINDOW_UNSET, WINDOW_AUTO, WINDOW_SIZE } kind;
    uint64_t kib; /* with WINDOW_SIZE */
};

enum emulated_video { VIDEO_UNSET, VIDEO_KEEP, VIDEO_REMOVE };

enum guest_option {
    GUEST_HIDE_HYPERVISOR,
    GUEST_HYPERV_VENDOR_ID,
    GUEST_IOAPIC,
    GUEST_TOPOEXT,
    GUEST_MAX_PHYS_ADDR,
    GUEST_PCI_HOLE64,
    GUEST_OVMF_MMIO64,
    GUEST_EMULATED_VIDEO,
    GUEST_OPTION_COUNT
};

struct guest_options {
    struct options_said said;
    enum toggle hide_hypervisor;
    char hyperv_vendor_id[HYPERV_VENDOR_ID_MAX + 1];
    enum ioapic_driver ioapic;
    enum toggle topoext;
    struct phys_addr_wish max_phys_addr;
    struct window_wish pci_hole64;
    struct window_wish ovmf_mmio64; /* whole MiB */
    enum emulated_video emulated_video;
};

extern const struct option_table guest_option_table;

/* As options_parse, options_merge, options_to_json and options_given, on this table. */
int guest_options_parse(json_t *object, const struct json_place *place, struct guest_options *options,
                        struct error *err);
void guest_options_merge(struct guest_options *into, const struct guest_options *from, uint8_t origin);
json_t *guest_options_to_json(const struct guest_options *options);
bool guest_option_given(const struct guest_options *options, enum guest_option option);

/* "hideHypervisor", ...: the option's key. */
const char *guest_option_name(enum guest_option option);
