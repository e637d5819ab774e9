/* ROMs that this host can hand out: what the card has in its ROM BAR, and the ACPI table VFCT. All I/O is in rom.c. */
#pragma once

#include "base/error.h"
#include "base/pci.h"
#include "base/text.h"

/* Reads the ROM of the function at `address` through sysfs into *content (must be {0}; the caller frees it). On a real
 * /sys the file has to be enabled: that is undone afterwards. In a folder laid out like it nothing is written.
 * *is_shadow becomes true when this is the display that the host booted with, whose ROM is the firmware's own copy,
 * possibly changed while it ran. Fails with ERROR_INPUT and what to do about it. */
int host_read_rom(const char *sysfs, struct pci_address address, size_t limit, struct buffer *content, bool *is_shadow,
                  struct error *err);

/* Reads the table at `path`, or the host's own below `sysfs` when path is NULL. */
int host_read_vfct(const char *sysfs, const char *path, size_t limit, struct buffer *content, struct error *err);
