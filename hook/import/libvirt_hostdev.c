/* <hostdev>: PCI functions and mediated devices (libvirt docs/formatdomain, "Host device assignment"). */
#include <stdio.h>
#include <string.h>

#include "domain/address.h"
#include "import/libvirt_parts.h"
#include "import/qemu_args.h"
#include "import/words.h"

/* --- its name ----------------------------------------------------------------------------------------------------- */

/* Takes libvirt's own next name. */
static void next_name(struct libvirt_reading *reading, char name[LABEL_MAX + 1]) {
    do {
        snprintf(name, LABEL_MAX + 1, "hostdev%u", reading->hostdevs++);
    } while (import_find_device(reading->vm, name));
}

/* A user's alias without its "ua-", or libvirt's own name for it; one that no device of a VirtualMachine can have gives
 * way to that. */
static void choose_name(struct libvirt_reading *reading, const char *alias, char name[LABEL_MAX + 1]) {
    static const char prefix[] = "ua-";
    const char *own = !alias                                            ? ""
                      : strncmp(alias, prefix, sizeof(prefix) - 1) == 0 ? alias + sizeof(prefix) - 1
                                                                        : alias;
    if (is_label(own) && !import_find_device(reading->vm, own))
        snprintf(name, LABEL_MAX + 1, "%s", own);
    else
        next_name(reading, name);
}

/* --- its source --------------------------------------------------------------------------------------------------- */

static int read_address(const char *where, const xmlNode *element, struct pci_address *address, struct error *err) {
    const char *part, *text;
    unsigned long limit;
    char storage[QUOTED_MAX];
    if (address_read(element, address, &part, &limit) == 0)
        return 0;
    text = tree_attribute(element, part);
    if (!text)
        return error_set(err, ERROR_INPUT, "%s: an <address> of it has no \"%s\"", where, part);
    return error_set(err, ERROR_INPUT, "%s: %s=\"%s\" of an <address> is not a number up to 0x%lx", where, part,
                     text_quotable(text, storage), limit);
}

static int read_pci_source(struct libvirt_reading *reading, const char *where, const xmlNode *element,
                           struct error *err) {
    struct import_device *device = reading->device;
    libvirt_note_rest(reading, where, element, "type domain bus slot function");
    device->has_address = true;
    return read_address(where, element, &device->address, err);
}

static int read_mdev_source(struct libvirt_reading *reading, const char *where, const xmlNode *element,
                            struct error *err) {
    const char *uuid = tree_attribute(element, "uuid");
    char storage[QUOTED_MAX];
    libvirt_note_rest(reading, where, element, "type bus uuid");
    if (!uuid || !text_is_uuid(uuid))
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is no UUID of a mediated device", where,
                         text_quotable(uuid ? uuid : "", storage));
    memcpy(reading->device->mdev_uuid, uuid, UUID_TEXT_MAX);
    reading->device->is_gpu = true;
    return 0;
}

static int read_source(struct libvirt_reading *reading, const char *where, const xmlNode *source, struct error *err) {
    const bool is_pci = tree_attribute_is(source->parent, "type", "pci");
    const struct libvirt_row rows[] = {{"address", is_pci ? read_pci_source : read_mdev_source}};
    libvirt_note_attributes(reading, where, source, "");
    return libvirt_read_children(reading, where, source, NULL, rows, sizeof(rows) / sizeof(rows[0]), err);
}

/* --- what else is said of it -------------------------------------------------------------------------------------- */

static int read_guest_address(struct libvirt_reading *reading, const char *where, const xmlNode *element,
                              struct error *err) {
    struct libvirt_place *place = &reading->places[reading->device - reading->vm->devices];
    if (!tree_attribute_is(element, "type", "pci"))
        return libvirt_note_element(reading, where, element, err);
    /* "multifunction" is in which other functions stand beside it. */
    libvirt_note_rest(reading, where, element, "type domain bus slot function multifunction");
    if (!tree_attribute(element, "bus") && !tree_attribute(element, "slot"))
        return 0; /* "some address", since libvirt 1.3.5 */
    if (read_address(where, element, &place->address, err) < 0)
        return -1;
    place->is_given = address_of_guest(element->parent, &place->address);
    return 0;
}

/* Libvirt's driver of a <hostdev> is "vfio", as KubeVirt's. */
static int read_driver(struct libvirt_reading *reading, const char *where, const xmlNode *driver, struct error *err) {
    const char *name = tree_attribute(driver, "name"), *model = tree_attribute(driver, "model");
    const bool is_vfio = !name || strcmp(name, "vfio") == 0, is_model = model && text_is_file_name(model, LABEL_MAX);
    if (is_model)
        import_option(reading->vm, reading->device, "driverModel", json_string(model));
    libvirt_note_rest(reading, where, driver,
                      is_vfio && is_model ? "name model"
                      : is_vfio           ? "name"
                      : is_model          ? "model"
                                          : "");
    return import_check(reading->vm, err);
}

static int read_rom(struct libvirt_reading *reading, const char *where, const xmlNode *rom, struct error *err) {
    const char *file = tree_attribute(rom, "file"), *bar = tree_attribute(rom, "bar");
    bool is_enabled = true, has_bar = true;
    if (tree_attribute_is(rom->parent, "type", "mdev"))
        return libvirt_note_element(reading, where, rom, err); /* which libvirt takes, and it has none */
    libvirt_note_rest(reading, where, rom, "bar file enabled");
    if (libvirt_read_flag(where, rom, "enabled", "yes", "no", &is_enabled, err) < 0 ||
        libvirt_read_flag(where, rom, "bar", "on", "off", &has_bar, err) < 0)
        return -1;
    if (!is_enabled && (file || bar))
        return error_set(err, ERROR_INPUT,
                         "%s: its <rom> is enabled=\"no\", and libvirt takes neither bar nor file then", where);
    if (!is_enabled || (file && !*file)) {
        import_option(reading->vm, reading->device, "rom", json_string("none"));
        return import_check(reading->vm, err);
    }
    if (file)
        import_vfio_property(reading->vm, reading->device, where, "romfile", file);
    if (bar)
        import_option(reading->vm, reading->device, "romBar", json_string(has_bar ? "on" : "off"));
    if (file && !has_bar)
        import_note(reading->vm,
                    "%s: bar=\"off\" hides the ROM of the file from the guest's drivers; take romBar out if "
                    "the GPU is dead",
                    where);
    return import_check(reading->vm, err);
}

/* Unraid's libvirt has "xvga", which is QEMU's x-vga. */
static int read_x_vga(struct libvirt_reading *reading, const char *where, const xmlNode *hostdev, struct error *err) {
    bool on = false;
    if (libvirt_read_flag(where, hostdev, "xvga", "yes", "no", &on, err) < 0)
        return -1;
    if (on)
        import_vfio_property(reading->vm, reading->device, where, "x-vga", "on");
    return import_check(reading->vm, err);
}

static int read_screen(struct libvirt_reading *reading, const char *where, const xmlNode *hostdev, struct error *err) {
    static const char *const options[] = {"display", "ramfb"};
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        bool on = false;
        if (libvirt_read_flag(where, hostdev, options[i], "on", "off", &on, err) < 0)
            return -1;
        if (tree_attribute(hostdev, options[i]))
            import_option(reading->vm, reading->device, options[i], json_string(on ? "on" : "off"));
    }
    return import_check(reading->vm, err);
}

/* libvirt_read_hostdev has it already. */
static int read_alias(struct libvirt_reading *reading, const char *where, const xmlNode *alias, struct error *err) {
    libvirt_note_rest(reading, where, alias, "name");
    return import_check(reading->vm, err);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static int read_parts(struct libvirt_reading *reading, const char *where, const xmlNode *hostdev, struct error *err) {
    static const struct libvirt_row rows[] = {{"source", read_source},
                                              {"address", read_guest_address},
                                              {"driver", read_driver},
                                              {"rom", read_rom},
                                              {"alias", read_alias}};
    struct import_device *device = reading->device;
    const bool is_pci = tree_attribute_is(hostdev, "type", "pci");
    bool is_managed = false;
    libvirt_note_attributes(reading, where, hostdev,
                            is_pci ? "mode type managed display ramfb xvga" : "mode type managed model display ramfb");
    if (libvirt_read_flag(where, hostdev, "managed", "yes", "no", &is_managed, err) < 0 ||
        read_screen(reading, where, hostdev, err) < 0 || (is_pci && read_x_vga(reading, where, hostdev, err) < 0) ||
        libvirt_read_children(reading, where, hostdev, NULL, rows, sizeof(rows) / sizeof(rows[0]), err) < 0)
        return -1;
    reading->is_managed[device - reading->vm->devices] = is_managed && is_pci;
    if (is_pci ? !device->has_address : !*device->mdev_uuid)
        return error_set(err, ERROR_INPUT, "%s: it has no <source> with an <address>", where);
    return 0;
}

int libvirt_read_hostdev(struct libvirt_reading *reading, const char *where, const xmlNode *hostdev,
                         struct error *err) {
    const char *alias = tree_attribute(tree_child(hostdev, "alias"), "name");
    const char *model = tree_attribute(hostdev, "model");
    char name[LABEL_MAX + 1], storage[QUOTED_MAX];
    (void)where;
    choose_name(reading, alias, name);
    /* libvirt keeps an unassigned one from the host, and does not give it to the guest. The other models are s390's. */
    if (tree_attribute_is(tree_child(hostdev, "address"), "type", "unassigned") ||
        (tree_attribute_is(hostdev, "type", "mdev") && model && strcmp(model, "vfio-pci") != 0))
        return libvirt_note_element(reading, name, hostdev, err);
    const struct import_device *other = alias ? import_find_device(reading->vm, alias) : NULL;
    if (other && other->alias && strcmp(other->alias, alias) == 0)
        return error_set(err, ERROR_INPUT, "hostdev: two have the alias \"%s\", which libvirt refuses",
                         text_quotable(alias, storage));
    if (!(reading->device = import_add_device(reading->vm, name, err)))
        return -1;
    if (alias)
        import_set_text(reading->vm, &reading->device->alias, alias);
    int failed = read_parts(reading, name, hostdev, err);
    reading->device = NULL;
    return failed;
}
