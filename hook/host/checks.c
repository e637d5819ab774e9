#include "host/checks.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "host/check_result.h"

enum subject {
    SUBJECT_ANY,      /* made also of a device that is not there */
    SUBJECT_DEVICE,   /* of a function or a mediated device that is there and can be read */
    SUBJECT_FUNCTION, /* of a PCI function that is there and can be read */
    SUBJECT_MDEV,     /* of a mediated device, there or not */
};

static const struct {
    const char *title;
    check_fn *run;
    enum subject subject;
    bool wants_guest;
    bool is_vital; /* where its answer is unknown, it is unknown whether a VM would start */
} table[CHECK_COUNT] = {
    [CHECK_DEVICE_PRESENT] = {"the device is there", check_device_present, SUBJECT_ANY, false, true},
    [CHECK_IDENTITY] = {"it is the device that is expected", check_identity, SUBJECT_FUNCTION, false, true},
    [CHECK_CONFIG_SPACE] = {"it answers on the bus", check_config_space, SUBJECT_FUNCTION, false, true},
    [CHECK_DRIVER] = {"a driver for VMs has it", check_driver, SUBJECT_DEVICE, false, true},
    [CHECK_IOMMU_GROUP] = {"an IOMMU isolates it", check_iommu_group, SUBJECT_DEVICE, false, true},
    [CHECK_GROUP_VIABLE] = {"nothing else uses its IOMMU group", check_group_viable, SUBJECT_FUNCTION, false, true},
    [CHECK_IOMMU_REMAPPING] = {"its interrupts are remapped", check_iommu_remapping, SUBJECT_FUNCTION, false, false},
    [CHECK_POWER_STATE] = {"it can be powered", check_power_state, SUBJECT_FUNCTION, false, false},
    [CHECK_RESET_METHOD] = {"it can be reset between VMs", check_reset_method, SUBJECT_FUNCTION, false, false},
    [CHECK_ROM_AVAILABLE] = {"there is an option ROM for it", check_rom_available, SUBJECT_FUNCTION, false, false},
    [CHECK_BOOT_FRAMEBUFFER] = {"no boot display holds it", check_boot_framebuffer, SUBJECT_FUNCTION, false, false},
    [CHECK_BAR_ASSIGNED] = {"its BARs have addresses", check_bar_assigned, SUBJECT_FUNCTION, false, false},
    [CHECK_BAR_WINDOW] = {"its BARs fit into the guest", check_bar_window, SUBJECT_FUNCTION, true, false},
    [CHECK_LINK] = {"its link is as fast as it can be", check_link, SUBJECT_FUNCTION, false, false},
    [CHECK_AER] = {"its link is free of errors", check_aer, SUBJECT_FUNCTION, false, false},
    [CHECK_SIBLINGS] = {"no function of its slot stays behind", check_siblings, SUBJECT_FUNCTION, false, false},
    [CHECK_MDEV] = {"the mediated device exists", check_mdev, SUBJECT_MDEV, false, true},
    [CHECK_VGPU_PROFILE] = {"a vGPU type is assigned", check_vgpu_profile, SUBJECT_DEVICE, false, false},
    [CHECK_MIG] = {"a MIG instance backs it", check_mig, SUBJECT_DEVICE, false, false},
    [CHECK_SRIOV] = {"its SR-IOV functions are in order", check_sriov, SUBJECT_FUNCTION, false, false},
    [CHECK_NUMA] = {"its NUMA node is that of the vCPUs", check_numa, SUBJECT_FUNCTION, true, false},
    [CHECK_IOMMU_WIDTH] = {"its IOMMU reaches the guest's memory", check_iommu_width, SUBJECT_FUNCTION, true, false},
};

const char *verdict_name(enum check_verdict verdict) {
    static const char *const names[] = {[VERDICT_NOT_APPLICABLE] = "not-applicable",
                                        [VERDICT_PASS] = "pass",
                                        [VERDICT_UNKNOWN] = "unknown",
                                        [VERDICT_WARN] = "warn",
                                        [VERDICT_FAIL] = "fail"};
    return names[verdict];
}

const char *check_title(enum check check) {
    return table[check].title;
}

bool check_is_vital(enum check check) {
    return table[check].is_vital;
}

bool check_wants_guest(enum check check) {
    return table[check].wants_guest;
}

static bool is_there(const struct checked *checked) {
    return checked->mdev ? checked->mdev->error == 0 : checked->function->device.state != HOST_ABSENT;
}

/* NULL: the check means something for this device. */
static const char *beside_the_point(enum subject subject, const struct checked *checked) {
    if (subject == SUBJECT_ANY)
        return NULL;
    if (subject == SUBJECT_MDEV)
        return checked->mdev ? NULL : "no mediated device";
    if (checked->mdev && checked->mdev->error && checked->mdev->error != ENOENT)
        return "the device cannot be read: see mdev";
    if (!is_there(checked))
        return "the device is not there";
    if (!checked->mdev && checked->function->device.state == HOST_UNKNOWN)
        return "the device cannot be read: see device-present";
    return subject == SUBJECT_FUNCTION && checked->mdev ? "a mediated device" : NULL;
}

void check_run(enum check check, const struct checked *checked, struct check_result *result) {
    *result = (struct check_result){.verdict = VERDICT_NOT_APPLICABLE};
    const char *reason = beside_the_point(table[check].subject, checked);
    if (reason)
        say(result, VERDICT_NOT_APPLICABLE, "%s", reason);
    else
        table[check].run(checked, result);
}

enum check_verdict checks_sum(const struct check_result results[CHECK_COUNT]) {
    enum check_verdict worst = VERDICT_PASS;
    bool is_unknown = false;
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        if (results[i].verdict == VERDICT_UNKNOWN)
            is_unknown = is_unknown || table[i].is_vital;
        else if (results[i].verdict > worst)
            worst = results[i].verdict;
    }
    return is_unknown && worst != VERDICT_FAIL ? VERDICT_UNKNOWN : worst;
}

/* --- for check_*.c ------------------------------------------------------------------------------------------- */

/* What was read may end in half a character where it was cut, or have several lines. */
static void __attribute__((format(printf, 3, 0)))
write_text(char *text, size_t room, const char *format, va_list arguments) {
    int size = vsnprintf(text, room, format, arguments);
    if ((size_t)size >= room)
        text_ellipsis(text, room);
    text_make_printable(text);
}

void say(struct check_result *result, enum check_verdict verdict, const char *evidence, ...) {
    va_list arguments;
    result->verdict = verdict;
    va_start(arguments, evidence);
    write_text(result->evidence, sizeof(result->evidence), evidence, arguments);
    va_end(arguments);
}

void advise(struct check_result *result, const char *remedy, ...) {
    va_list arguments;
    va_start(arguments, remedy);
    write_text(result->remedy, sizeof(result->remedy), remedy, arguments);
    va_end(arguments);
}

void say_unread(struct check_result *result, const char *file, int error, const char *absent) {
    if (error == ENOENT && absent) {
        say(result, VERDICT_NOT_APPLICABLE, "%s", absent);
        return;
    }
    say(result, VERDICT_UNKNOWN, "%s: %s", file, strerror(error));
    if (error == EACCES || error == EPERM)
        advise(result, "run this as root on the node");
}

const char *text_of(const struct host_function *function, enum host_attribute attribute) {
    return function->attributes[attribute].text;
}

bool is_partial(const struct host_function *function) {
    return function->attributes[HOST_DRIVER_OVERRIDE].error == ENOENT;
}

bool is_all_ones(const struct host_function *function) {
    for (size_t i = 0; i < HOST_CONFIG_SIZE; i++)
        if (function->config[i] != 0xff)
            return false;
    return true;
}

/* pci.ids */
bool is_amd_apu(const struct host_function *function) {
    static const uint16_t devices[] = {0x15dd, 0x15d8, 0x1636, 0x1638, 0x164c, 0x15e7, 0x163f, 0x164d, 0x1681, 0x164e,
                                       0x1506, 0x15bf, 0x15c8, 0x1900, 0x1901, 0x150e, 0x1586, 0x13c0, 0x1114};
    const struct pci_id *id = &function->device.identity.id;
    for (size_t i = 0; id->vendor == VENDOR_AMD && i < sizeof(devices) / sizeof(devices[0]); i++)
        if (devices[i] == id->device)
            return true;
    return false;
}

bool belongs_to_gpu(const struct host_function *gpu, const struct host_function *other) {
    const uint32_t class_code = class_of(other);
    if (!pci_address_same_slot(gpu->address, other->address) || other->device.is_virtual)
        return false;
    if (class_code == CLASS_AUDIO || class_code >> 8 == BASE_CLASS_DISPLAY)
        return true;
    return (class_code == CLASS_USB || class_code == CLASS_SERIAL_OTHER) && !is_amd_apu(gpu) &&
           gpu->device.identity.id.vendor == other->device.identity.id.vendor;
}

bool makes_vgpus(const struct host_function *function) {
    const char *count = text_of(function, HOST_SRIOV_NUMVFS);
    return !function->device.is_virtual && (function->has_mdev_types || (count && strcmp(count, "0") != 0));
}

bool vm_has(const struct checked *checked, struct pci_address address) {
    for (size_t i = 0; checked->vm && i < checked->vm->device_count; i++)
        if (pci_address_equal(checked->vm->devices[i], address))
            return true;
    return false;
}
