/* Signatures in minisign's formats: public keys, signature files, and whether one fits the other. Pure.
 *
 * Formats: https://jedisct1.github.io/minisign/ ("Signature format", "Public key format") and minisign 0.11's
 * src/minisign.h. A text is at most MINISIGN_TEXT_MAX bytes; its lines end in LF or CRLF, the last one in either or
 * neither. sodium_init must have been called.
 */
#pragma once

#include <sodium.h>

#include "base/error.h"
#include "base/text.h"

#define MINISIGN_TEXT_MAX ((size_t)8192)

enum { MINISIGN_ID_SIZE = 8, MINISIGN_ID_TEXT = 2 * MINISIGN_ID_SIZE + 1 };

struct minisign_public_key {
    uint8_t id[MINISIGN_ID_SIZE]; /* random, made with the key: a name, nothing that could be trusted */
    uint8_t key[crypto_sign_PUBLICKEYBYTES];
};

struct minisign_signature {
    bool prehashed; /* "ED": of the content's BLAKE2b-512; "Ed", legacy: of the content itself */
    uint8_t id[MINISIGN_ID_SIZE];
    uint8_t signature[crypto_sign_BYTES];
    struct bytes trusted_comment; /* in the parsed text; trusted once minisign_verify says so */
    uint8_t global[crypto_sign_BYTES];
};

/* Parses a public key: the text of a .pub file, or the base64 line of one alone. Returns 0, or -1 with ERROR_INPUT that
 * names the line. */
int minisign_parse_public_key(struct bytes text, struct minisign_public_key *key, struct error *err);

/* Parses the text of a .minisig file, which must outlive *signature. Returns 0, or -1 with ERROR_INPUT that names the
 * line. */
int minisign_parse_signature(struct bytes text, struct minisign_signature *signature, struct error *err);

/* Is this the signature of the content, and its trusted comment unaltered, by one of `count` keys? Returns the key's
 * index, or -1 with ERROR_REFUSED: no key has the signature's id, it is not of this content, or the comment was
 * altered. */
int minisign_verify(struct bytes content, const struct minisign_signature *signature,
                    const struct minisign_public_key *keys, size_t count, struct error *err);

/* The id as minisign prints it: the number that its bytes, least significant first, make. Returns `text`. */
const char *minisign_id_text(const uint8_t id[MINISIGN_ID_SIZE], char text[MINISIGN_ID_TEXT]);

/* The text of a .pub file, appended to *text. */
void minisign_write_public_key(const struct minisign_public_key *key, struct buffer *text);

/* --- for minisign_key.c ------------------------------------------------------------------------------------------- */

#define MINISIGN_UNTRUSTED "untrusted comment: "
#define MINISIGN_TRUSTED   "trusted comment: "

/* A text that is read line by line; starts as {.rest = text}. */
struct minisign_lines {
    struct bytes rest;
    int number; /* of the line that was read last */
};

/* Checks the text's size, for `what` is read. Returns 0, or -1 with ERROR_INPUT. */
int minisign_check_size(struct bytes text, const char *what, struct error *err);

/* Reads the next line, which must start with `prefix`; *line becomes what follows it. Returns 0, or -1 with
 * ERROR_INPUT. */
int minisign_next_line(struct minisign_lines *lines, const char *prefix, struct bytes *line, struct error *err);

/* Reads the next line as the base64 of exactly `size` bytes. Returns 0, or -1 with ERROR_INPUT. */
int minisign_next_base64(struct minisign_lines *lines, uint8_t *data, size_t size, struct error *err);

/* Nothing may follow the last line. Returns 0, or -1 with ERROR_INPUT. */
int minisign_end(const struct minisign_lines *lines, struct error *err);
