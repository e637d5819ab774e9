#include "rom/minisign.h"

#include <string.h>

/* As the base64 lines have them. Only bytes: nothing is padded. */
struct public_key_data {
    uint8_t algorithm[2], id[MINISIGN_ID_SIZE], key[crypto_sign_PUBLICKEYBYTES];
};

struct signature_data {
    uint8_t algorithm[2], id[MINISIGN_ID_SIZE], signature[crypto_sign_BYTES];
};

int minisign_check_size(struct bytes text, const char *what, struct error *err) {
    if (text.size == 0)
        return error_set(err, ERROR_INPUT, "%s is empty", what);
    if (text.size > MINISIGN_TEXT_MAX)
        return error_set(err, ERROR_INPUT, "%s has %zu bytes, more than the %zu that one can have", what, text.size,
                         MINISIGN_TEXT_MAX);
    return 0;
}

static bool starts_with(struct bytes text, const char *prefix) {
    size_t size = strlen(prefix);
    return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

int minisign_next_line(struct minisign_lines *lines, const char *prefix, struct bytes *line, struct error *err) {
    lines->number++;
    if (lines->rest.size == 0)
        return error_set(err, ERROR_INPUT, "line %d is missing", lines->number);
    if (!starts_with(lines->rest, prefix))
        return error_set(err, ERROR_INPUT, "line %d does not start with \"%s\"", lines->number, prefix);
    const uint8_t *feed = memchr(lines->rest.data, '\n', lines->rest.size);
    size_t size = feed ? (size_t)(feed - lines->rest.data) : lines->rest.size;
    size_t skip = strlen(prefix);
    *line = (struct bytes){lines->rest.data + skip, size < skip ? 0 : size - skip};
    if (line->size > 0 && line->data[line->size - 1] == '\r')
        line->size--;
    if (feed)
        size++;
    lines->rest = (struct bytes){lines->rest.data + size, lines->rest.size - size};
    return 0;
}

int minisign_next_base64(struct minisign_lines *lines, uint8_t *data, size_t size, struct error *err) {
    struct bytes line = {0};
    size_t found;
    if (minisign_next_line(lines, "", &line, err) < 0)
        return -1;
    if (sodium_base642bin(data, size, (const char *)line.data, line.size, NULL, &found, NULL,
                          sodium_base64_VARIANT_ORIGINAL) < 0 ||
        found != size)
        return error_set(err, ERROR_INPUT, "line %d is not the base64 of %zu bytes", lines->number, size);
    return 0;
}

int minisign_end(const struct minisign_lines *lines, struct error *err) {
    if (lines->rest.size > 0)
        return error_set(err, ERROR_INPUT, "something follows line %d", lines->number);
    return 0;
}

int minisign_parse_public_key(struct bytes text, struct minisign_public_key *key, struct error *err) {
    struct minisign_lines lines = {.rest = text};
    struct bytes comment = {0};
    struct public_key_data data;
    if (minisign_check_size(text, "the public key", err) < 0)
        return -1;
    /* A colon is no base64: such a text is a file's. */
    if (starts_with(text, "untrusted comment:") && minisign_next_line(&lines, MINISIGN_UNTRUSTED, &comment, err) < 0)
        return -1;
    if (minisign_next_base64(&lines, (uint8_t *)&data, sizeof(data), err) < 0 || minisign_end(&lines, err) < 0)
        return -1;
    if (memcmp(data.algorithm, "Ed", 2) != 0)
        return error_set(err, ERROR_INPUT, "line %d is no minisign public key: it does not start with \"Ed\"",
                         lines.number);
    memcpy(key->id, data.id, sizeof(key->id));
    memcpy(key->key, data.key, sizeof(key->key));
    return 0;
}

int minisign_parse_signature(struct bytes text, struct minisign_signature *signature, struct error *err) {
    struct minisign_lines lines = {.rest = text};
    struct bytes comment = {0};
    struct signature_data data;
    if (minisign_check_size(text, "the signature", err) < 0 ||
        minisign_next_line(&lines, MINISIGN_UNTRUSTED, &comment, err) < 0 ||
        minisign_next_base64(&lines, (uint8_t *)&data, sizeof(data), err) < 0)
        return -1;
    signature->prehashed = memcmp(data.algorithm, "ED", 2) == 0;
    if (!signature->prehashed && memcmp(data.algorithm, "Ed", 2) != 0)
        return error_set(err, ERROR_INPUT, "line 2 is no minisign signature: it starts with neither \"ED\" nor \"Ed\"");
    memcpy(signature->id, data.id, sizeof(signature->id));
    memcpy(signature->signature, data.signature, sizeof(signature->signature));
    if (minisign_next_line(&lines, MINISIGN_TRUSTED, &signature->trusted_comment, err) < 0 ||
        minisign_next_base64(&lines, signature->global, sizeof(signature->global), err) < 0)
        return -1;
    return minisign_end(&lines, err);
}

static bool content_is_signed(struct bytes content, const struct minisign_signature *signature,
                              const struct minisign_public_key *key) {
    uint8_t hash[crypto_generichash_BYTES_MAX];
    if (signature->prehashed) {
        crypto_generichash(hash, sizeof(hash), content.data, content.size, NULL, 0);
        content = (struct bytes){hash, sizeof(hash)};
    }
    return crypto_sign_verify_detached(signature->signature, content.data, content.size, key->key) == 0;
}

/* The global signature is of the signature and the trusted comment, joined. */
static bool comment_is_signed(const struct minisign_signature *signature, const struct minisign_public_key *key) {
    uint8_t joined[crypto_sign_BYTES + MINISIGN_TEXT_MAX];
    size_t size = signature->trusted_comment.size;
    if (size > MINISIGN_TEXT_MAX)
        return false;
    memcpy(joined, signature->signature, crypto_sign_BYTES);
    if (size > 0)
        memcpy(joined + crypto_sign_BYTES, signature->trusted_comment.data, size);
    return crypto_sign_verify_detached(signature->global, joined, crypto_sign_BYTES + size, key->key) == 0;
}

int minisign_verify(struct bytes content, const struct minisign_signature *signature,
                    const struct minisign_public_key *keys, size_t count, struct error *err) {
    char id[MINISIGN_ID_TEXT];
    bool known = false, right = false;
    /* Two keys may have the same id: it is only random. */
    for (size_t i = 0; i < count && i <= INT16_MAX; i++) {
        if (memcmp(keys[i].id, signature->id, sizeof(keys[i].id)) != 0)
            continue;
        known = true;
        if (!content_is_signed(content, signature, &keys[i]))
            continue;
        right = true;
        if (comment_is_signed(signature, &keys[i]))
            return (int)i;
    }
    minisign_id_text(signature->id, id);
    if (!known)
        return error_set(
            err, ERROR_REFUSED,
            "it is signed by key %s, which is none of the %zu trusted keys: sign it with one of those, or trust that key",
            id, count);
    if (!right)
        return error_set(
            err, ERROR_REFUSED,
            "key %s did not sign these bytes: they or the signature were altered; put back what was signed, or sign it anew",
            id);
    return error_set(
        err, ERROR_REFUSED,
        "the signature's trusted comment is not what key %s signed: it was altered; put back what was signed, or sign it anew",
        id);
}

const char *minisign_id_text(const uint8_t id[MINISIGN_ID_SIZE], char text[MINISIGN_ID_TEXT]) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < MINISIGN_ID_SIZE; i++) {
        uint8_t byte = id[MINISIGN_ID_SIZE - 1 - i];
        text[2 * i] = digits[byte >> 4];
        text[2 * i + 1] = digits[byte & 15];
    }
    text[MINISIGN_ID_TEXT - 1] = '\0';
    return text;
}

void minisign_write_public_key(const struct minisign_public_key *key, struct buffer *text) {
    struct public_key_data data = {.algorithm = "Ed"};
    char id[MINISIGN_ID_TEXT];
    char base64[sodium_base64_ENCODED_LEN(sizeof(data), sodium_base64_VARIANT_ORIGINAL)];
    memcpy(data.id, key->id, sizeof(data.id));
    memcpy(data.key, key->key, sizeof(data.key));
    sodium_bin2base64(base64, sizeof(base64), (const uint8_t *)&data, sizeof(data), sodium_base64_VARIANT_ORIGINAL);
    buffer_printf(text, MINISIGN_UNTRUSTED "minisign public key %s\n%s\n", minisign_id_text(key->id, id), base64);
}
