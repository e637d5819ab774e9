/* Buffers, UTF-8 and the small parsers of base/text. */
#include <stdio.h>

#include "support.h"

static void buffer_grows_and_ends_in_nul(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer buffer = {0};
    char expected[3001] = "";
    for (int i = 0; i < 1000; i++) {
        memcpy(expected + 3 * i, "abc", 4);
        if (i % 3 == 0)
            buffer_append(&buffer, "abc", 3);
        else if (i % 3 == 1)
            buffer_append_text(&buffer, "abc");
        else
            buffer_printf(&buffer, "%c%s", 'a', "bc");
        assert_int_equal(buffer.size, 3 * (i + 1));
        assert_int_equal(buffer.data[buffer.size], '\0');
    }
    assert_bytes(buffer_bytes(&buffer), expected);
    assert_int_equal(buffer_check(&buffer, NULL), 0);
}

/* Around the room that is left, and far beyond it. */
static void buffer_printf_of_any_length(void **state) {
    (void)state;
    char text[1001];
    memset(text, 'x', sizeof(text));
    for (int before = 0; before < 300; before++) {
        for (int size = 0; size <= 1000; size += size < 300 ? 1 : 350) {
            CLEANUP(buffer_free) struct buffer buffer = {0};
            buffer_append(&buffer, text, (size_t)before);
            buffer_printf(&buffer, "%.*s%c", size, text, 'y');
            assert_int_equal(buffer.size, before + size + 1);
            assert_int_equal(buffer.data[buffer.size], '\0');
            assert_int_equal(buffer.data[buffer.size - 1], 'y');
            assert_int_equal(strspn(buffer.data, "x"), before + size);
        }
    }
}

static void buffer_takes_any_byte_and_nothing(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer buffer = {0};
    buffer_append(&buffer, NULL, 0);
    assert_int_equal(buffer.size, 0);
    buffer_append(&buffer, "a\0b", 3);
    assert_int_equal(buffer.size, 3);
    assert_memory_equal(buffer.data, "a\0b", 3);
    buffer_free(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.size, 0);
    buffer_append_text(&buffer, "again");
    assert_bytes(buffer_bytes(&buffer), "again");
}

static void buffer_stays_failed(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer buffer = {0};
    struct error err = {0};
    buffer_append_text(&buffer, "kept");
    buffer_append(&buffer, "", SIZE_MAX - 1);
    assert_true(buffer.failed);
    buffer_append_text(&buffer, "lost");
    buffer_printf(&buffer, "%d", 1);
    assert_int_equal(buffer.size, 4);
    assert_string_equal(buffer.data, "kept");
    assert_int_equal(buffer_check(&buffer, &err), -1);
    assert_error(&err, ERROR_LIMIT, "memory");
}

/* What could not be formatted leaves nothing behind. */
static void buffer_printf_that_fails(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer buffer = {0};
    buffer_append_text(&buffer, "kept");
    buffer_printf(&buffer, "lost %ls", L"\xd800"); /* no character */
    assert_true(buffer.failed);
    assert_int_equal(buffer.size, 4);
    assert_string_equal(buffer.data, "kept");
}

/* RFC 3629: the ABNF of section 4, with its borders on either side. */
static void utf8_follows_rfc_3629(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t valid;
    } cases[] = {
        {"", 0},
        {"plain", 5},
        {"\x7f", 1},
        {"\x80", 0},
        {"\xbf", 0},
        {"\xc0\x80", 0}, /* overlong NUL */
        {"\xc1\xbf", 0}, /* overlong U+007F */
        {"\xc2\x80", 2}, /* U+0080 */
        {"\xdf\xbf", 2}, /* U+07FF */
        {"\xc2\x7f", 0},
        {"\xc2\xc0", 0},
        {"\xe0\x9f\xbf", 0}, /* overlong U+07FF */
        {"\xe0\xa0\x80", 3}, /* U+0800 */
        {"\xe1\x80\x80", 3},
        {"\xec\xbf\xbf", 3},
        {"\xed\x9f\xbf", 3}, /* U+D7FF */
        {"\xed\xa0\x80", 0}, /* U+D800, the first surrogate */
        {"\xed\xbf\xbf", 0}, /* U+DFFF, the last */
        {"\xee\x80\x80", 3}, /* U+E000 */
        {"\xef\xbf\xbf", 3}, /* U+FFFF */
        {"\xef\xbb\xbf", 3}, /* byte order mark */
        {"\xe1\x80\x7f", 0},
        {"\xe1\x7f\x80", 0},
        {"\xe1\x80\xc0", 0},
        {"\xf0\x8f\xbf\xbf", 0}, /* overlong U+FFFF */
        {"\xf0\x90\x80\x80", 4}, /* U+10000 */
        {"\xf3\xbf\xbf\xbf", 4},
        {"\xf4\x8f\xbf\xbf", 4}, /* U+10FFFF */
        {"\xf4\x90\x80\x80", 0}, /* U+110000 */
        {"\xf5\x80\x80\x80", 0},
        {"\xf8\x88\x80\x80\x80", 0}, /* five bytes */
        {"\xfe", 0},
        {"\xff", 0},
        {"a\xc2", 1}, /* cut in each place */
        {"a\xe1\x80", 1},
        {"a\xf1\x80\x80", 1},
        {"a\xf1\x80", 1},
        {"a\xf1", 1},
        {"gr\xc3\xbc\xc3\x9f"
         "e\xff",
         7},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t size = strlen(cases[i].text);
        /* Without its NUL, so that a read behind the end is found. */
        CLEANUP(free) uint8_t *exact = malloc(size + !size);
        memcpy(exact, cases[i].text, size);
        size_t found = utf8_valid_prefix((struct bytes){exact, size});
        if (found != cases[i].valid)
            fail_msg("row %zu: %zu instead of %zu", i, found, cases[i].valid);
    }
}

static void utf8_every_code_point(void **state) {
    (void)state;
    for (uint32_t code = 0x80; code < 0x120000; code++) {
        uint8_t text[4];
        size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
        for (size_t i = 1; i < size; i++)
            text[i] = (uint8_t)(0x80 | (code >> 6 * (size - 1 - i) & 0x3f));
        text[0] = (uint8_t)(lead[size] | code >> 6 * (size - 1));
        bool valid = code < 0x110000 && (code < 0xd800 || code > 0xdfff);
        if ((utf8_valid_prefix((struct bytes){text, size}) == size) != valid)
            fail_msg("U+%04X", code);
    }
}

/* Long runs of ASCII are skipped in words: the byte that ends the run is found wherever it stands. */
static void utf8_after_ascii_of_any_length(void **state) {
    (void)state;
    for (size_t size = 1; size <= 40; size++) {
        for (size_t at = 0; at < size; at++) {
            CLEANUP(free) uint8_t *text = malloc(size);
            memset(text, 'a', size);
            text[at] = 0xff;
            assert_int_equal(utf8_valid_prefix((struct bytes){text, size}), at);
            text[at] = 0xc3;
            if (at + 1 < size)
                text[at + 1] = 0xbc;
            assert_int_equal(utf8_valid_prefix((struct bytes){text, size}), at + 1 < size ? size : at);
        }
    }
}

static void utf8_sanitise_replaces_byte_by_byte(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"fine \xc3\xbc", "fine \xc3\xbc"},
        {"\xff", "?"},
        {"a\xe2\x82z", "a??z"},
        {"\xed\xa0\x80", "???"},
        {"end\xc3", "end?"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(free) char *clean = utf8_sanitise(cases[i][0]);
        assert_string_equal(clean, cases[i][1]);
    }
}

static void ellipsis_keeps_characters_whole(void **state) {
    (void)state;
    static const struct {
        char text[11];
        const char *expected;
    } cases[] = {
        {"0123456789", "0123456..."},
        {"012345\xc3\xbc"
         "89",
         "012345..."}, /* the cut falls behind the first byte of two */
        {"01234\xe2\x82\xac"
         "89",
         "01234..."}, /* behind the second of three */
        {"0123\xf0\x9f\x98\x80"
         "89",
         "0123..."}, /* behind the third of four */
        {"01234\xc3\xbc"
         "789",
         "01234\xc3\xbc..."}, /* just behind a whole one */
        {"\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
         "ab",
         "\xf0\x9f\x98\x80..."},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[11];
        memcpy(text, cases[i].text, sizeof(text));
        text_ellipsis(text, sizeof(text));
        assert_string_equal(text, cases[i].expected);
    }
    char least[4] = "abc";
    text_ellipsis(least, sizeof(least));
    assert_string_equal(least, "...");
}

static void quotable_is_short_and_clean(void **state) {
    (void)state;
    char storage[QUOTED_MAX], text[201];
    assert_string_equal(text_quotable("igpu", storage), "igpu");
    assert_string_equal(text_quotable("", storage), "");
    assert_string_equal(text_quotable("a\nb\tc\x1b[31m\x7f", storage), "a?b?c?[31m?");
    assert_string_equal(text_quotable("gr\xc3\xbcn", storage), "gr\xc3\xbcn");
    for (size_t size = 0; size <= 200; size++) {
        memset(text, 'x', size);
        text[size] = '\0';
        const char *quoted = text_quotable(text, storage);
        assert_ptr_equal(quoted, storage);
        if (size <= 64)
            assert_string_equal(quoted, text);
        else if (strspn(quoted, "x") > 64)
            fail_msg("%zu bytes are quoted of %zu: at most 64 are promised", strspn(quoted, "x"), size);
        else
            assert_string_equal(quoted + strspn(quoted, "x"), "...");
    }
}

static void quotable_cuts_between_characters(void **state) {
    (void)state;
    char storage[QUOTED_MAX], text[201];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'x', shift);
        for (size_t at = shift; at + 4 < sizeof(text); at += 4)
            memcpy(text + at, "\xf0\x9f\x98\x80", 5);
        const char *quoted = text_quotable(text, storage);
        assert_int_equal(utf8_valid_prefix(bytes_of(quoted)), strlen(quoted));
        assert_non_null(strstr(quoted, "..."));
    }
}

static void file_names(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t most;
        bool good;
    } cases[] = {
        {"rembrandt-gop", 63, true},
        {"A.b_c-9", 63, true},
        {"-", 63, true},
        {"_", 63, true},
        {"a..b", 63, true},
        {"abc", 3, true},
        {"abcd", 3, false},
        {"", 63, false},
        {".", 63, false},
        {"..", 63, false},
        {".hidden", 63, false},
        {"a/b", 63, false},
        {"a b", 63, false},
        {"a\n", 63, false},
        {"\xc3\xbc", 63, false},
        {"a:b", 63, false},
        {"a%s", 63, false},
        {"a\\b", 63, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (text_is_file_name(cases[i].text, cases[i].most) != cases[i].good)
            fail_msg("\"%s\"", cases[i].text);
}

static void hexadecimal(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t most;
        int result;
        uint32_t value;
    } cases[] = {
        {"0", 1, 0, 0},
        {"f", 1, 0, 15},
        {"1002", 4, 0, 0x1002},
        {"AbCd", 4, 0, 0xabcd},
        {"c8", 4, 0, 0xc8},
        {"00000000", 8, 0, 0},
        {"ffffffff", 8, 0, UINT32_MAX},
        {"10020", 4, -1, 0},
        {"", 4, -1, 0},
        {"0x10", 4, -1, 0},
        {"10 ", 4, -1, 0},
        {" 10", 4, -1, 0},
        {"-1", 4, -1, 0},
        {"+1", 4, -1, 0},
        {"g", 4, -1, 0},
        {"1\n", 4, -1, 0},
        {"\xef\xbc\x91", 4, -1, 0}, /* a full-width digit */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t value = 0xdeadbeef;
        if (text_parse_hex(cases[i].text, cases[i].most, &value) != cases[i].result)
            fail_msg("\"%s\"", cases[i].text);
        if (cases[i].result == 0)
            assert_int_equal(value, cases[i].value);
    }
}

static void choices(void **state) {
    (void)state;
    static const char *const names[] = {NULL, "one", "two"};
    assert_int_equal(text_choice("one", names, COUNT(names)), 1);
    assert_int_equal(text_choice("two", names, COUNT(names)), 2);
    assert_int_equal(text_choice("two", names, 2), -1);
    assert_int_equal(text_choice("", names, COUNT(names)), -1);
}

static void printable(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"plain ~", "plain ~"},
        {"\u00e9\u4e2d\U0001f600", "\u00e9\u4e2d\U0001f600"},
        {"\x1b[2J\n\t\x7f", "?[2J???"},
        {"\xc2\x80\xc2\x9b"
         "1m\xc2\x9f\u00a0",
         "????1m??\u00a0"},                          /* C1, and what comes behind it */
        {"a\u202eb\u2066c\u200fd", "a???b???c???d"}, /* turns the direction of writing */
        {"a\u2028b\u2029\ufeff\xef\xbf\xbf\ufffd",
         "a???b?????????\ufffd"}, /* ends a line for YAML, or is none of its */
        {"\xff\xc3[\xe2\x82", "??["
                              "??"}, /* no UTF-8 */
        {"\xc2", "?"},
        {"\xed\xa0\x80", "???"}, /* a surrogate */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s", cases[i].text);
        text_make_printable(text);
        assert_string_equal(text, cases[i].expected);
        assert_int_equal(text_is_printable(cases[i].text), strcmp(cases[i].text, cases[i].expected) == 0);
        assert_true(text_is_printable(text));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_grows_and_ends_in_nul),
        cmocka_unit_test(buffer_printf_of_any_length),
        cmocka_unit_test(buffer_takes_any_byte_and_nothing),
        cmocka_unit_test(buffer_stays_failed),
        cmocka_unit_test(buffer_printf_that_fails),
        cmocka_unit_test(utf8_follows_rfc_3629),
        cmocka_unit_test(utf8_every_code_point),
        cmocka_unit_test(utf8_after_ascii_of_any_length),
        cmocka_unit_test(utf8_sanitise_replaces_byte_by_byte),
        cmocka_unit_test(ellipsis_keeps_characters_whole),
        cmocka_unit_test(quotable_is_short_and_clean),
        cmocka_unit_test(quotable_cuts_between_characters),
        cmocka_unit_test(file_names),
        cmocka_unit_test(hexadecimal),
        cmocka_unit_test(choices),
        cmocka_unit_test(printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
