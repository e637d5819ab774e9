/* ROM, BARs, and the address spaces that they are seen in. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/check_result.h"
#include "host/window.h"

enum { GIB_IN_KIB = 1 << 20 };

/* --- ROM and boot display ------------------------------------------------------------------------------------ */

static bool is_display(const struct host_function *function) {
    return class_of(function) == CLASS_VGA || class_of(function) == CLASS_DISPLAY_OTHER;
}

void check_rom_available(const struct checked *checked, struct check_result *result) {
    const struct host_function *function = checked->function;
    /* A boot display without a ROM BAR has a file "rom" all the same: the shadow of what the firmware ran. */
    bool has_bar =
        function->bars_error ? function->rom_error == 0 : function->bars.rom.size > 0 && !function->bars.rom.is_shadow;
    const struct pci_id *id = &function->device.identity.id;
    if (function->device.is_virtual || !is_display(function))
        say(result, VERDICT_NOT_APPLICABLE, "no display controller: its driver needs no ROM");
    else if (checked->rom == CHECKED_ROM_GIVEN)
        say(result, VERDICT_PASS, "the VM gives it a ROM file");
    else if (checked->rom == CHECKED_ROM_UNWANTED)
        say(result, VERDICT_NOT_APPLICABLE, "the VM wants no ROM file");
    else if (has_bar)
        say(result, VERDICT_PASS, "rom: the device has a ROM BAR");
    else if (function->bars_error && function->rom_error != ENOENT)
        say_unread(result, "rom", function->rom_error, NULL);
    else if (checked->rom == CHECKED_ROM_OF_NODE)
        say(result, VERDICT_NOT_APPLICABLE, "no ROM BAR: its ROM must come from a bundle");
    else if (is_amd_apu(function)) {
        say(result, VERDICT_FAIL, "no ROM BAR, and no bundle has a ROM for it: the guest's amdgpu finds no BIOS ROM");
        advise(result, "kubevirt-gpu-hook rom extract --vfct on the node, then bundle add");
    } else if (id->vendor == VENDOR_AMD || id->vendor == VENDOR_NVIDIA) {
        say(result, VERDICT_WARN, "no ROM BAR, and no bundle has a ROM for it: the guest may show nothing");
        advise(result, "add its VBIOS to the bundle (bundle add)");
    } else {
        say(result, VERDICT_PASS, "no ROM BAR; its drivers do without");
    }
}

/* The framebuffer that lies in this device's memory, or NULL. Older kernels do not tell whose it is: then it is the
 * boot display's. */
static const struct host_framebuffer *framebuffer_of(const struct checked *checked, bool is_boot_display) {
    const struct host_node *node = &checked->facts->node;
    for (size_t i = 0; i < node->framebuffer_count; i++) {
        const struct host_framebuffer *framebuffer = &node->framebuffers[i];
        if (framebuffer->has_owner ? pci_address_equal(framebuffer->owner, checked->function->address)
                                   : is_boot_display)
            return framebuffer;
    }
    return NULL;
}

void check_boot_framebuffer(const struct checked *checked, struct check_result *result) {
    const char *boot = text_of(checked->function, HOST_BOOT_VGA);
    bool is_boot_display = boot && strcmp(boot, "1") == 0;
    const struct host_framebuffer *framebuffer = framebuffer_of(checked, is_boot_display);
    if (framebuffer) {
        say(result, VERDICT_FAIL, "%s still holds its BAR: the node's console is on this GPU", framebuffer->driver);
        advise(result,
               "bind it to vfio-pci anew (Linux 6.0 and later takes the console away then), or boot the node with "
               "initcall_blacklist=sysfb_init, or on another GPU");
    } else if (!boot) {
        say_unread(result, "boot_vga", checked->function->attributes[HOST_BOOT_VGA].error, "no VGA controller");
    } else if (is_boot_display && checked->rom != CHECKED_ROM_GIVEN && checked->rom != CHECKED_ROM_UNWANTED) {
        say(result, VERDICT_WARN, "boot_vga: 1: what its ROM BAR shows may be a copy that ran and changed");
        advise(result, "give it a clean ROM by a bundle, or boot the node on another GPU");
    } else {
        say(result, VERDICT_PASS, "boot_vga: %.8s%s", boot, is_boot_display ? ", and no framebuffer holds it" : "");
    }
}

/* --- BARs ---------------------------------------------------------------------------------------------------- */

/* PCI Local Bus Specification 3.0, 6.2.5.1: bit 0 is set for ports, bits 2:1 are 10 where the next register holds the
 * upper half; the bits are there whether or not an address is assigned. */
enum { CONFIG_BARS = 0x10, BAR_IS_PORT = 1, BAR_64BIT = 4, BAR_TYPE_BITS = 0xf };

/* The BAR that has no address, or -1. Ports are not counted: nobody needs them, and servers run out of them. */
static int find_unassigned(const struct host_function *function, const char **seen) {
    for (int i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &function->bars.list[i];
        const uint8_t *low = function->config + CONFIG_BARS + 4 * i;
        bool knows_register = !function->config_error && !function->device.is_virtual;
        if (bar->is_memory && (bar->is_unset || bar->start == 0)) {
            *seen = "the kernel found no address for it";
            return i;
        }
        if (bar->size == 0 && knows_register && !(*low & BAR_IS_PORT) && (*low & BAR_TYPE_BITS)) {
            *seen = "its register is there, its line in resource is empty";
            return i;
        }
        i += knows_register && !(*low & BAR_IS_PORT) && (*low & BAR_64BIT);
    }
    return -1;
}

void check_bar_assigned(const struct checked *checked, struct check_result *result) {
    const struct host_function *function = checked->function;
    const char *seen = NULL;
    if (function->bars_error) {
        say_unread(result, "resource", function->bars_error, NULL);
        return;
    }
    if (!function->config_error && is_all_ones(function)) {
        say(result, VERDICT_NOT_APPLICABLE, "it does not answer: see config-space");
        return;
    }
    int bar = find_unassigned(function, &seen);
    if (bar < 0) {
        say(result, VERDICT_PASS, "resource: every BAR of memory has an address");
        return;
    }
    say(result, VERDICT_FAIL, "BAR %d: %s: the guest would see \"BAR%d is 0M\"", bar, seen, bar);
    advise(result, "turn \"Above 4G Decoding\" on in the node's firmware; if that is not enough, boot its kernel with "
                   "pci=realloc");
}

/* "512 GiB", or MiB where that is no whole number. Returns `text`. */
#define SIZE_TEXT_MAX 32
static const char *size_text(uint64_t kib, char text[SIZE_TEXT_MAX]) {
    const bool whole = kib % GIB_IN_KIB == 0;
    snprintf(text, SIZE_TEXT_MAX, "%" PRIu64 " %s", kib / (whole ? GIB_IN_KIB : 1024), whole ? "GiB" : "MiB");
    return text;
}

void check_bar_window(const struct checked *checked, struct check_result *result) {
    const struct host_function *function = checked->function;
    const struct checked_vm *vm = checked->vm;
    uint64_t own = function->bars_error ? 0 : window_needed(&function->bars, 1);
    char needed[SIZE_TEXT_MAX], there[SIZE_TEXT_MAX];
    if (own == 0)
        say(result, VERDICT_NOT_APPLICABLE,
            function->bars_error ? "resource cannot be read: see bar-assigned" : "it has no 64-bit BAR");
    else if (!vm || !vm->has_guest)
        say(result, VERDICT_NOT_APPLICABLE, "a guest's firmware needs a window of %s for it%s", size_text(own, needed),
            own > WINDOW_DEFAULT_KIB ? ", more than the 32 GiB of its default" : "");
    else if (vm->window_least_kib == 0)
        say(result, VERDICT_NOT_APPLICABLE, "the guest's firmware has no limit that is known");
    else if (!vm->knows_bars)
        say(result, VERDICT_UNKNOWN, "the BARs of the VM's other devices cannot be read");
    else if (vm->needed_kib <= vm->window_least_kib)
        say(result, VERDICT_PASS, "the VM's devices need %s, the guest's window has %s",
            size_text(vm->needed_kib, needed), size_text(vm->window_least_kib, there));
    else if (vm->bars_kib <= vm->window_most_kib)
        say(result, VERDICT_WARN, "the VM's 64-bit BARs need a window of %s, the guest's has perhaps only %s",
            size_text(vm->needed_kib, needed), size_text(vm->window_least_kib, there));
    else
        say(result, VERDICT_FAIL, "the VM's 64-bit BARs take %s, the guest's window has %s",
            size_text(vm->bars_kib, needed), size_text(vm->window_most_kib, there));
    if (result->verdict == VERDICT_WARN || result->verdict == VERDICT_FAIL)
        advise(result, "\"guest\": {\"ovmfMmio64\": \"auto\"}, with cpu.model host-passthrough");
}

/* --- where the device is ------------------------------------------------------------------------------------- */

void check_iommu_width(const struct checked *checked, struct check_result *result) {
    unsigned bits = host_iommu_width(checked->function);
    if (bits == 0) {
        say(result, VERDICT_NOT_APPLICABLE, "its IOMMU does not tell (only Intel's does)");
        return;
    }
    /* Memory has a hole of 1 GiB at least below 4 GiB (QEMU hw/i386/pc_piix.c, pc_q35.c). */
    if (!checked->vm || !checked->vm->has_guest || checked->vm->memory_kib + GIB_IN_KIB <= UINT64_C(1) << (bits - 10)) {
        say(result, VERDICT_PASS, "intel-iommu/cap: %u bits", bits);
        return;
    }
    say(result, VERDICT_FAIL, "intel-iommu/cap: %u bits, and the guest has %" PRIu64 " GiB of memory", bits,
        checked->vm->memory_kib / GIB_IN_KIB);
    advise(result, "give the VM less memory, or run it on another node");
}

/* Is there a CPU that both lists have? "0-3,8": Linux Documentation/admin-guide/cputopology.rst. */
static bool lists_meet(const char *a, const char *b) {
    for (const char *at = a; *at;) {
        char *end;
        unsigned long first = strtoul(at, &end, 10), last = first;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        for (const char *other = b; *other;) {
            char *other_end;
            unsigned long low = strtoul(other, &other_end, 10), high = low;
            if (*other_end == '-')
                high = strtoul(other_end + 1, &other_end, 10);
            if (first <= high && low <= last)
                return true;
            other = other_end + strcspn(other_end, ",");
            other += *other == ',';
        }
        at = end + strcspn(end, ",");
        at += *at == ',';
    }
    return false;
}

void check_numa(const struct checked *checked, struct check_result *result) {
    const struct host_function *function = checked->function;
    const char *node = text_of(function, HOST_NUMA_NODE), *cpus = text_of(function, HOST_LOCAL_CPULIST);
    if (!node) {
        say_unread(result, "numa_node", function->attributes[HOST_NUMA_NODE].error, "the kernel knows no nodes");
    } else if (node[0] == '-') {
        say(result, VERDICT_NOT_APPLICABLE, "numa_node: -1: the node has one, or its firmware does not tell");
    } else if (!checked->vm || !checked->vm->has_guest) {
        say(result, VERDICT_PASS, "numa_node: %.8s", node);
    } else if (!checked->vm->cpus[0]) {
        say(result, VERDICT_NOT_APPLICABLE, "numa_node: %.8s; the VM's vCPUs are not pinned", node);
    } else if (!cpus || !cpus[0]) {
        say_unread(result, "local_cpulist", cpus ? EINVAL : function->attributes[HOST_LOCAL_CPULIST].error, NULL);
    } else if (checked->vm->cpus[strspn(checked->vm->cpus, "0123456789,-")]) {
        say(result, VERDICT_UNKNOWN, "numa_node: %.8s; how vCPUs are pinned (%.40s) is not understood", node,
            checked->vm->cpus);
    } else if (lists_meet(cpus, checked->vm->cpus)) {
        say(result, VERDICT_PASS, "numa_node: %.8s, where vCPUs are pinned", node);
    } else {
        say(result, VERDICT_WARN, "numa_node: %.8s (CPUs %.40s), and all vCPUs are pinned elsewhere (%.40s)", node,
            cpus, checked->vm->cpus);
        advise(result, "kubelet: topologyManagerPolicy single-numa-node, with dedicatedCpuPlacement in the VM");
    }
}
