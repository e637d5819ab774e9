#include "import/result.h"

#include <stdio.h>
#include <string.h>

#include "config/annotation.h"

#define RESOURCE_DOMAIN "gpu.example/"
#define BUNDLE          "bundle"

/* --- devices ------------------------------------------------------------------------------------------------------ */

/* A name that Kubernetes takes for a resource. */
static json_t *resource_name(const struct import_device *device) {
    char name[LABEL_MAX + 1];
    if (device->mapping || device->mdev_type)
        snprintf(name, sizeof(name), "%s", device->mapping ? device->mapping : device->mdev_type);
    else if (device->has_id)
        snprintf(name, sizeof(name), "%04x-%04x", device->id.vendor, device->id.device);
    else
        snprintf(name, sizeof(name), "%s", device->name);
    for (char *c = name; *c; c++) {
        char one[2] = {*c, '\0'};
        *c = text_is_file_name(one, 1) ? *c : '-';
    }
    return json_sprintf(RESOURCE_DOMAIN "%s", name);
}

static int append(json_t *array, json_t *value, struct error *err) {
    return json_array_append_new(array, value) < 0 ? error_no_memory(err) : 0;
}

static int put(json_t *object, const char *key, json_t *value, struct error *err) {
    return json_object_set_new(object, key, value) < 0 ? error_no_memory(err) : 0;
}

/* The devices of gpus[], or of hostDevices[]. */
static json_t *list_devices(const struct import_vm *vm, bool gpus) {
    json_t *list = json_array();
    for (size_t i = 0; list && i < vm->count; i++)
        if (vm->devices[i].is_gpu == gpus)
            json_array_append_new(list, json_pack("{s:s, s:o}", "name", vm->devices[i].name, "deviceName",
                                                  resource_name(&vm->devices[i])));
    return list;
}

/* --- ROMs --------------------------------------------------------------------------------------------------------- */

/* Which ROM of the bundle each device has: devices with one file and one ID share it. */
struct rom_names {
    char ids[IMPORT_DEVICES_MAX][LABEL_MAX + 1]; /* by device; "": it has none */
    bool is_second[IMPORT_DEVICES_MAX];          /* one before it has the same */
};

static bool share_rom(const struct import_device *device, const struct import_device *other) {
    return other->rom_file && strcmp(device->rom_file, other->rom_file) == 0 && device->has_id == other->has_id &&
           (!device->has_id || pci_id_equal(device->id, other->id));
}

/* The file's name without its ending, of characters that an id may have. */
static void rom_id(const struct import_device *device, char id[LABEL_MAX + 1]) {
    const char *slash = strrchr(device->rom_file, '/'), *name = slash ? slash + 1 : device->rom_file;
    const char *dot = strrchr(name, '.');
    size_t size = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    snprintf(id, LABEL_MAX + 1, "%.*s", (int)(size > LABEL_MAX ? LABEL_MAX : size), name);
    for (char *c = id; *c; c++) {
        char one[2] = {*c, '\0'};
        *c = text_is_file_name(one, 1) || (c > id && *c == '.') ? *c : '-';
    }
    if (!*id)
        snprintf(id, LABEL_MAX + 1, "%s", device->name);
}

static bool is_taken(const struct rom_names *roms, size_t count, const char *id) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(roms->ids[i], id) == 0)
            return true;
    return false;
}

static void name_roms(const struct import_vm *vm, struct rom_names *roms) {
    *roms = (struct rom_names){0};
    for (size_t i = 0; i < vm->count; i++) {
        const struct import_device *device = &vm->devices[i];
        char id[LABEL_MAX + 1];
        if (!device->rom_file || import_is_mdev(device))
            continue;
        for (size_t j = 0; j < i && !roms->is_second[i]; j++)
            if (*roms->ids[j] && share_rom(device, &vm->devices[j])) {
                memcpy(roms->ids[i], roms->ids[j], sizeof(roms->ids[i]));
                roms->is_second[i] = true;
            }
        if (roms->is_second[i])
            continue;
        rom_id(device, id);
        snprintf(roms->ids[i], sizeof(roms->ids[i]), "%s", id);
        for (size_t number = 2; is_taken(roms, i, roms->ids[i]); number++)
            snprintf(roms->ids[i], sizeof(roms->ids[i]), "%.*s-%zu", LABEL_MAX - 4, id, number);
    }
}

/* --- the annotation ----------------------------------------------------------------------------------------------- */

/* "ids" has both numbers of the subsystem in one. */
static int join_subsystem(const struct import_device *device, json_t *options, json_t *notes, struct error *err) {
    json_t *ids = json_object_get(options, "ids");
    const char *vendor = json_string_value(json_object_get(ids, "sub-vendor"));
    const char *of_vendor = json_string_value(json_object_get(ids, "sub-device"));
    int failed = 0;
    if (vendor && of_vendor)
        failed = put(ids, "subsystem", json_sprintf("%s:%s", vendor, of_vendor), err);
    else if (vendor || of_vendor)
        failed =
            append(notes,
                   json_sprintf("%s: a subsystem's vendor and device go together only: the one of them is left out",
                                device->name),
                   err);
    json_object_del(ids, "sub-vendor");
    json_object_del(ids, "sub-device");
    if (ids && json_object_size(ids) == 0)
        json_object_del(options, "ids");
    return failed;
}

/* "igd" says of what mode its details are. */
static int drop_igd_without_mode(const struct import_device *device, json_t *options, json_t *notes,
                                 struct error *err) {
    json_t *igd = json_object_get(options, "igd");
    if (!igd || json_object_get(igd, "mode"))
        return 0;
    json_object_del(options, "igd");
    return append(notes,
                  json_sprintf("%s: properties of an Intel iGPU (x-igd-...) go with legacy-igd only: they are left out",
                               device->name),
                  err);
}

static bool is_mdev(const struct import_vm *vm, const struct import_device *device) {
    (void)vm;
    return import_is_mdev(device);
}

static bool has_uefi(const struct import_vm *vm, const struct import_device *device) {
    (void)device;
    return json_object_get(vm->domain, "firmware");
}

static bool hides_kvm(const struct import_vm *vm, const struct import_device *device) {
    (void)device;
    return json_object_get(json_object_get(json_object_get(vm->domain, "features"), "kvm"), "hidden");
}

/* Options that QEMU takes where they do nothing, and that this hook refuses there. */
static int drop_unfit(const struct import_vm *vm, const struct import_device *device, json_t *options, json_t *notes,
                      struct error *err) {
    static const struct {
        const char *option;
        bool (*is_unfit)(const struct import_vm *vm, const struct import_device *device);
        const char *reason;
    } rows[] = {
        {"rom", is_mdev, "a mediated device has no ROM"},
        {"romBar", is_mdev, "a mediated device has no ROM"},
        {"xVga", is_mdev, "a mediated device has no VGA ranges"},
        {"gpudirectClique", is_mdev, "a mediated device takes no part in GPUDirect P2P"},
        {"driverModel", is_mdev, "a mediated device has no driver of its own"},
        {"xVga", has_uefi, "UEFI does not use VGA ranges"},
        {"gpudirectClique", hides_kvm, "NVIDIA's driver looks for it only where it sees KVM, which is hidden here"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!json_object_get(options, rows[i].option) || !rows[i].is_unfit(vm, device))
            continue;
        json_object_del(options, rows[i].option);
        if (append(notes, json_sprintf("%s: %s is left out: %s", device->name, rows[i].option, rows[i].reason), err) <
            0)
            return -1;
    }
    return 0;
}

/* KubeVirt shows the first vGPU's screen, with a ramfb, unless somebody says otherwise. */
static int hide_screen(const struct import_vm *vm, const struct import_device *device, json_t *options,
                       struct error *err) {
    const char *display = json_string_value(json_object_get(options, "display"));
    const bool is_headless =
        json_is_false(json_object_get(json_object_get(vm->domain, "devices"), "autoattachGraphicsDevice"));
    if (!import_is_mdev(device) || (display ? strcmp(display, "off") != 0 : !is_headless))
        return 0;
    return put(options, "display", json_string("off"), err) < 0 || put(options, "ramfb", json_string("off"), err) < 0
               ? -1
               : 0;
}

/* What the annotation says of a device. */
static json_t *device_options(const struct import_vm *vm, const struct import_device *device, const char *rom,
                              json_t *notes, struct error *err) {
    CLEANUP(json_decref) json_t *options = json_deep_copy(device->options);
    json_t *taken;
    if (!options) {
        error_no_memory(err);
        return NULL;
    }
    if (join_subsystem(device, options, notes, err) < 0 || drop_igd_without_mode(device, options, notes, err) < 0 ||
        hide_screen(vm, device, options, err) < 0)
        return NULL;
    if (*device->mdev_uuid && !device->mdev_type &&
        append(notes,
               json_sprintf(
                   "%s: which vGPU type the mediated device %s has is not known: --sysfs looks it up on the old host",
                   device->name, device->mdev_uuid),
               err) < 0)
        return NULL;
    if (device->has_id && !import_is_mdev(device) &&
        put(options, "expect", json_sprintf("%04x:%04x", device->id.vendor, device->id.device), err) < 0)
        return NULL;
    if (device->rom_file && put(options, "rom", json_string(rom), err) < 0)
        return NULL;
    if (drop_unfit(vm, device, options, notes, err) < 0)
        return NULL;
    taken = TAKE_PTR(options);
    return taken;
}

static json_t *annotation(const struct import_vm *vm, const struct rom_names *roms, json_t *notes, struct error *err) {
    CLEANUP(json_decref) json_t *devices = json_object();
    CLEANUP(json_decref) json_t *config = json_object();
    CLEANUP(free) char *text = NULL;
    struct config checked;
    for (size_t i = 0; i < vm->count; i++) {
        json_t *options = device_options(vm, &vm->devices[i], roms->ids[i], notes, err);
        if (!options)
            return NULL;
        if (json_object_size(options) == 0)
            json_decref(options);
        else if (put(devices, vm->devices[i].name, options, err) < 0)
            return NULL;
    }
    if ((json_object_size(devices) && json_object_set(config, "devices", devices) < 0) ||
        (json_object_size(vm->guest) && json_object_set(config, "guest", vm->guest) < 0) ||
        !(text = json_text(config, JSON_INDENT(2)))) {
        error_no_memory(err);
        return NULL;
    }
    if (config_parse(text, &checked, err) < 0)
        return NULL;
    config_free(&checked);
    json_t *string = json_string(text);
    if (!string)
        error_no_memory(err);
    return string;
}

/* --- objects ------------------------------------------------------------------------------------------------------ */

static json_t *virtual_machine(const struct import_vm *vm, const struct rom_names *roms, json_t *notes,
                               struct error *err) {
    static const char *const order[] = {"machine", "firmware", "cpu", "clock", "features", "devices"};
    CLEANUP(json_decref) json_t *domain = json_object();
    CLEANUP(json_decref) json_t *config = annotation(vm, roms, notes, err);
    if (!config)
        return NULL;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        json_t *part = json_object_get(vm->domain, order[i]);
        if (part && put(domain, order[i], json_deep_copy(part), err) < 0)
            return NULL;
    }
    json_t *devices = json_object_get(domain, "devices");
    if (!devices && (put(domain, "devices", json_object(), err) < 0 || !(devices = json_object_get(domain, "devices"))))
        return NULL;
    for (int gpus = 1; gpus >= 0; gpus--) {
        json_t *list = list_devices(vm, gpus);
        if (json_array_size(list) == 0)
            json_decref(list);
        else if (put(devices, gpus ? "gpus" : "hostDevices", list, err) < 0)
            return NULL;
    }
    json_t *object =
        json_pack("{s:s, s:s, s:{s:s}, s:{s:{s:{s:{s:O}}, s:{s:O}}}}", "apiVersion", "kubevirt.io/v1", "kind",
                  "VirtualMachine", "metadata", "name", vm->name ? vm->name : "imported", "spec", "template",
                  "metadata", "annotations", CONFIG_ANNOTATION, config, "spec", "domain", domain);
    if (!object)
        error_no_memory(err);
    return object;
}

/* permittedHostDevices, or {} where no ID is known. */
static json_t *kubevirt(const struct import_vm *vm, struct error *err) {
    CLEANUP(json_decref) json_t *permitted = json_array();
    CLEANUP(json_decref) json_t *seen = json_object();
    for (size_t i = 0; i < vm->count; i++) {
        const struct import_device *device = &vm->devices[i];
        char selector[sizeof("10DE:2684")];
        if (!device->has_id || import_is_mdev(device))
            continue;
        snprintf(selector, sizeof(selector), "%04X:%04X", device->id.vendor, device->id.device);
        if (json_object_get(seen, selector))
            continue;
        if (put(seen, selector, json_true(), err) < 0 ||
            append(permitted,
                   json_pack("{s:s, s:o}", "pciVendorSelector", selector, "resourceName", resource_name(device)),
                   err) < 0)
            return NULL;
    }
    json_t *object = json_array_size(permitted) == 0
                         ? json_object()
                         : json_pack("{s:s, s:s, s:{s:{s:{s:O}}}}", "apiVersion", "kubevirt.io/v1", "kind", "KubeVirt",
                                     "spec", "configuration", "permittedHostDevices", "pciHostDevices", permitted);
    if (!object)
        error_no_memory(err);
    return object;
}

/* --- commands ----------------------------------------------------------------------------------------------------- */

static void quote_for_shell(struct buffer *command, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:+,=@%";
    if (*word && strspn(word, plain) == strlen(word)) {
        buffer_append_text(command, word);
        return;
    }
    buffer_append_text(command, "'");
    for (const char *c = word; *c; c++)
        if (*c == '\'')
            buffer_append_text(command, "'\\''");
        else
            buffer_append(command, c, 1);
    buffer_append_text(command, "'");
}

static int add_rom(json_t *commands, const struct import_device *device, const char *id, struct error *err) {
    CLEANUP(buffer_free) struct buffer command = {0};
    char address[PCI_ADDRESS_TEXT_MAX];
    buffer_printf(&command, "kubevirt-gpu-hook bundle add " BUNDLE " ");
    quote_for_shell(&command, device->rom_file);
    buffer_append_text(&command, " --id ");
    quote_for_shell(&command, id);
    if (device->has_id)
        buffer_printf(&command, " --device %04x:%04x", device->id.vendor, device->id.device);
    else if (device->has_address) /* to be run on the old host */
        buffer_printf(&command, " --device %s", pci_address_format(device->address, address));
    if (buffer_check(&command, err) < 0)
        return -1;
    return append(commands, json_stringn(command.data, command.size), err);
}

static json_t *bundle_commands(const struct import_vm *vm, const struct rom_names *roms, struct error *err) {
    CLEANUP(json_decref) json_t *commands = json_array();
    for (size_t i = 0; i < vm->count; i++) {
        if (!*roms->ids[i] || roms->is_second[i])
            continue;
        if (json_array_size(commands) == 0 &&
            append(commands, json_string("kubevirt-gpu-hook bundle init " BUNDLE), err) < 0)
            return NULL;
        if (add_rom(commands, &vm->devices[i], roms->ids[i], err) < 0)
            return NULL;
    }
    if (!commands)
        error_no_memory(err);
    return TAKE_PTR(commands);
}

json_t *import_result(const struct import_vm *vm, struct error *err) {
    CLEANUP(json_decref) json_t *notes = json_copy(vm->notes);
    CLEANUP(json_decref) json_t *machine = NULL;
    CLEANUP(json_decref) json_t *cluster = NULL;
    CLEANUP(json_decref) json_t *commands = NULL;
    struct rom_names roms;
    name_roms(vm, &roms);
    if (!notes) {
        error_no_memory(err);
        return NULL;
    }
    if (!(machine = virtual_machine(vm, &roms, notes, err)) || !(cluster = kubevirt(vm, err)) ||
        !(commands = bundle_commands(vm, &roms, err)))
        return NULL;
    CLEANUP(json_decref)
    json_t *result = json_pack("{s:O, s:O, s:O, s:O, s:O}", "virtualMachine", machine, "kubevirt", cluster, "bundle",
                               commands, "notes", notes, "others", vm->others);
    if (import_check(vm, err) < 0)
        return NULL;
    if (json_object_size(cluster) == 0)
        json_object_del(result, "kubevirt");
    return TAKE_PTR(result);
}
