#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool reserve(struct buffer *buffer, size_t more) {
    if (buffer->failed)
        return false;
    if (more < buffer->capacity - buffer->size)
        return true;
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity - buffer->size <= more) {
        if (capacity > SIZE_MAX / 2) {
            buffer->failed = true;
            return false;
        }
        capacity *= 2;
    }
    char *data = realloc(buffer->data, capacity);
    if (!data) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size) {
    if (!reserve(buffer, size))
        return;
    if (size)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void buffer_append_text(struct buffer *buffer, const char *text) {
    buffer_append(buffer, text, strlen(text));
}

void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments) {
    va_list again;
    if (!reserve(buffer, 0))
        return;
    size_t room = buffer->capacity - buffer->size;
    va_copy(again, arguments);
    int length = vsnprintf(buffer->data + buffer->size, room, format, arguments);
    if (length >= 0 && (size_t)length >= room && reserve(buffer, (size_t)length))
        length = vsnprintf(buffer->data + buffer->size, (size_t)length + 1, format, again);
    va_end(again);
    buffer->failed = buffer->failed || length < 0;
    if (!buffer->failed)
        buffer->size += (size_t)length;
    else
        buffer->data[buffer->size] = '\0'; /* no half of it */
}

void buffer_printf(struct buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(buffer, format, arguments);
    va_end(arguments);
}

void buffer_free(struct buffer *buffer) {
    free(buffer->data);
    *buffer = (struct buffer){0};
}

int buffer_check(const struct buffer *buffer, struct error *err) {
    return buffer->failed ? error_no_memory(err) : 0;
}

void text_ellipsis(char *text, size_t size) {
    size_t end = size - 4;
    while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
        end--;
    memcpy(text + end, "...", 4);
}

/* The size of the valid UTF-8 sequence at the start of `text`, or 0. RFC 3629, section 4. */
static size_t utf8_sequence(struct bytes text) {
    const uint8_t *c = text.data;
    if (c[0] < 0x80)
        return 1;
    size_t size = c[0] >= 0xC2 && c[0] <= 0xDF ? 2 : (c[0] & 0xF0) == 0xE0 ? 3 : c[0] >= 0xF0 && c[0] <= 0xF4 ? 4 : 0;
    if (size == 0 || size > text.size)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((c[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xF0 && c[1] < 0x90);
    bool surrogate = c[0] == 0xED && c[1] > 0x9F;
    bool too_large = c[0] == 0xF4 && c[1] > 0x8F;
    return overlong || surrogate || too_large ? 0 : size;
}

/* Domains and VMIs are ASCII nearly throughout: eight bytes at a time. */
static size_t skip_ascii(struct bytes text, size_t at) {
    uint64_t word;
    for (; text.size - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, text.data + at, sizeof(word));
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    return at;
}

size_t utf8_valid_prefix(struct bytes text) {
    size_t at = 0;
    while ((at = skip_ascii(text, at)) < text.size) {
        size_t step = utf8_sequence((struct bytes){text.data + at, text.size - at});
        if (step == 0)
            break;
        at += step;
    }
    return at;
}

char *utf8_sanitise(const char *text) {
    char *copy = strdup(text);
    if (!copy)
        return NULL;
    size_t at = 0, size = strlen(copy);
    while ((at += utf8_valid_prefix((struct bytes){(uint8_t *)copy + at, size - at})) < size)
        copy[at++] = '?';
    return copy;
}

/* How many bytes at `at` must not be printed: 0 for a character that may. */
static size_t unprintable(const uint8_t *at, size_t left) {
    static const char *const unfit[] = {"\u200e", "\u200f", "\u202a",       "\u202b",      "\u202c", "\u202d",
                                        "\u202e", "\u2066", "\u2067",       "\u2068",      "\u2069", "\u2028",
                                        "\u2029", "\ufeff", "\xef\xbf\xbe", "\xef\xbf\xbf"};
    size_t size = utf8_sequence((struct bytes){at, left});
    if (size == 0)
        return 1;
    if (size == 1)
        return at[0] < ' ' || at[0] == 0x7f;
    if (size == 2)
        return at[0] == 0xc2 && at[1] < 0xa0 ? size : 0;
    for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++)
        if (size == 3 && memcmp(at, unfit[i], size) == 0)
            return size;
    return 0;
}

void text_make_printable(char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        if (*text >= ' ' && *text < 0x7f) { /* nearly all of them */
            text++;
            left--;
            continue;
        }
        size_t bad = unprintable((const uint8_t *)text, left);
        memset(text, '?', bad);
        size_t step = bad ? bad : utf8_sequence((struct bytes){(const uint8_t *)text, left});
        text += step;
        left -= step;
    }
}

bool text_is_printable(const char *text) {
    size_t left = strlen(text);
    for (size_t step; left > 0; text += step, left -= step) {
        if (unprintable((const uint8_t *)text, left))
            return false;
        step = utf8_sequence((struct bytes){(const uint8_t *)text, left});
    }
    return true;
}

const char *text_quotable(const char *text, char storage[QUOTED_MAX]) {
    size_t most = QUOTED_MAX - sizeof("...");
    size_t size = strnlen(text, most + 1);
    memcpy(storage, text, size);
    storage[size] = '\0';
    if (size > most)
        text_ellipsis(storage, QUOTED_MAX);
    text_make_printable(storage);
    return storage;
}

int text_choice(const char *name, const char *const *choices, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (choices[i] && strcmp(name, choices[i]) == 0)
            return (int)i;
    return -1;
}

bool text_is_file_name(const char *text, size_t most) {
    size_t size = strlen(text);
    if (size == 0 || size > most || text[0] == '.')
        return false;
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            return false;
    return true;
}

bool text_is_uuid(const char *text) {
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(text) != strlen(form))
        return false;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == '-' ? text[i] != '-' : !strchr("0123456789abcdefABCDEF", text[i]))
            return false;
    return true;
}

int text_parse_hex(const char *text, size_t most, uint32_t *value) {
    uint32_t parsed = 0;
    size_t digits = 0;
    for (; text[digits]; digits++) {
        if (digits == most || !isxdigit((unsigned char)text[digits]))
            return -1;
        char c = (char)tolower((unsigned char)text[digits]);
        parsed = parsed << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    if (digits == 0)
        return -1;
    *value = parsed;
    return 0;
}
