/* host/snapshot: what changes, may not be read or cannot be written meanwhile. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot_support.h"

/* Between the look and the copy a device may go, or a stranger's folder change. */
static void what_has_vanished(void **state) {
    (void)state;
    static const char *const names[] = {"b/c", "a", "fifo", "folder", "file", "unread"};
    static const char *const gone[] = {"sys/a", "sys/link", "sys/fifo", "sys/folder", "sys/file"};
    struct sysfs sysfs;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    put_link("sys", "link", "b");
    for (size_t i = 0; i < COUNT(names); i++) {
        put_text("sys", names[i], "x");
        look_into(&sysfs, names[i]);
    }
    look_into(&sysfs, "link/c");
    for (size_t i = 0; i < COUNT(gone); i++)
        assert_int_equal(unlink(gone[i]), 0);
    assert_int_equal(mkfifo("sys/fifo", 0644), 0);
    put_text("sys", "folder/inside", "secret");
    put_link("sys", "file", "b/c/d"); /* through a file */
    assert_int_equal(chmod("sys/unread", 0), 0);
    chmod(".", 0777);
    be_nobody(true);
    write_most(snapshot, "copy", false, 2, 3, "fifo: not a regular file");
    be_nobody(false);
    chmod("sys/unread", 0644);
    assert_copy("b/\nb/c = x\nfile -> b/c/d\nfolder/\n");
}

/* Whoever asks for a copy must learn that it will not tell the same story. */
static void what_may_not_be_read(void **state) {
    (void)state;
    put_text("sys", "a/first", "x");
    put_text("sys", "a/second", "x");
    put_text("sys", "\x1b[31m", "x");
    put_text("sys", "public", "x");
    chmod("sys/a/first", 0);
    chmod("sys/a/second", 0);
    chmod("sys/\x1b[31m", 0);
    chmod(".", 0777);
    struct sysfs sysfs;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    be_nobody(true);
    look_into(&sysfs, "public");
    look_into(&sysfs, "a/second");
    look_into(&sysfs, "a/second");
    look_into(&sysfs, "a/first");
    write_most(snapshot, "copy", false, 1, 2, "a/first: Permission denied");
    look_into(&sysfs, "\x1b[31m");
    write_most(snapshot, "copy2", false, 1, 3, "?[31m: Permission denied");
    be_nobody(false);
    assert_copy("public = x\n");
}

/* In the warning, too, a UUID is a number, and what is long is cut at a character. */
static void how_it_is_named(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer name = {0};
    CLEANUP(buffer_free) struct buffer expected = {0};
    put_folder("sys", "bus");
    assert_int_equal(mkfifo("sys/bus/" U1, 0644), 0);
    for (int i = 0; i < 100; i++)
        buffer_append_text(&name, "\xc3\xa9");
    put_folder("sys", "long");
    put_link("sys/long", name.data, "/");
    struct sysfs sysfs, second;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    look_into(&sysfs, "bus/" U1);
    write_most(snapshot, "copy", true, 0, 1, "bus/" N1 ": not a regular file");
    write_most(snapshot, "copy2", false, 0, 1, "bus/" U1 ": not a regular file");
    CLEANUP(snapshot_free) struct snapshot *other = watch(&second);
    look_into(&second, path_in("long", name.data));
    buffer_append_text(&expected, "long/");
    while (expected.size < 123)
        buffer_append_text(&expected, "\xc3\xa9");
    buffer_append_text(&expected, "...: leads out of the folder");
    write_most(other, "copy3", false, 0, 1, expected.data);
}

/* What is no folder is on the way: to read it gives another reason than to read what is not there. */
static void no_folder_on_the_way(void **state) {
    (void)state;
    put_text("sys", "file", "x");
    put_text("sys", "folder/a", "x");
    struct sysfs sysfs;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    look_into(&sysfs, "folder/a");
    assert_int_equal(rename("sys/folder", "sys/away"), 0);
    assert_int_equal(mkfifo("sys/folder", 0644), 0);
    write_most(snapshot, "copy", false, 0, 1, "folder/a: a part of it is no folder");
    assert_int_equal(unlink("sys/folder"), 0);
    put_link("sys", "folder", "file");
    write_most(snapshot, "copy2", false, 1, 1, "folder/a: a part of it is no folder");
}

/* A new folder, or an empty one. */
static void folders(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum error_code code; /* ERROR_NONE: it is taken */
        const char *part;
        bool as_nobody;
    } cases[] = {
        {"new", ERROR_NONE, NULL, false},
        {"empty", ERROR_NONE, NULL, false},
        {"full", ERROR_INPUT, "full is no empty folder: name a new one", false},
        {"hidden", ERROR_INPUT, "hidden is no empty folder", false},
        {"file", ERROR_INPUT, "file is no empty folder", false},
        {"dangling", ERROR_INPUT, "dangling is no empty folder", false},
        {"none/new", ERROR_INPUT, "cannot make the folder ", false},
        {"file/new", ERROR_INPUT, "Not a directory", false},
        {"new2", ERROR_INPUT, "Permission denied", true},
        {"empty2", ERROR_INTERNAL, "cannot write a: Permission denied", true},
    };
    put_text("sys", "a", "A");
    put_folder(".", "empty");
    put_folder(".", "empty2");
    put_text(".", "full/x", "");
    put_text(".", "hidden/.x", "");
    put_text(".", "file", "");
    put_link(".", "dangling", "nowhere");
    struct sysfs sysfs;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    look_into(&sysfs, "a");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        struct snapshot_tally tally;
        chmod("empty2", cases[i].as_nobody ? 0555 : 0755);
        chmod(".", cases[i].as_nobody ? 0555 : 0755);
        be_nobody(cases[i].as_nobody);
        int failed = snapshot_write(snapshot, cases[i].name, false, &tally, &err);
        be_nobody(false);
        chmod(".", 0755);
        assert_int_equal(failed, cases[i].code == ERROR_NONE ? 0 : -1);
        if (failed) {
            assert_error(&err, cases[i].code, cases[i].part);
            continue;
        }
        assert_int_equal(tally.written, 1);
        CLEANUP(buffer_free) struct buffer found = get_file(cases[i].name, "a");
        assert_bytes(buffer_bytes(&found), "A");
    }
    assert_int_equal(count_entries("full"), 1);
    assert_int_equal(count_entries("empty2"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_SYS(what_has_vanished), WITH_SYS(what_may_not_be_read),
        WITH_SYS(how_it_is_named),   WITH_SYS(no_folder_on_the_way),
        WITH_SYS(folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
