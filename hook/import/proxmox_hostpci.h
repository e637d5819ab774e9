/* Proxmox' hostpci[n]: "01:00,pcie=1,x-vga=1,romfile=card.rom" (qemu-server, src/PVE/QemuServer/PCI.pm). Pure. */
#pragma once

#include "import/vm.h"

/* What the rest of the configuration says, as far as a hostpci depends on it. */
struct proxmox_machine {
    bool is_ovmf, is_q35;
    bool is_windows;
    bool has_vga;         /* "vga" is said */
    struct bytes mapping; /* pci.cfg; empty: it was not given */
    const char *node;     /* whose devices of a mapping; NULL: the first's */
};

/* Reads one, cut in place; `key` is its name ("hostpci0"). Devices and notes come of it, and what the option means for
 * the whole VM. Fails with ERROR_INPUT on what Proxmox would not take either. */
int proxmox_read_hostpci(struct import_vm *vm, const struct proxmox_machine *machine, const char *key, char *value,
                         struct error *err);
