/* Mutators that know the form of an input: what they make of a whole document, message or ROM is mostly one again, so
 * that the fuzzer gets behind the parser. Pure: the same seed makes the same of the same input.
 *
 * A target that uses one defines LLVMFuzzerCustomMutator by mutate_custom.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What chance there is, and how bytes without a form are changed: libFuzzer's LLVMFuzzerMutate, which also knows the
 * dictionary, or a test's own. It returns the new size, at most `most`. */
struct mutation {
    uint64_t state; /* of the pseudo-random numbers; not 0 */
    size_t (*bytes)(uint8_t *data, size_t size, size_t most);
};

/* An input that is changed in place; `data` has room for `most` bytes. */
struct input {
    uint8_t *data;
    size_t size, most;
};

/* Makes one change. Returns false where there is nothing to change or no room; the input is then as it was. */
typedef bool mutate_fn(struct mutation *mutation, struct input *input);

mutate_fn mutate_xml;  /* elements, attributes and their values */
mutate_fn mutate_json; /* members, elements, keys and values; what is no JSON is left alone */
mutate_fn mutate_wire; /* a protobuf message: fields, of messages in it, too, whose lengths are kept right */
mutate_fn mutate_rom;  /* an option ROM: images, their header fields, where PCIR is; sums and last bits mostly right */

/* A number below `limit`, which is not 0. */
uint32_t mutate_below(struct mutation *mutation, size_t limit);

/* Replaces `old` bytes at `at` by others, which may lie in the input. Returns false where there is no room. */
bool input_replace(struct input *input, size_t at, size_t old, const void *with, size_t size);

/* Takes `size` bytes out at `from` and puts them before what stands at `to`, which is outside them. */
void input_move(struct input *input, size_t from, size_t size, size_t to);

/* Changes `size` bytes at `at` as an input of its own. */
bool mutate_part(struct mutation *mutation, struct input *input, size_t at, size_t size, mutate_fn *change);

/* As bytes without a form. */
mutate_fn mutate_bytes;

/* What LLVMFuzzerCustomMutator returns: the part of the input from `start` to `end` (the size: all of it) is changed
 * by `change`, or the whole input by libFuzzer. */
size_t mutate_custom(mutate_fn *change, size_t start, size_t end, struct input input, unsigned seed);
