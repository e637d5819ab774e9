/* How the checks fill their results, and what several of them ask. For check_*.c. */
#pragma once

#include "host/checks.h"

/* Sets verdict and evidence; what does not fit is cut at a character and ends in "...". */
void say(struct check_result *result, enum check_verdict verdict, const char *evidence, ...)
    __attribute__((format(printf, 3, 4)));

/* Says what to do about it. */
void advise(struct check_result *result, const char *remedy, ...) __attribute__((format(printf, 2, 3)));

/* Verdict unknown: "reset_method: Permission denied"; or not applicable where there is no such file and `absent` says
 * what that means. absent NULL: it must be there. */
void say_unread(struct check_result *result, const char *file, int error, const char *absent);

/* The attribute's text, or NULL. */
const char *text_of(const struct host_function *function, enum host_attribute attribute);

/* Is the function's folder only a part of what a kernel shows, made by somebody? Since 3.16 every function has a
 * driver_override. What is missing there is unknown, not absent. */
bool is_partial(const struct host_function *function);

/* Will the VM have the function? Never without a VM. */
bool vm_has(const struct checked *checked, struct pci_address address);

/* Base class and sub-class: 0x0300 is a VGA controller. */
static inline uint32_t class_of(const struct host_function *function) {
    return function->device.identity.class_code >> 8;
}

/* Does the configuration header show nothing but ones? Only with config_error 0. */
bool is_all_ones(const struct host_function *function);

/* An AMD GPU that is part of the processor: its ROM is in the board's firmware, and its slot has functions of the
 * board's: the PSP, USB controllers. */
bool is_amd_apu(const struct host_function *function);

/* Is the other function of a slot a part of the GPU: its sound, its USB-C? Others are the board's. */
bool belongs_to_gpu(const struct host_function *gpu, const struct host_function *other);

/* Is it the physical function of vGPUs, so that these go to VMs, not the function itself? */
bool makes_vgpus(const struct host_function *function);

static inline bool is_bridge(const struct host_function *function) {
    return function->device.state == HOST_PRESENT && class_of(function) >> 8 == BASE_CLASS_BRIDGE;
}

/* The checks, by name; the contract of each is its section in docs/checks.md. */
typedef void check_fn(const struct checked *checked, struct check_result *result);
check_fn check_device_present, check_identity, check_config_space, check_driver;
check_fn check_iommu_group, check_group_viable, check_iommu_remapping, check_siblings;
check_fn check_power_state, check_reset_method, check_link, check_aer;
check_fn check_rom_available, check_boot_framebuffer, check_bar_assigned, check_bar_window;
check_fn check_mdev, check_vgpu_profile, check_mig, check_sriov;
check_fn check_numa, check_iommu_width;
