/* Any bytes as bundle.json: refused, or a manifest whose names are safe, and which is read again once it is written. */
#include <string.h>

#include "mutate/mutate.h"
#include "rom/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct manifest manifest;
    struct error err = {0};
    if (manifest_parse((struct bytes){data, size}, &manifest, &err) < 0) {
        if (err.code != ERROR_INPUT)
            __builtin_trap();
        return 0;
    }
    for (size_t i = 0; i < manifest.count; i++)
        if (strchr(manifest.roms[i].id, '/') || manifest.roms[i].file[0] == '/' ||
            strncmp(manifest.roms[i].file, "../", 3) == 0 || strstr(manifest.roms[i].file, "/../"))
            __builtin_trap();
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(manifest_free) struct manifest again = {0};
    if (manifest_write(&manifest, &text, &err) < 0 || manifest_parse(buffer_bytes(&text), &again, &err) < 0 ||
        again.count != manifest.count || again.profile_count != manifest.profile_count)
        __builtin_trap();
    manifest_free(&manifest);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    return mutate_custom(mutate_json, 0, size, (struct input){data, size, most}, seed);
}
