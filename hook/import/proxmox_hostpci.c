#include "import/proxmox_hostpci.h"

#include <stdio.h>
#include <string.h>

#include "import/cpu.h"
#include "import/proxmox_mapping.h"
#include "import/qemu_args.h"
#include "import/words.h"

#define ROM_FOLDER "/usr/share/kvm/" /* where Proxmox looks for "romfile" */

/* What one hostpci says. */
struct hostpci {
    const char *key;
    const char *host, *mapping, *romfile, *mdev, *driver;
    bool pcie, x_vga, legacy_igd, no_rom_bar;
    const char *ids[4];
};

static const char *const id_keys[] = {"vendor-id", "device-id", "sub-vendor-id", "sub-device-id"};

static int read_text(struct hostpci *hostpci, const char *key, const char *value) {
    const struct {
        const char *name;
        const char **place;
    } texts[] = {{"host", &hostpci->host},       {"mapping", &hostpci->mapping}, {"romfile", &hostpci->romfile},
                 {"mdev", &hostpci->mdev},       {"driver", &hostpci->driver},   {id_keys[0], &hostpci->ids[0]},
                 {id_keys[1], &hostpci->ids[1]}, {id_keys[2], &hostpci->ids[2]}, {id_keys[3], &hostpci->ids[3]}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (strcmp(key, texts[i].name) == 0) {
            *texts[i].place = value;
            return 0;
        }
    return -1;
}

static int read_flag(struct hostpci *hostpci, const char *key, bool on) {
    const struct {
        const char *name;
        bool *place;
    } flags[] = {{"pcie", &hostpci->pcie}, {"x-vga", &hostpci->x_vga}, {"legacy-igd", &hostpci->legacy_igd}};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (strcmp(key, flags[i].name) == 0) {
            *flags[i].place = on;
            return 0;
        }
    if (strcmp(key, "rombar") != 0)
        return -1;
    hostpci->no_rom_bar = !on;
    return 0;
}

static int parse(struct import_vm *vm, struct hostpci *hostpci, char *value, struct error *err) {
    char *property, *of;
    bool on;
    while ((property = next_property(&value, &of))) {
        if (!of && !hostpci->host) /* the default key */
            hostpci->host = property;
        else if (!of || *of == '\0')
            return error_set(err, ERROR_INPUT, "%s: \"%s\" has no value", hostpci->key, property);
        else if (read_text(hostpci, property, of) == 0 ||
                 (parse_flag(of, &on) == 0 && read_flag(hostpci, property, on) == 0))
            continue;
        else
            import_note(vm, "%s: %s=%s has no counterpart", hostpci->key, property, of);
    }
    if (!hostpci->host == !hostpci->mapping)
        return error_set(err, ERROR_INPUT, "%s: it needs \"host\" or \"mapping\", and not both", hostpci->key);
    return 0;
}

/* --- its devices -------------------------------------------------------------------------------------------------- */

/* "01:00" is a slot with all its functions. */
static int parse_address(const char *text, struct pci_address *address, bool *whole_slot) {
    char whole[PCI_ADDRESS_TEXT_MAX];
    *whole_slot = !strchr(text, '.');
    if (!*whole_slot)
        return pci_address_parse(text, address);
    return snprintf(whole, sizeof(whole), "%s.0", text) < (int)sizeof(whole) ? pci_address_parse(whole, address) : -1;
}

/* Adds the devices of "01:00.0;01:00.1". *first is the one that the options are for. */
static int add_devices(struct import_vm *vm, const struct hostpci *hostpci, const char *list,
                       struct import_device **first, bool *whole_slot, size_t *count, struct error *err) {
    CLEANUP(free) char *copy = strdup(list);
    char *rest = copy, *text, name[LABEL_MAX + 1];
    if (!copy)
        return error_no_memory(err);
    for (*count = 0, *whole_slot = false; (text = strsep(&rest, ";")); (*count)++) {
        bool is_whole;
        struct pci_address address;
        if (parse_address(text, &address, &is_whole) < 0)
            return error_set(err, ERROR_INPUT, "%s: \"%s\" is no address as 0000:01:00.0 or 01:00", hostpci->key, text);
        snprintf(name, sizeof(name), *count ? "%s-%zu" : "%s", hostpci->key, *count);
        struct import_device *device = import_add_device(vm, name, err);
        if (!device)
            return -1;
        device->has_address = true;
        device->address = address;
        if (*count == 0)
            *first = device;
        *whole_slot = *whole_slot || is_whole;
    }
    return 0;
}

static void put_together(struct import_vm *vm, const struct hostpci *hostpci, struct import_device *first,
                         size_t count) {
    bool same_slot = first->address.function == 0;
    for (size_t i = 1; i < count; i++)
        same_slot = same_slot && pci_address_same_slot(first->address, first[i].address);
    for (size_t i = 0; i < count && same_slot; i++)
        import_option(vm, &first[i], "layout", json_string("multifunction"));
    if (!same_slot)
        import_note(vm,
                    "%s: Proxmox makes one device of these functions for the guest; they do not make up a slot of the "
                    "host, so each gets a root port of its own",
                    hostpci->key);
}

static int find_mapped(struct import_vm *vm, const struct proxmox_machine *machine, const struct hostpci *hostpci,
                       struct mapping_found *found, struct error *err) {
    if (proxmox_mapping_find(machine->mapping, hostpci->mapping, machine->node, found, err) < 0)
        return error_prefix(err, "%s", hostpci->key);
    if (machine->mapping.size == 0)
        import_note(vm, "%s: which device the mapping \"%s\" is, /etc/pve/mapping/pci.cfg says: give it with --mapping",
                    hostpci->key, hostpci->mapping);
    else if (!found->has_device)
        import_note(vm, "%s: the mapping \"%s\" %s%s", hostpci->key, hostpci->mapping,
                    found->has_section ? "has no device of the node " : "is not in the file of --mapping",
                    found->has_section ? machine->node : "");
    else if (found->others)
        import_note(vm,
                    "%s: the mapping \"%s\" has more devices (%zu): give them all one resource of the device plugin, "
                    "and KubeVirt takes a free one",
                    hostpci->key, hostpci->mapping, found->others);
    return 0;
}

static int make_devices(struct import_vm *vm, const struct proxmox_machine *machine, const struct hostpci *hostpci,
                        struct import_device **first, struct error *err) {
    struct mapping_found found = {0};
    bool whole_slot = false;
    size_t count = 0;
    const char *list = hostpci->host;
    if (hostpci->mapping) {
        if (find_mapped(vm, machine, hostpci, &found, err) < 0)
            return -1;
        list = found.has_device ? found.device.path : NULL;
    }
    if (list && add_devices(vm, hostpci, list, first, &whole_slot, &count, err) < 0)
        return -1;
    if (!list && !(*first = import_add_device(vm, hostpci->key, err)))
        return -1;
    if (hostpci->mapping)
        import_set_text(vm, &(*first)->mapping, hostpci->mapping);
    if (found.has_device && found.device.has_id) {
        (*first)->has_id = true;
        (*first)->id = found.device.id;
        (*first)->has_subsystem = found.device.has_subsystem;
        (*first)->subsystem = found.device.subsystem;
    }
    if (whole_slot) {
        import_option(vm, *first, "layout", json_string("multifunction"));
        import_option(vm, *first, "companions", json_string("slot"));
    } else if (count > 1) {
        put_together(vm, hostpci, *first, count);
    }
    return 0;
}

/* --- its options -------------------------------------------------------------------------------------------------- */

static void read_rom(struct import_vm *vm, const struct hostpci *hostpci, struct import_device *device) {
    CLEANUP(buffer_free) struct buffer path = {0};
    if (hostpci->mdev && (hostpci->romfile || hostpci->no_rom_bar)) {
        import_note(vm, "%s: a mediated device has no ROM: romfile and rombar are left out", hostpci->key);
        return;
    }
    if (hostpci->no_rom_bar && hostpci->romfile)
        import_note(vm,
                    "%s: rombar=0 hides the ROM of romfile from the guest's drivers; take it out if the GPU is dead",
                    hostpci->key);
    if (hostpci->no_rom_bar)
        import_option(vm, device, "romBar", json_string("off"));
    if (hostpci->romfile) {
        buffer_printf(&path, "%s%s", hostpci->romfile[0] == '/' ? "" : ROM_FOLDER, hostpci->romfile);
        if (path.failed)
            vm->failed = true;
        else
            import_vfio_property(vm, device, hostpci->key, "romfile", path.data);
    }
}

/* "x-vga" is more than QEMU's option: the VM has no other display unless somebody says so, and sees no KVM. */
static void read_x_vga(struct import_vm *vm, const struct proxmox_machine *machine, const struct hostpci *hostpci,
                       struct import_device *device) {
    if (!hostpci->x_vga)
        return;
    device->is_gpu = true;
    if (!machine->is_ovmf)
        import_option(vm, device, "xVga", json_string("on"));
    import_hide_kvm(vm);
    if (machine->is_windows)
        import_hyperv_vendor(vm, hostpci->key, "proxmox");
    if (!machine->has_vga)
        import_domain(vm, "devices.autoattachGraphicsDevice", json_false());
}

static void read_options(struct import_vm *vm, const struct proxmox_machine *machine, const struct hostpci *hostpci,
                         struct import_device *device) {
    char property[32];
    read_rom(vm, hostpci, device);
    read_x_vga(vm, machine, hostpci, device);
    if (hostpci->mdev)
        import_set_mdev_type(vm, device, hostpci->mdev);
    device->is_gpu = device->is_gpu || hostpci->legacy_igd || hostpci->romfile;
    if (hostpci->legacy_igd)
        import_option_part(vm, device, "igd", "mode", json_string("legacy"));
    for (size_t i = 0; i < sizeof(id_keys) / sizeof(id_keys[0]); i++) {
        snprintf(property, sizeof(property), "x-pci-%s", id_keys[i]);
        if (hostpci->ids[i])
            import_vfio_property(vm, device, hostpci->key, property, hostpci->ids[i]);
    }
    if (!hostpci->pcie && machine->is_q35)
        import_note(vm, "%s: without pcie=1 it stood on a bus of conventional PCI; KubeVirt gives it a root port",
                    hostpci->key);
    if (hostpci->driver && strcmp(hostpci->driver, "vfio") != 0)
        import_note(vm,
                    "%s: driver=%s: KubeVirt never binds drivers; the node has to have the right one before the VM "
                    "starts (\"kubevirt-gpu-hook check\" tells)",
                    hostpci->key, hostpci->driver);
}

int proxmox_read_hostpci(struct import_vm *vm, const struct proxmox_machine *machine, const char *key, char *value,
                         struct error *err) {
    struct hostpci hostpci = {.key = key};
    struct import_device *first = NULL;
    if (parse(vm, &hostpci, value, err) < 0 || make_devices(vm, machine, &hostpci, &first, err) < 0)
        return -1;
    read_options(vm, machine, &hostpci, first);
    return import_check(vm, err);
}
