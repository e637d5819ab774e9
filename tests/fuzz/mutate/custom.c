#include "mutate.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

size_t mutate_custom(mutate_fn *change, size_t start, size_t end, struct input input, unsigned seed) {
    struct mutation mutation = {.state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1, .bytes = LLVMFuzzerMutate};
    /* Bytes without a form find what is wrong with forms. */
    if (start >= end || end > input.size || mutate_below(&mutation, 3) == 0 ||
        !mutate_part(&mutation, &input, start, end - start, change))
        return LLVMFuzzerMutate(input.data, input.size, input.most);
    return input.size;
}
