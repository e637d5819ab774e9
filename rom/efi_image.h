/* The driver inside an EFI image of an option ROM, and whether UEFI firmware would load it. Pure.
 *
 * Rules: edk2 MdeModulePkg/Bus/Pci/PciBusDxe/PciOptionRomSupport.c (ProcessOpRomImage, LoadOpRomImage),
 * MdeModulePkg/Core/Dxe/Image.
 */
#pragma once

#include "rom/image.h"
#include "rom/pe.h"

/* What runs the VM. */
enum guest_machine {
    GUEST_ANY, /* unknown */
    GUEST_X86_64,
    GUEST_AARCH64,
};

/* "x86_64", "aarch64": as libvirt writes it. Anything else is GUEST_ANY. */
enum guest_machine guest_machine_parse(const char *arch);

/* A decompressed driver has at most this many bytes; real ones have less than 1 MiB. */
#define EFI_DRIVER_MAX (4u << 20)

/* The driver's bytes: a part of `bytes`, or of *storage (must be {0}; the caller frees it) where the image is
 * compressed. Fails with ERROR_INPUT, the offset in the message, or ERROR_LIMIT (memory). */
int efi_image_driver(struct bytes bytes, const struct rom_image *image, struct buffer *storage, struct bytes *driver,
                     struct error *err);

/* Does the image's PCIR structure stand on a 4-byte boundary of it? Of any code type: UEFI firmware reads no further
 * than the first image of which it does not. */
bool efi_image_is_aligned(const struct rom_image *image);

/* Would the UEFI firmware of such a guest load this EFI image? Returns 0, or -1 with the reason, the offset in it:
 * ERROR_INPUT where the image is damaged or its driver truncated, ERROR_REFUSED where it is whole but not for this
 * firmware (another machine, an application). IDs and checksums are not looked at: no UEFI firmware does. */
int efi_image_loads(struct bytes bytes, const struct rom_image *image, enum guest_machine guest, struct error *err);
