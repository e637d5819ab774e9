#include "plan/device_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plan/fit.h"
#include "plan/layout.h"

static int check_host(const struct device_options *options, const struct device_facts *facts, struct error *err) {
    const struct host_device *host = &facts->host;
    bool expects = device_option_given(options, OPTION_EXPECT);
    /* Without IDs nothing can be verified; a VM that asks for nothing to be verified may go on. */
    bool wants_identity = expects || options->rom.choice == ROM_AUTO || options->rom.choice == ROM_ID ||
                          (options->rom.choice == ROM_UNSET && facts->bundle_count > 0);
    if (host->state == HOST_UNKNOWN && wants_identity) {
        error_set(err, ERROR_REFUSED, "its PCI ID cannot be read (%s): mount the node's /sys, or say --sysfs",
                  host->reason);
        return error_see(err, "checks.md#device-present");
    }
    return 0;
}

static void add_property(struct decision *decision, const char *name, enum property_type type, const char *value) {
    struct property *property = &decision->properties[decision->property_count++];
    *property = (struct property){.name = name, .type = type};
    snprintf(property->value, sizeof(property->value), "%s", value);
}

static void add_number(struct decision *decision, const char *name, uint32_t number) {
    char text[16];
    snprintf(text, sizeof(text), "%" PRIu32, number);
    add_property(decision, name, PROPERTY_UNSIGNED, text);
}

static void add_toggle(struct decision *decision, const char *name, enum toggle toggle) {
    if (toggle != TOGGLE_UNSET)
        add_property(decision, name, PROPERTY_BOOL, toggle == TOGGLE_ON ? "true" : "false");
}

/* Legacy mode switches itself on where machine, address and ROM are right, and goes on without what the host lacks:
 * with OpRegion and VGA ranges asked for, QEMU fails instead. */
static void add_igd(struct decision *decision, const struct igd_wish *igd, bool at_legacy_place) {
    if (igd->mode == IGD_UNSET)
        return;
    add_toggle(decision, "x-igd-opregion", igd->op_region == TOGGLE_UNSET ? TOGGLE_ON : igd->op_region);
    add_toggle(decision, "x-igd-lpc", igd->lpc);
    if (igd->gms)
        add_number(decision, "x-igd-gms", igd->gms);
    if (igd->mode == IGD_UPT && at_legacy_place)
        add_property(decision, "x-igd-legacy-mode", PROPERTY_STRING, "off");
}

/* Will it stand where QEMU would switch legacy mode on? */
static bool at_legacy_place(const struct device *device, const struct device_facts *facts,
                            const struct device_options *options) {
    bool placed = device_option_given(options, OPTION_GUEST_ADDRESS);
    return facts->guest->chipset == CHIPSET_I440FX &&
           (placed ? pci_address_equal(options->guest_address, igd_legacy_address)
                   : device->has_guest_address && pci_address_equal(device->guest_address, igd_legacy_address));
}

static void add_ids(struct decision *decision, const struct id_wish *ids) {
    if (ids->has_vendor)
        add_number(decision, "x-pci-vendor-id", ids->vendor);
    if (ids->has_device)
        add_number(decision, "x-pci-device-id", ids->device);
    if (ids->has_subsystem) {
        add_number(decision, "x-pci-sub-vendor-id", ids->subsystem.vendor);
        add_number(decision, "x-pci-sub-device-id", ids->subsystem.device);
    }
}

/* libvirt has no element for these; all others have one. */
static void add_properties(struct decision *decision, const struct device_options *options, bool igd_at_legacy_place) {
    enum toggle x_vga = options->igd.mode == IGD_LEGACY ? TOGGLE_ON : options->x_vga;
    add_toggle(decision, "x-vga", x_vga);
    add_igd(decision, &options->igd, igd_at_legacy_place);
    add_ids(decision, &options->ids);
    if (options->gpudirect_clique.given)
        add_number(decision, "x-nv-gpudirect-clique", options->gpudirect_clique.number);
    for (enum vfio_property i = 0; i < VFIO_PROPERTY_COUNT; i++)
        if (options->vfio.value[i][0])
            add_property(decision, vfio_property_name(i), vfio_property_type(i), options->vfio.value[i]);
}

/* KubeVirt must have named the device in a way that libvirt keeps: it replaces other aliases silently, and what is said
 * of them is lost. */
static int check_alias(const struct device *device, struct error *err) {
    char storage[QUOTED_MAX];
    const char *alias = device->alias;
    if (!*alias)
        return error_set(
            err, ERROR_INPUT,
            "it has no <alias>, by which its QEMU properties would be set: what made the hostdev (KubeVirt, "
            "another hook) must give one that starts with \"ua-\"");
    bool kept = alias_is_users(alias);
    for (const char *c = alias; *c; c++)
        kept = kept && ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_' ||
                        *c == '-');
    if (kept)
        return 0;
    return error_set(err, ERROR_INPUT,
                     "libvirt drops its alias \"%s\", and with it the QEMU properties: name the device in the VM with "
                     "A-Z a-z 0-9 _ - only",
                     text_quotable(alias, storage));
}

/* An option goes because the device's display is off: an error where the annotation names the device, else a note. */
static int note_without_display(const struct device *device, struct device_options *options, enum device_option option,
                                const char *what, struct buffer *notes, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    if (options->said.origin[option] == ORIGIN_ANNOTATION)
        return error_set(err, ERROR_INPUT, "%s: say \"display\": \"on\" beside it", what);
    buffer_printf(notes, "%s: left out, as the device's display is off: %s\n", device_label(device, label), what);
    return 0;
}

/* QEMU hw/vfio/pci.c (vfio_realize) refuses both without display=on. */
static int check_display(const struct device *device, struct device_options *options, struct buffer *notes,
                         struct error *err) {
    bool display = options->display == TOGGLE_UNSET ? device->display_on : options->display == TOGGLE_ON;
    if (display)
        return 0;
    if (options->ramfb == TOGGLE_ON) {
        if (note_without_display(device, options, OPTION_RAMFB, "\"ramfb\" needs \"display\"", notes, err) < 0)
            return -1;
        options_forget(&device_option_table, options, OPTION_RAMFB);
    }
    if (options->ramfb == TOGGLE_UNSET && device->ramfb_on)
        return error_set(err, ERROR_INPUT,
                         "the domain has its \"ramfb\" on, which needs \"display\": say \"ramfb\": \"off\" beside "
                         "\"display\": \"off\"");
    if (options->vfio.value[VFIO_XRES][0] || options->vfio.value[VFIO_YRES][0]) {
        if (note_without_display(device, options, OPTION_VFIO, "\"xres\" and \"yres\" need \"display\"", notes, err) <
            0)
            return -1;
        options->vfio.value[VFIO_XRES][0] = options->vfio.value[VFIO_YRES][0] = '\0';
    }
    return 0;
}

static int check_igd(const struct device_options *options, struct error *err) {
    if (options->igd.mode != IGD_LEGACY)
        return 0;
    if (device_option_given(options, OPTION_GUEST_ADDRESS) &&
        !pci_address_equal(options->guest_address, igd_legacy_address))
        return error_set(err, ERROR_INPUT,
                         "\"igd\": \"legacy\" puts the iGPU at 0000:00:02.0 of the guest, \"guestAddress\" elsewhere: "
                         "leave \"guestAddress\" out");
    if (options->rom.choice == ROM_NONE || options->rom_bar == TOGGLE_OFF)
        return error_set(
            err, ERROR_INPUT,
            "\"igd\": \"legacy\" needs the iGPU's ROM, which \"rom\": \"none\" or \"romBar\": \"off\" hides: "
            "leave that out");
    if (options->x_vga == TOGGLE_OFF)
        return error_set(err, ERROR_INPUT, "\"igd\": \"legacy\" needs the VGA ranges: leave \"xVga\": \"off\" out");
    return 0;
}

static bool says_anything(const struct device_options *options) {
    for (enum device_option i = 0; i < OPTION_COUNT; i++)
        if (device_option_given(options, i))
            return true;
    return false;
}

int plan_device(const struct device *device, const struct device_facts *facts, struct device_options *options,
                struct decision *decision, struct rom_candidate *candidate, struct buffer *notes, struct error *err) {
    *decision = (struct decision){.kind = device->kind, .address = device->address};
    memcpy(decision->uuid, device->uuid, sizeof(decision->uuid));
    *candidate = (struct rom_candidate){0};
    if (plan_fit(device, facts, options, notes, err) < 0 || check_display(device, options, notes, err) < 0 ||
        check_igd(options, err) < 0)
        return -1;
    if (device->kind == DEVICE_PCI &&
        (check_host(options, facts, err) < 0 || plan_rom(device, options, facts, decision, candidate, err) < 0))
        return -1;
    decision->display = options->display;
    decision->ramfb = options->ramfb;
    memcpy(decision->driver_model, options->driver_model, sizeof(decision->driver_model));
    add_properties(decision, options, at_legacy_place(device, facts, options));
    if (device->kind == DEVICE_MDEV && !device->uuid[0] && says_anything(options))
        return error_set(err, ERROR_INPUT,
                         "its source has no readable UUID, by which it would be known again: what made the hostdev "
                         "(KubeVirt, another hook) must give one");
    return decision->property_count ? check_alias(device, err) : 0;
}
