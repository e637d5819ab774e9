/* Is it there, is it the right one, and who has it? */
#include <errno.h>
#include <string.h>

#include "host/check_result.h"

void check_device_present(const struct checked *checked, struct check_result *result) {
    if (checked->mdev) {
        say(result, VERDICT_NOT_APPLICABLE, "a mediated device: see mdev");
        return;
    }
    const struct host_device *device = &checked->function->device;
    switch (device->state) {
    case HOST_PRESENT:
        say(result, VERDICT_PASS, "%04x:%04x, subsystem %04x:%04x, revision %02x, class %06x",
            device->identity.id.vendor, device->identity.id.device, device->identity.subsystem.vendor,
            device->identity.subsystem.device, device->identity.revision, device->identity.class_code);
        return;
    case HOST_UNKNOWN:
        say(result, VERDICT_UNKNOWN, "%.160s", device->reason);
        advise(result, "mount the node's /sys, or say --sysfs");
        return;
    case HOST_ABSENT:
        break;
    }
    say(result, VERDICT_FAIL, "the node has no PCI device at this address: it moved to another, or fell off the bus");
    advise(result, "look for it with lspci -nn on the node, then restart the device plugin");
}

void check_identity(const struct checked *checked, struct check_result *result) {
    const struct host_device *device = &checked->function->device;
    const struct pci_id *found = &device->identity.id;
    if (!checked->expect)
        say(result, VERDICT_NOT_APPLICABLE, "nobody says what it must be (\"expect\")");
    else if (pci_id_equal(*checked->expect, *found))
        say(result, VERDICT_PASS, "%04x:%04x, as expected", found->vendor, found->device);
    else {
        say(result, VERDICT_FAIL,
            "%04x:%04x is expected, it is %04x:%04x: the bus was renumbered, or another device was "
            "allocated",
            checked->expect->vendor, checked->expect->device, found->vendor, found->device);
        advise(result, "correct \"expect\" or the VM's device");
    }
}

void check_config_space(const struct checked *checked, struct check_result *result) {
    const struct host_function *function = checked->function;
    if (function->config_error == EAGAIN) {
        say(result, VERDICT_NOT_APPLICABLE, "it sleeps, and to read its configuration space would wake it");
        return;
    }
    if (function->config_error)
        say_unread(result, "config", function->config_error, NULL);
    else if (!is_all_ones(function))
        say(result, VERDICT_PASS, "config: the device answers");
    else {
        say(result, VERDICT_FAIL, "config: all ones: it fell off the bus, though sysfs still shows its IDs");
        advise(result, "power the node off and on; if it returns, reseat the card and look at its power supply");
    }
}

/* --- driver -------------------------------------------------------------------------------------------------- */

static void pass_driver(const char *driver, const char *why, struct check_result *result) {
    say(result, VERDICT_PASS, "%s%s", driver, why);
}

static void check_mdev_driver(const struct host_mdev *mdev, struct check_result *result) {
    if (mdev->driver[0]) {
        pass_driver(mdev->driver, "", result);
        return;
    }
    say(result, VERDICT_FAIL, "no driver has the mediated device");
    advise(result, "load the vendor's VFIO driver on the node (NVIDIA: nvidia-vgpu-vfio), then make the device again");
}

static void advise_binding(const struct host_function *function, struct check_result *result) {
    char text[PCI_ADDRESS_TEXT_MAX];
    const char *override = text_of(function, HOST_DRIVER_OVERRIDE);
    pci_address_format(function->address, text);
    if (function->device.is_virtual && function->device.identity.id.vendor == VENDOR_NVIDIA)
        advise(result,
               "load NVIDIA's vGPU manager on the node, then /usr/lib/nvidia/sriov-manage -e, and assign a type");
    else if (override && host_driver_is_vfio(override) && !function->device.driver[0])
        advise(result, "modprobe %s; echo %s > /sys/bus/pci/drivers_probe (dmesg says why if it fails)", override,
               text);
    else
        advise(result, "driverctl set-override %s vfio-pci (Harvester: enable its PCIDeviceClaim)", text);
}

void check_driver(const struct checked *checked, struct check_result *result) {
    if (checked->mdev) {
        check_mdev_driver(checked->mdev, result);
        return;
    }
    const struct host_function *function = checked->function;
    const char *driver = function->device.driver;
    const struct host_text *type = &function->attributes[HOST_VGPU_TYPE];
    if (host_driver_is_vfio(driver))
        pass_driver(driver, "", result);
    else if (driver[0] && function->has_vfio_device)
        pass_driver(driver, ", which hands it to VFIO (vfio-dev)", result);
    else if (function->device.is_virtual && strcmp(driver, "nvidia") == 0 && type->error && type->error != ENOENT)
        say_unread(result, "nvidia/current_vgpu_type", type->error, NULL);
    else if (function->device.is_virtual && strcmp(driver, "nvidia") == 0 && type->text)
        pass_driver(driver, ", as an NVIDIA vGPU's function must be", result);
    else if (driver[0] && !checked->vm && makes_vgpus(function))
        pass_driver(driver, ", which makes vGPUs of it", result);
    else if (function->device.driver_error)
        say_unread(result, "driver", function->device.driver_error, NULL);
    else if (!driver[0] && is_partial(function))
        say(result, VERDICT_UNKNOWN, "neither driver nor driver_override: this is no whole /sys");
    else {
        if (driver[0])
            say(result, VERDICT_FAIL, "%s has it, so QEMU cannot", driver);
        else
            say(result, VERDICT_FAIL, "no driver has it, and QEMU takes it from vfio-pci only");
        advise_binding(function, result);
    }
}
