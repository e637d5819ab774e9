/* What NVIDIA puts around a PCI option ROM. Pure: bytes in, structs out.
 *
 * Formats, read in NVIDIA's open-gpu-kernel-modules (kernel_gsp_fwsec.c, vbios parsing) and Linux's nova driver, tried
 * on a 999,424-byte dump of an RTX 3080 Laptop:
 *  - a raw flash dump starts with IFR front matter ("NVGI"); the option ROM stands behind it;
 *  - "NPDE", at the next 16 bytes behind PCIR, has the sub-image's own length and its own last-image bit: the public
 *    chain (PCIR) and the private chain (NPDE) end at different places;
 *  - private images start with "VN" (0x4e56) or 0xbb77 instead of 55 aa and have "NPDS" (or "RGIS") instead of "PCIR";
 *    an image as PCI has it may stand among them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pci.h"
#include "base/text.h"

struct nvidia_front {
    uint8_t version;   /* of the IFR: 1 to 3 */
    size_t total;      /* bytes that the IFR says it has */
    size_t rom_offset; /* where the option ROM's 55 aa should be */
};

/* Does the file start with NVGI front matter? Returns 1 and fills *front, 0 if it does not start with "NVGI", or -1
 * with ERROR_INPUT (the offset in the message) if it does, but the version is unknown or an indirection leads outside.
 * rom_offset lies inside; that an image stands there is for the caller to see. */
int nvidia_front_parse(struct bytes bytes, struct nvidia_front *front, struct error *err);

struct npde {
    size_t offset; /* of "NPDE", from the start of the file */
    uint16_t revision;
    uint16_t length;      /* of the structure */
    size_t image_size;    /* sub-image length, in bytes */
    bool has_last;        /* the structure is long enough (>= 0xb) to have the bit */
    bool last;            /* private-last: no private image follows */
    bool has_flags;       /* the structure is long enough (>= 0xc) */
    bool checksum_is_off; /* flag 0x04 */
};

/* The NPDE behind the PCIR structure at `pcir` (of `pcir_length` bytes) of the image that starts at `image`. Returns 1
 * and fills *npde, or 0 if there is none whole within the file, or of a revision other than 0x100 and 0x101. */
int nvidia_npde_parse(struct bytes bytes, size_t image, size_t pcir, size_t pcir_length, struct npde *npde);

/* An image of the private chain. */
struct nvidia_image {
    size_t offset, size;
    char signature[5]; /* of its data structure: "NPDS", "RGIS" or "PCIR" */
    struct pci_id id;
    uint8_t code_type; /* 0xe0: FwSec or an extension; 0x70: NBSI */
    bool last;         /* by NPDE where there is one, else by its own indicator */
    bool has_npde;
};

#define NVIDIA_IMAGES_MAX 16

struct nvidia_private {
    struct nvidia_image images[NVIDIA_IMAGES_MAX];
    size_t count;
    size_t end; /* behind the last image; `start` without any */
};

/* Walks the private chain that may start at `start`, where the public chain ends, until an image says it is the last,
 * or no further image starts there. Fails with ERROR_INPUT when an image is damaged or truncated; *found has those
 * before it. No image at all is no failure. */
int nvidia_private_parse(struct bytes bytes, size_t start, struct nvidia_private *found, struct error *err);
