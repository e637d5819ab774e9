/* Arguments for QEMU that stand beside a configuration: Proxmox' "args", libvirt's <qemu:commandline>. Those that
 * people write for passthrough have a counterpart; each other one becomes a note. Pure.
 */
#pragma once

#include "import/vm.h"

/* Reads `count` arguments (which are cut in place). `where` is for notes. Fails for want of memory, or as
 * import_add_device. */
int import_qemu_args(struct import_vm *vm, const char *where, char *const *arguments, size_t count, struct error *err);

/* One of vfio-pci's properties, for a device: "x-vga", "x-pci-vendor-id", "romfile", ... What has no counterpart
 * becomes a note. */
void import_vfio_property(struct import_vm *vm, struct import_device *device, const char *where, const char *property,
                          const char *value);
