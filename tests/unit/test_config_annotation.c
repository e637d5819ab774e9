/* config/annotation: what a VM owner writes, and whose word counts. */
#include <stdio.h>

#include "config/annotation.h"
#include "support.h"

#define ANNOTATION "annotation gpu.vm.kubevirt.io/config: "

static void refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "the value is empty"},
        {"{", "not valid JSON: line 1, column "},
        {"[]", "it is an array: it must be a JSON object"},
        {"{\"polcy\": \"warn\"}", "unknown key \"polcy\": known are \"policy\", \"devices\", \"guest\""},
        {"{\"policy\": \"Warn\"}", "policy: \"Warn\" is neither \"enforce\" nor \"warn\""},
        {"{\"policy\": true}", "policy is true or false: it must be a string"},
        {"{\"policy\": null}", "policy is null"},
        {"{\"devices\": []}", "devices is an array: it must be an object"},
        {"{\"devices\": {\"igpu\": \"auto\"}}", "devices.igpu is a string: it must be an object"},
        {"{\"devices\": {\"igpu\": {\"Rom\": \"auto\"}}}", "devices.igpu: unknown key \"Rom\": known are \"rom\""},
        {"{\"devices\": {\"igpu\": {\"rom\": 1}}}", "devices.igpu.rom is a number: it must be a string"},
        {"{\"devices\": {\"igpu\": {\"rom\": \"\"}}}", "devices.igpu.rom: \"\" is no ROM id"},
        {"{\"devices\": {\"igpu\": {\"rom\": \"../x\"}}}", "devices.igpu.rom: \"../x\" is no ROM id"},
        {"{\"devices\": {\"igpu\": {\"rom\": \"a/b\"}}}", "is no ROM id"},
        {"{\"devices\": {\"igpu\": {\"romBar\": 1}}}", "devices.igpu.romBar is a number: it must be \"on\" or \"off\""},
        {"{\"devices\": {\"igpu\": {\"romBar\": \"yes\"}}}", "romBar: \"yes\" is neither \"on\" nor \"off\""},
        {"{\"devices\": {\"igpu\": {\"expect\": \"1681\"}}}", "expect: \"1681\" is no PCI ID"},
        {"{\"devices\": {\"igpu\": {\"expect\": \"1002:1681 \"}}}", "is no PCI ID"},
        {"{\"devices\": {\"igpu\": {}, \"igpu\": {}}}", "duplicate"},
        {"{\"devices\": {\"\": {}}}", "devices: an empty key names no device"},
        {"{\"devices\": {\"e5:00.0\": {}, \"igpu\": {}, \"0000:E5:00.0\": {}}}",
         "devices: \"e5:00.0\" and \"0000:E5:00.0\" are the same address: write it once"},
        {"{\"guest\": \"hidden\"}", "guest is a string: it must be an object"},
        {"{\"guest\": null}", "guest is null: it must be an object"},
        {"{\"guest\": {\"hidehypervisor\": true}}",
         "guest: unknown key \"hidehypervisor\": known are \"hideHypervisor\""},
        {"{\"guest\": {\"ioapic\": \"apic\"}}", "guest.ioapic: \"apic\" is none of \"kvm\", \"qemu\""},
        {"{\"guest\": {\"rom\": \"auto\"}}", "guest: unknown key \"rom\""},
        {"{\"devices\": {\"igpu\": {\"ioapic\": \"kvm\"}}}", "devices.igpu: unknown key \"ioapic\""},
        {"{\"devices\": {\"ok\": {\"rom\": \"auto\"}, \"bad\\nkey\": {\"x\": 1}}}",
         "devices.bad?key: unknown key \"x\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        struct config config;
        memset(&config, 0xff, sizeof(config));
        assert_int_equal(config_parse(cases[i].text, &config, &err), -1);
        assert_memory_equal(err.message, ANNOTATION, strlen(ANNOTATION));
        assert_error(&err, ERROR_INPUT, cases[i].part);
        assert_null(config.entries);
        assert_int_equal(config.count, 0);
        config_free(&config);
    }
}

static void rom_ids_have_a_longest_length(void **state) {
    (void)state;
    char id[LABEL_MAX + 2], text[256];
    memset(id, 'r', sizeof(id));
    for (size_t size = LABEL_MAX; size <= LABEL_MAX + 1; size++) {
        struct error err = {0};
        CLEANUP(config_free) struct config config = {0};
        snprintf(text, sizeof(text), "{\"devices\": {\"*\": {\"rom\": \"%.*s\"}}}", (int)size, id);
        assert_int_equal(config_parse(text, &config, &err), size > LABEL_MAX ? -1 : 0);
        if (size > LABEL_MAX)
            assert_error(&err, ERROR_INPUT, "is no ROM id");
        else
            assert_int_equal(strlen(config.entries[0].options.rom.id), LABEL_MAX);
    }
}

static void as_many_devices_as_a_vm_can_have(void **state) {
    (void)state;
    for (int count = CONFIG_DEVICES_MAX; count <= CONFIG_DEVICES_MAX + 1; count++) {
        struct error err = {0};
        CLEANUP(config_free) struct config config = {0};
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_append_text(&text, "{\"devices\": {\"*\": {}");
        for (int i = 1; i < count; i++)
            buffer_printf(&text, ", \"gpu%d\": {}", i);
        buffer_append_text(&text, "}}");
        assert_int_equal(config_parse(text.data, &config, &err), count > CONFIG_DEVICES_MAX ? -1 : 0);
        if (count > CONFIG_DEVICES_MAX)
            assert_error(&err, ERROR_INPUT, "devices: more than 256 keys");
    }
}

/* The options as the annotation would say them. */
static char *text_of(const struct device_options *options) {
    CLEANUP(json_decref) json_t *object = device_options_to_json(options);
    char *text = json_dumps(object, 0);
    assert_non_null(text);
    return text;
}

static void parsed(void **state) {
    (void)state;
    struct error err = {0};
    CLEANUP(config_free) struct config config = {0};
    config_parse("{\"policy\": \"warn\", \"devices\": {\"igpu\": {\"rom\": \"auto\", \"expect\": \"1002:1681\"},"
                 "\"0000:E5:00.1\": {\"rom\": \"rembrandt-gop\", \"romBar\": \"off\"}, \"*\": {\"romBar\": \"on\"},"
                 "\"none\": {\"rom\": \"none\"}, \"own\": {\"rom\": \"device\"}, \"nothing\": {}, "
                 "\"e5:00.0.1\": {\"romBar\": null}},"
                 "\"guest\": {\"hideHypervisor\": true}}",
                 &config, &err);
    assert_no_error(&err);
    assert_int_equal(config.policy, POLICY_WARN);
    assert_int_equal(config.guest.hide_hypervisor, TOGGLE_ON);
    static const struct {
        const char *key;
        int kind;
        struct pci_address address;
        const char *options;
    } expected[] = {
        {"igpu", KEY_NAME, {0}, "{\"rom\": \"auto\", \"expect\": \"1002:1681\"}"},
        {"0000:E5:00.1", KEY_ADDRESS, {0, 0xe5, 0, 1}, "{\"rom\": \"rembrandt-gop\", \"romBar\": \"off\"}"},
        {"*", KEY_ANY, {0}, "{\"romBar\": \"on\"}"},
        {"none", KEY_NAME, {0}, "{\"rom\": \"none\"}"},
        {"own", KEY_NAME, {0}, "{\"rom\": \"device\"}"},
        {"nothing", KEY_NAME, {0}, "{}"},
        {"e5:00.0.1", KEY_NAME, {0}, "{\"romBar\": null}"},
    };
    assert_int_equal(config.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct config_entry *found = &config.entries[i];
        assert_string_equal(found->key, expected[i].key);
        assert_int_equal(found->kind, expected[i].kind);
        assert_true(pci_address_equal(found->address, expected[i].address));
        CLEANUP(free) char *text = text_of(&found->options);
        assert_string_equal(text, expected[i].options);
    }
}

static void an_empty_annotation_says_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"{}", "{\"devices\": {}}", "{\"devices\": {\"*\": {}}, \"guest\": {}}"};
    static const struct device_options nothing = {0};
    static const struct guest_options no_wish = {0};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct error err = {0};
        CLEANUP(config_free) struct config config = {0};
        struct device_options options = {0};
        assert_int_equal(config_parse(texts[i], &config, &err), 0);
        assert_int_equal(config.policy, POLICY_UNSET);
        assert_int_equal(config_device_options(&config, "igpu", &(struct pci_address){0}, &options, &err), 0);
        assert_memory_equal(&options, &nothing, sizeof(options));
        assert_memory_equal(&config.guest, &no_wish, sizeof(no_wish));
    }
}

static void which_device_a_key_names(void **state) {
    (void)state;
    static const struct pci_address igpu = {0, 0xe5, 0, 0}, zero = {0};
    static const struct {
        const char *key, *name;
        const struct pci_address *address;
        bool names;
    } cases[] = {
        {"*", "igpu", &igpu, true},
        {"*", "vgpu", NULL, true},
        {"igpu", "igpu", &igpu, true},
        {"igpu", "igpu", NULL, true},
        {"igpu", "Igpu", &igpu, false},
        {"igpu", "igpu2", &igpu, false},
        {"e5:00.0", "igpu", &igpu, true},
        {"0000:E5:00.0", "igpu", &igpu, true},
        {"e5:00.1", "igpu", &igpu, false},
        {"0001:e5:00.0", "igpu", &igpu, false},
        /* A device without an address is not the one at zeros, and a name that looks like an address is none. */
        {"0000:00:00.0", "vgpu", NULL, false},
        {"0000:00:00.0", "host", &zero, true},
        {"e5:00.0", "e5:00.0", NULL, false},
        {"**", "igpu", &igpu, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(config_free) struct config config = {0};
        buffer_printf(&text, "{\"devices\": {\"%s\": {}}}", cases[i].key);
        assert_int_equal(config_parse(text.data, &config, &err), 0);
        if (config_entry_names(&config.entries[0], cases[i].name, cases[i].address) != cases[i].names)
            fail_msg("%s", cases[i].key);
    }
}

/* "*", then the name, then the address: key by key, in whatever order they are written. */
static void merged(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"\"*\": {\"rom\": \"auto\", \"romBar\": \"on\"}", "{\"rom\": \"auto\", \"romBar\": \"on\"}"},
        {"\"igpu\": {\"rom\": \"device\"}, \"*\": {\"rom\": \"auto\", \"romBar\": \"on\"}",
         "{\"rom\": \"device\", \"romBar\": \"on\"}"},
        {"\"0000:e5:00.0\": {\"romBar\": \"off\"}, \"igpu\": {\"rom\": \"x\"}, \"*\": {\"rom\": \"none\", \"romBar\": "
         "\"on\"}",
         "{\"rom\": \"x\", \"romBar\": \"off\"}"},
        {"\"igpu\": {\"expect\": \"1002:1681\"}, \"e5:00.0\": {\"expect\": \"1002:1682\"}",
         "{\"expect\": \"1002:1682\"}"},
        {"\"e5:00.0\": {\"rom\": \"auto\"}, \"igpu\": {\"rom\": \"x\"}", "{\"rom\": \"auto\"}"},
        {"\"igpu2\": {\"rom\": \"auto\"}, \"e5:00.1\": {\"rom\": \"auto\"}, \"Igpu\": {\"rom\": \"auto\"}", "{}"},
        /* null withdraws what weaker keys say, and stronger ones may say it again. */
        /* Who says that there is no ROM need not know of a weaker romBar. */
        {"\"igpu\": {\"rom\": \"none\"}, \"*\": {\"romBar\": \"off\"}", "{\"rom\": \"none\"}"},
        {"\"igpu\": {\"romBar\": null}, \"*\": {\"romBar\": \"on\", \"rom\": \"none\"}",
         "{\"rom\": \"none\", \"romBar\": null}"},
        {"\"e5:00.0\": {\"rom\": \"auto\"}, \"igpu\": {\"rom\": null}, \"*\": {\"rom\": \"x\"}", "{\"rom\": \"auto\"}"},
        {"\"*\": {\"rom\": null}, \"igpu\": {\"rom\": \"x\"}", "{\"rom\": \"x\"}"},
        /* "vfio" is merged property by property, the other options as they are. */
        {"\"*\": {\"vfio\": {\"x-no-mmap\": true, \"xres\": 1}}, \"igpu\": {\"vfio\": {\"xres\": 2}}",
         "{\"vfio\": {\"x-no-mmap\": true, \"xres\": 2}}"},
        {"\"*\": {\"vfio\": {\"x-no-mmap\": true}}, \"igpu\": {\"vfio\": null}, \"e5:00.0\": {\"vfio\": {\"xres\": 2}}",
         "{\"vfio\": {\"xres\": 2}}"},
        {"\"*\": {\"ids\": {\"vendor\": \"10de\"}}, \"igpu\": {\"ids\": {\"device\": \"1\\u003234\"}}",
         "{\"ids\": {\"device\": \"1234\"}}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(config_free) struct config config = {0};
        struct device_options options = {0};
        buffer_printf(&text, "{\"devices\": {%s}}", cases[i][0]);
        config_parse(text.data, &config, &err);
        assert_no_error(&err);
        config_device_options(&config, "igpu", &(struct pci_address){0, 0xe5, 0, 0}, &options, &err);
        assert_no_error(&err);
        CLEANUP(free) char *found = text_of(&options);
        assert_string_equal(found, cases[i][1]);
    }
}

/* What the annotation says stands over what was there, and each option says whose it is. */
static void over_profiles(void **state) {
    (void)state;
    enum { MINE = ORIGIN_ANNOTATION, ALL = ORIGIN_EVERY_DEVICE, PROFILE = ORIGIN_PROFILE(2) };
    static const struct {
        const char *profile, *devices, *options;
        uint8_t rom, bar, vfio; /* the origins */
    } cases[] = {
        {"{\"rom\": \"auto\", \"romBar\": \"on\"}", "", "{\"rom\": \"auto\", \"romBar\": \"on\"}", PROFILE, PROFILE, 0},
        {"{\"rom\": \"auto\", \"romBar\": \"on\"}", "\"*\": {\"romBar\": \"off\"}",
         "{\"rom\": \"auto\", \"romBar\": \"off\"}", PROFILE, ALL, 0},
        {"{\"rom\": \"p\"}", "\"igpu\": {\"rom\": \"q\"}", "{\"rom\": \"q\"}", MINE, 0, 0},
        {"{\"rom\": \"none\"}", "\"igpu\": {\"rom\": \"device\"}, \"*\": {\"rom\": \"none\"}", "{\"rom\": \"device\"}",
         MINE, 0, 0},
        {"{\"rom\": \"p\"}", "\"00:00.0\": {\"rom\": \"q\"}", "{\"rom\": \"q\"}", MINE, 0, 0},
        /* The VM owner need not know of a romBar to say that there is no ROM. */
        {"{\"romBar\": \"on\"}", "\"igpu\": {\"rom\": \"none\"}", "{\"rom\": \"none\"}", MINE, PROFILE, 0},
        {"{\"romBar\": \"on\"}", "\"*\": {\"rom\": \"none\"}", "{\"rom\": \"none\"}", ALL, PROFILE, 0},
        {"{\"rom\": \"auto\"}", "\"other\": {\"rom\": \"none\"}", "{\"rom\": \"auto\"}", PROFILE, 0, 0},
        {"{\"romBar\": \"on\"}", "\"igpu\": {\"romBar\": null}", "{\"romBar\": null}", 0, MINE, 0},
        {"{\"vfio\": {\"xres\": 1, \"yres\": 1}}", "\"*\": {\"vfio\": {\"xres\": 2}}",
         "{\"vfio\": {\"xres\": 2, \"yres\": 1}}", 0, 0, ALL},
        {"{\"vfio\": {\"xres\": 1}}", "\"*\": {\"vfio\": null}, \"igpu\": {\"vfio\": {\"yres\": 2}}",
         "{\"vfio\": {\"yres\": 2}}", 0, 0, MINE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        static const struct json_place place = {"profile"};
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(config_free) struct config config = {0};
        CLEANUP(json_decref) json_t *profile = json_parse(bytes_of(cases[i].profile), "it", JSON_FOR_US, &err);
        struct device_options options = {0}, of_profile = {0};
        device_options_parse(profile, &place, &of_profile, &err);
        device_options_merge(&options, &of_profile, PROFILE);
        buffer_printf(&text, "{\"devices\": {%s}}", cases[i].devices);
        config_parse(text.data, &config, &err);
        config_device_options(&config, "igpu", &(struct pci_address){0}, &options, &err);
        assert_no_error(&err);
        CLEANUP(free) char *found = text_of(&options);
        assert_string_equal(found, cases[i].options);
        if (options.said.origin[OPTION_ROM] != cases[i].rom || options.said.origin[OPTION_ROM_BAR] != cases[i].bar ||
            options.said.origin[OPTION_VFIO] != cases[i].vfio)
            fail_msg("row %zu", i);
    }
}

static void contradictions(void **state) {
    (void)state;
    static const char *const cases[] = {
        "{\"devices\": {\"igpu\": {\"rom\": \"none\", \"romBar\": \"on\"}}}",
        "{\"devices\": {\"igpu\": {\"romBar\": true}, \"*\": {\"rom\": \"none\"}}}",
        "{\"devices\": {\"00:00.0\": {\"romBar\": true}, \"igpu\": {\"rom\": \"none\"}}}",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        CLEANUP(config_free) struct config config = {0};
        struct device_options options = {0};
        assert_int_equal(config_parse(cases[i], &config, &err), 0);
        assert_int_equal(config_device_options(&config, "igpu", &(struct pci_address){0}, &options, &err), -1);
        assert_error(&err, ERROR_INPUT, "\"rom\": \"none\" and \"romBar\" contradict each other");
        /* Another device is not concerned. */
        assert_int_equal(config_device_options(&config, "other", NULL, &options, &err), 0);
    }
}

static void policies(void **state) {
    (void)state;
    enum policy policy = POLICY_UNSET;
    assert_int_equal(policy_parse("enforce", &policy), 0);
    assert_int_equal(policy, POLICY_ENFORCE);
    assert_int_equal(policy_parse("warn", &policy), 0);
    assert_int_equal(policy, POLICY_WARN);
    static const char *const bad[] = {"", "off", "Enforce", "warn ", "enforced"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(policy_parse(bad[i], &policy), -1);
    assert_int_equal(policy, POLICY_WARN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(rom_ids_have_a_longest_length),
        cmocka_unit_test(parsed),
        cmocka_unit_test(an_empty_annotation_says_nothing),
        cmocka_unit_test(merged),
        cmocka_unit_test(over_profiles),
        cmocka_unit_test(which_device_a_key_names),
        cmocka_unit_test(contradictions),
        cmocka_unit_test(policies),
        cmocka_unit_test(as_many_devices_as_a_vm_can_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
