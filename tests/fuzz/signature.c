/* Any bytes as a public key, a signature or a secret key: refused, or parsed; a signature never verifies. */
#include <string.h>

#include "rom/minisign_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct minisign_public_key nobody = {.key = {1, 2, 3}};
    struct bytes text = {data, size};
    struct minisign_public_key keys[2] = {nobody, nobody};
    struct minisign_signature signature;
    struct error err = {0};
    if (sodium_init() < 0)
        __builtin_trap();
    if (minisign_parse_public_key(text, &keys[1], &err) < 0 && err.code != ERROR_INPUT)
        __builtin_trap();
    error_clear(&err);
    /* No key was used to sign these bytes; both are made to have the signature's id, so that all of it runs. */
    if (minisign_parse_signature(text, &signature, &err) == 0) {
        for (size_t i = 0; i < 2; i++)
            memcpy(keys[i].id, signature.id, sizeof(signature.id));
        if (minisign_verify(text, &signature, keys, 2, &err) >= 0 || err.code != ERROR_REFUSED)
            __builtin_trap();
    } else if (err.code != ERROR_INPUT)
        __builtin_trap();
    error_clear(&err);
    /* Without a password nothing costs memory. */
    struct minisign_secret_key *key = minisign_parse_secret_key(text, NULL, &err);
    if (!key && err.code != ERROR_INPUT)
        __builtin_trap();
    minisign_secret_free(key);
    return 0;
}
