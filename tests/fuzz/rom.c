/* Any bytes as a ROM: parsed without leaving them, and what is accepted has a chain inside them. */
#include "rom/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes bytes = {data, size};
    struct error err = {0};
    struct rom rom;
    if (rom_parse(bytes, &rom, &err) < 0) {
        if (err.code != ERROR_INPUT)
            __builtin_trap();
        return 0;
    }
    if (rom.count == 0 || rom.end == 0 || rom.end > size)
        __builtin_trap();
    for (enum firmware firmware = FIRMWARE_ANY; firmware <= FIRMWARE_UEFI; firmware++) {
        error_clear(&err);
        if (rom_judge(bytes, rom.images[0].id, firmware, &err) < 0 && err.code != ERROR_INPUT)
            __builtin_trap();
    }
    return 0;
}
