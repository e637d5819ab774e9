#include "rom/compare.h"

#include <string.h>

#include "base/diff.h"
#include "rom/details.h"
#include "rom/examine.h"
#include "rom/report.h"

enum {
    RANGES_MAX = 64,
    GAP = 16, /* equal bytes between differing ones that do not make two ranges of one */
};

/* The first lines (name, size, hash) are left out: of two files they always differ. */
static const char *contents(const struct buffer *tree) {
    const char *text = tree->data;
    for (int line = 0; line < 3 && text; line++)
        text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL;
    return text ? text : "";
}

static void describe(struct bytes bytes, struct rom_layout *layout, struct buffer *tree) {
    struct findings findings = {0};
    rom_layout(bytes, layout);
    rom_examine(bytes, layout, &findings);
    rom_report_tree("", bytes, layout, &findings, tree);
}

static bool differs(struct bytes a, struct bytes b, size_t at) {
    return a.data[at] != b.data[at];
}

static void name_place(const struct rom_layout *layout, size_t at, struct buffer *out) {
    for (size_t i = 0; i < layout->rom.count; i++) {
        const struct rom_image *image = &layout->rom.images[i];
        const char *type = rom_code_type_name(image->code_type);
        if (at >= image->offset && at < image->offset + image->size) {
            buffer_printf(out, ", in image %zu (%s) at its 0x%zx", i, type ? type : "other", at - image->offset);
            return;
        }
    }
}

/* The range of differing bytes that starts at `at`; where it ends. */
static size_t range_end(struct bytes a, struct bytes b, size_t at, size_t size) {
    size_t end = at + 1;
    for (size_t i = end; i < size && i < end + GAP; i++)
        if (differs(a, b, i))
            end = i + 1;
    return end;
}

static void compare_bytes(struct bytes a, struct bytes b, const struct rom_layout *layout, struct buffer *out) {
    size_t size = a.size < b.size ? a.size : b.size, ranges = 0;
    for (size_t at = 0; at < size;) {
        if (!differs(a, b, at)) {
            at++;
            continue;
        }
        size_t end = range_end(a, b, at, size);
        if (ranges++ < RANGES_MAX) {
            buffer_printf(out, "bytes 0x%zx to 0x%zx differ", at, end);
            name_place(layout, at, out);
            buffer_append_text(out, "\n");
        }
        at = end;
    }
    if (ranges > RANGES_MAX)
        buffer_printf(out, "and %zu more ranges differ\n", ranges - RANGES_MAX);
    if (a.size != b.size)
        buffer_printf(out, "%s is %zu bytes longer\n", a.size > b.size ? "the first" : "the second",
                      a.size > b.size ? a.size - b.size : b.size - a.size);
}

int rom_compare(const char *before_name, struct bytes before, const char *after_name, struct bytes after, bool colour,
                struct buffer *out, struct error *err) {
    CLEANUP(buffer_free) struct buffer before_tree = {0};
    CLEANUP(buffer_free) struct buffer after_tree = {0};
    struct rom_layout before_layout, after_layout;
    if (before.size == after.size && (before.size == 0 || memcmp(before.data, after.data, before.size) == 0))
        return 0;
    describe(before, &before_layout, &before_tree);
    describe(after, &after_layout, &after_tree);
    if (buffer_check(&before_tree, err) < 0 || buffer_check(&after_tree, err) < 0)
        return -1;
    const char *a = contents(&before_tree), *b = contents(&after_tree);
    if (diff_unified((struct bytes){(const uint8_t *)a, strlen(a)}, (struct bytes){(const uint8_t *)b, strlen(b)},
                     before_name, after_name, colour, out, err) < 0)
        return -1;
    compare_bytes(before, after, &before_layout, out);
    return buffer_check(out, err);
}
