#include "rom/builtin.h"

/* Made of builtin-profiles.json by CMakeLists.txt. */
extern const uint8_t builtin_profiles_text[];
extern const size_t builtin_profiles_size;

int builtin_profiles(struct manifest *manifest, struct error *err) {
    struct bytes text = {builtin_profiles_text, builtin_profiles_size};
    return manifest_parse(text, manifest, err) < 0 ? error_prefix(err, "built-in profiles") : 0;
}
