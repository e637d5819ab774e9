/* The readers of a libvirt domain's parts. Each takes and returns what a libvirt_row's function does. Pure. */
#pragma once

#include "import/libvirt_reading.h"

/* libvirt_guest.c */
int libvirt_read_os(struct libvirt_reading *reading, const char *where, const xmlNode *os, struct error *err);
int libvirt_read_vcpu(struct libvirt_reading *reading, const char *where, const xmlNode *vcpu, struct error *err);
int libvirt_read_cputune(struct libvirt_reading *reading, const char *where, const xmlNode *tune, struct error *err);
int libvirt_read_numatune(struct libvirt_reading *reading, const char *where, const xmlNode *tune, struct error *err);
int libvirt_read_memory_backing(struct libvirt_reading *reading, const char *where, const xmlNode *backing,
                                struct error *err);
int libvirt_read_clock(struct libvirt_reading *reading, const char *where, const xmlNode *clock, struct error *err);

/* libvirt_cpu.c */
int libvirt_read_cpu(struct libvirt_reading *reading, const char *where, const xmlNode *cpu, struct error *err);
int libvirt_read_features(struct libvirt_reading *reading, const char *where, const xmlNode *features,
                          struct error *err);

/* libvirt_devices.c */
int libvirt_read_devices(struct libvirt_reading *reading, const char *where, const xmlNode *devices, struct error *err);

/* libvirt_hostdev.c: of PCI functions and mediated devices */
int libvirt_read_hostdev(struct libvirt_reading *reading, const char *where, const xmlNode *hostdev, struct error *err);

/* libvirt_qemu.c: all that stands in QEMU's namespace below the root. Last, for it speaks of the devices. */
int libvirt_read_qemu(struct libvirt_reading *reading, const xmlNode *root, struct error *err);

/* libvirt_place.c: what comes of where the devices stood in the guest, and which drivers they had. After all others. */
void libvirt_read_places(struct libvirt_reading *reading);
