#include "config/option_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *value_text(const json_t *value, const struct json_place *place, struct error *err) {
    if (json_is_string(value))
        return json_string_value(value);
    error_set(err, ERROR_INPUT, "%s is %s: it must be a string", place->text, json_type_name(value));
    return NULL;
}

static const char *const toggle_words[] = {[TOGGLE_ON] = "on", [TOGGLE_OFF] = "off"};

int value_toggle(const json_t *value, const struct json_place *place, void *toggle, struct error *err) {
    enum toggle *result = toggle;
    if (json_is_boolean(value)) {
        *result = json_is_true(value) ? TOGGLE_ON : TOGGLE_OFF;
        return 0;
    }
    char storage[QUOTED_MAX];
    if (!json_is_string(value))
        return error_set(err, ERROR_INPUT, "%s is %s: it must be \"on\" or \"off\"", place->text,
                         json_type_name(value));
    int word = text_choice(json_string_value(value), toggle_words, sizeof(toggle_words) / sizeof(toggle_words[0]));
    if (word < 0)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is neither \"on\" nor \"off\"", place->text,
                         text_quotable(json_string_value(value), storage));
    *result = (enum toggle)word;
    return 0;
}

const char *toggle_name(enum toggle toggle) {
    return toggle_words[toggle];
}

json_t *value_write_toggle(const void *toggle) {
    return json_string(toggle_name(*(const enum toggle *)toggle));
}

int value_word(const json_t *value, const char *const *words, size_t count, const struct json_place *place, int *found,
               struct error *err) {
    const char *text = value_text(value, place, err);
    if (!text)
        return -1;
    *found = text_choice(text, words, count);
    if (*found >= 0)
        return 0;
    CLEANUP(buffer_free) struct buffer list = {0};
    char storage[QUOTED_MAX];
    for (size_t i = 0; i < count; i++)
        if (words[i])
            buffer_printf(&list, "%s\"%s\"", list.size ? ", " : "", words[i]);
    if (buffer_check(&list, err) < 0)
        return -1;
    return error_set(err, ERROR_INPUT, "%s: \"%s\" is none of %s", place->text, text_quotable(text, storage),
                     list.data);
}

int value_number(const json_t *value, int64_t least, int64_t most, const struct json_place *place, int64_t *number,
                 struct error *err) {
    if (!json_is_integer(value))
        return error_set(err, ERROR_INPUT, "%s is %s: it must be a whole number", place->text,
                         json_is_real(value) ? "a fraction" : json_type_name(value));
    if (json_integer_value(value) < least || json_integer_value(value) > most)
        return error_set(err, ERROR_INPUT, "%s: %" JSON_INTEGER_FORMAT " is not from %" PRId64 " to %" PRId64,
                         place->text, json_integer_value(value), least, most);
    *number = json_integer_value(value);
    return 0;
}

int value_pci_id(const json_t *value, const struct json_place *place, void *id, struct error *err) {
    const char *text = value_text(value, place, err);
    struct pci_id found = {0};
    char storage[QUOTED_MAX];
    if (!text)
        return -1;
    if (pci_id_parse(text, &found) < 0 || found.vendor == 0)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is no PCI ID: write vendor:device in hexadecimal, as 1002:1681",
                         place->text, text_quotable(text, storage));
    *(struct pci_id *)id = found;
    return 0;
}

json_t *value_write_pci_id(const void *id) {
    const struct pci_id *found = id;
    return json_sprintf("%04x:%04x", found->vendor, found->device);
}

static const struct {
    const char *name, *short_name;
    unsigned shift; /* from KiB */
} units[] = {{"KiB", "Ki", 0}, {"MiB", "Mi", 10}, {"GiB", "Gi", 20}, {"TiB", "Ti", 30}};
enum { UNIT_COUNT = sizeof(units) / sizeof(units[0]) };

/* Returns 0, or -1 for what is no size. */
static int parse_size(const char *text, uint64_t most, uint64_t *kib) {
    char *end;
    if (*text < '0' || *text > '9')
        return -1;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno)
        return -1;
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strcmp(end, units[i].name) != 0 && strcmp(end, units[i].short_name) != 0)
            continue;
        if (number > most >> units[i].shift)
            return -1;
        *kib = (uint64_t)number << units[i].shift;
        return 0;
    }
    return -1;
}

int value_size(const json_t *value, uint64_t most, const struct json_place *place, uint64_t *kib, struct error *err) {
    const char *text = value_text(value, place, err);
    char storage[QUOTED_MAX];
    if (!text)
        return -1;
    if (parse_size(text, most, kib) == 0)
        return 0;
    CLEANUP(json_decref) json_t *limit = value_write_size(most);
    if (!limit)
        return error_no_memory(err);
    return error_set(err, ERROR_INPUT, "%s: \"%s\" is no amount up to %s: write it as \"512GiB\"", place->text,
                     text_quotable(text, storage), json_string_value(limit));
}

json_t *value_write_size(uint64_t kib) {
    size_t unit = kib ? UNIT_COUNT - 1 : 0;
    while (unit > 0 && (kib & ((UINT64_C(1) << units[unit].shift) - 1)) != 0)
        unit--;
    return json_sprintf("%" PRIu64 "%s", kib >> units[unit].shift, units[unit].name);
}
