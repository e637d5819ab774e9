/* What a domain says of its guest, as far as a plan depends on it. Filled by domain/, read by plan/. */
#pragma once

#include <stddef.h>

#include "base/pci.h"
#include "rom/verdict.h"

/* What decides which addresses the guest's PCI devices may have. */
enum chipset {
    CHIPSET_OTHER,  /* no PCI that we know of */
    CHIPSET_I440FX, /* machine "pc": bus 0 with its 32 slots */
    CHIPSET_Q35,    /* bus 0, and a root port for each device */
    CHIPSET_VIRT,   /* aarch64's: the same without an ICH9 */
};

/* A PCI address of the guest that something else than a passthrough device has. */
#define TAKEN_OWNER_MAX 80
struct taken_address {
    struct pci_address address;
    char owner[TAKEN_OWNER_MAX]; /* "interface ua-default", for messages */
};

struct guest {
    enum firmware firmware;
    enum guest_machine machine;
    enum chipset chipset;
    uint64_t memory_kib;          /* as much as it can ever have */
    uint64_t memory_at_start_kib; /* what it starts with */
    bool has_cpu;                 /* a <cpu> with a mode or a model */
    bool cpu_passthrough;         /* whose mode is host-passthrough */
    bool needs_split_ioapic;      /* interrupt remapping, or more than 255 vCPUs: <ioapic driver="kvm"> cannot be */
    bool hides_hypervisor;        /* <kvm><hidden state="on"> */
    bool has_hyperv_passthrough;  /* <hyperv mode="passthrough"> */
    bool has_graphics;            /* VNC or the like, which <hostdev display="on"> needs */
    bool has_ramfb;               /* <video> of model ramfb */
    bool has_vga;                 /* <video> that is a VGA controller */
    bool has_hole64;              /* somebody set <pcihole64>, to... */
    uint64_t hole64_kib;
    bool has_ovmf_mmio64;     /* somebody set OVMF's window */
    bool has_phys_addr;       /* somebody set <maxphysaddr> */
    bool has_wide_bus[256];   /* by number: a PCI bus that is no root port and has slots besides 0 */
    bool has_pci_bridge[256]; /* of these, the buses behind a bridge to conventional PCI, whose slot 0 is not for
                                 devices */
    char *pinned_cpus;        /* those of the host that its vCPUs are pinned to, "0-3,8"; NULL: they are not */
    struct taken_address *taken;
    size_t taken_count;
};
