/* What libvirt has no element for: its QEMU namespace (libvirt docs/drvqemu, "Pass-through of arbitrary qemu
 * commands").
 *
 * libvirt ignores without a word what does not stand in this namespace or names an alias that no device has. The prefix
 * may be any, and KubeVirt loses its declaration at the root between calls, so our elements declare it themselves.
 */
#pragma once

#include "domain/tree.h"
#include "plan/plan.h"

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

/* Sets the properties on the device of that alias, in <qemu:override>. Properties of others stay. */
int qemu_set_properties(struct tree *tree, const char *alias, const struct property *properties, size_t count,
                        struct error *err);

/* Does the document set exactly these properties, each once, for the device? Others may be there. */
bool qemu_has_properties(const xmlNode *root, const char *alias, const struct property *properties, size_t count);

/* The argument of -fw_cfg in <qemu:commandline> that sets OVMF's window for 64-bit BARs, or NULL. QEMU fails on a
 * second one. */
xmlNode *qemu_find_ovmf_window(const xmlNode *root);

/* Makes it `mib`, replacing what is there. */
int qemu_set_ovmf_window(struct tree *tree, uint64_t mib, struct error *err);

/* Is it `mib`, and there once? */
bool qemu_has_ovmf_window(const xmlNode *root, uint64_t mib);
