/* Where the devices stood in the guest, and how they came there. */
#include <string.h>

#include "import/libvirt_parts.h"

static const struct pci_address igd_address = {.slot = 2}; /* of every Intel iGPU, on the host; in the guest by habit */

/* --- Intel's iGPU ------------------------------------------------------------------------------------------------- */

/* QEMU's own condition for legacy mode (docs/igd-assign.txt), or what the arguments ask for. */
static void read_igd(struct libvirt_reading *reading, size_t index) {
    struct import_vm *vm = reading->vm;
    struct import_device *device = &vm->devices[index];
    const struct libvirt_place *place = &reading->places[index];
    const bool is_pci = device->has_address && !import_is_mdev(device);
    const bool is_placed = place->is_given && pci_address_equal(place->address, igd_address);
    const bool is_igd = is_pci && pci_address_equal(device->address, igd_address);
    const bool is_legacy =
        is_igd && is_placed && reading->guest.chipset == CHIPSET_I440FX && reading->guest.firmware != FIRMWARE_UEFI;
    if (is_legacy || json_object_get(device->options, "igd")) {
        device->is_gpu = true;
        import_option_part(vm, device, "igd", "mode", json_string(is_legacy ? "legacy" : "upt"));
    } else if (is_igd) {
        import_note(vm,
                    "%s: 0000:00:02.0 is where Intel's iGPUs are: if it is one, say \"igd\": \"upt\" of it, and its "
                    "drivers find the display outputs",
                    device->name);
    }
    if (is_igd && is_placed && !is_legacy)
        import_option(vm, device, "guestAddress", json_string("0000:00:02.0"));
}

/* --- slots -------------------------------------------------------------------------------------------------------- */

/* How many devices stand with it on one slot of the guest, and of them on one slot of the host. */
struct company {
    size_t guest, host;
    bool has_first;                    /* function 0 of the host's slot is among them */
    const struct import_device *other; /* one that stands with it */
};

static struct company find_company(const struct libvirt_reading *reading, size_t index) {
    const struct import_vm *vm = reading->vm;
    struct company company = {0};
    for (size_t i = 0; i < vm->count; i++) {
        if (!reading->places[i].is_given ||
            !pci_address_same_slot(reading->places[i].address, reading->places[index].address))
            continue;
        if (i != index && !company.other)
            company.other = &vm->devices[i];
        company.guest++;
        if (!vm->devices[i].has_address || !pci_address_same_slot(vm->devices[i].address, vm->devices[index].address))
            continue;
        company.host++;
        company.has_first = company.has_first || vm->devices[i].address.function == 0;
    }
    return company;
}

static void read_slot(struct libvirt_reading *reading, size_t index) {
    struct import_vm *vm = reading->vm;
    struct import_device *device = &vm->devices[index];
    const struct company company = find_company(reading, index);
    const unsigned was = reading->places[index].address.function;
    if (company.guest < 2)
        return;
    if (!device->has_address || company.host < 2 || !company.has_first) {
        import_note(vm,
                    "%s: it stood on one slot of the guest with %s; only functions of one slot of the host can, with "
                    "its function 0: it gets a root port of its own",
                    device->name, company.other->name);
        return;
    }
    import_option(vm, device, "layout", json_string("multifunction"));
    if (was != device->address.function)
        import_note(vm, "%s: it was function %u of its slot in the guest, and becomes %u, as on the host", device->name,
                    was, device->address.function);
}

/* q35 has buses of all kinds, KubeVirt uses one. */
static void note_bus(struct libvirt_reading *reading, size_t index) {
    const struct pci_address place = reading->places[index].address;
    const char *name = reading->vm->devices[index].name;
    if (reading->guest.chipset != CHIPSET_Q35 || place.function != 0)
        return;
    if (place.bus == 0 && !json_object_get(reading->vm->devices[index].options, "guestAddress"))
        import_note(reading->vm,
                    "%s: it stood on the root complex itself, at slot %02x of bus 0; KubeVirt gives it a root port "
                    "(\"guestAddress\" says otherwise)",
                    name, place.slot);
    else if (reading->guest.has_pci_bridge[place.bus])
        import_note(reading->vm, "%s: it stood on a bus of conventional PCI; KubeVirt gives it a root port", name);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

/* Their names say nothing of them. */
static void note_sources(struct libvirt_reading *reading) {
    CLEANUP(buffer_free) struct buffer text = {0};
    char address[PCI_ADDRESS_TEXT_MAX];
    for (size_t i = 0; i < reading->vm->count; i++) {
        const struct import_device *device = &reading->vm->devices[i];
        const char *source = device->has_address ? pci_address_format(device->address, address) : device->mdev_uuid;
        buffer_printf(&text, "%s%s is %s", text.size ? ", " : "", device->name, *source ? source : "not said");
    }
    if (text.failed)
        reading->vm->failed = true;
    else if (text.size)
        import_note(reading->vm, "on the old host %s", text.data);
}

static void note_managed(struct libvirt_reading *reading) {
    CLEANUP(buffer_free) struct buffer names = {0};
    for (size_t i = 0; i < reading->vm->count; i++)
        if (reading->is_managed[i])
            buffer_printf(&names, "%s%s", names.size ? ", " : "", reading->vm->devices[i].name);
    if (names.failed)
        reading->vm->failed = true;
    else if (names.size)
        import_note(
            reading->vm,
            "%s: libvirt bound the driver (managed=\"yes\"); KubeVirt never does: the node has to have the right "
            "one before the VM starts (\"kubevirt-gpu-hook check\" tells)",
            names.data);
}

void libvirt_read_places(struct libvirt_reading *reading) {
    for (size_t i = 0; i < reading->vm->count; i++) {
        read_igd(reading, i);
        if (!reading->places[i].is_given)
            continue;
        read_slot(reading, i);
        note_bus(reading, i);
    }
    note_sources(reading);
    note_managed(reading);
}
