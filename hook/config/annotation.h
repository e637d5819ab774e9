/* What a VM owner says, in the annotation on the VM's spec.template.metadata:
 *
 *   {"policy": "enforce",
 *    "devices": {"igpu": {"rom": "auto", "expect": "1002:1681"}, "*": {"romBar": "on"}},
 *    "guest": {"hideHypervisor": true}}
 *
 * Pure: text in, structs out.
 */
#pragma once

#include "config/device_options.h"
#include "config/guest_options.h"

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
    struct guest_options guest;
};

/* Parses the annotation's text into *config (overwritten; on failure {0}). Fails with ERROR_INPUT on anything unknown,
 * quoting it. config_free gives it back. */
int config_parse(const char *annotation, struct config *config, struct error *err);

/* Does the entry stand for the device of that name and address? "*" does for each. A device without an address on the
 * host has `address` NULL. */
bool config_entry_names(const struct config_entry *entry, const char *name, const struct pci_address *address);

/* Puts what the annotation says of the device of that name and address (NULL: it has none) over *options, which hold
 * what the profiles say: "*" first, overridden key by key by the entry for its name, and that by the entry for its
 * address. Fails with ERROR_INPUT where the annotation contradicts itself. */
int config_device_options(const struct config *config, const char *name, const struct pci_address *address,
                          struct device_options *options, struct error *err);

/* Does the annotation give anything? {0} and one without a word in it do not. */
bool config_says_anything(const struct config *config);

void config_free(struct config *config);

static inline void config_free_at(struct config *config) {
    config_free(config);
}
