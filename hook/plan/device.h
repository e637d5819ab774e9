/* A passthrough device as the domain names it. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/pci.h"
#include "base/text.h"

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
    bool has_rom_file;          /* or <rom file="..."> */
    bool display_on, ramfb_on;  /* the domain says so */
    bool has_guest_address;     /* an <address type="pci"> */
    struct pci_address guest_address;
};

/* Is it this device of the host? `address` counts with DEVICE_PCI, `uuid` with DEVICE_MDEV: one without a readable UUID
 * is never known again. */
bool device_is(const struct device *device, enum device_kind kind, struct pci_address address, const char *uuid);

/* "0000:e5:00.0 (igpu)", for messages. Returns `text`. */
#define DEVICE_LABEL_MAX 128
const char *device_label(const struct device *device, char text[DEVICE_LABEL_MAX]);

/* Does it start with "ua-", as libvirt wants of aliases that it does not give itself (virDomainDeviceAliasIsUserAlias,
 * src/conf/domain_conf.h)? Others it drops, and KubeVirt panics over a hostdev's. */
bool alias_is_users(const char *alias);

/* "ua-companion-0000-01-00-1": the alias of the <hostdev> that we add for a companion. Returns `text`. */
#define COMPANION_ALIAS_MAX 48
const char *companion_alias(struct pci_address address, char text[COMPANION_ALIAS_MAX]);

/* Makes *device the companion at that address of the host; device->alias is the caller's to free. Fails without memory
 * (ERROR_INTERNAL), with alias NULL. */
int companion_device(struct pci_address address, struct device *device, struct error *err);
