/* The VirtualMachineInstance that KubeVirt sends with each call: JSON of its Go struct. Only what we use is read;
 * fields that KubeVirt adds in later versions do not matter. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

/* The texts belong to `root`. */
struct vmi {
    json_t *root;
    const char *uid;              /* NULL when the VMI has none */
    const char *name, *namespace; /* the same */
    const char *annotation;       /* NULL when the VM owner said nothing */
    bool is_migrating; /* a live migration goes on: this is its target, as the source defines nothing meanwhile */
};

/* Parses a VMI into *vmi (overwritten; on failure {0}). Fails with ERROR_INPUT when it is not a JSON object, or when
 * metadata or an annotation of ours has the wrong type. vmi_free gives it back. */
int vmi_parse(struct bytes text, struct vmi *vmi, struct error *err);

/* A device that the VMI asks for. The texts belong to the VMI. */
struct vmi_request {
    const char *name;
    const char *resource; /* "nvidia.com/GA102GL_A10", of a device plugin; NULL: a claim gives it (DRA) */
    bool is_gpu;          /* of .gpus */
};

/* Fills *request with the device at `index` of spec.domain.devices.gpus and .hostDevices. Returns false behind the
 * last.
 */
bool vmi_request(const struct vmi *vmi, size_t index, struct vmi_request *request);

/* All of them: those of one resource stand together, those of claims first. */
struct vmi_requests {
    struct vmi_request *list;
    size_t count;
};

/* Reads all that the VMI asks for into *requests (must be {0}; vmi_requests_free gives it back). Fails without memory
 * only. */
int vmi_requests_read(const struct vmi *vmi, struct vmi_requests *requests, struct error *err);

/* How many requests from the one at `first` on are for its resource. */
size_t vmi_requests_of_one(const struct vmi_requests *requests, size_t first);

void vmi_requests_free(struct vmi_requests *requests);

static inline void vmi_requests_free_at(struct vmi_requests *requests) {
    vmi_requests_free(requests);
}

/* The name of the device at `index` among those that the VMI asks for in spec.domain.devices.gpus and .hostDevices, or
 * NULL behind the last. */
const char *vmi_device_name(const struct vmi *vmi, size_t index);

/* Does the VMI ask for a device of this name in spec.domain.devices.gpus or .hostDevices? */
bool vmi_asks_for(const struct vmi *vmi, const char *name);

void vmi_free(struct vmi *vmi);

static inline void vmi_free_at(struct vmi *vmi) {
    vmi_free(vmi);
}
