/* Protobuf's wire format (protobuf.dev, "Encoding"): fields of a number, a type and a content. */
#include <string.h>

#include "mutate.h"

enum {
    FIELDS_MAX = 64,
    VARINT = 0,
    FIXED64 = 1,
    LENGTH = 2,
    FIXED32 = 5,
    VARINT_SIZE = 10,
    HEAD_SIZE = 2 * VARINT_SIZE
};

struct field {
    size_t start, content, end;
    uint64_t number;
    unsigned type;
};

struct message {
    struct field fields[FIELDS_MAX];
    size_t count;
};

/* Returns behind it, or 0. */
static size_t read_varint(const struct input *input, size_t at, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; at < input->size && shift < 64; shift += 7) {
        uint8_t byte = input->data[at++];
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return at;
    }
    return 0;
}

static size_t write_varint(uint64_t value, uint8_t out[VARINT_SIZE]) {
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        out[size++] = (uint8_t)(value | 0x80);
    out[size++] = (uint8_t)value;
    return size;
}

static bool read_field(const struct input *input, size_t at, struct field *field) {
    uint64_t key, value = 0;
    field->start = at;
    if (!(at = read_varint(input, at, &key)))
        return false;
    field->number = key >> 3;
    field->type = key & 7;
    if (field->type == VARINT || field->type == LENGTH) {
        size_t behind = read_varint(input, at, &value);
        if (!behind)
            return false;
        field->content = field->type == LENGTH ? behind : at;
        field->end = behind;
    } else if (field->type == FIXED64 || field->type == FIXED32) {
        field->content = at;
        field->end = at + (field->type == FIXED64 ? 8 : 4);
        return field->end <= input->size;
    } else {
        return false;
    }
    if (field->type == LENGTH) {
        if (value > input->size - field->content)
            return false;
        field->end = field->content + value;
    }
    return true;
}

/* The whole input must be one: a text hardly is. */
static bool read_message(const struct input *input, struct message *message) {
    message->count = 0;
    for (size_t at = 0; at < input->size; at = message->fields[message->count++].end)
        if (message->count == FIELDS_MAX || !read_field(input, at, &message->fields[message->count]))
            return false;
    return message->count > 0;
}

/* What a content says of itself. */
static bool change_content(struct mutation *mutation, struct input *input) {
    struct message inner;
    if (mutate_below(mutation, 8) == 0)
        return mutate_bytes(mutation, input);
    if (input->size > 0 && input->data[0] == '<')
        return mutate_xml(mutation, input);
    if (input->size > 0 && input->data[0] == '{')
        return mutate_json(mutation, input);
    return read_message(input, &inner) ? mutate_wire(mutation, input) : mutate_bytes(mutation, input);
}

/* The field's head again, for another number or content of another size. */
static bool write_head(struct input *input, const struct field *field, uint64_t number, size_t size) {
    uint8_t head[HEAD_SIZE];
    size_t length = write_varint(number << 3 | field->type, head);
    if (field->type == LENGTH)
        length += write_varint(size, head + length);
    return input_replace(input, field->start, field->content - field->start, head, length);
}

static bool change_field(struct mutation *mutation, struct input *input, const struct field *field) {
    size_t size = field->end - field->content, before = input->size;
    if (field->type != LENGTH)
        return mutate_part(mutation, input, field->content, size, mutate_bytes);
    /* Room for a longer head is kept: then both changes are made, or none. */
    struct input narrow = *input;
    if (narrow.most - narrow.size < HEAD_SIZE)
        return false;
    narrow.most -= HEAD_SIZE;
    if (!mutate_part(mutation, &narrow, field->content, size, change_content))
        return false;
    input->size = narrow.size;
    return write_head(input, field, field->number, size + input->size - before);
}

bool mutate_wire(struct mutation *mutation, struct input *input) {
    struct message message;
    if (!read_message(input, &message))
        return false;
    const struct field *field = &message.fields[mutate_below(mutation, message.count)];
    const struct field *other = &message.fields[mutate_below(mutation, message.count)];
    size_t size = field->end - field->start;
    switch (mutate_below(mutation, 12)) {
    case 0:
        return input_replace(input, field->start, size, NULL, 0);
    case 1:
        return input_replace(input, other->end, 0, input->data + field->start, size);
    case 2:
        if (field == other)
            return false;
        input_move(input, field->start, size, other->start < field->start ? other->start : other->end);
        return true;
    case 3:
        return write_head(input, field, 1 + mutate_below(mutation, 6), field->end - field->content);
    default:
        return change_field(mutation, input, field);
    }
}
