/* A VM of another system, as far as GPU passthrough goes, in KubeVirt's words and this hook's. Readers (proxmox.h,
 * libvirt.h) fill it, result.h tells it. Nothing that a reader finds is dropped: it becomes a device, a field, an
 * option, a note or one of `others`. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "base/pci.h"
#include "base/text.h"

#define IMPORT_DEVICES_MAX 128 /* Proxmox has 16 hostpci, each a list; q35 has room for fewer */

struct import_device {
    char name[LABEL_MAX + 1]; /* of gpus[] or hostDevices[] */
    char *alias;              /* what else the old configuration calls it, or NULL */
    bool has_address;
    struct pci_address address; /* on the old host; of a mediated device, its parent's */
    bool has_group;
    int group; /* its IOMMU group on the old host */
    bool has_id, has_subsystem;
    struct pci_id id, subsystem;
    bool is_gpu;                   /* as far as is known */
    char *mapping;                 /* the cluster's name for it, or NULL */
    char *mdev_type;               /* of a mediated device, where it is known; else NULL */
    char mdev_uuid[UUID_TEXT_MAX]; /* of one that the old host made by hand; else "" */
    char *rom_file;                /* as the old host names it, or NULL */
    json_t *options;               /* the annotation's object for it; never NULL */
};

/* Is it a mediated device? Else it is a PCI function. */
static inline bool import_is_mdev(const struct import_device *device) {
    return device->mdev_type || *device->mdev_uuid;
}

/* Starts as {0}; import_vm_init makes it usable, import_vm_free gives everything back. */
struct import_vm {
    char *name;
    json_t *domain; /* part of KubeVirt's spec.domain, without gpus and hostDevices */
    json_t *guest;  /* the annotation's "guest" */
    json_t *notes;  /* array of sentences: what has no counterpart, and what is to be known */
    json_t *others; /* array of names: what is no matter of passthrough */
    struct import_device devices[IMPORT_DEVICES_MAX];
    size_t count;
    bool failed;     /* an allocation did: see import_check */
    size_t failures; /* memory_failures when it was made: one that is behind jansson counts as well */
};

/* Returns 0, or -1 with err filled (ERROR_INTERNAL). */
int import_vm_init(struct import_vm *vm, struct error *err);
void import_vm_free(struct import_vm *vm);

static inline void import_vm_free_at(struct import_vm *vm) {
    import_vm_free(vm);
}

/* The setters below take over `value` (NULL: no memory) and remember a failure in `failed`, so that a reader may check
 * once at the end: import_check returns 0, or -1 with err filled. By the thread that made the VM. */
int import_check(const struct import_vm *vm, struct error *err);

/* Sets `value` in the domain at a path of keys ("features.kvm.hidden"); objects on the way are made. */
void import_domain(struct import_vm *vm, const char *path, json_t *value);
void import_guest(struct import_vm *vm, const char *option, json_t *value);
void import_option(struct import_vm *vm, struct import_device *device, const char *option, json_t *value);

/* A member of an object that is an option's value: ids.vendor. */
void import_option_part(struct import_vm *vm, struct import_device *device, const char *option, const char *part,
                        json_t *value);

/* Names the VM. "Windows 10" is a name for others, and none for Kubernetes: then a note says what became of it. */
void import_set_name(struct import_vm *vm, const char *where, const char *said);

/* Adds a note, printable whatever is quoted in it. */
void import_note(struct import_vm *vm, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a name that is not of our matter. */
void import_other(struct import_vm *vm, const char *name);

/* A new device, all unset but its name and options. Returns NULL with err filled: too many (ERROR_LIMIT), or no memory.
 */
struct import_device *import_add_device(struct import_vm *vm, const char *name, struct error *err);

/* The device of that name or alias, or NULL. */
struct import_device *import_find_device(struct import_vm *vm, const char *name);

/* Functions in IOMMU groups of their own cannot be functions of one guest device: takes "layout" away from all devices
 * of the host's slot that `device`, of a known group, is in, where it is in another than one before it. */
void import_check_group(struct import_vm *vm, const struct import_device *device);

/* It is a vGPU of that type, which is made on the node: a note says how. */
void import_set_mdev_type(struct import_vm *vm, struct import_device *device, const char *type);

/* q35, which is what KubeVirt has; or the i440FX of a VM that had one (`is_q35` false) and needs it, for an Intel iGPU
 * in legacy mode. `said` is what the old configuration calls the machine. */
void import_machine(struct import_vm *vm, bool is_q35, const char *said);

/* Copies a text into a place of the device's. */
void import_set_text(struct import_vm *vm, char **place, const char *text);
