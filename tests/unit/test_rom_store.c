/* rom/store, rom/tar, rom/unpack: folders, and archives by other people's tools, whole, damaged and hostile. */
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rom/store.h"
#include "rom/tar.h"
#include "rom/unpack.h"
#include "support.h"

#define RUN(folder, ...) assert_int_equal(run_program((folder), "", (const char *const[]){__VA_ARGS__, NULL}), 0)

static int sodium_setup(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

/* Makes *state/archive by Python's tarfile; `lines` adds entries to `t`, with add(name, content, **what). */
static void put_archive(const char *folder, const char *mode, const char *lines) {
    CLEANUP(buffer_free) struct buffer script = {0};
    buffer_printf(&script,
                  "import io, tarfile\n"
                  "t = tarfile.open('archive', '%s')\n"
                  "def add(name, content=b'', **what):\n"
                  "    entry = tarfile.TarInfo(name)\n"
                  "    entry.size = len(content)\n"
                  "    for key, value in what.items():\n"
                  "        setattr(entry, key, value)\n"
                  "    t.addfile(entry, io.BytesIO(content))\n"
                  "%s\n"
                  "t.close()\n",
                  mode, lines);
    assert_int_equal(run_program(folder, script.data, (const char *const[]){"python3", "-", NULL}), 0);
}

/* Whatever the walk comes to can be read on the way. */
static int count_file(void *context, const struct store_file *file, struct error *err) {
    struct buffer *seen = context;
    CLEANUP(buffer_free) struct buffer content = {0};
    if (file->size <= 1 << 20) {
        if (store_read_file(file, 1 << 20, &content, err) < 0)
            return -1;
        assert_int_equal(content.size, file->size);
    }
    buffer_printf(seen, "%s:%llu\n", file->name, (unsigned long long)file->size);
    return 0;
}

/* Opens *state/archive and walks all of it. Returns 0, or -1 with err filled. */
static int walk_archive(const char *folder, struct buffer *seen, struct error *err) {
    CLEANUP(store_close) struct store *store = store_open(path_in(folder, "archive"), err);
    return store ? store_walk(store, count_file, seen, err) : -1;
}

static void put_small_bundle(const char *folder) {
    put_text(folder, "lab/bundle.json", "{}");
    put_text(folder, "lab/roms/a.rom", "content");
}

/* The same reads from a folder and from its archive. */
static void check_small_bundle(const struct store *store) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer content = {0};
    CLEANUP(buffer_free) struct buffer again = {0};
    CLEANUP(buffer_free) struct buffer none = {0};
    assert_int_equal(store_read(store, "roms/a.rom", 7, &content, &err), 0);
    assert_bytes(buffer_bytes(&content), "content");
    assert_int_equal(store_read(store, "./roms//a.rom", 7, &again, &err), 0);
    assert_bytes(buffer_bytes(&again), "content");
    assert_int_equal(store_read(store, "roms/a.rom", 6, &none, &err), -1);
    assert_error(&err, ERROR_REFUSED, "has 7 bytes, more than the 6");
    assert_int_equal(store_read(store, "b.rom", 7, &none, &err), -1);
    assert_error(&err, ERROR_REFUSED, "b.rom");
    assert_int_equal(store_read_if_there(store, "b.rom", 7, &none, &err), 0);
    assert_no_error(&err);
    assert_int_equal(store_read_if_there(store, "bundle.json", 7, &none, &err), 1);
    assert_bytes(buffer_bytes(&none), "{}");
    assert_true(store_is_current(store));
}

static void a_folder(void **state) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer seen = {0};
    put_small_bundle(*state);
    CLEANUP(store_close) struct store *store = store_open(path_in(*state, "lab"), &err);
    check_small_bundle(store);
    unlink(path_in(*state, "lab/bundle.json"));
    put_text(*state, "lab/..2026/bundle.json", "{}");
    put_link(*state, "lab/..data", "..2026");
    put_link(*state, "lab/bundle.json", "..data/bundle.json");
    put_link(*state, "lab/all", ".");
    assert_int_equal(store_walk(store, count_file, &seen, &err), 0);
    assert_true(strcmp(seen.data, "bundle.json:2\nroms/a.rom:7\n") == 0 ||
                strcmp(seen.data, "roms/a.rom:7\nbundle.json:2\n") == 0);
    assert_true(store_is_current(store) == false);
}

static void the_signature_counts(void **state) {
    struct error err = {0};
    put_small_bundle(*state);
    CLEANUP(store_close) struct store *store = store_open(path_in(*state, "lab"), &err);
    put_text(*state, "lab/bundle.json.minisig", "x");
    assert_false(store_is_current(store));
    CLEANUP(store_close) struct store *signed_store = store_open(path_in(*state, "lab"), &err);
    assert_true(store_is_current(signed_store));
    put_text(*state, "lab/bundle.json.minisig", "xy");
    assert_false(store_is_current(signed_store));
    CLEANUP(store_close) struct store *again = store_open(path_in(*state, "lab"), &err);
    unlink(path_in(*state, "lab/bundle.json.minisig"));
    assert_false(store_is_current(again));
    assert_true(store_is_current(store)); /* as it was */
}

static void archives_of_the_real_tar(void **state) {
    static const char *const formats[] = {"--format=ustar", "--format=pax", "--format=gnu", "--format=v7"};
    static const char *const filters[] = {"--no-auto-compress", "--gzip", "--zstd"};
    struct error err = {0};
    put_small_bundle(*state);
    for (size_t i = 0; i < COUNT(formats); i++)
        for (size_t j = 0; j < COUNT(filters); j++) {
            CLEANUP(buffer_free) struct buffer seen = {0};
            RUN(*state, "tar", "-C", "lab", formats[i], filters[j], "--sort=name", "-cf", "archive", ".");
            CLEANUP(store_close) struct store *store = store_open(path_in(*state, "archive"), &err);
            check_small_bundle(store);
            assert_int_equal(walk_archive(*state, &seen, &err), 0);
            assert_string_equal(seen.data, "bundle.json:2\nroms/a.rom:7\n");
        }
}

/* Several members or frames, as parallel packers and `cat` make them; the archive does not end in the first. */
static void joined_streams(void **state) {
    static const char *const commands[] = {
        "head -c 700 plain | gzip >archive; tail -c +701 plain | gzip >>archive",
        "head -c 700 plain | zstd -q >archive; tail -c +701 plain | zstd -q >>archive",
        "printf 'P*M\\030\\002\\0\\0\\0xx' >archive; zstd -qc plain >>archive",
    };
    struct error err = {0};
    put_small_bundle(*state);
    RUN(*state, "tar", "-C", "lab", "-cf", "plain", ".");
    for (size_t i = 0; i < COUNT(commands); i++) {
        RUN(*state, "sh", "-ec", commands[i]);
        CLEANUP(store_close) struct store *store = store_open(path_in(*state, "archive"), &err);
        check_small_bundle(store);
    }
}

static void hostile_entries_are_refused(void **state) {
    static const struct {
        const char *lines, *part; /* part NULL: fine */
    } cases[] = {
        {"add('a')", NULL},
        {"add('.', type=b'5'); add('./a'); add('roms', type=b'5'); add('roms/./b')", NULL},
        {"add('x' * 256)", "has a name that is too long: rename it"},
        {"add('x' * 255)", NULL},
        {"add('a', type=b'2', linkname='/etc/passwd')", "\"a\" is a symbolic link"},
        {"add('b'); add('a', type=b'1', linkname='b')", "\"a\" is a hard link"},
        {"add('a', type=b'3')", "\"a\" is a character device"},
        {"add('a', type=b'4')", "\"a\" is a block device"},
        {"add('a', type=b'6')", "\"a\" is a FIFO"},
        {"add('/a')", "\"/a\" is absolute: rename it"},
        {"add('../a')", "\"../a\" leaves the bundle: rename it"},
        {"add('a/..')", "\"a/..\" leaves the bundle"},
        {"add('a/../b')", "\"a/../b\" leaves the bundle"},
        {"add('..', type=b'5')", "\"../\" leaves the bundle"},
        {"add('a\\\\b')", "that are not printable ASCII, or a backslash"},
        {"add('a\\nb')", "that are not printable ASCII, or a backslash"},
        {"add('')", "has an entry without a name"},
        {"add('.')", "the file \".\" has no name"},
        {"add('a'); add('a')", "has \"a\" twice: pack it once"},
        {"add('a'); add('./a')", "has \"a\" twice"},
        {"add('a', type=b'5'); add('a')", "has \"a\" twice"},
        {"[add(str(i)) for i in range(4096)]", NULL},
        {"[add(str(i)) for i in range(4097)]", "has more than 4096 entries: split the bundle"},
        {"add('a', b'x' * 512, pax_headers={'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', "
         "'GNU.sparse.realsize': '9999', 'GNU.sparse.name': 'a'})",
         "archive"},
    };
    struct error err = {0};
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer seen = {0};
        put_archive(*state, "w", cases[i].lines);
        int result = walk_archive(*state, &seen, &err);
        if (cases[i].part) {
            assert_int_equal(result, -1);
            assert_non_null(strstr(err.message, *state));
            assert_error(&err, ERROR_REFUSED, cases[i].part);
        } else
            assert_no_error(&err);
    }
}

static void sparse_files_are_refused(void **state) {
    struct error err = {0};
    put_text(*state, "lab/a", "start");
    assert_int_equal(truncate(path_in(*state, "lab/a"), 1 << 20), 0);
    put_text(*state, "lab/b", "x");
    static const char *const formats[] = {"--format=gnu", "--format=pax"};
    for (size_t i = 0; i < COUNT(formats); i++) {
        CLEANUP(buffer_free) struct buffer seen = {0};
        RUN(*state, "tar", "-C", "lab", formats[i], "--sparse", "-cf", "archive", "a", "b");
        assert_int_equal(walk_archive(*state, &seen, &err), -1);
        assert_error(&err, ERROR_REFUSED, "\"a\" is a sparse file");
    }
}

/* Cut at every byte, and with a bit of every byte of the compressed ones turned. */
static void damaged_archives_are_refused(void **state) {
    static const char *const commands[] = {"cp plain whole", "gzip -nc plain >whole",
                                           "zstd -q --check -f plain -o whole"};
    struct error err = {0};
    put_text(*state, "lab/a", "content");
    put_text(*state, "lab/zeros", "");
    assert_int_equal(truncate(path_in(*state, "lab/zeros"), 2048), 0);
    RUN(*state, "tar", "-C", "lab", "--blocking-factor=1", "-cf", "plain", "a", "zeros");
    for (size_t i = 0; i < COUNT(commands); i++) {
        RUN(*state, "sh", "-ec", commands[i]);
        CLEANUP(buffer_free) struct buffer whole = get_file(*state, "whole");
        for (size_t size = 0; size <= whole.size; size++) {
            CLEANUP(buffer_free) struct buffer seen = {0};
            put_file(*state, "archive", (struct bytes){(uint8_t *)whole.data, size});
            int result = walk_archive(*state, &seen, &err);
            if (result != (size == whole.size ? 0 : -1))
                print_error("%s: cut at %zu of %zu\n", commands[i], size, whole.size);
            assert_int_equal(result, size == whole.size ? 0 : -1);
            if (result < 0)
                assert_error(&err, ERROR_REFUSED, "archive");
        }
        put_file(*state, "archive", buffer_bytes(&whole));
        RUN(*state, "sh", "-c", "echo more >>archive");
        CLEANUP(buffer_free) struct buffer seen = {0};
        assert_int_equal(walk_archive(*state, &seen, &err), -1);
        assert_error(&err, ERROR_REFUSED,
                     i == 0 ? "something follows the archive's end at byte " : "is damaged at byte ");
        for (size_t byte = 0; byte < whole.size && i > 0; byte++) {
            CLEANUP(buffer_free) struct buffer listed = {0};
            whole.data[byte] ^= (char)(1 << byte % 8);
            put_file(*state, "archive", buffer_bytes(&whole));
            whole.data[byte] ^= (char)(1 << byte % 8);
            int result = walk_archive(*state, &listed, &err);
            if (result == 0) /* a bit that says nothing of the content: gzip's time and system, zstd's unused bit */
                assert_string_equal(listed.data, "a:7\nzeros:2048\n");
            else
                assert_error(&err, ERROR_REFUSED, "archive");
        }
    }
}

static void what_is_no_archive(void **state) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer seen = {0};
    put_text(*state, "archive", "");
    assert_int_equal(walk_archive(*state, &seen, &err), -1);
    assert_error(&err, ERROR_REFUSED, "archive is empty: pack the bundle anew");
    put_text(*state, "archive", "{\"apiVersion\": 1}");
    assert_int_equal(walk_archive(*state, &seen, &err), -1);
    assert_error(&err, ERROR_REFUSED, "is no tar archive, plain or by gzip or zstd");
    put_small_bundle(*state);
    RUN(*state, "tar", "-C", "lab", "--xz", "-cf", "archive", ".");
    assert_int_equal(walk_archive(*state, &seen, &err), -1);
    assert_error(&err, ERROR_REFUSED, "is no tar archive, plain or by gzip or zstd");
}

/* 1.2 GiB in a small file: stopped by what really comes out. And a window that would take 128 MiB of memory. */
static void bombs_are_refused(void **state) {
    static const struct {
        const char *command, *part;
    } cases[] = {
        {"for i in 1 2 3; do truncate -s 400M $i; done; tar -cf - 1 2 3 | zstd -q >archive; rm 1 2 3",
         "archive unpacks to more than 1024 MiB"},
        {"head -c 20000000 /dev/zero | zstd -q --ultra -22 --long=27 --no-content-size -f -o archive",
         "Frame requires too much memory"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer seen = {0};
        RUN(*state, "sh", "-ec", cases[i].command);
        assert_int_equal(walk_archive(*state, &seen, &err), -1);
        assert_error(&err, ERROR_REFUSED, cases[i].part);
    }
}

/* Behind the entry that is read nothing is looked at: that is the walk's. */
static void a_read_stops_at_its_entry(void **state) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer content = {0};
    CLEANUP(buffer_free) struct buffer none = {0};
    put_archive(*state, "w", "add('bundle.json', b'{}'); add('/bad'); add('a')");
    CLEANUP(store_close) struct store *store = store_open(path_in(*state, "archive"), &err);
    assert_int_equal(store_read(store, "bundle.json", 10, &content, &err), 0);
    assert_int_equal(store_read(store, "a", 10, &none, &err), -1);
    assert_error(&err, ERROR_REFUSED, "\"/bad\" is absolute");
}

/* A ConfigMap's key: a chain of links. Its update swaps one of them. */
static void a_config_map_key(void **state) {
    struct error err = {0};
    put_small_bundle(*state);
    put_folder(*state, "..1");
    put_folder(*state, "..2");
    RUN(*state, "tar", "-C", "lab", "-czf", "..1/lab.tgz", ".");
    RUN(*state, "tar", "-C", "lab", "-czf", "..2/lab.tgz", ".");
    put_link(*state, "..data", "..1");
    put_link(*state, "lab.tgz", "..data/lab.tgz");
    CLEANUP(store_close) struct store *store = store_open(path_in(*state, "lab.tgz"), &err);
    check_small_bundle(store);
    put_link(*state, "..next", "..2");
    assert_int_equal(rename(path_in(*state, "..next"), path_in(*state, "..data")), 0);
    assert_false(store_is_current(store));
    unlink(path_in(*state, "..1/lab.tgz"));
    CLEANUP(buffer_free) struct buffer content = {0};
    assert_int_equal(store_read(store, "roms/a.rom", 7, &content, &err), 0); /* what was opened stays */
    unlink(path_in(*state, "lab.tgz"));
    assert_false(store_is_current(store));
}

static void close_accepts_null(void **state) {
    (void)state;
    store_close(NULL);
    tar_close(NULL);
    unpack_close(NULL);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(a_folder),
        FOLDER_TEST(the_signature_counts),
        FOLDER_TEST(archives_of_the_real_tar),
        FOLDER_TEST(joined_streams),
        FOLDER_TEST(hostile_entries_are_refused),
        FOLDER_TEST(sparse_files_are_refused),
        FOLDER_TEST(damaged_archives_are_refused),
        FOLDER_TEST(what_is_no_archive),
        FOLDER_TEST(bombs_are_refused),
        FOLDER_TEST(a_read_stops_at_its_entry),
        FOLDER_TEST(a_config_map_key),
        cmocka_unit_test(close_accepts_null),
    };
    return cmocka_run_group_tests(tests, sodium_setup, NULL);
}
