#include "plan/options.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* Does the domain lack a device that the VMI asks for? */
static bool lacks_devices(const struct vmi *vmi, const struct device *const *devices, size_t count) {
    const char *name;
    for (size_t i = 0; (name = vmi_device_name(vmi, i)); i++) {
        bool found = false;
        for (size_t j = 0; j < count && !found; j++)
            found = strcmp(devices[j]->name, name) == 0;
        if (!found)
            return true;
    }
    return false;
}

int plan_check_keys(const struct config *config, const struct vmi *vmi, const struct device *const *devices,
                    size_t count, struct error *err) {
    for (size_t i = 0; i < config->count; i++) {
        const struct config_entry *entry = &config->entries[i];
        bool known = entry->kind == KEY_ANY || (entry->kind == KEY_NAME && vmi_asks_for(vmi, entry->key)) ||
                     (entry->kind == KEY_ADDRESS && lacks_devices(vmi, devices, count));
        for (size_t j = 0; j < count && !known; j++)
            known = config_entry_names(entry, devices[j]->name,
                                       devices[j]->kind == DEVICE_PCI ? &devices[j]->address : NULL);
        if (known)
            continue;
        CLEANUP(buffer_free) struct buffer list = {0};
        char label[DEVICE_LABEL_MAX], key[QUOTED_MAX];
        for (size_t j = 0; j < count; j++)
            buffer_printf(&list, "%s%s", j ? ", " : "", device_label(devices[j], label));
        if (buffer_check(&list, err) < 0)
            return -1;
        error_set(err, ERROR_INPUT,
                  "annotation " CONFIG_ANNOTATION ": devices: \"%s\" matches no device of this VM: it has %s",
                  text_quotable(entry->key, key), list.data ? list.data : "none");
        return error_see(err, "options.md");
    }
    return 0;
}

int plan_check_twice(const struct device *const *devices, size_t count, struct error *err) {
    char label[DEVICE_LABEL_MAX], first_label[DEVICE_LABEL_MAX];
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (device_is(devices[i], devices[j]->kind, devices[j]->address, devices[j]->uuid))
                return error_set(err, ERROR_INPUT,
                                 "%s and %s are one device of the host, which libvirt refuses: remove one of them from "
                                 "the VM, or find the hook that attached it again",
                                 device_label(devices[j], first_label), device_label(devices[i], label));
    return 0;
}

const char *origin_describe(uint8_t origin, struct bundle *const *bundles, char text[ORIGIN_TEXT_MAX]) {
    if (origin == ORIGIN_BUILTIN)
        snprintf(text, ORIGIN_TEXT_MAX, "a built-in profile");
    else if (origin == ORIGIN_EVERY_DEVICE)
        snprintf(text, ORIGIN_TEXT_MAX, "the annotation's \"*\"");
    else if (origin == ORIGIN_ANNOTATION)
        snprintf(text, ORIGIN_TEXT_MAX, "the annotation");
    else
        snprintf(text, ORIGIN_TEXT_MAX, "the profile of bundle \"%s\"", bundles[origin - 1]->manifest.name);
    return text;
}

int plan_options(const struct config *config, const struct device *device, const struct device_facts *facts,
                 struct device_options *options, struct guest_options *guest, struct error *err) {
    const struct pci_identity *identity = &facts->host.identity;
    *options = (struct device_options){0};
    *guest = (struct guest_options){0};
    if (facts->host.state == HOST_PRESENT) {
        if (facts->builtin)
            match_manifest_profiles(facts->builtin, identity, ORIGIN_BUILTIN, options, guest);
        match_profiles(facts->bundles, facts->bundle_count, identity, options, guest);
    }
    if (config_device_options(config, device->name, device->kind == DEVICE_PCI ? &device->address : NULL, options,
                              err) < 0)
        return -1;
    if (!device_options_contradict(options))
        return 0;
    char rom[ORIGIN_TEXT_MAX], bar[ORIGIN_TEXT_MAX];
    error_set(err, ERROR_INPUT,
              "\"rom\": \"none\" (%s) and \"romBar\" (%s) contradict each other: libvirt refuses ROM tuning of a "
              "device without ROM; leave \"romBar\" out, or say \"rom\": \"device\" beside it",
              origin_describe(options->said.origin[OPTION_ROM], facts->bundles, rom),
              origin_describe(options->said.origin[OPTION_ROM_BAR], facts->bundles, bar));
    return error_see(err, "options.md#romBar");
}

/* 1, 0 or -1. */
static int same_value(const struct guest_options *a, const struct guest_options *b, enum guest_option option,
                      struct error *err) {
    const struct option_row *row = &guest_option_table.rows[option];
    const size_t failures = memory_failures();
    CLEANUP(json_decref) json_t *left = row->write((const char *)a + row->offset);
    CLEANUP(json_decref) json_t *right = row->write((const char *)b + row->offset);
    return memory_failures() != failures ? error_no_memory(err) : json_equal(left, right);
}

int plan_add_guest_wishes(struct guest_wishes *wishes, const struct guest_options *of_device, struct error *err) {
    for (enum guest_option i = 0; i < GUEST_OPTION_COUNT; i++) {
        if (!guest_option_given(of_device, i))
            continue;
        const struct option_row *row = &guest_option_table.rows[i];
        uint8_t new = of_device->said.origin[i], old = wishes->options.said.origin[i];
        bool given = guest_option_given(&wishes->options, i);
        const int same = given && new == old ? same_value(&wishes->options, of_device, i, err) : 1;
        if (same < 0)
            return -1;
        if (!same)
            wishes->disputed |= 1u << i;
        if (given && new >= old)
            continue;
        memcpy((char *)&wishes->options + row->offset, (const char *)of_device + row->offset, row->size);
        wishes->options.said.origin[i] = new;
        wishes->disputed &= ~(1u << i);
    }
    return 0;
}

int plan_guest_options(const struct config *config, const struct guest_wishes *wishes, struct bundle *const *bundles,
                       struct guest_options *options, struct error *err) {
    *options = wishes->options;
    guest_options_merge(options, &config->guest, ORIGIN_ANNOTATION);
    for (enum guest_option i = 0; i < GUEST_OPTION_COUNT; i++) {
        char origin[ORIGIN_TEXT_MAX];
        bool settled = options->said.origin[i] == ORIGIN_ANNOTATION;
        if (wishes->disputed & 1u << i && !settled)
            return error_set(err, ERROR_INPUT,
                             "the guest's \"%s\": %s gives two devices of this VM different values: say it in the "
                             "annotation's \"guest\"",
                             guest_option_name(i), origin_describe(options->said.origin[i], bundles, origin));
    }
    return 0;
}
