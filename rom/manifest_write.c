/* The way back: a manifest as bundle.json. */
#include <string.h>

#include "base/memory.h"
#include "rom/manifest.h"

static json_t *write_rom(const struct manifest_rom *rom) {
    char hex[2 * sizeof(rom->sha256) + 1];
    sodium_bin2hex(hex, sizeof(hex), rom->sha256, sizeof(rom->sha256));
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", rom->id, "file", rom->file, "sha256", hex, "firmware",
                     firmware_name(rom->firmware), "match", match_to_json(&rom->match));
}

/* The objects that say nothing are left out, but for one where both do. */
static json_t *write_profile(const struct manifest_profile *profile) {
    CLEANUP(json_decref) json_t *device = device_options_to_json(&profile->options);
    CLEANUP(json_decref) json_t *guest = guest_options_to_json(&profile->guest);
    if (!device || !guest)
        return NULL;
    bool guest_speaks = json_object_size(guest) > 0, device_speaks = json_object_size(device) > 0 || !guest_speaks;
    return json_pack("{s:s*, s:o, s:O*, s:O*}", "about", profile->about, "match", match_to_json(&profile->match),
                     "device", device_speaks ? device : NULL, "guest", guest_speaks ? guest : NULL);
}

static json_t *write_roms(const struct manifest *manifest) {
    CLEANUP(json_decref) json_t *list = json_array();
    for (size_t i = 0; i < manifest->count; i++)
        if (json_array_append_new(list, write_rom(&manifest->roms[i])) < 0)
            return NULL;
    return TAKE_PTR(list);
}

static json_t *write_profiles(const struct manifest *manifest) {
    CLEANUP(json_decref) json_t *list = json_array();
    for (size_t i = 0; i < manifest->profile_count; i++)
        if (json_array_append_new(list, write_profile(&manifest->profiles[i])) < 0)
            return NULL;
    return TAKE_PTR(list);
}

int manifest_write(const struct manifest *manifest, struct buffer *text, struct error *err) {
    const size_t failures = memory_failures();
    CLEANUP(json_decref)
    json_t *root = json_pack("{s:s, s:s, s:s, s:s*, s:o}", "apiVersion", MANIFEST_API_VERSION, "kind", MANIFEST_KIND,
                             "name", manifest->name, "version", manifest->version, "roms", write_roms(manifest));
    if (!root || (manifest->profile_count && json_object_set_new(root, "profiles", write_profiles(manifest)) < 0) ||
        (manifest->has_allow && json_object_set_new(root, "allow", allowed_to_json(&manifest->allow)) < 0))
        return error_no_memory(err);
    CLEANUP(free) char *json = json_text(root, JSON_INDENT(2));
    /* To json_pack, an optional member that it got no memory for was not given. */
    if (!json || memory_failures() != failures)
        return error_no_memory(err);
    size_t size = strlen(json) + 1; /* the last line's end */
    if (size > MANIFEST_SIZE_MAX)
        return error_set(err, ERROR_LIMIT, "the manifest of bundle \"%s\" would have %zu bytes, more than %u: split it",
                         manifest->name, size, MANIFEST_SIZE_MAX);
    buffer_printf(text, "%s\n", json);
    return buffer_check(text, err);
}
