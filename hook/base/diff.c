#include "base/diff.h"

#include <stdlib.h>
#include <string.h>

#define EDITS_MAX 1000
#define CONTEXT   3

/* Lines with their newline; the last may lack it. */
struct lines {
    struct bytes *line;
    size_t count;
};

/* One line of the result: kept (' '), removed ('-') or added ('+'). */
struct step {
    char kind;
    struct bytes line;
};

struct script {
    struct step *steps;
    size_t count;
};

static int split(struct bytes text, struct lines *lines, struct error *err) {
    size_t count = 1;
    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == '\n';
    if (!(lines->line = calloc(count, sizeof(*lines->line))))
        return error_no_memory(err);
    while (text.size) {
        const uint8_t *newline = memchr(text.data, '\n', text.size);
        size_t size = newline ? (size_t)(newline - text.data) + 1 : text.size;
        lines->line[lines->count++] = (struct bytes){text.data, size};
        text = (struct bytes){text.data + size, text.size - size};
    }
    return 0;
}

static bool same(struct bytes a, struct bytes b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static void add(struct script *script, char kind, struct bytes line) {
    script->steps[script->count++] = (struct step){kind, line};
}

/* Myers' greedy search: furthest[d * width + k] is the furthest x on diagonal k - d_max after d edits. Returns the
 * number of edits, or more than `most`. */
static int search(struct lines a, struct lines b, int most, int *furthest) {
    int width = 2 * most + 3, n = (int)a.count, m = (int)b.count;
    for (int d = 0; d <= most; d++) {
        int *now = furthest + (size_t)d * (size_t)width + most + 1;
        const int *before = now - width;
        for (int k = -d; k <= d; k += 2) {
            int x = 0;
            if (d > 0)
                x = k == -d || (k != d && before[k - 1] < before[k + 1]) ? before[k + 1] : before[k - 1] + 1;
            int y = x - k;
            while (x < n && y < m && same(a.line[x], b.line[y])) {
                x++;
                y++;
            }
            now[k] = x;
            if (x >= n && y >= m)
                return d;
        }
    }
    return most + 1;
}

/* Walks the search back from the end, filling the steps from the last to the first. */
static void backtrack(struct lines a, struct lines b, int edits, int most, const int *furthest, struct script *script) {
    int width = 2 * most + 3, x = (int)a.count, y = (int)b.count;
    for (int d = edits; d > 0; d--) {
        const int *before = furthest + (size_t)(d - 1) * (size_t)width + most + 1;
        int k = x - y;
        bool down = k == -d || (k != d && before[k - 1] < before[k + 1]);
        int from = down ? before[k + 1] : before[k - 1];
        int start = down ? from : from + 1; /* x behind the edit, before the common lines */
        while (x > start) {
            x--, y--;
            add(script, ' ', a.line[x]);
        }
        if (down)
            add(script, '+', b.line[--y]);
        else
            add(script, '-', a.line[--x]);
    }
    while (x > 0)
        add(script, ' ', a.line[--x]);
}

static int compare(struct lines a, struct lines b, struct script *script, struct error *err) {
    size_t most = a.count + b.count < EDITS_MAX ? a.count + b.count : EDITS_MAX;
    CLEANUP(free) int *furthest = calloc((most + 1) * (2 * most + 3), sizeof(*furthest));
    if (!furthest)
        return error_no_memory(err);
    int edits = search(a, b, (int)most, furthest);
    if (edits <= (int)most) {
        backtrack(a, b, edits, (int)most, furthest, script);
    } else {
        for (size_t i = b.count; i > 0; i--)
            add(script, '+', b.line[i - 1]);
        for (size_t i = a.count; i > 0; i--)
            add(script, '-', a.line[i - 1]);
    }
    for (size_t i = 0; i < script->count / 2; i++) {
        struct step swap = script->steps[i];
        script->steps[i] = script->steps[script->count - 1 - i];
        script->steps[script->count - 1 - i] = swap;
    }
    return 0;
}

static void print_step(const struct step *step, bool colour, struct buffer *out) {
    const char *start = !colour ? "" : step->kind == '+' ? "\033[32m" : step->kind == '-' ? "\033[31m" : "";
    bool whole = step->line.size && step->line.data[step->line.size - 1] == '\n';
    buffer_printf(out, "%s%c", start, step->kind);
    buffer_append(out, step->line.data, step->line.size - whole);
    buffer_printf(out, "%s\n%s", *start ? "\033[0m" : "", whole ? "" : "\\ No newline at end of file\n");
}

/* The end of the hunk that starts at step `from`: a change and all that follow within twice the context. */
static size_t hunk_end(const struct script *script, size_t from) {
    size_t end = from, kept = 0;
    for (size_t i = from; i < script->count && kept <= (size_t)2 * CONTEXT; i++) {
        kept = script->steps[i].kind == ' ' ? kept + 1 : 0;
        if (kept == 0)
            end = i + 1;
    }
    return end;
}

/* One side of a hunk's header: "12,7"; as diff -u has it, a single line has no count and none counts from the line
 * before. */
static void print_range(char sign, size_t passed, size_t count, struct buffer *out) {
    buffer_printf(out, " %c%zu", sign, passed + (count > 0));
    if (count != 1)
        buffer_printf(out, ",%zu", count);
}

static void print_hunks(const struct script *script, bool colour, struct buffer *out) {
    size_t before = 0, after = 0; /* lines passed so far */
    for (size_t i = 0; i < script->count;) {
        size_t change = i;
        while (change < script->count && script->steps[change].kind == ' ')
            change++;
        if (change == script->count)
            return;
        size_t from = change - i > CONTEXT ? change - CONTEXT : i;
        size_t to = hunk_end(script, change);
        for (size_t j = 0; j < CONTEXT && to < script->count; j++)
            to++;
        before += from - i;
        after += from - i;
        size_t removed = 0, added = 0;
        for (size_t j = from; j < to; j++) {
            removed += script->steps[j].kind != '+';
            added += script->steps[j].kind != '-';
        }
        buffer_append_text(out, colour ? "\033[36m@@" : "@@");
        print_range('-', before, removed, out);
        print_range('+', after, added, out);
        buffer_append_text(out, colour ? " @@\033[0m\n" : " @@\n");
        for (size_t j = from; j < to; j++)
            print_step(&script->steps[j], colour, out);
        before += removed;
        after += added;
        i = to;
    }
}

int diff_unified(struct bytes before, struct bytes after, const char *before_name, const char *after_name, bool colour,
                 struct buffer *out, struct error *err) {
    if (same(before, after))
        return 0;
    struct lines a = {0}, b = {0};
    struct script script = {0};
    int failed = split(before, &a, err) < 0 || split(after, &b, err) < 0 ? -1 : 0;
    if (!failed && !(script.steps = calloc(a.count + b.count + 1, sizeof(*script.steps))))
        failed = error_no_memory(err);
    if (!failed)
        failed = compare(a, b, &script, err);
    if (!failed) {
        buffer_printf(out, "%s--- %s\n+++ %s%s\n", colour ? "\033[1m" : "", before_name, after_name,
                      colour ? "\033[0m" : "");
        print_hunks(&script, colour, out);
        failed = buffer_check(out, err);
    }
    free(script.steps);
    free(a.line);
    free(b.line);
    return failed;
}
