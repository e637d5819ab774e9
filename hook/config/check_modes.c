#include "config/check_modes.h"

#include "config/option_value.h"

static const char *const words[] = {
    [CHECK_MODE_ENFORCE] = "enforce", [CHECK_MODE_WARN] = "warn", [CHECK_MODE_IGNORE] = "ignore"};

int check_modes_parse(const json_t *value, const struct json_place *place, struct check_modes *modes,
                      struct error *err) {
    const char *known[CHECK_COUNT + 1] = {0};
    for (enum check i = 0; i < CHECK_COUNT; i++)
        known[i] = check_name(i);
    if (!json_is_object(value))
        return error_set(err, ERROR_INPUT,
                         "%s is %s: it must be an object of checks, as {\"link\": \"ignore\"}, each \"enforce\", "
                         "\"warn\" or \"ignore\"",
                         place->text, json_type_name(value));
    if (json_only_keys(value, known, place, err) < 0)
        return -1;
    if (json_object_size(value) == 0)
        return error_set(err, ERROR_INPUT, "%s is empty: name a check, or leave it out", place->text);
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        const json_t *mode = json_object_get(value, check_name(i));
        struct json_place member = json_member(place, check_name(i));
        int word;
        if (!mode)
            continue;
        if (value_word(mode, words, sizeof(words) / sizeof(words[0]), &member, &word, err) < 0)
            return -1;
        modes->mode[i] = (uint8_t)word;
    }
    return 0;
}

json_t *check_modes_write(const struct check_modes *modes) {
    CLEANUP(json_decref) json_t *object = json_object();
    for (enum check i = 0; i < CHECK_COUNT; i++)
        if (modes->mode[i] != CHECK_MODE_UNSET &&
            json_object_set_new(object, check_name(i), json_string(words[modes->mode[i]])) < 0)
            return NULL;
    return TAKE_PTR(object);
}

void check_modes_merge(struct check_modes *into, const struct check_modes *from) {
    for (enum check i = 0; i < CHECK_COUNT; i++)
        if (from->mode[i] != CHECK_MODE_UNSET)
            into->mode[i] = from->mode[i];
}
