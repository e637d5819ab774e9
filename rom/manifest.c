#include "rom/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define FILE_MAX 255

static char *copy_text(const char *text, struct error *err) {
    char *copy = strdup(text);
    if (!copy)
        error_no_memory(err);
    return copy;
}

/* Member `key` as exactly `digits` hexadecimal digits. Returns 1 if present, 0 if absent and not required, -1. */
static int get_hex(const json_t *object, const char *key, bool required, size_t digits, const struct json_place *place,
                   uint32_t *value, struct error *err) {
    const char *text = NULL;
    if (json_get_string(object, key, required, place, &text, err) < 0)
        return -1;
    if (!text)
        return 0;
    char storage[QUOTED_MAX];
    if (strlen(text) != digits || text_parse_hex(text, digits, value) < 0)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is not %zu hexadecimal digits", json_member(place, key).text,
                         text_quotable(text, storage), digits);
    return 1;
}

static int parse_match(const json_t *object, const struct json_place *place, struct rom_match *match,
                       struct error *err) {
    static const char *const known[] = {"vendor", "device", "subsystem", "revision", NULL};
    uint32_t vendor = 0, device = 0, revision = 0;
    const char *subsystem = NULL;
    if (json_only_keys(object, known, place, err) < 0 || get_hex(object, "vendor", true, 4, place, &vendor, err) < 0 ||
        get_hex(object, "device", true, 4, place, &device, err) < 0 ||
        json_get_string(object, "subsystem", false, place, &subsystem, err) < 0)
        return -1;
    int has_revision = get_hex(object, "revision", false, 2, place, &revision, err);
    if (has_revision < 0)
        return -1;
    char storage[QUOTED_MAX];
    if (subsystem && pci_id_parse(subsystem, &match->subsystem) < 0)
        return error_set(err, ERROR_INPUT,
                         "%s: \"%s\" is no subsystem: write vendor:device in hexadecimal, as 1462:1381",
                         json_member(place, "subsystem").text, text_quotable(subsystem, storage));
    match->id = (struct pci_id){(uint16_t)vendor, (uint16_t)device};
    match->has_subsystem = subsystem;
    match->has_revision = has_revision;
    match->revision = (uint8_t)revision;
    return 0;
}

static int parse_sha256(const char *text, const struct json_place *place, uint8_t sha256[crypto_hash_sha256_BYTES],
                        struct error *err) {
    size_t size = 0;
    if (strlen(text) != 2 * crypto_hash_sha256_BYTES ||
        sodium_hex2bin(sha256, crypto_hash_sha256_BYTES, text, strlen(text), NULL, &size, NULL) != 0 ||
        size != crypto_hash_sha256_BYTES)
        return error_set(err, ERROR_INPUT, "%s must be the %u hexadecimal digits that sha256sum prints",
                         json_member(place, "sha256").text, 2 * crypto_hash_sha256_BYTES);
    return 0;
}

/* The kernel enforces that no file leaves the bundle; this finds the mistake at load, before the file is wanted. */
static int check_file_name(const char *file, const struct json_place *place, struct error *err) {
    char storage[QUOTED_MAX];
    bool bad = *file == '\0' || *file == '/' || strlen(file) > FILE_MAX;
    for (const char *part = file; part && !bad; part = strchr(part, '/')) {
        part += *part == '/';
        bad = strcmp(part, "..") == 0 || strncmp(part, "../", 3) == 0;
    }
    if (bad)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" leaves the bundle: use a relative path without \"..\"",
                         json_member(place, "file").text, text_quotable(file, storage));
    return 0;
}

static int parse_rom(const json_t *object, const struct json_place *place, struct manifest_rom *rom,
                     struct error *err) {
    static const char *const known[] = {"id", "file", "sha256", "firmware", "match", NULL};
    const char *id = NULL, *file = NULL, *sha256 = NULL, *firmware = "any";
    json_t *match = NULL;
    char storage[QUOTED_MAX];
    if (!json_is_object(object))
        return error_set(err, ERROR_INPUT, "%s is %s: it must be an object", place->text, json_type_name(object));
    if (json_only_keys(object, known, place, err) < 0 || json_get_string(object, "id", true, place, &id, err) < 0 ||
        json_get_string(object, "file", true, place, &file, err) < 0 ||
        json_get_string(object, "sha256", true, place, &sha256, err) < 0 ||
        json_get_string(object, "firmware", false, place, &firmware, err) < 0 ||
        json_get_object(object, "match", true, place, &match, err) < 0)
        return -1;
    static const char *const reserved[] = {"auto", "none", "device"};
    bool bad = !text_is_file_name(id, LABEL_MAX);
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        bad |= strcmp(id, reserved[i]) == 0;
    if (bad)
        return error_set(err, ERROR_INPUT,
                         "%s: \"%s\" cannot be an id: use up to %d of A-Z a-z 0-9 . _ -, not starting with a dot, "
                         "and not \"auto\", \"none\" or \"device\"",
                         json_member(place, "id").text, text_quotable(id, storage), LABEL_MAX);
    if (firmware_parse(firmware, &rom->firmware) < 0)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is none of \"any\", \"bios\", \"uefi\"",
                         json_member(place, "firmware").text, text_quotable(firmware, storage));
    struct json_place match_place = json_member(place, "match");
    if (check_file_name(file, place, err) < 0 || parse_sha256(sha256, place, rom->sha256, err) < 0 ||
        parse_match(match, &match_place, &rom->match, err) < 0)
        return -1;
    return (rom->id = copy_text(id, err)) && (rom->file = copy_text(file, err)) ? 0 : -1;
}

static int compare_ids(const void *a, const void *b) {
    return strcmp((*(const struct manifest_rom *const *)a)->id, (*(const struct manifest_rom *const *)b)->id);
}

/* Orders by everything that decides a match, so that equals become neighbours. */
static int compare_matches(const void *a, const void *b) {
    const struct manifest_rom *x = *(const struct manifest_rom *const *)a;
    const struct manifest_rom *y = *(const struct manifest_rom *const *)b;
    const int64_t keys[][2] = {
        {x->match.id.vendor, y->match.id.vendor},
        {x->match.id.device, y->match.id.device},
        {x->match.has_subsystem ? x->match.subsystem.vendor : -1,
         y->match.has_subsystem ? y->match.subsystem.vendor : -1},
        {x->match.has_subsystem ? x->match.subsystem.device : -1,
         y->match.has_subsystem ? y->match.subsystem.device : -1},
        {x->match.has_revision ? x->match.revision : -1, y->match.has_revision ? y->match.revision : -1},
        {x->firmware, y->firmware},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

/* No two ROMs of one id, and none that tie for the same device. */
static int check_unique(const struct manifest *manifest, struct error *err) {
    CLEANUP(free) const struct manifest_rom **sorted = calloc(manifest->count + 1, sizeof(*sorted));
    if (!sorted)
        return error_no_memory(err);
    for (size_t i = 0; i < manifest->count; i++)
        sorted[i] = &manifest->roms[i];

    qsort(sorted, manifest->count, sizeof(*sorted), compare_ids);
    for (size_t i = 1; i < manifest->count; i++)
        if (compare_ids(&sorted[i - 1], &sorted[i]) == 0)
            return error_set(err, ERROR_INPUT, "two ROMs have the id \"%s\": rename one", sorted[i]->id);

    qsort(sorted, manifest->count, sizeof(*sorted), compare_matches);
    for (size_t i = 1; i < manifest->count; i++)
        if (compare_matches(&sorted[i - 1], &sorted[i]) == 0)
            return error_set(err, ERROR_INPUT,
                             "ROMs \"%s\" and \"%s\" match the same devices (%04x:%04x) equally well: narrow one by "
                             "\"subsystem\", \"revision\" or \"firmware\"",
                             sorted[i - 1]->id, sorted[i]->id, sorted[i]->match.id.vendor, sorted[i]->match.id.device);
    return 0;
}

static int parse_roms(const json_t *list, struct manifest *manifest, struct error *err) {
    static const struct json_place place = {"roms"};
    manifest->roms = calloc(json_array_size(list) + 1, sizeof(*manifest->roms));
    if (!manifest->roms)
        return error_no_memory(err);
    size_t index;
    json_t *object;
    json_array_foreach((json_t *)list, index, object) {
        struct json_place element = json_element(&place, index);
        manifest->count++;
        if (parse_rom(object, &element, &manifest->roms[index], err) < 0)
            return -1;
    }
    return check_unique(manifest, err);
}

static int check_constant(const json_t *root, const char *key, const char *expected, struct error *err) {
    const char *value = NULL;
    char storage[QUOTED_MAX];
    if (json_get_string(root, key, true, NULL, &value, err) < 0)
        return -1;
    if (strcmp(value, expected) != 0)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is not known: this version reads \"%s\"", key,
                         text_quotable(value, storage), expected);
    return 0;
}

static int parse_top(json_t *root, struct manifest *manifest, struct error *err) {
    static const char *const known[] = {"apiVersion", "kind", "name", "version", "roms", NULL};
    const char *name = NULL, *version = NULL;
    json_t *roms = NULL;
    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "it is %s: it must be a JSON object", json_type_name(root));
    if (check_constant(root, "apiVersion", MANIFEST_API_VERSION, err) < 0 ||
        check_constant(root, "kind", MANIFEST_KIND, err) < 0 || json_only_keys(root, known, NULL, err) < 0 ||
        json_get_string(root, "name", true, NULL, &name, err) < 0 ||
        json_get_string(root, "version", false, NULL, &version, err) < 0 ||
        json_get_array(root, "roms", true, NULL, &roms, err) < 0)
        return -1;
    char storage[QUOTED_MAX];
    if (!text_is_file_name(name, LABEL_MAX))
        return error_set(err, ERROR_INPUT,
                         "name: \"%s\" must be up to %d of A-Z a-z 0-9 . _ -, not starting with a dot",
                         text_quotable(name, storage), LABEL_MAX);
    if (!(manifest->name = copy_text(name, err)) || (version && !(manifest->version = copy_text(version, err))))
        return -1;
    return parse_roms(roms, manifest, err);
}

int manifest_parse(struct bytes text, struct manifest *manifest, struct error *err) {
    *manifest = (struct manifest){0};
    CLEANUP(json_decref) json_t *root = json_parse(text, "it", JSON_FOR_US, err);
    if (root && parse_top(root, manifest, err) == 0)
        return 0;
    manifest_free(manifest);
    return -1;
}

void manifest_free(struct manifest *manifest) {
    for (size_t i = 0; i < manifest->count; i++) {
        free(manifest->roms[i].id);
        free(manifest->roms[i].file);
    }
    free(manifest->roms);
    free(manifest->name);
    free(manifest->version);
    *manifest = (struct manifest){0};
}
