/* host/text: files as text that may be shown. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/text.h"
#include "support.h"

/* Fails the test unless the file, of this content, is read as this text. */
static void assert_text(const char *root, struct bytes content, const char *expected) {
    const struct sysfs sysfs = {.root = root};
    struct error err = {0};
    struct host_text text = {.error = EIO};
    put_file(root, "file", content);
    assert_int_equal(host_text_read(&sysfs, "file", &text, &err), 0);
    assert_no_error(&err);
    assert_int_equal(text.error, 0);
    assert_non_null(text.text);
    assert_string_equal(text.text, expected);
    host_text_free(&text);
}

/* Lines stay lines, and one line's end at the end is not shown. */
static void texts(void **state) {
    static const struct {
        const char *content, *text;
    } cases[] = {
        {"D3cold\n", "D3cold"},
        {"D3cold", "D3cold"},
        {"", ""},
        {"\n", ""},
        {"\n\n", "\n"},
        {"\nx\n", "\nx"},
        {"a\nb\n", "a\nb"},
        {"a\nb", "a\nb"},
        {"a\n\n\nb\n\n", "a\n\n\nb\n"},
        {" a  b \n", " a  b "},
        /* What a terminal would obey: on every line, and only that. */
        {"\x1b[31mred\n", "?[31mred"},
        {"a\r\nb\tc\n", "a?\nb?c"},
        {"\x7f\n\x01\n\xff\n", "?\n?\n?"},
        {"gr\xc3\xbcn\n\xc3\nx\n", "gr\xc3\xbcn\n?\nx"},
        {"\xe2\x80\xae\nx", "???\nx"}, /* text that runs backwards */
        /* A character is not put together out of two lines. */
        {"\xc3\n\xbc\n", "?\n?"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_text(*state, bytes_of(cases[i].content), cases[i].text);
    /* A NUL ends it. */
    assert_text(*state, (struct bytes){(const uint8_t *)"a\nb\0c\n", 6}, "a\nb");
    assert_text(*state, (struct bytes){(const uint8_t *)"\0", 1}, "");
}

static void largest(void **state) {
    enum { ROOM = 8192 };
    const struct sysfs sysfs = {.root = *state};
    struct error err = {0};
    struct host_text text;
    CLEANUP(buffer_free) struct buffer content = {0};
    while (content.size < ROOM - 1)
        buffer_append_text(&content, content.size % 64 == 63 ? "\n" : "x");
    assert_text(*state, buffer_bytes(&content), content.data);
    buffer_append_text(&content, "x");
    put_file(*state, "file", buffer_bytes(&content));
    memset(&text, 0xff, sizeof(text));
    assert_int_equal(host_text_read(&sysfs, "file", &text, &err), 0);
    assert_int_equal(text.error, EFBIG);
    assert_null(text.text);
}

static void unreadable(void **state) {
    static const struct {
        const char *path;
        int error;
    } cases[] = {
        {"absent", ENOENT}, {"file/x", ENOTDIR}, {"folder", EINVAL}, {"fifo", EINVAL}, {"circle", ELOOP},
    };
    const struct sysfs sysfs = {.root = *state};
    put_text(*state, "file", "x");
    put_folder(*state, "folder");
    put_link(*state, "circle", "circle");
    assert_int_equal(mkfifo(path_in(*state, "fifo"), 0600), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        struct host_text text;
        memset(&text, 0xff, sizeof(text));
        assert_int_equal(host_text_read(&sysfs, cases[i].path, &text, &err), 0);
        assert_no_error(&err);
        assert_int_equal(text.error, cases[i].error);
        assert_null(text.text);
        assert_false(host_text_is(&text, ""));
        host_text_free(&text);
    }
}

static void comparison(void **state) {
    (void)state;
    char storage[] = "D3cold", empty[] = "";
    const struct host_text text = {.text = storage}, nothing = {.text = empty}, unread = {.error = ENOENT};
    assert_true(host_text_is(&text, "D3cold"));
    assert_false(host_text_is(&text, "D3col"));
    assert_false(host_text_is(&text, "D3cold\n"));
    assert_false(host_text_is(&text, "d3cold"));
    assert_false(host_text_is(&text, ""));
    assert_true(host_text_is(&nothing, ""));
    assert_false(host_text_is(&nothing, "D3cold"));
    assert_false(host_text_is(&unread, ""));
}

static void freed_twice(void **state) {
    const struct sysfs sysfs = {.root = *state};
    struct error err = {0};
    struct host_text text = {0};
    host_text_free(&text);
    put_text(*state, "file", "x");
    assert_int_equal(host_text_read(&sysfs, "file", &text, &err), 0);
    host_text_free(&text);
    assert_null(text.text);
    host_text_free(&text);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(texts),           FOLDER_TEST(largest),     FOLDER_TEST(unreadable),
        cmocka_unit_test(comparison), FOLDER_TEST(freed_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
