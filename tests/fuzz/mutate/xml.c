/* XML, scanned as far as it goes: what is not closed is left alone. */
#include <string.h>

#include "mutate.h"

enum { ELEMENTS_MAX = 256, ATTRIBUTES_MAX = 256, DEPTH_MAX = 64 };

/* Offsets in the document. */
struct element {
    size_t start, name_size; /* of its "<"; the name stands behind it */
    size_t inside, close;    /* behind its start tag; at its end tag, if it has one */
    size_t end;
};

struct attribute {
    size_t start, name_size, value, value_size; /* without the quotes */
};

struct document {
    struct element elements[ELEMENTS_MAX];
    struct attribute attributes[ATTRIBUTES_MAX];
    size_t element_count, attribute_count;
};

static bool is_space(uint8_t byte) {
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

static bool is_at(const struct input *input, size_t at, const char *text) {
    size_t size = strlen(text);
    return size <= input->size - at && memcmp(input->data + at, text, size) == 0;
}

/* Behind the next `text`, or the end. */
static size_t behind(const struct input *input, size_t at, const char *text) {
    while (at < input->size && !is_at(input, at, text))
        at++;
    return at < input->size ? at + strlen(text) : at;
}

static size_t name_end(const struct input *input, size_t at) {
    while (at < input->size && !is_space(input->data[at]) && !strchr("=/<>'\"", input->data[at]))
        at++;
    return at;
}

/* The attributes of a start tag from `at`. Returns behind its ">". */
static size_t scan_attributes(const struct input *input, size_t at, struct document *document) {
    while (at < input->size && input->data[at] != '>') {
        struct attribute attribute = {.start = at};
        size_t name = name_end(input, at);
        bool is_value = name > at && name + 1 < input->size && input->data[name] == '=' &&
                        (input->data[name + 1] == '"' || input->data[name + 1] == '\'');
        const uint8_t *end =
            is_value ? memchr(input->data + name + 2, input->data[name + 1], input->size - name - 2) : NULL;
        if (!end) {
            at = name > at ? name : at + 1;
            continue;
        }
        attribute.name_size = name - at;
        attribute.value = name + 2;
        attribute.value_size = (size_t)(end - input->data) - attribute.value;
        if (document->attribute_count < ATTRIBUTES_MAX)
            document->attributes[document->attribute_count++] = attribute;
        at = attribute.value + attribute.value_size + 1;
    }
    return at < input->size ? at + 1 : at;
}

static bool is_same_name(const struct input *input, size_t at, const struct element *element) {
    return memcmp(input->data + at, input->data + element->start + 1, element->name_size) == 0;
}

static void scan(const struct input *input, struct document *document) {
    struct element open[DEPTH_MAX];
    size_t depth = 0, at = 0;
    document->element_count = document->attribute_count = 0;
    while (at < input->size && document->element_count < ELEMENTS_MAX) {
        struct element element = {.start = at};
        if (input->data[at] != '<') {
            at++;
        } else if (is_at(input, at, "<!--")) {
            at = behind(input, at, "-->");
        } else if (is_at(input, at, "<!") || is_at(input, at, "<?")) {
            at = behind(input, at, ">");
        } else if (is_at(input, at, "</")) {
            size_t close = at;
            at = behind(input, at, ">");
            if (depth == 0)
                continue;
            element = open[--depth];
            if (at - close < element.name_size + 3 || !is_same_name(input, close + 2, &element))
                continue;
            element.close = close;
            element.end = at;
            document->elements[document->element_count++] = element;
        } else {
            element.name_size = name_end(input, at + 1) - (at + 1);
            at = scan_attributes(input, at + 1 + element.name_size, document);
            element.inside = element.close = element.end = at;
            if (at - element.start > 2 && input->data[at - 2] == '/')
                document->elements[document->element_count++] = element;
            else if (depth < DEPTH_MAX)
                open[depth++] = element;
        }
    }
}

static const struct element *any_element(struct mutation *mutation, const struct document *document) {
    return &document->elements[mutate_below(mutation, document->element_count)];
}

static const struct attribute *any_attribute(struct mutation *mutation, const struct document *document) {
    return &document->attributes[mutate_below(mutation, document->attribute_count)];
}

/* --- elements ---------------------------------------------------------------------------------------------------- */

typedef bool change_fn(struct mutation *mutation, struct input *input, const struct document *document);

static bool remove_element(struct mutation *mutation, struct input *input, const struct document *document) {
    const struct element *element = any_element(mutation, document);
    return input_replace(input, element->start, element->end - element->start, NULL, 0);
}

/* Behind itself, in another element, or before one. */
static bool copy_element(struct mutation *mutation, struct input *input, const struct document *document) {
    const struct element *element = any_element(mutation, document), *other = any_element(mutation, document);
    const size_t places[] = {element->end, other->start, other->inside < other->close ? other->close : other->end};
    return input_replace(input, places[mutate_below(mutation, 3)], 0, input->data + element->start,
                         element->end - element->start);
}

static bool move_element(struct mutation *mutation, struct input *input, const struct document *document) {
    const struct element *element = any_element(mutation, document), *other = any_element(mutation, document);
    size_t to = mutate_below(mutation, 2) ? other->start : other->close;
    if (to >= element->start && to <= element->end)
        return false;
    input_move(input, element->start, element->end - element->start, to);
    return true;
}

/* Like another element. The end tag first: it stands behind. */
static bool rename_element(struct mutation *mutation, struct input *input, const struct document *document) {
    const struct element *element = any_element(mutation, document), *other = any_element(mutation, document);
    uint8_t name[64];
    size_t size = other->name_size, old = element->name_size;
    if (size > sizeof(name) || (size > old && 2 * (size - old) > input->most - input->size))
        return false;
    memcpy(name, input->data + other->start + 1, size);
    if (element->close < element->end)
        input_replace(input, element->close + 2, old, name, size);
    return input_replace(input, element->start + 1, old, name, size);
}

static bool change_text(struct mutation *mutation, struct input *input, const struct document *document) {
    const struct element *element = any_element(mutation, document);
    if (element->close <= element->inside ||
        memchr(input->data + element->inside, '<', element->close - element->inside))
        return false;
    return mutate_part(mutation, input, element->inside, element->close - element->inside, mutate_bytes);
}

/* --- attributes -------------------------------------------------------------------------------------------------- */

static bool remove_attribute(struct mutation *mutation, struct input *input, const struct document *document) {
    const struct attribute *attribute = any_attribute(mutation, document);
    return input_replace(input, attribute->start, attribute->value + attribute->value_size + 1 - attribute->start, NULL,
                         0);
}

/* With the space before it, before another one, of another element as a rule. */
static bool copy_attribute(struct mutation *mutation, struct input *input, const struct document *document) {
    const struct attribute *attribute = any_attribute(mutation, document), *other = any_attribute(mutation, document);
    size_t start = attribute->start - 1;
    return input_replace(input, other->start - 1, 0, input->data + start,
                         attribute->value + attribute->value_size + 1 - start);
}

static bool copy_value(struct mutation *mutation, struct input *input, const struct document *document) {
    const struct attribute *attribute = any_attribute(mutation, document), *other = any_attribute(mutation, document);
    return input_replace(input, attribute->value, attribute->value_size, input->data + other->value, other->value_size);
}

static bool set_value(struct mutation *mutation, struct input *input, const struct document *document) {
    static const char *const values[] = {"",     "0",    "-1",  "1",     "0x0",        "0xff", "yes",
                                         "on",   "no",   "off", "65536", "4294967296", "pci",  "18446744073709551615",
                                         "mdev", "vfio", "none"};
    const struct attribute *attribute = any_attribute(mutation, document);
    const char *value = values[mutate_below(mutation, sizeof(values) / sizeof(values[0]))];
    return input_replace(input, attribute->value, attribute->value_size, value, strlen(value));
}

static bool change_value(struct mutation *mutation, struct input *input, const struct document *document) {
    const struct attribute *attribute = any_attribute(mutation, document);
    return mutate_part(mutation, input, attribute->value, attribute->value_size, mutate_bytes);
}

bool mutate_xml(struct mutation *mutation, struct input *input) {
    static change_fn *const of_elements[] = {remove_element, copy_element,   copy_element,
                                             move_element,   rename_element, change_text};
    static change_fn *const of_attributes[] = {remove_attribute, copy_attribute, copy_value,  copy_value,
                                               set_value,        change_value,   change_value};
    struct document document;
    scan(input, &document);
    if (document.attribute_count > 0 && mutate_below(mutation, 2))
        return of_attributes[mutate_below(mutation, 7)](mutation, input, &document);
    return document.element_count > 0 && of_elements[mutate_below(mutation, 6)](mutation, input, &document);
}
