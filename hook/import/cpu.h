/* CPUs, as Proxmox' "cpu" and QEMU's -cpu say them. Pure. */
#pragma once

#include "import/vm.h"

/* The model: "host" is KubeVirt's host-passthrough. `where` is for notes. */
void import_cpu_model(struct import_vm *vm, const char *where, const char *model);

/* One of QEMU's CPU properties: "+pcid", "-hypervisor", "kvm=off", "hv_vendor_id=...". `value` is NULL where there is
 * none. What has no counterpart becomes a note. */
void import_cpu_property(struct import_vm *vm, const char *where, const char *property, const char *value);

/* The guest does not see KVM's signature. */
void import_hide_kvm(struct import_vm *vm);

/* The vendor id that the guest sees of Hyper-V; one that does not fit becomes a note. */
void import_hyperv_vendor(struct import_vm *vm, const char *where, const char *vendor);

/* How many address bits the guest's CPU has: "host", or a number. */
void import_phys_bits(struct import_vm *vm, const char *where, const char *bits);

/* A feature by its CPUID name, which libvirt has for nearly all of QEMU's; `policy` is libvirt's. */
void import_cpu_feature(struct import_vm *vm, const char *where, const char *name, const char *policy);

/* An enlightenment as QEMU's hv-... names it, without that ("vendor-id"). What has no counterpart becomes a note. */
void import_enlightenment(struct import_vm *vm, const char *where, const char *name, const char *value, bool on);
