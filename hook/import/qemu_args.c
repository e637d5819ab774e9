#include "import/qemu_args.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/option_value.h"
#include "config/vfio_properties.h"
#include "import/cpu.h"
#include "import/words.h"

/* --- a device's properties ---------------------------------------------------------------------------------------- */

static void set_flag(struct import_vm *vm, struct import_device *device, const char *option, bool on) {
    import_option(vm, device, option, json_string(on ? "on" : "off"));
}

static bool set_id(struct import_vm *vm, struct import_device *device, const char *property, const char *value) {
    static const char *const names[] = {"vendor", "device", "sub-vendor", "sub-device"};
    char digits[8], *end;
    unsigned long number = strtoul(value, &end, 0);
    if (*value == '\0' || *end || number > 0xffff)
        return false;
    snprintf(digits, sizeof(digits), "%04lx", number);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(property, names[i]) == 0) {
            import_option_part(vm, device, "ids", names[i], json_string(digits));
            return true;
        }
    return false;
}

/* QEMU's own properties that the option "vfio" takes as they are. */
static bool set_passed_on(struct import_vm *vm, struct import_device *device, const char *property, const char *value) {
    for (enum vfio_property i = 0; i < VFIO_PROPERTY_COUNT; i++) {
        if (strcmp(property, vfio_property_name(i)) != 0)
            continue;
        bool on;
        char *end;
        json_t *taken = json_string(value);
        if (vfio_property_type(i) == PROPERTY_BOOL && parse_flag(value, &on) == 0) {
            json_decref(taken);
            taken = json_boolean(on);
        } else if (vfio_property_type(i) == PROPERTY_UNSIGNED) {
            unsigned long number = strtoul(value, &end, 0);
            if (*value && !*end) {
                json_decref(taken);
                taken = json_integer((json_int_t)number);
            }
        }
        const struct json_place nowhere = {""};
        struct vfio_values values = {0};
        struct error err = {0};
        CLEANUP(json_decref) json_t *object = json_pack("{s:O}", property, taken);
        if (object && vfio_values_parse(object, &nowhere, &values, &err) < 0) {
            json_decref(taken);
            return false;
        }
        import_option_part(vm, device, "vfio", property, taken);
        return true;
    }
    return false;
}

void import_vfio_property(struct import_vm *vm, struct import_device *device, const char *where, const char *property,
                          const char *value) {
    static const char id_prefix[] = "x-pci-", id_suffix[] = "-id";
    /* Where a device stands, and what KubeVirt and libvirt say themselves. */
    static const char *const placing[] = {"id", "bus", "addr", "multifunction", "bootindex"};
    char name[32];
    bool on = false, is_flag = value && parse_flag(value, &on) == 0;
    char *end = NULL;
    const long number = value ? strtol(value, &end, 0) : 0;
    const bool is_number = value && *value && !*end;
    size_t size = strlen(property), ends = sizeof(id_suffix) - 1, begins = sizeof(id_prefix) - 1;
    if (strcmp(property, "x-vga") == 0 && is_flag) {
        device->is_gpu = device->is_gpu || on;
        set_flag(vm, device, "xVga", on);
    } else if (strcmp(property, "rombar") == 0 && is_flag) {
        set_flag(vm, device, "romBar", on);
    } else if (strcmp(property, "romfile") == 0 && value && !text_is_printable(value)) {
        import_note(vm, "%s: the ROM's file \"%s\" has characters that no command here may have: rename it", where,
                    value);
    } else if (strcmp(property, "romfile") == 0 && value && *value) {
        device->is_gpu = true;
        import_set_text(vm, &device->rom_file, value);
    } else if (strcmp(property, "romfile") == 0) {
        import_option(vm, device, "rom", json_string("none"));
    } else if (strcmp(property, "display") == 0 && is_flag) {
        set_flag(vm, device, "display", on);
    } else if (strcmp(property, "ramfb") == 0 && is_flag) {
        set_flag(vm, device, "ramfb", on);
    } else if (strcmp(property, "x-nv-gpudirect-clique") == 0 && is_number) {
        import_option(vm, device, "gpudirectClique", json_integer(number));
    } else if (strcmp(property, "x-igd-gms") == 0 && is_number) {
        import_option_part(vm, device, "igd", "gms", json_integer(number));
    } else if (strcmp(property, "x-igd-opregion") == 0 && is_flag) {
        import_option_part(vm, device, "igd", "opRegion", json_string(on ? "on" : "off"));
    } else if (strcmp(property, "x-igd-lpc") == 0 && is_flag) {
        import_option_part(vm, device, "igd", "lpc", json_string(on ? "on" : "off"));
    } else if (value && size > begins + ends && size - begins - ends < sizeof(name) &&
               strncmp(property, id_prefix, begins) == 0 && strcmp(property + size - ends, id_suffix) == 0) {
        snprintf(name, sizeof(name), "%.*s", (int)(size - begins - ends), property + begins);
        if (!set_id(vm, device, name, value))
            import_note(vm, "%s: %s=%s has no counterpart", where, property, value);
    } else if (text_choice(property, placing, sizeof(placing) / sizeof(placing[0])) >= 0) {
        import_note(vm, "%s: %s=%s is left to KubeVirt: every device has a root port of its own", where, property,
                    value ? value : "");
    } else if (!value || !set_passed_on(vm, device, property, value)) {
        import_note(vm, "%s: vfio-pci's %s%s%s has no counterpart", where, property, value ? "=" : "",
                    value ? value : "");
    }
}

/* --- arguments ---------------------------------------------------------------------------------------------------- */

static void read_cpu(struct import_vm *vm, const char *where, char *text) {
    char *value, *model = next_argument_property(&text, &value), *property;
    if (model)
        import_cpu_model(vm, where, model);
    while ((property = next_argument_property(&text, &value)))
        import_cpu_property(vm, where, property, value);
}

/* OVMF's window for 64-bit BARs, in MiB. */
static void read_fw_cfg(struct import_vm *vm, const char *where, char *text) {
    CLEANUP(free) char *whole = strdup(text);
    char *property, *value, *rest = text, *end;
    const char *name = "", *string = "";
    if (!whole) {
        vm->failed = true;
        return;
    }
    while ((property = next_argument_property(&rest, &value)))
        if (strcmp(property, "name") == 0 || !value)
            name = value ? value : property;
        else if (strcmp(property, "string") == 0)
            string = value;
    unsigned long mib = strtoul(string, &end, 10);
    if (strcmp(name, "opt/ovmf/X-PciMmio64Mb") == 0 && *string && !*end && mib && mib <= UINT32_MAX) {
        import_guest(vm, "ovmfMmio64", value_write_size((uint64_t)mib << 10));
    } else {
        import_note(vm, "%s: -fw_cfg %s has no counterpart", where, whole);
    }
}

/* A size as QEMU takes it: a number of bytes, or one with a unit. In KiB; 0: it is none. */
static uint64_t size_kib(const char *text) {
    static const char *const units[] = {"K", "M", "G", "T"};
    char *end;
    unsigned long long number = strtoull(text, &end, 0);
    if (end == text)
        return 0;
    if (*end == '\0' || strcasecmp(end, "B") == 0)
        return number / 1024;
    if (number > UINT64_MAX >> 40)
        return 0;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcasecmp(end, units[i]) == 0)
            return (uint64_t)number << 10 * i;
    return 0;
}

static void read_global(struct import_vm *vm, const char *where, char *text) {
    static const char property[] = ".pci-hole64-size=";
    const char *found = strstr(text, property);
    uint64_t kib = found ? size_kib(found + strlen(property)) : 0;
    if (kib) {
        import_guest(vm, "pciHole64", value_write_size(kib));
    } else {
        import_note(vm, "%s: -global %s has no counterpart", where, text);
    }
}

static void read_machine(struct import_vm *vm, const char *where, char *text) {
    char *property, *value;
    bool on;
    while ((property = next_argument_property(&text, &value)))
        if (value && (strcmp(property, "kernel_irqchip") == 0 || strcmp(property, "kernel-irqchip") == 0) &&
            (strcmp(value, "split") == 0 || (parse_flag(value, &on) == 0 && on)))
            import_guest(vm, "ioapic", json_string(strcmp(value, "split") == 0 ? "qemu" : "kvm"));
        else
            import_note(vm, "%s: -machine %s%s%s has no counterpart", where, property, value ? "=" : "",
                        value ? value : "");
}

/* -set device.hostpci0.x-igd-gms=2; a function of a list has a number behind a dot: hostpci0.1. */
static void read_set(struct import_vm *vm, const char *where, char *text) {
    CLEANUP(free) char *whole = strdup(text);
    static const char prefix[] = "device.";
    char *equals = strchr(text, '='), *dot;
    struct import_device *device = NULL;
    if (!whole) {
        vm->failed = true;
        return;
    }
    if (equals && strncmp(text, prefix, sizeof(prefix) - 1) == 0) {
        *equals = '\0';
        dot = strrchr(text, '.');
        if (dot > text + sizeof(prefix) - 2) {
            char *name = text + sizeof(prefix) - 1, *function;
            *dot = '\0';
            if ((function = strchr(name, '.')))
                *function = strcmp(function, ".0") == 0 ? '\0' : '-';
            device = import_find_device(vm, name);
        }
        if (device) {
            import_vfio_property(vm, device, where, dot + 1, equals + 1);
            return;
        }
    }
    import_note(vm, "%s: -set %s has no counterpart", where, whole);
}

/* Which device it is: "host" is an address, "sysfsdev" a function's or a mediated device's folder in /sys. */
static bool read_source(struct import_device *device, const char *property, const char *value) {
    const char *slash = strrchr(value, '/');
    if (strcmp(property, "sysfsdev") == 0 && slash && text_is_uuid(slash + 1)) {
        snprintf(device->mdev_uuid, sizeof(device->mdev_uuid), "%s", slash + 1);
        device->is_gpu = true;
        return true;
    }
    if (strcmp(property, "sysfsdev") == 0)
        value = slash ? slash + 1 : "";
    else if (strcmp(property, "host") != 0)
        return false;
    if (pci_address_parse(value, &device->address) < 0)
        return false;
    device->has_address = true;
    return true;
}

static void read_device_property(struct import_vm *vm, const char *where, struct import_device *device,
                                 const char *property, const char *value) {
    if (value && strcmp(property, "id") == 0 && is_label(value) && !import_find_device(vm, value))
        snprintf(device->name, sizeof(device->name), "%s", value);
    else if (!value || !read_source(device, property, value))
        import_vfio_property(vm, device, where, property, value);
}

static bool is_vfio(const char *driver) {
    return driver && (strcmp(driver, "vfio-pci") == 0 || strcmp(driver, "vfio-pci-nohotplug") == 0);
}

static struct import_device *add_device(struct import_vm *vm, struct error *err) {
    char name[LABEL_MAX + 1];
    size_t number = vm->count;
    do {
        snprintf(name, sizeof(name), "device%zu", number++);
    } while (import_find_device(vm, name));
    return import_add_device(vm, name, err);
}

/* -device '{"driver":"vfio-pci","host":"0000:01:00.0",...}', as libvirt itself writes it. */
static int read_json_device(struct import_vm *vm, const char *where, const char *text, struct error *err) {
    struct error none = {0};
    CLEANUP(json_decref)
    json_t *object = json_parse((struct bytes){(const uint8_t *)text, strlen(text)}, "-device", JSON_FOR_US, &none);
    struct import_device *device;
    const char *property;
    json_t *value;
    if (!is_vfio(json_string_value(json_object_get(object, "driver")))) {
        import_note(vm, "%s: -device %s has no counterpart", where, text);
        return 0;
    }
    if (!(device = add_device(vm, err)))
        return -1;
    json_object_foreach(object, property, value) {
        CLEANUP(free) char *other = json_text(value, JSON_ENCODE_ANY | JSON_COMPACT);
        if (!other)
            return error_no_memory(err);
        if (strcmp(property, "driver") != 0)
            read_device_property(vm, where, device, property,
                                 json_is_string(value)    ? json_string_value(value)
                                 : json_is_boolean(value) ? json_is_true(value) ? "on" : "off"
                                                          : other);
    }
    return 0;
}

/* -device vfio-pci,host=01:00.0,...: a device of its own. */
static int read_device(struct import_vm *vm, const char *where, char *text, struct error *err) {
    CLEANUP(free) char *whole = strdup(text);
    char *value, *property, *driver;
    struct import_device *device;
    if (!whole)
        return error_no_memory(err);
    if (*text == '{')
        return read_json_device(vm, where, text, err);
    driver = next_argument_property(&text, &value);
    if (!is_vfio(driver && strcmp(driver, "driver") == 0 ? value : driver)) {
        import_note(vm, "%s: -device %s has no counterpart", where, whole);
        return 0;
    }
    if (!(device = add_device(vm, err)))
        return -1;
    while ((property = next_argument_property(&text, &value)))
        read_device_property(vm, where, device, property, value);
    return 0;
}

int import_qemu_args(struct import_vm *vm, const char *where, char *const *arguments, size_t count, struct error *err) {
    static const struct {
        const char *name;
        void (*read)(struct import_vm *vm, const char *where, char *text);
    } known[] = {{"cpu", read_cpu},         {"fw_cfg", read_fw_cfg}, {"global", read_global},
                 {"machine", read_machine}, {"M", read_machine},     {"set", read_set}};
    for (size_t i = 0; i < count; i++) {
        const char *name = arguments[i] + strspn(arguments[i], "-");
        bool has_value = i + 1 < count && arguments[i + 1][0] != '-', is_read = false;
        for (size_t j = 0; has_value && j < sizeof(known) / sizeof(known[0]); j++)
            if (strcmp(name, known[j].name) == 0) {
                known[j].read(vm, where, arguments[i + 1]);
                is_read = true;
            }
        if (has_value && strcmp(name, "device") == 0) {
            if (read_device(vm, where, arguments[i + 1], err) < 0)
                return -1;
            is_read = true;
        }
        if (!is_read)
            import_note(vm, "%s: the argument %s%s%s has no counterpart", where, arguments[i], has_value ? " " : "",
                        has_value ? arguments[i + 1] : "");
        i += has_value;
    }
    return import_check(vm, err);
}
