#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void plan_free(struct plan *plan) {
    free(plan->decisions);
    *plan = (struct plan){0};
}

bool decision_is_for(const struct decision *decision, const struct device *device) {
    if (decision->kind != device->kind)
        return false;
    return device->kind == DEVICE_PCI ? pci_address_equal(decision->address, device->address)
                                      : device->uuid[0] && strcasecmp(decision->uuid, device->uuid) == 0;
}

const struct decision *plan_find(const struct plan *plan, const struct device *device) {
    for (size_t i = 0; i < plan->count; i++)
        if (decision_is_for(&plan->decisions[i], device))
            return &plan->decisions[i];
    return NULL;
}

const char *companion_alias(struct pci_address address, char text[COMPANION_ALIAS_MAX]) {
    snprintf(text, COMPANION_ALIAS_MAX, "ua-companion-%04x-%02x-%02x-%x", address.domain, address.bus, address.slot,
             address.function);
    return text;
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
