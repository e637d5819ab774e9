/* rom/bundle: the folder on disk, and every way in which it can be wrong. */
#include <stdio.h>
#include <unistd.h>

#include "rom/bundle.h"
#include "rom/image.h"
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
        cmocka_unit_test(close_accepts_null),
    };
    return cmocka_run_group_tests(tests, sodium_setup, NULL);
}
