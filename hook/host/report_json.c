#include "base/json.h"
#include "host/report.h"

/* Adds a text, unless it is empty. */
static int add_text(json_t *object, const char *key, const char *text) {
    return text && text[0] ? json_object_set_new(object, key, json_string(text)) : 0;
}

static int add_address(json_t *object, const char *key, struct pci_address address) {
    char text[PCI_ADDRESS_TEXT_MAX];
    return json_object_set_new(object, key, json_string(pci_address_format(address, text)));
}

static int add_group(json_t *object, int group) {
    return group == HOST_GROUP_UNKNOWN ? 0 : json_object_set_new(object, "iommuGroup", json_integer(group));
}

static json_t *describe_check(enum check check, const struct check_result *result) {
    CLEANUP(json_decref)
    json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "id", check_name(check), "title", check_title(check), "verdict",
                               verdict_name(result->verdict), "evidence", result->evidence);
    if (add_text(object, "remedy", result->remedy) < 0 ||
        json_object_set_new(object, "doc", json_sprintf(HOOK_DOCS "checks.md#%s", check_name(check))) < 0)
        return NULL;
    return TAKE_PTR(object);
}

static json_t *list_checks(const struct reported_device *device) {
    CLEANUP(json_decref) json_t *list = json_array();
    for (enum check i = 0; i < CHECK_COUNT; i++)
        if (json_array_append_new(list, describe_check(i, &device->results[i])) < 0)
            return NULL;
    return TAKE_PTR(list);
}

static int add_function(json_t *object, const struct host_function *function) {
    const struct pci_identity *identity = &function->device.identity;
    if (function->device.state != HOST_PRESENT)
        return 0;
    if (json_object_set_new(object, "id", json_sprintf("%04x:%04x", identity->id.vendor, identity->id.device)) < 0 ||
        json_object_set_new(object, "subsystem",
                            json_sprintf("%04x:%04x", identity->subsystem.vendor, identity->subsystem.device)) < 0 ||
        json_object_set_new(object, "revision", json_sprintf("%02x", identity->revision)) < 0 ||
        json_object_set_new(object, "class", json_sprintf("%06x", identity->class_code)) < 0 ||
        json_object_set_new(object, "virtualFunction", json_boolean(function->device.is_virtual)) < 0)
        return -1;
    return add_text(object, "driver", function->device.driver) < 0 ||
                   add_group(object, function->device.iommu_group) < 0
               ? -1
               : 0;
}

static int add_mdev(json_t *object, const struct host_mdev *mdev) {
    if (json_object_set_new(object, "uuid", json_string(mdev->uuid)) < 0 || add_text(object, "type", mdev->type) < 0 ||
        add_text(object, "typeName", mdev->name.text) < 0 || add_text(object, "driver", mdev->driver) < 0 ||
        add_group(object, mdev->iommu_group) < 0)
        return -1;
    return mdev->has_parent ? add_address(object, "parent", mdev->parent) : 0;
}

static json_t *describe_device(const struct reported_device *device) {
    CLEANUP(json_decref) json_t *object = json_pack("{s:s}", "kind", device->mdev ? "mdev" : "pci");
    if (device->mdev ? add_mdev(object, device->mdev) < 0
                     : add_address(object, "address", device->function->address) < 0 ||
                           add_function(object, device->function) < 0)
        return NULL;
    if (json_object_set_new(object, "readiness", json_string(readiness_name(device->sum))) < 0 ||
        json_object_set_new(object, "checks", list_checks(device)) < 0)
        return NULL;
    return TAKE_PTR(object);
}

json_t *host_report_json(const struct host_report *report) {
    CLEANUP(json_decref) json_t *devices = json_array();
    for (size_t i = 0; i < report->count; i++)
        if (json_array_append_new(devices, describe_device(&report->devices[i])) < 0)
            return NULL;
    return json_pack("{s:s, s:s, s:s, s:O}", "apiVersion", "gpu.vm.kubevirt.io/v1", "kind", "HostReport", "readiness",
                     readiness_name(report->sum), "devices", devices);
}
