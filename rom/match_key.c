#include "rom/match_key.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CLASS_BITS (MATCH_BIT(MATCH_CLASS) | MATCH_BIT(MATCH_FULL_CLASS))

/* How the manifest writes each key. */
static const struct {
    const char *name;
    size_t width;
    const char *form;
} key_table[MATCH_KEYS] = {
    [MATCH_VENDOR] = {"vendor", 4, "is not 4 hexadecimal digits"},
    [MATCH_CLASS] = {"class", 4, "is not 4 or 6 hexadecimal digits, as 0300 or 030000"},
    [MATCH_FULL_CLASS] = {"class", 6, "is not 4 or 6 hexadecimal digits, as 0300 or 030000"},
    [MATCH_REVISION] = {"revision", 2, "is not 2 hexadecimal digits"},
    [MATCH_SUBSYSTEM] = {"subsystem", 9, "is no subsystem: write vendor:device in hexadecimal, as 1462:1381"},
    [MATCH_DEVICE] = {"device", 4, "is not 4 hexadecimal digits"},
};

/* In which people read and write them. */
static const enum match_key reading_order[MATCH_KEYS] = {MATCH_VENDOR,   MATCH_DEVICE, MATCH_SUBSYSTEM,
                                                         MATCH_REVISION, MATCH_CLASS,  MATCH_FULL_CLASS};

struct rom_match match_of(const struct pci_identity *identity, unsigned keys) {
    const uint32_t values[MATCH_KEYS] = {
        [MATCH_VENDOR] = identity->id.vendor,
        [MATCH_CLASS] = identity->class_code >> 8,
        [MATCH_FULL_CLASS] = identity->class_code,
        [MATCH_REVISION] = identity->revision,
        [MATCH_SUBSYSTEM] = (uint32_t)identity->subsystem.vendor << 16 | identity->subsystem.device,
        [MATCH_DEVICE] = identity->id.device,
    };
    struct rom_match match = {.keys = keys};
    for (enum match_key key = 0; key < MATCH_KEYS; key++)
        match.value[key] = keys & MATCH_BIT(key) ? values[key] : 0;
    return match;
}

enum match_key match_misfit(const struct rom_match *match, const struct rom_match *device) {
    for (unsigned key = MATCH_KEYS; key-- > 0;)
        if ((match->keys & MATCH_BIT(key)) &&
            (!(device->keys & MATCH_BIT(key)) || match->value[key] != device->value[key]))
            return key;
    return MATCH_KEYS;
}

int match_compare(const struct rom_match *a, const struct rom_match *b) {
    if (a->keys != b->keys)
        return a->keys < b->keys ? -1 : 1;
    for (unsigned key = MATCH_KEYS; key-- > 0;)
        if (a->value[key] != b->value[key])
            return a->value[key] < b->value[key] ? -1 : 1;
    return 0;
}

enum match_key match_difference(const struct rom_match *a, const struct rom_match *b) {
    for (unsigned key = MATCH_KEYS; key-- > 0;)
        if ((a->keys ^ b->keys) & MATCH_BIT(key))
            return key;
    return MATCH_KEYS;
}

const char *match_key_name(enum match_key key) {
    return key_table[key].name;
}

const char *match_value_text(const struct rom_match *match, enum match_key key, char text[MATCH_VALUE_MAX]) {
    uint32_t value = match->value[key];
    if (key == MATCH_SUBSYSTEM)
        snprintf(text, MATCH_VALUE_MAX, "%04" PRIx32 ":%04" PRIx32, value >> 16, value & 0xffff);
    else
        snprintf(text, MATCH_VALUE_MAX, "%0*" PRIx32, (int)key_table[key].width, value);
    return text;
}

const char *match_describe(const struct rom_match *match, char text[MATCH_TEXT_MAX]) {
    size_t size = 0;
    text[0] = '\0';
    for (size_t i = 0; i < MATCH_KEYS; i++) {
        enum match_key key = reading_order[i];
        char value[MATCH_VALUE_MAX];
        if (!(match->keys & MATCH_BIT(key)))
            continue;
        match_value_text(match, key, value);
        bool has_device = match->keys & MATCH_BIT(MATCH_DEVICE);
        if (key == MATCH_DEVICE)
            size += (size_t)snprintf(text + size, MATCH_TEXT_MAX - size, ":%s", value);
        else if (key == MATCH_VENDOR && has_device)
            size += (size_t)snprintf(text + size, MATCH_TEXT_MAX - size, "%s", value);
        else
            size += (size_t)snprintf(text + size, MATCH_TEXT_MAX - size, "%s%s %s", size ? ", " : "",
                                     key_table[key].name, value);
    }
    return text;
}

static int parse_value(const char *text, enum match_key key, uint32_t *value) {
    if (strlen(text) != key_table[key].width)
        return -1;
    if (key != MATCH_SUBSYSTEM)
        return text_parse_hex(text, key_table[key].width, value);
    struct pci_id id;
    if (pci_id_parse(text, &id) < 0)
        return -1;
    *value = (uint32_t)id.vendor << 16 | id.device;
    return 0;
}

int match_parse(const json_t *object, const struct json_place *place, struct rom_match *match, struct error *err) {
    static const char *const known[] = {"vendor", "device", "subsystem", "revision", "class", NULL};
    *match = (struct rom_match){0};
    if (json_only_keys(object, known, place, err) < 0)
        return -1;
    for (const char *const *name = known; *name; name++) {
        const char *text = NULL, *form = "";
        if (json_get_string(object, *name, false, place, &text, err) < 0)
            return -1;
        bool taken = !text;
        for (enum match_key key = 0; key < MATCH_KEYS && !taken; key++) {
            if (strcmp(key_table[key].name, *name) != 0)
                continue;
            form = key_table[key].form;
            taken = parse_value(text, key, &match->value[key]) == 0;
            match->keys |= taken ? MATCH_BIT(key) : 0;
        }
        char storage[QUOTED_MAX];
        if (!taken)
            return error_set(err, ERROR_INPUT, "%s: \"%s\" %s", json_member(place, *name).text,
                             text_quotable(text, storage), form);
    }
    return 0;
}

int match_check_rom(const struct rom_match *match, const struct json_place *place, struct error *err) {
    if (!(match->keys & MATCH_BIT(MATCH_VENDOR)))
        return error_set(err, ERROR_INPUT, "%s is missing: it must be a string", json_member(place, "vendor").text);
    if (!(match->keys & (MATCH_BIT(MATCH_DEVICE) | CLASS_BITS)))
        return error_set(err, ERROR_INPUT, "%s is missing: a ROM needs it, or \"class\"",
                         json_member(place, "device").text);
    return 0;
}

int match_check_profile(const struct rom_match *match, const struct json_place *place, struct error *err) {
    if (match->keys & MATCH_BIT(MATCH_VENDOR))
        return 0;
    if (match->keys & MATCH_BIT(MATCH_DEVICE))
        return error_set(err, ERROR_INPUT, "%s is missing: \"device\" means nothing without it",
                         json_member(place, "vendor").text);
    if (!(match->keys & CLASS_BITS))
        return error_set(err, ERROR_INPUT, "%s: a profile needs \"vendor\" or \"class\"", place->text);
    return 0;
}

json_t *match_to_json(const struct rom_match *match) {
    CLEANUP(json_decref) json_t *object = json_object();
    for (size_t i = 0; i < MATCH_KEYS; i++) {
        enum match_key key = reading_order[i];
        char text[MATCH_VALUE_MAX];
        if ((match->keys & MATCH_BIT(key)) &&
            json_object_set_new(object, key_table[key].name, json_string(match_value_text(match, key, text))) < 0)
            return NULL;
    }
    return TAKE_PTR(object);
}
