/* The names of the host checks: public interface, in the annotation, in profiles, in reports and in the docs
 * (docs/checks.md). What each looks at is in host/checks.c; what an annotation says of them is in config/. */
#pragma once

enum check {
    CHECK_DEVICE_PRESENT,
    CHECK_IDENTITY,
    CHECK_CONFIG_SPACE,
    CHECK_DRIVER,
    CHECK_IOMMU_GROUP,
    CHECK_GROUP_VIABLE,
    CHECK_IOMMU_REMAPPING,
    CHECK_POWER_STATE,
    CHECK_RESET_METHOD,
    CHECK_ROM_AVAILABLE,
    CHECK_BOOT_FRAMEBUFFER,
    CHECK_BAR_ASSIGNED,
    CHECK_BAR_WINDOW,
    CHECK_LINK,
    CHECK_AER,
    CHECK_SIBLINGS,
    CHECK_MDEV,
    CHECK_VGPU_PROFILE,
    CHECK_MIG,
    CHECK_SRIOV,
    CHECK_NUMA,
    CHECK_IOMMU_WIDTH,
    CHECK_COUNT
};

/* "group-viable": what it is called everywhere, and the anchor of its section in docs/checks.md. */
const char *check_name(enum check check);

/* Returns 0, or -1 leaving *check alone. */
int check_parse(const char *name, enum check *check);
