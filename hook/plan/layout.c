#include "plan/layout.h"

#include <stdio.h>

#include "host/facts.h"

const struct pci_address igd_legacy_address = {0, 0, 2, 0};

enum { SLOT_ICH9 = 0x1f, SLOT_PIIX = 1, SLOTS = 32, BUSES = 256 };

/* The place that the device will have, as far as it is known. */
static bool place_of(const struct layout_device *device, struct pci_address *address) {
    if (device->decision->is_placed)
        *address = device->decision->guest_address;
    else if (device->device->has_guest_address)
        *address = device->device->guest_address;
    else
        return false;
    return true;
}

static void put(const struct layout_device *device, struct pci_address address) {
    device->decision->is_placed = true;
    device->decision->guest_address = address;
}

/* Can a device stand there at all? */
static int check_place(const struct guest *guest, const struct layout_device *device, struct pci_address address,
                       struct error *err) {
    char label[DEVICE_LABEL_MAX], text[PCI_ADDRESS_TEXT_MAX];
    const char *reason = NULL;
    if (address.bus == 0 && guest->chipset == CHIPSET_Q35 && address.slot == SLOT_ICH9)
        reason = "that is the slot of the chipset's own functions (ICH9)";
    else if (address.bus == 0 && guest->chipset == CHIPSET_I440FX && address.slot == SLOT_PIIX)
        reason = "that is the slot of the chipset's own functions (PIIX)";
    else if (address.bus != 0 && !guest->has_wide_bus[address.bus] && guest->chipset != CHIPSET_I440FX &&
             address.slot != 0)
        reason = "a root port has slot 0 only";
    else if (address.bus != 0 && (guest->chipset == CHIPSET_I440FX || guest->has_pci_bridge[address.bus]) &&
             address.slot == 0)
        reason = "a PCI bridge has no device in slot 0";
    if (!reason)
        return 0;
    return error_set(err, ERROR_INPUT, "%s cannot stand at %s of the guest: %s; choose another \"guestAddress\"",
                     device_label(device->device, label), pci_address_format(address, text), reason);
}

/* Is nothing at all on that bus and slot? */
static bool is_free(const struct guest *guest, const struct layout_device *devices, size_t count, uint8_t bus,
                    uint8_t slot) {
    for (size_t i = 0; i < guest->taken_count; i++)
        if (guest->taken[i].address.bus == bus && guest->taken[i].address.slot == slot)
            return false;
    struct pci_address place;
    for (size_t i = 0; i < count; i++)
        if (place_of(&devices[i], &place) && place.bus == bus && place.slot == slot)
            return false;
    return true;
}

/* A slot of its own for a group of functions: on i440fx a slot of bus 0, else a bus, for which libvirt adds the root
 * port. */
static int find_free_slot(const struct guest *guest, const struct layout_device *devices, size_t count,
                          struct pci_address *address) {
    if (guest->chipset == CHIPSET_I440FX) {
        for (uint8_t slot = igd_legacy_address.slot + 1; slot < SLOTS; slot++)
            if (is_free(guest, devices, count, 0, slot)) {
                *address = (struct pci_address){0, 0, slot, 0};
                return 0;
            }
        return -1;
    }
    for (unsigned bus = 1; bus < BUSES; bus++)
        if (!guest->has_wide_bus[bus] && is_free(guest, devices, count, (uint8_t)bus, 0)) {
            *address = (struct pci_address){0, (uint8_t)bus, 0, 0};
            return 0;
        }
    return -1;
}

static bool is_member(const struct layout_device *device, const struct layout_device *first) {
    return device->device->kind == DEVICE_PCI && !device->is_virtual && device->options->layout != LAYOUT_SEPARATE &&
           pci_address_same_slot(device->device->address, first->device->address);
}

static bool wants_multifunction(const struct layout_device *device) {
    return device->device->kind == DEVICE_PCI && !device->is_virtual && device->options->layout == LAYOUT_MULTIFUNCTION;
}

static const struct layout_device *find_function_0(const struct layout_device *devices, size_t count,
                                                   const struct layout_device *first) {
    for (size_t i = 0; i < count; i++)
        if (is_member(&devices[i], first) && devices[i].device->address.function == 0)
            return &devices[i];
    return NULL;
}

static int check_groups(const struct layout_device *devices, size_t count, const struct layout_device *zero,
                        struct error *err) {
    char label[DEVICE_LABEL_MAX], zero_label[DEVICE_LABEL_MAX];
    for (size_t i = 0; i < count; i++) {
        const struct layout_device *device = &devices[i];
        if (!is_member(device, zero) || device->iommu_group == HOST_GROUP_UNKNOWN ||
            zero->iommu_group == HOST_GROUP_UNKNOWN || device->iommu_group == zero->iommu_group)
            continue;
        return error_set(err, ERROR_INPUT,
                         "\"layout\": \"multifunction\": %s is in IOMMU group %d and %s in %d: functions of one guest "
                         "device must be of one group; say \"layout\": \"separate\" for one of them",
                         device_label(zero->device, zero_label), zero->iommu_group, device_label(device->device, label),
                         device->iommu_group);
    }
    return 0;
}

static int place_member(const struct layout_device *device, struct pci_address slot, struct error *err) {
    char label[DEVICE_LABEL_MAX], text[PCI_ADDRESS_TEXT_MAX];
    slot.function = device->device->address.function;
    if (device->decision->is_placed && !pci_address_equal(device->decision->guest_address, slot))
        return error_set(
            err, ERROR_INPUT,
            "%s: \"layout\": \"multifunction\" puts it at %s of the guest, \"guestAddress\" elsewhere: say "
            "\"guestAddress\" for function 0 only",
            device_label(device->device, label), pci_address_format(slot, text));
    put(device, slot);
    return 0;
}

/* Can the functions of the slot of `first` stand together? `zero` is function 0, or NULL. */
static int check_slot(const struct layout_device *devices, size_t count, const struct layout_device *first,
                      const struct layout_device *zero, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    if (zero)
        return check_groups(devices, count, zero, err);
    return error_set(err, ERROR_INPUT,
                     "%s: \"layout\": \"multifunction\" needs function 0 of its slot in the VM, with the same "
                     "layout: request it as a device, or say \"companions\": \"slot\"",
                     device_label(first->device, label));
}

/* All functions of the slot of function 0, unless that is done. */
static int place_slot(const struct guest *guest, const struct layout_device *devices, size_t count,
                      const struct layout_device *zero, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    size_t members = 0;
    struct pci_address slot = {0};
    for (size_t i = 0; i < count; i++)
        members += is_member(&devices[i], zero);
    if (members == 1)
        return 0;
    bool has_slot = place_of(zero, &slot) && slot.function == 0;
    if (!has_slot && find_free_slot(guest, devices, count, &slot) < 0)
        return error_set(err, ERROR_INPUT, "%s: the guest has no free PCI slot for it: remove a device from the VM",
                         device_label(zero->device, label));
    for (size_t i = 0; i < count; i++)
        if (is_member(&devices[i], zero) && place_member(&devices[i], slot, err) < 0)
            return -1;
    return 0;
}

static int place_slots(const struct guest *guest, const struct layout_device *devices, size_t count,
                       struct buffer *notes, struct error *err) {
    for (size_t i = 0; i < count; i++) {
        struct error problem = {0};
        if (!wants_multifunction(&devices[i]))
            continue;
        const struct layout_device *zero = find_function_0(devices, count, &devices[i]);
        if (check_slot(devices, count, &devices[i], zero, &problem) == 0) {
            if (place_slot(guest, devices, count, zero, err) < 0)
                return -1;
            continue;
        }
        /* A profile and "*" speak of many devices, of which some cannot have it. */
        if (devices[i].options->said.origin[OPTION_LAYOUT] == ORIGIN_ANNOTATION) {
            error_set(err, problem.code, "%s", problem.message);
            return error_see(err, "options.md#layout");
        }
        buffer_printf(notes, "%s (left out)\n", problem.message);
        options_forget(&device_option_table, devices[i].options, OPTION_LAYOUT);
    }
    return 0;
}

/* Where we put a function besides 0 there must be function 0, and say that it has others. */
static int announce_function(const struct layout_device *devices, size_t count, const struct layout_device *device,
                             struct error *err) {
    char label[DEVICE_LABEL_MAX], text[PCI_ADDRESS_TEXT_MAX];
    struct pci_address place = device->decision->guest_address, other;
    if (place.function == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (!place_of(&devices[i], &other) || !pci_address_same_slot(other, place) || other.function != 0)
            continue;
        put(&devices[i], other);
        devices[i].decision->is_multifunction = true;
        return 0;
    }
    return error_set(
        err, ERROR_INPUT,
        "%s would stand at %s of the guest, whose function 0 is missing: a guest does not look for further "
        "functions then; choose function 0",
        device_label(device->device, label), pci_address_format(device->decision->guest_address, text));
}

/* Nothing else at its address, and nothing but passthrough devices in its slot: QEMU wants function 0 to announce the
 * others, and only ours do. */
static int check_alone(const struct guest *guest, const struct layout_device *devices, size_t count,
                       const struct layout_device *device, struct error *err) {
    char label[DEVICE_LABEL_MAX], other_label[DEVICE_LABEL_MAX], text[PCI_ADDRESS_TEXT_MAX];
    struct pci_address place = device->decision->guest_address, other;
    const char *owner = NULL;
    for (size_t i = 0; i < count && !owner; i++)
        if (&devices[i] != device && place_of(&devices[i], &other) && pci_address_equal(other, place))
            owner = device_label(devices[i].device, other_label);
    for (size_t i = 0; i < guest->taken_count && !owner; i++)
        if (pci_address_same_slot(guest->taken[i].address, place))
            owner = guest->taken[i].owner;
    if (!owner)
        return 0;
    return error_set(err, ERROR_INPUT,
                     "%s would stand at %s of the guest, where %s is: choose another \"guestAddress\"",
                     device_label(device->device, label), pci_address_format(place, text), owner);
}

int plan_layout(const struct guest *guest, const struct layout_device *devices, size_t count, struct buffer *notes,
                struct error *err) {
    for (size_t i = 0; i < count; i++) {
        const struct layout_device *device = &devices[i];
        if (device->options->igd.mode == IGD_LEGACY)
            put(device, igd_legacy_address);
        else if (device_option_given(device->options, OPTION_GUEST_ADDRESS))
            put(device, device->options->guest_address);
    }
    if (place_slots(guest, devices, count, notes, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        const struct layout_device *device = &devices[i];
        if (!device->decision->is_placed)
            continue;
        if (check_place(guest, device, device->decision->guest_address, err) < 0 ||
            check_alone(guest, devices, count, device, err) < 0 || announce_function(devices, count, device, err) < 0)
            return -1;
    }
    return 0;
}
