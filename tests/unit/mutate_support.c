#include "mutate_support.h"

enum { ROUNDS = 1000, ROOM_MAX = 8192 };

/* One byte becomes another, comes or goes. */
static size_t change_bytes(uint8_t *data, size_t size, size_t most) {
    static struct sequence sequence = {7};
    assert_true(size <= most);
    sequence.state = 7 + size; /* the same of the same */
    if (size < most && (size == 0 || sequence_below(&sequence, 3) == 0)) {
        data[size] = 'x';
        return size + 1;
    }
    data[sequence_below(&sequence, (uint32_t)size)] ^= 1;
    return size;
}

/* Into the buffer, from a copy that ends where its allocation does. */
static size_t mutated(mutate_fn *change, struct bytes from, size_t most, uint64_t seed, uint8_t out[ROOM_MAX],
                      bool *changed) {
    struct mutation mutation = {.state = seed, .bytes = change_bytes};
    struct input input = {.data = malloc(most), .size = from.size, .most = most};
    memcpy(input.data, from.data, from.size);
    *changed = change(&mutation, &input);
    assert_true(input.size <= most);
    if (!*changed) {
        assert_int_equal(input.size, from.size);
        assert_memory_equal(input.data, from.data, from.size);
    }
    memcpy(out, input.data, input.size);
    free(input.data);
    return input.size;
}

size_t count_whole(mutate_fn *change, struct bytes start, size_t most, bool (*is_whole)(struct bytes result)) {
    static uint8_t result[ROOM_MAX], again[ROOM_MAX], before[ROOM_MAX];
    size_t whole = 0, size = 0;
    assert_in_range(most, start.size, ROOM_MAX);
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        memcpy(before, result, size);
        struct bytes from = seed % 4 == 1 ? start : (struct bytes){before, size};
        bool changed;
        size = mutated(change, from, most, seed * UINT64_C(0x9e3779b97f4a7c15), result, &changed);
        assert_int_equal(mutated(change, from, most, seed * UINT64_C(0x9e3779b97f4a7c15), again, &changed), size);
        assert_memory_equal(again, result, size);
        whole += changed && is_whole((struct bytes){result, size});
    }
    return whole;
}
