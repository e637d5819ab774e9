#include <string.h>

#include "domain/address.h"
#include "domain/edits.h"
#include "domain/qemu.h"

/* Has the attribute this value (NULL: is it absent)? */
static bool has(const xmlNode *element, const char *name, const char *value) {
    return value ? tree_attribute_is(element, name, value) : !tree_attribute(element, name);
}

/* --- mode ----------------------------------------------------------------------------------------------------- */

static bool is_pci(const struct device *device, const struct decision *decision) {
    (void)decision;
    return device->kind == DEVICE_PCI;
}

/* KubeVirt leaves `mode` out and libvirt's parser assumes "subsystem"; Go's libvirtxml, which KubeVirt 1.9's plugin
 * pipeline parses with, refuses a hostdev without it. */
static int apply_mode(struct tree *tree, xmlNode *hostdev, const struct decision *decision, struct error *err) {
    (void)decision;
    return tree_set_attribute(tree, hostdev, "mode", "subsystem", err);
}

static bool landed_mode(const xmlNode *hostdev, const struct decision *decision) {
    (void)decision;
    return has(hostdev, "mode", "subsystem");
}

/* --- rom ------------------------------------------------------------------------------------------------------ */

/* What the attributes of <rom> shall be; NULL: absent. libvirt refuses enabled="no" together with the others. */
struct rom_attributes {
    const char *enabled, *bar, *file;
};

static struct rom_attributes rom_attributes(const xmlNode *rom, const struct decision *decision) {
    const char *bar = decision->rom_bar != TOGGLE_UNSET ? toggle_name(decision->rom_bar) : NULL;
    switch (decision->rom) {
    case ROM_SETTING_DISABLED:
        return (struct rom_attributes){.enabled = "no"};
    case ROM_SETTING_FILE:
        return (struct rom_attributes){.bar = bar ? bar : "on", .file = published_rom_path(decision->published)};
    case ROM_SETTING_DEVICE:
        return (struct rom_attributes){.bar = bar ? bar : "on"};
    case ROM_SETTING_KEEP:
        break;
    }
    return (struct rom_attributes){.bar = bar, .file = tree_attribute(rom, "file")};
}

static bool applies_rom(const struct device *device, const struct decision *decision) {
    (void)device;
    return decision && (decision->rom != ROM_SETTING_KEEP || decision->rom_bar != TOGGLE_UNSET);
}

/* Where the device's own ROM is wanted, no <rom> at all says it best. */
static bool needs_no_rom(const xmlNode *rom, const struct decision *decision) {
    return decision->rom == ROM_SETTING_DEVICE && decision->rom_bar == TOGGLE_UNSET && has(rom, "file", NULL);
}

static int apply_rom(struct tree *tree, xmlNode *hostdev, const struct decision *decision, struct error *err) {
    xmlNode *rom = tree_child(hostdev, "rom");
    if (needs_no_rom(rom, decision))
        return 0;
    if (!rom && !(rom = tree_add_child(tree, hostdev, "rom", err)))
        return -1;
    struct rom_attributes wanted = rom_attributes(rom, decision);
    if (tree_set_attribute(tree, rom, "enabled", wanted.enabled, err) < 0 ||
        tree_set_attribute(tree, rom, "bar", wanted.bar, err) < 0 ||
        tree_set_attribute(tree, rom, "file", wanted.file, err) < 0)
        return -1;
    return 0;
}

static bool landed_rom(const xmlNode *hostdev, const struct decision *decision) {
    const xmlNode *rom = tree_child(hostdev, "rom");
    if (needs_no_rom(rom, decision))
        return true;
    if (!rom || tree_next(rom, "rom"))
        return false;
    struct rom_attributes wanted = rom_attributes(rom, decision);
    return has(rom, "enabled", wanted.enabled) && has(rom, "bar", wanted.bar) && has(rom, "file", wanted.file);
}

/* --- display and ramfb: of mediated devices since libvirt 4.6.0 and 5.10.0, of PCI functions since 10.3.0 ----- */

static bool applies_display(const struct device *device, const struct decision *decision) {
    (void)device;
    return decision && decision->display != TOGGLE_UNSET;
}

static int apply_display(struct tree *tree, xmlNode *hostdev, const struct decision *decision, struct error *err) {
    return tree_set_attribute(tree, hostdev, "display", toggle_name(decision->display), err);
}

static bool landed_display(const xmlNode *hostdev, const struct decision *decision) {
    return has(hostdev, "display", toggle_name(decision->display));
}

static bool applies_ramfb(const struct device *device, const struct decision *decision) {
    (void)device;
    return decision && decision->ramfb != TOGGLE_UNSET;
}

static int apply_ramfb(struct tree *tree, xmlNode *hostdev, const struct decision *decision, struct error *err) {
    return tree_set_attribute(tree, hostdev, "ramfb", toggle_name(decision->ramfb), err);
}

static bool landed_ramfb(const xmlNode *hostdev, const struct decision *decision) {
    return has(hostdev, "ramfb", toggle_name(decision->ramfb));
}

/* --- driver model: since libvirt 10.0.0 ----------------------------------------------------------------------- */

static bool applies_driver(const struct device *device, const struct decision *decision) {
    (void)device;
    return decision && decision->driver_model[0];
}

/* It goes first, as libvirt writes it: behind <alias> or <rom> it does not fit libvirt's own schema. */
static int apply_driver(struct tree *tree, xmlNode *hostdev, const struct decision *decision, struct error *err) {
    xmlNode *driver = tree_child(hostdev, "driver");
    if (!driver && !(driver = tree_insert_child(tree, hostdev, xmlFirstElementChild(hostdev), "driver", err)))
        return -1;
    tree_remove_seconds(tree, driver);
    return tree_set_attribute(tree, driver, "model", decision->driver_model, err);
}

static bool landed_driver(const xmlNode *hostdev, const struct decision *decision) {
    const xmlNode *driver = tree_child(hostdev, "driver");
    return driver && has(driver, "model", decision->driver_model) && !tree_next(driver, "driver");
}

/* --- the place in the guest ----------------------------------------------------------------------------------- */

static bool applies_address(const struct device *device, const struct decision *decision) {
    (void)device;
    return decision && decision->is_placed;
}

static int apply_address(struct tree *tree, xmlNode *hostdev, const struct decision *decision, struct error *err) {
    return address_set_guest(tree, hostdev, decision->guest_address, decision->is_multifunction, err);
}

static bool landed_address(const xmlNode *hostdev, const struct decision *decision) {
    struct pci_address address;
    const xmlNode *element = tree_child(hostdev, "address");
    return address_of_guest(hostdev, &address) && pci_address_equal(address, decision->guest_address) &&
           !tree_next(element, "address") &&
           (!decision->is_multifunction || tree_attribute_is(element, "multifunction", "on"));
}

/* --- what libvirt has no element for -------------------------------------------------------------------------- */

static const char *alias_of(const xmlNode *hostdev) {
    const xmlNode *alias = tree_child(hostdev, "alias");
    const char *name = tree_attribute(alias, "name");
    return name ? name : "";
}

static bool applies_properties(const struct device *device, const struct decision *decision) {
    (void)device;
    return decision && decision->property_count;
}

static int apply_properties(struct tree *tree, xmlNode *hostdev, const struct decision *decision, struct error *err) {
    return qemu_set_properties(tree, alias_of(hostdev), decision->properties, decision->property_count, err);
}

static bool landed_properties(const xmlNode *hostdev, const struct decision *decision) {
    return qemu_has_properties(xmlDocGetRootElement(hostdev->doc), alias_of(hostdev), decision->properties,
                               decision->property_count);
}

const struct device_edit device_edits[] = {
    {"mode", is_pci, apply_mode, landed_mode},
    {"rom", applies_rom, apply_rom, landed_rom},
    {"display", applies_display, apply_display, landed_display},
    {"ramfb", applies_ramfb, apply_ramfb, landed_ramfb},
    {"driverModel", applies_driver, apply_driver, landed_driver},
    {"guestAddress", applies_address, apply_address, landed_address},
    {"QEMU properties", applies_properties, apply_properties, landed_properties},
};
const size_t device_edit_count = sizeof(device_edits) / sizeof(device_edits[0]);
