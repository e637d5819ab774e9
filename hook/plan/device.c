#include "plan/device.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define USER_ALIAS "ua-"

bool device_is(const struct device *device, enum device_kind kind, struct pci_address address, const char *uuid) {
    if (device->kind != kind)
        return false;
    return kind == DEVICE_PCI ? pci_address_equal(device->address, address)
                              : device->uuid[0] && strcasecmp(device->uuid, uuid) == 0;
}

const char *device_label(const struct device *device, char text[DEVICE_LABEL_MAX]) {
    char address[PCI_ADDRESS_TEXT_MAX], name[QUOTED_MAX];
    if (device->kind == DEVICE_PCI)
        snprintf(text, DEVICE_LABEL_MAX, "%s (%s)", pci_address_format(device->address, address),
                 text_quotable(device->name, name));
    else
        snprintf(text, DEVICE_LABEL_MAX, "vGPU (%s)", text_quotable(device->name, name));
    return text;
}

bool alias_is_users(const char *alias) {
    return strncmp(alias, USER_ALIAS, strlen(USER_ALIAS)) == 0;
}

const char *companion_alias(struct pci_address address, char text[COMPANION_ALIAS_MAX]) {
    snprintf(text, COMPANION_ALIAS_MAX, USER_ALIAS "companion-%04x-%02x-%02x-%x", address.domain, address.bus,
             address.slot, address.function);
    return text;
}

int companion_device(struct pci_address address, struct device *device, struct error *err) {
    char alias[COMPANION_ALIAS_MAX];
    *device = (struct device){.kind = DEVICE_PCI, .address = address};
    device->alias = strdup(companion_alias(address, alias));
    if (!device->alias)
        return error_no_memory(err);
    device->name = device->alias + strlen(USER_ALIAS);
    return 0;
}
