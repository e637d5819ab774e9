/* The profiles that are built in, for hardware that everybody knows: builtin-profiles.json, compiled in. Each of its
 * lines names its source, and none may harm where it is not needed: they apply to every VM whose admin does not turn
 * them off. */
#pragma once

#include "rom/manifest.h"

/* Parses them into *manifest, which has no ROMs (overwritten; on failure {0}); manifest_free gives it back. */
int builtin_profiles(struct manifest *manifest, struct error *err);
