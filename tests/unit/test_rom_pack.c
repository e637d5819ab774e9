/* rom/pack: a bundle's packed file is a bundle, always the same bytes, readable by everybody's tar. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rom/pack.h"
#include "support.h"

static const struct trust anybody;
static const char *const names[] = {"none", "gzip", "zstd"};

static int sodium_setup(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

/* A bundle in folder "lab" whose manifest names these files in this order, one ROM each. */
static void put_bundle(const char *folder, const char *const *files, size_t count) {
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_text(&text, "{\"apiVersion\": \"" MANIFEST_API_VERSION "\", \"kind\": \"" MANIFEST_KIND
                              "\", \"name\": \"lab\", \"roms\": [");
    for (size_t i = 0; i < count; i++) {
        uint8_t sha256[crypto_hash_sha256_BYTES];
        char hex[2 * sizeof(sha256) + 1], path[300];
        snprintf(path, sizeof(path), "lab/%s", files[i]);
        struct bytes content = bytes_of(strrchr(path, '/') + 1);
        put_file(folder, path, content);
        crypto_hash_sha256(sha256, content.data, content.size);
        buffer_printf(&text,
                      "%s{\"id\": \"r%zu\", \"file\": \"%s\", \"sha256\": \"%s\", \"match\": {\"vendor\": \"1002\", "
                      "\"device\": \"%04zx\"}}",
                      i ? "," : "", i, files[i], sodium_bin2hex(hex, sizeof(hex), sha256, sizeof(sha256)), i);
    }
    buffer_append_text(&text, "]}");
    put_file(folder, "lab/" STORE_MANIFEST, buffer_bytes(&text));
}

static const char *const files[] = {"roms/z.rom", "a.rom", "roms//b.rom", "./a.rom", "roms/a.rom"};

static struct buffer pack(const char *path, enum pack_compression compression) {
    struct error err = {0};
    struct buffer packed = {0};
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(path, &anybody, &err);
    assert_no_error(&err);
    assert_int_equal(pack_bundle(bundle, compression, &packed, &err), 0);
    return packed;
}

static void everybodys_tar_lists_it(void **state) {
    put_bundle(*state, files, COUNT(files));
    put_text(*state, "lab/" STORE_SIGNATURE, "not looked at");
    put_text(*state, "lab/stray", "not packed");
    for (size_t i = 0; i < COUNT(names); i++) {
        enum pack_compression compression;
        assert_int_equal(pack_compression_parse(names[i], &compression), 0);
        CLEANUP(buffer_free) struct buffer packed = pack(path_in(*state, "lab"), compression);
        put_file(*state, "packed", buffer_bytes(&packed));
        const char *const list[] = {"env", "TZ=UTC", "tar", "--full-time", "-tvf", "packed", NULL};
        assert_int_equal(run_program(*state, "", list), 0);
        CLEANUP(buffer_free) struct buffer output = get_file(*state, "output");
        char expected[1024];
        struct stat manifest;
        assert_int_equal(stat(path_in(*state, "lab/" STORE_MANIFEST), &manifest), 0);
        snprintf(expected, sizeof(expected),
                 "-rw-r--r-- 0/0             %lld 1970-01-01 00:00:00 bundle.json\n"
                 "-rw-r--r-- 0/0              13 1970-01-01 00:00:00 bundle.json.minisig\n"
                 "-rw-r--r-- 0/0               5 1970-01-01 00:00:00 a.rom\n"
                 "-rw-r--r-- 0/0               5 1970-01-01 00:00:00 roms/a.rom\n"
                 "-rw-r--r-- 0/0               5 1970-01-01 00:00:00 roms/b.rom\n"
                 "-rw-r--r-- 0/0               5 1970-01-01 00:00:00 roms/z.rom\n",
                 (long long)manifest.st_size);
        assert_bytes(buffer_bytes(&output), expected);
    }
    enum pack_compression compression;
    assert_int_equal(pack_compression_parse("xz", &compression), -1);
}

/* Packed, it gives the same ROMs; packed again, whatever the files' times and names' order, the same bytes. */
static void packed_is_the_same_bundle(void **state) {
    put_bundle(*state, files, COUNT(files));
    for (size_t i = 0; i < COUNT(names); i++) {
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer packed = pack(path_in(*state, "lab"), (enum pack_compression)i);
        put_file(*state, "packed", buffer_bytes(&packed));
        CLEANUP(bundle_close) struct bundle *folder = bundle_open(path_in(*state, "lab"), &anybody, &err);
        CLEANUP(bundle_close) struct bundle *bundle = bundle_open(path_in(*state, "packed"), &anybody, &err);
        assert_no_error(&err);
        for (size_t j = 0; j < COUNT(files); j++) {
            CLEANUP(buffer_free) struct buffer from_folder = {0};
            CLEANUP(buffer_free) struct buffer from_packed = {0};
            assert_int_equal(bundle_read_rom(folder, &folder->manifest.roms[j], &from_folder, &err), 0);
            assert_int_equal(bundle_read_rom(bundle, &bundle->manifest.roms[j], &from_packed, &err), 0);
            assert_bytes(buffer_bytes(&from_packed), strrchr(files[j], '/') ? strrchr(files[j], '/') + 1 : files[j]);
            assert_int_equal(from_packed.size, from_folder.size);
        }
        CLEANUP(buffer_free) struct buffer again = pack(path_in(*state, "packed"), (enum pack_compression)i);
        assert_int_equal(again.size, packed.size);
        assert_memory_equal(again.data, packed.data, packed.size);
    }
}

static void what_the_reader_refuses_is_not_packed(void **state) {
    static const struct {
        const char *file, *part;
    } cases[] = {
        {"a\\\\b.rom", "lab: \"a\\b.rom\" has characters in its name"},
        {"\xc3\xa4.rom", "that are not printable ASCII"},
        {"./bundle.json.minisig", "the ROM \"r0\" has \"bundle.json.minisig\" for a file: rename it"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer packed = {0};
        put_bundle(*state, &cases[i].file, 1);
        CLEANUP(bundle_close) struct bundle *bundle = bundle_open(path_in(*state, "lab"), &anybody, &err);
        assert_no_error(&err);
        assert_int_equal(pack_bundle(bundle, PACK_NONE, &packed, &err), -1);
        assert_error(&err, ERROR_REFUSED, cases[i].part);
    }
}

static void wrong_roms_are_not_packed(void **state) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer packed = {0};
    put_bundle(*state, files, COUNT(files));
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(path_in(*state, "lab"), &anybody, &err);
    put_text(*state, "lab/roms/b.rom", "other");
    assert_int_equal(pack_bundle(bundle, PACK_ZSTD, &packed, &err), -1);
    assert_error(&err, ERROR_REFUSED, "roms//b.rom has SHA-256 ");
    put_text(*state, "lab/roms/b.rom", "b.rom");
    put_text(*state, "lab/" STORE_SIGNATURE, "appeared");
    CLEANUP(buffer_free) struct buffer changed = {0};
    assert_int_equal(pack_bundle(bundle, PACK_ZSTD, &changed, &err), -1);
    assert_error(&err, ERROR_REFUSED, "changed while it was packed: pack it again");
}

/* Unlike every piece's size, and more than any buffer between. */
static void large_roms(void **state) {
    static uint8_t content[3 * 1000 * 1000];
    struct sequence sequence = {1};
    struct error err = {0};
    uint8_t sha256[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof(sha256) + 1];
    CLEANUP(buffer_free) struct buffer text = {0};
    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = (uint8_t)(i < 1000000 ? sequence_next(&sequence) : i / 1000);
    crypto_hash_sha256(sha256, content, sizeof(content));
    buffer_printf(&text,
                  "{\"apiVersion\": \"" MANIFEST_API_VERSION "\", \"kind\": \"" MANIFEST_KIND
                  "\", \"name\": \"lab\", \"roms\": [{\"id\": \"a\", \"file\": \"a.rom\", \"sha256\": \"%s\", "
                  "\"match\": {\"vendor\": \"1002\", \"device\": \"1681\"}}]}",
                  sodium_bin2hex(hex, sizeof(hex), sha256, sizeof(sha256)));
    put_file(*state, "lab/" STORE_MANIFEST, buffer_bytes(&text));
    put_file(*state, "lab/a.rom", (struct bytes){content, sizeof(content)});
    for (size_t i = 0; i < COUNT(names); i++) {
        CLEANUP(buffer_free) struct buffer packed = pack(path_in(*state, "lab"), (enum pack_compression)i);
        CLEANUP(buffer_free) struct buffer rom = {0};
        assert_true(i == 0 || packed.size < 1200000);
        put_file(*state, "packed", buffer_bytes(&packed));
        CLEANUP(bundle_close) struct bundle *bundle = bundle_open(path_in(*state, "packed"), &anybody, &err);
        assert_int_equal(bundle_read_rom(bundle, &bundle->manifest.roms[0], &rom, &err), 0);
        assert_int_equal(rom.size, sizeof(content));
    }
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(everybodys_tar_lists_it),
        FOLDER_TEST(packed_is_the_same_bundle),
        FOLDER_TEST(what_the_reader_refuses_is_not_packed),
        FOLDER_TEST(wrong_roms_are_not_packed),
        FOLDER_TEST(large_roms),
    };
    return cmocka_run_group_tests(tests, sodium_setup, NULL);
}
