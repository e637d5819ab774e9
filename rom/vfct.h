/* The ACPI table VFCT, in which AMD firmware hands VBIOS images to the operating system
 * (/sys/firmware/acpi/tables/VFCT). Pure.
 *
 * Format: Linux drivers/gpu/drm/amd/include/atombios.h (UEFI_ACPI_VFCT, VFCT_IMAGE_HEADER), read by amdgpu_bios.c
 * (amdgpu_acpi_vfct_bios); ACPI Specification 6.5, section 5.2.6 (the common header).
 */
#pragma once

#include "base/error.h"
#include "base/pci.h"
#include "base/text.h"

#define VFCT_IMAGES_MAX 16

struct vfct_image {
    size_t offset; /* of the image's bytes, from the table's start */
    size_t size;
    uint32_t bus, device, function; /* as the firmware numbered them: Linux trusts device and function, not the bus */
    struct pci_id id, subsystem;
    uint32_t revision;
};

struct vfct {
    struct vfct_image images[VFCT_IMAGES_MAX];
    size_t count;
    uint8_t sum; /* of the table's bytes; 0 is right, but another is no failure: Linux does not look at it either */
};

/* Reads the table's entries; those without image bytes are passed over, as Linux does. Bytes behind the length that the
 * table says are ignored. Fails with ERROR_INPUT, the offset in the message, when it is no VFCT, is truncated, or an
 * entry leads outside the table; *vfct has the entries before that. */
int vfct_parse(struct bytes table, struct vfct *vfct, struct error *err);
