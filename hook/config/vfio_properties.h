/* The vfio-pci properties that the option "vfio" may set, and those that it may not, with the reason. Pure.
 *
 * Names and types: QEMU hw/vfio/pci.c, vfio_pci_dev_properties; `qemu-system-x86_64 -device vfio-pci,help`.
 */
#pragma once

#include "base/error.h"
#include "base/json.h"

enum vfio_property {
    VFIO_ATS,
    VFIO_VF_TOKEN,
    VFIO_X_INTX_MMAP_TIMEOUT_MS,
    VFIO_X_MSIX_RELOCATION,
    VFIO_X_NO_GEFORCE_QUIRKS,
    VFIO_X_NO_KVM_INTX,
    VFIO_X_NO_KVM_IOEVENTFD,
    VFIO_X_NO_KVM_MSI,
    VFIO_X_NO_KVM_MSIX,
    VFIO_X_NO_MMAP,
    VFIO_X_NO_VFIO_IOEVENTFD,
    VFIO_X_PCI_CLASS_CODE,
    VFIO_XRES,
    VFIO_YRES,
    VFIO_PROPERTY_COUNT
};

/* As libvirt's <qemu:property type=...> names them; numbers are decimal there. */
enum property_type { PROPERTY_STRING, PROPERTY_UNSIGNED, PROPERTY_BOOL };

#define PROPERTY_VALUE_MAX 40 /* a UUID and its NUL, at most */

/* The values of all properties, as libvirt takes them. "": not given. */
struct vfio_values {
    char value[VFIO_PROPERTY_COUNT][PROPERTY_VALUE_MAX];
};

const char *vfio_property_name(enum vfio_property property);
enum property_type vfio_property_type(enum vfio_property property);

/* Parses {"x-no-geforce-quirks": true, ...} at `place` into *values (must be {0}). Fails with ERROR_INPUT; the message
 * for a property that is refused says why, or which option sets it. */
int vfio_values_parse(const json_t *object, const struct json_place *place, struct vfio_values *values,
                      struct error *err);

/* The object that vfio_values_parse reads. Returns a new reference, or NULL without memory. */
json_t *vfio_values_write(const struct vfio_values *values);

/* Puts the values that `from` gives over those in *into. */
void vfio_values_merge(struct vfio_values *into, const struct vfio_values *from);
