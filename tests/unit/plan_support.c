#include "plan_support.h"

#include <stdio.h>

#include "base/json.h"

const struct pci_identity plan_gpu = {
    .id = {0x1002, 0x1681}, .subsystem = {0x1462, 0x1381}, .revision = 0xc8, .class_code = 0x030000};

static struct manifest_rom roms[] = {
    {.id = (char *)"plain", .match = IDS(0x1002, 0x1681)},
    {.id = (char *)"alien", .match = IDS(0x10de, 0x24dc)},
    {.id = (char *)"bios",
     .firmware = FIRMWARE_BIOS,
     .match = {.keys = PAIR | MATCH_BIT(MATCH_REVISION),
               .value = {[MATCH_VENDOR] = 0x1002, [MATCH_DEVICE] = 0x1681, [MATCH_REVISION] = 0xc8}}},
};
struct bundle plan_lab = {.path = (char *)"/lab", .manifest = {.name = (char *)"lab", .roms = roms, .count = 3}};
struct bundle plan_empty = {.path = (char *)"/empty", .manifest = {.name = (char *)"empty"}};

struct device make_device(bool rom_disabled) {
    return (struct device){.kind = DEVICE_PCI,
                           .alias = (char *)"ua-gpu-igpu",
                           .name = "igpu",
                           .address = {0, 0xe5, 0, 0},
                           .rom_disabled = rom_disabled};
}

struct device_facts make_facts(enum host_state state, struct bundle *const *bundles, size_t count) {
    static const struct guest guest = {.firmware = FIRMWARE_UEFI, .chipset = CHIPSET_Q35};
    struct device_facts facts = {.bundles = bundles, .bundle_count = count, .guest = &guest};
    facts.host.state = state;
    facts.host.iommu_group = HOST_GROUP_UNKNOWN;
    if (state == HOST_PRESENT)
        facts.host.identity = plan_gpu;
    snprintf(facts.host.reason, sizeof(facts.host.reason), "why not");
    return facts;
}

/* The object that the caller gives back. */
static json_t *object_of(const char *text) {
    CLEANUP(buffer_free) struct buffer json = {0};
    struct error err = {0};
    buffer_printf(&json, "{%s}", text);
    for (size_t i = 0; i < json.size; i++)
        if (json.data[i] == '\'')
            json.data[i] = '"';
    json_t *object = json_parse(buffer_bytes(&json), "it", JSON_FOR_US, &err);
    assert_no_error(&err);
    return object;
}

static const struct json_place place = {"options"};

struct device_options device_options_of(const char *text, uint8_t origin) {
    CLEANUP(json_decref) json_t *object = object_of(text);
    struct device_options options = {0}, said = {0};
    struct error err = {0};
    device_options_parse(object, &place, &said, &err);
    assert_no_error(&err);
    options_merge(&device_option_table, &options, &said, origin);
    return options;
}

struct guest_options guest_options_of(const char *text, uint8_t origin) {
    CLEANUP(json_decref) json_t *object = object_of(text);
    struct guest_options options = {0}, said = {0};
    struct error err = {0};
    guest_options_parse(object, &place, &said, &err);
    assert_no_error(&err);
    guest_options_merge(&options, &said, origin);
    return options;
}

void describe_properties(const struct decision *decision, struct buffer *text) {
    static const char *const toggles[] = {"unset", "on", "off"}, *const types[] = {"string", "unsigned", "bool"};
    if (decision->display != TOGGLE_UNSET)
        buffer_printf(text, " display=%s", toggles[decision->display]);
    if (decision->ramfb != TOGGLE_UNSET)
        buffer_printf(text, " ramfb=%s", toggles[decision->ramfb]);
    if (decision->driver_model[0])
        buffer_printf(text, " driver=%s", decision->driver_model);
    for (size_t i = 0; i < decision->property_count; i++)
        buffer_printf(text, " %s:%s=%s", decision->properties[i].name, types[decision->properties[i].type],
                      decision->properties[i].value);
}
