#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain/edits.h"
#include "domain/qemu.h"

static xmlNode *child_or_add(struct tree *tree, xmlNode *parent, const char *name, struct error *err) {
    xmlNode *found = tree_child(parent, name);
    return found ? found : tree_add_child(tree, parent, name, err);
}

/* The element below root that the names lead to, or NULL. `names` ends in NULL. */
static xmlNode *find(const xmlNode *root, const char *const *names) {
    xmlNode *element = (xmlNode *)root;
    for (; *names && element; names++)
        element = tree_child(element, *names);
    return element;
}

static xmlNode *find_or_add(struct tree *tree, xmlNode *root, const char *const *names, struct error *err) {
    xmlNode *element = root;
    for (; *names && element; names++)
        element = child_or_add(tree, element, *names, err);
    return element;
}

/* The element that shall be there once. */
static xmlNode *the_only(struct tree *tree, xmlNode *root, const char *const *names, struct error *err) {
    xmlNode *element = find_or_add(tree, root, names, err);
    if (element)
        tree_remove_seconds(tree, element);
    return element;
}

/* Is that element there, once, with the attribute? */
static bool only_one_has(const xmlNode *element, const char *attribute, const char *value) {
    return element && tree_attribute_is(element, attribute, value) && !tree_next(element, (const char *)element->name);
}

/* --- hideHypervisor: <features><kvm><hidden>, libvirt 1.2.8 ----------------------------------------------------- */

static const char *const hidden_path[] = {"features", "kvm", "hidden", NULL};

static bool applies_hidden(const struct guest_decision *decision) {
    return decision->hide_hypervisor != TOGGLE_UNSET;
}

static int apply_hidden(struct tree *tree, xmlNode *root, const struct guest_decision *decision, struct error *err) {
    xmlNode *hidden = the_only(tree, root, hidden_path, err);
    return hidden ? tree_set_attribute(tree, hidden, "state", toggle_name(decision->hide_hypervisor), err) : -1;
}

static bool landed_hidden(const xmlNode *root, const struct guest_decision *decision) {
    return only_one_has(find(root, hidden_path), "state", toggle_name(decision->hide_hypervisor));
}

/* --- hypervVendorId: <features><hyperv><vendor_id>, libvirt 1.3.3 ----------------------------------------------- */

static const char *const vendor_id_path[] = {"features", "hyperv", "vendor_id", NULL};

static bool applies_vendor_id(const struct guest_decision *decision) {
    return decision->hyperv_vendor_id[0];
}

static int apply_vendor_id(struct tree *tree, xmlNode *root, const struct guest_decision *decision, struct error *err) {
    xmlNode *vendor_id = the_only(tree, root, vendor_id_path, err);
    if (!vendor_id || tree_set_attribute(tree, vendor_id, "state", "on", err) < 0)
        return -1;
    return tree_set_attribute(tree, vendor_id, "value", decision->hyperv_vendor_id, err);
}

static bool landed_vendor_id(const xmlNode *root, const struct guest_decision *decision) {
    const xmlNode *vendor_id = find(root, vendor_id_path);
    return only_one_has(vendor_id, "state", "on") && tree_attribute_is(vendor_id, "value", decision->hyperv_vendor_id);
}

/* --- ioapic: <features><ioapic>, libvirt 3.4.0 ------------------------------------------------------------------ */

static const char *const ioapic_path[] = {"features", "ioapic", NULL};

static const char *ioapic_name(const struct guest_decision *decision) {
    return decision->ioapic == IOAPIC_KVM ? "kvm" : "qemu";
}

static bool applies_ioapic(const struct guest_decision *decision) {
    return decision->ioapic != IOAPIC_UNSET;
}

static int apply_ioapic(struct tree *tree, xmlNode *root, const struct guest_decision *decision, struct error *err) {
    xmlNode *ioapic = the_only(tree, root, ioapic_path, err);
    return ioapic ? tree_set_attribute(tree, ioapic, "driver", ioapic_name(decision), err) : -1;
}

static bool landed_ioapic(const xmlNode *root, const struct guest_decision *decision) {
    return only_one_has(find(root, ioapic_path), "driver", ioapic_name(decision));
}

/* --- topoext: <cpu><feature name="topoext"> --------------------------------------------------------------------- */

static xmlNode *find_topoext(const xmlNode *after) {
    xmlNode *feature = tree_next(after, "feature");
    while (feature && !tree_attribute_is(feature, "name", "topoext"))
        feature = tree_next(feature, "feature");
    return feature;
}

static xmlNode *first_topoext(const xmlNode *root) {
    const xmlNode *cpu = tree_child(root, "cpu");
    xmlNode *first = tree_child(cpu, "feature");
    return !first || tree_attribute_is(first, "name", "topoext") ? first : find_topoext(first);
}

static const char *topoext_policy(const struct guest_decision *decision) {
    return decision->topoext == TOGGLE_ON ? "require" : "disable";
}

static bool applies_topoext(const struct guest_decision *decision) {
    return decision->topoext != TOGGLE_UNSET;
}

static int apply_topoext(struct tree *tree, xmlNode *root, const struct guest_decision *decision, struct error *err) {
    xmlNode *feature = first_topoext(root), *cpu;
    if (!feature &&
        (!(cpu = child_or_add(tree, root, "cpu", err)) || !(feature = tree_add_child(tree, cpu, "feature", err)) ||
         tree_set_attribute(tree, feature, "name", "topoext", err) < 0))
        return -1;
    for (xmlNode *second; (second = find_topoext(feature));)
        tree_remove(tree, second);
    return tree_set_attribute(tree, feature, "policy", topoext_policy(decision), err);
}

static bool landed_topoext(const xmlNode *root, const struct guest_decision *decision) {
    const xmlNode *feature = first_topoext(root);
    return feature && tree_attribute_is(feature, "policy", topoext_policy(decision)) && !find_topoext(feature);
}

/* --- maxPhysAddr: <cpu><maxphysaddr>, libvirt 8.7.0, its limit 9.3.0 -------------------------------------------- */

static const char *const phys_addr_path[] = {"cpu", "maxphysaddr", NULL};

struct phys_addr_attributes {
    const char *mode;
    char bits[12], limit[12]; /* "": absent */
};

static struct phys_addr_attributes phys_addr_attributes(const struct guest_decision *decision) {
    const struct phys_addr_wish *wish = &decision->max_phys_addr;
    struct phys_addr_attributes wanted = {wish->mode == PHYS_ADDR_EMULATE ? "emulate" : "passthrough", "", ""};
    if (wish->bits)
        snprintf(wanted.bits, sizeof(wanted.bits), "%" PRIu32, wish->bits);
    if (wish->limit)
        snprintf(wanted.limit, sizeof(wanted.limit), "%" PRIu32, wish->limit);
    return wanted;
}

static bool applies_phys_addr(const struct guest_decision *decision) {
    return decision->max_phys_addr.mode != PHYS_ADDR_UNSET;
}

static int apply_phys_addr(struct tree *tree, xmlNode *root, const struct guest_decision *decision, struct error *err) {
    struct phys_addr_attributes wanted = phys_addr_attributes(decision);
    xmlNode *element = the_only(tree, root, phys_addr_path, err);
    if (!element || tree_set_attribute(tree, element, "mode", wanted.mode, err) < 0 ||
        tree_set_attribute(tree, element, "bits", wanted.bits[0] ? wanted.bits : NULL, err) < 0 ||
        tree_set_attribute(tree, element, "limit", wanted.limit[0] ? wanted.limit : NULL, err) < 0)
        return -1;
    return 0;
}

static bool landed_phys_addr(const xmlNode *root, const struct guest_decision *decision) {
    struct phys_addr_attributes wanted = phys_addr_attributes(decision);
    const xmlNode *element = find(root, phys_addr_path);
    if (!only_one_has(element, "mode", wanted.mode))
        return false;
    const char *bits = tree_attribute(element, "bits"), *limit = tree_attribute(element, "limit");
    return strcmp(bits ? bits : "", wanted.bits) == 0 && strcmp(limit ? limit : "", wanted.limit) == 0;
}

/* --- pciHole64: <controller type="pci" index="0"><pcihole64>, libvirt 1.1.2 ------------------------------------- */

static bool is_root_bus(const xmlNode *controller) {
    return tree_attribute_is(controller, "type", "pci") &&
           (tree_attribute_is(controller, "model", "pcie-root") || tree_attribute_is(controller, "model", "pci-root"));
}

static xmlNode *find_root_bus(const xmlNode *root) {
    const xmlNode *devices = tree_child(root, "devices");
    xmlNode *controller = tree_child(devices, "controller");
    while (controller && !is_root_bus(controller))
        controller = tree_next(controller, "controller");
    return controller;
}

/* libvirt would add it by itself, with this model. */
static xmlNode *add_root_bus(struct tree *tree, xmlNode *root, const struct guest_decision *decision,
                             struct error *err) {
    xmlNode *devices = child_or_add(tree, root, "devices", err);
    xmlNode *controller =
        devices ? tree_insert_child(tree, devices, tree_child(devices, "controller"), "controller", err) : NULL;
    if (!controller || tree_set_attribute(tree, controller, "type", "pci", err) < 0 ||
        tree_set_attribute(tree, controller, "index", "0", err) < 0 ||
        tree_set_attribute(tree, controller, "model", decision->hole64_on_pcie ? "pcie-root" : "pci-root", err) < 0)
        return NULL;
    return controller;
}

static bool applies_hole64(const struct guest_decision *decision) {
    return decision->has_hole64;
}

static int apply_hole64(struct tree *tree, xmlNode *root, const struct guest_decision *decision, struct error *err) {
    char kib[24];
    xmlNode *controller = find_root_bus(root);
    if (!controller && !(controller = add_root_bus(tree, root, decision, err)))
        return -1;
    xmlNode *hole = child_or_add(tree, controller, "pcihole64", err);
    snprintf(kib, sizeof(kib), "%" PRIu64, decision->hole64_kib);
    if (!hole || tree_set_attribute(tree, hole, "unit", "KiB", err) < 0)
        return -1;
    tree_remove_seconds(tree, hole);
    return tree_set_text(tree, hole, kib, err);
}

static bool landed_hole64(const xmlNode *root, const struct guest_decision *decision) {
    char kib[24];
    const xmlNode *controller = find_root_bus(root), *hole = tree_child(controller, "pcihole64");
    snprintf(kib, sizeof(kib), "%" PRIu64, decision->hole64_kib);
    return only_one_has(hole, "unit", "KiB") && strcmp(tree_text(hole), kib) == 0;
}

/* --- ovmfMmio64: no libvirt element, which reserves the name: <qemu:commandline> -------------------------------- */

static bool applies_ovmf(const struct guest_decision *decision) {
    return decision->ovmf_mmio64_mib;
}

static int apply_ovmf(struct tree *tree, xmlNode *root, const struct guest_decision *decision, struct error *err) {
    (void)root;
    return qemu_set_ovmf_window(tree, decision->ovmf_mmio64_mib, err);
}

static bool landed_ovmf(const xmlNode *root, const struct guest_decision *decision) {
    return qemu_has_ovmf_window(root, decision->ovmf_mmio64_mib);
}

/* --- emulatedVideo: <video><model type="none"/>, libvirt 4.6.0 -------------------------------------------------- */

static bool applies_video(const struct guest_decision *decision) {
    return decision->remove_video;
}

static bool is_none(const xmlNode *video) {
    const xmlNode *model = tree_child(video, "model");
    return model && tree_attribute_is(model, "type", "none") && !tree_next(model, "model");
}

static xmlNode *find_none(const xmlNode *root) {
    for (xmlNode *list = tree_child(root, "devices"); list; list = tree_next(list, "devices"))
        for (xmlNode *video = tree_child(list, "video"); video; video = tree_next(video, "video"))
            if (is_none(video))
                return video;
    return NULL;
}

/* In the place of the first video. */
static xmlNode *add_none(struct tree *tree, xmlNode *root, struct error *err) {
    xmlNode *devices = child_or_add(tree, root, "devices", err);
    xmlNode *video = devices ? tree_insert_child(tree, devices, tree_child(devices, "video"), "video", err) : NULL;
    xmlNode *model = video ? tree_add_child(tree, video, "model", err) : NULL;
    return model && tree_set_attribute(tree, model, "type", "none", err) == 0 ? video : NULL;
}

static void remove_but(struct tree *tree, xmlNode *list, const char *name, const xmlNode *kept) {
    for (xmlNode *element = tree_child(list, name), *next; element; element = next) {
        next = tree_next(element, name);
        if (element != kept)
            tree_remove(tree, element);
    }
}

/* <graphics> goes too: libvirt adds a video to it. */
static int apply_video(struct tree *tree, xmlNode *root, const struct guest_decision *decision, struct error *err) {
    (void)decision;
    xmlNode *kept = find_none(root);
    if (!kept && !(kept = add_none(tree, root, err)))
        return -1;
    for (xmlNode *list = tree_child(root, "devices"); list; list = tree_next(list, "devices")) {
        remove_but(tree, list, "graphics", NULL);
        remove_but(tree, list, "video", kept);
    }
    return 0;
}

static bool landed_video(const xmlNode *root, const struct guest_decision *decision) {
    (void)decision;
    const xmlNode *kept = find_none(root);
    for (const xmlNode *list = tree_child(root, "devices"); list; list = tree_next(list, "devices")) {
        const xmlNode *video = tree_child(list, "video");
        if (tree_child(list, "graphics") || (video && (video != kept || tree_next(video, "video"))))
            return false;
    }
    return kept;
}

const struct guest_edit guest_edits[] = {
    {"hideHypervisor", applies_hidden, apply_hidden, landed_hidden},
    {"hypervVendorId", applies_vendor_id, apply_vendor_id, landed_vendor_id},
    {"ioapic", applies_ioapic, apply_ioapic, landed_ioapic},
    {"topoext", applies_topoext, apply_topoext, landed_topoext},
    {"maxPhysAddr", applies_phys_addr, apply_phys_addr, landed_phys_addr},
    {"pciHole64", applies_hole64, apply_hole64, landed_hole64},
    {"ovmfMmio64", applies_ovmf, apply_ovmf, landed_ovmf},
    {"emulatedVideo", applies_video, apply_video, landed_video},
};
const size_t guest_edit_count = sizeof(guest_edits) / sizeof(guest_edits[0]);
