/* Which devices of the node could go to VMs: what `check` looks at when nobody names one. */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "host/sysfs.h"

struct host_devices {
    struct pci_address *functions; /* in ascending order */
    size_t function_count;
    char (*mdevs)[UUID_TEXT_MAX]; /* UUIDs, in ascending order */
    size_t mdev_count;
};

/* Is the function at that address one of these, by its class, its vendor and, of a vGPU, its type? */
bool host_device_goes_to_vms(const struct sysfs *sysfs, struct pci_address address);

/* Is it a bridge, by its class? */
bool host_device_is_bridge(const struct sysfs *sysfs, struct pci_address address);

/* Lists every GPU (AMD's Instinct among them), their virtual functions that are vGPUs (an NVIDIA function without a
 * vGPU type is none yet), NVSwitches, and every mediated device. The display controllers of BMCs and
 * hypervisors, which nobody passes through, are left out. Functions that a snapshot holds as neighbours only
 * are left out, too. Only the class of the others is read. Fails with
 * ERROR_INPUT where the devices cannot be listed. *devices must be {0}; host_devices_free gives it back. */
int host_devices_list(const struct sysfs *sysfs, struct host_devices *devices, struct error *err);

void host_devices_free(struct host_devices *devices);

static inline void host_devices_free_at(struct host_devices *devices) {
    host_devices_free(devices);
}
