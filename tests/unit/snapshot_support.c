#include "snapshot_support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int enter_folder(void **state) {
    if (folder_setup(state) < 0)
        return -1;
    put_folder(*state, "sys");
    return chdir(*state);
}

int leave_folder(void **state) {
    return chdir("/") | folder_teardown(state);
}

static void list_entry(const char *root, const char *name, struct buffer *out);

void list_folder(const char *root, const char *name, struct buffer *out) {
    struct dirent **entries;
    int count = scandir(path_in(root, name), &entries, NULL, alphasort);
    assert_true(count >= 0);
    for (int i = 0; i < count; i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s%s%s", name, *name ? "/" : "", entries[i]->d_name);
        if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
            list_entry(root, path, out);
        free(entries[i]);
    }
    free(entries);
}

static void list_entry(const char *root, const char *name, struct buffer *out) {
    struct stat status;
    char target[512] = "";
    assert_int_equal(lstat(path_in(root, name), &status), 0);
    if (S_ISLNK(status.st_mode)) {
        assert_true(readlink(path_in(root, name), target, sizeof(target) - 1) > 0);
        buffer_printf(out, "%s -> %s\n", name, target);
    } else if (S_ISDIR(status.st_mode)) {
        buffer_printf(out, "%s/\n", name);
        list_folder(root, name, out);
    } else {
        CLEANUP(buffer_free) struct buffer content = get_file(root, name);
        buffer_printf(out, "%s = %s\n", name, content.data ? content.data : "");
    }
}

void assert_copy(const char *expected) {
    CLEANUP(buffer_free) struct buffer found = {0};
    list_folder("copy", "", &found);
    assert_string_equal(found.data ? found.data : "", expected);
}

struct snapshot *watch(struct sysfs *sysfs) {
    struct error err = {0};
    *sysfs = (struct sysfs){.root = "sys"};
    struct snapshot *snapshot = snapshot_watch(sysfs, &err);
    assert_no_error(&err);
    return snapshot;
}

void look_into(const struct sysfs *sysfs, const char *path) {
    char content[4096];
    sysfs_read(sysfs, path, content, sizeof(content));
}

void write_most(const struct snapshot *snapshot, const char *folder, bool anonymise, size_t written, size_t left_out,
                const char *first) {
    struct error err = {0};
    struct snapshot_tally tally = {99, 99, "?"};
    int failed = snapshot_write(snapshot, folder, anonymise, &tally, &err);
    assert_no_error(&err);
    assert_int_equal(failed, 0);
    assert_int_equal(tally.written, written);
    assert_string_equal(tally.first_left_out, first);
    assert_int_equal(tally.left_out, left_out);
}

void write_copy(const struct snapshot *snapshot, const char *folder, bool anonymise, size_t expected) {
    write_most(snapshot, folder, anonymise, expected, 0, "");
}
