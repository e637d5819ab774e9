#include "rom/bundle_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rom/examine.h"
#include "rom/tar.h"
#include "rom/verdict.h"

/* A ROM of the manifest under the name of its file as the store gives it: "./roms//a.rom" is roms/a.rom. */
struct wanted {
    char name[TAR_NAME_STORAGE];
    const struct manifest_rom *rom;
    bool seen;
};

struct checker {
    const struct bundle *bundle;
    const struct bundle_observer *observer;
    struct wanted *sorted; /* by name */
    size_t done;
};

static int compare_names(const void *a, const void *b) {
    return strcmp(((const struct wanted *)a)->name, ((const struct wanted *)b)->name);
}

/* A name that no packed bundle could have is fine in a folder. */
static void name_file(struct wanted *wanted) {
    struct error ignored = {0};
    if (tar_clean_name(wanted->rom->file, wanted->name, &ignored) < 0)
        snprintf(wanted->name, sizeof(wanted->name), "%s", wanted->rom->file);
}

static void tell(const struct checker *check, const char *file, const struct finding *finding) {
    if (check->observer->found)
        check->observer->found(check->observer->owner, file, finding);
}

static void tell_error(const struct checker *check, const char *file, const struct error *problem) {
    struct findings findings = {0};
    findings_add(&findings, FINDING_ERROR, 0, "%s", problem->message);
    tell(check, file, &findings.list[0]);
}

void bundle_judge_rom(const struct manifest_rom *rom, struct bytes content, struct findings *findings) {
    const struct rom_match *match = &rom->match;
    if (match->keys & MATCH_BIT(MATCH_DEVICE)) {
        uint32_t full = match->value[MATCH_FULL_CLASS], half = match->value[MATCH_CLASS] << 8;
        const struct rom_purpose purpose = {
            .id = {(uint16_t)match->value[MATCH_VENDOR], (uint16_t)match->value[MATCH_DEVICE]},
            .firmware = rom->firmware,
            .has_class = match->keys & (MATCH_BIT(MATCH_CLASS) | MATCH_BIT(MATCH_FULL_CLASS)),
            .class_code = match->keys & MATCH_BIT(MATCH_FULL_CLASS) ? full : half,
        };
        struct rom_verdict verdict;
        rom_judge(content, &purpose, &verdict);
        *findings = verdict.findings;
        return;
    }
    struct rom_layout layout;
    rom_layout(content, &layout);
    rom_examine(content, &layout, findings);
}

/* The bytes are those of the file that this ROM names. Returns 0 or -1 (memory). */
static int check_content(struct checker *check, const struct manifest_rom *rom, struct bytes content,
                         struct error *err) {
    struct findings findings = {0};
    struct error problem = {0};
    if (bundle_check_hash(check->bundle, rom, content, &problem) < 0)
        tell_error(check, rom->file, &problem);
    bundle_judge_rom(rom, content, &findings);
    if (findings_check(&findings, err) < 0)
        return -1;
    for (size_t i = 0; i < findings.count; i++)
        tell(check, rom->file, &findings.list[i]);
    return 0;
}

static void count_done(struct checker *check) {
    check->done++;
    if (check->observer->progress)
        check->observer->progress(check->observer->owner, check->done, check->bundle->manifest.count);
}

/* The first ROM of that file in the sorted list, or its length. */
static size_t find_file(const struct checker *check, const char *file) {
    size_t low = 0, high = check->bundle->manifest.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(check->sorted[middle].name, file) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct checker *check, size_t index, const char *file) {
    return index < check->bundle->manifest.count && strcmp(check->sorted[index].name, file) == 0;
}

static int visit(void *owner, const struct store_file *file, struct error *err) {
    struct checker *check = owner;
    CLEANUP(buffer_free) struct buffer content = {0};
    struct findings findings = {0};
    size_t at = find_file(check, file->name);
    if (strcmp(file->name, STORE_MANIFEST) == 0 || strcmp(file->name, STORE_SIGNATURE) == 0)
        return 0;
    if (!is_at(check, at, file->name)) {
        findings_add(&findings, FINDING_WARNING, 0, "no ROM of the manifest refers to it: nobody reads it");
        tell(check, file->name, &findings.list[0]);
        return 0;
    }
    struct error problem = {0};
    if (store_read_file(file, ROM_SIZE_MAX, &content, &problem) < 0) {
        /* A packed bundle cannot be read on behind a damaged entry; a file of a folder is one of many. */
        if (file->tar || problem.code == ERROR_LIMIT)
            return error_set(err, problem.code, "%s", problem.message);
        tell_error(check, file->name, &problem);
    }
    for (; is_at(check, at, file->name); at++) {
        check->sorted[at].seen = true;
        if (problem.code == ERROR_NONE && check_content(check, check->sorted[at].rom, buffer_bytes(&content), err) < 0)
            return -1;
        count_done(check);
    }
    return 0;
}

/* Files that the walk did not come by under the name that the manifest has. A packed bundle was walked to its end: they
 * are missing. In a folder they may lie behind a link. */
static int check_unseen(struct checker *check, const struct manifest_rom *rom, struct error *err) {
    CLEANUP(buffer_free) struct buffer content = {0};
    struct error problem = {0};
    if (store_is_packed(check->bundle->store)) {
        error_set(&problem, ERROR_REFUSED,
                  "it is not there; pack the bundle with that file, or correct " STORE_MANIFEST);
        tell_error(check, rom->file, &problem);
    } else if (store_read(check->bundle->store, rom->file, ROM_SIZE_MAX, &content, &problem) < 0) {
        if (problem.code == ERROR_LIMIT)
            return error_set(err, problem.code, "%s", problem.message);
        tell_error(check, rom->file, &problem);
    } else if (check_content(check, rom, buffer_bytes(&content), err) < 0) {
        return -1;
    }
    count_done(check);
    return 0;
}

int bundle_check(const struct bundle *bundle, const struct bundle_observer *observer, struct error *err) {
    size_t count = bundle->manifest.count;
    CLEANUP(free) struct wanted *sorted = calloc(count + 1, sizeof(*sorted));
    struct checker check = {.bundle = bundle, .observer = observer, .sorted = sorted};
    if (!sorted)
        return error_no_memory(err);
    for (size_t i = 0; i < count; i++) {
        sorted[i].rom = &bundle->manifest.roms[i];
        name_file(&sorted[i]);
    }
    qsort(sorted, count, sizeof(*sorted), compare_names);
    if (store_walk(bundle->store, visit, &check, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (!sorted[i].seen && check_unseen(&check, sorted[i].rom, err) < 0)
            return -1;
    return 0;
}
