/* The kinds of values that options have, each with its parser and its writer. Pure. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/pci.h"

enum toggle { TOGGLE_UNSET, TOGGLE_ON, TOGGLE_OFF };

/* "on" or true, "off" or false, into an enum toggle. */
int value_toggle(const json_t *value, const struct json_place *place, void *toggle, struct error *err);
json_t *value_write_toggle(const void *toggle);

/* "on" or "off". Never of TOGGLE_UNSET. */
const char *toggle_name(enum toggle toggle);

/* The text that `value` must be, owned by it, or NULL with err filled. */
const char *value_text(const json_t *value, const struct json_place *place, struct error *err);

/* One of `count` words (an index without a word is no choice): its index into *found. The message lists the words. */
int value_word(const json_t *value, const char *const *words, size_t count, const struct json_place *place, int *found,
               struct error *err);

/* A whole number from `least` to `most`. */
int value_number(const json_t *value, int64_t least, int64_t most, const struct json_place *place, int64_t *number,
                 struct error *err);

/* "1002:1681" into a struct pci_id. */
int value_pci_id(const json_t *value, const struct json_place *place, void *id, struct error *err);
json_t *value_write_pci_id(const void *id);

/* An amount of memory: "512GiB", in KiB, MiB, GiB or TiB (also written Ki, Mi, Gi, Ti), of at most `most` KiB, into
 * *kib. */
int value_size(const json_t *value, uint64_t most, const struct json_place *place, uint64_t *kib, struct error *err);

/* "512GiB": the largest unit that leaves no remainder. Returns a new reference, or NULL without memory. */
json_t *value_write_size(uint64_t kib);
