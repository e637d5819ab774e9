/* Which options a VM owner may set in the annotation: the cluster admin's rule, for hooks that the VM owner has not
 * chosen himself. It is written as words, of which later ones count: "all", "none", "tenant" (what does no harm in a
 * stranger's hands), an option's name, or "-" and a name to take it away. Profiles of bundles are the admin's and need
 * no leave. Pure.
 */
#pragma once

#include "config/annotation.h"

/* {0} allows nothing. */
struct allowed {
    uint32_t device, guest; /* bits of enum device_option and enum guest_option */
    bool policy;            /* "warn": "enforce", which is stronger than anything the admin says, is anyone's */
};

struct allowed allowed_all(void);

/* The options of tenants (see option_table.h); not policy. */
struct allowed allowed_to_tenants(void);

/* Parses "tenant,companions,-rom" into *allowed (overwritten). Fails with ERROR_INPUT on a word that is none. */
int allowed_parse(const char *list, struct allowed *allowed, struct error *err);

/* The same of an array of words at `place`. */
int allowed_parse_json(const json_t *array, const struct json_place *place, struct allowed *allowed, struct error *err);

/* The words, as few as say it: "tenant" alone, or the names. allowed_parse_json reads them. Returns a new reference, or
 * NULL without memory. */
json_t *allowed_to_json(const struct allowed *allowed);

/* Takes away what the annotation says and may not. Returns whether there was anything. */
bool allowed_strip(const struct allowed *allowed, struct config *config);

/* Fails with ERROR_DENIED where the annotation gives or withdraws an option that is not allowed: the message names it,
 * `rule` ("--allow", "\"allow\" of bundle \"lab\"") and what may be set. */
int allowed_check(const struct allowed *allowed, const struct config *config, const char *rule, struct error *err);
