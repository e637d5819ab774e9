/* libvirt's domain XML, as `virsh dumpxml`, virt-manager and Unraid show it (libvirt docs/formatdomain). Pure. */
#pragma once

#include "import/vm.h"

#define LIBVIRT_XML_MAX (4 << 20) /* a VM with 1,000 disks has less than one MiB */

/* Reads the domain into *vm, which import_vm_init has made. tree_setup must have been called. Fails with ERROR_INPUT on
 * what is no domain XML, and on what libvirt would not take either; with ERROR_LIMIT on XML that is too large (see
 * domain/tree.h) and on too many devices. */
int import_libvirt(struct bytes xml, struct import_vm *vm, struct error *err);
