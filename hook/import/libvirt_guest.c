/* <os>, <clock>, and what a domain says of its CPUs' and its memory's places on the host. */
#include <stdio.h>
#include <string.h>

#include "config/option_value.h"
#include "import/libvirt_parts.h"

/* --- <os> --------------------------------------------------------------------------------------------------------- */

static int read_type(struct libvirt_reading *reading, const char *where, const xmlNode *type, struct error *err) {
    struct import_vm *vm = reading->vm;
    const char *machine = tree_attribute(type, "machine"), *arch = tree_attribute(type, "arch");
    const enum chipset chipset = reading->guest.chipset;
    char storage[QUOTED_MAX];
    libvirt_note_rest(reading, where, type, "arch machine");
    if (strcmp(tree_text(type), "hvm") != 0)
        import_note(vm, "%s: the type \"%s\" is no full virtualisation, which KubeVirt's VMs have", where,
                    text_quotable(tree_text(type), storage));
    if (arch && strcmp(arch, "x86_64") != 0)
        import_note(vm, "%s: the architecture is %s: say spec.template.spec.architecture as Kubernetes calls it", where,
                    text_quotable(arch, storage));
    if (machine && chipset == CHIPSET_Q35 && strcmp(machine, "q35") != 0)
        import_note(
            vm, "machine: %s is of one version of QEMU, which the node's may not have any more: KubeVirt has its own",
            text_quotable(machine, storage));
    else if (machine && chipset == CHIPSET_OTHER)
        import_note(vm, "machine: %s has no counterpart", text_quotable(machine, storage));
    return import_check(vm, err);
}

/* KubeVirt has its own OVMF and SeaBIOS. */
static int read_loader(struct libvirt_reading *reading, const char *where, const xmlNode *loader, struct error *err) {
    char storage[QUOTED_MAX];
    libvirt_note_rest(reading, where, loader, "readonly secure type format");
    if (reading->guest.firmware != FIRMWARE_UEFI && *tree_text(loader))
        import_note(reading->vm, "%s: the firmware %s is left: KubeVirt has its own", where,
                    text_quotable(tree_text(loader), storage));
    return import_check(reading->vm, err);
}

static int note_nvram(struct libvirt_reading *reading, const char *where, const xmlNode *nvram, struct error *err) {
    (void)where, (void)nvram;
    import_note(reading->vm, "nvram: OVMF's variables are not taken over: the guest's boot entries are made anew");
    return import_check(reading->vm, err);
}

static int read_firmware_feature(struct libvirt_reading *reading, const char *where, const xmlNode *feature,
                                 struct error *err) {
    static const char *const names[] = {"secure-boot", "enrolled-keys"};
    const char *name = tree_attribute(feature, "name");
    if (!name || text_choice(name, names, sizeof(names) / sizeof(names[0])) < 0)
        return libvirt_note_element(reading, where, feature, err);
    libvirt_note_rest(reading, where, feature, "enabled name");
    return import_check(reading->vm, err);
}

static int read_firmware(struct libvirt_reading *reading, const char *where, const xmlNode *firmware,
                         struct error *err) {
    static const struct libvirt_row rows[] = {{"feature", read_firmware_feature}};
    libvirt_note_attributes(reading, where, firmware, "");
    return libvirt_read_children(reading, where, firmware, NULL, rows, sizeof(rows) / sizeof(rows[0]), err);
}

/* Does <firmware> say so of that feature? */
static bool has_firmware_feature(const xmlNode *os, const char *name, const char *enabled) {
    const xmlNode *feature = tree_child(tree_child(os, "firmware"), "feature");
    for (; feature; feature = tree_next(feature, "feature"))
        if (tree_attribute_is(feature, "name", name) && tree_attribute_is(feature, "enabled", enabled))
            return true;
    return false;
}

/* Secure boot is a loader that can, with keys that make it. */
static bool is_secure(const xmlNode *os) {
    return (tree_attribute_is(tree_child(os, "loader"), "secure", "yes") ||
            has_firmware_feature(os, "secure-boot", "yes")) &&
           !has_firmware_feature(os, "enrolled-keys", "no");
}

int libvirt_read_os(struct libvirt_reading *reading, const char *where, const xmlNode *os, struct error *err) {
    static const struct libvirt_row rows[] = {
        {"type", read_type},
        {"loader", read_loader},
        {"nvram", note_nvram},
        {"firmware", read_firmware},
        {"boot", libvirt_count_other},
        {"bootmenu", libvirt_count_other},
        {"bios", libvirt_count_other},
        {"smbios", libvirt_count_other},
        {"kernel", libvirt_count_other},
        {"initrd", libvirt_count_other},
        {"cmdline", libvirt_count_other},
    };
    const bool secure = is_secure(os);
    libvirt_note_attributes(reading, where, os, "firmware");
    if (reading->guest.firmware == FIRMWARE_UEFI) {
        import_domain(reading->vm, "firmware.bootloader.efi.secureBoot", json_boolean(secure));
        if (secure)
            import_domain(reading->vm, "features.smm", json_object());
    }
    return libvirt_read_children(reading, where, os, NULL, rows, sizeof(rows) / sizeof(rows[0]), err);
}

/* --- <clock> ------------------------------------------------------------------------------------------------------ */

static int read_timer(struct libvirt_reading *reading, const char *where, const xmlNode *timer, struct error *err) {
    static const struct {
        const char *libvirt, *kubevirt;
        bool has_policy;
    } timers[] = {{"hpet", "hpet", true},
                  {"pit", "pit", true},
                  {"rtc", "rtc", true},
                  {"kvmclock", "kvm", false},
                  {"hypervclock", "hyperv", false}};
    static const char *const policies[] = {"delay", "catchup", "merge", "discard"};
    const char *name = tree_attribute(timer, "name"), *policy = tree_attribute(timer, "tickpolicy");
    const bool has_policy = policy && text_choice(policy, policies, sizeof(policies) / sizeof(policies[0])) >= 0;
    char path[64];
    for (size_t i = 0; name && i < sizeof(timers) / sizeof(timers[0]); i++) {
        if (strcmp(name, timers[i].libvirt) != 0)
            continue;
        json_t *value = json_object();
        if (tree_attribute(timer, "present"))
            json_object_set_new(value, "present", json_boolean(tree_attribute_is(timer, "present", "yes")));
        if (has_policy && timers[i].has_policy)
            json_object_set_new(value, "tickPolicy", json_string(policy));
        snprintf(path, sizeof(path), "clock.timer.%s", timers[i].kubevirt);
        import_domain(reading->vm, path, value);
        libvirt_note_rest(reading, where, timer,
                          has_policy && timers[i].has_policy ? "name present tickpolicy" : "name present");
        return import_check(reading->vm, err);
    }
    return libvirt_note_element(reading, where, timer, err);
}

int libvirt_read_clock(struct libvirt_reading *reading, const char *where, const xmlNode *clock, struct error *err) {
    static const struct libvirt_row rows[] = {{"timer", read_timer}};
    const char *offset = tree_attribute(clock, "offset"), *zone = tree_attribute(clock, "timezone");
    const char *known = "";
    if (offset && strcmp(offset, "utc") == 0) {
        known = "offset";
        import_domain(reading->vm, "clock.utc", json_object());
    } else if (offset && strcmp(offset, "timezone") == 0 && zone && text_is_printable(zone)) {
        known = "offset timezone";
        import_domain(reading->vm, "clock.timezone", json_string(zone));
    } else if (offset && strcmp(offset, "localtime") == 0) {
        known = "offset";
        import_note(reading->vm, "%s: the offset \"localtime\" is the host's zone: say clock.timezone", where);
    }
    libvirt_note_attributes(reading, where, clock, known);
    return libvirt_read_children(reading, where, clock, NULL, rows, sizeof(rows) / sizeof(rows[0]), err);
}

/* --- where its CPUs and its memory are ---------------------------------------------------------------------------- */

static void note_pinning(struct libvirt_reading *reading, const char *where) {
    import_note(
        reading->vm,
        "%s: on which CPUs of the host it runs is KubeVirt's to choose: cpu.dedicatedCpuPlacement pins the vCPUs, "
        "and isolateEmulatorThread the rest",
        where);
}

int libvirt_read_vcpu(struct libvirt_reading *reading, const char *where, const xmlNode *vcpu, struct error *err) {
    if (tree_attribute(vcpu, "cpuset"))
        note_pinning(reading, where);
    return libvirt_count_other(reading, NULL, vcpu, err);
}

static int read_pin(struct libvirt_reading *reading, const char *where, const xmlNode *pin, struct error *err) {
    (void)where, (void)pin; /* one note is enough for all */
    return import_check(reading->vm, err);
}

int libvirt_read_cputune(struct libvirt_reading *reading, const char *where, const xmlNode *tune, struct error *err) {
    static const struct libvirt_row rows[] = {
        {"vcpupin", read_pin}, {"emulatorpin", read_pin}, {"iothreadpin", read_pin}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (tree_child(tune, rows[i].name)) {
            note_pinning(reading, where);
            break;
        }
    libvirt_note_attributes(reading, where, tune, "");
    return libvirt_read_children(reading, where, tune, NULL, rows, sizeof(rows) / sizeof(rows[0]), err);
}

int libvirt_read_numatune(struct libvirt_reading *reading, const char *where, const xmlNode *tune, struct error *err) {
    libvirt_note_attributes(reading, where, tune, "");
    if (libvirt_read_children(reading, where, tune, NULL, NULL, 0, err) < 0)
        return -1;
    import_note(reading->vm,
                "%s: KubeVirt has the memory on the nodes of the vCPUs with cpu.numa.guestMappingPassthrough, "
                "cpu.dedicatedCpuPlacement and memory.hugepages",
                where);
    return import_check(reading->vm, err);
}

static int read_page(struct libvirt_reading *reading, const char *where, const xmlNode *page, struct error *err) {
    const char *size = tree_attribute(page, "size");
    const uint64_t kib = size ? guest_read_kib(size, tree_attribute(page, "unit")) : 0;
    if (kib == 0)
        return libvirt_note_element(reading, where, page, err);
    CLEANUP(json_decref) json_t *text = value_write_size(kib);
    if (!text)
        return error_no_memory(err);
    libvirt_note_rest(reading, where, page, "size unit");
    /* "1GiB" is Kubernetes' "1Gi". */
    import_note(reading->vm, "%s: pages of %s: say memory.hugepages.pageSize: %.*s", where, json_string_value(text),
                (int)json_string_length(text) - 1, json_string_value(text));
    return import_check(reading->vm, err);
}

static int read_hugepages(struct libvirt_reading *reading, const char *where, const xmlNode *pages, struct error *err) {
    static const struct libvirt_row rows[] = {{"page", read_page}};
    libvirt_note_attributes(reading, where, pages, "");
    if (!tree_child(pages, "page"))
        import_note(reading->vm, "%s: huge pages: say memory.hugepages.pageSize (2Mi or 1Gi)", where);
    return libvirt_read_children(reading, where, pages, NULL, rows, sizeof(rows) / sizeof(rows[0]), err);
}

int libvirt_read_memory_backing(struct libvirt_reading *reading, const char *where, const xmlNode *backing,
                                struct error *err) {
    static const struct libvirt_row rows[] = {{"hugepages", read_hugepages}};
    libvirt_note_attributes(reading, where, backing, "");
    return libvirt_read_children(reading, where, backing, NULL, rows, sizeof(rows) / sizeof(rows[0]), err);
}
