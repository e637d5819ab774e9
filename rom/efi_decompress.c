#include "rom/efi_decompress.h"

#include <string.h>

#include "rom/span.h"

/* The numbers of the format: UEFI Specification 2.10, section 19.2. */
enum {
    HEADER_COMPRESSED_SIZE = 0x0,
    HEADER_ORIGINAL_SIZE = 0x4,
    HEADER_SIZE = 0x8,

    CODE_LENGTH_MAX = 16,
    SYMBOLS = 510,         /* "Char&Len": 256 bytes, 254 match lengths */
    LENGTH_SYMBOLS = 19,   /* "Extra": the lengths of the codes of the former */
    POSITION_SYMBOLS = 14, /* an offset window of 8 KiB */
    SYMBOLS_BITS = 9,      /* width of a count of the three */
    LENGTH_SYMBOLS_BITS = 5,
    POSITION_SYMBOLS_BITS = 4,

    FIRST_MATCH = 256, /* the symbol of the shortest match */
    MATCH_MIN = 3,
    RUN_AFTER_LENGTHS = 3, /* "Extra" has a count of zeros behind its third length */
    NO_RUN = -1,
};

/* A code as a canonical Huffman code is: shorter codes first, and symbols in their order within a length. */
struct code {
    bool is_empty;                       /* no bits: every symbol is symbols[0] */
    uint16_t count[CODE_LENGTH_MAX + 1]; /* symbols that have this length; [0] is unused */
    uint16_t symbols[SYMBOLS];           /* those with a length, in the order of their codes */
};

struct decoder {
    struct bytes from; /* what the header says is compressed */
    size_t at;         /* the next bit of it */
    bool overran;      /* more bits were taken than there are */
    struct code extra, symbols, positions;
    uint8_t *out;
    size_t written, size;
};

static int damaged(const struct decoder *decoder, struct error *err, const char *what) {
    return error_set(err, ERROR_INPUT, "compressed data, at its 0x%zx: %s", HEADER_SIZE + decoder->at / 8,
                     decoder->overran ? "it ends too early" : what);
}

/* The next bits, most significant first; zeros behind the end. count <= 16. */
static uint32_t peek_bits(const struct decoder *decoder, unsigned count) {
    size_t byte = decoder->at / 8;
    uint32_t window = (uint32_t)span_u8(decoder->from, byte) << 16 | (uint32_t)span_u8(decoder->from, byte + 1) << 8 |
                      span_u8(decoder->from, byte + 2);
    return window >> (24 - decoder->at % 8 - count) & ((1u << count) - 1);
}

static void skip_bits(struct decoder *decoder, unsigned count) {
    size_t left = decoder->from.size * 8 - decoder->at;
    decoder->overran |= count > left;
    decoder->at += count > left ? left : count;
}

static uint32_t take_bits(struct decoder *decoder, unsigned count) {
    uint32_t bits = peek_bits(decoder, count);
    skip_bits(decoder, count);
    return bits;
}

static void make_empty_code(struct code *code, uint32_t symbol) {
    *code = (struct code){.is_empty = true};
    code->symbols[0] = (uint16_t)symbol;
}

/* Returns false when the lengths leave bit patterns without a symbol or give some to two: every pattern that
 * take_symbol meets then has exactly one. */
static bool make_code(struct code *code, const uint8_t *lengths, size_t count) {
    *code = (struct code){0};
    for (size_t i = 0; i < count; i++)
        code->count[lengths[i]]++;
    uint32_t patterns = 0;
    uint16_t next[CODE_LENGTH_MAX + 1] = {0};
    for (unsigned length = 1; length <= CODE_LENGTH_MAX; length++) {
        patterns += (uint32_t)code->count[length] << (CODE_LENGTH_MAX - length);
        if (length < CODE_LENGTH_MAX)
            next[length + 1] = (uint16_t)(next[length] + code->count[length]);
    }
    for (size_t i = 0; i < count; i++)
        if (lengths[i])
            code->symbols[next[lengths[i]]++] = (uint16_t)i;
    return patterns == 1u << CODE_LENGTH_MAX;
}

static uint32_t take_symbol(struct decoder *decoder, const struct code *code) {
    if (code->is_empty)
        return code->symbols[0];
    uint32_t bits = peek_bits(decoder, CODE_LENGTH_MAX);
    uint32_t first = 0, index = 0; /* the first code of this length, and its symbol's place */
    for (unsigned length = 1; length <= CODE_LENGTH_MAX; length++) {
        uint32_t value = bits >> (CODE_LENGTH_MAX - length);
        if (value - first < code->count[length]) {
            skip_bits(decoder, length);
            return code->symbols[index + value - first];
        }
        index += code->count[length];
        first = (first + code->count[length]) << 1;
    }
    return 0; /* not reached: make_code leaves no pattern without a symbol */
}

/* 3 bits; 7 goes on with a 1 for each further unit and ends with a 0. */
static uint32_t take_code_length(struct decoder *decoder) {
    uint32_t length = take_bits(decoder, 3);
    if (length == 7)
        while (length <= CODE_LENGTH_MAX && take_bits(decoder, 1))
            length++;
    return length;
}

/* The "Extra" and the "Position" code: their lengths stand there as numbers. */
static int read_plain_code(struct decoder *decoder, struct code *code, unsigned width, size_t most, int run_after,
                           struct error *err) {
    uint8_t lengths[LENGTH_SYMBOLS] = {0};
    size_t count = take_bits(decoder, width);
    if (count > most)
        return damaged(decoder, err, "a code of too many symbols");
    if (count == 0) {
        uint32_t symbol = take_bits(decoder, width);
        if (symbol >= most)
            return damaged(decoder, err, "a symbol that does not exist");
        make_empty_code(code, symbol);
        return 0;
    }
    for (size_t i = 0; i < count;) {
        uint32_t length = take_code_length(decoder);
        if (length > CODE_LENGTH_MAX)
            return damaged(decoder, err, "a code of more than 16 bits");
        lengths[i++] = (uint8_t)length;
        if ((int)i == run_after)
            i += take_bits(decoder, 2);
    }
    return make_code(code, lengths, most) ? 0 : damaged(decoder, err, "a code that is no prefix code");
}

/* How many symbols without a code a symbol of "Extra" stands for; 0 if it is a length. */
static size_t take_run(struct decoder *decoder, uint32_t symbol) {
    switch (symbol) {
    case 0:
        return 1;
    case 1:
        return take_bits(decoder, 4) + 3;
    case 2:
        return take_bits(decoder, SYMBOLS_BITS) + 20;
    default:
        return 0;
    }
}

/* The "Char&Len" code: its lengths are written in the "Extra" code. */
static int read_symbols_code(struct decoder *decoder, struct error *err) {
    uint8_t lengths[SYMBOLS] = {0};
    size_t count = take_bits(decoder, SYMBOLS_BITS);
    if (count > SYMBOLS)
        return damaged(decoder, err, "a code of too many symbols");
    if (count == 0) {
        uint32_t symbol = take_bits(decoder, SYMBOLS_BITS);
        if (symbol >= SYMBOLS)
            return damaged(decoder, err, "a symbol that does not exist");
        make_empty_code(&decoder->symbols, symbol);
        return 0;
    }
    for (size_t i = 0; i < count;) {
        uint32_t symbol = take_symbol(decoder, &decoder->extra);
        size_t run = take_run(decoder, symbol);
        if (run > count - i)
            return damaged(decoder, err, "a run behind the last symbol");
        if (run == 0)
            lengths[i] = (uint8_t)(symbol - 2);
        i += run ? run : 1;
    }
    return make_code(&decoder->symbols, lengths, count) ? 0 : damaged(decoder, err, "a code that is no prefix code");
}

static int read_codes(struct decoder *decoder, struct error *err) {
    if (read_plain_code(decoder, &decoder->extra, LENGTH_SYMBOLS_BITS, LENGTH_SYMBOLS, RUN_AFTER_LENGTHS, err) < 0 ||
        read_symbols_code(decoder, err) < 0)
        return -1;
    return read_plain_code(decoder, &decoder->positions, POSITION_SYMBOLS_BITS, POSITION_SYMBOLS, NO_RUN, err);
}

static int copy_match(struct decoder *decoder, size_t length, struct error *err) {
    uint32_t symbol = take_symbol(decoder, &decoder->positions);
    size_t back = symbol < 2 ? symbol : (1u << (symbol - 1)) + take_bits(decoder, symbol - 1);
    if (back >= decoder->written)
        return damaged(decoder, err, "a match before the first byte");
    if (length > decoder->size - decoder->written)
        return damaged(decoder, err, "a match behind the last byte");
    /* Byte by byte: a match may overlap what it writes. */
    for (; length > 0; length--, decoder->written++)
        decoder->out[decoder->written] = decoder->out[decoder->written - back - 1];
    return 0;
}

/* Every symbol writes at least one byte, and a block has at least one symbol: that bounds the time. */
static int decode_block(struct decoder *decoder, struct error *err) {
    uint32_t count = take_bits(decoder, 16);
    if (count == 0)
        return damaged(decoder, err, "a block of no symbols");
    if (read_codes(decoder, err) < 0)
        return -1;
    for (; count > 0 && decoder->written < decoder->size; count--) {
        uint32_t symbol = take_symbol(decoder, &decoder->symbols);
        if (symbol < FIRST_MATCH)
            decoder->out[decoder->written++] = (uint8_t)symbol;
        else if (copy_match(decoder, symbol - FIRST_MATCH + MATCH_MIN, err) < 0)
            return -1;
        if (decoder->overran)
            break;
    }
    return decoder->overran ? damaged(decoder, err, "") : 0;
}

int efi_decompress_size(struct bytes compressed, size_t limit, size_t *original, struct error *err) {
    if (!span_holds(compressed, 0, HEADER_SIZE))
        return error_set(err, ERROR_INPUT, "compressed data, at its 0x0: its header of 8 bytes ends at 0x%zx",
                         compressed.size);
    size_t size = span_u32(compressed, HEADER_COMPRESSED_SIZE);
    if (!span_holds(compressed, HEADER_SIZE, size))
        return error_set(err, ERROR_INPUT, "compressed data, at its 0x0: its header says %zu bytes, there are %zu",
                         size, compressed.size - HEADER_SIZE);
    *original = span_u32(compressed, HEADER_ORIGINAL_SIZE);
    if (*original > limit)
        return error_set(err, ERROR_INPUT, "compressed data, at its 0x4: an original size of %zu bytes, more than %zu",
                         *original, limit);
    return 0;
}

int efi_decompress(struct bytes compressed, size_t limit, struct buffer *out, struct error *err) {
    size_t size;
    if (efi_decompress_size(compressed, limit, &size, err) < 0)
        return -1;
    struct decoder decoder = {
        .from = {compressed.data + HEADER_SIZE, span_u32(compressed, HEADER_COMPRESSED_SIZE)},
        .size = size,
    };
    CLEANUP(free) uint8_t *data = malloc(size + 1);
    if (!data)
        return error_no_memory(err);
    decoder.out = data;
    while (decoder.written < decoder.size)
        if (decode_block(&decoder, err) < 0)
            return -1;
    data[size] = '\0';
    *out = (struct buffer){.data = (char *)TAKE_PTR(data), .size = size, .capacity = size + 1};
    return 0;
}
