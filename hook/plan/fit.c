#include "plan/fit.h"

struct fitting {
    const struct device *device;
    const struct device_options *options;
    const struct device_facts *facts;
};

static bool is_mdev(const struct fitting *fitting) {
    return fitting->device->kind == DEVICE_MDEV;
}

static bool is_virtual(const struct fitting *fitting) {
    return fitting->device->kind == DEVICE_PCI && fitting->facts->host.is_virtual;
}

static bool is_known(const struct fitting *fitting) {
    return fitting->facts->host.state == HOST_PRESENT;
}

/* Base class and sub-class. */
static uint32_t class_of(const struct fitting *fitting) {
    return fitting->facts->host.identity.class_code >> 8;
}

/* Does the domain disable the ROM that a profile or "*" speaks of? Where the annotation names the device, see plan_rom.
 */
static bool is_hidden(const struct fitting *fitting, enum device_option option) {
    return fitting->device->rom_disabled && fitting->options->said.origin[option] != ORIGIN_ANNOTATION;
}

/* NULL: the option is fine. */
static const char *misfit_rom(const struct fitting *fitting) {
    bool wants_file = fitting->options->rom.choice == ROM_AUTO || fitting->options->rom.choice == ROM_ID;
    if (is_mdev(fitting))
        return "a mediated device has no ROM";
    if (is_hidden(fitting, OPTION_ROM) && fitting->options->rom.choice != ROM_NONE)
        return "the domain disables the device's ROM";
    return is_virtual(fitting) && wants_file
               ? "a virtual function has no ROM BAR: the ROM is its physical function's (say \"none\" or \"device\")"
               : NULL;
}

static const char *misfit_rom_bar(const struct fitting *fitting) {
    if (is_mdev(fitting))
        return "a mediated device has no ROM";
    return is_hidden(fitting, OPTION_ROM_BAR) ? "the domain disables the device's ROM" : NULL;
}

static const char *misfit_expect(const struct fitting *fitting) {
    return is_mdev(fitting) ? "a mediated device has no PCI ID of its own" : NULL;
}

static const char *misfit_guest_address(const struct fitting *fitting) {
    return fitting->facts->guest->chipset == CHIPSET_OTHER ? "the VM's machine type is none whose PCI buses are known"
                                                           : NULL;
}

static const char *misfit_layout(const struct fitting *fitting) {
    if (is_mdev(fitting))
        return "a mediated device is no function of a slot";
    if (fitting->options->layout == LAYOUT_SEPARATE)
        return NULL;
    if (fitting->facts->guest->chipset == CHIPSET_OTHER)
        return "the VM's machine type is none whose PCI buses are known";
    return is_virtual(fitting) ? "virtual functions are devices of their own, not functions of one" : NULL;
}

static const char *misfit_companions(const struct fitting *fitting) {
    if (fitting->options->companions == COMPANIONS_NONE)
        return NULL;
    if (is_mdev(fitting))
        return "nothing is left behind of a mediated device";
    return is_virtual(fitting) ? "nothing is left behind of a virtual function" : NULL;
}

static const char *misfit_x_vga(const struct fitting *fitting) {
    if (fitting->options->x_vga != TOGGLE_ON)
        return NULL;
    if (is_mdev(fitting) || is_virtual(fitting))
        return "a vGPU has no VGA ranges";
    if (fitting->facts->guest->firmware == FIRMWARE_UEFI)
        return "UEFI firmware does not use VGA ranges, and QEMU's legacy VGA is in its way: leave it out, or boot the VM "
               "with SeaBIOS";
    return is_known(fitting) && class_of(fitting) != CLASS_VGA ? "only a VGA controller (class 0300) has VGA ranges"
                                                               : NULL;
}

/* QEMU hw/vfio/display.c: only a device with a region or plane of its own can show anything. */
static const char *misfit_screen(const struct fitting *fitting, enum toggle wanted) {
    return wanted == TOGGLE_ON && !is_mdev(fitting) && is_known(fitting) && !is_virtual(fitting)
               ? "only a vGPU draws into QEMU's display; a whole GPU draws on its own outputs"
               : NULL;
}

static const char *misfit_display(const struct fitting *fitting) {
    return misfit_screen(fitting, fitting->options->display);
}

static const char *misfit_ramfb(const struct fitting *fitting) {
    return misfit_screen(fitting, fitting->options->ramfb);
}

/* QEMU hw/vfio/igd.c (igd_gen): the generations 6 to 9, by the device ID's upper half. */
static bool igd_has_legacy_mode(uint16_t device) {
    static const uint8_t families[] = {0x01, 0x04, 0x0a, 0x0c, 0x0d, 0x0f, 0x16, 0x22,
                                       0x19, 0x1a, 0x31, 0x59, 0x5a, 0x3e, 0x9b};
    for (size_t i = 0; i < sizeof(families); i++)
        if (device >> 8 == families[i])
            return true;
    return false;
}

static const char *misfit_igd(const struct fitting *fitting) {
    const struct igd_wish *igd = &fitting->options->igd;
    const struct pci_identity *identity = &fitting->facts->host.identity;
    if (is_known(fitting) && (identity->id.vendor != VENDOR_INTEL || class_of(fitting) >> 8 != BASE_CLASS_DISPLAY))
        return "it is for Intel's integrated GPUs";
    if (is_virtual(fitting))
        return "a virtual function of the iGPU has no OpRegion";
    if (igd->mode == IGD_UPT)
        return igd->lpc == TOGGLE_ON && fitting->facts->guest->chipset != CHIPSET_I440FX
                   ? "QEMU sets the LPC bridge's IDs on the machine type \"pc\" (i440fx) only: leave \"lpc\" out"
                   : NULL;
    if (is_mdev(fitting))
        return "a mediated device takes \"upt\" only";
    if (fitting->facts->guest->chipset != CHIPSET_I440FX)
        return "legacy mode needs the machine type \"pc\" (i440fx): change the VM's machine type, or say \"upt\"";
    if (fitting->facts->guest->firmware == FIRMWARE_UEFI)
        return "legacy mode runs the iGPU's VBIOS, which UEFI firmware does not: boot the VM with SeaBIOS, or say "
               "\"upt\"";
    return is_known(fitting) && (class_of(fitting) != CLASS_VGA || !igd_has_legacy_mode(identity->id.device))
               ? "legacy mode ends with the generation 9 of VGA controllers: say \"upt\""
               : NULL;
}

/* QEMU hw/vfio/pci-quirks.c (vfio_add_nv_gpudirect_cap) */
static const char *misfit_clique(const struct fitting *fitting) {
    const struct pci_identity *identity = &fitting->facts->host.identity;
    if (is_mdev(fitting) || is_virtual(fitting))
        return "a vGPU takes no part in GPUDirect P2P";
    return is_known(fitting) && (identity->id.vendor != VENDOR_NVIDIA ||
                                 (class_of(fitting) != CLASS_VGA && class_of(fitting) != CLASS_3D))
               ? "it is for NVIDIA's GPUs"
               : NULL;
}

static const char *misfit_driver_model(const struct fitting *fitting) {
    return is_mdev(fitting) ? "libvirt's <driver model> is for PCI functions" : NULL;
}

/* An option without a row goes with every device. */
static const char *(*const misfits[OPTION_COUNT])(const struct fitting *fitting) = {
    [OPTION_ROM] = misfit_rom,
    [OPTION_ROM_BAR] = misfit_rom_bar,
    [OPTION_EXPECT] = misfit_expect,
    [OPTION_GUEST_ADDRESS] = misfit_guest_address,
    [OPTION_LAYOUT] = misfit_layout,
    [OPTION_COMPANIONS] = misfit_companions,
    [OPTION_X_VGA] = misfit_x_vga,
    [OPTION_DISPLAY] = misfit_display,
    [OPTION_RAMFB] = misfit_ramfb,
    [OPTION_IGD] = misfit_igd,
    [OPTION_GPUDIRECT_CLIQUE] = misfit_clique,
    [OPTION_DRIVER_MODEL] = misfit_driver_model,
};

int plan_fit(const struct device *device, const struct device_facts *facts, struct device_options *options,
             struct buffer *notes, struct error *err) {
    const struct fitting fitting = {device, options, facts};
    for (enum device_option i = 0; i < OPTION_COUNT; i++) {
        char label[DEVICE_LABEL_MAX], origin[ORIGIN_TEXT_MAX];
        uint8_t who = options->said.origin[i];
        const char *reason = misfits[i] && device_option_given(options, i) ? misfits[i](&fitting) : NULL;
        if (!reason)
            continue;
        if (who == ORIGIN_ANNOTATION) {
            error_set(err, ERROR_INPUT, "\"%s\" does not go with this device: %s", device_option_name(i), reason);
            return error_see(err, "options.md#%s", device_option_name(i));
        }
        buffer_printf(notes, "%s: \"%s\" of %s is left out: %s\n", device_label(device, label), device_option_name(i),
                      origin_describe(who, facts->bundles, origin), reason);
        options_forget(&device_option_table, options, i);
    }
    return 0;
}
