/* Pieces of ROM files for the tests of the parsers in rom/: numbers, EFI drivers, EFI images, NVIDIA's structures. */
#pragma once

#include "support.h"

/* A copy that ends where its allocation ends, so that a read outside is found. The caller frees it. */
uint8_t *exact_copy(const void *data, size_t size);

/* Little-endian. */
void put16(uint8_t *at, size_t value);
void put32(uint8_t *at, size_t value);

/* Changes up to `most` random bytes below `size`. */
void damage_bytes(struct sequence *sequence, uint8_t *bytes, size_t size, uint32_t most);

/* Where pe_build puts things. */
enum {
    PE_COFF = 0x40,
    PE_OPTIONAL = 0x58,
    PE_SECTIONS = 0x148, /* in PE32+; in PE32 0x138 */
    PE_HEADERS_END = 0x170,
    PE_CODE = 0x200,
    PE_SIZE = 0x400,
};

/* A whole boot service driver with one section: PE32 for IA32, PE32+ for all others. Returns PE_SIZE. */
size_t pe_build(uint8_t out[PE_SIZE], uint16_t machine);

/* The only image of a ROM, `units` of 512 bytes, with this driver at IMAGE_DRIVER. Returns its size. */
size_t efi_build(uint8_t *out, struct bytes driver, size_t units, uint16_t machine, uint16_t compression);

/* Where nvidia_build puts things. */
enum { NVIDIA_DATA = 0x20, NVIDIA_NPDE = 0x40 };

/* An image of NVIDIA's of 512 bytes: `header` and `data` are its signatures, "VN" and "NPDS" for instance. It has an
 * NPDE of revision 0x100 and 0x10 bytes; both last bits are `last`. Returns 512. */
size_t nvidia_build(uint8_t out[512], const char *header, const char *data, uint8_t code_type, bool last);
