/* Secret keys in minisign's format, and signing with them. Pure but for the random numbers of a new key.
 *
 * Format: https://jedisct1.github.io/minisign/ ("Private key format") and minisign 0.11's src/minisign.h. sodium_init
 * must have been called. A key is one thread's at a time.
 */
#pragma once

#include "rom/minisign.h"

struct minisign_secret_key {
    struct minisign_public_key public;
    uint8_t key[crypto_sign_SECRETKEYBYTES];
};

/* What it costs to try a password, as scrypt counts it; stands in the file. minisign's own choice, and what a file may
 * ask of us at most. */
struct minisign_cost {
    uint64_t operations, memory;
};
#define MINISIGN_COST_USUAL                                                                                            \
    ((struct minisign_cost){crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE,                                     \
                            crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE})
#define MINISIGN_OPERATIONS_MAX ((uint64_t)1 << 28)
#define MINISIGN_MEMORY_MAX     ((uint64_t)2 << 30)

/* A new key pair. Returns it, in memory that is not swapped and that minisign_secret_free wipes; NULL without memory.
 */
struct minisign_secret_key *minisign_generate(struct error *err);

/* Does this secret key's text, as far as it is one, need a password? */
bool minisign_needs_password(struct bytes text);

/* Parses the text of a secret key file. `password` is NULL or ignored where the key is not encrypted. Returns the key,
 * which minisign_secret_free gives back, or NULL: ERROR_INPUT where the text is malformed, asks for too much memory or
 * needs a password that was not given; ERROR_REFUSED where the password is wrong; ERROR_LIMIT without the memory that
 * the password's check takes. */
struct minisign_secret_key *minisign_parse_secret_key(struct bytes text, const char *password, struct error *err);

/* The longest text that minisign_write_secret_key makes, with its NUL. */
enum { MINISIGN_SECRET_TEXT_MAX = 320 };

/* Writes the text of a secret key file, encrypted unless password is NULL, at this cost. The caller wipes `text`.
 * Returns 0, or -1 with ERROR_LIMIT without the memory that the cost takes. */
int minisign_write_secret_key(const struct minisign_secret_key *key, const char *password, struct minisign_cost cost,
                              char text[MINISIGN_SECRET_TEXT_MAX], struct error *err);

/* Appends to *text (must be {0}) the .minisig file of a prehashed signature of the content. The trusted comment is
 * signed too: one line of printable UTF-8, at most MINISIGN_COMMENT_MAX bytes, else ERROR_INPUT. Returns 0 or -1. */
#define MINISIGN_COMMENT_MAX ((size_t)1024)
int minisign_sign(const struct minisign_secret_key *key, struct bytes content, const char *trusted_comment,
                  struct buffer *text, struct error *err);

/* Wipes and frees; accepts NULL. */
void minisign_secret_free(struct minisign_secret_key *key);

DEFINE_CLEANUP(struct minisign_secret_key, minisign_secret_free)
