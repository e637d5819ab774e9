/* The compression of EFI images in option ROMs. Pure: bytes in, bytes out.
 *
 * Format: UEFI Specification 2.10, section 19 ("EFI Compression Algorithm Specification"): u32 compressed size, u32
 * original size, then LZ77 with static Huffman codes in blocks; position codes of 4 bits (offset window 8 KiB). Checked
 * against edk2 (MdePkg/Library/BaseUefiDecompressLib), which is laxer: it takes codes that leave bit patterns unused,
 * blocks of no symbols, and a last match that goes on behind the original size.
 */
#pragma once

#include "base/error.h"
#include "base/text.h"

/* Reads the two sizes. Fails with ERROR_INPUT when the header or the compressed bytes do not lie inside, or the
 * original size exceeds `limit`. */
int efi_decompress_size(struct bytes compressed, size_t limit, size_t *original, struct error *err);

/* Decompresses into *out (must be {0}; the caller frees it), at most `limit` bytes. What stands behind the compressed
 * bytes (padding) is ignored. Fails with ERROR_INPUT on damaged data, ERROR_LIMIT without memory; *out is then
 * empty. Every input ends in time linear in its size and the original size. Any thread may call it. */
int efi_decompress(struct bytes compressed, size_t limit, struct buffer *out, struct error *err);
