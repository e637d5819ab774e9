#include "import/libvirt.h"

#include <stdio.h>
#include <string.h>

#include "domain/qemu.h"
#include "import/cpu.h"
#include "import/libvirt_parts.h"

/* --- its name ----------------------------------------------------------------------------------------------------- */

static int read_name(struct libvirt_reading *reading, const char *where, const xmlNode *element, struct error *err) {
    libvirt_note_rest(reading, where, element, "");
    import_set_name(reading->vm, where, tree_text(element));
    return import_check(reading->vm, err);
}

/* --- its parts ---------------------------------------------------------------------------------------------------- */

/* libvirt ignores it, too. */
static bool lacks_namespace(const xmlNode *element) {
    static const char prefix[] = "qemu:";
    return !element->ns && strncmp((const char *)element->name, prefix, sizeof(prefix) - 1) == 0;
}

static int read_part(struct libvirt_reading *reading, const xmlNode *element, struct error *err) {
    /* One without a row is no matter of passthrough: memory, what happens at a crash and the like. */
    static const struct libvirt_row rows[] = {
        {"name", read_name},
        {"os", libvirt_read_os},
        {"cpu", libvirt_read_cpu},
        {"features", libvirt_read_features},
        {"clock", libvirt_read_clock},
        {"devices", libvirt_read_devices},
        {"vcpu", libvirt_read_vcpu},
        {"cputune", libvirt_read_cputune},
        {"numatune", libvirt_read_numatune},
        {"memoryBacking", libvirt_read_memory_backing},
        {"memtune", libvirt_note_element},
        {"iommufd", libvirt_note_element},
    };
    const char *name = (const char *)element->name;
    if (lacks_namespace(element)) {
        import_note(reading->vm,
                    "%s: the root does not declare xmlns:qemu=\"" QEMU_NAMESPACE
                    "\", without which libvirt ignores it: it "
                    "is left out",
                    name);
        return import_check(reading->vm, err);
    }
    if (element->ns && strcmp((const char *)element->ns->href, QEMU_NAMESPACE) == 0)
        return 0; /* libvirt_read_qemu's */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!element->ns && strcmp(name, rows[i].name) == 0)
            return rows[i].read(reading, name, element, err);
    return libvirt_count_other(reading, NULL, element, err);
}

static int read_parts(struct libvirt_reading *reading, struct error *err) {
    const char *type = tree_attribute(reading->root, "type");
    char storage[QUOTED_MAX];
    libvirt_note_attributes(reading, "domain", reading->root, "type id");
    if (type && strcmp(type, "kvm") != 0)
        import_note(reading->vm, "domain: the type is \"%s\"; KubeVirt's VMs run on KVM", text_quotable(type, storage));
    for (const xmlNode *element = xmlFirstElementChild((xmlNode *)reading->root); element;
         element = xmlNextElementSibling((xmlNode *)element))
        if (read_part(reading, element, err) < 0)
            return -1;
    return libvirt_read_qemu(reading, reading->root, err);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

/* Network functions come first when libvirt gives "hostdev" and a number to those that have no alias. */
static void count_network_functions(struct libvirt_reading *reading) {
    for (const xmlNode *list = tree_child(reading->root, "devices"); list; list = tree_next(list, "devices"))
        for (const xmlNode *interface = tree_child(list, "interface"); interface;
             interface = tree_next(interface, "interface"))
            reading->hostdevs += tree_attribute_is(interface, "type", "hostdev") && !tree_child(interface, "alias");
}

static void read_machine(struct libvirt_reading *reading) {
    const char *machine = tree_attribute(tree_child(tree_child(reading->root, "os"), "type"), "machine");
    char storage[QUOTED_MAX];
    if (reading->guest.chipset == CHIPSET_VIRT)
        import_domain(reading->vm, "machine.type", json_string("virt"));
    else if (reading->guest.chipset != CHIPSET_OTHER || !machine)
        import_machine(reading->vm, reading->guest.chipset == CHIPSET_Q35,
                       machine ? text_quotable(machine, storage) : "libvirt's default");
}

/* libvirt adds a <video> to <graphics>. */
static void read_screen(struct libvirt_reading *reading) {
    struct import_vm *vm = reading->vm;
    if (reading->has_video || (!reading->has_no_video && reading->has_graphics))
        return;
    for (size_t i = 0; i < vm->count; i++) {
        const char *display = json_string_value(json_object_get(vm->devices[i].options, "display"));
        if (display && strcmp(display, "on") == 0) {
            import_note(vm,
                        "video: none: %s shows its screen in VNC (display), which KubeVirt has only together with its "
                        "emulated video",
                        vm->devices[i].name);
            return;
        }
    }
    import_domain(vm, "devices.autoattachGraphicsDevice", json_false());
    if (reading->has_graphics)
        import_note(vm, "graphics: without its emulated video KubeVirt has no VNC, and the VM had no video");
}

/* What is left to say when all parts are read. */
static void read_rest(struct libvirt_reading *reading) {
    struct import_vm *vm = reading->vm;
    const char *name;
    json_t *count;
    read_screen(reading);
    libvirt_read_places(reading);
    read_machine(reading);
    if (!json_object_get(json_object_get(vm->domain, "cpu"), "model"))
        import_note(vm, "cpu: no model is said: KubeVirt's default (host-model) is left");
    json_object_foreach(reading->others, name, count) {
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_append_text(&text, name);
        if (json_integer_value(count) > 1)
            buffer_printf(&text, " (%" JSON_INTEGER_FORMAT ")", json_integer_value(count));
        if (text.failed)
            vm->failed = true;
        else
            import_other(vm, text.data);
    }
}

static void reading_free_at(struct libvirt_reading *reading) {
    guest_free(&reading->guest);
    json_decref(reading->others);
}

int import_libvirt(struct bytes xml, struct import_vm *vm, struct error *err) {
    CLEANUP(tree_free) struct tree tree = {0};
    CLEANUP(reading_free) struct libvirt_reading reading = {.vm = vm, .others = json_object()};
    if (!reading.others)
        return error_no_memory(err);
    if (tree_parse(xml, "domain", &tree, err) < 0)
        return -1;
    reading.root = xmlDocGetRootElement(tree.document);
    if (guest_read(reading.root, &reading.guest, err) < 0)
        return -1;
    count_network_functions(&reading);
    if (read_parts(&reading, err) < 0)
        return -1;
    read_rest(&reading);
    return import_check(vm, err);
}
