/* host/check_group: the IOMMU, and what else stands in the device's group and slot. */
#include <stdio.h>

#include "check_support.h"

static void iommu_group(void **state) {
    (void)state;
    static const char remedy[] = "VT-d or AMD-Vi";
    static const struct {
        int number;
        const char *type;
        bool is_unprotected, has_groups, is_partial;
        int groups_error;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {CHECK_GROUP, "DMA-FQ", false, true, false, 0, PASS, "group 12, type DMA-FQ", NULL},
        {CHECK_GROUP, "identity", false, true, false, 0, PASS, "group 12, type identity", NULL},
        {CHECK_GROUP, "", false, true, false, 0, PASS, "group 12", NULL},
        {0, "", false, true, false, 0, PASS, "group 0", NULL}, /* it is not among the facts */
        /* Where it has a group, what was seen of the folder does not count. */
        {CHECK_GROUP, "", false, false, false, EACCES, PASS, "group 12", NULL},
        {CHECK_GROUP, "", true, true, false, 0, FAIL, "group 12 is VFIO's no-IOMMU mode",
         "enable_unsafe_noiommu_mode off"},
        {HOST_GROUP_UNKNOWN, "", false, true, false, 0, FAIL, "no IOMMU covers it", "intel_iommu=igfx_off"},
        {HOST_GROUP_UNKNOWN, "", false, false, false, 0, FAIL, "kernel/iommu_groups is empty: the IOMMU is off",
         "intel_iommu=on"},
        {HOST_GROUP_UNKNOWN, "", false, false, false, ENOENT, FAIL, "the IOMMU is off", remedy},
        {HOST_GROUP_UNKNOWN, "", false, false, false, EACCES, UNKNOWN, "kernel/iommu_groups: Permission denied",
         "root"},
        {HOST_GROUP_UNKNOWN, "", false, false, false, EIO, UNKNOWN, "kernel/iommu_groups: Input/output error", NULL},
        /* Somebody made this /sys: what is missing there may be on the node. */
        {HOST_GROUP_UNKNOWN, "", false, false, true, ENOENT, UNKNOWN, "this is no whole /sys", NULL},
        {HOST_GROUP_UNKNOWN, "", false, true, true, 0, FAIL, "no IOMMU covers it", "dmesg"},
        {CHECK_GROUP, "", true, true, true, 0, FAIL, "no-IOMMU mode", remedy},
    };
    for (size_t i = 0; i < COUNT(cases) * 2; i++) {
        size_t row = i / 2;
        struct check_host host;
        check_host_make(&host);
        host.facts.node.has_groups = cases[row].has_groups;
        host.facts.node.groups_error = cases[row].groups_error;
        host.facts.node.is_partial = cases[row].is_partial;
        host.group.is_unprotected = cases[row].is_unprotected;
        snprintf(host.group.type, sizeof(host.group.type), "%s", cases[row].type);
        /* A mediated device has a group of its own. */
        host.gpu.device.iommu_group = i % 2 ? 99 : cases[row].number;
        host.mdev.iommu_group = i % 2 ? cases[row].number : 99;
        if (i % 2)
            check_host_as_mdev(&host);
        assert_finds(&host, CHECK_IOMMU_GROUP, cases[row].verdict, cases[row].evidence, cases[row].remedy, row);
    }
}

/* Whether there is a group is not known where its link cannot be read: not that it has none. */
static void a_group_that_cannot_be_read(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    host.gpu.device.iommu_group = HOST_GROUP_UNKNOWN;
    host.gpu.device.group_error = EIO;
    host.facts.node.has_groups = true;
    assert_finds(&host, CHECK_IOMMU_GROUP, UNKNOWN, "iommu_group: Input/output error", NULL, 0);
    assert_finds(&host, CHECK_GROUP_VIABLE, UNKNOWN, "iommu_group: Input/output error", NULL, 1);
    assert_finds(&host, CHECK_IOMMU_REMAPPING, UNKNOWN, "iommu_group: Input/output error", NULL, 2);
    host.gpu.device.group_error = 0;
    host.mdev.iommu_group = HOST_GROUP_UNKNOWN;
    host.mdev.group_error = EIO;
    check_host_as_mdev(&host);
    assert_finds(&host, CHECK_IOMMU_GROUP, UNKNOWN, "iommu_group: Input/output error", NULL, 3);
}

/* Without a type nothing stands behind the number. */
static void a_bare_group(void **state) {
    (void)state;
    struct check_host host;
    struct check_result result;
    check_host_make(&host);
    host.group.type[0] = '\0';
    check_run(CHECK_IOMMU_GROUP, &host.checked, &result);
    assert_string_equal(result.evidence, "group 12");
}

/* What may stand beside a device of a VM's, by driver and class. */
static void harmless(void **state) {
    (void)state;
    enum { FOLDER = 1 };
    static const struct {
        const char *driver;
        uint32_t class_code;
        unsigned flags;
        bool is_harmless;
    } cases[] = {
        {"", 0x010802, 0, true},
        {"vfio-pci", 0x020000, 0, true},
        {"nvgrace_gpu_vfio_pci", 0x030200, 0, true},
        {"pci-stub", 0x0c0330, 0, true},
        {"vendor_gpu", 0x030000, FOLDER, true},
        {"pcieport", 0x060400, 0, true},
        {"shpchp", 0x060400, 0, true},
        {"pcieport", 0x060401, 0, true},
        {"pcieport", 0x060900, 0, true},
        {"pcieport", 0x088000, 0, true},
        {"skx_uncore", 0x060000, 0, false},
        {"lpc_ich", 0x060100, 0, false},
        {"shpchp", 0x060900, 0, false},
        {"pci-stub2", 0x0c0330, 0, false},
        {"nvme", 0x010802, 0, false},
        {"snd_hda_intel", 0x040300, 0, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        host.sound.device.identity.class_code = cases[i].class_code;
        host.sound.has_vfio_device = cases[i].flags & FOLDER;
        set_driver(&host.sound, cases[i].driver);
        bool is_gpus = cases[i].class_code == 0x040300 || cases[i].class_code == 0x0c0330;
        if (cases[i].is_harmless)
            assert_finds(&host, CHECK_GROUP_VIABLE, PASS, "group 12: 1 other member without a driver, or", NULL, i);
        else
            assert_finds(&host, CHECK_GROUP_VIABLE, FAIL, cases[i].driver,
                         is_gpus ? "driverctl set-override 0000:01:00.1 vfio-pci" : "ACS", i);
    }
}

static void members(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    host.group.count = 1;
    set_driver(&host.gpu, "nouveau"); /* its own is the check driver's business */
    assert_finds(&host, CHECK_GROUP_VIABLE, PASS, "group 12 has no other member", NULL, 0);
    host.group.count = 0;
    assert_finds(&host, CHECK_GROUP_VIABLE, PASS, "group 12 has no other member", NULL, 1);
    host.group.count = 2;
    check_host_join(&host, &host.port);
    assert_finds(&host, CHECK_GROUP_VIABLE, PASS, "group 12: 2 other members without a driver", NULL, 2);

    host.group.error = ENOENT;
    assert_finds(&host, CHECK_GROUP_VIABLE, UNKNOWN, "the members of its IOMMU group: No such file", NULL, 3);
    host.group.error = EACCES;
    assert_finds(&host, CHECK_GROUP_VIABLE, UNKNOWN, "the members of its IOMMU group: Permission denied", "root", 4);
    host.gpu.device.iommu_group = HOST_GROUP_UNKNOWN;
    assert_finds(&host, CHECK_GROUP_VIABLE, NOT, "it is in no IOMMU group", NULL, 5);
}

/* A member of which nothing is known may be a culprit; one that is gone is none, whatever it had. */
static void members_that_cannot_be_read(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    set_driver(&host.sound, "snd_hda_intel");
    host.sound.device.state = HOST_ABSENT;
    assert_finds(&host, CHECK_GROUP_VIABLE, PASS, "group 12", NULL, 0);
    host.sound.device.state = HOST_UNKNOWN;
    assert_finds(&host, CHECK_GROUP_VIABLE, UNKNOWN, "group 12: 1 of 2 members cannot be read", NULL, 1);
    host.members[host.group.count++] = (struct pci_address){0, 9, 0, 0}; /* not among the facts */
    assert_finds(&host, CHECK_GROUP_VIABLE, UNKNOWN, "group 12: 2 of 3 members cannot be read", NULL, 2);
    /* One that is there, and nobody can say who has it. */
    host.group.count--;
    host.sound.device.state = HOST_PRESENT;
    set_driver(&host.sound, "");
    host.sound.device.driver_error = EIO;
    assert_finds(&host, CHECK_GROUP_VIABLE, UNKNOWN, "group 12: 1 of 2 members cannot be read", NULL, 4);
    host.sound.has_vfio_device = true;
    assert_finds(&host, CHECK_GROUP_VIABLE, PASS, "group 12", NULL, 5);
    host.sound.has_vfio_device = false;
    host.sound.device.driver_error = 0;
    set_driver(&host.sound, "snd_hda_intel");
    host.group.count++;
    /* One that is known to be in the way is enough. */
    host.sound.device.state = HOST_PRESENT;
    assert_finds(&host, CHECK_GROUP_VIABLE, FAIL, "group 12: 0000:01:00.1 (10de:228b) is bound to snd_hda_intel",
                 "driverctl", 3);
}

/* Three are named. What to do depends on whether all of them are the card's. */
static void culprits(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    set_driver(&host.sound, "snd_hda_intel");
    assert_finds(&host, CHECK_GROUP_VIABLE, FAIL, "group 12: 0000:01:00.1 (10de:228b) is bound to snd_hda_intel",
                 "driverctl set-override 0000:01:00.1 vfio-pci", 0);
    struct host_function *usb = check_host_add(&host, "0000:01:00.2", (struct pci_id){0x10de, 0x1ad8}, 0x0c0330);
    check_host_join(&host, usb);
    set_driver(usb, "xhci_hcd");
    assert_finds(&host, CHECK_GROUP_VIABLE, FAIL, "snd_hda_intel, 0000:01:00.2 (10de:1ad8) is bound to xhci_hcd",
                 "driverctl set-override 0000:01:00.1 vfio-pci (each of them)", 1);
    struct host_function *disk = check_host_add(&host, "0000:02:00.0", (struct pci_id){0x144d, 0xa80a}, 0x010802);
    check_host_join(&host, disk);
    set_driver(disk, "nvme");
    assert_finds(&host, CHECK_GROUP_VIABLE, FAIL, "xhci_hcd, 0000:02:00.0 (144d:a80a) is bound to nvme", "ACS", 2);
    struct host_function *network = check_host_add(&host, "0000:03:00.0", (struct pci_id){0x8086, 0x15f3}, 0x020000);
    check_host_join(&host, network);
    set_driver(network, "igc");
    assert_finds(&host, CHECK_GROUP_VIABLE, FAIL, "is bound to nvme, and more",
                 "put the card into a slot with a group of its own", 3);
    /* A harmless one elsewhere changes nothing of the advice. */
    set_driver(disk, "");
    set_driver(network, "vfio-pci");
    assert_finds(&host, CHECK_GROUP_VIABLE, FAIL, "xhci_hcd", "driverctl set-override 0000:01:00.1", 4);
}

/* NVIDIA's driver leaves the group to whoever manages it: the GPU and its other functions may stand beside a vGPU. */
static void vgpus_of_one_group(void **state) {
    (void)state;
    enum { NOT_VIRTUAL = 1, NO_PHYSICAL = 2, ON_VFIO = 4 };
    static const struct {
        unsigned flags;     /* of the vGPU's function */
        bool is_physical;   /* the member is its physical function, else another one */
        bool is_virtual;    /* the member */
        int type_error;     /* of the member's vGPU type */
        const char *driver; /* of the member */
        bool is_fine;
    } cases[] = {
        {0, true, false, ENOENT, "nvidia", true},
        {0, false, true, 0, "nvidia", true},
        {0, false, true, EACCES, "nvidia", true},
        {0, false, true, ENOENT, "nvidia", false}, /* no vGPU's */
        {0, false, false, 0, "nvidia", false},     /* another GPU */
        {0, true, false, ENOENT, "nouveau", false},
        {0, false, true, 0, "nouveau", false},
        {ON_VFIO, true, false, ENOENT, "nvidia", false},
        {NOT_VIRTUAL, true, false, ENOENT, "nvidia", false},
        {NO_PHYSICAL, true, false, ENOENT, "nvidia", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        set_driver(&host.gpu, cases[i].flags & ON_VFIO ? "vfio-pci" : "nvidia");
        host.gpu.device.is_virtual = !(cases[i].flags & NOT_VIRTUAL);
        host.gpu.device.has_physical = !(cases[i].flags & NO_PHYSICAL);
        host.gpu.device.physical = cases[i].is_physical ? host.sound.address : host.port.address;
        host.sound.device.is_virtual = cases[i].is_virtual;
        set_file(&host.sound, HOST_VGPU_TYPE, cases[i].type_error ? NULL : "0", cases[i].type_error);
        set_driver(&host.sound, cases[i].driver);
        if (cases[i].is_fine)
            assert_finds(&host, CHECK_GROUP_VIABLE, PASS, "group 12: 1 other member", NULL, i);
        else
            assert_finds(&host, CHECK_GROUP_VIABLE, FAIL, cases[i].driver, "", i);
    }
}

/* Wherever among the members it stands, before the device too. */
static void a_culprit_in_front(void **state) {
    (void)state;
    struct check_host host;
    struct check_result result;
    check_host_make(&host);
    set_driver(&host.gpu, "nouveau");
    host.checked.function = &host.sound;
    check_run(CHECK_GROUP_VIABLE, &host.checked, &result);
    assert_int_equal(result.verdict, FAIL);
    assert_string_equal(result.evidence, "group 12: 0000:01:00.0 (10de:2484) is bound to nouveau");
    assert_string_equal(result.remedy, "driverctl set-override 0000:01:00.0 vfio-pci");
}

/* Exactly three are not "and more". */
static void three_culprits(void **state) {
    (void)state;
    struct check_host host;
    struct check_result result;
    check_host_make(&host);
    set_driver(&host.sound, "a");
    for (size_t i = 0; i < 2; i++) {
        static const char *const addresses[] = {"0000:01:00.2", "0000:01:00.3"};
        struct host_function *function = check_host_add(&host, addresses[i], (struct pci_id){1, 2}, 0x0c0330);
        check_host_join(&host, function);
        set_driver(function, "b");
    }
    check_run(CHECK_GROUP_VIABLE, &host.checked, &result);
    assert_string_equal(result.evidence, "group 12: 0000:01:00.1 (10de:228b) is bound to a, 0000:01:00.2 (0001:0002) "
                                         "is bound to b, 0000:01:00.3 (0001:0002) is bound to b");
}

static void remapping(void **state) {
    (void)state;
    static const char seen[] = "kernel/irq/9/chip_name: IO-APIC is not remapped";
    static const struct {
        int group;
        enum host_remapping remapping;
        const char *unsafe;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {12, HOST_REMAPPING_ON, NULL, PASS, "kernel/irq/9/chip_name: IO-APIC", NULL},
        {12, HOST_REMAPPING_ON, "Y", PASS, "kernel/irq/9/chip_name: IO-APIC", NULL},
        {0, HOST_REMAPPING_OFF, NULL, FAIL, seen, "vfio_iommu_type1.allow_unsafe_interrupts=1"},
        {12, HOST_REMAPPING_OFF, "N", FAIL, seen, "vfio_iommu_type1.allow_unsafe_interrupts=1"},
        {12, HOST_REMAPPING_OFF, "", FAIL, seen, "intremap=off"},
        {12, HOST_REMAPPING_OFF, "YES", FAIL, seen, "intremap=off"},
        {12, HOST_REMAPPING_OFF, "Y", WARN, "allow_unsafe_interrupts is Y", "intremap=off"},
        {12, HOST_REMAPPING_UNKNOWN, NULL, UNKNOWN, "kernel/irq names no I/O APIC", NULL},
        {12, HOST_REMAPPING_UNKNOWN, "Y", UNKNOWN, "kernel/irq", NULL},
        {HOST_GROUP_UNKNOWN, HOST_REMAPPING_OFF, NULL, NOT, "no IOMMU covers it", NULL},
        {HOST_GROUP_UNKNOWN, HOST_REMAPPING_ON, NULL, NOT, "no IOMMU covers it", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        struct host_node *node = &host.facts.node;
        host.gpu.device.iommu_group = cases[i].group;
        node->remapping = cases[i].remapping;
        snprintf(node->remapping_seen, sizeof(node->remapping_seen), "kernel/irq/9/chip_name: IO-APIC");
        node->unsafe_interrupts.text = (char *)cases[i].unsafe;
        assert_finds(&host, CHECK_IOMMU_REMAPPING, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

/* A GPU that is shared out stays with the node: its vGPUs are mediated by the vendor's driver. */
static void remapping_of_a_shared_gpu(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    host.facts.node.remapping = HOST_REMAPPING_OFF;
    host.gpu.has_mdev_types = true;
    set_driver(&host.gpu, "nvidia");
    assert_finds(&host, CHECK_IOMMU_REMAPPING, NOT, "its vGPUs go to VMs", NULL, 0);
    host.checked.vm = &host.vm;
    assert_finds(&host, CHECK_IOMMU_REMAPPING, FAIL, "is not remapped", "intremap=off", 1);
    host.checked.vm = NULL;
    set_driver(&host.gpu, "vfio-pci");
    assert_finds(&host, CHECK_IOMMU_REMAPPING, FAIL, "is not remapped", "intremap=off", 2);
    host.gpu.has_mdev_types = false;
    set_driver(&host.gpu, "nvidia");
    assert_finds(&host, CHECK_IOMMU_REMAPPING, FAIL, "is not remapped", "intremap=off", 3);
}

/* Who lives with unsafe interrupts is not told to allow them. */
static void unsafe_is_no_remedy_twice(void **state) {
    (void)state;
    struct check_host host;
    struct check_result result;
    check_host_make(&host);
    host.facts.node.remapping = HOST_REMAPPING_OFF;
    host.facts.node.unsafe_interrupts.text = (char *)"Y";
    check_run(CHECK_IOMMU_REMAPPING, &host.checked, &result);
    assert_null(strstr(result.remedy, "allow_unsafe_interrupts"));
}

/* --- the slot ------------------------------------------------------------------------------------------------ */

/* By what the VM has, and without a VM by who keeps it. */
static void siblings(void **state) {
    (void)state;
    enum { VM = 1, GIVEN = 2, APU = 4 };
    static const char fine[] = "no driver of the node's keeps one", all[] = "the VM has all functions of the GPU",
                      behind[] = "left behind in the slot: 0000:01:00.1 (10de:228b)";
    static const struct {
        unsigned flags;
        const char *driver;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {0, "vfio-pci", PASS, fine, NULL},
        {0, "", PASS, fine, NULL},
        {0, "snd_hda_intel", WARN, "kept by the node's drivers: 0000:01:00.1 (10de:228b)",
         "driverctl set-override 0000:01:00.1 vfio-pci"},
        {VM | GIVEN, "vfio-pci", PASS, all, NULL},
        {VM | GIVEN, "snd_hda_intel", PASS, all, NULL},
        {VM, "vfio-pci", WARN, behind, "request them as devices of the VM, or say \"companions\": \"slot\""},
        {VM, "", WARN, behind, "\"companions\": \"slot\""},
        /* The slot of a Ryzen has more than its GPU. */
        {VM | APU, "vfio-pci", WARN, behind, "request them as devices of the VM"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        struct check_result result;
        check_host_make(&host);
        set_driver(&host.sound, cases[i].driver);
        if (cases[i].flags & APU)
            host.gpu.device.identity.id = (struct pci_id){0x1002, 0x1681};
        host.vm.device_count = cases[i].flags & GIVEN ? 2 : 1;
        if (cases[i].flags & VM)
            check_host_in_vm(&host);
        assert_finds(&host, CHECK_SIBLINGS, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
        check_run(CHECK_SIBLINGS, &host.checked, &result);
        assert_true(!(cases[i].flags & APU) || !strstr(result.remedy, "companions"));
    }
}

/* A driver that cannot be read may be one of the node's; to a VM that has the function it is all one. */
static void a_sibling_that_cannot_be_read(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    set_driver(&host.sound, "");
    host.sound.device.driver_error = EIO;
    assert_finds(&host, CHECK_SIBLINGS, UNKNOWN, "of 1 other functions of the GPU the driver cannot be read", NULL, 0);
    host.vm.device_count = 2;
    check_host_in_vm(&host);
    assert_finds(&host, CHECK_SIBLINGS, PASS, "the VM has all functions of the GPU", NULL, 1);
}

/* What is in the slot and no part of the GPU, or not there. */
static void no_siblings(void **state) {
    (void)state;
    static const char alone[] = "the slot has no other function of the GPU's";
    struct check_host host;
    check_host_make(&host);
    set_driver(&host.sound, "snd_hda_intel");
    host.sound.device.is_virtual = true;
    assert_finds(&host, CHECK_SIBLINGS, NOT, alone, NULL, 0);
    host.sound.device.is_virtual = false;
    host.sound.device.state = HOST_ABSENT;
    assert_finds(&host, CHECK_SIBLINGS, NOT, alone, NULL, 1);
    host.sound.device.state = HOST_UNKNOWN;
    assert_finds(&host, CHECK_SIBLINGS, NOT, alone, NULL, 2);
    host.sound.device.state = HOST_PRESENT;
    host.sound.device.identity.class_code = 0x108000;
    assert_finds(&host, CHECK_SIBLINGS, NOT, alone, NULL, 3);
    host.sound.device.identity.class_code = 0x040300;
    host.gpu.device.is_virtual = true;
    assert_finds(&host, CHECK_SIBLINGS, NOT, "a virtual function", NULL, 4);
}

/* All that stay are named, of this slot alone, with the functions before the device too. */
static void several_siblings(void **state) {
    (void)state;
    struct check_host host;
    struct check_result result;
    check_host_make(&host);
    set_driver(&host.gpu, "nouveau");
    set_driver(check_host_add(&host, "0000:01:01.0", (struct pci_id){0x10de, 2}, 0x040300), "igc");
    set_driver(check_host_add(&host, "0000:02:00.2", (struct pci_id){0x10de, 4}, 0x040300), "igc");
    set_driver(check_host_add(&host, "0000:01:00.7", (struct pci_id){0x10de, 0x1ad9}, 0x0c8000), "i2c");
    set_driver(check_host_add(&host, "0000:01:00.2", (struct pci_id){0x10de, 0x1ad8}, 0x0c0330), "vfio-pci");
    host.checked.function = &host.sound;
    check_run(CHECK_SIBLINGS, &host.checked, &result);
    assert_string_equal(result.evidence,
                        "kept by the node's drivers: 0000:01:00.0 (10de:2484), 0000:01:00.7 (10de:1ad9)");
    assert_string_equal(result.remedy, "driverctl set-override 0000:01:00.0 vfio-pci (each of them)");
    set_driver(&host.gpu, "");
    check_run(CHECK_SIBLINGS, &host.checked, &result);
    assert_string_equal(result.remedy, "driverctl set-override 0000:01:00.7 vfio-pci");
    host.vm.device_count = 0;
    check_host_give(&host, &host.sound);
    check_host_in_vm(&host);
    check_run(CHECK_SIBLINGS, &host.checked, &result);
    assert_string_equal(
        result.evidence,
        "left behind in the slot: 0000:01:00.0 (10de:2484), 0000:01:00.2 (10de:1ad8), 0000:01:00.7 (10de:1ad9)");
}

/* As much as there is room for, and nothing beyond it. */
static void as_many_as_can_be(void **state) {
    (void)state;
    struct check_host host;
    struct check_result result;
    check_host_make(&host);
    for (unsigned i = 2; i < 8; i++) {
        char address[16];
        snprintf(address, sizeof(address), "0000:01:00.%u", i);
        struct host_function *function = check_host_add(&host, address, (struct pci_id){1, 2}, 0x040300);
        check_host_join(&host, function);
        memset(function->device.driver, 'd', sizeof(function->device.driver) - 1);
    }
    memset(host.sound.device.driver, 'd', sizeof(host.sound.device.driver) - 1);
    check_run(CHECK_SIBLINGS, &host.checked, &result);
    assert_int_equal(result.verdict, WARN);
    assert_non_null(strstr(result.evidence, "drivers: 0000:01:00.1 (10de:228b), 0000:01:00.2 (0001:0002), "));
    check_run(CHECK_GROUP_VIABLE, &host.checked, &result);
    assert_int_equal(result.verdict, FAIL);
    assert_non_null(strstr(result.evidence, "group 12: 0000:01:00.1 (10de:228b) is bound to dddddddddddddddddddddddd"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iommu_group),
        cmocka_unit_test(a_bare_group),
        cmocka_unit_test(a_group_that_cannot_be_read),
        cmocka_unit_test(harmless),
        cmocka_unit_test(members),
        cmocka_unit_test(members_that_cannot_be_read),
        cmocka_unit_test(culprits),
        cmocka_unit_test(vgpus_of_one_group),
        cmocka_unit_test(a_culprit_in_front),
        cmocka_unit_test(three_culprits),
        cmocka_unit_test(remapping),
        cmocka_unit_test(remapping_of_a_shared_gpu),
        cmocka_unit_test(unsafe_is_no_remedy_twice),
        cmocka_unit_test(siblings),
        cmocka_unit_test(a_sibling_that_cannot_be_read),
        cmocka_unit_test(no_siblings),
        cmocka_unit_test(several_siblings),
        cmocka_unit_test(as_many_as_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
