#include "cmd/trust.h"

#include <string.h>

#include "base/file.h"

enum { KEY_TRUSTED_KEY = 4000 };

/* A key's base64 has no dot, and a file of 56 such characters is better given as "./...". */
static int read_key(const char *argument, struct minisign_public_key *key, struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    struct error ignored = {0};
    if (minisign_parse_public_key((struct bytes){(const uint8_t *)argument, strlen(argument)}, key, &ignored) == 0)
        return 0;
    if (file_read(argument, MINISIGN_TEXT_MAX, &text, err) < 0)
        return -1;
    return minisign_parse_public_key(buffer_bytes(&text), key, err);
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct trust *trust = state->input;
    struct error err = {0};
    if (key != KEY_TRUSTED_KEY)
        return ARGP_ERR_UNKNOWN;
    if (trust->count == TRUST_KEYS_MAX)
        argp_error(state, "more than %d trusted keys", TRUST_KEYS_MAX);
    else if (read_key(argument, &trust->keys[trust->count], &err) < 0)
        argp_error(state, "--trusted-key: '%s' is neither a minisign public key nor a file with one: %s", argument,
                   err.message);
    else
        trust->count++;
    return 0;
}

static const struct argp_option options[] = {
    {"trusted-key", KEY_TRUSTED_KEY, "FILE|KEY", 0,
     "refuse bundles that are not signed by this minisign public key, a file or the key itself; repeat it to trust several",
     0},
    {0},
};
const struct argp trust_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};
