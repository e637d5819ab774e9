/* config/options: the annotation, and whose word counts. */
#include <stdio.h>

#include "config/options.h"
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
        {"{\"polcy\": \"warn\"}", "unknown key \"polcy\": known are \"policy\", \"devices\""},
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
        {"{\"devices\": {\"igpu\": {\"romBar\": true}}}", "devices.igpu.romBar is true or false: it must be a string"},
        {"{\"devices\": {\"igpu\": {\"romBar\": \"yes\"}}}", "romBar: \"yes\" is neither \"on\" nor \"off\""},
        {"{\"devices\": {\"igpu\": {\"expect\": \"1681\"}}}", "expect: \"1681\" is no PCI ID"},
        {"{\"devices\": {\"igpu\": {\"expect\": \"1002:1681 \"}}}", "is no PCI ID"},
        {"{\"devices\": {\"igpu\": {}, \"igpu\": {}}}", "duplicate"},
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
            assert_int_equal(strlen(config.entries[0].options.rom_id), LABEL_MAX);
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

static void parsed(void **state) {
    (void)state;
    struct error err = {0};
    CLEANUP(config_free) struct config config = {0};
    config_parse("{\"policy\": \"warn\", \"devices\": {\"igpu\": {\"rom\": \"auto\", \"expect\": \"1002:1681\"},"
                 "\"0000:E5:00.1\": {\"rom\": \"rembrandt-gop\", \"romBar\": \"off\"}, \"*\": {\"romBar\": \"on\"},"
                 "\"none\": {\"rom\": \"none\"}, \"own\": {\"rom\": \"device\"}, \"nothing\": {}}}",
                 &config, &err);
    assert_no_error(&err);
    assert_int_equal(config.policy, POLICY_WARN);
    static const struct {
        const char *key;
        int kind;
        struct pci_address address;
        struct device_options options;
    } expected[] = {
        {"igpu", KEY_NAME, {0}, {.rom = ROM_AUTO, .has_expect = true, .expect = {0x1002, 0x1681}}},
        {"0000:E5:00.1",
         KEY_ADDRESS,
         {0, 0xe5, 0, 1},
         {.rom = ROM_ID, .rom_id = "rembrandt-gop", .rom_bar = TOGGLE_OFF}},
        {"*", KEY_ANY, {0}, {.rom_bar = TOGGLE_ON}},
        {"none", KEY_NAME, {0}, {.rom = ROM_NONE}},
        {"own", KEY_NAME, {0}, {.rom = ROM_DEVICE}},
        {"nothing", KEY_NAME, {0}, {0}},
    };
    assert_int_equal(config.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct config_entry *found = &config.entries[i];
        assert_string_equal(found->key, expected[i].key);
        assert_int_equal(found->kind, expected[i].kind);
        assert_true(pci_address_equal(found->address, expected[i].address));
        assert_int_equal(found->options.rom, expected[i].options.rom);
        assert_string_equal(found->options.rom_id, expected[i].options.rom_id);
        assert_int_equal(found->options.rom_bar, expected[i].options.rom_bar);
        assert_int_equal(found->options.has_expect, expected[i].options.has_expect);
        assert_true(pci_id_equal(found->options.expect, expected[i].options.expect));
    }
}

static void an_empty_annotation_says_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"{}", "{\"devices\": {}}"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct error err = {0};
        CLEANUP(config_free) struct config config = {0};
        struct device_options options = {0};
        assert_int_equal(config_parse(texts[i], &config, &err), 0);
        assert_int_equal(config.policy, POLICY_UNSET);
        assert_int_equal(config.count, 0);
        assert_int_equal(config_device_options(&config, "igpu", (struct pci_address){0}, &options, &err), 0);
        assert_int_equal(options.rom, ROM_UNSET);
        assert_int_equal(options.rom_bar, TOGGLE_UNSET);
        assert_false(options.has_expect);
    }
}

/* "*", then the name, then the address: key by key, in whatever order they are written. */
static void merged(void **state) {
    (void)state;
    static const struct {
        const char *devices;
        struct device_options expected;
    } cases[] = {
        {"\"*\": {\"rom\": \"auto\", \"romBar\": \"on\"}", {.rom = ROM_AUTO, .rom_bar = TOGGLE_ON}},
        {"\"igpu\": {\"rom\": \"device\"}, \"*\": {\"rom\": \"auto\", \"romBar\": \"on\"}",
         {.rom = ROM_DEVICE, .rom_bar = TOGGLE_ON}},
        {"\"0000:e5:00.0\": {\"romBar\": \"off\"}, \"igpu\": {\"rom\": \"x\"}, \"*\": {\"rom\": \"none\", \"romBar\": \"on\"}",
         {.rom = ROM_ID, .rom_id = "x", .rom_bar = TOGGLE_OFF}},
        {"\"igpu\": {\"expect\": \"1002:1681\"}, \"e5:00.0\": {\"expect\": \"1002:1682\"}",
         {.has_expect = true, .expect = {0x1002, 0x1682}}},
        {"\"e5:00.0\": {\"rom\": \"auto\"}, \"igpu\": {\"rom\": \"x\"}", {.rom = ROM_AUTO}},
        {"\"igpu2\": {\"rom\": \"auto\"}, \"e5:00.1\": {\"rom\": \"auto\"}, \"Igpu\": {\"rom\": \"auto\"}", {0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(config_free) struct config config = {0};
        struct device_options options = {0};
        buffer_printf(&text, "{\"devices\": {%s}}", cases[i].devices);
        assert_int_equal(config_parse(text.data, &config, &err), 0);
        config_device_options(&config, "igpu", (struct pci_address){0, 0xe5, 0, 0}, &options, &err);
        assert_no_error(&err);
        const struct device_options *want = &cases[i].expected;
        if (options.rom != want->rom || strcmp(options.rom_id, want->rom_id) != 0 || options.rom_bar != want->rom_bar ||
            options.has_expect != want->has_expect || !pci_id_equal(options.expect, want->expect))
            fail_msg("%s", cases[i].devices);
    }
}

/* What the annotation says stands over what was there, and each option says whose it is. */
static void over_profiles(void **state) {
    (void)state;
    static const struct {
        struct device_options profile;
        const char *devices;
        enum rom_choice rom;
        const char *rom_id;
        enum toggle bar;
        uint8_t origin[OPTION_COUNT];
    } cases[] = {
        {{.rom = ROM_AUTO, .rom_bar = TOGGLE_ON}, "", ROM_AUTO, "", TOGGLE_ON, {3, 3, 0}},
        {{.rom = ROM_AUTO, .rom_bar = TOGGLE_ON}, "\"*\": {\"romBar\": \"off\"}", ROM_AUTO, "", TOGGLE_OFF, {3, 0, 0}},
        {{.rom = ROM_ID, .rom_id = "p"}, "\"igpu\": {\"rom\": \"q\"}", ROM_ID, "q", TOGGLE_UNSET, {0, 0, 0}},
        {{.rom = ROM_NONE}, "\"igpu\": {\"rom\": \"device\"}", ROM_DEVICE, "", TOGGLE_UNSET, {0, 0, 0}},
        /* The VM owner need not know of a romBar to say that there is no ROM. */
        {{.rom_bar = TOGGLE_ON}, "\"igpu\": {\"rom\": \"none\"}", ROM_NONE, "", TOGGLE_UNSET, {0, 3, 0}},
        {{.rom = ROM_AUTO}, "\"other\": {\"rom\": \"none\"}", ROM_AUTO, "", TOGGLE_UNSET, {3, 0, 0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(config_free) struct config config = {0};
        struct device_options options = {0};
        device_options_merge(&options, &cases[i].profile, ORIGIN_PROFILE(2));
        buffer_printf(&text, "{\"devices\": {%s}}", cases[i].devices);
        config_parse(text.data, &config, &err);
        config_device_options(&config, "igpu", (struct pci_address){0}, &options, &err);
        assert_no_error(&err);
        if (options.rom != cases[i].rom || options.rom_bar != cases[i].bar ||
            memcmp(options.origin, cases[i].origin, sizeof(options.origin)) != 0)
            fail_msg("row %zu", i);
        if (options.rom == ROM_ID)
            assert_string_equal(options.rom_id, cases[i].rom_id);
    }
}

/* Every option of the table is written as it is read. */
static void written(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{}",
        "{\"rom\": \"auto\"}",
        "{\"rom\": \"none\"}",
        "{\"rom\": \"device\"}",
        "{\"romBar\": \"on\"}",
        "{\"rom\": \"an-id\", \"romBar\": \"off\", \"expect\": \"1002:0fed\"}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct error err = {0};
        struct device_options options = {0};
        CLEANUP(json_decref) json_t *object = json_parse(bytes_of(texts[i]), "it", JSON_FOR_US, &err);
        device_options_parse(object, NULL, &options, &err);
        assert_no_error(&err);
        CLEANUP(json_decref) json_t *again = device_options_to_json(&options);
        CLEANUP(free) char *text = json_dumps(again, 0);
        assert_string_equal(text, texts[i]);
        for (enum device_option option = 0; option < OPTION_COUNT; option++)
            assert_int_equal(device_option_is_given(&options, option),
                             json_object_get(object, device_option_name(option)) != NULL);
    }
}

static void contradictions(void **state) {
    (void)state;
    static const char *const cases[] = {
        "{\"devices\": {\"igpu\": {\"rom\": \"none\", \"romBar\": \"on\"}}}",
        "{\"devices\": {\"igpu\": {\"rom\": \"none\"}, \"*\": {\"romBar\": \"off\"}}}",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        CLEANUP(config_free) struct config config = {0};
        struct device_options options = {0};
        assert_int_equal(config_parse(cases[i], &config, &err), 0);
        assert_int_equal(config_device_options(&config, "igpu", (struct pci_address){0}, &options, &err), -1);
        assert_error(&err, ERROR_INPUT, "\"rom\": \"none\" and \"romBar\" contradict each other");
        /* Another device is not concerned. */
        int other = config_device_options(&config, "other", (struct pci_address){0}, &options, &err);
        assert_int_equal(other, 0);
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
        cmocka_unit_test(refused),  cmocka_unit_test(rom_ids_have_a_longest_length),
        cmocka_unit_test(parsed),   cmocka_unit_test(an_empty_annotation_says_nothing),
        cmocka_unit_test(merged),   cmocka_unit_test(over_profiles),
        cmocka_unit_test(written),  cmocka_unit_test(contradictions),
        cmocka_unit_test(policies), cmocka_unit_test(as_many_devices_as_a_vm_can_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
