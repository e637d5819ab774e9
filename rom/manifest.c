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
    if (*file == '\0' || strlen(file) > FILE_MAX || !text_is_printable(file))
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is no file's name: use 1 to %d bytes without control characters",
                         json_member(place, "file").text, text_quotable(file, storage), FILE_MAX);
    bool bad = *file == '/';
    for (const char *part = file; part && !bad; part = strchr(part, '/')) {
        part += *part == '/';
        bad = strcmp(part, "..") == 0 || strncmp(part, "../", 3) == 0;
    }
    if (bad)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" leaves the bundle: use a relative path without \"..\"",
                         json_member(place, "file").text, text_quotable(file, storage));
    return 0;
}

static int check_id(const char *id, const struct json_place *place, struct error *err) {
    static const char *const reserved[] = {"auto", "none", "device"};
    char storage[QUOTED_MAX];
    if (text_is_file_name(id, LABEL_MAX) && text_choice(id, reserved, sizeof(reserved) / sizeof(reserved[0])) < 0)
        return 0;
    return error_set(err, ERROR_INPUT,
                     "%s: \"%s\" cannot be an id: use up to %d of A-Z a-z 0-9 . _ -, not starting with a dot, "
                     "and not \"auto\", \"none\" or \"device\"",
                     json_member(place, "id").text, text_quotable(id, storage), LABEL_MAX);
}

static int copy_rom(const struct manifest_rom *from, struct manifest_rom *to, struct error *err) {
    to->firmware = from->firmware;
    to->match = from->match;
    memcpy(to->sha256, from->sha256, sizeof(to->sha256));
    return (to->id = copy_text(from->id, err)) && (to->file = copy_text(from->file, err)) ? 0 : -1;
}

static void free_rom(struct manifest_rom *rom) {
    free(rom->id);
    free(rom->file);
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
        json_get_object(object, "match", true, place, &match, err) < 0 || check_id(id, place, err) < 0)
        return -1;
    struct manifest_rom found = {.id = (char *)id, .file = (char *)file};
    if (firmware_parse(firmware, &found.firmware) < 0)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is none of \"any\", \"bios\", \"uefi\"",
                         json_member(place, "firmware").text, text_quotable(firmware, storage));
    struct json_place match_place = json_member(place, "match");
    if (check_file_name(file, place, err) < 0 || parse_sha256(sha256, place, found.sha256, err) < 0 ||
        match_parse(match, &match_place, &found.match, err) < 0 || match_check_rom(&found.match, &match_place, err) < 0)
        return -1;
    return copy_rom(&found, rom, err);
}

int manifest_compare_roms(const struct manifest_rom *a, const struct manifest_rom *b) {
    int order = match_compare(&a->match, &b->match);
    return order ? order : (a->firmware > b->firmware) - (a->firmware < b->firmware);
}

static int compare_ids(const void *a, const void *b) {
    return strcmp((*(const struct manifest_rom *const *)a)->id, (*(const struct manifest_rom *const *)b)->id);
}

static int compare_roms(const void *a, const void *b) {
    return manifest_compare_roms(*(const struct manifest_rom *const *)a, *(const struct manifest_rom *const *)b);
}

static int compare_profiles(const void *a, const void *b) {
    return match_compare(&(*(const struct manifest_profile *const *)a)->match,
                         &(*(const struct manifest_profile *const *)b)->match);
}

/* No two ROMs of one id, and none that tie for the same device. */
static int check_unique_roms(const struct manifest *manifest, struct error *err) {
    CLEANUP(free) const struct manifest_rom **sorted = calloc(manifest->count + 1, sizeof(*sorted));
    if (!sorted)
        return error_no_memory(err);
    for (size_t i = 0; i < manifest->count; i++)
        sorted[i] = &manifest->roms[i];

    qsort(sorted, manifest->count, sizeof(*sorted), compare_ids);
    for (size_t i = 1; i < manifest->count; i++)
        if (compare_ids(&sorted[i - 1], &sorted[i]) == 0)
            return error_set(err, ERROR_INPUT, "two ROMs have the id \"%s\": rename one", sorted[i]->id);

    char text[MATCH_TEXT_MAX];
    qsort(sorted, manifest->count, sizeof(*sorted), compare_roms);
    for (size_t i = 1; i < manifest->count; i++)
        if (compare_roms(&sorted[i - 1], &sorted[i]) == 0)
            return error_set(err, ERROR_INPUT,
                             "ROMs \"%s\" and \"%s\" match the same devices (%s) equally well: narrow one by "
                             "\"subsystem\", \"revision\" or \"firmware\"",
                             sorted[i - 1]->id, sorted[i]->id, match_describe(&sorted[i]->match, text));
    return 0;
}

/* A profile's ROM is one of this bundle, and no two profiles tie for the same device. */
static int check_profiles(const struct manifest *manifest, struct error *err) {
    size_t most = manifest->count > manifest->profile_count ? manifest->count : manifest->profile_count;
    CLEANUP(free) const void **sorted = calloc(most + 1, sizeof(*sorted));
    if (!sorted)
        return error_no_memory(err);
    for (size_t i = 0; i < manifest->count; i++)
        sorted[i] = &manifest->roms[i];
    qsort(sorted, manifest->count, sizeof(*sorted), compare_ids);
    for (size_t i = 0; i < manifest->profile_count; i++) {
        const struct device_options *options = &manifest->profiles[i].options;
        const struct manifest_rom wanted = {.id = (char *)options->rom.id}, *key = &wanted;
        if (options->rom.choice == ROM_ID && !bsearch(&key, sorted, manifest->count, sizeof(*sorted), compare_ids))
            return error_set(err, ERROR_INPUT,
                             "profiles[%zu].device.rom: this bundle has no ROM with the id \"%s\": add it to \"roms\"",
                             i, options->rom.id);
    }

    char text[MATCH_TEXT_MAX];
    for (size_t i = 0; i < manifest->profile_count; i++)
        sorted[i] = &manifest->profiles[i];
    qsort(sorted, manifest->profile_count, sizeof(*sorted), compare_profiles);
    for (size_t i = 1; i < manifest->profile_count; i++) {
        const struct manifest_profile *a = sorted[i - 1], *b = sorted[i];
        if (match_compare(&a->match, &b->match) == 0)
            return error_set(
                err, ERROR_INPUT,
                "profiles[%td] and profiles[%td] match the same devices (%s): make them one, or narrow one",
                (a < b ? a : b) - manifest->profiles, (a < b ? b : a) - manifest->profiles,
                match_describe(&a->match, text));
    }
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
    return check_unique_roms(manifest, err);
}

static int parse_profile(const json_t *object, const struct json_place *place, struct manifest_profile *profile,
                         struct error *err) {
    static const char *const known[] = {"about", "match", "device", "guest", NULL};
    json_t *match = NULL, *device = NULL, *guest = NULL;
    const char *about = NULL;
    struct json_place match_place = json_member(place, "match"), device_place = json_member(place, "device"),
                      guest_place = json_member(place, "guest");
    if (!json_is_object(object))
        return error_set(err, ERROR_INPUT, "%s is %s: it must be an object", place->text, json_type_name(object));
    if (json_only_keys(object, known, place, err) < 0 ||
        json_get_object(object, "match", true, place, &match, err) < 0 ||
        json_get_object(object, "device", false, place, &device, err) < 0 ||
        json_get_object(object, "guest", false, place, &guest, err) < 0 ||
        json_get_string(object, "about", false, place, &about, err) < 0 ||
        match_parse(match, &match_place, &profile->match, err) < 0 ||
        match_check_profile(&profile->match, &match_place, err) < 0 ||
        (device && device_options_parse(device, &device_place, &profile->options, err) < 0) ||
        (guest && guest_options_parse(guest, &guest_place, &profile->guest, err) < 0))
        return -1;
    if (!device && !guest)
        return error_set(err, ERROR_INPUT, "%s says nothing: it needs \"device\" or \"guest\"", place->text);
    if (about && !text_is_printable(about))
        return error_set(err, ERROR_INPUT, "%s has control characters in it: leave them out",
                         json_member(place, "about").text);
    if (device_option_given(&profile->options, OPTION_EXPECT))
        return error_set(err, ERROR_INPUT,
                         "%s makes no sense in a profile: its \"match\" says which devices it is for; leave it out",
                         json_member(&device_place, "expect").text);
    if (device_option_given(&profile->options, OPTION_GUEST_ADDRESS))
        return error_set(err, ERROR_INPUT,
                         "%s makes no sense in a profile: two devices that it is for would stand on one address; say "
                         "it in the VM's annotation",
                         json_member(&device_place, "guestAddress").text);
    if (device_options_contradict(&profile->options))
        return error_set(err, ERROR_INPUT, "%s: \"rom\": \"none\" and \"romBar\" contradict each other; leave one out",
                         device_place.text);
    return !about || (profile->about = copy_text(about, err)) ? 0 : -1;
}

static int parse_profiles(const json_t *list, struct manifest *manifest, struct error *err) {
    static const struct json_place place = {"profiles"};
    manifest->profiles = calloc(json_array_size(list) + 1, sizeof(*manifest->profiles));
    if (!manifest->profiles)
        return error_no_memory(err);
    size_t index;
    json_t *object;
    json_array_foreach((json_t *)list, index, object) {
        struct json_place element = json_element(&place, index);
        manifest->profile_count++;
        if (parse_profile(object, &element, &manifest->profiles[index], err) < 0)
            return -1;
    }
    return check_profiles(manifest, err);
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
    static const char *const known[] = {"apiVersion", "kind", "name", "version", "roms", "profiles", "allow", NULL};
    static const struct json_place allow_place = {"allow"};
    const char *name = NULL, *version = NULL;
    json_t *roms = NULL, *profiles = NULL, *allow = NULL;
    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "it is %s: it must be a JSON object", json_type_name(root));
    if (check_constant(root, "apiVersion", MANIFEST_API_VERSION, err) < 0 ||
        check_constant(root, "kind", MANIFEST_KIND, err) < 0 || json_only_keys(root, known, NULL, err) < 0 ||
        json_get_string(root, "name", true, NULL, &name, err) < 0 ||
        json_get_string(root, "version", false, NULL, &version, err) < 0 ||
        json_get_array(root, "roms", true, NULL, &roms, err) < 0 ||
        json_get_array(root, "profiles", false, NULL, &profiles, err) < 0 ||
        json_get_array(root, "allow", false, NULL, &allow, err) < 0 ||
        (allow && allowed_parse_json(allow, &allow_place, &manifest->allow, err) < 0))
        return -1;
    manifest->has_allow = allow != NULL;
    char storage[QUOTED_MAX];
    if (!text_is_file_name(name, LABEL_MAX))
        return error_set(err, ERROR_INPUT,
                         "name: \"%s\" must be up to %d of A-Z a-z 0-9 . _ -, not starting with a dot",
                         text_quotable(name, storage), LABEL_MAX);
    if (version && !text_is_printable(version))
        return error_set(err, ERROR_INPUT, "version: \"%s\" has control characters in it: leave them out",
                         text_quotable(version, storage));
    if (!(manifest->name = copy_text(name, err)) || (version && !(manifest->version = copy_text(version, err))))
        return -1;
    return parse_roms(roms, manifest, err) < 0 || (profiles && parse_profiles(profiles, manifest, err) < 0) ? -1 : 0;
}

int manifest_parse(struct bytes text, struct manifest *manifest, struct error *err) {
    *manifest = (struct manifest){0};
    CLEANUP(json_decref) json_t *root = json_parse(text, "it", JSON_FOR_US, err);
    if (root && parse_top(root, manifest, err) == 0)
        return 0;
    manifest_free(manifest);
    return -1;
}

int manifest_add_rom(struct manifest *manifest, const struct manifest_rom *rom, struct error *err) {
    static const struct json_place place = {""}, match_place = {"match"};
    if (check_id(rom->id, &place, err) < 0 || check_file_name(rom->file, &place, err) < 0 ||
        match_check_rom(&rom->match, &match_place, err) < 0)
        return -1;
    struct manifest_rom *roms = reallocarray(manifest->roms, manifest->count + 2, sizeof(*roms));
    if (!roms)
        return error_no_memory(err);
    manifest->roms = roms;
    struct manifest_rom *added = &roms[manifest->count++];
    *added = (struct manifest_rom){0};
    if (copy_rom(rom, added, err) == 0 && check_unique_roms(manifest, err) == 0)
        return 0;
    free_rom(added);
    manifest->count--;
    return -1;
}

void manifest_free(struct manifest *manifest) {
    for (size_t i = 0; i < manifest->count; i++)
        free_rom(&manifest->roms[i]);
    for (size_t i = 0; i < manifest->profile_count; i++)
        free(manifest->profiles[i].about);
    free(manifest->roms);
    free(manifest->profiles);
    free(manifest->name);
    free(manifest->version);
    *manifest = (struct manifest){0};
}
