/* What a VM's devices get. Pure: options, host facts and bundles in, decisions out. */
#pragma once

#include "base/error.h"
#include "config/options.h"
#include "config/vmi.h"
#include "host/facts.h"
#include "plan/device.h"
#include "rom/match.h"
#include "rom/publish.h"

enum rom_setting {
    ROM_SETTING_KEEP,     /* leave the domain's <rom> as it is */
    ROM_SETTING_DEVICE,   /* the device's own ROM: no file, whoever put one there */
    ROM_SETTING_FILE,     /* our published file */
    ROM_SETTING_DISABLED, /* enabled="no": the guest sees no ROM */
};

/* What one device gets. */
struct decision {
    struct pci_address address;
    enum rom_setting rom;
    const struct published_rom *published; /* with ROM_SETTING_FILE */
    enum toggle rom_bar;                   /* TOGGLE_UNSET: as it is, or on where a file is given */
};

/* What a VM gets. */
struct plan {
    enum firmware firmware; /* the domain's */
    size_t count;
    struct decision *decisions;
};

void plan_free(struct plan *plan);

static inline void plan_free_at(struct plan *plan) {
    plan_free(plan);
}

/* The decision for a device, or NULL when the plan has none. */
const struct decision *plan_find(const struct plan *plan, struct pci_address address);

/* Every key of the annotation must mean something: "*", a device of the domain, or a device that the VMI asks for
 * (which a migration target's domain lacks). Fails with ERROR_INPUT and the key. */
int plan_check_keys(const struct config *config, const struct vmi *vmi, const struct device *devices, size_t count,
                    struct error *err);

/* What plan_device is given to decide. */
struct plan_facts {
    struct host_device host;
    struct bundle *const *bundles;
    size_t bundle_count;
    enum firmware firmware; /* the domain's, as the next */
    enum guest_machine machine;
};

/* Decides for one PCI device. On success *candidate is the bundle's ROM to verify and publish (its `rom` is NULL if
 * none is wanted) and *decision holds the rest. Fails with ERROR_REFUSED, or ERROR_INPUT for options that contradict;
 * the message leaves the device to the caller, for several devices may share a reason. */
int plan_device(const struct device *device, const struct device_options *options, const struct plan_facts *facts,
                struct decision *decision, struct rom_candidate *candidate, struct error *err);

/* "0000:e5:00.0 (igpu)", for messages. Returns `text`. */
#define DEVICE_LABEL_MAX 128
const char *device_label(const struct device *device, char text[DEVICE_LABEL_MAX]);
