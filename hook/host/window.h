/* How much of the guest's address space the 64-bit BARs of its devices need. Pure. */
#pragma once

#include "host/resource.h"

/* QEMU's default for q35 (hw/pci-host/q35.c) and OVMF's (OvmfPkg PlatformInitLib, MemDetect.c) alike: 32 GiB. */
#define WINDOW_DEFAULT_KIB (UINT64_C(1) << 25)

/* More than any processor addresses: 52 bits. */
#define WINDOW_MAX_KIB (UINT64_C(1) << 42)

/* The window, in KiB and a power of two, in which the firmware can place the BARs of all devices. Each device stands
 * behind a bridge of its own, whose window is as long as a multiple of the largest BAR in it (edk2
 * MdeModulePkg/Bus/Pci/PciBusDxe/PciResourceSupport.c, CalculateResourceAperture), and an empty hotplug port takes a
 * 256th of the whole (OvmfPkg/PciHotPlugInitDxe): an eighth is for them. 0: the devices have no 64-bit BAR. A result
 * above WINDOW_MAX_KIB is cut to it. */
uint64_t window_needed(const struct pci_bars *bars, size_t count);

/* The sum of all 64-bit BARs, in KiB, rounded up BAR by BAR: no window that is smaller can hold them. Cut likewise. */
uint64_t window_sum(const struct pci_bars *bars, size_t count);
