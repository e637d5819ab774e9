#include "rom/details.h"

#include "rom/span.h"

static void read_list(struct bytes bytes, const struct rom_image *image, struct rom_details *details) {
    struct bytes within = {bytes.data, image->offset + image->size};
    if (image->device_list == 0)
        return;
    for (size_t at = image->device_list; span_u16(within, at) != 0; at += 2) {
        if (details->listed_count == ROM_LISTED_MAX) {
            details->list_goes_on = true;
            return;
        }
        details->listed[details->listed_count++] = span_u16(within, at);
    }
    details->list_goes_on = !span_holds(within, image->device_list + 2 * details->listed_count, 2);
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
