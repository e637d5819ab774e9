/* Untrusted bytes, read with one bounds rule. All PCI structures are little-endian. */
#pragma once

#include "base/text.h"

/* Do `size` bytes from `offset` lie inside? No sum that could wrap. */
static inline bool span_holds(struct bytes bytes, size_t offset, size_t size) {
    return offset <= bytes.size && size <= bytes.size - offset;
}

/* The value at offset; 0 outside, so check span_holds first where 0 means something. */
static inline uint8_t span_u8(struct bytes bytes, size_t offset) {
    return span_holds(bytes, offset, 1) ? bytes.data[offset] : 0;
}

static inline uint16_t span_u16(struct bytes bytes, size_t offset) {
    if (!span_holds(bytes, offset, 2))
        return 0;
    unsigned low = bytes.data[offset], high = bytes.data[offset + 1];
    return (uint16_t)(low | high << 8);
}

static inline uint32_t span_u32(struct bytes bytes, size_t offset) {
    return span_holds(bytes, offset, 4)
               ? (uint32_t)span_u16(bytes, offset) | (uint32_t)span_u16(bytes, offset + 2) << 16
               : 0;
}
