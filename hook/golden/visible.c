#include "golden/visible.h"

#include <string.h>

/* The length of the character at `at`, 0 when it is not valid UTF-8. */
static size_t character(const uint8_t *at, size_t left) {
    static const size_t lengths[16] = {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 3, 4};
    size_t size = lengths[*at >> 4];
    return size && size <= left && utf8_valid_prefix((struct bytes){at, size}) == size ? size : 0;
}

static bool is_printable(const uint8_t *at, size_t size) {
    char text[5] = {0};
    if (*at == '\t')
        return true;
    if (size == 0 || (size == 3 && at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe)) /* U+FFFE, U+FFFF: not in XML */
        return false;
    if (size == 3 && memcmp(at, "\u2028", 2) == 0 && (at[2] == 0xa8 || at[2] == 0xa9)) /* ends a line in YAML */
        return false;
    memcpy(text, at, size);
    return *at != '\0' && text_is_printable(text);
}

static void append(struct buffer *out, struct bytes text) {
    for (size_t at = 0; at < text.size;) {
        const uint8_t *here = text.data + at;
        size_t size = character(here, text.size - at);
        if (is_printable(here, size))
            buffer_append(out, here, size);
        else if (*here == '\r' || *here == '\n')
            buffer_append_text(out, *here == '\r' ? "\\r" : "\\n");
        else
            for (size_t i = 0; i < (size ? size : 1); i++)
                buffer_printf(out, "\\x%02x", here[i]);
        at += size ? size : 1;
    }
}

void visible_line(struct buffer *out, const char *text) {
    append(out, (struct bytes){(const uint8_t *)text, strlen(text)});
}

void visible_lines(struct buffer *out, const char *indent, struct bytes text) {
    for (size_t at = 0; at < text.size;) {
        const uint8_t *newline = memchr(text.data + at, '\n', text.size - at);
        size_t end = newline ? (size_t)(newline - text.data) : text.size;
        buffer_append_text(out, indent);
        append(out, (struct bytes){text.data + at, end - at});
        buffer_append_text(out, "\n");
        at = end + 1;
    }
}
