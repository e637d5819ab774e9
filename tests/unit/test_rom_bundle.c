/* rom/bundle: folders and packed files, who signed them, and every way in which they can be wrong. */
#include <stdio.h>
#include <unistd.h>

#include "rom/bundle.h"
#include "rom/image.h"
#include "rom/minisign_key.h"
#include "support.h"

static const struct trust anybody;

static int sodium_setup(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

/* Writes folder/bundle.json with one ROM of this file, whose hash is that of `content`. */
static void put_manifest(const char *folder, const char *file, struct bytes content) {
    uint8_t sha256[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof(sha256) + 1];
    CLEANUP(buffer_free) struct buffer text = {0};
    crypto_hash_sha256(sha256, content.data, content.size);
    buffer_printf(&text,
                  "{\"apiVersion\": \"" MANIFEST_API_VERSION "\", \"kind\": \"" MANIFEST_KIND
                  "\", \"name\": \"lab\", \"roms\": [{\"id\": \"a\", \"file\": \"%s\", \"sha256\": \"%s\", "
                  "\"match\": {\"vendor\": \"1002\", \"device\": \"1681\"}}]}",
                  file, sodium_bin2hex(hex, sizeof(hex), sha256, sizeof(sha256)));
    put_file(folder, BUNDLE_MANIFEST, buffer_bytes(&text));
}

static void opened_and_read(void **state) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer content = {0};
    put_manifest(*state, "roms/a.rom", bytes_of("content"));
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(*state, &anybody, &err);
    assert_no_error(&err); /* no ROM is read yet: this one does not exist */
    assert_string_equal(bundle->path, *state);
    assert_string_equal(bundle->manifest.name, "lab");
    assert_int_equal(bundle->manifest.count, 1);
    put_text(*state, "roms/a.rom", "content");
    assert_int_equal(bundle_read_rom(bundle, &bundle->manifest.roms[0], &content, &err), 0);
    assert_bytes(buffer_bytes(&content), "content");
}

static void broken_bundles_are_refused(void **state) {
    static const struct {
        const char *manifest; /* NULL: none */
        const char *part;
    } cases[] = {
        {NULL, "/bundle.json: No such file or directory"},
        {"", "bundle.json: it is empty"},
        {"{", "bundle.json: it is not valid JSON: line 1"},
        {"{\"kind\": \"RomBundle\"}", "bundle.json: apiVersion is missing"},
        {"{\"apiVersion\": \"" MANIFEST_API_VERSION "\", \"kind\": \"RomBundle\", \"name\": \"lab\", \"roms\": [1]}",
         "bundle.json: roms[0] is a number"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        if (cases[i].manifest)
            put_text(*state, BUNDLE_MANIFEST, cases[i].manifest);
        assert_null(bundle_open(*state, &anybody, &err));
        assert_non_null(strstr(err.message, *state));
        assert_error(&err, ERROR_REFUSED, cases[i].part);
    }
}

static void missing_folders_are_refused(void **state) {
    struct error err = {0};
    assert_null(bundle_open(path_in(*state, "absent"), &anybody, &err));
    assert_error(&err, ERROR_REFUSED, "/absent: No such file or directory");
    assert_null(bundle_open("/dev/null", &anybody, &err));
    assert_error(&err, ERROR_REFUSED, "/dev/null is neither a folder nor a file");
    put_folder(*state, BUNDLE_MANIFEST);
    assert_null(bundle_open(*state, &anybody, &err));
    assert_error(&err, ERROR_REFUSED, "not a regular file");
}

static void too_large_is_refused(void **state) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer content = {0};
    put_manifest(*state, "a.rom", bytes_of("content"));
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(*state, &anybody, &err);
    put_text(*state, "a.rom", "");
    assert_int_equal(truncate(path_in(*state, "a.rom"), ROM_SIZE_MAX + 1), 0);
    assert_int_equal(bundle_read_rom(bundle, &bundle->manifest.roms[0], &content, &err), -1);
    assert_error(&err, ERROR_REFUSED, "a.rom has 16777217 bytes, more than the 16777216");
    assert_int_equal(truncate(path_in(*state, BUNDLE_MANIFEST), MANIFEST_SIZE_MAX + 1), 0);
    assert_null(bundle_open(*state, &anybody, &err));
    assert_error(&err, ERROR_REFUSED, "bundle.json has 4194305 bytes");
}

static void a_rom_of_the_largest_size(void **state) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer content = {0};
    CLEANUP(free) uint8_t *zeros = calloc(1, ROM_SIZE_MAX);
    put_manifest(*state, "a.rom", (struct bytes){zeros, ROM_SIZE_MAX});
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(*state, &anybody, &err);
    put_text(*state, "a.rom", "");
    assert_int_equal(truncate(path_in(*state, "a.rom"), ROM_SIZE_MAX), 0);
    assert_int_equal(bundle_read_rom(bundle, &bundle->manifest.roms[0], &content, &err), 0);
    assert_int_equal(content.size, ROM_SIZE_MAX);
}

static void wrong_roms_are_refused(void **state) {
    static const struct {
        const char *content, *part;
    } cases[] = {
        {NULL, "a.rom: No such file or directory"},
        {"Content", "has SHA-256 "},
        {"content\n", "has SHA-256 "},
        {"", "has SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    };
    struct error err = {0};
    put_manifest(*state, "a.rom", bytes_of("content"));
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(*state, &anybody, &err);
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer content = {0};
        if (cases[i].content)
            put_text(*state, "a.rom", cases[i].content);
        assert_int_equal(bundle_read_rom(bundle, &bundle->manifest.roms[0], &content, &err), -1);
        assert_error(&err, ERROR_REFUSED, cases[i].part);
    }
}

static void roms_outside_are_refused(void **state) {
    struct error err = {0};
    put_text(*state, "secret", "content");
    put_link(*state, "bundle/a.rom", "../secret");
    put_manifest(path_in(*state, "bundle"), "a.rom", bytes_of("content"));
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(path_in(*state, "bundle"), &anybody, &err);
    CLEANUP(buffer_free) struct buffer content = {0};
    assert_int_equal(bundle_read_rom(bundle, &bundle->manifest.roms[0], &content, &err), -1);
    assert_error(&err, ERROR_REFUSED, "\"a.rom\" leaves the folder");
    assert_int_equal(content.size, 0);
}

/* A ConfigMap's mount: all names are links through ..data. */
static void a_config_map(void **state) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer content = {0};
    put_folder(*state, "..2026_11_23");
    put_manifest(path_in(*state, "..2026_11_23"), "a.rom", bytes_of("content"));
    put_text(*state, "..2026_11_23/a.rom", "content");
    put_link(*state, "..data", "..2026_11_23");
    put_link(*state, BUNDLE_MANIFEST, "..data/" BUNDLE_MANIFEST);
    put_link(*state, "a.rom", "..data/a.rom");
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(*state, &anybody, &err);
    assert_no_error(&err);
    assert_int_equal(bundle_read_rom(bundle, &bundle->manifest.roms[0], &content, &err), 0);
    assert_bytes(buffer_bytes(&content), "content");
}

static void current_until_the_manifest_changes(void **state) {
    struct error err = {0};
    put_folder(*state, "first");
    put_folder(*state, "second");
    put_manifest(path_in(*state, "first"), "a.rom", bytes_of("content"));
    put_manifest(path_in(*state, "second"), "a.rom", bytes_of("content"));
    put_link(*state, "bundle", "first");
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(path_in(*state, "bundle"), &anybody, &err);
    assert_true(bundle_is_current(bundle));
    put_text(*state, "first/a.rom", "content"); /* ROMs are read anew each time anyway */
    assert_true(bundle_is_current(bundle));
    unlink(path_in(*state, "bundle"));
    assert_false(bundle_is_current(bundle));
    put_link(*state, "bundle", "second");
    assert_false(bundle_is_current(bundle));
    unlink(path_in(*state, "bundle"));
    put_link(*state, "bundle", "first");
    assert_true(bundle_is_current(bundle));
    usleep(20000); /* more than the kernel's clock ticks */
    put_manifest(path_in(*state, "first"), "b.rom", bytes_of("content"));
    assert_false(bundle_is_current(bundle));
}

/* Signs bytes and puts the signature into the folder. */
static void put_signature(const char *folder, const struct minisign_secret_key *key, struct bytes content) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    assert_int_equal(minisign_sign(key, content, "lab", &text, &err), 0);
    put_file(folder, STORE_SIGNATURE, buffer_bytes(&text));
}

/* Makes *state/packed of *state/bundle by the real tar, and opens the one or the other. */
static struct bundle *open_either(const char *folder, bool packed, const struct trust *trust, struct error *err) {
    const char *const tar[] = {"tar", "-C", "bundle", "--zstd", "-cf", "packed", ".", NULL};
    assert_int_equal(run_program(folder, "", tar), 0);
    return bundle_open(path_in(folder, packed ? "packed" : "bundle"), trust, err);
}

static void only_what_a_trusted_key_signed(void **state) {
    struct error err = {0};
    char id[MINISIGN_ID_TEXT];
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = minisign_generate(&err);
    CLEANUP(minisign_secret_free) struct minisign_secret_key *other = minisign_generate(&err);
    const struct trust trust = {{key->public}, 1};
    const char *folder = *state;
    put_folder(folder, "bundle");
    for (int packed = 0; packed < 2; packed++) {
        put_manifest(path_in(folder, "bundle"), "a.rom", bytes_of("content"));
        put_text(folder, "bundle/a.rom", "content");
        CLEANUP(buffer_free) struct buffer manifest = get_file(folder, "bundle/" BUNDLE_MANIFEST);
        unlink(path_in(folder, "bundle/" STORE_SIGNATURE));
        assert_null(open_either(folder, packed, &trust, &err));
        assert_non_null(strstr(err.message, "add bundle.json.minisig"));
        assert_error(&err, ERROR_REFUSED, " is not signed, and only what a trusted key signed is used");

        put_signature(path_in(folder, "bundle"), other, buffer_bytes(&manifest));
        assert_null(open_either(folder, packed, &trust, &err));
        assert_non_null(strstr(err.message, minisign_id_text(other->public.id, id)));
        assert_error(&err, ERROR_REFUSED, "bundle.json.minisig: it is signed by key ");

        put_text(folder, "bundle/" STORE_SIGNATURE, "nonsense");
        assert_null(open_either(folder, packed, &trust, &err));
        assert_error(&err, ERROR_REFUSED, "bundle.json.minisig: line 1 does not start with");

        put_signature(path_in(folder, "bundle"), key, buffer_bytes(&manifest));
        CLEANUP(bundle_close) struct bundle *bundle = open_either(folder, packed, &trust, &err);
        CLEANUP(buffer_free) struct buffer content = {0};
        assert_no_error(&err);
        assert_int_equal(bundle_read_rom(bundle, &bundle->manifest.roms[0], &content, &err), 0);
        assert_bytes(buffer_bytes(&content), "content");

        /* Not JSON and not signed: the signature is looked at first, nothing of the text is parsed before. */
        put_text(folder, "bundle/" BUNDLE_MANIFEST, "{");
        assert_null(open_either(folder, packed, &trust, &err));
        assert_error(&err, ERROR_REFUSED, "did not sign these bytes");
        put_signature(path_in(folder, "bundle"), key, bytes_of("{"));
        assert_null(open_either(folder, packed, &trust, &err));
        assert_error(&err, ERROR_REFUSED, "bundle.json: it is not valid JSON");
    }
}

/* A signature of nonsense, or of nobody, is as none where nobody is trusted. */
static void without_keys_no_signature_is_looked_at(void **state) {
    struct error err = {0};
    put_folder(*state, "bundle");
    put_manifest(path_in(*state, "bundle"), "a.rom", bytes_of("content"));
    put_text(*state, "bundle/" STORE_SIGNATURE, "nonsense");
    for (int packed = 0; packed < 2; packed++) {
        CLEANUP(bundle_close) struct bundle *bundle = open_either(*state, packed, &anybody, &err);
        assert_no_error(&err);
        assert_true(bundle_is_current(bundle));
    }
}

/* Where each is refused, folder or packed, it is for the same reason. */
static void packed_roms_are_checked(void **state) {
    static const struct {
        const char *content, *part;
    } cases[] = {
        {NULL, "packed has no \"a.rom\"; pack it with that file, or correct bundle.json"},
        {"Content", "packed/a.rom has SHA-256 "},
    };
    put_folder(*state, "bundle");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer content = {0};
        put_manifest(path_in(*state, "bundle"), "a.rom", bytes_of("content"));
        if (cases[i].content)
            put_text(*state, "bundle/a.rom", cases[i].content);
        CLEANUP(bundle_close) struct bundle *bundle = open_either(*state, true, &anybody, &err);
        assert_int_equal(bundle_read_rom(bundle, &bundle->manifest.roms[0], &content, &err), -1);
        assert_error(&err, ERROR_REFUSED, cases[i].part);
    }
}

static void close_accepts_null(void **state) {
    (void)state;
    bundle_close(NULL);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(opened_and_read),
        FOLDER_TEST(broken_bundles_are_refused),
        FOLDER_TEST(missing_folders_are_refused),
        FOLDER_TEST(too_large_is_refused),
        FOLDER_TEST(a_rom_of_the_largest_size),
        FOLDER_TEST(wrong_roms_are_refused),
        FOLDER_TEST(roms_outside_are_refused),
        FOLDER_TEST(a_config_map),
        FOLDER_TEST(current_until_the_manifest_changes),
        FOLDER_TEST(only_what_a_trusted_key_signed),
        FOLDER_TEST(without_keys_no_signature_is_looked_at),
        FOLDER_TEST(packed_roms_are_checked),
        cmocka_unit_test(close_accepts_null),
    };
    return cmocka_run_group_tests(tests, sodium_setup, NULL);
}
