/* host/identity: what the names of groups and drivers say. */
#include <stdio.h>

#include "host/identity.h"
#include "support.h"

static void groups(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int number;
    } cases[] = {
        {"0", 0},
        {"15", 15},
        {"007", 7},
        {"9", 9},
        {"2147483647", INT32_MAX},
        {"2147483648", HOST_GROUP_UNKNOWN},
        {"4294967296", HOST_GROUP_UNKNOWN},
        {"9223372036854775808", HOST_GROUP_UNKNOWN},
        {"99999999999999999999999", HOST_GROUP_UNKNOWN},
        {"", HOST_GROUP_UNKNOWN},
        {"-1", HOST_GROUP_UNKNOWN},
        {"-0", HOST_GROUP_UNKNOWN},
        {"+5", HOST_GROUP_UNKNOWN},
        {" 5", HOST_GROUP_UNKNOWN},
        {"5 ", HOST_GROUP_UNKNOWN},
        {"0x5", HOST_GROUP_UNKNOWN},
        {":", HOST_GROUP_UNKNOWN}, /* what stands beside the digits */
        {"/", HOST_GROUP_UNKNOWN},
        {"a", HOST_GROUP_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (host_group_parse(cases[i].name) != cases[i].number)
            fail_msg("\"%s\": %d", cases[i].name, host_group_parse(cases[i].name));
}

static void vfio_drivers(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool is_vfio;
    } cases[] = {
        {"vfio-pci", true},
        {"vfio_pci", true},
        {"nvgrace_gpu_vfio_pci", true},
        {"mlx5_vfio_pci", true},
        {"xe-vfio-pci", true},
        {"", false},
        {"pci", false},
        {"fio-pci", false},
        {"vfio-pci2", false},
        {"vfio-pci-core", false},
        {"vfio", false},
        {"VFIO-PCI", false},
        {"vfio.pci", false},
        {"nvidia", false},
        {"snd_hda_intel", false},
        {"nvidia-vgpu-vfio", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (host_driver_is_vfio(cases[i].name) != cases[i].is_vfio)
            fail_msg("\"%s\"", cases[i].name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups),
        cmocka_unit_test(vfio_drivers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
