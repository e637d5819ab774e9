/* plan/companions: which functions that KubeVirt left behind come along. */
#include <errno.h>
#include <stdio.h>

#include "plan/companions.h"
#include "support.h"

static const struct pci_address audio = {0, 1, 0, 1};

static void verdicts(void **state) {
    (void)state;
    enum { AUDIO = 0x040300, BRIDGE = 0x060400, HOST_BRIDGE = 0x060000 };
    static const int groups[] = {3, 15};
    static const struct {
        enum host_state state;
        uint32_t class_code;
        bool is_virtual;
        int group;
        const char *driver;
        size_t group_count; /* of `groups` */
        enum companion_verdict verdict;
        const char *reason; /* "": none */
    } cases[] = {
        {HOST_PRESENT, AUDIO, false, 15, "vfio-pci", 2, COMPANION_ATTACH, ""},
        {HOST_PRESENT, AUDIO, false, 3, "vfio-pci", 2, COMPANION_ATTACH, ""},
        {HOST_PRESENT, AUDIO, false, 3, "nvgrace_gpu_vfio_pci", 2, COMPANION_ATTACH, ""},
        {HOST_PRESENT, AUDIO, false, 0, "vfio-pci", 2, COMPANION_LEAVE,
         "0000:01:00.1 is in IOMMU group 0, of which this VM has no device: request it as a device of the VM"},
        {HOST_PRESENT, AUDIO, false, 15, "vfio-pci", 1, COMPANION_LEAVE, "0000:01:00.1 is in IOMMU group 15, of which"},
        {HOST_PRESENT, AUDIO, false, 15, "vfio-pci", 0, COMPANION_LEAVE, "0000:01:00.1 is in IOMMU group 15, of which"},
        {HOST_PRESENT, AUDIO, false, HOST_GROUP_UNKNOWN, "vfio-pci", 2, COMPANION_LEAVE,
         "the IOMMU group of 0000:01:00.1 cannot be read: mount the node's /sys"},
        /* Nobody would ask for these. */
        {HOST_PRESENT, BRIDGE, false, 15, "pcieport", 2, COMPANION_LEAVE, ""},
        {HOST_PRESENT, HOST_BRIDGE, false, 15, "", 2, COMPANION_LEAVE, ""},
        {HOST_PRESENT, AUDIO, true, 15, "vfio-pci", 2, COMPANION_LEAVE, ""},
        {HOST_UNKNOWN, 0, false, HOST_GROUP_UNKNOWN, "", 2, COMPANION_LEAVE, "0000:01:00.1 cannot be read: why not"},
        {HOST_ABSENT, 0, false, HOST_GROUP_UNKNOWN, "", 2, COMPANION_LEAVE, "0000:01:00.1 cannot be read: why not"},
        /* The group is not viable without it. */
        {HOST_PRESENT, AUDIO, false, 15, "snd_hda_intel", 2, COMPANION_REFUSE,
         "0000:01:00.1 (10de:1aef) is bound to snd_hda_intel: bind it to vfio-pci on the node (driverctl set-override "
         "0000:01:00.1 vfio-pci), or leave \"companions\" out"},
        {HOST_PRESENT, AUDIO, false, 15, "", 2, COMPANION_REFUSE, "0000:01:00.1 (10de:1aef) has no driver: bind it to"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct host_device host = {.state = cases[i].state,
                                   .identity = {.id = {0x10de, 0x1aef}, .class_code = cases[i].class_code},
                                   .is_virtual = cases[i].is_virtual,
                                   .iommu_group = cases[i].group};
        char reason[COMPANION_REASON_MAX];
        memset(reason, 'x', sizeof(reason));
        snprintf(host.driver, sizeof(host.driver), "%s", cases[i].driver);
        snprintf(host.reason, sizeof(host.reason), "why not");
        enum companion_verdict verdict = plan_companion(audio, &host, groups, cases[i].group_count, reason);
        if (verdict != cases[i].verdict || strncmp(reason, cases[i].reason, strlen(cases[i].reason)) != 0 ||
            (*reason != '\0') != (*cases[i].reason != '\0'))
            fail_msg("row %zu: %d: %s", i, (int)verdict, reason);
    }
}

/* It may be on vfio-pci, and it may be the node's: the VM goes without it only where somebody says so. */
static void a_driver_that_cannot_be_read(void **state) {
    (void)state;
    static const int group = 15;
    const struct host_device host = {.state = HOST_PRESENT,
                                     .identity = {.id = {0x10de, 0x1aef}, .class_code = 0x040300},
                                     .iommu_group = group,
                                     .driver_error = EIO};
    char reason[COMPANION_REASON_MAX];
    assert_int_equal(plan_companion(audio, &host, &group, 1, reason), COMPANION_REFUSE);
    assert_string_equal(reason, "the driver of 0000:01:00.1 cannot be read (Input/output error): mount the node's "
                                "/sys, or leave \"companions\" out");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(verdicts), cmocka_unit_test(a_driver_that_cannot_be_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
