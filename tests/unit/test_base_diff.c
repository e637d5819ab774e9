/* base/diff: what diff -u prints, applied it gives the second text back, and nothing shorter would. */
#include <stdio.h>

#include "base/diff.h"
#include "support.h"

static struct buffer diff_of(struct bytes before, struct bytes after, bool colour) {
    struct buffer out = {0};
    struct error err = {0};
    assert_int_equal(diff_unified(before, after, "a.xml", "b.xml", colour, &out, &err), 0);
    assert_no_error(&err);
    return out;
}

#define TEN "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"

static void check_exact(const char *before, const char *after, const char *hunks) {
    CLEANUP(buffer_free) struct buffer expected = {0};
    CLEANUP(buffer_free) struct buffer found = diff_of(bytes_of(before), bytes_of(after), false);
    if (hunks)
        buffer_printf(&expected, "--- a.xml\n+++ b.xml\n%s", hunks);
    assert_bytes(buffer_bytes(&found), expected.data ? expected.data : "");
}

/* The expectations are the output of GNU diff -u, without its time stamps. */
static void exact(void **state) {
    (void)state;
    static const struct {
        const char *before, *after, *hunks;
    } cases[] = {
        {"", "", NULL},
        {TEN, TEN, NULL},
        {TEN, "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n", "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"},
        {TEN, "0\n" TEN, "@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n"},
        {TEN, TEN "11\n", "@@ -8,3 +8,4 @@\n 8\n 9\n 10\n+11\n"},
        {TEN, "2\n3\n4\n5\n6\n7\n8\n9\n10\n", "@@ -1,4 +1,3 @@\n-1\n 2\n 3\n 4\n"},
        {"", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
        {"a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n"},
        /* Six lines between two changes: one hunk. Seven: two. */
        {"a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
         "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n"},
        {"a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
         "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n"},
        /* The last line's newline. */
        {"a\nb\nc", "a\nb\nC",
         "@@ -1,3 +1,3 @@\n a\n b\n-c\n\\ No newline at end of file\n+C\n\\ No newline at end of file\n"},
        {"a\nb\n", "a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n"},
        {"A\nb", "a\nb", "@@ -1,2 +1,2 @@\n-A\n+a\n b\n\\ No newline at end of file\n"},
        {"a\r\nb\n", "a\nb\n", "@@ -1,2 +1,2 @@\n-a\r\n+a\n b\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_exact(cases[i].before, cases[i].after, cases[i].hunks);
}

/* A range of one line is its number alone. */
static void ranges_of_one_line(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n"},
        {"", "a\n", "@@ -0,0 +1 @@\n+a\n"},
        {"a\n", "", "@@ -1 +0,0 @@\n-a\n"},
        {"a\n", "a\nb\n", "@@ -1 +1,2 @@\n a\n+b\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_exact(cases[i][0], cases[i][1], cases[i][2]);
}

static void appends_and_takes_any_byte(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    struct error err = {0};
    buffer_append_text(&out, "before ");
    struct bytes a = {(const uint8_t *)"a\0b\nc\nd\n", 8}, b = {(const uint8_t *)"a\0c\nc\nd\n", 8};
    diff_unified(a, b, "x", "y", false, &out, &err);
    static const char expected[] = "before --- x\n+++ y\n@@ -1,3 +1,3 @@\n-a\0b\n+a\0c\n c\n d\n";
    assert_int_equal(out.size, sizeof(expected) - 1);
    assert_memory_equal(out.data, expected, out.size);
}

/* Colour only adds escapes; without them it is the same text. */
static void colours(void **state) {
    (void)state;
    struct bytes before = bytes_of(TEN "x"), after = bytes_of("1\n2\n4\n5\nfive\n6\n7\n8\n9\n10\nx");
    CLEANUP(buffer_free) struct buffer plain = diff_of(before, after, false), coloured = diff_of(before, after, true);
    CLEANUP(buffer_free) struct buffer stripped = {0};
    assert_non_null(strstr(coloured.data, "\033[31m-3\033[0m\n"));
    assert_non_null(strstr(coloured.data, "\033[32m+five\033[0m\n"));
    for (const char *c = coloured.data; *c; c++) {
        if (*c == '\033')
            c = strchr(c, 'm');
        else
            buffer_append(&stripped, c, 1);
    }
    assert_bytes(buffer_bytes(&stripped), plain.data);
}

/* A line of text with its newline, at *at, which moves behind it. */
static struct bytes take_line(struct bytes text, size_t *at) {
    const uint8_t *newline = text.size == *at ? NULL : memchr(text.data + *at, '\n', text.size - *at);
    size_t end = newline ? (size_t)(newline - text.data) + 1 : text.size;
    struct bytes line = {text.data + *at, end - *at};
    *at = end;
    return line;
}

/* Applies the diff to `before` as patch would, strictly: every number and every line must be right. Returns the number
 * of changed lines. */
static size_t apply(struct bytes before, struct bytes diff, struct buffer *after) {
    size_t from = 0, line = 1, new_line = 1, changes = 0, at = 0;
    take_line(diff, &at);
    take_line(diff, &at);
    while (at < diff.size) {
        struct bytes header = take_line(diff, &at);
        size_t numbers[4] = {0, 1, 0, 1};
        char text[128];
        snprintf(text, sizeof(text), "%.*s", (int)header.size, (const char *)header.data);
        char *cursor = text + strlen("@@ -"), *end;
        assert_memory_equal(text, "@@ -", 4);
        for (int side = 0; side < 2; side++) {
            numbers[2 * side] = strtoul(cursor, &end, 10);
            if (*end == ',')
                numbers[2 * side + 1] = strtoul(end + 1, &end, 10);
            cursor = end + 2;
        }
        size_t removed = numbers[1], added = numbers[3];
        while (line < numbers[0] + (removed == 0)) {
            struct bytes kept = take_line(before, &from);
            buffer_append(after, kept.data, kept.size);
            line++;
            new_line++;
        }
        assert_int_equal(new_line, numbers[2] + (added == 0));
        while (removed || added || (at < diff.size && diff.data[at] == '\\')) {
            struct bytes step = take_line(diff, &at);
            char kind = (char)step.data[0];
            struct bytes content = {step.data + 1, step.size - 1};
            if (at < diff.size && diff.data[at] == '\\') {
                take_line(diff, &at);
                content.size--;
            }
            if (kind != '+') {
                struct bytes old = take_line(before, &from);
                assert_int_equal(old.size, content.size);
                assert_memory_equal(old.data, content.data, old.size);
                removed--;
                line++;
            }
            if (kind != '-') {
                buffer_append(after, content.data, content.size);
                added--;
                new_line++;
            }
            changes += kind != ' ';
        }
    }
    buffer_append(after, before.data + from, before.size - from);
    return changes;
}

enum { LINES_MAX = 60 };

/* The fewest removed and added lines: the textbook's table. */
static size_t fewest_edits(struct bytes a, struct bytes b) {
    static size_t table[2 * LINES_MAX + 2][2 * LINES_MAX + 2];
    struct bytes x[2 * LINES_MAX], y[2 * LINES_MAX];
    size_t n = 0, m = 0;
    for (size_t at = 0; at < a.size;)
        x[n++] = take_line(a, &at);
    for (size_t at = 0; at < b.size;)
        y[m++] = take_line(b, &at);
    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0)
                table[i][j] = i + j;
            else if (x[i - 1].size == y[j - 1].size && memcmp(x[i - 1].data, y[j - 1].data, x[i - 1].size) == 0)
                table[i][j] = table[i - 1][j - 1];
            else
                table[i][j] = 1 + (table[i - 1][j] < table[i][j - 1] ? table[i - 1][j] : table[i][j - 1]);
        }
    }
    return table[n][m];
}

static void make_texts(struct sequence *sequence, struct buffer *before, struct buffer *after) {
    uint32_t count = sequence_below(sequence, LINES_MAX), alphabet = 1 + sequence_below(sequence, 30);
    uint32_t edits = sequence_below(sequence, 4) == 0 ? 60 : 8;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t line = sequence_below(sequence, alphabet);
        buffer_printf(before, "line %u\n", line);
        switch (sequence_below(sequence, edits < 60 ? 12 : 4)) {
        case 0:
            break;
        case 1:
            buffer_printf(after, "new %u\nline %u\n", line, line);
            break;
        case 2:
            buffer_printf(after, "changed %u\n", line);
            break;
        default:
            buffer_printf(after, "line %u\n", line);
        }
    }
    for (int side = 0; side < 2; side++) {
        struct buffer *text = side ? after : before;
        if (text->size && sequence_below(sequence, 4) == 0)
            text->size--; /* no newline at the end */
    }
}

static void random_edits_apply_and_are_the_fewest(void **state) {
    (void)state;
    struct sequence sequence = {20261117};
    for (int round = 0; round < 400; round++) {
        CLEANUP(buffer_free) struct buffer before = {0}, after = {0}, again = {0};
        make_texts(&sequence, &before, &after);
        struct bytes a = buffer_bytes(&before), b = buffer_bytes(&after);
        CLEANUP(buffer_free) struct buffer diff = diff_of(a, b, false);
        size_t changes = apply(a, buffer_bytes(&diff), &again);
        assert_int_equal(again.size, after.size);
        if (after.size)
            assert_memory_equal(again.data, after.data, after.size);
        assert_int_equal(changes, fewest_edits(a, b));
    }
}

static void texts_far_apart_are_replaced(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer before = {0}, after = {0}, again = {0};
    for (int i = 0; i < 600; i++) {
        buffer_printf(&before, "old %d\ncommon\n", i);
        buffer_printf(&after, "new %d\ncommon\n", i);
    }
    CLEANUP(buffer_free) struct buffer diff = diff_of(buffer_bytes(&before), buffer_bytes(&after), false);
    size_t changes = apply(buffer_bytes(&before), buffer_bytes(&diff), &again);
    assert_bytes(buffer_bytes(&again), after.data);
    assert_int_equal(changes, 2400);
}

static void a_thousand_edits_are_still_found(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer before = {0}, after = {0}, again = {0};
    for (int i = 0; i < 500; i++) {
        buffer_printf(&before, "old %d\ncommon\n", i);
        buffer_printf(&after, "new %d\ncommon\n", i);
    }
    CLEANUP(buffer_free) struct buffer diff = diff_of(buffer_bytes(&before), buffer_bytes(&after), false);
    assert_int_equal(apply(buffer_bytes(&before), buffer_bytes(&diff), &again), 1000);
    assert_bytes(buffer_bytes(&again), after.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact),
        cmocka_unit_test(ranges_of_one_line),
        cmocka_unit_test(appends_and_takes_any_byte),
        cmocka_unit_test(colours),
        cmocka_unit_test(random_edits_apply_and_are_the_fewest),
        cmocka_unit_test(texts_far_apart_are_replaced),
        cmocka_unit_test(a_thousand_edits_are_still_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
