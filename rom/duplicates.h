/* What one bundle has in vain because an earlier one has it too: worth a warning, for the first bundle decides. Pure.
 */
#pragma once

#include "rom/bundle.h"

struct duplicate {
    enum duplicate_kind {
        DUPLICATE_MATCH, /* the same match and firmware: no device will ever get the later ROM by itself */
        DUPLICATE_ID,    /* the same id: an annotation that names it gets the earlier ROM */
    } kind;
    const struct bundle *earlier, *later;
    const struct manifest_rom *earlier_rom, *later_rom;
};

/* Starts as {0}. */
struct duplicates {
    struct duplicate *list;
    size_t count;
};

/* Finds the duplicates among bundles that are searched in this order, first kind by kind, then in the order of the
 * later bundles and their ROMs. Each later ROM is held against the first that has what it has. The list borrows from
 * the bundles; duplicates_free gives it back. Fails only without memory. Takes n log n for n ROMs. */
int duplicates_find(struct bundle *const *bundles, size_t count, struct duplicates *duplicates, struct error *err);

/* One sentence without a final stop. Returns `text`. */
#define DUPLICATE_TEXT_MAX 512
const char *duplicate_describe(const struct duplicate *duplicate, char text[DUPLICATE_TEXT_MAX]);

/* Appends a line for each of the first DUPLICATE_LINES_MAX, and how many more there are. */
#define DUPLICATE_LINES_MAX 16
void duplicates_print(const struct duplicates *duplicates, struct buffer *lines);

void duplicates_free(struct duplicates *duplicates);

static inline void duplicates_free_at(struct duplicates *duplicates) {
    duplicates_free(duplicates);
}
