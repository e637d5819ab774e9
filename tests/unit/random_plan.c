#include "random_plan.h"

#include <stdio.h>
#include <string.h>

static uint32_t below(const struct random_source *source, uint32_t limit) {
    return source->below(source->state, limit);
}

static bool one_in(const struct random_source *source, uint32_t limit) {
    return below(source, limit) == 0;
}

static enum toggle toggle(const struct random_source *source) {
    static const enum toggle toggles[] = {TOGGLE_UNSET, TOGGLE_UNSET, TOGGLE_ON, TOGGLE_OFF};
    return toggles[below(source, 4)];
}

static bool keeps_alias(const struct device *device) {
    static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    return strncmp(device->alias, "ua-", strlen("ua-")) == 0 &&
           device->alias[strspn(device->alias, characters)] == '\0';
}

static bool same_device(const struct device *a, const struct device *b) {
    struct decision decision = {.kind = a->kind, .address = a->address};
    memcpy(decision.uuid, a->uuid, sizeof(decision.uuid));
    return decision_is_for(&decision, b);
}

/* A decision counts for all devices at its address. */
static bool may_have_properties(const struct domain *domain, const struct device *device) {
    for (size_t i = 0; i < domain->count; i++)
        if (same_device(device, &domain->devices[i]) && !keeps_alias(&domain->devices[i]))
            return false;
    return keeps_alias(device);
}

static void add_properties(const struct random_source *source, struct decision *decision) {
    static const char *const names[] = {"x-vga",           "x-igd-opregion",       "x-igd-gms", "x-igd-legacy-mode",
                                        "x-pci-device-id", "x-nv-gpudirect-clique"};
    static const char *const values[] = {"true", "4096", "off"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) + VFIO_PROPERTY_COUNT; i++) {
        if (!one_in(source, 8))
            continue;
        struct property *property = &decision->properties[decision->property_count++];
        bool ours = i < sizeof(names) / sizeof(names[0]);
        property->name =
            ours ? names[i] : vfio_property_name((enum vfio_property)(i - sizeof(names) / sizeof(names[0])));
        property->type = (enum property_type)below(source, 3);
        snprintf(property->value, sizeof(property->value), "%s", values[below(source, 3)]);
    }
}

static void place(const struct random_source *source, struct decision *decision) {
    if (!(decision->is_placed = one_in(source, 3)))
        return;
    decision->guest_address = (struct pci_address){.bus = (uint8_t)below(source, 32),
                                                   .slot = (uint8_t)(1 + below(source, 31)),
                                                   .function = (uint8_t)below(source, 8)};
    decision->is_multifunction = decision->guest_address.function == 0 && one_in(source, 2);
}

static void decide_rom(const struct published_rom *rom, const struct random_source *source, struct decision *decision) {
    decision->rom = (enum rom_setting)below(source, ROM_SETTING_DISABLED + 1);
    if (decision->rom == ROM_SETTING_FILE)
        decision->published = rom;
    if (decision->rom != ROM_SETTING_DISABLED)
        decision->rom_bar = toggle(source);
}

static void decide(const struct domain *domain, const struct device *device, const struct published_rom *rom,
                   const struct random_source *source, struct decision *decision) {
    *decision = (struct decision){.kind = device->kind, .address = device->address};
    memcpy(decision->uuid, device->uuid, sizeof(decision->uuid));
    decision->display = toggle(source);
    decision->ramfb = toggle(source);
    if (may_have_properties(domain, device))
        add_properties(source, decision);
    place(source, decision);
    if (device->kind == DEVICE_MDEV)
        return;
    decide_rom(rom, source, decision);
    if (one_in(source, 3))
        snprintf(decision->driver_model, sizeof(decision->driver_model), "%s",
                 one_in(source, 2) ? "vfio_pci" : "nvgrace_gpu_vfio_pci");
}

/* One that KubeVirt left behind, at an address that no domain of the tests has otherwise. */
static void add_companion(const struct published_rom *rom, const struct random_source *source, uint8_t function,
                          struct plan *plan, const struct domain *domain) {
    char alias[COMPANION_ALIAS_MAX];
    struct device device = {.kind = DEVICE_PCI, .address = {0xffff, 0xee, 0x1d, function}};
    device.alias = (char *)companion_alias(device.address, alias);
    struct decision *decision = &plan->decisions[plan->count++];
    decide(domain, &device, rom, source, decision);
    decision->is_companion = true;
}

static void decide_phys_addr(const struct random_source *source, struct phys_addr_wish *wish) {
    switch (below(source, 4)) {
    case 0:
        *wish = (struct phys_addr_wish){.mode = PHYS_ADDR_PASSTHROUGH};
        break;
    case 1:
        *wish = (struct phys_addr_wish){.mode = PHYS_ADDR_PASSTHROUGH, .limit = 32 + below(source, 21)};
        break;
    case 2:
        *wish = (struct phys_addr_wish){.mode = PHYS_ADDR_EMULATE, .bits = 32 + below(source, 21)};
        break;
    default:
        *wish = (struct phys_addr_wish){0};
    }
}

static void decide_guest(const struct random_source *source, struct guest_decision *guest) {
    *guest = (struct guest_decision){.hide_hypervisor = toggle(source), .topoext = toggle(source)};
    if (one_in(source, 3))
        snprintf(guest->hyperv_vendor_id, sizeof(guest->hyperv_vendor_id), "%s",
                 one_in(source, 2) ? "a" : "twelve_chars");
    guest->ioapic = (enum ioapic_driver)below(source, 3);
    decide_phys_addr(source, &guest->max_phys_addr);
    guest->has_hole64 = one_in(source, 3);
    guest->hole64_on_pcie = one_in(source, 2);
    guest->hole64_kib = one_in(source, 3) ? 0 : UINT64_C(1) << below(source, 41);
    guest->ovmf_mmio64_mib = one_in(source, 3) ? UINT64_C(1) << below(source, 25) : 0;
    guest->remove_video = one_in(source, 3);
}

void random_plan(const struct domain *domain, const struct published_rom *rom, const struct random_source *source,
                 struct decision decisions[RANDOM_DECISIONS_MAX], struct plan *plan) {
    *plan = (struct plan){.decisions = decisions, .firmware = domain->guest.firmware};
    decide_guest(source, &plan->guest);
    for (size_t i = 0; i < domain->count; i++)
        if (!one_in(source, 6)) /* one that the plan does not know */
            decide(domain, &domain->devices[i], rom, source, &decisions[plan->count++]);
    for (uint8_t function = 0; domain->count > 0 && function < 2; function++)
        if (one_in(source, 3))
            add_companion(rom, source, function, plan, domain);
}
