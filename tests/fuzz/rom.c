/* Any bytes as a ROM: parsed without leaving them, what is accepted has a chain inside them, and all can be judged. */
#include "mutate/mutate.h"
#include "rom/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes bytes = {data, size};
    struct error err = {0};
    struct rom rom;
    bool whole = rom_parse(bytes, &rom, &err) == 0;
    if (whole ? rom.count == 0 || rom.end == 0 || rom.end > size : err.code != ERROR_INPUT)
        __builtin_trap();
    for (enum firmware firmware = FIRMWARE_ANY; firmware <= FIRMWARE_UEFI; firmware++) {
        static struct rom_verdict verdict;
        const struct rom_purpose purpose = {.id = {0x1002, 0x1681}, .firmware = firmware};
        rom_judge(bytes, &purpose, &verdict);
        if (!whole && !findings_first(&verdict.findings, FINDING_ERROR))
            __builtin_trap();
    }
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    return mutate_custom(mutate_rom, 0, size, (struct input){data, size, most}, seed);
}
