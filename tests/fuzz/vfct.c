/* Any bytes as the ACPI table VFCT: refused as bad input, or images that lie inside it, one behind the other. */
#include "rom/vfct.h"
#include "rom/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes bytes = {data, size};
    struct error err = {0};
    struct vfct vfct;
    int result = vfct_parse(bytes, &vfct, &err);
    if ((result < 0) != (err.code == ERROR_INPUT) || vfct.count > VFCT_IMAGES_MAX)
        __builtin_trap();
    size_t behind = 0;
    for (size_t i = 0; i < vfct.count; i++) {
        const struct vfct_image *image = &vfct.images[i];
        if (image->size == 0 || image->offset < behind || !span_holds(bytes, image->offset, image->size))
            __builtin_trap();
        behind = image->offset + image->size;
    }
    return 0;
}
