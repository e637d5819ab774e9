/* base/output: files that are written whole, and never over something by accident. */
#include "base/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

static struct output at(const char *folder, const char *name, bool force) {
    return (struct output){path_in(folder, name), force};
}

static void written_whole(void **state) {
    struct error err = {0};
    struct output output = at(*state, "out", false);
    assert_int_equal(output_check(&output, NULL, 0, &err), 0);
    assert_int_equal(output_write(&output, bytes_of("content"), &err), 0);
    assert_no_error(&err);
    CLEANUP(buffer_free) struct buffer content = get_file(*state, "out");
    assert_bytes(buffer_bytes(&content), "content");
    assert_int_equal(count_entries(*state), 1); /* no temporary file is left */
}

static void the_mode_is_what_the_umask_says(void **state) {
    struct error err = {0};
    struct stat status;
    mode_t before = umask(027);
    struct output output = at(*state, "out", false);
    output_write(&output, bytes_of(""), &err);
    umask(before);
    assert_no_error(&err);
    assert_int_equal(stat(output.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
}

static void nothing_is_overwritten_without_force(void **state) {
    struct error err = {0};
    struct output output = at(*state, "out", false);
    put_text(*state, "out", "old");
    assert_int_equal(output_check(&output, NULL, 0, &err), -1);
    assert_error(&err, ERROR_INPUT, "exists: choose another name, or say --force");
    /* Not even when it appears between the check and the write. */
    assert_int_equal(output_write(&output, bytes_of("new"), &err), -1);
    assert_error(&err, ERROR_INPUT, "exists");
    CLEANUP(buffer_free) struct buffer content = get_file(*state, "out");
    assert_bytes(buffer_bytes(&content), "old");
    assert_int_equal(count_entries(*state), 1);
}

static void force_replaces(void **state) {
    struct error err = {0};
    struct output output = at(*state, "out", true);
    put_text(*state, "out", "old and longer");
    assert_int_equal(output_check(&output, NULL, 0, &err), 0);
    assert_int_equal(output_write(&output, bytes_of("new"), &err), 0);
    CLEANUP(buffer_free) struct buffer content = get_file(*state, "out");
    assert_bytes(buffer_bytes(&content), "new");
}

/* By whatever name it goes. */
static void an_input_is_never_replaced(void **state) {
    struct error err = {0};
    put_text(*state, "in", "input");
    put_link(*state, "link", "in");
    assert_int_equal(link(path_in(*state, "in"), path_in(*state, "hard")), 0);
    const char *const inputs[] = {path_in(*state, "other"), path_in(*state, "link")};
    static const char *const names[] = {"in", "hard", "./in"};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct output output = at(*state, names[i], true);
        assert_int_equal(output_check(&output, inputs, COUNT(inputs), &err), -1);
        assert_error(&err, ERROR_INPUT, "is the input, which is never changed");
    }
}

static void what_is_no_file_stays(void **state) {
    struct error err = {0};
    put_text(*state, "target", "t");
    put_link(*state, "link", "target");
    put_link(*state, "dangling", "nowhere");
    put_folder(*state, "folder");
    assert_int_equal(mkfifo(path_in(*state, "fifo"), 0600), 0);
    static const char *const names[] = {"link", "dangling", "folder", "fifo"};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct output output = at(*state, names[i], true);
        assert_int_equal(output_check(&output, NULL, 0, &err), -1);
        assert_error(&err, ERROR_INPUT, "is no regular file");
    }
}

static void a_folder_that_is_not_there(void **state) {
    struct error err = {0};
    struct output output = at(*state, "no/out", false);
    assert_int_equal(output_write(&output, bytes_of("x"), &err), -1);
    assert_error(&err, ERROR_INTERNAL, "cannot write");
    assert_int_equal(count_entries(*state), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_whole, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(the_mode_is_what_the_umask_says, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(nothing_is_overwritten_without_force, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(force_replaces, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(an_input_is_never_replaced, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(what_is_no_file_stays, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there, folder_setup, folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
