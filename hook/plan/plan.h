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
    uint8_t rom_origin;                    /* who asked for ROM_SETTING_DEVICE or _DISABLED, see config/options.h */
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

/* What is said of a PCI device: the profiles of the bundles that fit it, and over them the annotation, key by key.
 * Where the host does not tell what the device is, no profile fits. Fails with ERROR_INPUT where the options contradict
 * each other, saying who gave them. */
int plan_options(const struct config *config, const struct device *device, const struct plan_facts *facts,
                 struct device_options *options, struct error *err);

/* Who gave an option: "the annotation", or "the profile of bundle \"lab\"". Returns `text`. */
#define ORIGIN_TEXT_MAX 96
const char *origin_describe(uint8_t origin, struct bundle *const *bundles, char text[ORIGIN_TEXT_MAX]);

/* Decides for one PCI device. On success *candidate is the bundle's ROM to verify and publish (its `rom` is NULL if
 * none is wanted) and *decision holds the rest. Fails with ERROR_REFUSED, or ERROR_INPUT for options that contradict;
 * the message leaves the device to the caller, for several devices may share a reason. */
int plan_device(const struct device *device, const struct device_options *options, const struct plan_facts *facts,
                struct decision *decision, struct rom_candidate *candidate, struct error *err);

/* "0000:e5:00.0 (igpu)", for messages. Returns `text`. */
#define DEVICE_LABEL_MAX 128
const char *device_label(const struct device *device, char text[DEVICE_LABEL_MAX]);
