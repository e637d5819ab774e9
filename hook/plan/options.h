/* Whose word counts: what the built-in profiles, the bundles' profiles and the annotation say of a device and of the
 * guest, put over each other. Pure. */
#pragma once

#include "config/annotation.h"
#include "config/vmi.h"
#include "host/facts.h"
#include "plan/plan.h"
#include "rom/match.h"

/* What is known of one device. */
struct device_facts {
    struct host_device host; /* of a mediated device: its parent's */
    struct bundle *const *bundles;
    size_t bundle_count;
    const struct manifest *builtin; /* the built-in profiles; NULL: none */
    const struct guest *guest;
};

/* Every key of the annotation must mean something: "*", a device of the domain (or that we attach to it), or a device
 * that the VMI asks for and a migration target's domain lacks; where it lacks one, an address may be that one's. Fails
 * with ERROR_INPUT and the key. */
int plan_check_keys(const struct config *config, const struct vmi *vmi, const struct device *const *devices,
                    size_t count, struct error *err);

/* No two devices may be one of the host: libvirt refuses them, and what is said of one would be done to both. Fails
 * with ERROR_INPUT, naming both. */
int plan_check_twice(const struct device *const *devices, size_t count, struct error *err);

/* What is said of a device: the built-in profiles that fit it, over them those of the bundles, over them the
 * annotation, option by option; *guest becomes what the profiles say of a guest that has such a device. Where the host
 * does not tell what the device is, no profile fits. Fails with ERROR_INPUT where the options contradict each other,
 * saying who gave them. */
int plan_options(const struct config *config, const struct device *device, const struct device_facts *facts,
                 struct device_options *options, struct guest_options *guest, struct error *err);

/* What the profiles of several devices say of their guest. Starts as {0}. */
struct guest_wishes {
    struct guest_options options;
    uint32_t disputed; /* bits of options that two devices' profiles of one origin give different values */
};

/* Adds what one device's profiles say: a bundle's profiles win over built-in ones, an earlier bundle's over a later
 * one's. Fails only without memory. */
int plan_add_guest_wishes(struct guest_wishes *wishes, const struct guest_options *of_device, struct error *err);

/* Puts the annotation's word over the wishes. Fails with ERROR_INPUT where an option is disputed and the annotation
 * does not settle it. */
int plan_guest_options(const struct config *config, const struct guest_wishes *wishes, struct bundle *const *bundles,
                       struct guest_options *options, struct error *err);

/* Who gave an option: "the annotation", "the profile of bundle \"lab\"", "a built-in profile". Returns `text`. */
#define ORIGIN_TEXT_MAX 96
const char *origin_describe(uint8_t origin, struct bundle *const *bundles, char text[ORIGIN_TEXT_MAX]);
