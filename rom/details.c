#include "rom/details.h"

#include "rom/span.h"

static void read_list(struct bytes bytes, const struct rom_image *image, struct rom_details *details) {
    size_t *count = &details->listed_count;
    for (uint16_t device; *count < ROM_LISTED_MAX && (device = rom_image_listed(bytes, image, *count)) != 0;)
        details->listed[(*count)++] = device;
    struct bytes within = {bytes.data, image->offset + image->size};
    bool has_end =
        rom_image_listed(bytes, image, *count) == 0 && span_holds(within, image->device_list + 2 * *count, 2);
    details->list_goes_on = image->device_list && !has_end;
}

static void read_driver(struct bytes bytes, const struct rom_image *image, struct rom_details *details) {
    CLEANUP(buffer_free) struct buffer storage = {0};
    struct bytes driver;
    if (efi_image_driver(bytes, image, &storage, &driver, &details->driver_problem) < 0)
        return;
    details->driver_size = driver.size;
    pe_parse(driver, &details->pe, &details->driver_problem);
}

void rom_details(struct bytes bytes, const struct rom_image *image, struct rom_details *details) {
    struct bytes own = rom_image_bytes(bytes, image);
    *details = (struct rom_details){0};
    read_list(bytes, image, details);
    details->has_npde = nvidia_npde_parse(bytes, image->offset, image->pcir, image->pcir_length, &details->npde) > 0;
    if (image->code_type == ROM_CODE_EFI) {
        read_driver(bytes, image, details);
        return;
    }
    details->has_atom = atom_parse(own, &details->atom);
    details->has_vbt = vbt_find(own, &details->vbt);
    details->vbt.offset += image->offset;
    details->atom.header += image->offset;
}

const char *rom_code_type_name(uint8_t code_type) {
    static const struct {
        uint8_t code_type;
        const char *name;
    } names[] = {
        {ROM_CODE_X86, "x86"},
        {ROM_CODE_OPEN_FIRMWARE, "open-firmware"},
        {ROM_CODE_PA_RISC, "pa-risc"},
        {ROM_CODE_EFI, "efi"},
        {0x70, "nbsi"},
        {0xe0, "fwsec"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].code_type == code_type)
            return names[i].name;
    return NULL;
}
