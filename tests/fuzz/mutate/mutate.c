#include "mutate.h"

#include <stdlib.h>
#include <string.h>

/* xorshift, as tests/unit has it. */
uint32_t mutate_below(struct mutation *mutation, size_t limit) {
    mutation->state ^= mutation->state << 13;
    mutation->state ^= mutation->state >> 7;
    mutation->state ^= mutation->state << 17;
    return (uint32_t)((mutation->state >> 16) % limit);
}

bool input_replace(struct input *input, size_t at, size_t old, const void *with, size_t size) {
    if (size > old && size - old > input->most - input->size)
        return false;
    uint8_t *copy = malloc(size + 1); /* it may lie in what moves */
    if (!copy)
        return false;
    if (size > 0)
        memcpy(copy, with, size);
    memmove(input->data + at + size, input->data + at + old, input->size - at - old);
    memcpy(input->data + at, copy, size);
    input->size = input->size - old + size;
    free(copy);
    return true;
}

static void reverse(uint8_t *start, uint8_t *end) {
    while (end - start > 1) {
        uint8_t kept = *start;
        *start++ = *--end;
        *end = kept;
    }
}

void input_move(struct input *input, size_t from, size_t size, size_t to) {
    size_t first = from < to ? from : to, middle = from < to ? from + size : from, last = from < to ? to : from + size;
    reverse(input->data + first, input->data + middle);
    reverse(input->data + middle, input->data + last);
    reverse(input->data + first, input->data + last);
}

bool mutate_part(struct mutation *mutation, struct input *input, size_t at, size_t size, mutate_fn *change) {
    struct input part = {.size = size, .most = size + (input->most - input->size)};
    part.data = malloc(part.most + 1);
    if (!part.data)
        return false;
    memcpy(part.data, input->data + at, size);
    bool changed = change(mutation, &part) && input_replace(input, at, size, part.data, part.size);
    free(part.data);
    return changed;
}

bool mutate_bytes(struct mutation *mutation, struct input *input) {
    if (input->most == 0)
        return false;
    input->size = mutation->bytes(input->data, input->size, input->most);
    return true;
}
