#include "domain/read_guest.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "domain/address.h"
#include "domain/qemu.h"

bool hostdev_is_passthrough(const xmlNode *element) {
    const char *mode = tree_attribute(element, "mode");
    return strcmp((const char *)element->name, "hostdev") == 0 && !element->ns &&
           (tree_attribute_is(element, "type", "pci") || tree_attribute_is(element, "type", "mdev")) &&
           (!mode || strcmp(mode, "subsystem") == 0);
}

const xmlNode *alias_find(const xmlNode *root, const char *alias, const xmlNode *own) {
    for (const xmlNode *list = tree_child(root, "devices"); list; list = tree_next(list, "devices"))
        for (const xmlNode *element = xmlFirstElementChild((xmlNode *)list); element;
             element = xmlNextElementSibling((xmlNode *)element)) {
            const xmlNode *name = element == own ? NULL : tree_child(element, "alias");
            if (name && tree_attribute_is(name, "name", alias))
                return element;
        }
    return NULL;
}

/* UEFI is told by firmware="efi", by a flash loader, or by the name of a loader that holds code and variables in one.
 */
static enum firmware read_firmware(const xmlNode *os) {
    const xmlNode *loader = tree_child(os, "loader");
    const char *firmware = tree_attribute(os, "firmware");
    if (firmware)
        return strcmp(firmware, "efi") == 0 ? FIRMWARE_UEFI : FIRMWARE_BIOS;
    if (!loader)
        return FIRMWARE_BIOS;
    if (tree_attribute_is(loader, "type", "pflash"))
        return FIRMWARE_UEFI;
    const char *path = tree_text(loader);
    return strcasestr(path, "OVMF") || strstr(path, "AAVMF") || strstr(path, "edk2") ? FIRMWARE_UEFI : FIRMWARE_BIOS;
}

/* "q35", "pc-q35-rhel9.6.0", "pc", "pc-i440fx-9.0", "virt", "virt-9.0" */
static enum chipset read_chipset(const xmlNode *type) {
    const char *machine = tree_attribute(type, "machine");
    if (!machine)
        return CHIPSET_OTHER;
    if (strcmp(machine, "q35") == 0 || strncmp(machine, "pc-q35-", strlen("pc-q35-")) == 0)
        return CHIPSET_Q35;
    if (strcmp(machine, "pc") == 0 || strncmp(machine, "pc-i440fx-", strlen("pc-i440fx-")) == 0)
        return CHIPSET_I440FX;
    return strcmp(machine, "virt") == 0 || strncmp(machine, "virt-", strlen("virt-")) == 0 ? CHIPSET_VIRT
                                                                                           : CHIPSET_OTHER;
}

/* How many bytes the unit means, of either case; 0: it is none. libvirt src/util/virutil.c (virScaleInteger). */
static uint64_t unit_bytes(const char *unit) {
    static const char powers[] = "kmgtpe";
    if (strcasecmp(unit, "b") == 0 || strcasecmp(unit, "byte") == 0 || strcasecmp(unit, "bytes") == 0)
        return 1;
    const char *power = *unit ? strchr(powers, tolower((unsigned char)*unit)) : NULL;
    bool binary = power && (!unit[1] || strcasecmp(unit + 1, "ib") == 0);
    if (!power || (!binary && strcasecmp(unit + 1, "b") != 0))
        return 0;
    uint64_t bytes = 1;
    for (const char *i = powers; i <= power; i++)
        bytes *= binary ? 1024 : 1000;
    return bytes;
}

uint64_t guest_read_kib(const char *text, const char *unit) {
    uint64_t bytes = unit_bytes(unit && *unit ? unit : "KiB");
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno || end == text || bytes == 0 || number > UINT64_MAX / bytes)
        return 0;
    return (uint64_t)number * bytes / 1024;
}

static uint64_t read_memory(const xmlNode *element) {
    return element ? guest_read_kib(tree_text(element), tree_attribute(element, "unit")) : 0;
}

static bool needs_split_ioapic(const xmlNode *root, const xmlNode *devices) {
    for (const xmlNode *iommu = tree_child(devices, "iommu"); iommu; iommu = tree_next(iommu, "iommu")) {
        const xmlNode *driver = tree_child(iommu, "driver");
        if (tree_attribute_is(driver, "intremap", "on") || tree_attribute_is(driver, "eim", "on"))
            return true;
    }
    const xmlNode *vcpu = tree_child(root, "vcpu");
    return vcpu && strtoul(tree_text(vcpu), NULL, 10) > 255;
}

static void read_video(const xmlNode *devices, struct guest *guest) {
    /* Of libvirt's models, those that are VGA controllers in an x86 guest (src/qemu/qemu_command.c, the primary's). */
    static const char *const vga[] = {"vga", "cirrus", "vmvga", "qxl", "virtio"};
    for (const xmlNode *video = tree_child(devices, "video"); video; video = tree_next(video, "video")) {
        const char *model = tree_attribute(tree_child(video, "model"), "type");
        guest->has_ramfb = guest->has_ramfb || (model && strcmp(model, "ramfb") == 0);
        guest->has_vga = guest->has_vga || (model && text_choice(model, vga, sizeof(vga) / sizeof(vga[0])) >= 0);
    }
}

static void read_controller(const xmlNode *controller, struct guest *guest) {
    static const char *const narrow[] = {"pci-root", "pcie-root", "pcie-root-port", "pcie-switch-downstream-port"};
    static const char *const bridges[] = {"pci-bridge", "pcie-to-pci-bridge", "dmi-to-pci-bridge"};
    const char *index = tree_attribute(controller, "index"), *model = tree_attribute(controller, "model");
    const xmlNode *hole = tree_child(controller, "pcihole64");
    if (!tree_attribute_is(controller, "type", "pci"))
        return;
    if (hole) {
        guest->has_hole64 = true;
        guest->hole64_kib = read_memory(hole);
    }
    unsigned long bus = index ? strtoul(index, NULL, 10) : 0;
    if (model && bus < 256 && text_choice(model, narrow, sizeof(narrow) / sizeof(narrow[0])) < 0)
        guest->has_wide_bus[bus] = true;
    if (model && bus < 256 && text_choice(model, bridges, sizeof(bridges) / sizeof(bridges[0])) >= 0)
        guest->has_pci_bridge[bus] = true;
}

static int add_taken(struct guest *guest, const xmlNode *element, struct pci_address address, struct error *err) {
    struct taken_address *taken = reallocarray(guest->taken, guest->taken_count + 1, sizeof(*taken));
    const xmlNode *alias = tree_child(element, "alias");
    const char *name = tree_attribute(alias, "name");
    char storage[QUOTED_MAX];
    if (!taken)
        return error_no_memory(err);
    guest->taken = taken;
    taken[guest->taken_count].address = address;
    snprintf(taken[guest->taken_count].owner, TAKEN_OWNER_MAX, "%.16s %s", (const char *)element->name,
             name ? text_quotable(name, storage) : "without alias");
    guest->taken_count++;
    return 0;
}

static int read_devices(const xmlNode *devices, struct guest *guest, struct error *err) {
    for (const xmlNode *element = xmlFirstElementChild((xmlNode *)devices); element;
         element = xmlNextElementSibling((xmlNode *)element)) {
        struct pci_address address;
        if (hostdev_is_passthrough(element))
            continue;
        if (strcmp((const char *)element->name, "controller") == 0)
            read_controller(element, guest);
        if (address_of_guest(element, &address) && add_taken(guest, element, address, err) < 0)
            return -1;
    }
    return 0;
}

/* The cpusets of all <vcpupin>, one behind the other. */
static int read_pinned_cpus(const xmlNode *root, struct guest *guest, struct error *err) {
    CLEANUP(buffer_free) struct buffer cpus = {0};
    const xmlNode *tune = tree_child(root, "cputune");
    for (const xmlNode *pin = tree_child(tune, "vcpupin"); pin; pin = tree_next(pin, "vcpupin")) {
        const char *set = tree_attribute(pin, "cpuset");
        if (set && *set)
            buffer_printf(&cpus, "%s%s", cpus.size ? "," : "", set);
    }
    guest->pinned_cpus = TAKE_PTR(cpus.data);
    return buffer_check(&cpus, err);
}

int guest_read(const xmlNode *root, struct guest *guest, struct error *err) {
    *guest = (struct guest){0};
    const xmlNode *os = tree_child(root, "os"), *type = tree_child(os, "type"), *cpu = tree_child(root, "cpu");
    const xmlNode *devices = tree_child(root, "devices"), *maximum = tree_child(root, "maxMemory");
    const char *arch = tree_attribute(type, "arch");
    guest->firmware = read_firmware(os);
    guest->machine = arch ? guest_machine_parse(arch) : GUEST_ANY;
    guest->chipset = read_chipset(type);
    guest->memory_at_start_kib = read_memory(tree_child(root, "memory"));
    guest->memory_kib = maximum ? read_memory(maximum) : guest->memory_at_start_kib;
    guest->has_cpu = cpu && (tree_attribute(cpu, "mode") || tree_child(cpu, "model"));
    guest->has_phys_addr = tree_child(cpu, "maxphysaddr");
    guest->cpu_passthrough = tree_attribute_is(cpu, "mode", "host-passthrough");
    guest->needs_split_ioapic = needs_split_ioapic(root, devices);
    guest->has_hyperv_passthrough =
        tree_attribute_is(tree_child(tree_child(root, "features"), "hyperv"), "mode", "passthrough");
    guest->hides_hypervisor =
        tree_attribute_is(tree_child(tree_child(tree_child(root, "features"), "kvm"), "hidden"), "state", "on");
    guest->has_ovmf_mmio64 = qemu_find_ovmf_window(root);
    if (read_pinned_cpus(root, guest, err) < 0)
        return -1;
    for (const xmlNode *list = devices; list; list = tree_next(list, "devices"))
        if (read_devices(list, guest, err) < 0)
            return -1;
    for (const xmlNode *list = devices; list; list = tree_next(list, "devices")) {
        guest->has_graphics = guest->has_graphics || tree_child(list, "graphics");
        read_video(list, guest);
    }
    return 0;
}

void guest_free(struct guest *guest) {
    free(guest->taken);
    free(guest->pinned_cpus);
    *guest = (struct guest){0};
}
