/* base/error: filled once, one sentence, cut between characters, and gRPC's numbers. */
#include <errno.h>

#include "support.h"

static void set_fills_once(void **state) {
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set(&err, ERROR_REFUSED, "%s has %d", "igpu", 7), -1);
    assert_int_equal(err.code, ERROR_REFUSED);
    assert_string_equal(err.message, "igpu has 7");
    assert_int_equal(error_set(&err, ERROR_INTERNAL, "later"), -1);
    assert_int_equal(error_set_errno(&err, ERROR_INTERNAL, EIO, "later"), -1);
    assert_int_equal(error_no_memory(&err), -1);
    assert_int_equal(err.code, ERROR_REFUSED);
    assert_string_equal(err.message, "igpu has 7");
    error_clear(&err);
    assert_int_equal(err.code, ERROR_NONE);
    assert_string_equal(err.message, "");
    error_set(&err, ERROR_INPUT, "new");
    assert_error(&err, ERROR_INPUT, "new");
}

static void null_is_accepted(void **state) {
    (void)state;
    assert_int_equal(error_set(NULL, ERROR_INPUT, "x"), -1);
    assert_int_equal(error_set_errno(NULL, ERROR_INPUT, EIO, "x"), -1);
    assert_int_equal(error_no_memory(NULL), -1);
    assert_int_equal(error_prefix(NULL, "x"), -1);
}

static void errno_text_is_appended(void **state) {
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set_errno(&err, ERROR_INPUT, ENOENT, "cannot open %s", "a"), -1);
    assert_int_equal(err.code, ERROR_INPUT);
    assert_string_equal(err.message, "cannot open a: No such file or directory");
}

static void a_full_disk_is_a_limit(void **state) {
    (void)state;
    static const struct {
        int number;
        enum error_code code;
    } cases[] = {{ENOSPC, ERROR_LIMIT},
                 {EDQUOT, ERROR_LIMIT},
                 {ENOMEM, ERROR_LIMIT},
                 {EIO, ERROR_INTERNAL},
                 {EACCES, ERROR_INTERNAL}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        error_set_errno(&err, ERROR_INTERNAL, cases[i].number, "x");
        assert_error(&err, cases[i].code, "x: ");
    }
}

static void no_memory(void **state) {
    (void)state;
    struct error err = {0};
    assert_int_equal(error_no_memory(&err), -1);
    assert_error(&err, ERROR_LIMIT, "memory");
}

static void a_page_is_named_once(void **state) {
    (void)state;
    struct error err = {0};
    assert_int_equal(error_see(&err, "options.md"), -1);
    assert_int_equal(error_see(NULL, "options.md"), -1);
    assert_string_equal(err.message, "");
    error_set(&err, ERROR_INPUT, "no");
    assert_int_equal(error_see(&err, "options.md#%s", "rom"), -1);
    error_see(&err, "options.md");
    error_prefix(&err, "igpu");
    assert_string_equal(err.message, "igpu: no (" HOOK_DOCS "options.md#rom)");
    static const enum error_code theirs[] = {ERROR_INPUT, ERROR_REFUSED, ERROR_DENIED};
    for (size_t i = 0; i < COUNT(theirs); i++) {
        error_clear(&err);
        error_set(&err, theirs[i], "no");
        error_see(&err, "options.md");
        assert_string_equal(err.message, "no (" HOOK_DOCS "options.md)");
    }
    static const enum error_code ours[] = {ERROR_LIMIT, ERROR_UNIMPLEMENTED, ERROR_INTERNAL};
    for (size_t i = 0; i < COUNT(ours); i++) {
        error_clear(&err);
        error_set(&err, ours[i], "no");
        error_see(&err, "options.md");
        assert_string_equal(err.message, "no");
    }
}

static void a_page_has_room(void **state) {
    (void)state;
    static const char page[] = " (" HOOK_DOCS "options.md)";
    char text[ERROR_MESSAGE_MAX + 1];
    for (size_t length = ERROR_MESSAGE_MAX - 40; length <= ERROR_MESSAGE_MAX; length++) {
        struct error err = {0};
        memset(text, 'x', length);
        text[length] = '\0';
        error_set(&err, ERROR_INPUT, "%s", text);
        error_see(&err, "options.md");
        size_t used = strlen(err.message), whole = length + strlen(page);
        assert_string_equal(err.message + used - strlen(page), page);
        assert_int_equal(used, whole < ERROR_MESSAGE_MAX ? whole : ERROR_MESSAGE_MAX - 1);
    }
}

static void a_prefix_leaves_the_page(void **state) {
    (void)state;
    static const char page[] = " (" HOOK_DOCS "options.md#rom)";
    char text[ERROR_MESSAGE_MAX + 1] = {0};
    for (size_t length = ERROR_MESSAGE_MAX - 60; length <= ERROR_MESSAGE_MAX; length++) {
        struct error err = {0};
        memset(text, 'x', length);
        error_set(&err, ERROR_INPUT, "%s", text);
        error_see(&err, "options.md#rom");
        error_prefix(&err, "annotation");
        size_t used = strlen(err.message), whole = strlen("annotation: ") + length + strlen(page);
        assert_string_equal(err.message + used - strlen(page), page);
        assert_memory_equal(err.message, "annotation: xx", 14);
        assert_int_equal(used, whole < ERROR_MESSAGE_MAX ? whole : ERROR_MESSAGE_MAX - 1);
    }
}

static void prefix_goes_in_front(void **state) {
    (void)state;
    struct error err = {0};
    assert_int_equal(error_prefix(&err, "nothing"), -1);
    assert_int_equal(err.code, ERROR_NONE);
    assert_string_equal(err.message, "");
    error_set(&err, ERROR_LIMIT, "100%% full");
    assert_int_equal(error_prefix(&err, "%s (%s)", "0000:e5:00.0", "igpu"), -1);
    error_prefix(&err, "call");
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_string_equal(err.message, "call: 0000:e5:00.0 (igpu): 100% full");
}

/* Fills `text` with a three-byte character after `shift` bytes. */
static void fill(char *text, size_t size, size_t shift) {
    memset(text, 'x', shift);
    size_t at = shift;
    for (; at + 3 < size; at += 3)
        memcpy(text + at, "\xe2\x82\xac", 3);
    text[at] = '\0';
}

static void long_text_is_cut_between_characters(void **state) {
    (void)state;
    char text[2 * ERROR_MESSAGE_MAX];
    for (size_t shift = 0; shift < 3; shift++) {
        fill(text, sizeof(text), shift);
        for (int how = 0; how < 3; how++) {
            struct error err = {0};
            if (how == 0)
                error_set(&err, ERROR_INPUT, "%s", text);
            else if (how == 1)
                error_set_errno(&err, ERROR_INPUT, ENOENT, "%s", text);
            else {
                error_set(&err, ERROR_INPUT, "%.600s", text);
                error_prefix(&err, "%.600s", text);
            }
            size_t size = strlen(err.message);
            assert_in_range(size, ERROR_MESSAGE_MAX - 4, ERROR_MESSAGE_MAX - 1);
            assert_string_equal(err.message + size - 3, "...");
            if (how < 2)
                assert_int_equal(utf8_valid_prefix(bytes_of(err.message)), size);
        }
    }
}

static void the_longest_text_that_fits_is_whole(void **state) {
    (void)state;
    char text[ERROR_MESSAGE_MAX + 1];
    struct error err = {0};
    memset(text, 'x', sizeof(text));
    text[ERROR_MESSAGE_MAX - 1] = '\0';
    error_set(&err, ERROR_INPUT, "%s", text);
    assert_string_equal(err.message, text);
    error_clear(&err);
    text[ERROR_MESSAGE_MAX - 1] = 'x';
    text[ERROR_MESSAGE_MAX] = '\0';
    error_set(&err, ERROR_INPUT, "%s", text);
    assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
    assert_string_equal(err.message + ERROR_MESSAGE_MAX - 4, "...");
}

static void grpc_statuses(void **state) {
    (void)state;
    static const struct {
        enum error_code code;
        int status;
        const char *name;
    } cases[] = {
        {ERROR_NONE, 0, "OK"},
        {ERROR_INPUT, 3, "INVALID_ARGUMENT"},
        {ERROR_DENIED, 7, "PERMISSION_DENIED"},
        {ERROR_LIMIT, 8, "RESOURCE_EXHAUSTED"},
        {ERROR_REFUSED, 9, "FAILED_PRECONDITION"},
        {ERROR_UNIMPLEMENTED, 12, "UNIMPLEMENTED"},
        {ERROR_INTERNAL, 13, "INTERNAL"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(error_grpc_status(cases[i].code), cases[i].status);
        assert_string_equal(error_grpc_name(cases[i].code), cases[i].name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_once),
        cmocka_unit_test(null_is_accepted),
        cmocka_unit_test(errno_text_is_appended),
        cmocka_unit_test(a_full_disk_is_a_limit),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(a_page_is_named_once),
        cmocka_unit_test(a_page_has_room),
        cmocka_unit_test(a_prefix_leaves_the_page),
        cmocka_unit_test(prefix_goes_in_front),
        cmocka_unit_test(long_text_is_cut_between_characters),
        cmocka_unit_test(the_longest_text_that_fits_is_whole),
        cmocka_unit_test(grpc_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
