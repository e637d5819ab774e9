#include "rom/efi_image.h"

#include <string.h>

#include "rom/efi_decompress.h"
#include "rom/span.h"

enum { COMPRESSION_NONE = 0, COMPRESSION_UEFI = 1 };

enum guest_machine guest_machine_parse(const char *arch) {
    static const char *const names[] = {[GUEST_X86_64] = "x86_64", [GUEST_AARCH64] = "aarch64"};
    int found = text_choice(arch, names, sizeof(names) / sizeof(names[0]));
    return found < 0 ? GUEST_ANY : (enum guest_machine)found;
}

/* What firmware copies ends with the initialisation size, and must lie in the image. */
static int check_sizes(const struct rom_image *image, struct error *err) {
    if (image->init_size == 0 || image->init_size > image->size)
        return error_set(err, ERROR_INPUT,
                         "EFI image at offset 0x%zx: initialisation size %zu exceeds the image's %zu bytes",
                         image->offset, image->init_size, image->size);
    if (image->efi_payload - image->offset >= image->init_size || image->efi_payload == image->offset)
        return error_set(err, ERROR_INPUT,
                         "EFI image at offset 0x%zx: its driver starts at 0x%zx, outside the %zu bytes of the image",
                         image->offset, image->efi_payload, image->init_size);
    return 0;
}

int efi_image_driver(struct bytes bytes, const struct rom_image *image, struct buffer *storage, struct bytes *driver,
                     struct error *err) {
    if (check_sizes(image, err) < 0)
        return -1;
    *driver = (struct bytes){bytes.data + image->efi_payload, image->offset + image->init_size - image->efi_payload};
    if (image->efi_compression == COMPRESSION_NONE)
        return 0;
    if (image->efi_compression != COMPRESSION_UEFI)
        return error_set(err, ERROR_INPUT, "EFI image at offset 0x%zx: compression %u is none that UEFI knows",
                         image->offset, image->efi_compression);
    struct error problem = {0};
    if (efi_decompress(*driver, EFI_DRIVER_MAX, storage, &problem) < 0)
        return error_set(err, problem.code, "EFI image at offset 0x%zx: its driver at 0x%zx cannot be decompressed: %s",
                         image->offset, image->efi_payload, problem.message);
    *driver = buffer_bytes(storage);
    return 0;
}

static bool guest_runs(enum guest_machine guest, uint16_t machine) {
    switch (machine) {
    case PE_MACHINE_X64:
    case PE_MACHINE_EBC: /* OVMF has an interpreter for EFI byte code */
        return guest != GUEST_AARCH64;
    case PE_MACHINE_AARCH64:
        return guest != GUEST_X86_64;
    default:
        return false;
    }
}

static int check_machine(const struct rom_image *image, const char *where, uint16_t machine, enum guest_machine guest,
                         struct error *err) {
    if (guest_runs(guest, machine))
        return 0;
    const char *name = pe_machine_name(machine);
    return error_set(err, ERROR_REFUSED, "EFI image at offset 0x%zx: %s machine 0x%04x%s%s%s is none that %s runs",
                     image->offset, where, machine, name ? " (" : "", name ? name : "", name ? ")" : "",
                     guest == GUEST_X86_64    ? "an x86_64 guest's OVMF"
                     : guest == GUEST_AARCH64 ? "an aarch64 guest's AAVMF"
                                              : "OVMF");
}

/* A driver that is no PE image may be a TE image, which firmware loads as well; those of neither kind it refuses. */
static int check_driver(struct bytes driver, const struct rom_image *image, enum guest_machine guest,
                        struct error *err) {
    struct pe pe;
    struct error problem = {0};
    if (driver.size >= 2 && memcmp(driver.data, "VZ", 2) == 0)
        return 0;
    if (pe_parse(driver, &pe, &problem) < 0)
        return error_set(err, ERROR_INPUT, "EFI image at offset 0x%zx: its driver at 0x%zx: %s", image->offset,
                         image->efi_payload, problem.message);
    if (pe.end > driver.size)
        return error_set(err, ERROR_INPUT,
                         "EFI image at offset 0x%zx: its driver at 0x%zx has %zu bytes, its headers say %zu: it is "
                         "truncated",
                         image->offset, image->efi_payload, driver.size, pe.end);
    return check_machine(image, "its driver's", pe.machine, guest, err);
}

bool efi_image_is_aligned(const struct rom_image *image) {
    return (image->pcir - image->offset) % 4 == 0;
}

int efi_image_loads(struct bytes bytes, const struct rom_image *image, enum guest_machine guest, struct error *err) {
    CLEANUP(buffer_free) struct buffer storage = {0};
    struct bytes driver;
    if (check_sizes(image, err) < 0)
        return -1;
    if (!efi_image_is_aligned(image))
        return error_set(
            err, ERROR_INPUT,
            "EFI image at offset 0x%zx: its PCIR structure at 0x%zx is not on a 4-byte boundary: OVMF stops "
            "there",
            image->offset, image->pcir);
    if (image->efi_subsystem != PE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER &&
        image->efi_subsystem != PE_SUBSYSTEM_EFI_RUNTIME_DRIVER)
        return error_set(err, ERROR_REFUSED, "EFI image at offset 0x%zx: subsystem 0x%x is no driver's", image->offset,
                         image->efi_subsystem);
    if (check_machine(image, "its", image->efi_machine, guest, err) < 0)
        return -1;
    return efi_image_driver(bytes, image, &storage, &driver, err) < 0 ? -1 : check_driver(driver, image, guest, err);
}
