#include "import/cpu.h"

#include <stdio.h>
#include <string.h>

#include "config/guest_options.h"
#include "import/words.h"

/* The last word counts; which one gave way is told. */
static void set_model(struct import_vm *vm, const char *where, const char *model) {
    const char *before = json_string_value(json_object_get(json_object_get(vm->domain, "cpu"), "model"));
    if (before && strcmp(before, model) != 0)
        import_note(vm, "%s: the CPU model %s gives way to %s", where, before, model);
    import_domain(vm, "cpu.model", json_string(model));
}

void import_cpu_model(struct import_vm *vm, const char *where, const char *model) {
    /* Proxmox' own, and QEMU's that libvirt has not. */
    static const char *const unknown[] = {"max", "base"};
    if (!text_is_file_name(model, LABEL_MAX)) {
        import_note(vm, "%s: \"%s\" is no CPU model", where, model);
    } else if (strcmp(model, "host") == 0) {
        set_model(vm, where, "host-passthrough");
    } else if (strncmp(model, "custom-", strlen("custom-")) == 0 ||
               strncmp(model, "x86-64-v", strlen("x86-64-v")) == 0 ||
               text_choice(model, unknown, sizeof(unknown) / sizeof(unknown[0])) >= 0) {
        import_note(vm,
                    "%s: libvirt has no CPU model %s: KubeVirt's default (host-model) is left; say cpu.model for "
                    "another",
                    where, model);
    } else {
        set_model(vm, where, model);
    }
}

void import_hide_kvm(struct import_vm *vm) {
    import_domain(vm, "features.kvm.hidden", json_true());
}

void import_hyperv_vendor(struct import_vm *vm, const char *where, const char *vendor) {
    /* libvirt refuses longer ones, and a comma in it (src/qemu/qemu_validate.c and domain_conf.c). */
    if (*vendor && strlen(vendor) <= HYPERV_VENDOR_ID_MAX && !strchr(vendor, ',') && text_is_printable(vendor))
        import_domain(vm, "features.hyperv.vendorid.vendorid", json_string(vendor));
    else
        import_note(vm, "%s: \"%s\" cannot be Hyper-V's vendor id: it has 1 to %d characters", where, vendor,
                    HYPERV_VENDOR_ID_MAX);
}

void import_phys_bits(struct import_vm *vm, const char *where, const char *bits) {
    unsigned number;
    char rest;
    if (strcmp(bits, "host") == 0)
        import_guest(vm, "maxPhysAddr", json_string("passthrough"));
    else if (sscanf(bits, "%3u%c", &number, &rest) == 1 && number)
        import_guest(vm, "maxPhysAddr", json_pack("{s:s, s:i}", "mode", "emulate", "bits", (int)number));
    else
        import_note(vm, "%s: \"%s\" is no number of address bits", where, bits);
}

#define FEATURES_MAX 1024 /* more than libvirt knows (src/cpu_map/x86_features.xml) */

void import_cpu_feature(struct import_vm *vm, const char *where, const char *name, const char *policy) {
    json_t *cpu = json_object_get(vm->domain, "cpu"), *features = json_object_get(cpu, "features"), *said;
    size_t i;
    json_array_foreach(features, i, said) /* libvirt refuses a second one */
        if (strcmp(json_string_value(json_object_get(said, "name")), name) == 0) {
        if (json_object_set_new(said, "policy", json_string(policy)) < 0)
            vm->failed = true;
        return;
    }
    if (!text_is_file_name(name, LABEL_MAX) || json_array_size(features) == FEATURES_MAX) {
        import_note(vm, "%s: the CPU's feature \"%s\" is none that libvirt has", where, name);
        return;
    }
    json_t *feature = json_pack("{s:s, s:s}", "name", name, "policy", policy);
    if (features) {
        if (json_array_append_new(features, feature) < 0)
            vm->failed = true;
    } else {
        import_domain(vm, "cpu.features", feature ? json_pack("[o]", feature) : NULL);
    }
}

/* QEMU's hv-... that KubeVirt's features.hyperv has under another name, and that take no value. */
static const char *const enlightenments[][2] = {
    {"relaxed", "relaxed"},
    {"vapic", "vapic"},
    {"vpindex", "vpindex"},
    {"runtime", "runtime"},
    {"synic", "synic"},
    {"stimer", "synictimer"},
    {"reset", "reset"},
    {"frequencies", "frequencies"},
    {"reenlightenment", "reenlightenment"},
    {"tlbflush", "tlbflush"},
    {"ipi", "ipi"},
    {"evmcs", "evmcs"},
};

void import_enlightenment(struct import_vm *vm, const char *where, const char *name, const char *value, bool on) {
    char path[64], rest;
    unsigned number;
    if (strcmp(name, "vendor-id") == 0 && value) {
        import_hyperv_vendor(vm, where, value);
        return;
    }
    for (size_t i = 0; i < sizeof(enlightenments) / sizeof(enlightenments[0]); i++)
        if (strcmp(name, enlightenments[i][0]) == 0) {
            snprintf(path, sizeof(path), "features.hyperv.%s", enlightenments[i][1]);
            import_domain(vm, path, on ? json_object() : json_pack("{s:b}", "enabled", 0));
            return;
        }
    if (strcmp(name, "spinlocks") == 0 && value &&
        sscanf(value, value[0] == '0' ? "%9x%c" : "%9u%c", &number, &rest) == 1)
        import_domain(vm, "features.hyperv.spinlocks.spinlocks", json_integer(number));
    else if (strcmp(name, "time") == 0 && on)
        import_domain(vm, "clock.timer.hyperv", json_object());
    else
        import_note(vm, "%s: hv-%s%s%s has no counterpart", where, name, value ? "=" : "", value ? value : "");
}

/* Properties with a place of their own. Returns whether it was one. */
static bool add_known(struct import_vm *vm, const char *where, const char *name, const char *value, bool on) {
    unsigned limit;
    char rest;
    if (strcmp(name, "kvm") == 0) {
        if (!on)
            import_hide_kvm(vm);
    } else if (strcmp(name, "host-phys-bits") == 0) {
        if (on && !json_object_get(vm->guest, "maxPhysAddr"))
            import_guest(vm, "maxPhysAddr", json_string("passthrough"));
    } else if (strcmp(name, "host-phys-bits-limit") == 0 && value && sscanf(value, "%3u%c", &limit, &rest) == 1) {
        import_guest(vm, "maxPhysAddr", json_pack("{s:s, s:i}", "mode", "passthrough", "limit", (int)limit));
    } else if (strcmp(name, "phys-bits") == 0 && value) {
        import_phys_bits(vm, where, value);
    } else {
        return false;
    }
    return true;
}

void import_cpu_property(struct import_vm *vm, const char *where, const char *property, const char *value) {
    char name[64];
    bool on = property[0] != '-', is_flag = true;
    snprintf(name, sizeof(name), "%s", property + (property[0] == '+' || property[0] == '-'));
    for (char *c = name; *c; c++) /* QEMU takes both */
        *c = *c == '_' ? '-' : *c;
    if (value && parse_flag(value, &on) < 0)
        is_flag = false;
    if (add_known(vm, where, name, value, on))
        return;
    if (strncmp(name, "hv-", strlen("hv-")) == 0)
        import_enlightenment(vm, where, name + strlen("hv-"), value, on);
    else if (is_flag && text_is_file_name(name, sizeof(name) - 1))
        import_cpu_feature(vm, where, name, on ? "require" : "disable");
    else
        import_note(vm, "%s: the CPU's %s%s%s has no counterpart", where, property, value ? "=" : "",
                    value ? value : "");
}
