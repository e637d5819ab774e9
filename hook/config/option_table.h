/* What tables of options have in common: an option is one row, and to add one is to add a row.
 *
 * A struct of options starts as {0}. An option that is not given is all zero bytes in it, so no value may be written as
 * zeros. Two such structs are merged option by option. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

#define OPTIONS_MAX 24 /* rows of a table */

/* Who gave an option: the annotation's entry for the device (or its "guest"), the annotation's "*", a profile of the
 * bundle at a place among the bundles, or a profile that is built in. */
#define ORIGIN_ANNOTATION      0
#define ORIGIN_PROFILE(bundle) ((uint8_t)((bundle) + 1))
#define ORIGIN_BUNDLES_MAX     253
#define ORIGIN_EVERY_DEVICE    254
#define ORIGIN_BUILTIN         255

static inline bool origin_is_profile(uint8_t origin) {
    return origin != ORIGIN_ANNOTATION && origin != ORIGIN_EVERY_DEVICE;
}

/* The first member of every struct of options. */
struct options_said {
    uint32_t withdrawn;          /* bits of the options given as null: what weaker ones say of them does not count */
    uint8_t origin[OPTIONS_MAX]; /* of the options that are given or withdrawn */
};

/* Who may set an option where the annotation is a stranger's: see config/allowed.h. */
enum option_trust {
    OPTION_OF_TENANTS, /* anybody: it concerns his VM alone */
    OPTION_OF_ADMINS,  /* it becomes a raw argument of QEMU, reaches for what the VM was not given, or changes checks */
};

struct option_row {
    const char *name;
    size_t offset, size; /* of the option's value in the struct */

    /* Reads `value`, which stands at `place`, into the option's place, which is all zeros. Fails with ERROR_INPUT. */
    int (*parse)(const json_t *value, const struct json_place *place, void *option, struct error *err);

    /* What parse reads. Returns a new reference, or NULL without memory. */
    json_t *(*write)(const void *option);

    /* Puts a given value over the weaker one in *into. NULL: it replaces it. */
    void (*merge)(void *into, const void *from);

    enum option_trust trust;
};

struct option_table {
    const struct option_row *rows;
    size_t count;
    const char *section; /* of docs/options.md: its anchor. Each option has one of its own, its name */
};

/* Parses the object at `place` into *options (must be {0}). Fails with ERROR_INPUT on a key that is in no row. */
int options_parse(const struct option_table *table, json_t *object, const struct json_place *place, void *options,
                  struct error *err);

/* Puts what `from` says over *into, as said by `origin`. */
void options_merge(const struct option_table *table, void *into, const void *from, uint8_t origin);

/* The object that options_parse reads. Returns a new reference, or NULL without memory. */
json_t *options_to_json(const struct option_table *table, const void *options);

/* Is the option in row `index` given? */
bool options_given(const struct option_table *table, const void *options, size_t index);

/* Takes the option in row `index` away, as if nobody had given it. */
void options_forget(const struct option_table *table, void *options, size_t index);
