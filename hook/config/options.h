/* What a VM owner may say of a device, and the annotation that says it:
 *
 *   {"policy": "enforce", "devices": {"igpu": {"rom": "auto", "expect": "1002:1681"}, "*": {"romBar": "on"}}}
 *
 * A bundle's profiles say the same of devices, in the same words. Pure: text in, structs out. Every device option is
 * one row of the table in options.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"
#include "base/pci.h"
#include "base/text.h"

/* The annotation on the VM's spec.template.metadata. */
#define CONFIG_ANNOTATION "gpu.vm.kubevirt.io/config"

/* More devices than any VM has. */
#define CONFIG_DEVICES_MAX 256

enum policy {
    POLICY_UNSET,
    POLICY_ENFORCE, /* what is wrong refuses the VM */
    POLICY_WARN,    /* what is wrong is logged; the device goes without what could not be verified */
};

/* "enforce" or "warn". Returns 0, or -1 leaving *policy alone. */
int policy_parse(const char *name, enum policy *policy);

enum rom_choice {
    ROM_UNSET,  /* the bundle's ROM if it has one for the device */
    ROM_AUTO,   /* the bundle must have one */
    ROM_NONE,   /* the guest sees no ROM at all, not even the device's own */
    ROM_DEVICE, /* the device's own ROM: the bundle is not asked */
    ROM_ID,     /* the bundle's ROM of this id */
};

enum toggle { TOGGLE_UNSET, TOGGLE_ON, TOGGLE_OFF };

enum device_option { OPTION_ROM, OPTION_ROM_BAR, OPTION_EXPECT, OPTION_COUNT };

/* Who gave an option. A profile's origin is ORIGIN_PROFILE(place of its bundle among the bundles). */
#define ORIGIN_ANNOTATION      0
#define ORIGIN_PROFILE(bundle) ((uint8_t)((bundle) + 1))

struct device_options {
    enum rom_choice rom;
    char rom_id[LABEL_MAX + 1]; /* with ROM_ID; a file name's characters only */
    enum toggle rom_bar;
    bool has_expect;
    struct pci_id expect;         /* the device at the address must have these IDs */
    uint8_t origin[OPTION_COUNT]; /* of the options that are given */
};

/* Parses the object of a device's options at `place` into *options (must be {0}). Fails with ERROR_INPUT. */
int device_options_parse(json_t *object, const struct json_place *place, struct device_options *options,
                         struct error *err);

/* Puts the options that `from` gives over those in *into, as given by `origin`. "rom": "none" takes "romBar" away where
 * it does not give one itself: nothing is left to tune. */
void device_options_merge(struct device_options *into, const struct device_options *from, uint8_t origin);

/* Do "rom": "none" and "romBar" contradict each other? */
bool device_options_contradict(const struct device_options *options);

/* The object that device_options_parse reads. Returns a new reference, or NULL without memory. */
json_t *device_options_to_json(const struct device_options *options);

/* "rom", "romBar", ...: the option's key. */
const char *device_option_name(enum device_option option);

/* Is the option given? */
bool device_option_is_given(const struct device_options *options, enum device_option option);

struct config_entry {
    char *key; /* as the VM owner wrote it */
    enum { KEY_ANY, KEY_NAME, KEY_ADDRESS } kind;
    struct pci_address address; /* with KEY_ADDRESS */
    struct device_options options;
};

/* A parsed annotation. {0} is the annotation that says nothing. */
struct config {
    enum policy policy;
    struct config_entry *entries;
    size_t count;
};

/* Parses the annotation's text into *config (overwritten; on failure {0}). Fails with ERROR_INPUT on anything unknown,
 * quoting it. config_free gives it back. */
int config_parse(const char *annotation, struct config *config, struct error *err);

/* Puts what the annotation says of the device of that name and address over *options, which hold what the profiles say:
 * "*" first, overridden key by key by the entry for its name, and that by the entry for its address. Fails with
 * ERROR_INPUT where the annotation contradicts itself. */
int config_device_options(const struct config *config, const char *name, struct pci_address address,
                          struct device_options *options, struct error *err);

void config_free(struct config *config);

static inline void config_free_at(struct config *config) {
    config_free(config);
}
