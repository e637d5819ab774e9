#include "config/vmi.h"

#include <string.h>

#include "base/json.h"
#include "config/annotation.h"

static int read_metadata(struct vmi *vmi, struct error *err) {
    static const struct json_place top = {"VMI: metadata"};
    static const struct json_place annotations_place = {"VMI: metadata.annotations"};
    static const struct json_place vmi_place = {"VMI: "};
    json_t *metadata = NULL, *annotations = NULL;
    if (json_get_object(vmi->root, "metadata", false, &vmi_place, &metadata, err) < 0)
        return -1;
    if (!metadata)
        return 0;
    if (json_get_string(metadata, "uid", false, &top, &vmi->uid, err) < 0 ||
        json_get_string(metadata, "name", false, &top, &vmi->name, err) < 0 ||
        json_get_string(metadata, "namespace", false, &top, &vmi->namespace, err) < 0)
        return -1;
    if (vmi->uid && !*vmi->uid)
        vmi->uid = NULL;
    /* Go writes an absent map as null where the field has no omitempty. */
    if (json_is_null(json_object_get(metadata, "annotations")))
        return 0;
    if (json_get_object(metadata, "annotations", false, &top, &annotations, err) < 0)
        return -1;
    return json_get_string(annotations, CONFIG_ANNOTATION, false, &annotations_place, &vmi->annotation, err);
}

/* kubevirt.io/api/core/v1, VirtualMachineInstanceMigrationState */
static bool read_migrating(const json_t *root) {
    const json_t *state = json_object_get(json_object_get(root, "status"), "migrationState");
    return json_is_object(state) && !json_is_true(json_object_get(state, "completed")) &&
           !json_is_true(json_object_get(state, "failed"));
}

int vmi_parse(struct bytes text, struct vmi *vmi, struct error *err) {
    *vmi = (struct vmi){0};
    vmi->root = json_parse(text, "the VMI", JSON_OF_OTHERS, err);
    if (!vmi->root)
        return -1;
    int failed = json_is_object(vmi->root) ? read_metadata(vmi, err)
                                           : error_set(err, ERROR_INPUT, "the VMI is %s: it must be a JSON object",
                                                       json_type_name(vmi->root));
    if (failed)
        vmi_free(vmi);
    else
        vmi->is_migrating = read_migrating(vmi->root);
    return failed;
}

bool vmi_request(const struct vmi *vmi, size_t index, struct vmi_request *request) {
    static const char *const lists[] = {"gpus", "hostDevices"};
    const json_t *spec = json_object_get(vmi->root, "spec");
    const json_t *devices = json_object_get(json_object_get(spec, "domain"), "devices");
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        size_t position;
        json_t *device;
        json_array_foreach(json_object_get(devices, lists[i]), position, device) {
            const char *resource = json_string_value(json_object_get(device, "deviceName"));
            *request = (struct vmi_request){json_string_value(json_object_get(device, "name")),
                                            resource && *resource ? resource : NULL};
            if (request->name && index-- == 0)
                return true;
        }
    }
    return false;
}

const char *vmi_device_name(const struct vmi *vmi, size_t index) {
    struct vmi_request request;
    return vmi_request(vmi, index, &request) ? request.name : NULL;
}

bool vmi_asks_for(const struct vmi *vmi, const char *name) {
    const char *found;
    for (size_t i = 0; (found = vmi_device_name(vmi, i)); i++)
        if (strcmp(found, name) == 0)
            return true;
    return false;
}

void vmi_free(struct vmi *vmi) {
    json_decref(vmi->root);
    *vmi = (struct vmi){0};
}
