/* A passthrough device as the domain names it. */
#pragma once

#include <stdbool.h>

#include "base/pci.h"

#define UUID_TEXT_MAX sizeof("5d307ca9-b3ef-428c-8861-06e72d69f223")

enum device_kind {
    DEVICE_PCI,  /* <hostdev type="pci">: a whole function, or an SR-IOV virtual function */
    DEVICE_MDEV, /* <hostdev type="mdev">: a mediated device; it has no address on the host and no ROM */
};

struct device {
    enum device_kind kind;
    char *alias;                /* as in the domain; "" without one */
    const char *name;           /* the name in the VMI's gpus[] or hostDevices[]: part of alias */
    struct pci_address address; /* on the host; with DEVICE_PCI */
    char uuid[UUID_TEXT_MAX];   /* with DEVICE_MDEV; "" without a readable one */
    bool rom_disabled;          /* the domain says <rom enabled="no"> */
    bool display_on, ramfb_on;  /* the domain says so */
    bool has_guest_address;     /* an <address type="pci"> */
    struct pci_address guest_address;
};
