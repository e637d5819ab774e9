/* Any bytes as NVIDIA's front matter, as NPDE behind a PCIR, and as a private chain: whatever is found lies inside. */
#include <string.h>

#include "rom/nvidia.h"
#include "rom/span.h"

static void parse_front(struct bytes bytes) {
    struct nvidia_front front;
    struct error err = {0};
    int found = nvidia_front_parse(bytes, &front, &err);
    bool is_front = bytes.size >= 4 && memcmp(bytes.data, "NVGI", 4) == 0;
    if (is_front != (found != 0) || (found < 0) != (err.code == ERROR_INPUT))
        __builtin_trap();
    if (found > 0 && (front.version < 1 || front.version > 3 || !span_holds(bytes, front.rom_offset, 2)))
        __builtin_trap();
}

static void parse_npde(struct bytes bytes, size_t image) {
    size_t pcir = image + span_u16(bytes, image + 0x18), pcir_length = span_u16(bytes, pcir + 0x0a);
    struct npde npde;
    if (!nvidia_npde_parse(bytes, image, pcir, pcir_length, &npde))
        return;
    if (!span_holds(bytes, npde.offset, npde.length) || npde.offset < pcir + pcir_length ||
        npde.offset - (pcir + pcir_length) > 15 || (npde.offset - image) % 16 != 0)
        __builtin_trap();
    if ((npde.last && !npde.has_last) || (npde.checksum_is_off && !npde.has_flags))
        __builtin_trap();
}

static void parse_private(struct bytes bytes, size_t start) {
    struct nvidia_private found;
    struct error err = {0};
    int result = nvidia_private_parse(bytes, start, &found, &err);
    if ((result < 0) != (err.code == ERROR_INPUT) || found.count > NVIDIA_IMAGES_MAX)
        __builtin_trap();
    size_t at = start;
    for (size_t i = 0; i < found.count; i++) {
        const struct nvidia_image *image = &found.images[i];
        if (image->offset != at || image->size == 0 || !span_holds(bytes, at, image->size) ||
            strlen(image->signature) != 4 || (image->last && i + 1 < found.count))
            __builtin_trap();
        at += image->size;
    }
    if (found.end != at)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes bytes = {data, size};
    static const size_t starts[] = {0, 512, 1024};
    parse_front(bytes);
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        parse_npde(bytes, starts[i]);
        parse_private(bytes, starts[i]);
    }
    return 0;
}
