/* Intel's Video BIOS Table, which i915 and xe read. Pure.
 *
 * Format: Linux drivers/gpu/drm/i915/display/intel_vbt_defs.h (struct vbt_header, struct bdb_header), intel_bios.c
 * (intel_bios_is_valid_vbt).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct vbt {
    size_t offset; /* of "$VBT", from the start of `bytes` */
    char name[21]; /* "$VBT ALDERLAKE", trailing blanks cut, printable ASCII */
    uint16_t version;
    size_t size;          /* of the whole table */
    uint16_t bdb_version; /* of BIOS_DATA_BLOCK */
    uint8_t sum;          /* of all bytes; 0 is right (Linux does not look at it) */
};

/* Finds the first valid table on a 4-byte boundary: sizes and the BIOS_DATA_BLOCK lie inside. Returns false without
 * one. */
bool vbt_find(struct bytes bytes, struct vbt *vbt);
