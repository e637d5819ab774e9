/* Domains at random, as KubeVirt writes them, as virsh does, or on one line: devices of all kinds in any order,
 * features, a <cpu>, QEMU's elements under any prefix, comments, what nobody knows, and now and then an element twice
 * that should be there once. Each element says what it is, so that a test knows who may touch it. */
#pragma once

#include "plan/plan.h"
#include "support.h"

enum { PIECES_MAX = 512, DEVICES_MAX = 6 };

/* What a piece of the text is, which says who may touch it. */
enum kind {
    OTHER,       /* nobody */
    HOSTDEV_TAG, /* `mode` where it has none, `display`, `ramfb` */
    ROM,         /* of a device: "rom", "romBar" */
    DRIVER,      /* "driverModel" */
    PLACE,       /* the device's guest address: "guestAddress", "layout" */
    FEATURES,    /* an empty <features/>: the three below */
    KVM,         /* an empty <kvm/>: "hideHypervisor" */
    HIDDEN,      /* "hideHypervisor" */
    HYPERV,      /* an empty <hyperv/>: "hypervVendorId" */
    VENDOR_ID,   /* "hypervVendorId" */
    IOAPIC,      /* "ioapic" */
    CPU,         /* an empty <cpu/>: "topoext", "maxPhysAddr" */
    TOPOEXT,     /* "topoext" */
    PHYS_ADDR,   /* "maxPhysAddr" */
    ROOT_BUS,    /* a childless root bus: "pciHole64" */
    HOLE64,      /* "pciHole64" */
    PROPERTY,    /* of a device: its property of that name */
    EMPTY_QEMU,  /* a childless element of QEMU's: what would go into it */
    WINDOW,      /* the arguments that set OVMF's window: "ovmfMmio64" */
    VIDEO,       /* "emulatedVideo": <graphics> and <video> */
};

struct piece {
    size_t start, end;
    enum kind kind;
    int device;       /* of the domain; COMPANION; -1: of none */
    const char *name; /* of a PROPERTY; of a HOSTDEV_TAG: not NULL where it has a mode */
};

struct text {
    struct sequence sequence;
    enum { KUBEVIRT, VIRSH, ONE_LINE } style;
    struct buffer buffer;
    int depth;
    struct piece pieces[PIECES_MAX];
    size_t count;
    int number; /* makes each piece differ from all others */
    int devices;
    bool has_companion;
    const char *prefix; /* of QEMU's namespace; "" declares it on each element */
    bool declared;
};

/* The PCI address, or the UUID, of the domain's device with this number; libvirt shows the companion of a plan under
 * COMPANION. */
enum { COMPANION = -2 };
struct pci_address random_device_address(int device);
const char *random_device_uuid(int device, char uuid[UUID_TEXT_MAX]);

/* Fills `text`, whose sequence is set and whose rest is {0}. The caller frees its buffer. */
void random_domain(struct text *text);
