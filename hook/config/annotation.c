#include "config/annotation.h"

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
    static const char *const known[] = {"policy", "devices", "guest", NULL};
    static const struct json_place guest_place = {"guest"};
    const char *policy = NULL;
    json_t *devices = NULL, *guest = NULL;
    char storage[QUOTED_MAX];
    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "it is %s: it must be a JSON object", json_type_name(root));
    if (json_only_keys(root, known, NULL, err) < 0 || json_get_string(root, "policy", false, NULL, &policy, err) < 0 ||
        json_get_object(root, "devices", false, NULL, &devices, err) < 0 ||
        json_get_object(root, "guest", false, NULL, &guest, err) < 0)
        return -1;
    if (policy && policy_parse(policy, &config->policy) < 0)
        return error_set(err, ERROR_INPUT, "policy: \"%s\" is neither \"enforce\" nor \"warn\"",
                         text_quotable(policy, storage));
    if (guest && guest_options_parse(guest, &guest_place, &config->guest, err) < 0)
        return -1;
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
    error_see(err, "options.md");
    return error_prefix(err, "annotation " CONFIG_ANNOTATION);
}

bool config_entry_names(const struct config_entry *entry, const char *name, const struct pci_address *address) {
    switch (entry->kind) {
    case KEY_NAME:
        return strcmp(entry->key, name) == 0;
    case KEY_ADDRESS:
        return address && pci_address_equal(entry->address, *address);
    case KEY_ANY:
        break;
    }
    return true;
}

static void merge_entries(const struct config *config, const char *name, const struct pci_address *address,
                          struct device_options *into) {
    for (int kind = KEY_ANY; kind <= KEY_ADDRESS; kind++) {
        for (size_t i = 0; i < config->count; i++) {
            const struct config_entry *entry = &config->entries[i];
            if ((int)entry->kind == kind && config_entry_names(entry, name, address))
                device_options_merge(into, &entry->options, kind == KEY_ANY ? ORIGIN_EVERY_DEVICE : ORIGIN_ANNOTATION);
        }
    }
}

int config_device_options(const struct config *config, const char *name, const struct pci_address *address,
                          struct device_options *options, struct error *err) {
    struct device_options said = {0};
    merge_entries(config, name, address, &said);
    if (device_options_contradict(&said)) {
        error_set(err, ERROR_INPUT,
                  "\"rom\": \"none\" and \"romBar\" contradict each other: libvirt refuses ROM tuning of a device "
                  "without ROM; leave one out");
        return error_see(err, "options.md#romBar");
    }
    if (said.rom.choice == ROM_NONE)
        options_forget(&device_option_table, options, OPTION_ROM_BAR);
    merge_entries(config, name, address, options);
    return 0;
}

static bool says_anything(const struct option_table *table, const void *options) {
    const struct options_said *said = options;
    bool says = said->withdrawn != 0;
    for (size_t i = 0; i < table->count; i++)
        says = says || options_given(table, options, i);
    return says;
}

bool config_says_anything(const struct config *config) {
    bool says = config->policy != POLICY_UNSET || says_anything(&guest_option_table, &config->guest);
    for (size_t i = 0; i < config->count; i++)
        says = says || says_anything(&device_option_table, &config->entries[i].options);
    return says;
}

void config_free(struct config *config) {
    for (size_t i = 0; i < config->count; i++)
        free(config->entries[i].key);
    free(config->entries);
    *config = (struct config){0};
}
