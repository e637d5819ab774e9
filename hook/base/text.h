/* Text and byte buffers. Nothing here knows what the text means. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Bytes that somebody else owns. `data` may be NULL only when `size` is 0; not NUL-terminated. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

/* A growing buffer of our own. Starts as {0}; buffer_free gives it back. After a failed append `failed` stays set and
 * later appends do nothing, so a writer may check once at the end. */
struct buffer {
    char *data;
    size_t size, capacity;
    bool failed;
};

void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
void buffer_free(struct buffer *buffer);

static inline void buffer_free_at(struct buffer *buffer) {
    buffer_free(buffer);
}

static inline struct bytes buffer_bytes(const struct buffer *buffer) {
    return (struct bytes){(const uint8_t *)buffer->data, buffer->size};
}

/* Returns 0, or -1 with err filled if an append failed for want of memory. */
int buffer_check(const struct buffer *buffer, struct error *err);

/* Ends a text that fills `size` bytes in "..." without leaving half a UTF-8 character before it. size >= 4. */
void text_ellipsis(char *text, size_t size);

/* The length of the longest valid UTF-8 prefix (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
size_t utf8_valid_prefix(struct bytes text);

/* Copies text into a fresh string in which every byte that is not valid UTF-8 has become '?'. NULL without memory; free
 * it. */
char *utf8_sanitise(const char *text);

/* Makes a text fit for a terminal and a log line, in place: '?' for every byte of what is not valid UTF-8, of control
 * characters (C0, DEL, C1: they drive terminals and start lines of their own), of those that turn the direction of
 * writing, of the line and paragraph separators (which end a comment in YAML 1.1, 4.2) and of what YAML does not take
 * (U+FEFF, U+FFFE, U+FFFF). */
void text_make_printable(char *text);

/* Would text_make_printable leave it alone? */
bool text_is_printable(const char *text);

/* A value quoted for a message: at most 64 bytes of it, printable as above, NUL-terminated in `storage`. */
#define QUOTED_MAX 68
const char *text_quotable(const char *text, char storage[QUOTED_MAX]);

/* The index of `name` among `count` choices, or -1. A choice may be NULL: an index that has no name. */
int text_choice(const char *name, const char *const *choices, size_t count);

/* The length that Kubernetes allows a container's name (an RFC 1123 label); ours keep to it. */
#define LABEL_MAX 63

/* Is text one to `most` characters of [A-Za-z0-9._-], not starting with a dot? Such a name is safe in a file name. */
bool text_is_file_name(const char *text, size_t most);

#define UUID_TEXT_MAX sizeof("5d307ca9-b3ef-428c-8861-06e72d69f223")

/* Is it a UUID in its usual form, of either case (RFC 9562, section 4)? */
bool text_is_uuid(const char *text);

/* Parses 1 to `most` hexadecimal digits (either case, no prefix), the whole text. Returns 0 or -1; no error is filled.
 */
int text_parse_hex(const char *text, size_t most, uint32_t *value);
