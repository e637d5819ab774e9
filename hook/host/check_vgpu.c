/* Virtual GPUs: mediated devices, SR-IOV functions, MIG. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/check_result.h"

void check_mdev(const struct checked *checked, struct check_result *result) {
    const struct host_mdev *mdev = checked->mdev;
    if (mdev->error == ENOENT) {
        say(result, VERDICT_FAIL, "bus/mdev/devices has no %s", mdev->uuid);
        advise(result,
               "make it anew (mdevctl start, or the GPU Operator's vGPU device manager), then restart the device "
               "plugin");
    } else if (mdev->error) {
        say_unread(result, "bus/mdev/devices", mdev->error, NULL);
    } else {
        say(result, VERDICT_PASS, "%s%s%.60s", mdev->type[0] ? mdev->type : "type unknown", mdev->name.text ? ": " : "",
            mdev->name.text ? mdev->name.text : "");
    }
}

/* The number that the file is, or -1. */
static long type_number(const char *text) {
    char *end;
    long number = strtol(text, &end, 10);
    return *text < '0' || *text > '9' || *end ? -1 : number;
}

/* NVIDIA's vGPU manager 17 and later, where no mdev is: docs.nvidia.com, vGPU user guide, "Creating an NVIDIA vGPU on a
 * Linux with KVM Hypervisor"; NVIDIA/kubevirt-gpu-device-plugin README. */
void check_vgpu_profile(const struct checked *checked, struct check_result *result) {
    char text[PCI_ADDRESS_TEXT_MAX];
    if (checked->mdev) {
        say(result, VERDICT_NOT_APPLICABLE, "a mediated device has its type from birth: see mdev");
        return;
    }
    const struct host_function *function = checked->function;
    const struct host_text *type = &function->attributes[HOST_VGPU_TYPE];
    if (type->error) {
        say_unread(result, "nvidia/current_vgpu_type", type->error, "no NVIDIA vGPU's function");
    } else if (type_number(type->text) < 0) {
        say(result, VERDICT_UNKNOWN, "nvidia/current_vgpu_type: %.16s is no number", type->text);
    } else if (type_number(type->text) > 0) {
        say(result, VERDICT_PASS, "nvidia/current_vgpu_type: %.16s", type->text);
    } else {
        const char *creatable = text_of(function, HOST_VGPU_CREATABLE);
        say(result, VERDICT_FAIL, "nvidia/current_vgpu_type: 0: no vGPU type is assigned");
        if (creatable && !creatable[0])
            advise(result, "first make room for one: see mig");
        else
            advise(result,
                   "echo TYPE > /sys/bus/pci/devices/%s/nvidia/current_vgpu_type (creatable_vgpu_types lists them)",
                   pci_address_format(function->address, text));
    }
}

/* A MIG-backed type's name ends in its slices and its memory, "GRID A100-3-20C" and "NVIDIA H100XM-1-10CME"; a
 * time-sliced one's in its memory alone, "GRID A100-20C". */
static bool is_mig_backed(const char *name) {
    const char *last = strrchr(name, '-');
    const char *digit = last;
    if (!last || !isdigit((unsigned char)last[1]))
        return false;
    while (digit > name && isdigit((unsigned char)digit[-1]))
        digit--;
    return digit < last && digit > name && digit[-1] == '-';
}

/* Copies the name of a type out of creatable_vgpu_types, whose lines are "1414 : NVIDIA H200X-1-18C" below a heading;
 * of type 0, of the first. Returns false where there is none. */
static bool find_type(const char *list, long type, char *name, size_t room) {
    for (const char *line = list; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        char *end;
        long number = strtol(line, &end, 10);
        size_t blanks = end == line ? 0 : strspn(end, " ");
        if (end == line || end[blanks] != ':' || (type && number != type))
            continue;
        const char *start = end + blanks + 1 + strspn(end + blanks + 1, " ");
        snprintf(name, room, "%.*s", (int)strcspn(start, "\n"), start);
        return true;
    }
    return false;
}

static void say_mig(const char *file, const char *name, struct check_result *result) {
    if (is_mig_backed(name))
        say(result, VERDICT_PASS, "%s: %.60s, backed by a MIG instance", file, name);
    else
        say(result, VERDICT_NOT_APPLICABLE, "%s: %.60s: time-sliced", file, name);
}

void check_mig(const struct checked *checked, struct check_result *result) {
    char name[64];
    if (checked->mdev) {
        if (checked->mdev->name.text)
            say_mig("mdev_type/name", checked->mdev->name.text, result);
        else
            say(result, VERDICT_NOT_APPLICABLE, "its type has no name");
        return;
    }
    const char *type_text = text_of(checked->function, HOST_VGPU_TYPE),
               *list = text_of(checked->function, HOST_VGPU_CREATABLE);
    long type = type_text ? type_number(type_text) : -1;
    if (!type_text || !list || type < 0)
        say(result, VERDICT_NOT_APPLICABLE, "no NVIDIA vGPU's function");
    else if (find_type(list, type, name, sizeof(name)))
        say_mig(type ? "nvidia/current_vgpu_type" : "nvidia/creatable_vgpu_types", name, result);
    else if (type)
        say(result, VERDICT_NOT_APPLICABLE, "type %ld: what backs it is not told", type);
    else {
        say(result, VERDICT_FAIL,
            "creatable_vgpu_types is empty: in MIG mode no GPU instance is free, else the GPU is full");
        advise(result, "nvidia-smi mig -lgip, then -cgi; or remove vGPUs that nobody uses");
    }
}

/* --- SR-IOV -------------------------------------------------------------------------------------------------- */

static void check_virtual(const struct checked *checked, struct check_result *result) {
    const struct host_function *function = checked->function;
    const struct host_function *physical =
        function->device.has_physical ? host_facts_function(checked->facts, function->device.physical) : NULL;
    char text[PCI_ADDRESS_TEXT_MAX];
    if (!physical || physical->device.state != HOST_PRESENT) {
        say(result, VERDICT_UNKNOWN, "physfn: its physical function cannot be read");
        return;
    }
    const char *driver = physical->device.driver;
    pci_address_format(physical->address, text);
    if (physical->device.driver_error) {
        say(result, VERDICT_UNKNOWN, "the driver of its physical function %s: %s", text,
            strerror(physical->device.driver_error));
    } else if (!driver[0]) {
        say(result, VERDICT_WARN, "its physical function %s has no driver", text);
        advise(result, "load the vendor's driver for it on the node");
    } else if (!host_driver_is_vfio(driver) || checked->has_vf_token) {
        say(result, VERDICT_PASS, "a virtual function of %s, which %s has", text, driver);
    } else if (!checked->vm) {
        say(result, VERDICT_WARN, "its physical function %s is on %s: a VM needs its token", text, driver);
        advise(result,
               "\"vfio\": {\"vf-token\": UUID} in the VM, or bind the physical function to the vendor's driver");
    } else {
        say(result, VERDICT_FAIL, "its physical function %s is on %s: without its token QEMU cannot open it", text,
            driver);
        advise(result,
               "\"vfio\": {\"vf-token\": UUID} in the VM, or bind the physical function to the vendor's driver");
    }
}

void check_sriov(const struct checked *checked, struct check_result *result) {
    const struct host_function *function = checked->function;
    const struct host_text *text = &function->attributes[HOST_SRIOV_NUMVFS];
    unsigned long count = text->text ? strtoul(text->text, NULL, 10) : 0;
    char address[PCI_ADDRESS_TEXT_MAX];
    if (function->device.is_virtual)
        check_virtual(checked, result);
    else if (text->error)
        say(result, VERDICT_NOT_APPLICABLE, "it has no virtual functions");
    else if (count == 0)
        say(result, VERDICT_PASS, "sriov_numvfs: 0");
    else if (!checked->vm && !host_driver_is_vfio(function->device.driver))
        say(result, VERDICT_PASS, "sriov_numvfs: %lu", count);
    else {
        say(result, VERDICT_WARN, "sriov_numvfs: %lu: VMs may have its virtual functions, which die with it", count);
        advise(result, "echo 0 > /sys/bus/pci/devices/%s/sriov_numvfs, once no VM uses them",
               pci_address_format(function->address, address));
    }
}
