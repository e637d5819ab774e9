/* JSON that strangers wrote, read with jansson. Every error names the place: `bundle.json: roms[2].sha256: ...`. */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "base/text.h"

/* Once per process, before any thread starts and any JSON is made: want of memory is told by json_parse and json_text
 * only then. */
void json_setup(void);

static inline void json_decref_at(json_t **value) {
    json_decref(*value);
}

/* A place in a document, for messages: "roms[2].sha256". Values are cut when too deep to print. */
struct json_place {
    char text[160];
};

/* The place of member `key` of the object at `place`, and of element `index` of the array at `place`. `place` may be
 * NULL or empty: the top. One that ends in a space ("the VMI: ") is a prefix, joined without a dot. The key is quoted,
 * cleaned of control characters and cut when long. */
struct json_place json_member(const struct json_place *place, const char *key);
struct json_place json_element(const struct json_place *place, size_t index);

/* What is written for us is read strictly: a duplicate key is an error. What is written for others (the VMI) must only
 * be readable: \u0000, duplicate keys and numbers beyond 64 bits in parts that we do not look at are no business of
 * ours. */
enum json_strictness { JSON_FOR_US, JSON_OF_OTHERS };

/* Parses text, refusing anything behind the value. `what` names the document in messages. Returns a
 * new reference, or NULL with err filled: ERROR_INPUT, line and column in the message, or ERROR_LIMIT (memory). */
json_t *json_parse(struct bytes text, const char *what, enum json_strictness strictness, struct error *err);

/* The value as json_dumps writes it, which the caller frees. NULL without memory, where json_dumps may leave out a part
 * and go on. */
char *json_text(const json_t *value, size_t flags);

/* Fails with ERROR_INPUT unless every key of object is in `known` (NULL-terminated). The message quotes the key and
 * lists the known ones. */
int json_only_keys(const json_t *object, const char *const *known, const struct json_place *place, struct error *err);

/* Member `key` of object as a string that object owns. A missing key leaves *value alone and is an error only when
 * `required`; another type is always an error. */
int json_get_string(const json_t *object, const char *key, bool required, const struct json_place *place,
                    const char **value, struct error *err);

/* Member `key` as an object or an array that object owns; same rules. */
int json_get_object(const json_t *object, const char *key, bool required, const struct json_place *place,
                    json_t **value, struct error *err);
int json_get_array(const json_t *object, const char *key, bool required, const struct json_place *place, json_t **value,
                   struct error *err);

/* "a string", "an object", ...: for messages about a wrong type. */
const char *json_type_name(const json_t *value);
