/* host/sysfs: folders that were entered. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/sysfs.h"
#include "support.h"

static void append_seen(void *context, const char *path, enum sysfs_look look) {
    buffer_printf(context, "%s %s\n", look == SYSFS_READ ? "read" : "found", path);
}

static void assert_content(const struct sysfs *sysfs, const char *path, const char *expected) {
    char content[64];
    assert_in_range(sysfs_read(sysfs, path, content, sizeof(content)), 0, sizeof(content));
    assert_string_equal(content, expected);
}

static void entered(void **state) {
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = {.root = *state, .seen = append_seen, .context = &seen};
    struct sysfs bus, device;
    char target[PATH_MAX];
    put_text(*state, "devices/a/state", "a");
    put_text(*state, "devices/ab/state", "ab");
    put_text(*state, "bus/state", "bus");
    assert_int_equal(symlink("../devices/a", path_in(*state, "bus/a")), 0);
    sysfs_enter(&sysfs, "bus", NULL, &bus);
    sysfs_enter(&bus, "bus/a", NULL, &device);
    assert_int_equal(seen.size, 0); /* to enter is not to look */
    assert_content(&device, "bus/a/state", "a");
    assert_content(&device, "bus/state", "bus");
    assert_content(&device, "devices/ab/state", "ab");
    check_bytes(buffer_bytes(&seen), "read bus/a/state\nread bus/state\nread devices/ab/state\n", __FILE__, __LINE__);
    assert_int_equal(sysfs_find(&device, "bus/a/missing"), -ENOENT);
    assert_int_equal(sysfs_will_read(&device, "bus/a/state"), 0);
    assert_int_equal(sysfs_read_target(&device, "bus/a", target), 0);
    assert_string_equal(target, "../devices/a");
    assert_int_equal(sysfs_find(&device, "bus/a/"), 0);
    assert_int_equal(sysfs_find(&device, "bus/a//"), 0);
    assert_int_equal(sysfs_find(&device, "bus/a//proc"), -ENOENT);
    /* Another device of that name is another folder. */
    assert_int_equal(unlink(path_in(*state, "bus/a")), 0);
    assert_int_equal(symlink("../devices/ab", path_in(*state, "bus/a")), 0);
    assert_content(&device, "bus/a/state", "a");
    assert_content(&bus, "bus/a/state", "ab");
    sysfs_leave(&device);
    assert_content(&device, "bus/a/state", "ab");
    sysfs_leave(&device); /* once more is nothing */
    sysfs_leave(&bus);
}

static size_t told; /* of what may not be looked at */

static void count_denied(void *context, const char *path, enum sysfs_look look) {
    (void)context, (void)path;
    told += look == SYSFS_DENIED;
}

static void listed(void **state) {
    const struct sysfs sysfs = {.root = *state};
    struct sysfs_names names;
    CLEANUP(sysfs_leave) struct sysfs inside;
    static const struct {
        const char *name;
        int find, will_read;
    } cases[] = {{"state", 0, 0},
                 {"sub", 0, -EINVAL},
                 {"link", 0, -ELOOP},
                 {"fifo", 0, -EINVAL},
                 {"sub/file", 0, 0},
                 {"sub/none", -ENOENT, -ENOENT},
                 {"stat", -ENOENT, -ENOENT},
                 {"fif", -ENOENT, -ENOENT},
                 {"state2", -ENOENT, -ENOENT},
                 {"state/x", -ENOTDIR, -ENOTDIR},
                 {"later", -ENOENT, -ENOENT},
                 {"later/x", -ENOENT, -ENOENT}};
    put_text(*state, "folder/state", "a");
    put_text(*state, "folder/sub/file", "b");
    assert_int_equal(symlink("state", path_in(*state, "folder/link")), 0);
    assert_int_equal(mkfifo(path_in(*state, "folder/fifo"), 0644), 0);
    sysfs_enter(&sysfs, "folder", &names, &inside);
    assert_true(names.are_known);
    put_text(*state, "folder/later", "c"); /* what came since is not asked for */
    for (size_t i = 0; i < COUNT(cases); i++) {
        char path[64];
        snprintf(path, sizeof(path), "folder/%s", cases[i].name);
        if (sysfs_find(&inside, path) != cases[i].find || sysfs_will_read(&inside, path) != cases[i].will_read)
            fail_msg("row %zu: %s: %d, %d", i, path, sysfs_find(&inside, path), sysfs_will_read(&inside, path));
    }
    assert_content(&inside, "folder/state", "a");
    assert_content(&inside, "folder/sub/file", "b");
    assert_int_equal(sysfs_find(&sysfs, "folder/later"), 0);
}

/* That a file is listed says nothing of who may read it, nor that it is still there. */
static void listed_but_not_readable(void **state) {
    const struct sysfs sysfs = {.root = *state, .seen = count_denied};
    struct sysfs_names names;
    CLEANUP(sysfs_leave) struct sysfs inside;
    put_text(*state, "folder/secret", "a");
    put_text(*state, "folder/gone", "b");
    assert_int_equal(chmod(*state, 0755), 0);
    assert_int_equal(chmod(path_in(*state, "folder/secret"), 0), 0);
    sysfs_enter(&sysfs, "folder", &names, &inside);
    assert_int_equal(unlink(path_in(*state, "folder/gone")), 0);
    assert_int_equal(sysfs_will_read(&inside, "folder/gone"), -ENOENT);
    told = 0;
    be_nobody(true);
    assert_int_equal(sysfs_will_read(&inside, "folder/secret"), -EACCES);
    be_nobody(false);
    assert_int_equal(told, 1);
}

/* A folder whose names do not fit is as one that was not listed. */
static void too_many_names(void **state) {
    const struct sysfs sysfs = {.root = *state};
    char name[200];
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    for (int i = 10; i < 99; i++) {
        char path[300];
        snprintf(path, sizeof(path), "folder/%s%02d", name, i);
        put_text(*state, path, "");
    }
    struct sysfs_names names;
    CLEANUP(sysfs_leave) struct sysfs inside;
    sysfs_enter(&sysfs, "folder", &names, &inside);
    assert_false(names.are_known);
    put_text(*state, "folder/later", "c");
    assert_content(&inside, "folder/later", "c");
    assert_int_equal(sysfs_find(&inside, "folder/none"), -ENOENT);
}

/* From inside a folder everything else is seen as from outside it, and to enter it again costs nothing. */
static void outside(void **state) {
    const struct sysfs sysfs = {.root = *state};
    struct sysfs bus, device, again;
    put_text(*state, "bus/a/state", "a");
    put_text(*state, "bus/b/state", "b");
    sysfs_enter(&sysfs, "bus", NULL, &bus);
    sysfs_enter(&bus, "bus/a", NULL, &device);
    size_t before = count_entries("/proc/self/fd");
    sysfs_enter(&device, "bus/a", NULL, &again);
    assert_int_equal(count_entries("/proc/self/fd"), before);
    assert_int_equal(rename(path_in(*state, "bus"), path_in(*state, "moved")), 0);
    assert_content(&again, "bus/a/state", "a");
    assert_content(&again, "bus/b/state", "b");
    assert_int_equal(sysfs_find(&again, "bus/a"), 0);
    assert_int_equal(sysfs_find(&again, "bus/c"), -ENOENT);
    sysfs_leave(&again);
    assert_content(&device, "bus/a/state", "a");
    sysfs_leave(&device);
    sysfs_leave(&bus);
}

static void entering_fails(void **state) {
    const struct sysfs sysfs = {.root = *state};
    static const char *const paths[] = {"missing", "file", "", "loop"};
    put_text(*state, "file", "text");
    put_text(*state, "folder/file", "text");
    assert_int_equal(symlink("loop", path_in(*state, "loop")), 0);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        CLEANUP(sysfs_leave) struct sysfs inside;
        sysfs_enter(&sysfs, paths[i], NULL, &inside);
        assert_content(&inside, "folder/file", "text");
        assert_int_equal(sysfs_find(&inside, "missing/file"), -ENOENT);
        assert_int_equal(sysfs_find(&inside, "file/file"), -ENOTDIR);
    }
}

static void no_descriptor_stays(void **state) {
    const struct sysfs sysfs = {.root = *state};
    put_text(*state, "folder/file", "text");
    size_t before = count_entries("/proc/self/fd");
    assert_true(before > 0);
    {
        CLEANUP(sysfs_leave) struct sysfs inside;
        sysfs_enter(&sysfs, "folder", NULL, &inside);
        assert_int_equal(count_entries("/proc/self/fd"), before + 1);
    }
    assert_int_equal(count_entries("/proc/self/fd"), before);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(entered),
        FOLDER_TEST(listed),
        FOLDER_TEST(listed_but_not_readable),
        FOLDER_TEST(too_many_names),
        FOLDER_TEST(outside),
        FOLDER_TEST(entering_fails),
        FOLDER_TEST(no_descriptor_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
