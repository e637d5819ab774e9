/* PCI addresses and numbers as Linux, lspci and libvirt write them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A function's address: 0000:e5:00.0. */
struct pci_address {
    uint32_t domain; /* 0 to 0xffffffff: VMD and Hyper-V use more than 16 bits */
    uint8_t bus;
    uint8_t slot;     /* 0 to 0x1f */
    uint8_t function; /* 0 to 7 */
};

#define PCI_ADDRESS_TEXT_MAX sizeof("ffffffff:ff:1f.7")

/* Writes the address into `text` (at least four domain digits, lower case) and returns it. */
const char *pci_address_format(struct pci_address address, char text[PCI_ADDRESS_TEXT_MAX]);

/* Parses DDDD:BB:SS.F, the whole text, hexadecimal of either case, leading zeros optional. The short form BB:SS.F means
 * domain 0000, as in lspci. Returns 0, or -1 leaving *address alone. */
int pci_address_parse(const char *text, struct pci_address *address);

static inline bool pci_address_equal(struct pci_address a, struct pci_address b) {
    return a.domain == b.domain && a.bus == b.bus && a.slot == b.slot && a.function == b.function;
}

/* Orders addresses as lspci does: negative where `a` comes first, 0 for the same. */
int pci_address_compare(struct pci_address a, struct pci_address b);

/* Do two functions share a slot? */
static inline bool pci_address_same_slot(struct pci_address a, struct pci_address b) {
    return a.domain == b.domain && a.bus == b.bus && a.slot == b.slot;
}

/* A PCI vendor or device number pair. */
struct pci_id {
    uint16_t vendor, device;
};

/* Parses "1002:1681": four hexadecimal digits each, the whole text. Returns 0, or -1 leaving *id alone. */
int pci_id_parse(const char *text, struct pci_id *id);

static inline bool pci_id_equal(struct pci_id a, struct pci_id b) {
    return a.vendor == b.vendor && a.device == b.device;
}

/* The numbers that the program knows by name: PCI Code and ID Assignment Specification, pci.ids. */
enum pci_vendor { VENDOR_AMD = 0x1002, VENDOR_NVIDIA = 0x10de, VENDOR_INTEL = 0x8086 };
enum pci_base_class { BASE_CLASS_DISPLAY = 0x03, BASE_CLASS_BRIDGE = 0x06 };
enum pci_class { /* base class and sub-class */
                 CLASS_VGA = 0x0300,
                 CLASS_3D = 0x0302,
                 CLASS_DISPLAY_OTHER = 0x0380,
                 CLASS_AUDIO = 0x0403,
                 CLASS_PCI_BRIDGE = 0x0604,
                 CLASS_USB = 0x0c03,
                 CLASS_SERIAL_OTHER = 0x0c80, /* USB Type-C's UCSI of a GPU */
};

/* What identifies a function's hardware: the fields of its configuration header that drivers match on. */
struct pci_identity {
    struct pci_id id;
    struct pci_id subsystem; /* 0000:0000 where the function has none (bridges) */
    uint8_t revision;
    uint32_t class_code; /* base class, sub-class, programming interface: 0x030000 is a VGA controller */
};
