#include "rom/match_explain.h"

#include <stdio.h>
#include <stdlib.h>

static const struct rom_match *match_of_line(const struct match_line *line) {
    return line->rom ? &line->rom->match : &line->profile->match;
}

/* Orders lines of one bundle and kind, the most specific first. */
static int by_specificity(const void *a, const void *b) {
    const struct match_line *x = a, *y = b;
    return x->rom ? manifest_compare_roms(y->rom, x->rom) : match_compare(&y->profile->match, &x->profile->match);
}

static bool names_device(const struct rom_match *match, const struct rom_match *device) {
    static const enum match_key keys[] = {MATCH_VENDOR, MATCH_DEVICE};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (!(match->keys & MATCH_BIT(keys[i])) || match->value[keys[i]] != device->value[keys[i]])
            return false;
    return true;
}

/* Both forms of the class have one name, which would explain nothing. */
static const char *key_words(enum match_key key) {
    return key == MATCH_FULL_CLASS ? "class with its programming interface" : match_key_name(key);
}

static void explain_misfit(struct match_line *line, const struct rom_match *device, enum match_key key) {
    char wanted[MATCH_VALUE_MAX], has[MATCH_VALUE_MAX];
    match_value_text(match_of_line(line), key, wanted);
    if (!(device->keys & MATCH_BIT(key)))
        snprintf(line->reason, sizeof(line->reason), "needs %s %s, which is unknown", match_key_name(key), wanted);
    else
        snprintf(line->reason, sizeof(line->reason), "%s %s, the device has %s", match_key_name(key), wanted,
                 match_value_text(device, key, has));
}

/* Where the line's match stands against the device alone. False: it is for other devices, and worth no line. */
static bool examine(struct match_line *line, const struct rom_match *device, enum firmware firmware) {
    struct rom_match known = *match_of_line(line);
    enum match_key misfit = match_misfit(&known, device);
    if (misfit != MATCH_KEYS) {
        line->standing = MATCH_NEAR_MISS;
        explain_misfit(line, device, misfit);
        known.keys &= device->keys;
        return names_device(match_of_line(line), device) || match_fits(&known, device);
    }
    if (line->rom && !match_firmware(line->rom->firmware, firmware)) {
        line->standing = MATCH_NEAR_MISS;
        snprintf(line->reason, sizeof(line->reason), "for %s, the VM boots with %s", firmware_name(line->rom->firmware),
                 firmware_name(firmware));
    }
    return true;
}

/* The winner stands first; what makes each other line weaker. `standing` is what they become. */
static void explain_losers(struct match_line *lines, size_t count, enum match_standing standing) {
    for (size_t i = 0; i < count; i++) {
        struct match_line *line = &lines[i];
        const struct match_line *winner = &lines[0];
        line->standing = i == 0 ? MATCH_WINS : standing;
        if (i == 0)
            continue;
        enum match_key key = match_difference(match_of_line(winner), match_of_line(line));
        if (line->bundle != winner->bundle)
            snprintf(line->reason, sizeof(line->reason), "bundle \"%s\" comes first", winner->bundle->manifest.name);
        else if (key != MATCH_KEYS)
            snprintf(line->reason, sizeof(line->reason), "less specific: no %s", key_words(key));
        else /* only ROMs can have the same keys */
            snprintf(line->reason, sizeof(line->reason), "less specific: for %s, the other for %s",
                     line->rom->firmware == FIRMWARE_ANY ? "any firmware" : firmware_name(line->rom->firmware),
                     firmware_name(winner->rom->firmware));
    }
}

/* What one pass over the bundles looks for. */
struct wanted {
    const struct rom_match *device;
    enum firmware firmware;
    bool profiles;    /* or ROMs */
    bool near_misses; /* or what fits */
};

static void add_lines(struct bundle *const *bundles, size_t count, const struct wanted *wanted,
                      struct match_explanation *explanation) {
    for (size_t i = 0; i < count; i++) {
        const struct manifest *manifest = &bundles[i]->manifest;
        size_t first = explanation->count;
        for (size_t j = 0; j < (wanted->profiles ? manifest->profile_count : manifest->count); j++) {
            struct match_line line = {.bundle = bundles[i]};
            if (wanted->profiles)
                line.profile = &manifest->profiles[j];
            else
                line.rom = &manifest->roms[j];
            if (examine(&line, wanted->device, wanted->firmware) &&
                (line.standing == MATCH_NEAR_MISS) == wanted->near_misses)
                explanation->list[explanation->count++] = line;
        }
        qsort(&explanation->list[first], explanation->count - first, sizeof(struct match_line), by_specificity);
    }
}

int match_explain(struct bundle *const *bundles, size_t count, const struct rom_match *device, enum firmware firmware,
                  struct match_explanation *explanation, struct error *err) {
    size_t most = 0;
    for (size_t i = 0; i < count; i++)
        most += bundles[i]->manifest.count + bundles[i]->manifest.profile_count;
    explanation->list = calloc(most + 1, sizeof(*explanation->list));
    if (!explanation->list)
        return error_no_memory(err);
    for (int profiles = 0; profiles <= 1; profiles++) {
        struct wanted wanted = {device, firmware, profiles, false};
        size_t first = explanation->count;
        add_lines(bundles, count, &wanted, explanation);
        explain_losers(&explanation->list[first], explanation->count - first, profiles ? MATCH_ADDS : MATCH_LOSES);
        wanted.near_misses = true;
        add_lines(bundles, count, &wanted, explanation);
    }
    return 0;
}

void match_explanation_free(struct match_explanation *explanation) {
    free(explanation->list);
    *explanation = (struct match_explanation){0};
}
