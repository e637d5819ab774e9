/* What an annotation or a profile says of the host checks of a device, one by one:
 *
 *   {"reset-method": "ignore", "group-viable": "warn", "link": "enforce"}
 *
 * Pure. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"
#include "base/json.h"

enum check_mode {
    CHECK_MODE_UNSET,   /* as the VM's policy says */
    CHECK_MODE_ENFORCE, /* a failed check refuses the VM */
    CHECK_MODE_WARN,    /* it is logged */
    CHECK_MODE_IGNORE,  /* it is not made */
};

struct check_modes {
    uint8_t mode[CHECK_COUNT]; /* enum check_mode */
};

/* Reads the object at `place` into *modes (must be {0}). Fails with ERROR_INPUT on an unknown check or mode. */
int check_modes_parse(const json_t *value, const struct json_place *place, struct check_modes *modes,
                      struct error *err);

/* What check_modes_parse reads. Returns a new reference, or NULL without memory. */
json_t *check_modes_write(const struct check_modes *modes);

/* Puts what `from` says over *into, check by check. */
void check_modes_merge(struct check_modes *into, const struct check_modes *from);
