#include "rom/duplicates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A ROM and where it stands among all. */
struct place {
    size_t bundle;
    const struct manifest_rom *rom;
};

static int compare_places(const struct place *a, const struct place *b) {
    if (a->bundle != b->bundle)
        return a->bundle < b->bundle ? -1 : 1;
    return (a->rom > b->rom) - (a->rom < b->rom); /* of one array */
}

static int by_match(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    int order = manifest_compare_roms(x->rom, y->rom);
    return order ? order : compare_places(x, y);
}

static int by_id(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    int order = strcmp(x->rom->id, y->rom->id);
    return order ? order : compare_places(x, y);
}

static bool same_match(const struct place *a, const struct place *b) {
    return manifest_compare_roms(a->rom, b->rom) == 0;
}

static bool same_id(const struct place *a, const struct place *b) {
    return strcmp(a->rom->id, b->rom->id) == 0;
}

/* What can be the same, by kind. */
static const struct {
    int (*compare)(const void *a, const void *b);
    bool (*same)(const struct place *a, const struct place *b);
} kind_table[] = {
    [DUPLICATE_MATCH] = {by_match, same_match},
    [DUPLICATE_ID] = {by_id, same_id},
};
#define KINDS (sizeof(kind_table) / sizeof(kind_table[0]))

/* A later ROM and its elder. */
struct pair {
    struct place later, earlier;
};

static int by_later(const void *a, const void *b) {
    return compare_places(&((const struct pair *)a)->later, &((const struct pair *)b)->later);
}

/* Sorts the places so that those that are the same become neighbours, the first in front. */
static size_t find_pairs(struct place *places, size_t count, enum duplicate_kind kind, struct pair *pairs) {
    size_t found = 0, first = 0;
    qsort(places, count, sizeof(*places), kind_table[kind].compare);
    for (size_t i = 1; i < count; i++) {
        if (!kind_table[kind].same(&places[first], &places[i]))
            first = i;
        else
            pairs[found++] = (struct pair){places[i], places[first]};
    }
    qsort(pairs, found, sizeof(*pairs), by_later);
    return found;
}

int duplicates_find(struct bundle *const *bundles, size_t count, struct duplicates *duplicates, struct error *err) {
    size_t total = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        total += bundles[i]->manifest.count;
    CLEANUP(free) struct place *places = calloc(total + 1, sizeof(*places));
    CLEANUP(free) struct pair *pairs = calloc(total + 1, sizeof(*pairs));
    duplicates->list = calloc(KINDS * total + 1, sizeof(*duplicates->list));
    if (!places || !pairs || !duplicates->list)
        return error_no_memory(err);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < bundles[i]->manifest.count; j++)
            places[at++] = (struct place){i, &bundles[i]->manifest.roms[j]};
    for (enum duplicate_kind kind = 0; kind < KINDS; kind++) {
        size_t found = find_pairs(places, total, kind, pairs);
        for (size_t i = 0; i < found; i++)
            duplicates->list[duplicates->count++] =
                (struct duplicate){kind, bundles[pairs[i].earlier.bundle], bundles[pairs[i].later.bundle],
                                   pairs[i].earlier.rom, pairs[i].later.rom};
    }
    return 0;
}

const char *duplicate_describe(const struct duplicate *duplicate, char text[DUPLICATE_TEXT_MAX]) {
    const char *earlier = duplicate->earlier->manifest.name, *later = duplicate->later->manifest.name;
    const char *earlier_id = duplicate->earlier_rom->id, *later_id = duplicate->later_rom->id;
    char match[MATCH_TEXT_MAX];
    switch (duplicate->kind) {
    case DUPLICATE_MATCH:
        snprintf(
            text, DUPLICATE_TEXT_MAX,
            "ROM \"%s\" of bundle \"%s\" never matches: ROM \"%s\" of bundle \"%s\", which comes first, is for the "
            "same devices (%s) and firmware",
            later_id, later, earlier_id, earlier, match_describe(&duplicate->later_rom->match, match));
        break;
    case DUPLICATE_ID:
        snprintf(text, DUPLICATE_TEXT_MAX,
                 "ROM \"%s\" of bundle \"%s\" cannot be asked for by its id: bundle \"%s\", which comes first, has one",
                 later_id, later, earlier);
        break;
    }
    return text;
}

void duplicates_print(const struct duplicates *duplicates, struct buffer *lines) {
    char text[DUPLICATE_TEXT_MAX];
    for (size_t i = 0; i < duplicates->count && i < DUPLICATE_LINES_MAX; i++)
        buffer_printf(lines, "%s\n", duplicate_describe(&duplicates->list[i], text));
    if (duplicates->count > DUPLICATE_LINES_MAX)
        buffer_printf(lines, "%zu more ROMs are in several bundles\n", duplicates->count - DUPLICATE_LINES_MAX);
}

void duplicates_free(struct duplicates *duplicates) {
    free(duplicates->list);
    *duplicates = (struct duplicates){0};
}
