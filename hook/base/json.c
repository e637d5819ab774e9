#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void json_setup(void) {
    json_set_alloc_funcs(memory_allocate, memory_free);
}

struct json_place json_member(const struct json_place *place, const char *key) {
    char storage[QUOTED_MAX];
    struct json_place member;
    const char *before = place ? place->text : "";
    size_t size = strlen(before);
    bool joined = size > 0 && before[size - 1] != ' ';
    snprintf(member.text, sizeof(member.text), "%s%s%s", before, joined ? "." : "", text_quotable(key, storage));
    return member;
}

struct json_place json_element(const struct json_place *place, size_t index) {
    struct json_place element;
    snprintf(element.text, sizeof(element.text), "%s[%zu]", place ? place->text : "", index);
    return element;
}

json_t *json_parse(struct bytes text, const char *what, enum json_strictness strictness, struct error *err) {
    if (text.size == 0) {
        error_set(err, ERROR_INPUT, "%s is empty", what);
        return NULL;
    }
    json_error_t problem;
    size_t flags = strictness == JSON_FOR_US ? JSON_REJECT_DUPLICATES : JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    const size_t failures = memory_failures();
    CLEANUP(json_decref) json_t *value = json_loadb((const char *)text.data, text.size, flags, &problem);
    /* Without memory jansson blames the text, or makes a string of what it had room for. */
    if (memory_failures() != failures)
        error_no_memory(err);
    else if (!value)
        error_set(err, ERROR_INPUT, "%s is not valid JSON: line %d, column %d: %s", what, problem.line, problem.column,
                  problem.text);
    else
        return TAKE_PTR(value);
    return NULL;
}

char *json_text(const json_t *value, size_t flags) {
    const size_t failures = memory_failures();
    CLEANUP(free) char *text = json_dumps(value, flags);
    return memory_failures() == failures ? TAKE_PTR(text) : NULL;
}

int json_only_keys(const json_t *object, const char *const *known, const struct json_place *place, struct error *err) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        const char *const *name = known;
        while (*name && strcmp(*name, key) != 0)
            name++;
        if (*name)
            continue;
        CLEANUP(buffer_free) struct buffer list = {0};
        for (name = known; *name; name++)
            buffer_printf(&list, "%s\"%s\"", name == known ? "" : ", ", *name);
        char storage[QUOTED_MAX];
        const char *where = place ? place->text : "";
        if (buffer_check(&list, err) < 0)
            return -1;
        return error_set(err, ERROR_INPUT, "%s%sunknown key \"%s\": known are %s", where, *where ? ": " : "",
                         text_quotable(key, storage), list.data);
    }
    return 0;
}

static int get_member(const json_t *object, const char *key, bool required, json_type type, const char *type_name,
                      const struct json_place *place, json_t **value, struct error *err) {
    struct json_place member = json_member(place, key);
    json_t *found = json_object_get(object, key);
    if (!found)
        return required ? error_set(err, ERROR_INPUT, "%s is missing: it must be %s", member.text, type_name) : 0;
    if (json_typeof(found) != type)
        return error_set(err, ERROR_INPUT, "%s is %s: it must be %s", member.text, json_type_name(found), type_name);
    *value = found;
    return 0;
}

int json_get_string(const json_t *object, const char *key, bool required, const struct json_place *place,
                    const char **value, struct error *err) {
    json_t *found = NULL;
    if (get_member(object, key, required, JSON_STRING, "a string", place, &found, err) < 0)
        return -1;
    if (found)
        *value = json_string_value(found);
    return 0;
}

int json_get_object(const json_t *object, const char *key, bool required, const struct json_place *place,
                    json_t **value, struct error *err) {
    return get_member(object, key, required, JSON_OBJECT, "an object", place, value, err);
}

int json_get_array(const json_t *object, const char *key, bool required, const struct json_place *place, json_t **value,
                   struct error *err) {
    return get_member(object, key, required, JSON_ARRAY, "an array", place, value, err);
}

const char *json_type_name(const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "nothing";
}
