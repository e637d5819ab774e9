/* What the targets share that put an annotation into a VMI. */
#pragma once

#include "base/json.h"

/* The bytes as a JSON text, which the caller frees; NULL: no annotation can be these bytes. */
static inline char *quoted(struct bytes annotation) {
    CLEANUP(json_decref) json_t *text = json_stringn((const char *)annotation.data, annotation.size);
    return text ? json_dumps(text, JSON_ENCODE_ANY) : NULL;
}
