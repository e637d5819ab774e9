/* <cpu> and <features>: what the guest sees of its processor and of its hypervisor. */
#include <stdio.h>
#include <string.h>

#include "import/cpu.h"
#include "import/libvirt_parts.h"

/* --- <cpu> -------------------------------------------------------------------------------------------------------- */

/* A whole number, or a note. */
static bool read_number(struct libvirt_reading *reading, const char *where, const xmlNode *element,
                        const char *attribute, unsigned *number) {
    const char *text = tree_attribute(element, attribute);
    char rest, storage[QUOTED_MAX];
    if (!text)
        return false;
    if (text[0] >= '0' && text[0] <= '9' && sscanf(text, "%9u%c", number, &rest) == 1)
        return true;
    import_note(reading->vm, "%s: %s=\"%s\" of <%s> is no number", where, attribute, text_quotable(text, storage),
                (const char *)element->name);
    return false;
}

static int read_model(struct libvirt_reading *reading, const char *where, const xmlNode *model, struct error *err) {
    const char *mode = tree_attribute(model->parent, "mode");
    libvirt_note_rest(reading, where, model, "fallback");
    if (!mode || strcmp(mode, "custom") == 0)
        import_cpu_model(reading->vm, where, tree_text(model));
    else
        import_note(reading->vm, "%s: the model %s counts for nothing beside %s", where, tree_text(model), mode);
    return import_check(reading->vm, err);
}

/* KubeVirt multiplies them, as libvirt does, but knows neither dies nor clusters. */
static int read_topology(struct libvirt_reading *reading, const char *where, const xmlNode *topology,
                         struct error *err) {
    static const char *const kept[] = {"sockets", "cores", "threads"}, *const others[] = {"dies", "clusters"};
    char path[32];
    unsigned number;
    libvirt_note_rest(reading, where, topology, "sockets dies clusters cores threads");
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        snprintf(path, sizeof(path), "cpu.%s", kept[i]);
        if (read_number(reading, where, topology, kept[i], &number))
            import_domain(reading->vm, path, json_integer(number));
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (read_number(reading, where, topology, others[i], &number) && number != 1)
            import_note(reading->vm, "%s: %s=%u of the topology has no counterpart: there are fewer CPUs without it",
                        where, others[i], number);
    return import_check(reading->vm, err);
}

static int read_feature(struct libvirt_reading *reading, const char *where, const xmlNode *feature, struct error *err) {
    static const char *const policies[] = {"force", "require", "optional", "disable", "forbid"};
    const char *name = tree_attribute(feature, "name"), *policy = tree_attribute(feature, "policy");
    policy = policy ? policy : "require"; /* libvirt's default */
    if (!name || text_choice(policy, policies, sizeof(policies) / sizeof(policies[0])) < 0)
        return libvirt_note_element(reading, where, feature, err);
    libvirt_note_rest(reading, where, feature, "name policy");
    import_cpu_feature(reading->vm, where, name, policy);
    return import_check(reading->vm, err);
}

static int read_max_phys_addr(struct libvirt_reading *reading, const char *where, const xmlNode *element,
                              struct error *err) {
    struct import_vm *vm = reading->vm;
    unsigned bits = 0, limit = 0;
    const bool has_bits = read_number(reading, where, element, "bits", &bits);
    const bool has_limit = read_number(reading, where, element, "limit", &limit);
    libvirt_note_rest(reading, where, element, "mode bits limit");
    if (tree_attribute_is(element, "mode", "emulate") && has_bits && !has_limit)
        import_guest(vm, "maxPhysAddr", json_pack("{s:s, s:i}", "mode", "emulate", "bits", (int)bits));
    else if (!tree_attribute_is(element, "mode", "passthrough") || has_bits)
        return libvirt_note_element(reading, where, element, err);
    else if (has_limit)
        import_guest(vm, "maxPhysAddr", json_pack("{s:s, s:i}", "mode", "passthrough", "limit", (int)limit));
    else
        import_guest(vm, "maxPhysAddr", json_string("passthrough"));
    return import_check(vm, err);
}

static int note_numa(struct libvirt_reading *reading, const char *where, const xmlNode *numa, struct error *err) {
    (void)numa;
    import_note(reading->vm,
                "%s: the guest's <numa> cells are KubeVirt's to make: cpu.numa.guestMappingPassthrough, with "
                "cpu.dedicatedCpuPlacement and memory.hugepages",
                where);
    return import_check(reading->vm, err);
}

int libvirt_read_cpu(struct libvirt_reading *reading, const char *where, const xmlNode *cpu, struct error *err) {
    static const struct libvirt_row rows[] = {
        {"model", read_model}, {"topology", read_topology},         {"feature", read_feature},
        {"numa", note_numa},   {"maxphysaddr", read_max_phys_addr},
    };
    const char *mode = tree_attribute(cpu, "mode");
    /* How strictly libvirt looks whether it got the CPU is KubeVirt's to say; "match" and "migratable" have defaults.
     */
    CLEANUP(buffer_free) struct buffer known = {0};
    buffer_printf(&known, "mode check%s%s", tree_attribute_is(cpu, "match", "exact") ? " match" : "",
                  tree_attribute_is(cpu, "migratable", "on") ? " migratable" : "");
    if (buffer_check(&known, err) < 0)
        return -1;
    libvirt_note_attributes(reading, where, cpu, known.data);
    if (mode && strcmp(mode, "host-passthrough") == 0)
        import_cpu_model(reading->vm, where, "host");
    else if (mode && strcmp(mode, "maximum") == 0)
        import_cpu_model(reading->vm, where, "max");
    else if (mode && strcmp(mode, "custom") != 0)
        import_cpu_model(reading->vm, where, mode);
    return libvirt_read_children(reading, where, cpu, NULL, rows, sizeof(rows) / sizeof(rows[0]), err);
}

/* --- <features> --------------------------------------------------------------------------------------------------- */

static bool is_off(const xmlNode *element) {
    return tree_attribute_is(element, "state", "off");
}

static int read_hidden(struct libvirt_reading *reading, const char *where, const xmlNode *hidden, struct error *err) {
    libvirt_note_rest(reading, where, hidden, "state");
    if (!is_off(hidden))
        import_hide_kvm(reading->vm);
    return import_check(reading->vm, err);
}

static int read_kvm(struct libvirt_reading *reading, const char *where, const xmlNode *kvm, struct error *err) {
    static const struct libvirt_row rows[] = {{"hidden", read_hidden}};
    libvirt_note_attributes(reading, where, kvm, "");
    return libvirt_read_children(reading, "kvm", kvm, NULL, rows, sizeof(rows) / sizeof(rows[0]), err);
}

/* stimer's and tlbflush's <direct> and <extended>. */
static void read_enlightenment_parts(struct libvirt_reading *reading, const char *where, const xmlNode *element,
                                     const char *path) {
    static const char *const parts[] = {"direct", "extended"};
    for (const xmlNode *part = xmlFirstElementChild((xmlNode *)element); part;
         part = xmlNextElementSibling((xmlNode *)part)) {
        struct error none = {0}; /* a failure is remembered in the VM */
        char whole[64];
        if (!path || part->ns || text_choice((const char *)part->name, parts, sizeof(parts) / sizeof(parts[0])) < 0) {
            libvirt_note_element(reading, where, part, &none);
            continue;
        }
        libvirt_note_rest(reading, where, part, "state");
        snprintf(whole, sizeof(whole), "%s.%s", path, (const char *)part->name);
        import_domain(reading->vm, whole, json_pack("{s:b}", "enabled", !is_off(part)));
    }
}

static int read_enlightenment(struct libvirt_reading *reading, const char *where, const xmlNode *element) {
    const char *name = (const char *)element->name, *path = NULL;
    const char *value = NULL;
    if (strcmp(name, "vendor_id") == 0 && is_off(element))
        return 0;
    if (strcmp(name, "vendor_id") == 0) {
        name = "vendor-id";
        value = tree_attribute(element, "value");
    } else if (strcmp(name, "spinlocks") == 0) {
        value = is_off(element) ? NULL : tree_attribute(element, "retries");
    } else if (strcmp(name, "stimer") == 0) {
        path = "features.hyperv.synictimer";
    } else if (strcmp(name, "tlbflush") == 0) {
        path = "features.hyperv.tlbflush";
    }
    libvirt_note_attributes(reading, where, element, value ? "state value retries" : "state");
    import_enlightenment(reading->vm, where, name, value, !is_off(element));
    read_enlightenment_parts(reading, where, element, path);
    return 0;
}

static int read_hyperv(struct libvirt_reading *reading, const char *where, const xmlNode *hyperv, struct error *err) {
    const bool passes = tree_attribute_is(hyperv, "mode", "passthrough");
    (void)where;
    if (passes)
        import_domain(reading->vm, "features.hypervPassthrough", json_pack("{s:b}", "enabled", 1));
    libvirt_note_attributes(reading, "hyperv", hyperv,
                            passes || tree_attribute_is(hyperv, "mode", "custom") ? "mode" : "");
    for (const xmlNode *element = xmlFirstElementChild((xmlNode *)hyperv); element;
         element = xmlNextElementSibling((xmlNode *)element)) {
        /* KubeVirt takes the one or the other. */
        int failed = passes || element->ns ? libvirt_note_element(reading, "hyperv", element, err)
                                           : read_enlightenment(reading, "hyperv", element);
        if (failed < 0)
            return -1;
    }
    return import_check(reading->vm, err);
}

static int read_ioapic(struct libvirt_reading *reading, const char *where, const xmlNode *ioapic, struct error *err) {
    static const char *const drivers[] = {"kvm", "qemu"};
    const char *driver = tree_attribute(ioapic, "driver");
    if (!driver || text_choice(driver, drivers, sizeof(drivers) / sizeof(drivers[0])) < 0)
        return libvirt_note_element(reading, where, ioapic, err);
    libvirt_note_rest(reading, where, ioapic, "driver");
    import_guest(reading->vm, "ioapic", json_string(driver));
    return import_check(reading->vm, err);
}

/* Features that KubeVirt's have by the same name, with "enabled" for libvirt's "state". */
static int read_switch(struct libvirt_reading *reading, const char *where, const xmlNode *feature, struct error *err) {
    char path[64];
    libvirt_note_rest(reading, where, feature, "state");
    snprintf(path, sizeof(path), "features.%s", (const char *)feature->name);
    import_domain(reading->vm, path, is_off(feature) ? json_pack("{s:b}", "enabled", 0) : json_object());
    return import_check(reading->vm, err);
}

/* KubeVirt's VMs have it anyway. */
static int read_usual(struct libvirt_reading *reading, const char *where, const xmlNode *feature, struct error *err) {
    libvirt_note_rest(reading, where, feature, "");
    return import_check(reading->vm, err);
}

int libvirt_read_features(struct libvirt_reading *reading, const char *where, const xmlNode *features,
                          struct error *err) {
    static const struct libvirt_row rows[] = {
        {"acpi", read_usual},    {"apic", read_usual},    {"pae", read_usual},  {"kvm", read_kvm},
        {"hyperv", read_hyperv}, {"ioapic", read_ioapic}, {"smm", read_switch}, {"pvspinlock", read_switch},
    };
    libvirt_note_attributes(reading, where, features, "");
    return libvirt_read_children(reading, where, features, NULL, rows, sizeof(rows) / sizeof(rows[0]), err);
}
