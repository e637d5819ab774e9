#include "config/option_table.h"

#include <string.h>

static void *option_of(const struct option_row *row, const void *options) {
    return (char *)options + row->offset;
}

bool options_given(const struct option_table *table, const void *options, size_t index) {
    const struct option_row *row = &table->rows[index];
    const char *option = option_of(row, options);
    for (size_t i = 0; i < row->size; i++)
        if (option[i])
            return true;
    return false;
}

void options_forget(const struct option_table *table, void *options, size_t index) {
    const struct option_row *row = &table->rows[index];
    memset(option_of(row, options), 0, row->size);
}

int options_parse(const struct option_table *table, json_t *object, const struct json_place *place, void *options,
                  struct error *err) {
    const char *known[OPTIONS_MAX + 1] = {0};
    struct options_said *said = options;
    for (size_t i = 0; i < table->count; i++)
        known[i] = table->rows[i].name;
    if (!json_is_object(object))
        return error_set(err, ERROR_INPUT, "%s is %s: it must be an object", place->text, json_type_name(object));
    if (json_only_keys(object, known, place, err) < 0)
        return error_see(err, "options.md#%s", table->section);
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        const json_t *value = json_object_get(object, row->name);
        struct json_place member = json_member(place, row->name);
        if (json_is_null(value))
            said->withdrawn |= 1u << i;
        else if (value && row->parse(value, &member, option_of(row, options), err) < 0)
            return error_see(err, "options.md#%s", row->name);
    }
    return 0;
}

void options_merge(const struct option_table *table, void *into, const void *from, uint8_t origin) {
    const struct options_said *said = from;
    struct options_said *result = into;
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        bool withdrawn = said->withdrawn & 1u << i, given = options_given(table, from, i);
        if (withdrawn) {
            options_forget(table, into, i);
            result->withdrawn |= 1u << i;
        } else if (given) {
            if (row->merge)
                row->merge(option_of(row, into), option_of(row, from));
            else
                memcpy(option_of(row, into), option_of(row, from), row->size);
            result->withdrawn &= ~(1u << i);
        }
        if (withdrawn || given)
            result->origin[i] = origin;
    }
}

json_t *options_to_json(const struct option_table *table, const void *options) {
    CLEANUP(json_decref) json_t *object = json_object();
    const struct options_said *said = options;
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        json_t *value = NULL;
        if (options_given(table, options, i))
            value = row->write(option_of(row, options));
        else if (said->withdrawn & 1u << i)
            value = json_null();
        else
            continue;
        if (json_object_set_new(object, row->name, value) < 0)
            return NULL;
    }
    return TAKE_PTR(object);
}
