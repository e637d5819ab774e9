#include "config/vmi.h"

#include <stdlib.h>
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

/* .gpus and .hostDevices, in this order. */
enum { LISTS = 2 };

static const json_t *find_list(const struct vmi *vmi, size_t list) {
    static const char *const names[LISTS] = {"gpus", "hostDevices"};
    const json_t *domain = json_object_get(json_object_get(vmi->root, "spec"), "domain");
    return json_object_get(json_object_get(domain, "devices"), names[list]);
}

/* Returns false where the device has no name. */
static bool read_request(const json_t *device, bool is_gpu, struct vmi_request *request) {
    const char *resource = json_string_value(json_object_get(device, "deviceName"));
    *request = (struct vmi_request){json_string_value(json_object_get(device, "name")),
                                    resource && *resource ? resource : NULL, is_gpu};
    return request->name != NULL;
}

bool vmi_request(const struct vmi *vmi, size_t index, struct vmi_request *request) {
    for (size_t i = 0; i < LISTS; i++) {
        size_t position;
        json_t *device;
        json_array_foreach(find_list(vmi, i), position, device) {
            if (read_request(device, i == 0, request) && index-- == 0)
                return true;
        }
    }
    return false;
}

static int compare_requests(const void *a, const void *b) {
    const struct vmi_request *one = a, *other = b;
    if (!one->resource != !other->resource)
        return one->resource ? 1 : -1;
    int order = one->resource ? strcmp(one->resource, other->resource) : 0;
    return order ? order : strcmp(one->name, other->name);
}

int vmi_requests_read(const struct vmi *vmi, struct vmi_requests *requests, struct error *err) {
    const size_t most = json_array_size(find_list(vmi, 0)) + json_array_size(find_list(vmi, 1));
    requests->list = calloc(most + 1, sizeof(*requests->list));
    if (!requests->list)
        return error_no_memory(err);
    for (size_t i = 0; i < LISTS; i++) {
        size_t position;
        json_t *device;
        json_array_foreach(find_list(vmi, i), position, device) {
            requests->count += read_request(device, i == 0, &requests->list[requests->count]);
        }
    }
    qsort(requests->list, requests->count, sizeof(*requests->list), compare_requests);
    return 0;
}

size_t vmi_requests_of_one(const struct vmi_requests *requests, size_t first) {
    const char *resource = requests->list[first].resource;
    size_t end = first + 1;
    while (end < requests->count &&
           (resource ? strcmp(requests->list[end].resource, resource) == 0 : !requests->list[end].resource))
        end++;
    return end - first;
}

void vmi_requests_free(struct vmi_requests *requests) {
    free(requests->list);
    *requests = (struct vmi_requests){0};
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
