#include "rom/minisign_key.h"

#include <string.h>

#include "rom/span.h"

#define KDF_NONE   "\0\0"
#define KDF_SCRYPT "Sc"

/* As the base64 line has it: only bytes, nothing is padded. From `id` on it is what a password encrypts. */
struct secret_part {
    uint8_t id[MINISIGN_ID_SIZE], key[crypto_sign_SECRETKEYBYTES], checksum[crypto_generichash_BYTES];
};

struct secret_data {
    uint8_t algorithm[2], kdf[2], checksum_algorithm[2];
    uint8_t salt[crypto_pwhash_scryptsalsa208sha256_SALTBYTES];
    uint8_t operations[8], memory[8]; /* little-endian */
    struct secret_part part;
};

static void secret_data_free(struct secret_data *data) {
    sodium_free(data);
}

DEFINE_CLEANUP(struct secret_data, secret_data_free)

void minisign_secret_free(struct minisign_secret_key *key) {
    sodium_free(key);
}

struct minisign_secret_key *minisign_generate(struct error *err) {
    struct minisign_secret_key *key = sodium_malloc(sizeof(*key));
    if (!key) {
        error_no_memory(err);
        return NULL;
    }
    randombytes_buf(key->public.id, sizeof(key->public.id));
    crypto_sign_keypair(key->public.key, key->key);
    return key;
}

static void checksum(const struct secret_data *data, uint8_t sum[crypto_generichash_BYTES]) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, crypto_generichash_BYTES);
    crypto_generichash_update(&state, data->algorithm, sizeof(data->algorithm));
    crypto_generichash_update(&state, data->part.id, sizeof(data->part.id));
    crypto_generichash_update(&state, data->part.key, sizeof(data->part.key));
    crypto_generichash_final(&state, sum, crypto_generichash_BYTES);
    sodium_memzero(&state, sizeof(state));
}

static uint64_t get_u64(const uint8_t bytes[8]) {
    struct bytes span = {bytes, 8};
    return (uint64_t)span_u32(span, 0) | (uint64_t)span_u32(span, 4) << 32;
}

static void put_u64(uint8_t bytes[8], uint64_t value) {
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

/* Encrypts or decrypts: the password makes a stream of bytes. */
static int apply_password(struct secret_data *data, const char *password, struct error *err) {
    uint64_t memory = get_u64(data->memory);
    uint8_t *stream = sodium_malloc(sizeof(data->part));
    if (!stream)
        return error_no_memory(err);
    int failed = crypto_pwhash_scryptsalsa208sha256(stream, sizeof(data->part), password, strlen(password), data->salt,
                                                    get_u64(data->operations), (size_t)memory);
    for (size_t i = 0; i < sizeof(data->part) && !failed; i++)
        ((uint8_t *)&data->part)[i] ^= stream[i];
    sodium_free(stream);
    if (failed)
        return error_set(err, ERROR_LIMIT,
                         "the secret key's password takes %llu MiB of memory to check: free that much",
                         (unsigned long long)(memory >> 20));
    return 0;
}

static int parse_data(struct bytes text, struct secret_data *data, struct error *err) {
    struct minisign_lines lines = {.rest = text};
    struct bytes comment = {0};
    if (minisign_check_size(text, "the secret key", err) < 0 ||
        minisign_next_line(&lines, MINISIGN_UNTRUSTED, &comment, err) < 0 ||
        minisign_next_base64(&lines, (uint8_t *)data, sizeof(*data), err) < 0 || minisign_end(&lines, err) < 0)
        return -1;
    if (memcmp(data->algorithm, "Ed", 2) != 0 || memcmp(data->checksum_algorithm, "B2", 2) != 0 ||
        (memcmp(data->kdf, KDF_SCRYPT, 2) != 0 && memcmp(data->kdf, KDF_NONE, 2) != 0))
        return error_set(err, ERROR_INPUT, "line 2 is no minisign secret key: its algorithms are not known");
    return 0;
}

static int decrypt(struct secret_data *data, const char *password, struct error *err) {
    if (!password)
        return error_set(err, ERROR_INPUT, "the secret key is encrypted: give its password");
    if (get_u64(data->memory) > MINISIGN_MEMORY_MAX || get_u64(data->operations) > MINISIGN_OPERATIONS_MAX)
        return error_set(err, ERROR_INPUT,
                         "the secret key asks for %llu MiB of memory and %llu operations to check its password, more "
                         "than any key should: make a new one",
                         (unsigned long long)(get_u64(data->memory) >> 20),
                         (unsigned long long)get_u64(data->operations));
    return apply_password(data, password, err);
}

/* minisign 0.11 leaves the checksum of a key without password empty. The two halves of an Ed25519 key must fit in any
 * case. */
static bool is_whole(const struct secret_data *data, bool encrypted) {
    uint8_t sum[crypto_generichash_BYTES], public[crypto_sign_PUBLICKEYBYTES];
    uint8_t *again = sodium_malloc(crypto_sign_SECRETKEYBYTES);
    checksum(data, sum);
    bool whole = again && (sodium_memcmp(sum, data->part.checksum, sizeof(sum)) == 0 ||
                           (!encrypted && sodium_is_zero(data->part.checksum, sizeof(data->part.checksum))));
    whole = whole && crypto_sign_seed_keypair(public, again, data->part.key) == 0 &&
            sodium_memcmp(again, data->part.key, crypto_sign_SECRETKEYBYTES) == 0;
    sodium_free(again);
    return whole;
}

bool minisign_needs_password(struct bytes text) {
    CLEANUP(secret_data_free) struct secret_data *data = sodium_malloc(sizeof(*data));
    struct error ignored = {0};
    return data && parse_data(text, data, &ignored) == 0 && memcmp(data->kdf, KDF_SCRYPT, 2) == 0;
}

struct minisign_secret_key *minisign_parse_secret_key(struct bytes text, const char *password, struct error *err) {
    CLEANUP(secret_data_free) struct secret_data *data = sodium_malloc(sizeof(*data));
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = sodium_malloc(sizeof(*key));
    if (!data || !key) {
        error_no_memory(err);
        return NULL;
    }
    if (parse_data(text, data, err) < 0)
        return NULL;
    bool encrypted = memcmp(data->kdf, KDF_SCRYPT, 2) == 0;
    if (encrypted && decrypt(data, password, err) < 0)
        return NULL;
    if (!is_whole(data, encrypted)) {
        if (encrypted)
            error_set(err, ERROR_REFUSED, "the secret key's password is wrong");
        else
            error_set(err, ERROR_INPUT, "the secret key is damaged: its parts do not fit together");
        return NULL;
    }
    memcpy(key->public.id, data->part.id, sizeof(key->public.id));
    memcpy(key->key, data->part.key, sizeof(key->key));
    crypto_sign_ed25519_sk_to_pk(key->public.key, key->key);
    return TAKE_PTR(key);
}

int minisign_write_secret_key(const struct minisign_secret_key *key, const char *password, struct minisign_cost cost,
                              char text[MINISIGN_SECRET_TEXT_MAX], struct error *err) {
    static const char comment[] = MINISIGN_UNTRUSTED "minisign encrypted secret key\n";
    static const char open_comment[] = MINISIGN_UNTRUSTED "minisign secret key\n";
    CLEANUP(secret_data_free) struct secret_data *data = sodium_malloc(sizeof(*data));
    if (!data)
        return error_no_memory(err);
    *data = (struct secret_data){.algorithm = "Ed", .kdf = KDF_NONE, .checksum_algorithm = "B2"};
    memcpy(data->part.id, key->public.id, sizeof(data->part.id));
    memcpy(data->part.key, key->key, sizeof(data->part.key));
    checksum(data, data->part.checksum);
    if (password) {
        memcpy(data->kdf, KDF_SCRYPT, 2);
        randombytes_buf(data->salt, sizeof(data->salt));
        put_u64(data->operations, cost.operations);
        put_u64(data->memory, cost.memory);
        if (apply_password(data, password, err) < 0)
            return -1;
    }
    const char *first = password ? comment : open_comment;
    size_t size = strlen(first);
    memcpy(text, first, size);
    sodium_bin2base64(text + size, MINISIGN_SECRET_TEXT_MAX - size - 1, (const uint8_t *)data, sizeof(*data),
                      sodium_base64_VARIANT_ORIGINAL);
    size += strlen(text + size);
    memcpy(text + size, "\n", 2);
    return 0;
}

static int check_comment(const char *comment, struct error *err) {
    size_t size = strlen(comment);
    if (size > MINISIGN_COMMENT_MAX)
        return error_set(err, ERROR_INPUT, "the trusted comment has %zu bytes, more than the %zu that it can have",
                         size, MINISIGN_COMMENT_MAX);
    bool printable = utf8_valid_prefix((struct bytes){(const uint8_t *)comment, size}) == size;
    for (size_t i = 0; i < size; i++)
        printable = printable && (uint8_t)comment[i] >= ' ' && comment[i] != 0x7f;
    if (!printable)
        return error_set(err, ERROR_INPUT, "the trusted comment is not one line of printable UTF-8");
    return 0;
}

int minisign_sign(const struct minisign_secret_key *key, struct bytes content, const char *trusted_comment,
                  struct buffer *text, struct error *err) {
    struct {
        uint8_t algorithm[2], id[MINISIGN_ID_SIZE], signature[crypto_sign_BYTES];
    } data = {.algorithm = "ED"};
    uint8_t hash[crypto_generichash_BYTES_MAX], global[crypto_sign_BYTES];
    uint8_t joined[crypto_sign_BYTES + MINISIGN_COMMENT_MAX];
    char base64[sodium_base64_ENCODED_LEN(sizeof(data), sodium_base64_VARIANT_ORIGINAL)];
    char id[MINISIGN_ID_TEXT];
    if (check_comment(trusted_comment, err) < 0)
        return -1;
    crypto_generichash(hash, sizeof(hash), content.data, content.size, NULL, 0);
    memcpy(data.id, key->public.id, sizeof(data.id));
    crypto_sign_detached(data.signature, NULL, hash, sizeof(hash), key->key);
    memcpy(joined, data.signature, crypto_sign_BYTES);
    memcpy(joined + crypto_sign_BYTES, trusted_comment, strlen(trusted_comment));
    crypto_sign_detached(global, NULL, joined, crypto_sign_BYTES + strlen(trusted_comment), key->key);
    sodium_bin2base64(base64, sizeof(base64), (const uint8_t *)&data, sizeof(data), sodium_base64_VARIANT_ORIGINAL);
    buffer_printf(text, MINISIGN_UNTRUSTED "signature by key %s\n%s\n" MINISIGN_TRUSTED "%s\n",
                  minisign_id_text(data.id, id), base64, trusted_comment);
    sodium_bin2base64(base64, sizeof(base64), global, sizeof(global), sodium_base64_VARIANT_ORIGINAL);
    buffer_printf(text, "%s\n", base64);
    return buffer_check(text, err);
}
