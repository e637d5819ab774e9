/* What a manifest's "match" compares: a set of PCI numbers, and the order in which such sets are more or less specific.
 * Pure.
 *
 *   {"vendor": "1002", "device": "1681", "subsystem": "1462:1381", "revision": "c8", "class": "0300"}
 *
 * The numbers are those of the configuration header (PCI Local Bus Specification 3.0, 6.2.1 and 6.2.4) as lspci -nn
 * prints them. A device is described by the same structure: its keys are those that are known.
 */
#pragma once

#include "base/json.h"
#include "base/pci.h"

/* From the least to the most specific. One that names a more specific key beats one that does not, whatever else the
 * two name: sets of keys are compared as binary numbers. */
enum match_key {
    MATCH_VENDOR,
    MATCH_CLASS,      /* base class and sub-class: "0300" is any VGA controller */
    MATCH_FULL_CLASS, /* with the programming interface: "030000"; a match has one of the two */
    MATCH_REVISION,
    MATCH_SUBSYSTEM, /* vendor << 16 | device */
    MATCH_DEVICE,
    MATCH_KEYS
};

#define MATCH_BIT(key) (1u << (key))
#define MATCH_ALL      (MATCH_BIT(MATCH_KEYS) - 1)

struct rom_match {
    unsigned keys;              /* MATCH_BIT of those that are given */
    uint32_t value[MATCH_KEYS]; /* of a key that is not given: 0 */
};

/* The numbers of a device, as far as `keys` says that they are wanted or known. */
struct rom_match match_of(const struct pci_identity *identity, unsigned keys);

/* The first key, from the most specific on, by which the match is not for the device: another value, or one that is not
 * known. MATCH_KEYS: there is none, the match fits. */
enum match_key match_misfit(const struct rom_match *match, const struct rom_match *device);

static inline bool match_fits(const struct rom_match *match, const struct rom_match *device) {
    return match_misfit(match, device) == MATCH_KEYS;
}

/* A total order: negative where `a` is less specific than `b`, 0 only where they are identical. Two that fit the same
 * device and are not identical differ in their keys, so the more specific of them is always clear. */
int match_compare(const struct rom_match *a, const struct rom_match *b);

/* The most specific key that only one of the two has; MATCH_KEYS where they have the same. */
enum match_key match_difference(const struct rom_match *a, const struct rom_match *b);

/* "vendor", ..., as the manifest names the key; both forms of the class are "class". */
const char *match_key_name(enum match_key key);

/* The key's value as the manifest writes it. Returns `text`. */
#define MATCH_VALUE_MAX sizeof("1462:1381")
const char *match_value_text(const struct rom_match *match, enum match_key key, char text[MATCH_VALUE_MAX]);

/* "1002:1681, subsystem 1462:1381, revision c8", for messages. Returns `text`. */
#define MATCH_TEXT_MAX 96
const char *match_describe(const struct rom_match *match, char text[MATCH_TEXT_MAX]);

/* Parses an object of these keys, at `place`, into *match (overwritten). Fails with ERROR_INPUT. */
int match_parse(const json_t *object, const struct json_place *place, struct rom_match *match, struct error *err);

/* A match must be of use: a ROM's names a vendor and a device or class, a profile's a vendor or a class; a device
 * number means nothing without its vendor. Fails with ERROR_INPUT and what is missing. */
int match_check_rom(const struct rom_match *match, const struct json_place *place, struct error *err);
int match_check_profile(const struct rom_match *match, const struct json_place *place, struct error *err);

/* The object that match_parse reads, keys in the order of the example above. Returns a new reference, or NULL without
 * memory. */
json_t *match_to_json(const struct rom_match *match);
