#include "config/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static const char *const policy_names[] = {[POLICY_ENFORCE] = "enforce", [POLICY_WARN] = "warn"};

int policy_parse(const char *name, enum policy *policy) {
    int found = text_choice(name, policy_names, POLICY_WARN + 1);
    if (found < 0)
        return -1;
    *policy = (enum policy)found;
    return 0;
}

static const char *const rom_words[] = {[ROM_AUTO] = "auto", [ROM_NONE] = "none", [ROM_DEVICE] = "device"};
static const char *const toggle_words[] = {[TOGGLE_ON] = "on", [TOGGLE_OFF] = "off"};

static int parse_rom(const char *value, const struct json_place *place, struct device_options *options,
                     struct error *err) {
    int word = text_choice(value, rom_words, sizeof(rom_words) / sizeof(rom_words[0]));
    if (word >= 0) {
        options->rom = (enum rom_choice)word;
        return 0;
    }
    char storage[QUOTED_MAX];
    if (!text_is_file_name(value, LABEL_MAX))
        return error_set(err, ERROR_INPUT,
                         "%s: \"%s\" is no ROM id: use \"auto\", \"none\", \"device\" or an id of the bundle "
                         "(up to %d of A-Z a-z 0-9 . _ -, not starting with a dot)",
                         place->text, text_quotable(value, storage), LABEL_MAX);
    options->rom = ROM_ID;
    memcpy(options->rom_id, value, strlen(value) + 1);
    return 0;
}

static bool merge_rom(struct device_options *into, const struct device_options *from) {
    if (from->rom == ROM_UNSET)
        return false;
    into->rom = from->rom;
    memcpy(into->rom_id, from->rom_id, sizeof(into->rom_id));
    return true;
}

static json_t *write_rom(const struct device_options *options) {
    return json_string(options->rom == ROM_ID ? options->rom_id : rom_words[options->rom]);
}

static int parse_rom_bar(const char *value, const struct json_place *place, struct device_options *options,
                         struct error *err) {
    char storage[QUOTED_MAX];
    int word = text_choice(value, toggle_words, sizeof(toggle_words) / sizeof(toggle_words[0]));
    if (word < 0)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is neither \"on\" nor \"off\"", place->text,
                         text_quotable(value, storage));
    options->rom_bar = (enum toggle)word;
    return 0;
}

static bool merge_rom_bar(struct device_options *into, const struct device_options *from) {
    if (from->rom_bar == TOGGLE_UNSET)
        return false;
    into->rom_bar = from->rom_bar;
    return true;
}

static json_t *write_rom_bar(const struct device_options *options) {
    return json_string(toggle_words[options->rom_bar]);
}

static int parse_expect(const char *value, const struct json_place *place, struct device_options *options,
                        struct error *err) {
    char storage[QUOTED_MAX];
    if (pci_id_parse(value, &options->expect) < 0)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is no PCI ID: write vendor:device in hexadecimal, as 1002:1681",
                         place->text, text_quotable(value, storage));
    options->has_expect = true;
    return 0;
}

static bool merge_expect(struct device_options *into, const struct device_options *from) {
    if (!from->has_expect)
        return false;
    into->has_expect = true;
    into->expect = from->expect;
    return true;
}

static json_t *write_expect(const struct device_options *options) {
    return json_sprintf("%04x:%04x", options->expect.vendor, options->expect.device);
}

/* merge: false where `from` does not give the option, and nothing is done. write: only for one that is given. */
static const struct option {
    const char *name;
    int (*parse)(const char *value, const struct json_place *place, struct device_options *options, struct error *err);
    bool (*merge)(struct device_options *into, const struct device_options *from);
    json_t *(*write)(const struct device_options *options);
} device_option_table[OPTION_COUNT] = {
    [OPTION_ROM] = {"rom", parse_rom, merge_rom, write_rom},
    [OPTION_ROM_BAR] = {"romBar", parse_rom_bar, merge_rom_bar, write_rom_bar},
    [OPTION_EXPECT] = {"expect", parse_expect, merge_expect, write_expect},
};

const char *device_option_name(enum device_option option) {
    return device_option_table[option].name;
}

bool device_option_is_given(const struct device_options *options, enum device_option option) {
    struct device_options nowhere = {0};
    return device_option_table[option].merge(&nowhere, options);
}

int device_options_parse(json_t *object, const struct json_place *place, struct device_options *options,
                         struct error *err) {
    const char *known[OPTION_COUNT + 1] = {0};
    for (size_t i = 0; i < OPTION_COUNT; i++)
        known[i] = device_option_table[i].name;
    if (!json_is_object(object))
        return error_set(err, ERROR_INPUT, "%s is %s: it must be an object", place->text, json_type_name(object));
    if (json_only_keys(object, known, place, err) < 0)
        return -1;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const char *value = NULL;
        if (json_get_string(object, known[i], false, place, &value, err) < 0)
            return -1;
        struct json_place member = json_member(place, known[i]);
        if (value && device_option_table[i].parse(value, &member, options, err) < 0)
            return -1;
    }
    return 0;
}

static void merge(struct device_options *into, const struct device_options *from, uint8_t origin) {
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (device_option_table[i].merge(into, from))
            into->origin[i] = origin;
}

void device_options_merge(struct device_options *into, const struct device_options *from, uint8_t origin) {
    if (from->rom == ROM_NONE)
        into->rom_bar = TOGGLE_UNSET;
    merge(into, from, origin);
}

bool device_options_contradict(const struct device_options *options) {
    return options->rom == ROM_NONE && options->rom_bar != TOGGLE_UNSET;
}

json_t *device_options_to_json(const struct device_options *options) {
    CLEANUP(json_decref) json_t *object = json_object();
    for (enum device_option i = 0; i < OPTION_COUNT; i++)
        if (device_option_is_given(options, i) &&
            json_object_set_new(object, device_option_table[i].name, device_option_table[i].write(options)) < 0)
            return NULL;
    return TAKE_PTR(object);
}

/* "e5:00.0" and "0000:e5:00.0" are one address, and a JSON parser cannot know. */
static int check_same_address(const struct config *config, struct error *err) {
    const struct config_entry *last = &config->entries[config->count - 1];
    for (const struct config_entry *entry = config->entries; last->kind == KEY_ADDRESS && entry < last; entry++)
        if (entry->kind == KEY_ADDRESS && pci_address_equal(entry->address, last->address))
            return error_set(err, ERROR_INPUT, "devices: \"%.20s\" and \"%.20s\" are the same address: write it once",
                             entry->key, last->key);
    return 0;
}

static int parse_devices(json_t *devices, struct config *config, struct error *err) {
    static const struct json_place place = {"devices"};
    if (json_object_size(devices) > CONFIG_DEVICES_MAX)
        return error_set(err, ERROR_INPUT, "devices: more than %d keys", CONFIG_DEVICES_MAX);
    config->entries = calloc(json_object_size(devices) + 1, sizeof(*config->entries));
    if (!config->entries)
        return error_no_memory(err);
    const char *key;
    json_t *value;
    json_object_foreach(devices, key, value) {
        if (*key == '\0')
            return error_set(err, ERROR_INPUT, "devices: an empty key names no device");
        struct config_entry *entry = &config->entries[config->count];
        struct json_place member = json_member(&place, key);
        if (!(entry->key = strdup(key)))
            return error_no_memory(err);
        config->count++;
        if (strcmp(key, "*") == 0)
            entry->kind = KEY_ANY;
        else if (pci_address_parse(key, &entry->address) == 0)
            entry->kind = KEY_ADDRESS;
        else
            entry->kind = KEY_NAME;
        if (device_options_parse(value, &member, &entry->options, err) < 0 || check_same_address(config, err) < 0)
            return -1;
    }
    return 0;
}

static int parse_top(json_t *root, struct config *config, struct error *err) {
    static const char *const known[] = {"policy", "devices", NULL};
    const char *policy = NULL;
    json_t *devices = NULL;
    char storage[QUOTED_MAX];
    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "it is %s: it must be a JSON object", json_type_name(root));
    if (json_only_keys(root, known, NULL, err) < 0 || json_get_string(root, "policy", false, NULL, &policy, err) < 0 ||
        json_get_object(root, "devices", false, NULL, &devices, err) < 0)
        return -1;
    if (policy && policy_parse(policy, &config->policy) < 0)
        return error_set(err, ERROR_INPUT, "policy: \"%s\" is neither \"enforce\" nor \"warn\"",
                         text_quotable(policy, storage));
    return devices ? parse_devices(devices, config, err) : 0;
}

int config_parse(const char *annotation, struct config *config, struct error *err) {
    *config = (struct config){0};
    CLEANUP(json_decref)
    json_t *root =
        json_parse((struct bytes){(const uint8_t *)annotation, strlen(annotation)}, "the value", JSON_FOR_US, err);
    if (root && parse_top(root, config, err) == 0)
        return 0;
    config_free(config);
    return error_prefix(err, "annotation " CONFIG_ANNOTATION);
}

int config_device_options(const struct config *config, const char *name, struct pci_address address,
                          struct device_options *options, struct error *err) {
    struct device_options said = {0};
    for (int kind = KEY_ANY; kind <= KEY_ADDRESS; kind++) {
        for (size_t i = 0; i < config->count; i++) {
            const struct config_entry *entry = &config->entries[i];
            bool applies =
                (int)entry->kind == kind && (kind == KEY_ANY || (kind == KEY_NAME && strcmp(entry->key, name) == 0) ||
                                             (kind == KEY_ADDRESS && pci_address_equal(entry->address, address)));
            if (applies)
                merge(&said, &entry->options, ORIGIN_ANNOTATION);
        }
    }
    if (device_options_contradict(&said))
        return error_set(err, ERROR_INPUT,
                         "\"rom\": \"none\" and \"romBar\" contradict each other: libvirt refuses ROM tuning of a "
                         "device without ROM; leave one out");
    device_options_merge(options, &said, ORIGIN_ANNOTATION);
    return 0;
}

void config_free(struct config *config) {
    for (size_t i = 0; i < config->count; i++)
        free(config->entries[i].key);
    free(config->entries);
    *config = (struct config){0};
}
