/* rom/minisign, rom/minisign_key: minisign's formats, both ways against the real tool, and every way to be wrong. */
#include <stdio.h>

#include "rom/minisign_key.h"
#include "support.h"

/* Cheap, for most tests are not about the cost. */
static const struct minisign_cost cheap = {32768, 16u << 20};

static int sodium_setup(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

#define MINISIGN(folder, input, ...)                                                                                   \
    run_program((folder), (input), (const char *const[]){"minisign", __VA_ARGS__, NULL})

/* A copy of exactly this size, so that AddressSanitizer sees reads beyond it. */
static struct bytes exact(struct bytes bytes) {
    uint8_t *copy = malloc(bytes.size ? bytes.size : 1);
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    return (struct bytes){copy, bytes.size};
}

static struct minisign_public_key get_public_key(const char *folder, const char *name) {
    struct minisign_public_key key;
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer text = get_file(folder, name);
    minisign_parse_public_key(buffer_bytes(&text), &key, &err);
    assert_no_error(&err);
    return key;
}

static struct minisign_secret_key *get_secret_key(const char *folder, const char *name, const char *password) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer text = get_file(folder, name);
    assert_int_equal(minisign_needs_password(buffer_bytes(&text)), password != NULL);
    struct minisign_secret_key *key = minisign_parse_secret_key(buffer_bytes(&text), password, &err);
    assert_no_error(&err);
    return key;
}

/* Parses and verifies; returns what minisign_verify does. */
static int verify(struct bytes content, struct bytes text, const struct minisign_public_key *keys, size_t count,
                  struct error *err) {
    struct minisign_signature signature;
    CLEANUP(free) uint8_t *copy = (uint8_t *)(uintptr_t)exact(text).data;
    if (minisign_parse_signature((struct bytes){copy, text.size}, &signature, err) < 0)
        return -1;
    return minisign_verify(content, &signature, keys, count, err);
}

static void the_tools_signatures_verify(void **state) {
    static const char *const ways[] = {"-H", "-l"};
    const char *folder = *state;
    struct error err = {0};
    put_text(folder, "content", "the content");
    assert_int_equal(MINISIGN(folder, "", "-G", "-W", "-p", "k.pub", "-s", "k.sec"), 0);
    struct minisign_public_key keys[2] = {{.id = {1}}, get_public_key(folder, "k.pub")};
    for (size_t i = 0; i < COUNT(ways); i++) {
        struct minisign_signature signature;
        assert_int_equal(
            MINISIGN(folder, "", "-S", ways[i], "-s", "k.sec", "-m", "content", "-x", "sig", "-t", "by me"), 0);
        CLEANUP(buffer_free) struct buffer text = get_file(folder, "sig");
        assert_int_equal(verify(bytes_of("the content"), buffer_bytes(&text), keys, 2, &err), 1);
        minisign_parse_signature(buffer_bytes(&text), &signature, &err);
        assert_int_equal(signature.prehashed, i == 0);
        assert_bytes(signature.trusted_comment, "by me");
        assert_int_equal(verify(bytes_of("the Content"), buffer_bytes(&text), keys, 2, &err), -1);
        assert_error(&err, ERROR_REFUSED, "did not sign these bytes");
    }
}

/* Signs with this key in ours, and lets minisign verify with its public key in k.pub. */
static void sign_and_let_the_tool_verify(const char *folder, const struct minisign_secret_key *key) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    assert_int_equal(minisign_sign(key, bytes_of("the content"), "bundle lab 2026.11", &text, &err), 0);
    put_text(folder, "content", "the content");
    put_file(folder, "sig", buffer_bytes(&text));
    assert_int_equal(MINISIGN(folder, "", "-V", "-p", "k.pub", "-m", "content", "-x", "sig"), 0);
    CLEANUP(buffer_free) struct buffer output = get_file(folder, "output");
    assert_non_null(memmem(output.data, output.size, "bundle lab 2026.11", 18));
    put_text(folder, "content", "the Content");
    assert_int_not_equal(MINISIGN(folder, "", "-V", "-p", "k.pub", "-m", "content", "-x", "sig"), 0);
}

static void the_tools_keys_sign_in_ours(void **state) {
    const char *folder = *state;
    assert_int_equal(MINISIGN(folder, "", "-G", "-W", "-p", "k.pub", "-s", "k.sec"), 0);
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = get_secret_key(folder, "k.sec", NULL);
    struct minisign_public_key public = get_public_key(folder, "k.pub");
    assert_memory_equal(&key->public, &public, sizeof(public));
    sign_and_let_the_tool_verify(folder, key);
}

/* At the tool's own cost: 1 GiB of memory. */
static void the_tools_encrypted_keys_sign_in_ours(void **state) {
    const char *folder = *state;
    assert_int_equal(MINISIGN(folder, "secret\nsecret\n", "-G", "-p", "k.pub", "-s", "k.sec"), 0);
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = get_secret_key(folder, "k.sec", "secret");
    sign_and_let_the_tool_verify(folder, key);
}

/* Writes ours to k.pub and k.sec. */
static void put_keys(const char *folder, const struct minisign_secret_key *key, const char *password) {
    struct error err = {0};
    char secret[MINISIGN_SECRET_TEXT_MAX];
    CLEANUP(buffer_free) struct buffer public = {0};
    assert_int_equal(minisign_write_secret_key(key, password, cheap, secret, &err), 0);
    minisign_write_public_key(&key->public, &public);
    put_text(folder, "k.sec", secret);
    put_file(folder, "k.pub", buffer_bytes(&public));
}

static void our_keys_sign_in_the_tool(void **state) {
    static const char *const passwords[] = {NULL, "", "secret"};
    const char *folder = *state;
    struct error err = {0};
    put_text(folder, "content", "the content");
    for (size_t i = 0; i < COUNT(passwords); i++) {
        char input[16];
        CLEANUP(minisign_secret_free) struct minisign_secret_key *key = minisign_generate(&err);
        put_keys(folder, key, passwords[i]);
        snprintf(input, sizeof(input), "%s\n", passwords[i] ? passwords[i] : "");
        assert_int_equal(MINISIGN(folder, input, "-S", "-s", "k.sec", "-m", "content", "-x", "sig"), 0);
        CLEANUP(buffer_free) struct buffer text = get_file(folder, "sig");
        assert_int_equal(verify(bytes_of("the content"), buffer_bytes(&text), &key->public, 1, &err), 0);
        sign_and_let_the_tool_verify(folder, key);
        CLEANUP(minisign_secret_free) struct minisign_secret_key *again = get_secret_key(folder, "k.sec", passwords[i]);
        assert_memory_equal(key, again, sizeof(*key));
        put_text(folder, "content", "the content");
    }
}

static void public_keys_as_text(void **state) {
    (void)state;
    /* From minisign's own documentation. */
    static const char base64[] = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    static const struct {
        const char *before, *after, *part; /* part NULL: fine */
    } cases[] = {
        {"", "", NULL},
        {"", "\n", NULL},
        {"", "\r\n", NULL},
        {"untrusted comment: mine\n", "\n", NULL},
        {"untrusted comment: mine\r\n", "", NULL},
        {"untrusted comment: \n", "", NULL},
        {"untrusted comment:\n", "", "line 1 does not start with \"untrusted comment: \""},
        {"trusted comment: x\n", "", "line 1 is not the base64 of 42 bytes"},
        {"untrusted comment: mine\n\n", "", "line 2 is not the base64 of 42 bytes"},
        {"untrusted comment: mine\n ", "", "line 2 is not the base64"},
        {"", "A", "line 1 is not the base64"},
        {"", "AAAA", "line 1 is not the base64"},
        {"", "\nx", "something follows line 1"},
        {"", "\n\n", "something follows line 1"},
        {"A", "", "line 1 is not the base64"},
        {"\n", "", "line 1 is not the base64"},
    };
    char id[MINISIGN_ID_TEXT];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        struct minisign_public_key key;
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_printf(&text, "%s%s%s", cases[i].before, base64, cases[i].after);
        struct bytes copy = exact(buffer_bytes(&text));
        int result = minisign_parse_public_key(copy, &key, &err);
        free((void *)(uintptr_t)copy.data);
        if (cases[i].part) {
            assert_int_equal(result, -1);
            assert_error(&err, ERROR_INPUT, cases[i].part);
            continue;
        }
        assert_no_error(&err);
        assert_string_equal(minisign_id_text(key.id, id), "E7620F1842B4E81F");
        CLEANUP(buffer_free) struct buffer written = {0};
        minisign_write_public_key(&key, &written);
        assert_non_null(strstr(written.data, base64));
    }
    struct error err = {0};
    struct minisign_public_key key;
    assert_int_equal(minisign_parse_public_key((struct bytes){0}, &key, &err), -1);
    assert_error(&err, ERROR_INPUT, "the public key is empty");
    static const uint8_t large[MINISIGN_TEXT_MAX + 1];
    assert_int_equal(minisign_parse_public_key((struct bytes){large, sizeof(large)}, &key, &err), -1);
    assert_error(&err, ERROR_INPUT, "the public key has 8193 bytes, more than the 8192");
    assert_int_equal(
        minisign_parse_public_key(bytes_of("RWUf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"), &key, &err),
        -1);
    assert_error(&err, ERROR_INPUT, "line 1 is no minisign public key");
}

static void damaged_signatures_are_refused(void **state) {
    (void)state;
    struct error err = {0};
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = minisign_generate(&err);
    CLEANUP(buffer_free) struct buffer text = {0};
    assert_int_equal(minisign_sign(key, bytes_of("content"), "comment", &text, &err), 0);
    assert_int_equal(verify(bytes_of("content"), buffer_bytes(&text), &key->public, 1, &err), 0);
    size_t first_line = strcspn(text.data, "\n");
    for (size_t i = 0; i < text.size; i++) {
        /* Cut here: only the last line's feed can go. */
        int result = verify(bytes_of("content"), (struct bytes){(uint8_t *)text.data, i}, &key->public, 1, &err);
        assert_int_equal(result, i == text.size - 1 ? 0 : -1);
        error_clear(&err);
        /* One bit turned: only the untrusted comment may have it. */
        text.data[i] ^= 1;
        result = verify(bytes_of("content"), buffer_bytes(&text), &key->public, 1, &err);
        text.data[i] ^= 1;
        assert_int_equal(result, i >= strlen(MINISIGN_UNTRUSTED) && i < first_line ? 0 : -1);
        if (result < 0)
            assert_true(err.code == ERROR_INPUT || err.code == ERROR_REFUSED);
        error_clear(&err);
    }
}

static void refusals_say_which(void **state) {
    (void)state;
    struct error err = {0};
    char id[MINISIGN_ID_TEXT];
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = minisign_generate(&err);
    CLEANUP(minisign_secret_free) struct minisign_secret_key *other = minisign_generate(&err);
    CLEANUP(buffer_free) struct buffer text = {0};
    minisign_sign(key, bytes_of("content"), "comment", &text, &err);
    assert_int_equal(verify(bytes_of("content"), buffer_bytes(&text), &other->public, 1, &err), -1);
    assert_non_null(strstr(err.message, minisign_id_text(key->public.id, id)));
    assert_error(&err, ERROR_REFUSED, "which is none of the 1 trusted keys");
    assert_int_equal(verify(bytes_of("content"), buffer_bytes(&text), NULL, 0, &err), -1);
    assert_error(&err, ERROR_REFUSED, "which is none of the 0 trusted keys");
    assert_int_equal(verify(bytes_of("Content"), buffer_bytes(&text), &key->public, 1, &err), -1);
    assert_error(&err, ERROR_REFUSED, "did not sign these bytes");
    /* Another key that has the same id does not hide the right one, and is not taken for it. */
    memcpy(other->public.id, key->public.id, sizeof(key->public.id));
    const struct minisign_public_key keys[] = {other->public, key->public};
    assert_int_equal(verify(bytes_of("content"), buffer_bytes(&text), keys, 2, &err), 1);
    assert_int_equal(verify(bytes_of("content"), buffer_bytes(&text), keys, 1, &err), -1);
    assert_error(&err, ERROR_REFUSED, "did not sign these bytes");
    *(strstr(text.data, "comment\n") + strlen("comment")) = '\n';
    strstr(text.data, ": comment")[2] = 'C';
    assert_int_equal(verify(bytes_of("content"), buffer_bytes(&text), &key->public, 1, &err), -1);
    assert_error(&err, ERROR_REFUSED, "the signature's trusted comment is not what key");
    text.data[strlen(MINISIGN_UNTRUSTED)] = '\0';
    text.data[strcspn(text.data + 20, "\n") + 21] = 'S'; /* "RU" to "SU": another algorithm */
    assert_int_equal(verify(bytes_of("content"), buffer_bytes(&text), &key->public, 1, &err), -1);
    assert_error(&err, ERROR_INPUT, "line 2 is no minisign signature");
}

static void comments_that_cannot_be(void **state) {
    (void)state;
    struct error err = {0};
    char longest[MINISIGN_COMMENT_MAX + 2];
    static const char *const bad[] = {"a\nb", "a\rb", "\t", "\x7f", "\xff", "\xc3"};
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = minisign_generate(&err);
    for (size_t i = 0; i < COUNT(bad); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        assert_int_equal(minisign_sign(key, bytes_of("content"), bad[i], &text, &err), -1);
        assert_error(&err, ERROR_INPUT, "not one line of printable UTF-8");
        assert_int_equal(text.size, 0);
    }
    CLEANUP(buffer_free) struct buffer text = {0};
    memset(longest, 'x', sizeof(longest));
    longest[MINISIGN_COMMENT_MAX + 1] = '\0';
    assert_int_equal(minisign_sign(key, bytes_of("content"), longest, &text, &err), -1);
    assert_error(&err, ERROR_INPUT, "the trusted comment has 1025 bytes, more than the 1024");
    longest[MINISIGN_COMMENT_MAX] = '\0';
    assert_int_equal(minisign_sign(key, bytes_of("content"), longest, &text, &err), 0);
    assert_int_equal(verify(bytes_of("content"), buffer_bytes(&text), &key->public, 1, &err), 0);
}

/* The key of a text whose byte `offset` of the base64's data was set. */
static struct minisign_secret_key *parse_altered(const char *text, size_t offset, uint8_t value, const char *password,
                                                 struct error *err) {
    uint8_t data[158];
    char altered[MINISIGN_SECRET_TEXT_MAX];
    const char *base64 = strchr(text, '\n') + 1;
    assert_int_equal(sodium_base642bin(data, sizeof(data), base64, strcspn(base64, "\n"), NULL, NULL, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    data[offset] = value;
    size_t size = (size_t)snprintf(altered, sizeof(altered), "%s", MINISIGN_UNTRUSTED "x\n");
    sodium_bin2base64(altered + size, sizeof(altered) - size, data, sizeof(data), sodium_base64_VARIANT_ORIGINAL);
    return minisign_parse_secret_key(bytes_of(altered), password, err);
}

static void wrong_secret_keys_are_refused(void **state) {
    (void)state;
    enum { KDF = 2, CHECKSUM = 4, OPERATIONS = 38, MEMORY = 46, ID = 54, KEY = 62 };
    static const struct {
        size_t offset;
        uint8_t value;
        enum error_code code;
        const char *part;
    } cases[] = {
        {0, 'X', ERROR_INPUT, "line 2 is no minisign secret key"},
        {KDF, 'X', ERROR_INPUT, "line 2 is no minisign secret key"},
        {CHECKSUM, 'X', ERROR_INPUT, "line 2 is no minisign secret key"},
        {OPERATIONS + 7, 1, ERROR_INPUT, "the secret key asks for 16 MiB of memory and 72057594037960704 operations"},
        {MEMORY + 4, 1, ERROR_INPUT, "the secret key asks for 4112 MiB of memory"},
    };
    struct error err = {0};
    char text[MINISIGN_SECRET_TEXT_MAX];
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = minisign_generate(&err);
    assert_int_equal(minisign_write_secret_key(key, "secret", cheap, text, &err), 0);
    assert_null(minisign_parse_secret_key(bytes_of(text), NULL, &err));
    assert_error(&err, ERROR_INPUT, "the secret key is encrypted: give its password");
    assert_null(minisign_parse_secret_key(bytes_of(text), "Secret", &err));
    assert_error(&err, ERROR_REFUSED, "the secret key's password is wrong");
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_null(parse_altered(text, cases[i].offset, cases[i].value, "secret", &err));
        assert_error(&err, cases[i].code, cases[i].part);
    }
    for (size_t i = 0; i < strlen(text) - 1; i++) {
        struct bytes copy = exact((struct bytes){(const uint8_t *)text, i});
        assert_null(minisign_parse_secret_key(copy, NULL, &err));
        assert_int_equal(err.code, ERROR_INPUT);
        error_clear(&err);
        free((void *)(uintptr_t)copy.data);
    }
    assert_int_equal(minisign_write_secret_key(key, NULL, cheap, text, &err), 0);
    for (size_t offset = ID; offset < 158; offset += 13) {
        uint8_t value = offset < KEY ? (uint8_t)~key->public.id[offset - ID] : 0x55;
        if (offset >= KEY && offset < KEY + sizeof(key->key))
            value = (uint8_t)~key->key[offset - KEY];
        assert_null(parse_altered(text, offset, value, NULL, &err));
        assert_error(&err, ERROR_INPUT, "the secret key is damaged");
    }
    CLEANUP(minisign_secret_free)
    struct minisign_secret_key *again = minisign_parse_secret_key(bytes_of(text), NULL, &err);
    assert_memory_equal(key, again, sizeof(*key));
    minisign_secret_free(NULL);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(the_tools_signatures_verify),
        FOLDER_TEST(the_tools_keys_sign_in_ours),
        FOLDER_TEST(the_tools_encrypted_keys_sign_in_ours),
        FOLDER_TEST(our_keys_sign_in_the_tool),
        cmocka_unit_test(public_keys_as_text),
        cmocka_unit_test(damaged_signatures_are_refused),
        cmocka_unit_test(refusals_say_which),
        cmocka_unit_test(comments_that_cannot_be),
        cmocka_unit_test(wrong_secret_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, sodium_setup, NULL);
}
