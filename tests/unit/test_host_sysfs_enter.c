/* host/sysfs: folders that were entered. */
#include <errno.h>
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
    sysfs_enter(&sysfs, "bus", &bus);
    sysfs_enter(&bus, "bus/a", &device);
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

static void entering_fails(void **state) {
    const struct sysfs sysfs = {.root = *state};
    static const char *const paths[] = {"missing", "file", "", "loop"};
    put_text(*state, "file", "text");
    put_text(*state, "folder/file", "text");
    assert_int_equal(symlink("loop", path_in(*state, "loop")), 0);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        CLEANUP(sysfs_leave) struct sysfs inside;
        sysfs_enter(&sysfs, paths[i], &inside);
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
        sysfs_enter(&sysfs, "folder", &inside);
        assert_int_equal(count_entries("/proc/self/fd"), before + 1);
    }
    assert_int_equal(count_entries("/proc/self/fd"), before);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(entered),
        FOLDER_TEST(entering_fails),
        FOLDER_TEST(no_descriptor_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
