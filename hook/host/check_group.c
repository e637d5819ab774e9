/* The IOMMU, and what else stands in the device's group and slot. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "host/check_result.h"

static int group_of(const struct checked *checked) {
    return checked->mdev ? checked->mdev->iommu_group : checked->function->device.iommu_group;
}

static int group_error_of(const struct checked *checked) {
    return checked->mdev ? checked->mdev->group_error : checked->function->device.group_error;
}

void check_iommu_group(const struct checked *checked, struct check_result *result) {
    const struct host_node *node = &checked->facts->node;
    int number = group_of(checked);
    if (number != HOST_GROUP_UNKNOWN) {
        const struct host_group *group = host_facts_group(checked->facts, number);
        if (!group || !group->is_unprotected) {
            say(result, VERDICT_PASS, "group %d%s%s", number, group && group->type[0] ? ", type " : "",
                group ? group->type : "");
            return;
        }
        say(result, VERDICT_FAIL, "group %d is VFIO's no-IOMMU mode, which QEMU does not use", number);
        advise(result, "turn VT-d or AMD-Vi on in the node's firmware, and vfio.enable_unsafe_noiommu_mode off");
        return;
    } else if (group_error_of(checked)) {
        say_unread(result, "iommu_group", group_error_of(checked), NULL);
        return;
    } else if (node->has_groups) {
        say(result, VERDICT_FAIL, "no link iommu_group, while the node has groups: no IOMMU covers it");
        advise(result,
               "take options that leave devices out (intel_iommu=igfx_off) from the kernel's command line, and see "
               "dmesg | grep -i -e DMAR -e AMD-Vi");
        return;
    } else if (node->is_partial) {
        say(result, VERDICT_UNKNOWN, "there is no folder kernel: this is no whole /sys");
        return;
    } else if (node->groups_error && node->groups_error != ENOENT) {
        say_unread(result, "kernel/iommu_groups", node->groups_error, NULL);
        return;
    } else {
        say(result, VERDICT_FAIL, "kernel/iommu_groups is empty: the IOMMU is off");
    }
    advise(result, "turn VT-d or AMD-Vi on in the node's firmware, and boot its kernel with intel_iommu=on (Intel)");
}

/* Linux drivers/vfio/vfio_main.c and, since 5.19, the drivers with driver_managed_dma: what may stand beside a device
 * that a VM has. */
static bool is_harmless(const struct host_function *member) {
    const char *driver = member->device.driver;
    return !driver[0] || host_driver_is_vfio(driver) || member->has_vfio_device || strcmp(driver, "pci-stub") == 0 ||
           strcmp(driver, "pcieport") == 0 || class_of(member) == CLASS_PCI_BRIDGE;
}

/* Nobody knows whether it is harmless. */
static bool is_unread(const struct host_function *member) {
    return member->device.state == HOST_UNKNOWN || (member->device.driver_error && !member->has_vfio_device);
}

/* NVIDIA's driver, where it has been built for vGPUs, leaves DMA to who manages it (driver_managed_dma in its
 * nv-pci.c): the physical function and its other virtual ones may stand beside a vGPU. */
static bool is_of_same_gpu(const struct host_function *function, const struct host_function *member) {
    if (!function->device.is_virtual || !function->device.has_physical ||
        strcmp(function->device.driver, "nvidia") != 0 || strcmp(member->device.driver, "nvidia") != 0)
        return false;
    return pci_address_equal(member->address, function->device.physical) ||
           (member->device.is_virtual && member->attributes[HOST_VGPU_TYPE].error != ENOENT);
}

struct culprits {
    size_t count;
    bool is_nodes; /* one is no part of the GPU: often a disk or the network of the node */
    char list[160], first[PCI_ADDRESS_TEXT_MAX];
};

static void add_culprit(struct culprits *culprits, const struct host_function *member,
                        const struct host_function *function) {
    char text[PCI_ADDRESS_TEXT_MAX];
    size_t size = strlen(culprits->list);
    const struct pci_id *id = &member->device.identity.id;
    pci_address_format(member->address, text);
    culprits->is_nodes = culprits->is_nodes || !belongs_to_gpu(function, member);
    if (culprits->count++ == 0)
        memcpy(culprits->first, text, sizeof(text));
    if (culprits->count <= 3)
        snprintf(culprits->list + size, sizeof(culprits->list) - size, "%s%s (%04x:%04x) is bound to %.24s",
                 culprits->count > 1 ? ", " : "", text, id->vendor, id->device, member->device.driver);
}

void check_group_viable(const struct checked *checked, struct check_result *result) {
    const struct host_function *function = checked->function;
    const struct host_group *group = host_facts_group(checked->facts, function->device.iommu_group);
    struct culprits culprits = {0};
    size_t unread = 0;
    if (!group && function->device.group_error) {
        say_unread(result, "iommu_group", function->device.group_error, NULL);
        return;
    }
    if (!group) {
        say(result, VERDICT_NOT_APPLICABLE, "it is in no IOMMU group");
        return;
    }
    if (group->error) {
        say_unread(result, "the members of its IOMMU group", group->error, NULL);
        return;
    }
    for (size_t i = 0; i < group->count; i++) {
        const struct host_function *member = host_facts_function(checked->facts, group->members[i]);
        if (pci_address_equal(group->members[i], function->address))
            continue;
        if (!member || is_unread(member))
            unread++;
        else if (member->device.state == HOST_PRESENT && !is_harmless(member) && !is_of_same_gpu(function, member))
            add_culprit(&culprits, member, function);
    }
    if (culprits.count) {
        say(result, VERDICT_FAIL, "group %d: %s%s", group->number, culprits.list,
            culprits.count > 3 ? ", and more" : "");
        if (culprits.is_nodes)
            advise(
                result,
                "turn ACS on in the node's firmware, or put the card into a slot with a group of its own; give vfio-pci "
                "only what the node can do without");
        else
            advise(result, "driverctl set-override %s vfio-pci%s", culprits.first,
                   culprits.count > 1 ? " (each of them)" : "");
    } else if (unread) {
        say(result, VERDICT_UNKNOWN, "group %d: %zu of %zu members cannot be read", group->number, unread,
            group->count);
    } else if (group->count <= 1) {
        say(result, VERDICT_PASS, "group %d has no other member", group->number);
    } else {
        say(result, VERDICT_PASS,
            "group %d: %zu other member%s without a driver, or with one that leaves the group to VMs", group->number,
            group->count - 1, group->count > 2 ? "s" : "");
    }
}

/* Linux drivers/vfio/vfio_iommu_type1.c: without remapping only the module's parameter lets a VM start. */
void check_iommu_remapping(const struct checked *checked, struct check_result *result) {
    const struct host_node *node = &checked->facts->node;
    const char *unsafe = node->unsafe_interrupts.text;
    if (checked->function->device.group_error)
        say_unread(result, "iommu_group", checked->function->device.group_error, NULL);
    else if (checked->function->device.iommu_group == HOST_GROUP_UNKNOWN)
        say(result, VERDICT_NOT_APPLICABLE, "no IOMMU covers it");
    else if (!checked->vm && makes_vgpus(checked->function) && !host_driver_is_vfio(checked->function->device.driver))
        say(result, VERDICT_NOT_APPLICABLE, "its vGPUs go to VMs");
    else if (node->remapping == HOST_REMAPPING_ON)
        say(result, VERDICT_PASS, "%s", node->remapping_seen);
    else if (node->remapping == HOST_REMAPPING_UNKNOWN)
        say(result, VERDICT_UNKNOWN, "kernel/irq names no I/O APIC");
    else if (unsafe && strcmp(unsafe, "Y") == 0)
        say(result, VERDICT_WARN,
            "%s is not remapped; allow_unsafe_interrupts is Y: a guest may raise any interrupt "
            "of the node",
            node->remapping_seen);
    else
        say(result, VERDICT_FAIL, "%s is not remapped", node->remapping_seen);
    if (result->verdict == VERDICT_FAIL || result->verdict == VERDICT_WARN)
        advise(result,
               "turn interrupt remapping (x2APIC, VT-d) on in the firmware, and intremap=off out of the kernel's "
               "command line%s",
               result->verdict == VERDICT_FAIL
                   ? "; or, where guests are trusted, vfio_iommu_type1.allow_unsafe_interrupts=1"
                   : "");
}

/* Of a VM: left behind by it. Of the node: kept by a driver of the node's. */
static bool stays_behind(const struct checked *checked, const struct host_function *sibling) {
    if (checked->vm)
        return !vm_has(checked, sibling->address);
    return !is_harmless(sibling);
}

void check_siblings(const struct checked *checked, struct check_result *result) {
    const struct host_function *function = checked->function;
    struct pci_address address = function->address;
    size_t count = 0, behind = 0, unread = 0;
    char list[120] = "", first[PCI_ADDRESS_TEXT_MAX], text[PCI_ADDRESS_TEXT_MAX];
    if (function->device.is_virtual) {
        say(result, VERDICT_NOT_APPLICABLE, "a virtual function");
        return;
    }
    for (address.function = 0; address.function < 8; address.function++) {
        const struct host_function *sibling = host_facts_function(checked->facts, address);
        if (!sibling || sibling == function || sibling->device.state != HOST_PRESENT ||
            !belongs_to_gpu(function, sibling))
            continue;
        count++;
        unread += !checked->vm && is_unread(sibling);
        if (!stays_behind(checked, sibling))
            continue;
        size_t size = strlen(list);
        pci_address_format(address, text);
        if (behind++ == 0)
            memcpy(first, text, sizeof(text));
        snprintf(list + size, sizeof(list) - size, "%s%s (%04x:%04x)", size ? ", " : "", text,
                 sibling->device.identity.id.vendor, sibling->device.identity.id.device);
    }
    if (count == 0)
        say(result, VERDICT_NOT_APPLICABLE, "the slot has no other function of the GPU's");
    else if (behind == 0 && unread)
        say(result, VERDICT_UNKNOWN, "of %zu other functions of the GPU the driver cannot be read", unread);
    else if (behind == 0)
        say(result, VERDICT_PASS,
            checked->vm ? "the VM has all functions of the GPU" : "no driver of the node's keeps one");
    else if (checked->vm) {
        say(result, VERDICT_WARN, "left behind in the slot: %s", list);
        advise(result, "request them as devices of the VM%s",
               is_amd_apu(function) ? "" : ", or say \"companions\": \"slot\"");
    } else {
        say(result, VERDICT_WARN, "kept by the node's drivers: %s", list);
        advise(result, "driverctl set-override %s vfio-pci%s", first, behind > 1 ? " (each of them)" : "");
    }
}
