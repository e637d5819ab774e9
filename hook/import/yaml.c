#include "import/yaml.h"

#include <string.h>
#include <strings.h>

#define STEP 2

/* Would a reader take the plain word for a string, and for this one? */
static bool is_plain(const char *string) {
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(string, words[i]) == 0)
            return false;
    return strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", string[0]) && *string &&
           strspn(string, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-") == strlen(string);
}

static void append_scalar(struct buffer *text, const json_t *value) {
    if (json_is_string(value) && is_plain(json_string_value(value))) {
        buffer_append_text(text, json_string_value(value));
        return;
    }
    /* JSON's scalars are YAML's. */
    CLEANUP(free) char *json = json_text(value, JSON_ENCODE_ANY);
    if (json)
        buffer_append_text(text, json);
    else
        text->failed = true;
}

static void append_block(struct buffer *text, const char *string, int indent) {
    buffer_append_text(text, " |-\n");
    for (const char *line = string; *line;) {
        size_t size = strcspn(line, "\n");
        buffer_printf(text, "%*s%.*s\n", indent, "", (int)size, line);
        line += size + (line[size] == '\n');
    }
}

/* What stands behind a key or a dash. */
static void append_value(struct buffer *text, const json_t *value, int indent) {
    bool is_empty = (json_is_object(value) && json_object_size(value) == 0) ||
                    (json_is_array(value) && json_array_size(value) == 0);
    if (json_is_string(value) && strchr(json_string_value(value), '\n')) {
        append_block(text, json_string_value(value), indent + STEP);
    } else if (is_empty) {
        buffer_append_text(text, json_is_object(value) ? " {}\n" : " []\n");
    } else if (json_is_object(value) || json_is_array(value)) {
        buffer_append_text(text, "\n");
        yaml_append(text, value, indent + STEP);
    } else {
        buffer_append_text(text, " ");
        append_scalar(text, value);
        buffer_append_text(text, "\n");
    }
}

static void append_members(struct buffer *text, const json_t *object, int indent, bool in_line) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        buffer_printf(text, "%*s%s:", in_line ? 0 : indent, "", key);
        append_value(text, value, indent);
        in_line = false;
    }
}

void yaml_append(struct buffer *text, const json_t *value, int indent) {
    size_t i;
    json_t *element;
    if (json_is_object(value)) {
        append_members(text, value, indent, false);
        return;
    }
    json_array_foreach((json_t *)value, i, element) {
        buffer_printf(text, "%*s-", indent, "");
        if (json_is_object(element) && json_object_size(element)) {
            buffer_append_text(text, " ");
            append_members(text, element, indent + STEP, true);
        } else {
            append_value(text, element, indent);
        }
    }
}
