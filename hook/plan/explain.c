#include "plan/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Instead of a token: it is a secret between the owners of a physical function and of its virtual ones. */
static const char not_shown[] = "(not shown)";

static const char *shown_value(const struct property *property) {
    return strcmp(property->name, vfio_property_name(VFIO_VF_TOKEN)) == 0 ? not_shown : property->value;
}

static json_t *shown_option(const struct option_row *row, const void *options) {
    CLEANUP(json_decref) json_t *value = row->write((const char *)options + row->offset);
    const char *token = vfio_property_name(VFIO_VF_TOKEN);
    if (json_object_get(value, token) && json_object_set_new(value, token, json_string(not_shown)) < 0)
        return NULL;
    return TAKE_PTR(value);
}

/* Each option that is given, in the order of the table. */
static json_t *list_options(const struct option_table *table, const void *options, const uint8_t *origins,
                            struct bundle *const *bundles) {
    CLEANUP(json_decref) json_t *list = json_array();
    for (size_t i = 0; i < table->count; i++) {
        char from[ORIGIN_TEXT_MAX];
        const struct option_row *row = &table->rows[i];
        if (!options_given(table, options, i))
            continue;
        json_t *entry = json_pack("{s:s, s:o, s:s}", "option", row->name, "value", shown_option(row, options), "from",
                                  origin_describe(origins[i], bundles, from));
        if (json_array_append_new(list, entry) < 0)
            return NULL;
    }
    return TAKE_PTR(list);
}

static json_t *describe_rom(const struct explained_device *device) {
    switch (device->decision->rom) {
    case ROM_SETTING_DISABLED:
        return json_string("none");
    case ROM_SETTING_DEVICE:
        return json_string("the device's own");
    case ROM_SETTING_FILE:
    case ROM_SETTING_KEEP:
        break;
    }
    if (!device->candidate->rom)
        return json_string("as it is: no bundle has one for the device");
    return json_sprintf("\"%s\" of bundle \"%s\"", device->candidate->rom->id,
                        device->candidate->bundle->manifest.name);
}

static json_t *describe_result(const struct explained_device *device) {
    const struct decision *decision = device->decision;
    CLEANUP(json_decref) json_t *result = json_object();
    char address[PCI_ADDRESS_TEXT_MAX];
    int failed = 0;
    if (decision->kind == DEVICE_PCI)
        failed |= json_object_set_new(result, "rom", describe_rom(device));
    if (decision->rom_bar != TOGGLE_UNSET)
        failed |= json_object_set_new(result, "romBar", json_string(toggle_name(decision->rom_bar)));
    if (decision->display != TOGGLE_UNSET)
        failed |= json_object_set_new(result, "display", json_string(toggle_name(decision->display)));
    if (decision->ramfb != TOGGLE_UNSET)
        failed |= json_object_set_new(result, "ramfb", json_string(toggle_name(decision->ramfb)));
    if (decision->driver_model[0])
        failed |= json_object_set_new(result, "driverModel", json_string(decision->driver_model));
    if (decision->is_placed)
        failed |= json_object_set_new(result, "guestAddress",
                                      json_string(pci_address_format(decision->guest_address, address)));
    if (decision->is_multifunction)
        failed |= json_object_set_new(result, "multifunction", json_true());
    CLEANUP(json_decref) json_t *properties = json_object();
    for (size_t i = 0; i < decision->property_count; i++)
        failed |= json_object_set_new(properties, decision->properties[i].name,
                                      json_string(shown_value(&decision->properties[i])));
    if (json_object_size(properties))
        failed |= json_object_set(result, "properties", properties);
    return failed ? NULL : TAKE_PTR(result);
}

static json_t *describe_host(const struct host_device *host) {
    const struct pci_identity *identity = &host->identity;
    if (host->state != HOST_PRESENT)
        return json_pack("{s:s}", "unknown", host->reason);
    CLEANUP(json_decref)
    json_t *object = json_pack(
        "{s:o, s:o, s:o, s:o}", "id", json_sprintf("%04x:%04x", identity->id.vendor, identity->id.device), "subsystem",
        json_sprintf("%04x:%04x", identity->subsystem.vendor, identity->subsystem.device), "revision",
        json_sprintf("%02x", identity->revision), "class", json_sprintf("%06" PRIx32, identity->class_code));
    int failed = 0;
    if (host->iommu_group != HOST_GROUP_UNKNOWN)
        failed |= json_object_set_new(object, "iommuGroup", json_integer(host->iommu_group));
    if (host->driver[0])
        failed |= json_object_set_new(object, "driver", json_string(host->driver));
    if (host->is_virtual)
        failed |= json_object_set_new(object, "virtualFunction", json_true());
    return failed ? NULL : TAKE_PTR(object);
}

json_t *explain_device(const struct explained_device *explained) {
    const struct device *device = explained->device;
    const struct device_options *options = explained->options;
    char address[PCI_ADDRESS_TEXT_MAX];
    CLEANUP(free) char *name = utf8_sanitise(device->name);
    bool is_pci = device->kind == DEVICE_PCI;
    return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o}", is_pci ? "address" : "uuid",
                     is_pci ? pci_address_format(device->address, address) : device->uuid, "name", name, "companion",
                     explained->decision->is_companion, "host", describe_host(&explained->facts->host), "options",
                     list_options(&device_option_table, options, options->said.origin, explained->facts->bundles),
                     "result", describe_result(explained));
}

static json_t *describe_guest_result(const struct guest_decision *decision) {
    CLEANUP(json_decref) json_t *result = json_object();
    int failed = 0;
    if (decision->hide_hypervisor != TOGGLE_UNSET)
        failed |= json_object_set_new(result, "hideHypervisor", json_string(toggle_name(decision->hide_hypervisor)));
    if (decision->hyperv_vendor_id[0])
        failed |= json_object_set_new(result, "hypervVendorId", json_string(decision->hyperv_vendor_id));
    if (decision->ioapic != IOAPIC_UNSET)
        failed |= json_object_set_new(result, "ioapic", json_string(decision->ioapic == IOAPIC_KVM ? "kvm" : "qemu"));
    if (decision->topoext != TOGGLE_UNSET)
        failed |= json_object_set_new(result, "topoext", json_string(toggle_name(decision->topoext)));
    if (decision->max_phys_addr.mode == PHYS_ADDR_EMULATE)
        failed |=
            json_object_set_new(result, "maxPhysAddr", json_sprintf("%" PRIu32 " bits", decision->max_phys_addr.bits));
    else if (decision->max_phys_addr.mode == PHYS_ADDR_PASSTHROUGH && decision->max_phys_addr.limit)
        failed |= json_object_set_new(
            result, "maxPhysAddr", json_sprintf("the host's, at most %" PRIu32 " bits", decision->max_phys_addr.limit));
    else if (decision->max_phys_addr.mode == PHYS_ADDR_PASSTHROUGH)
        failed |= json_object_set_new(result, "maxPhysAddr", json_string("the host's"));
    if (decision->has_hole64)
        failed |= json_object_set_new(result, "pciHole64", value_write_size(decision->hole64_kib));
    if (decision->ovmf_mmio64_mib)
        failed |= json_object_set_new(result, "ovmfMmio64", value_write_size(decision->ovmf_mmio64_mib * 1024));
    if (decision->remove_video)
        failed |= json_object_set_new(result, "emulatedVideo", json_string("removed"));
    return failed ? NULL : TAKE_PTR(result);
}

json_t *explain_guest(const struct guest_options *options, const struct guest_decision *decision,
                      struct bundle *const *bundles) {
    return json_pack("{s:o, s:o}", "options", list_options(&guest_option_table, options, options->said.origin, bundles),
                     "result", describe_guest_result(decision));
}

void explain_decision(const struct decision *decision, struct buffer *line) {
    char address[PCI_ADDRESS_TEXT_MAX];
    if (decision->display != TOGGLE_UNSET)
        buffer_printf(line, ", display %s", toggle_name(decision->display));
    if (decision->ramfb != TOGGLE_UNSET)
        buffer_printf(line, ", ramfb %s", toggle_name(decision->ramfb));
    if (decision->driver_model[0])
        buffer_printf(line, ", driver model %s", decision->driver_model);
    if (decision->is_placed)
        buffer_printf(line, ", %s of the guest%s", pci_address_format(decision->guest_address, address),
                      decision->is_multifunction ? " with multifunction" : "");
    for (size_t i = 0; i < decision->property_count; i++)
        buffer_printf(line, ", %s=%s", decision->properties[i].name, shown_value(&decision->properties[i]));
}

void explain_guest_decision(const struct guest_decision *decision, struct buffer *line) {
    CLEANUP(json_decref) json_t *result = describe_guest_result(decision);
    const char *option;
    json_t *value;
    line->failed = line->failed || !result;
    json_object_foreach(result, option, value)
        buffer_printf(line, "%s%s %s", line->size ? ", " : "", option, json_string_value(value));
}
