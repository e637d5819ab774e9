/* Any bytes as compressed data, as a driver, and as a ROM with EFI images: refused as bad input, or what comes out
 * keeps within its limits. */
#include <string.h>

#include "mutate/mutate.h"
#include "rom/efi_decompress.h"
#include "rom/efi_image.h"

enum { LIMIT = 1 << 20 };

static void decompress(struct bytes bytes) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct error err = {0};
    size_t size = 0;
    bool has_size = efi_decompress_size(bytes, LIMIT, &size, &err) == 0;
    error_clear(&err);
    if (efi_decompress(bytes, LIMIT, &out, &err) < 0) {
        if (err.code != ERROR_INPUT || out.data)
            __builtin_trap();
    } else if (!has_size || out.size != size || size > LIMIT || err.code != ERROR_NONE) {
        __builtin_trap();
    }
}

static void parse_driver(struct bytes bytes) {
    struct error err = {0};
    struct pe pe;
    if (pe_parse(bytes, &pe, &err) < 0 ? err.code != ERROR_INPUT : err.code != ERROR_NONE)
        __builtin_trap();
    if (err.code == ERROR_NONE && (pe.end < pe.signature || pe.end - pe.signature < pe.signature_size))
        __builtin_trap();
}

/* The driver must be a part of the image, or what was decompressed. */
static void take_driver(struct bytes bytes, const struct rom_image *image) {
    CLEANUP(buffer_free) struct buffer storage = {0};
    struct bytes driver;
    struct error err = {0};
    if (efi_image_driver(bytes, image, &storage, &driver, &err) < 0) {
        if (err.code != ERROR_INPUT)
            __builtin_trap();
        return;
    }
    bool is_inside = driver.data >= bytes.data + image->offset &&
                     driver.data + driver.size <= bytes.data + image->offset + image->size;
    if (storage.data ? driver.size != storage.size || driver.size > EFI_DRIVER_MAX : !is_inside)
        __builtin_trap();
    parse_driver(driver);
}

/* What is loaded is whole: firmware refuses a PE image that ends before its headers say so. */
static void check_whole(struct bytes bytes, const struct rom_image *image) {
    CLEANUP(buffer_free) struct buffer storage = {0};
    struct bytes driver;
    struct pe pe;
    if (efi_image_driver(bytes, image, &storage, &driver, NULL) < 0)
        __builtin_trap();
    bool is_te = memcmp(driver.data, "VZ", 2) == 0;
    if (!is_te && (pe_parse(driver, &pe, NULL) < 0 || pe.end > driver.size))
        __builtin_trap();
}

/* A guest of a known machine loads no more than one of which nothing is known. */
static void load(struct bytes bytes, const struct rom_image *image) {
    struct error any = {0};
    int loads = efi_image_loads(bytes, image, GUEST_ANY, &any);
    if (loads < 0 && any.code != ERROR_INPUT && any.code != ERROR_REFUSED)
        __builtin_trap();
    for (enum guest_machine guest = GUEST_X86_64; guest <= GUEST_AARCH64; guest++) {
        struct error err = {0};
        if (efi_image_loads(bytes, image, guest, &err) == 0 && loads < 0)
            __builtin_trap();
    }
    if (loads == 0)
        check_whole(bytes, image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes bytes = {data, size};
    struct error ignored = {0};
    struct rom rom;
    decompress(bytes);
    parse_driver(bytes);
    rom_parse(bytes, &rom, &ignored);
    for (size_t i = 0; i < rom.count; i++) {
        if (rom.images[i].code_type != ROM_CODE_EFI)
            continue;
        take_driver(bytes, &rom.images[i]);
        load(bytes, &rom.images[i]);
    }
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    return mutate_custom(mutate_rom, 0, size, (struct input){data, size, most}, seed);
}
