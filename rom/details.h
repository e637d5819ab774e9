/* What an image of a ROM holds beyond its headers, for people who look into it. Pure. */
#pragma once

#include "rom/atom.h"
#include "rom/efi_image.h"
#include "rom/layout.h"
#include "rom/vbt.h"

#define ROM_LISTED_MAX 64

/* All offsets are from the start of the file. */
struct rom_details {
    uint16_t listed[ROM_LISTED_MAX]; /* PCIR's device list, up to its end mark */
    size_t listed_count;
    bool list_goes_on; /* it is longer, or has no end mark within the image */

    bool has_npde, has_atom, has_vbt;
    struct npde npde;
    struct atom atom;
    struct vbt vbt;

    /* EFI images */
    struct error driver_problem; /* why the driver cannot be read: ERROR_LIMIT, for want of memory; ERROR_NONE: the two
                                    below hold */
    size_t driver_size;          /* unpacked */
    struct pe pe;
};

/* Looks into an image that rom_parse found in `bytes`. */
void rom_details(struct bytes bytes, const struct rom_image *image, struct rom_details *details);

/* "x86", "efi", "open-firmware", "pa-risc", "nbsi", "fwsec", or NULL: of a code type. The last two are NVIDIA's. */
const char *rom_code_type_name(uint8_t code_type);
