/* A whole ROM file: what stands before the image chain, the chain, and what stands behind it. Pure.
 *
 * Firmware reads a chain that starts at offset 0 and nothing else. What people have in their hands is often more: a
 * dump of the card's flash chip, with the vendor's own structures around the chain.
 */
#pragma once

#include "rom/image.h"
#include "rom/nvidia.h"

enum rom_front {
    ROM_FRONT_NONE,      /* the chain starts at offset 0 */
    ROM_FRONT_NVGI,      /* NVIDIA's flash header */
    ROM_FRONT_AMD_FLASH, /* an AMD flash dump: AA 55 at 0, the VBIOS at 0x40000 */
    ROM_FRONT_OTHER,     /* something else before the first image that was found */
};

struct rom_layout {
    enum rom_front front;
    struct nvidia_front nvgi; /* with ROM_FRONT_NVGI: what it says; where the chain is says rom.start */

    struct rom rom;      /* the chain that firmware would read if it stood at offset 0; up to a defect */
    struct error defect; /* why the chain is not whole; ERROR_NONE where it is */

    /* An x86 image without PCIR whose bytes sum to 0, as ISA cards have and a few of QEMU's own: rom.count is then 0,
     * and no firmware takes it for a PCI device's ROM. */
    bool is_isa;
    size_t isa_size;

    struct nvidia_private hidden; /* images behind the chain of an NVIDIA card */
    struct error hidden_defect;

    size_t end;             /* behind all that was recognised */
    bool trailing_is_blank; /* what stands behind is all 00 or all FF, or there is nothing */
};

/* Reads a ROM file as far as it can be read: there is always an answer, see `defect`. */
void rom_layout(struct bytes bytes, struct rom_layout *layout);

/* "NVIDIA flash header (NVGI)", for people; NULL for ROM_FRONT_NONE. */
const char *rom_front_name(enum rom_front front);
