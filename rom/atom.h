/* AMD's ATOMBIOS tables in an x86 image, which the guest's amdgpu driver insists on. Pure.
 *
 * Format: Linux drivers/gpu/drm/amd/amdgpu/atom.c and amdgpu_bios.c (check_atom_bios), atombios.h
 * (ATOM_ROM_HEADER); strings as in radeon's and upp's readers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/pci.h"
#include "base/text.h"

struct atom {
    bool has_magic; /* " 761295520" at 0x30, without which amdgpu refuses to start */
    size_t header;  /* offset of ATOM_ROM_HEADER, from the image's start */
    struct pci_id subsystem;
    size_t command_table, data_table; /* offsets from the image's start */
    char part_number[64];             /* "102-RAPHAEL-008": printable ASCII, "" when unreadable */
    char date[16];                    /* "MM/DD/YY,HH:MM" as written: printable ASCII, "" when unreadable */
};

/* Finds the tables in `image`, which starts at its 55 aa, by the rule of Linux: u16 at 0x48 leads to a header with
 * "ATOM" or "MOTA" at 4. Returns false without them, or when the header does not lie inside. */
bool atom_parse(struct bytes image, struct atom *atom);

/* Offset of the byte that balances an ATOMBIOS image's checksum. */
enum { ATOM_CHECKSUM = 0x21 };
