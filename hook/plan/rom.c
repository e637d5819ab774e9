#include "plan/rom.h"

#include <stdio.h>

const char *identity_describe(const struct pci_identity *identity, char text[IDENTITY_TEXT_MAX]) {
    snprintf(text, IDENTITY_TEXT_MAX, "%04x:%04x (subsystem %04x:%04x, revision %02x)", identity->id.vendor,
             identity->id.device, identity->subsystem.vendor, identity->subsystem.device, identity->revision);
    return text;
}

/* A ROM that a profile asks for is not the VM owner's doing. */
static int blame(const struct device_options *options, const struct device_facts *facts, struct error *err) {
    error_see(err, "bundles.md#matches");
    uint8_t origin = options->said.origin[OPTION_ROM];
    char text[ORIGIN_TEXT_MAX];
    return origin_is_profile(origin)
               ? error_prefix(err, "%s asks for a ROM", origin_describe(origin, facts->bundles, text))
               : -1;
}

/* An id in a profile is one of the profile's bundle. */
static int choose_by_id(const struct device_options *options, const struct device_facts *facts,
                        struct rom_candidate *candidate, struct error *err) {
    char text[IDENTITY_TEXT_MAX];
    const char *id = options->rom.id;
    const struct rom_match device = match_of(&facts->host.identity, MATCH_ALL);
    uint8_t origin = options->said.origin[OPTION_ROM];
    *candidate = origin_is_profile(origin) ? match_id(&facts->bundles[origin - 1], 1, id)
                                           : match_id(facts->bundles, facts->bundle_count, id);
    if (!candidate->rom)
        return error_set(err, ERROR_REFUSED, "no bundle has a ROM with the id \"%s\": see the ids in bundle.json", id);
    identity_describe(&facts->host.identity, text);
    if (!match_fits(&candidate->rom->match, &device))
        return error_set(err, ERROR_REFUSED,
                         "ROM \"%s\" of bundle \"%s\" is for another device than %s: name the right one, or widen "
                         "its \"match\"",
                         id, candidate->bundle->manifest.name, text);
    if (!match_firmware(candidate->rom->firmware, facts->guest->firmware))
        return error_set(err, ERROR_REFUSED,
                         "ROM \"%s\" of bundle \"%s\" is for %s firmware, this VM boots with %s: change the VM's "
                         "bootloader or use another ROM",
                         id, candidate->bundle->manifest.name, firmware_name(candidate->rom->firmware),
                         firmware_name(facts->guest->firmware));
    return 0;
}

static int choose_by_match(bool demanded, const struct device_facts *facts, struct rom_candidate *candidate,
                           struct error *err) {
    *candidate = match_device(facts->bundles, facts->bundle_count, &facts->host.identity, facts->guest->firmware);
    if (candidate->rom || !demanded)
        return 0;
    char text[IDENTITY_TEXT_MAX];
    identity_describe(&facts->host.identity, text);
    CLEANUP(buffer_free) struct buffer names = {0};
    for (size_t i = 0; i < facts->bundle_count; i++)
        buffer_printf(&names, "%s\"%s\"", i ? ", " : "", facts->bundles[i]->manifest.name);
    if (facts->bundle_count == 0) {
        error_set(err, ERROR_REFUSED, "\"rom\": \"auto\" needs a ROM bundle: start the hook with --bundle");
        return error_see(err, "bundles.md#ship-it");
    }
    if (buffer_check(&names, err) < 0)
        return -1;
    return error_set(err, ERROR_REFUSED, "no ROM for %s under %s firmware in bundle %s: add one to its bundle.json",
                     text, firmware_name(facts->guest->firmware), names.data);
}

int plan_rom(const struct device *device, const struct device_options *options, const struct device_facts *facts,
             struct decision *decision, struct rom_candidate *candidate, struct error *err) {
    decision->rom_origin = options->said.origin[OPTION_ROM];
    decision->rom_bar = options->rom_bar;
    bool wants_rom = options->rom.choice == ROM_AUTO || options->rom.choice == ROM_ID ||
                     options->rom.choice == ROM_DEVICE || options->rom_bar != TOGGLE_UNSET;
    enum device_option tuned = options->rom.choice == ROM_UNSET ? OPTION_ROM_BAR : OPTION_ROM;
    char origin[ORIGIN_TEXT_MAX];
    if (device->rom_disabled && wants_rom)
        return error_set(err, ERROR_INPUT,
                         "the domain disables this device's ROM (<rom enabled=\"no\">), %s tunes it: "
                         "find the hook that disabled it, or say \"rom\": \"none\"",
                         origin_describe(options->said.origin[tuned], facts->bundles, origin));
    switch (options->rom.choice) {
    case ROM_NONE:
        decision->rom = ROM_SETTING_DISABLED;
        return 0;
    case ROM_DEVICE:
        decision->rom = ROM_SETTING_DEVICE;
        return 0;
    case ROM_ID:
        return choose_by_id(options, facts, candidate, err) < 0 ? blame(options, facts, err) : 0;
    case ROM_AUTO:
        return choose_by_match(true, facts, candidate, err) < 0 ? blame(options, facts, err) : 0;
    case ROM_UNSET:
        break;
    }
    /* A virtual function has no ROM BAR, and its physical function's IDs. */
    bool may_have_one = !device->rom_disabled && !facts->host.is_virtual;
    return may_have_one ? choose_by_match(false, facts, candidate, err) : 0;
}
