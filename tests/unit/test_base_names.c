/* base/names: what a folder holds, sorted. */
#include <fcntl.h>
#include <stdio.h>

#include "base/names.h"
#include "support.h"

static void of_a_folder(void **state) {
    CLEANUP(names_free) struct names names = {0};
    struct error err = {0};
    put_text(*state, "b", "");
    put_text(*state, "B", "");
    put_text(*state, "a/inside", "");
    put_text(*state, "\xff\n", "");
    put_link(*state, "link", "nowhere");
    CLEANUP(close_fd) int fd = open(*state, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 2; i++) { /* from its start, each time */
        names_free(&names);
        assert_int_equal(names_read(&names, fd, "here", &err), 0);
    }
    static const char *const expected[] = {"B", "a", "b", "link", "\xff\n"};
    assert_int_equal(names.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_string_equal(names.list[i], expected[i]);
        assert_true(names_have(&names, expected[i]));
    }
    assert_false(names_have(&names, "inside"));
    assert_false(names_have(&names, ""));
}

static void none(void **state) {
    CLEANUP(names_free) struct names names = {0};
    struct error err = {0};
    assert_false(names_have(&names, "x"));
    names_sort(&names);
    put_text(*state, "file", "");
    CLEANUP(close_fd) int fd = open(path_in(*state, "file"), O_RDONLY);
    assert_int_equal(names_read(&names, fd, "here", &err), -1);
    assert_error(&err, ERROR_INPUT, "here: Not a directory");
    assert_int_equal(names_read(&names, -1, "here", &err), -1);
    assert_error(&err, ERROR_INPUT, "here: Bad file descriptor");
}

static void too_many(void **state) {
    (void)state;
    CLEANUP(names_free) struct names names = {0};
    struct error err = {0};
    for (size_t i = 0; i < NAMES_MAX; i++)
        assert_int_equal(names_add(&names, "x", &err), 0);
    assert_int_equal(names_add(&names, "x", &err), -1);
    assert_error(&err, ERROR_LIMIT, "more than 10000");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_a_folder, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(none, folder_setup, folder_teardown),
        cmocka_unit_test(too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
