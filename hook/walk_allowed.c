#include "walk_allowed.h"

#include <stdio.h>

int walk_rule(const struct walk *walk, const struct bundle_view *bundles, struct allowed *allowed, char rule[RULE_MAX],
              struct error *err) {
    if (walk->allowed) {
        *allowed = *walk->allowed;
        snprintf(rule, RULE_MAX, "--allow");
        return 0;
    }
    if (bundles->error.code != ERROR_NONE && walk->is_of_admin)
        return error_set(err, bundles->error.code, "%s", bundles->error.message);
    for (size_t i = 0; bundles->error.code == ERROR_NONE && i < bundles->count; i++) {
        const struct manifest *manifest = &bundles->bundles[i]->manifest;
        if (!manifest->has_allow)
            continue;
        *allowed = manifest->allow;
        snprintf(rule, RULE_MAX, "\"allow\" of bundle \"%s\"", manifest->name);
        return 0;
    }
    *allowed = walk->is_of_admin ? allowed_to_tenants() : allowed_all();
    snprintf(rule, RULE_MAX, "%s", walk->is_of_admin ? "a plugin's default" : "a hook sidecar's default");
    return 0;
}
