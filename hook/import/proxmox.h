/* Proxmox' VM configurations, /etc/pve/qemu-server/100.conf (qemu-server, src/PVE/QemuServer.pm, parse_vm_config).
 * Pure.
 */
#pragma once

#include "import/vm.h"

#define PROXMOX_TEXT_MAX (1 << 20) /* of either file */

struct proxmox_source {
    struct bytes conf;
    struct bytes mapping; /* mapping/pci.cfg; empty: it was not given */
    const char *node;     /* the node whose devices of a mapping are meant; NULL: the first's */
};

/* Reads the VM as it is now (snapshots and pending changes become a note) into *vm, which import_vm_init has made.
 * Fails with ERROR_INPUT, naming the line, on what Proxmox would not take either; with ERROR_LIMIT on too many devices.
 */
int import_proxmox(const struct proxmox_source *source, struct import_vm *vm, struct error *err);
