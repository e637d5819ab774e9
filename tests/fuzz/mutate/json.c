/* JSON, by jansson: read, one value changed, written. */
#include <string.h>

#include "base/json.h"
#include "mutate.h"

/* The number of values in it, itself included. */
static size_t count_values(json_t *value) {
    size_t count = 1, i;
    const char *key;
    json_t *part;
    json_object_foreach(value, key, part) count += count_values(part);
    json_array_foreach(value, i, part) count += count_values(part);
    return count;
}

/* A value and where it stands. */
struct place {
    json_t *value, *in; /* NULL: it is the document */
    const char *key;
    size_t index;
};

/* The value of that number, counted as count_values does; *number is used up. */
static bool find(json_t *value, size_t *number, struct place *place) {
    size_t i;
    const char *key;
    json_t *part;
    if ((*number)-- == 0) {
        place->value = value;
        return true;
    }
    json_object_foreach(value, key, part) {
        struct place here = {.in = value, .key = key};
        if (find(part, number, &here)) {
            *place = here;
            return true;
        }
    }
    json_array_foreach(value, i, part) {
        struct place here = {.in = value, .index = i};
        if (find(part, number, &here)) {
            *place = here;
            return true;
        }
    }
    return false;
}

static struct place any_place(struct mutation *mutation, json_t *document) {
    size_t number = mutate_below(mutation, count_values(document));
    struct place place = {.value = document};
    find(document, &number, &place);
    return place;
}

/* Takes the reference to `value`, which may be NULL: the place's value goes. */
static void put(const struct place *place, json_t *value) {
    if (json_is_object(place->in))
        value ? json_object_set_new(place->in, place->key, value) : json_object_del(place->in, place->key);
    else if (json_is_array(place->in))
        value ? json_array_set_new(place->in, place->index, value) : json_array_remove(place->in, place->index);
    else
        json_decref(value);
}

static json_t *constant(struct mutation *mutation) {
    static const char *const values[] = {
        "null", "true", "false",    "0",     "-1",     "1e300",    "9223372036854775807", "\"\"",
        "[]",   "{}",   "\"auto\"", "\"0\"", "[null]", "\"none\"", "{\"a\": {}}"};
    return json_loads(values[mutate_below(mutation, sizeof(values) / sizeof(values[0]))], JSON_DECODE_ANY, NULL);
}

/* A string's own bytes; what is then no UTF-8 stays as it was. */
static json_t *changed_string(struct mutation *mutation, const json_t *text) {
    uint8_t bytes[512];
    size_t size = json_string_length(text);
    if (size > sizeof(bytes) / 2)
        return json_string("");
    memcpy(bytes, json_string_value(text), size);
    size = mutation->bytes(bytes, size, sizeof(bytes));
    json_t *changed = json_stringn((const char *)bytes, size);
    return changed ? changed : json_string("?");
}

/* An annotation is JSON in a string of JSON. */
static json_t *changed_document(struct mutation *mutation, const json_t *text) {
    uint8_t bytes[4096];
    struct input input = {bytes, json_string_length(text), sizeof(bytes)};
    if (input.size > sizeof(bytes) / 2)
        return NULL;
    memcpy(bytes, json_string_value(text), input.size);
    return mutate_json(mutation, &input) ? json_stringn((const char *)bytes, input.size) : NULL;
}

static void change(struct mutation *mutation, json_t *document) {
    struct place place = any_place(mutation, document), other = any_place(mutation, document);
    json_t *inner = json_is_string(place.value) ? changed_document(mutation, place.value) : NULL;
    if (inner) {
        put(&place, inner);
        return;
    }
    switch (mutate_below(mutation, 6)) {
    case 0:
        put(&place, NULL);
        return;
    case 1: /* under its own key, or behind, in another value */
        if (json_is_object(other.value) && place.key)
            json_object_set_new(other.value, place.key, json_deep_copy(place.value));
        else if (json_is_array(other.value))
            json_array_append_new(other.value, json_deep_copy(place.value));
        else
            put(&place, json_deep_copy(other.value));
        return;
    case 2:
        put(&place, json_deep_copy(other.value));
        return;
    case 3: /* another key for it */
        if (place.key && other.key && json_is_object(place.in)) {
            json_t *value = json_deep_copy(place.value);
            json_object_set_new(place.in, other.key, value);
            json_object_del(place.in, place.key);
        }
        return;
    case 4:
        put(&place, constant(mutation));
        return;
    default:
        put(&place, json_is_string(place.value) ? changed_string(mutation, place.value) : constant(mutation));
    }
}

bool mutate_json(struct mutation *mutation, struct input *input) {
    CLEANUP(json_decref)
    json_t *document = json_loadb((const char *)input->data, input->size, JSON_ALLOW_NUL, NULL);
    if (!document)
        return false;
    change(mutation, document);
    char *text = json_dumps(document, JSON_COMPACT);
    size_t size = text ? strlen(text) : 0;
    bool fits = text && size <= input->most;
    if (fits) {
        memcpy(input->data, text, size);
        input->size = size;
    }
    free(text);
    return fits;
}
