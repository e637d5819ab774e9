#include "import/vm.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "import/words.h"

int import_vm_init(struct import_vm *vm, struct error *err) {
    *vm = (struct import_vm){.failures = memory_failures(),
                             .domain = json_object(),
                             .guest = json_object(),
                             .notes = json_array(),
                             .others = json_array()};
    if (vm->domain && vm->guest && vm->notes && vm->others)
        return 0;
    import_vm_free(vm);
    return error_no_memory(err);
}

void import_vm_free(struct import_vm *vm) {
    free(vm->name);
    json_decref(vm->domain);
    json_decref(vm->guest);
    json_decref(vm->notes);
    json_decref(vm->others);
    for (size_t i = 0; i < vm->count; i++) {
        free(vm->devices[i].alias);
        free(vm->devices[i].mapping);
        free(vm->devices[i].mdev_type);
        free(vm->devices[i].rom_file);
        json_decref(vm->devices[i].options);
    }
    *vm = (struct import_vm){0};
}

int import_check(const struct import_vm *vm, struct error *err) {
    return vm->failed || memory_failures() != vm->failures ? error_no_memory(err) : 0;
}

static void set(struct import_vm *vm, json_t *object, const char *key, json_t *value) {
    if (json_object_set_new(object, key, value) < 0)
        vm->failed = true;
}

/* The object that is a member, made where there is none; NULL without memory. */
static json_t *member(struct import_vm *vm, json_t *object, const char *key) {
    json_t *found = json_object_get(object, key);
    if (json_is_object(found))
        return found;
    set(vm, object, key, json_object());
    return json_object_get(object, key);
}

void import_domain(struct import_vm *vm, const char *path, json_t *value) {
    json_t *object = vm->domain;
    for (const char *dot; object && (dot = strchr(path, '.')); path = dot + 1) {
        char key[LABEL_MAX + 1];
        snprintf(key, sizeof(key), "%.*s", (int)(dot - path), path);
        object = member(vm, object, key);
    }
    if (object)
        set(vm, object, path, value);
    else
        json_decref(value);
}

void import_guest(struct import_vm *vm, const char *option, json_t *value) {
    set(vm, vm->guest, option, value);
}

void import_option(struct import_vm *vm, struct import_device *device, const char *option, json_t *value) {
    set(vm, device->options, option, value);
}

void import_option_part(struct import_vm *vm, struct import_device *device, const char *option, const char *part,
                        json_t *value) {
    json_t *object = member(vm, device->options, option);
    if (object)
        set(vm, object, part, value);
    else
        json_decref(value);
}

static void append(struct import_vm *vm, json_t *array, const char *text) {
    CLEANUP(free) char *copy = utf8_sanitise(text);
    if (copy)
        text_make_printable(copy);
    if (!copy || json_array_append_new(array, json_string(copy)) < 0)
        vm->failed = true;
}

void import_note(struct import_vm *vm, const char *format, ...) {
    CLEANUP(buffer_free) struct buffer text = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(&text, format, arguments);
    va_end(arguments);
    if (text.failed)
        vm->failed = true;
    else
        append(vm, vm->notes, text.data);
}

void import_other(struct import_vm *vm, const char *name) {
    append(vm, vm->others, name);
}

struct import_device *import_add_device(struct import_vm *vm, const char *name, struct error *err) {
    if (vm->count == IMPORT_DEVICES_MAX) {
        error_set(err, ERROR_LIMIT, "%s: the VM has more than %d passthrough devices", name, IMPORT_DEVICES_MAX);
        return NULL;
    }
    struct import_device *device = &vm->devices[vm->count];
    *device = (struct import_device){.options = json_object()};
    if (!device->options) {
        error_no_memory(err);
        return NULL;
    }
    snprintf(device->name, sizeof(device->name), "%s", name);
    vm->count++;
    return device;
}

struct import_device *import_find_device(struct import_vm *vm, const char *name) {
    for (size_t i = 0; i < vm->count; i++)
        if (strcmp(vm->devices[i].name, name) == 0 || (vm->devices[i].alias && strcmp(vm->devices[i].alias, name) == 0))
            return &vm->devices[i];
    return NULL;
}

static bool stands_together(const struct import_device *device, const struct import_device *other) {
    return device->has_address && other->has_address && pci_address_same_slot(device->address, other->address) &&
           json_object_get(device->options, "layout") && json_object_get(other->options, "layout");
}

void import_check_group(struct import_vm *vm, const struct import_device *device) {
    const struct import_device *other = NULL;
    for (size_t i = 0; device->has_group && i < vm->count && !other; i++)
        if (vm->devices[i].has_group && vm->devices[i].group != device->group &&
            stands_together(device, &vm->devices[i]))
            other = &vm->devices[i];
    if (!other)
        return;
    import_note(vm,
                "%s: it is in IOMMU group %d and %s in %d: KubeVirt cannot make functions of one guest device of them, "
                "and each gets a root port of its own",
                device->name, device->group, other->name, other->group);
    const struct pci_address slot = device->address;
    for (size_t i = 0; i < vm->count; i++)
        if (vm->devices[i].has_address && pci_address_same_slot(vm->devices[i].address, slot))
            json_object_del(vm->devices[i].options, "layout");
}

void import_set_mdev_type(struct import_vm *vm, struct import_device *device, const char *type) {
    device->is_gpu = true;
    import_set_text(vm, &device->mdev_type, type);
    import_note(vm,
                "%s: the vGPU type %s is made on the node: name it in mediatedDevicesConfiguration and "
                "permittedHostDevices.mediatedDevices of the KubeVirt object (its name: "
                "mdev_supported_types/%s/name below the GPU in /sys), or in the GPU operator's vGPU configuration",
                device->name, type, type);
}

static bool needs_i440fx(const struct import_vm *vm) {
    for (size_t i = 0; i < vm->count; i++) {
        const char *mode = json_string_value(json_object_get(json_object_get(vm->devices[i].options, "igd"), "mode"));
        if (mode && strcmp(mode, "legacy") == 0)
            return true;
    }
    return false;
}

void import_machine(struct import_vm *vm, bool is_q35, const char *said) {
    if (!is_q35 && needs_i440fx(vm)) {
        import_domain(vm, "machine.type", json_string("pc"));
        import_note(vm, "machine: KubeVirt starts a \"pc\" only where its emulatedMachines allow \"pc*\"");
        return;
    }
    import_domain(vm, "machine.type", json_string("q35"));
    if (!is_q35)
        import_note(vm, "machine: %s is an i440FX, KubeVirt has q35: the guest finds its devices anew", said);
}

void import_set_name(struct import_vm *vm, const char *where, const char *said) {
    char name[LABEL_MAX + 1], storage[QUOTED_MAX];
    size_t size = 0;
    for (const char *c = said; *c && size < LABEL_MAX; c++)
        if (isascii(*c) && isalnum(*c))
            name[size++] = (char)tolower(*c);
        else if (size && name[size - 1] != '-')
            name[size++] = '-';
    while (size && name[size - 1] == '-')
        size--;
    name[size] = '\0';
    if (!is_label(name)) {
        import_note(vm, "%s: \"%s\" has nothing of which Kubernetes makes names", where, text_quotable(said, storage));
        return;
    }
    if (strcmp(name, said) != 0)
        import_note(vm, "%s: \"%s\" is no name for Kubernetes: it is %s here", where, text_quotable(said, storage),
                    name);
    import_set_text(vm, &vm->name, name);
}

void import_set_text(struct import_vm *vm, char **place, const char *text) {
    free(*place);
    *place = strdup(text);
    if (!*place)
        vm->failed = true;
}
