#include "rom/verdict.h"

#include <string.h>

static const char *const firmware_names[] = {
    [FIRMWARE_ANY] = "any", [FIRMWARE_BIOS] = "bios", [FIRMWARE_UEFI] = "uefi"};

int firmware_parse(const char *name, enum firmware *firmware) {
    int found = text_choice(name, firmware_names, FIRMWARE_UEFI + 1);
    if (found < 0)
        return -1;
    *firmware = (enum firmware)found;
    return 0;
}

const char *firmware_name(enum firmware firmware) {
    return firmware_names[firmware];
}

/* SeaBIOS takes the first x86 image that names the device exactly; under UEFI the guest's driver reads it, and a device
 * list counts. Returns that image, or NULL with `other` set to an x86 image for something else, if there is one. */
static const struct rom_image *find_x86(struct bytes bytes, const struct rom *rom, struct pci_id id,
                                        enum firmware firmware, const struct rom_image **other) {
    for (size_t i = 0; i < rom->count; i++) {
        const struct rom_image *image = &rom->images[i];
        if (image->code_type != ROM_CODE_X86)
            continue;
        if (rom_image_names(bytes, image, id, firmware != FIRMWARE_BIOS))
            return image;
        *other = image;
    }
    return NULL;
}

/* Would UEFI firmware load this image? edk2's PciOptionRomSupport.c: the initialisation size lies within the image, the
 * subsystem is a boot or runtime driver, the machine is one that it can run. */
static int judge_efi_image(const struct rom_image *image, struct error *err) {
    enum { BOOT_SERVICE_DRIVER = 0x0b, RUNTIME_DRIVER = 0x0c, X64 = 0x8664, AARCH64 = 0xaa64, EBC = 0x0ebc };
    if (image->init_size == 0 || image->init_size > image->size)
        return error_set(err, ERROR_INPUT,
                         "EFI image at offset 0x%zx: initialisation size %zu exceeds the image's %zu bytes",
                         image->offset, image->init_size, image->size);
    if (image->efi_subsystem != BOOT_SERVICE_DRIVER && image->efi_subsystem != RUNTIME_DRIVER)
        return error_set(err, ERROR_INPUT, "EFI image at offset 0x%zx: subsystem 0x%x is no driver's", image->offset,
                         image->efi_subsystem);
    if (image->efi_machine != X64 && image->efi_machine != AARCH64 && image->efi_machine != EBC)
        return error_set(err, ERROR_INPUT, "EFI image at offset 0x%zx: machine 0x%04x is none that OVMF runs",
                         image->offset, image->efi_machine);
    return 0;
}

/* One good EFI image is enough; without one the first bad one's reason is the error. */
static int judge_efi(const struct rom *rom, bool *found, struct error *err) {
    struct error problem = {0};
    for (size_t i = 0; i < rom->count; i++) {
        if (rom->images[i].code_type != ROM_CODE_EFI)
            continue;
        struct error reason = {0};
        if (judge_efi_image(&rom->images[i], &reason) == 0) {
            *found = true;
            return 0;
        }
        if (problem.code == ERROR_NONE)
            problem = reason;
    }
    return problem.code == ERROR_NONE ? 0 : error_set(err, problem.code, "%s", problem.message);
}

int rom_judge(struct bytes bytes, struct pci_id id, enum firmware firmware, struct error *err) {
    struct rom rom;
    if (rom_parse(bytes, &rom, err) < 0)
        return -1;
    bool has_efi = false;
    if (judge_efi(&rom, &has_efi, err) < 0)
        return -1;

    const struct rom_image *other = NULL;
    const struct rom_image *x86 = find_x86(bytes, &rom, id, firmware, &other);
    if (!x86 && other)
        return error_set(err, ERROR_INPUT, "x86 image at offset 0x%zx is for %04x:%04x, not for %04x:%04x",
                         other->offset, other->id.vendor, other->id.device, id.vendor, id.device);
    if (x86 && x86->checksum != 0)
        return error_set(err, ERROR_INPUT, "x86 image at offset 0x%zx: its %zu bytes sum to 0x%02x instead of 0",
                         x86->offset, x86->init_size, x86->checksum);
    if (!x86 && !has_efi)
        return error_set(err, ERROR_INPUT, "it has neither an x86 nor an EFI image (first code type: %u)",
                         rom.images[0].code_type);
    if (!x86 && firmware == FIRMWARE_BIOS)
        return error_set(err, ERROR_INPUT, "it has only an EFI image, and this VM boots with SeaBIOS");
    return 0;
}
