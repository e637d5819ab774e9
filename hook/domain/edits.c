#include "domain/edits.h"

#include <string.h>

static bool attribute_is(const xmlNode *node, const char *name, const char *value) {
    const char *found = node ? tree_attribute(node, name) : NULL;
    return value ? found && strcmp(found, value) == 0 : !found;
}

static bool always(const struct decision *decision) {
    (void)decision;
    return true;
}

/* KubeVirt leaves `mode` out and libvirt's parser assumes "subsystem"; Go's libvirtxml, which KubeVirt 1.9's plugin
 * pipeline parses with, refuses a hostdev without it. */
static int apply_mode(struct tree *tree, xmlNode *hostdev, const struct decision *decision, struct error *err) {
    (void)decision;
    return tree_set_attribute(tree, hostdev, "mode", "subsystem", err);
}

static bool landed_mode(const xmlNode *hostdev, const struct decision *decision) {
    (void)decision;
    return attribute_is(hostdev, "mode", "subsystem");
}

/* What the attributes of <rom> shall be; NULL: absent. libvirt refuses enabled="no" together with the others. */
struct rom_attributes {
    const char *enabled, *bar, *file;
};

static struct rom_attributes rom_attributes(const xmlNode *rom, const struct decision *decision) {
    static const char *const bars[] = {[TOGGLE_ON] = "on", [TOGGLE_OFF] = "off"};
    const char *bar = decision->rom_bar != TOGGLE_UNSET ? bars[decision->rom_bar] : NULL;
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
    return (struct rom_attributes){.bar = bar, .file = rom ? tree_attribute(rom, "file") : NULL};
}

static bool applies_rom(const struct decision *decision) {
    return decision && (decision->rom != ROM_SETTING_KEEP || decision->rom_bar != TOGGLE_UNSET);
}

/* Where the device's own ROM is wanted, no <rom> at all says it best. */
static bool needs_no_rom(const xmlNode *rom, const struct decision *decision) {
    return decision->rom == ROM_SETTING_DEVICE && decision->rom_bar == TOGGLE_UNSET &&
           (!rom || attribute_is(rom, "file", NULL));
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
    return attribute_is(rom, "enabled", wanted.enabled) && attribute_is(rom, "bar", wanted.bar) &&
           attribute_is(rom, "file", wanted.file);
}

const struct edit edit_table[] = {
    {"mode", always, apply_mode, landed_mode},
    {"rom", applies_rom, apply_rom, landed_rom},
};
const size_t edit_count = sizeof(edit_table) / sizeof(edit_table[0]);
