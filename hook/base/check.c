#include "base/check.h"

#include "base/text.h"

static const char *const names[CHECK_COUNT] = {
    [CHECK_DEVICE_PRESENT] = "device-present",
    [CHECK_IDENTITY] = "identity",
    [CHECK_CONFIG_SPACE] = "config-space",
    [CHECK_DRIVER] = "driver",
    [CHECK_IOMMU_GROUP] = "iommu-group",
    [CHECK_GROUP_VIABLE] = "group-viable",
    [CHECK_IOMMU_REMAPPING] = "iommu-remapping",
    [CHECK_POWER_STATE] = "power-state",
    [CHECK_RESET_METHOD] = "reset-method",
    [CHECK_ROM_AVAILABLE] = "rom-available",
    [CHECK_BOOT_FRAMEBUFFER] = "boot-framebuffer",
    [CHECK_BAR_ASSIGNED] = "bar-assigned",
    [CHECK_BAR_WINDOW] = "bar-window",
    [CHECK_LINK] = "link",
    [CHECK_AER] = "aer",
    [CHECK_SIBLINGS] = "siblings",
    [CHECK_MDEV] = "mdev",
    [CHECK_VGPU_PROFILE] = "vgpu-profile",
    [CHECK_MIG] = "mig",
    [CHECK_SRIOV] = "sriov",
    [CHECK_NUMA] = "numa",
    [CHECK_IOMMU_WIDTH] = "iommu-width",
};

const char *check_name(enum check check) {
    return names[check];
}

int check_parse(const char *name, enum check *check) {
    int found = text_choice(name, names, CHECK_COUNT);
    if (found < 0)
        return -1;
    *check = (enum check)found;
    return 0;
}
