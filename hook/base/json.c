#include "base/json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Where jansson's buffer for a string cannot grow it goes on, and then reads and writes beyond it (load.c,
 * lex_scan_string). So that buffer always gets memory: this, while a text is parsed. The buffer has 16 bytes and is
 * doubled (strbuffer.c), all together less than four times the text; what else has such a size is a string, and all of
 * these are no more than the text. */
static _Thread_local struct {
    char *start;
    size_t size, used;
} reserve;

enum { BUFFER_LEAST = 32, RESERVE_LEAST = 256, RESERVE_TIMES = 8 };

static void *allocate(size_t size) {
    void *memory = memory_allocate(size);
    const bool may_be_buffer = size >= BUFFER_LEAST && (size & (size - 1)) == 0;
    if (memory || !may_be_buffer || size > reserve.size - reserve.used)
        return memory;
    memory = reserve.start + reserve.used;
    reserve.used += size;
    return memory;
}

static void give_back(void *memory) {
    if (!reserve.start || (uintptr_t)memory - (uintptr_t)reserve.start >= reserve.size)
        memory_free(memory);
}

/* NULL without memory. */
static json_t *load(struct bytes text, size_t flags, json_error_t *problem) {
    const size_t size = RESERVE_LEAST + RESERVE_TIMES * text.size;
    CLEANUP(free) char *start = text.size < SIZE_MAX / RESERVE_TIMES - RESERVE_LEAST ? memory_allocate(size) : NULL;
    if (!start)
        return NULL;
    const size_t failures = memory_failures();
    reserve.start = start;
    reserve.size = size;
    reserve.used = 0;
    CLEANUP(json_decref) json_t *value = json_loadb((const char *)text.data, text.size, flags, problem);
    if (memory_failures() != failures) { /* parts of it may be in the reserve */
        json_decref(value);
        value = NULL;
    }
    reserve.start = NULL;
    reserve.size = 0;
    return TAKE_PTR(value);
}

void json_setup(void) {
    json_set_alloc_funcs(allocate, give_back);
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
    CLEANUP(json_decref) json_t *value = load(text, flags, &problem);
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
