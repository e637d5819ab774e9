/* plan/explain: each option with its value and who gave it, and what comes of it. */
#include <stdio.h>

#include "plan/explain.h"
#include "plan_support.h"

#define UUID "5d307ca9-b3ef-428c-8861-06e72d69f223"

static struct bundle *const bundles[] = {&plan_lab};

/* Is the object the JSON with ' for ", and ~ for '? */
static void assert_json(const json_t *found, const char *expected) {
    CLEANUP(free) char *text = json_dumps(found, 0), *wanted = strdup(expected);
    for (char *quote = wanted; *quote; quote++)
        *quote = *quote == '\'' ? '"' : *quote == '~' ? '\'' : *quote;
    assert_non_null(text);
    assert_string_equal(text, wanted);
}

/* Options of three origins. */
static struct device_options mixed(void) {
    struct device_options options = device_options_of("'romBar': 'on', 'ids': {'vendor': '10de'}", ORIGIN_BUILTIN),
                          of_profile = device_options_of("'rom': 'plain', 'xVga': null", 0),
                          of_all = device_options_of("'vfio': {'x-no-mmap': true}", 0),
                          own = device_options_of("'guestAddress': '06:00.0', 'ids': null", 0);
    options_merge(&device_option_table, &options, &of_profile, ORIGIN_PROFILE(0));
    options_merge(&device_option_table, &options, &of_all, ORIGIN_EVERY_DEVICE);
    options_merge(&device_option_table, &options, &own, ORIGIN_ANNOTATION);
    return options;
}

static void a_function(void **state) {
    (void)state;
    struct device device = make_device(false);
    struct device_facts facts = make_facts(HOST_PRESENT, bundles, 1);
    const struct device_options options = mixed();
    const struct rom_candidate candidate = {&plan_lab, plan_lab.manifest.roms};
    const struct decision decision = {.rom = ROM_SETTING_FILE,
                                      .rom_bar = TOGGLE_ON,
                                      .is_placed = true,
                                      .guest_address = {0, 6, 0, 0},
                                      .is_multifunction = true,
                                      .property_count = 1,
                                      .properties = {{"x-no-mmap", PROPERTY_BOOL, "true"}}};
    const struct explained_device explained = {&device, &facts, &options, &decision, &candidate};
    facts.host.iommu_group = 15;
    snprintf(facts.host.driver, sizeof(facts.host.driver), "vfio-pci");
    CLEANUP(json_decref) json_t *found = explain_device(&explained);
    assert_json(
        found,
        "{'address': '0000:e5:00.0', 'name': 'igpu', 'companion': false, 'host': {'id': '1002:1681', "
        "'subsystem': '1462:1381', 'revision': 'c8', 'class': '030000', 'iommuGroup': 15, 'driver': 'vfio-pci'}, "
        "'options': [{'option': 'rom', 'value': 'plain', 'from': 'the profile of bundle \\'lab\\''}, "
        "{'option': 'romBar', 'value': 'on', 'from': 'a built-in profile'}, {'option': 'guestAddress', 'value': "
        "'0000:06:00.0', 'from': 'the annotation'}, {'option': 'vfio', 'value': {'x-no-mmap': true}, 'from': 'the "
        "annotation~s \\'*\\''}], 'result': {'rom': '\\'plain\\' of bundle \\'lab\\'', 'romBar': 'on', "
        "'guestAddress': '0000:06:00.0', 'multifunction': true, 'properties': {'x-no-mmap': 'true'}}}");
}

static void a_vgpu(void **state) {
    (void)state;
    struct device device = {.kind = DEVICE_MDEV, .name = "v\xffgpu", .uuid = UUID};
    struct device_facts facts = make_facts(HOST_UNKNOWN, bundles, 1);
    const struct device_options options = {0};
    const struct rom_candidate none = {0};
    const struct decision decision = {
        .kind = DEVICE_MDEV, .display = TOGGLE_ON, .ramfb = TOGGLE_OFF, .driver_model = "m", .is_companion = true};
    const struct explained_device explained = {&device, &facts, &options, &decision, &none};
    CLEANUP(json_decref) json_t *found = explain_device(&explained);
    assert_json(found, "{'uuid': '" UUID "', 'name': 'v?gpu', 'companion': true, 'host': {'unknown': 'why not'}, "
                       "'options': [], 'result': {'display': 'on', 'ramfb': 'off', 'driverModel': 'm'}}");
}

static void what_the_host_says(void **state) {
    (void)state;
    static const struct {
        enum host_state state;
        bool is_virtual;
        int group;
        const char *driver, *expected;
    } cases[] = {
        {HOST_PRESENT, false, HOST_GROUP_UNKNOWN, "",
         "{'id': '1002:1681', 'subsystem': '1462:1381', 'revision': 'c8', 'class': '030000'}"},
        {HOST_PRESENT, true, 0, "",
         "{'id': '1002:1681', 'subsystem': '1462:1381', 'revision': 'c8', 'class': '030000', 'iommuGroup': 0, "
         "'virtualFunction': true}"},
        {HOST_ABSENT, false, HOST_GROUP_UNKNOWN, "", "{'unknown': 'why not'}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device device = make_device(false);
        struct device_facts facts = make_facts(cases[i].state, bundles, 1);
        const struct device_options options = {0};
        const struct rom_candidate none = {0};
        const struct decision decision = {0};
        const struct explained_device explained = {&device, &facts, &options, &decision, &none};
        facts.host.is_virtual = cases[i].is_virtual;
        facts.host.iommu_group = cases[i].group;
        CLEANUP(json_decref) json_t *found = explain_device(&explained);
        assert_json(json_object_get(found, "host"), cases[i].expected);
    }
}

static void roms(void **state) {
    (void)state;
    static const struct {
        enum rom_setting setting;
        bool has_candidate;
        const char *expected;
    } cases[] = {
        {ROM_SETTING_DISABLED, false, "none"},
        {ROM_SETTING_DEVICE, false, "the device's own"},
        {ROM_SETTING_FILE, true, "\"plain\" of bundle \"lab\""},
        {ROM_SETTING_KEEP, false, "as it is: no bundle has one for the device"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device device = make_device(false);
        struct device_facts facts = make_facts(HOST_PRESENT, bundles, 1);
        const struct device_options options = {0};
        const struct rom_candidate candidate = {&plan_lab, cases[i].has_candidate ? plan_lab.manifest.roms : NULL};
        const struct decision decision = {.rom = cases[i].setting};
        const struct explained_device explained = {&device, &facts, &options, &decision, &candidate};
        CLEANUP(json_decref) json_t *found = explain_device(&explained);
        assert_string_equal(json_string_value(json_object_get(json_object_get(found, "result"), "rom")),
                            cases[i].expected);
    }
}

/* A VF token is a secret: neither the explanation nor the log has it. */
static void no_token_is_told(void **state) {
    (void)state;
    struct device device = make_device(false);
    struct device_facts facts = make_facts(HOST_PRESENT, bundles, 1);
    const struct device_options options =
        device_options_of("'vfio': {'vf-token': '" UUID "', 'xres': 3}", ORIGIN_ANNOTATION);
    const struct rom_candidate none = {0};
    const struct decision decision = {
        .property_count = 2, .properties = {{"vf-token", PROPERTY_STRING, UUID}, {"xres", PROPERTY_UNSIGNED, "3"}}};
    const struct explained_device explained = {&device, &facts, &options, &decision, &none};
    CLEANUP(json_decref) json_t *found = explain_device(&explained);
    assert_json(json_object_get(found, "options"),
                "[{'option': 'vfio', 'value': {'vf-token': '(not shown)', 'xres': 3}, "
                "'from': 'the annotation'}]");
    assert_json(json_object_get(json_object_get(found, "result"), "properties"),
                "{'vf-token': '(not shown)', 'xres': '3'}");
    CLEANUP(buffer_free) struct buffer line = {0};
    explain_decision(&decision, &line);
    assert_bytes(buffer_bytes(&line), ", vf-token=(not shown), xres=3");
}

static void a_decision_in_the_log(void **state) {
    (void)state;
    static const struct {
        struct decision decision;
        const char *line;
    } cases[] = {
        {{.rom = ROM_SETTING_DISABLED, .rom_bar = TOGGLE_ON}, ""},
        {{.display = TOGGLE_ON, .ramfb = TOGGLE_OFF}, ", display on, ramfb off"},
        {{.driver_model = "m"}, ", driver model m"},
        {{.is_placed = true, .guest_address = {0, 6, 0, 1}}, ", 0000:06:00.1 of the guest"},
        {{.is_placed = true, .guest_address = {0, 6, 0, 0}, .is_multifunction = true},
         ", 0000:06:00.0 of the guest with multifunction"},
        {{.property_count = 2, .properties = {{"x-vga", PROPERTY_BOOL, "true"}, {"x-igd-gms", PROPERTY_UNSIGNED, "2"}}},
         ", x-vga=true, x-igd-gms=2"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer line = {0};
        explain_decision(&cases[i].decision, &line);
        assert_bytes(buffer_bytes(&line), cases[i].line);
    }
}

static void the_guest(void **state) {
    (void)state;
    struct guest_options options = guest_options_of("'hideHypervisor': true, 'topoext': true", ORIGIN_BUILTIN),
                         own = guest_options_of("'topoext': null, 'pciHole64': 'auto'", 0);
    guest_options_merge(&options, &own, ORIGIN_ANNOTATION);
    const struct guest_decision decision = {.hide_hypervisor = TOGGLE_ON, .has_hole64 = true, .hole64_kib = 1 << 26};
    CLEANUP(json_decref) json_t *found = explain_guest(&options, &decision, bundles);
    assert_json(found, "{'options': [{'option': 'hideHypervisor', 'value': 'on', 'from': 'a built-in profile'}, "
                       "{'option': 'pciHole64', 'value': 'auto', 'from': 'the annotation'}], 'result': "
                       "{'hideHypervisor': 'on', 'pciHole64': '64GiB'}}");
}

static void a_guests_decision_in_the_log(void **state) {
    (void)state;
    static const struct {
        struct guest_decision decision;
        const char *line;
    } cases[] = {
        {{0}, ""},
        {{.hide_hypervisor = TOGGLE_OFF, .hyperv_vendor_id = "abc", .ioapic = IOAPIC_QEMU, .topoext = TOGGLE_ON},
         "hideHypervisor off, hypervVendorId abc, ioapic qemu, topoext on"},
        {{.max_phys_addr = {.mode = PHYS_ADDR_EMULATE, .bits = 42}}, "maxPhysAddr 42 bits"},
        {{.max_phys_addr = {.mode = PHYS_ADDR_PASSTHROUGH}}, "maxPhysAddr the host's"},
        {{.max_phys_addr = {.mode = PHYS_ADDR_PASSTHROUGH, .limit = 39}}, "maxPhysAddr the host's, at most 39 bits"},
        {{.ovmf_mmio64_mib = 65536, .remove_video = true}, "ovmfMmio64 64GiB, emulatedVideo removed"},
        {{.has_hole64 = true, .hole64_kib = 1536, .ioapic = IOAPIC_KVM}, "ioapic kvm, pciHole64 1536KiB"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer line = {0};
        explain_guest_decision(&cases[i].decision, &line);
        assert_bytes(buffer_bytes(&line), cases[i].line);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function),         cmocka_unit_test(a_vgpu),
        cmocka_unit_test(what_the_host_says), cmocka_unit_test(roms),
        cmocka_unit_test(no_token_is_told),   cmocka_unit_test(a_decision_in_the_log),
        cmocka_unit_test(the_guest),          cmocka_unit_test(a_guests_decision_in_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
