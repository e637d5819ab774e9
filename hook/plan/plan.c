#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void plan_free(struct plan *plan) {
    free(plan->decisions);
    *plan = (struct plan){0};
}

const struct decision *plan_find(const struct plan *plan, struct pci_address address) {
    for (size_t i = 0; i < plan->count; i++)
        if (pci_address_equal(plan->decisions[i].address, address))
            return &plan->decisions[i];
    return NULL;
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

static bool entry_names(const struct config_entry *entry, const struct device *device) {
    if (entry->kind == KEY_ADDRESS)
        return device->kind == DEVICE_PCI && pci_address_equal(entry->address, device->address);
    return entry->kind == KEY_NAME && strcmp(entry->key, device->name) == 0;
}

static int check_mdev_options(const struct config_entry *entry, const struct device *device, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    const struct device_options *options = &entry->options;
    if (options->rom == ROM_UNSET && options->rom_bar == TOGGLE_UNSET && !options->has_expect)
        return 0;
    return error_set(err, ERROR_INPUT,
                     "annotation " CONFIG_ANNOTATION
                     ": %s is a mediated device: it has no PCI ID and no ROM of its own; "
                     "remove its \"rom\", \"romBar\" and \"expect\"",
                     device_label(device, label));
}

int plan_check_keys(const struct config *config, const struct vmi *vmi, const struct device *devices, size_t count,
                    struct error *err) {
    for (size_t i = 0; i < config->count; i++) {
        const struct config_entry *entry = &config->entries[i];
        bool known = entry->kind == KEY_ANY || (entry->kind == KEY_NAME && vmi_asks_for(vmi, entry->key));
        for (size_t j = 0; j < count; j++) {
            if (!entry_names(entry, &devices[j]))
                continue;
            known = true;
            if (devices[j].kind == DEVICE_MDEV && check_mdev_options(entry, &devices[j], err) < 0)
                return -1;
        }
        if (known)
            continue;
        CLEANUP(buffer_free) struct buffer list = {0};
        char label[DEVICE_LABEL_MAX], key[QUOTED_MAX];
        for (size_t j = 0; j < count; j++)
            buffer_printf(&list, "%s%s", j ? ", " : "", device_label(&devices[j], label));
        return error_set(err, ERROR_INPUT,
                         "annotation " CONFIG_ANNOTATION ": devices: \"%s\" matches no device of this VM: it has %s",
                         text_quotable(entry->key, key), list.data && !list.failed ? list.data : "none");
    }
    return 0;
}

static void describe(const struct pci_identity *identity, char text[64]) {
    snprintf(text, 64, "%04x:%04x (subsystem %04x:%04x, revision %02x)", identity->id.vendor, identity->id.device,
             identity->subsystem.vendor, identity->subsystem.device, identity->revision);
}

const char *origin_describe(uint8_t origin, struct bundle *const *bundles, char text[ORIGIN_TEXT_MAX]) {
    if (origin == ORIGIN_ANNOTATION)
        snprintf(text, ORIGIN_TEXT_MAX, "the annotation");
    else
        snprintf(text, ORIGIN_TEXT_MAX, "the profile of bundle \"%s\"", bundles[origin - 1]->manifest.name);
    return text;
}

int plan_options(const struct config *config, const struct device *device, const struct plan_facts *facts,
                 struct device_options *options, struct error *err) {
    *options = (struct device_options){0};
    if (facts->host.state == HOST_PRESENT)
        match_profiles(facts->bundles, facts->bundle_count, &facts->host.identity, options);
    if (config_device_options(config, device->name, device->address, options, err) < 0)
        return -1;
    if (!device_options_contradict(options))
        return 0;
    char rom[ORIGIN_TEXT_MAX], bar[ORIGIN_TEXT_MAX];
    return error_set(
        err, ERROR_INPUT,
        "\"rom\": \"none\" (%s) and \"romBar\" (%s) contradict each other: libvirt refuses ROM tuning of a "
        "device without ROM; leave \"romBar\" out, or say \"rom\": \"device\" beside it",
        origin_describe(options->origin[OPTION_ROM], facts->bundles, rom),
        origin_describe(options->origin[OPTION_ROM_BAR], facts->bundles, bar));
}

/* A ROM that a profile asks for is not the VM owner's doing. */
static int blame_profile(const struct device_options *options, const struct plan_facts *facts, struct error *err) {
    uint8_t origin = options->origin[OPTION_ROM];
    char text[ORIGIN_TEXT_MAX];
    return origin == ORIGIN_ANNOTATION
               ? -1
               : error_prefix(err, "%s asks for a ROM", origin_describe(origin, facts->bundles, text));
}

/* An id in a profile is one of the profile's bundle. */
static int choose_by_id(const struct device_options *options, const struct plan_facts *facts,
                        struct rom_candidate *candidate, struct error *err) {
    char text[64];
    const char *id = options->rom_id;
    const struct rom_match device = match_of(&facts->host.identity, MATCH_ALL);
    uint8_t origin = options->origin[OPTION_ROM];
    *candidate = origin == ORIGIN_ANNOTATION ? match_id(facts->bundles, facts->bundle_count, id)
                                             : match_id(&facts->bundles[origin - 1], 1, id);
    if (!candidate->rom)
        return error_set(err, ERROR_REFUSED, "no bundle has a ROM with the id \"%s\": see the ids in bundle.json", id);
    describe(&facts->host.identity, text);
    if (!match_fits(&candidate->rom->match, &device))
        return error_set(err, ERROR_REFUSED,
                         "ROM \"%s\" of bundle \"%s\" is for another device than %s: name the right one, or widen "
                         "its \"match\"",
                         id, candidate->bundle->manifest.name, text);
    if (!match_firmware(candidate->rom->firmware, facts->firmware))
        return error_set(err, ERROR_REFUSED,
                         "ROM \"%s\" of bundle \"%s\" is for %s firmware, this VM boots with %s: change the VM's "
                         "bootloader or use another ROM",
                         id, candidate->bundle->manifest.name, firmware_name(candidate->rom->firmware),
                         firmware_name(facts->firmware));
    return 0;
}

static int choose_by_match(bool demanded, const struct plan_facts *facts, struct rom_candidate *candidate,
                           struct error *err) {
    *candidate = match_device(facts->bundles, facts->bundle_count, &facts->host.identity, facts->firmware);
    if (candidate->rom || !demanded)
        return 0;
    char text[64];
    describe(&facts->host.identity, text);
    CLEANUP(buffer_free) struct buffer names = {0};
    for (size_t i = 0; i < facts->bundle_count; i++)
        buffer_printf(&names, "%s\"%s\"", i ? ", " : "", facts->bundles[i]->manifest.name);
    if (facts->bundle_count == 0)
        return error_set(err, ERROR_REFUSED, "\"rom\": \"auto\" needs a ROM bundle: start the hook with --bundle");
    return error_set(err, ERROR_REFUSED, "no ROM for %s under %s firmware in bundle %s: add one to its bundle.json",
                     text, firmware_name(facts->firmware), names.failed ? "" : names.data);
}

static int check_host(const struct device_options *options, const struct plan_facts *facts, struct error *err) {
    const struct host_device *host = &facts->host;
    char text[64];
    if (host->state == HOST_ABSENT)
        return error_set(err, ERROR_REFUSED,
                         "this node has no PCI device at that address: it moved or fell off the bus; look for it "
                         "with lspci -nn on the node, then restart the device plugin");
    /* Without IDs nothing can be verified; a VM that asks for nothing to be verified may go on. */
    bool wants_identity = options->has_expect || options->rom == ROM_AUTO || options->rom == ROM_ID ||
                          (options->rom == ROM_UNSET && facts->bundle_count > 0);
    if (host->state == HOST_UNKNOWN && wants_identity)
        return error_set(err, ERROR_REFUSED, "its PCI ID cannot be read (%s): mount the node's /sys, or say --sysfs",
                         host->reason);
    describe(&host->identity, text);
    if (options->has_expect && !pci_id_equal(options->expect, host->identity.id))
        return error_set(err, ERROR_REFUSED,
                         "the annotation expects %04x:%04x, the device is %s: the bus was renumbered, or another "
                         "device was allocated; correct \"expect\" or the VM's device",
                         options->expect.vendor, options->expect.device, text);
    return 0;
}

int plan_device(const struct device *device, const struct device_options *options, const struct plan_facts *facts,
                struct decision *decision, struct rom_candidate *candidate, struct error *err) {
    *decision = (struct decision){
        .address = device->address, .rom_origin = options->origin[OPTION_ROM], .rom_bar = options->rom_bar};
    *candidate = (struct rom_candidate){0};
    if (check_host(options, facts, err) < 0)
        return -1;

    bool wants_rom = options->rom == ROM_AUTO || options->rom == ROM_ID || options->rom == ROM_DEVICE ||
                     options->rom_bar != TOGGLE_UNSET;
    enum device_option tuned = options->rom == ROM_UNSET ? OPTION_ROM_BAR : OPTION_ROM;
    char origin[ORIGIN_TEXT_MAX];
    if (device->rom_disabled && wants_rom)
        return error_set(err, ERROR_INPUT,
                         "the domain disables this device's ROM (<rom enabled=\"no\">), %s tunes it: "
                         "find the hook that disabled it, or say \"rom\": \"none\"",
                         origin_describe(options->origin[tuned], facts->bundles, origin));
    switch (options->rom) {
    case ROM_NONE:
        decision->rom = ROM_SETTING_DISABLED;
        return 0;
    case ROM_DEVICE:
        decision->rom = ROM_SETTING_DEVICE;
        return 0;
    case ROM_ID:
        return choose_by_id(options, facts, candidate, err) < 0 ? blame_profile(options, facts, err) : 0;
    case ROM_AUTO:
        return choose_by_match(true, facts, candidate, err) < 0 ? blame_profile(options, facts, err) : 0;
    case ROM_UNSET:
        break;
    }
    return device->rom_disabled ? 0 : choose_by_match(false, facts, candidate, err);
}
