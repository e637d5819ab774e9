/* host/check_device: is the device there, is it the right one, does it answer, and who has it? */
#include <stdio.h>

#include "check_support.h"

static void present(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    assert_finds(&host, CHECK_DEVICE_PRESENT, PASS, "10de:2484, subsystem 1458:404c, revision a1, class 030000", NULL,
                 0);
    host.gpu.device.state = HOST_ABSENT;
    assert_finds(&host, CHECK_DEVICE_PRESENT, FAIL, "the node has no PCI device at this address", "lspci -nn", 1);
    host.gpu.device.state = HOST_UNKNOWN;
    snprintf(host.gpu.device.reason, sizeof(host.gpu.device.reason), "/sys/bus/pci/devices: why not");
    assert_finds(&host, CHECK_DEVICE_PRESENT, UNKNOWN, "/sys/bus/pci/devices: why not", "--sysfs", 2);
    check_host_as_mdev(&host);
    assert_finds(&host, CHECK_DEVICE_PRESENT, NOT, "see mdev", NULL, 3);
}

/* The longest reason is told whole. */
static void a_long_reason(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    host.gpu.device.state = HOST_UNKNOWN;
    memset(host.gpu.device.reason, 'y', sizeof(host.gpu.device.reason) - 1);
    assert_finds(&host, CHECK_DEVICE_PRESENT, UNKNOWN, host.gpu.device.reason, "mount the node's /sys", 0);
}

static void identity(void **state) {
    (void)state;
    static const struct pci_id right = {0x10de, 0x2484}, other_vendor = {0x1002, 0x2484}, other_device = {0x10de, 1};
    static const struct {
        const struct pci_id *expect;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {NULL, NOT, "(\"expect\")", NULL},
        {&right, PASS, "10de:2484, as expected", NULL},
        {&other_vendor, FAIL, "1002:2484 is expected, it is 10de:2484", "correct \"expect\""},
        {&other_device, FAIL, "10de:0001 is expected, it is 10de:2484", "correct \"expect\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        host.checked.expect = cases[i].expect;
        assert_finds(&host, CHECK_IDENTITY, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

static void config_space(void **state) {
    (void)state;
    static const struct {
        int error;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {0, PASS, "config: the device answers", NULL},
        {EAGAIN, NOT, "it sleeps, and to read its configuration space would wake it", NULL},
        {EACCES, UNKNOWN, "config: Permission denied", "root"},
        {ENOENT, UNKNOWN, "config: No such file", NULL},
        {EINVAL, UNKNOWN, "config: Invalid argument", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        host.gpu.config_error = cases[i].error;
        assert_finds(&host, CHECK_CONFIG_SPACE, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

/* One bit that is not set tells that somebody answers, wherever it is. */
static void all_ones(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    memset(host.gpu.config, 0xff, sizeof(host.gpu.config));
    assert_finds(&host, CHECK_CONFIG_SPACE, FAIL, "config: all ones", "reseat the card", 0);
    for (size_t i = 0; i < HOST_CONFIG_SIZE; i++) {
        host.gpu.config[i] = 0xfe;
        assert_finds(&host, CHECK_CONFIG_SPACE, PASS, "answers", NULL, i);
        host.gpu.config[i] = 0xff;
    }
    host.gpu.config_error = EIO; /* then they are nothing that was read */
    assert_finds(&host, CHECK_CONFIG_SPACE, UNKNOWN, "config: ", NULL, 0);
}

static void drivers(void **state) {
    (void)state;
    enum { VM = 1, FOLDER = 2, VIRTUAL = 4, VGPU = 8, MDEV_TYPES = 16, INTEL = 32 };
    static const char binding[] = "driverctl set-override 0000:01:00.0 vfio-pci", manager[] = "sriov-manage -e";
    static const struct {
        const char *driver, *override, *numvfs;
        unsigned flags;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        /* VFIO's. */
        {"vfio-pci", NULL, NULL, 0, PASS, "vfio-pci", NULL},
        {"vfio-pci", NULL, NULL, VM, PASS, "vfio-pci", NULL},
        {"nvgrace_gpu_vfio_pci", NULL, NULL, VM, PASS, "nvgrace_gpu_vfio_pci", NULL},
        {"xe-vfio-pci", NULL, NULL, VM, PASS, "xe-vfio-pci", NULL},
        {"vendor_gpu", NULL, NULL, FOLDER | VM, PASS, "vendor_gpu, which hands it to VFIO (vfio-dev)", NULL},
        {"vfio-pci-core", NULL, NULL, VM, FAIL, "vfio-pci-core has it", binding},
        /* The node's. */
        {"nouveau", "vfio-pci", NULL, 0, FAIL, "nouveau has it, so QEMU cannot", binding},
        {"nouveau", NULL, "4", VM, FAIL, "nouveau has it", binding},
        {"pci-stub", NULL, NULL, VM, FAIL, "pci-stub has it", binding},
        {"nvidia", NULL, NULL, VM, FAIL, "nvidia has it", binding},
        /* Nobody's: the override tells whether somebody has asked vfio-pci already. */
        {"", "(null)", NULL, VM, FAIL, "no driver has it", binding},
        {"", "(null)", NULL, FOLDER, FAIL, "no driver has it", binding},
        {"", "vfio-pci", NULL, 0, FAIL, "no driver has it",
         "modprobe vfio-pci; echo 0000:01:00.0 > /sys/bus/pci/drivers_probe"},
        {"", "mlx5-vfio-pci", NULL, 0, FAIL, "no driver has it", "modprobe mlx5-vfio-pci; "},
        {"", "nouveau", NULL, 0, FAIL, "no driver has it", binding},
        {"", "(null)", NULL, 0, FAIL, "no driver has it", binding},
        {"", "", "4", MDEV_TYPES, FAIL, "no driver has it", binding},
        /* Every function has a driver_override: somebody made this /sys. */
        {"", NULL, NULL, VM, UNKNOWN, "this is no whole /sys", NULL},
        {"", NULL, NULL, VIRTUAL | VGPU, UNKNOWN, "this is no whole /sys", NULL},
        /* An NVIDIA vGPU's function stays on nvidia. */
        {"nvidia", NULL, NULL, VIRTUAL | VGPU | VM, PASS, "nvidia, as an NVIDIA vGPU's function must be", NULL},
        {"nvidia", NULL, NULL, VIRTUAL | VGPU, PASS, "nvidia, as an NVIDIA vGPU's function must be", NULL},
        {"nvidia", NULL, NULL, VIRTUAL | VM, FAIL, "nvidia has it", manager},
        {"nvidia", NULL, NULL, VGPU | VM, FAIL, "nvidia has it", binding},
        {"nvidia-drm", NULL, NULL, VIRTUAL | VGPU | VM, FAIL, "nvidia-drm has it", manager},
        {"", "vfio-pci", NULL, VIRTUAL | VM, FAIL, "no driver has it", manager},
        {"", "vfio-pci", NULL, VIRTUAL | INTEL | VM, FAIL, "no driver has it", "modprobe vfio-pci"},
        {"i915", "vfio-pci", NULL, VIRTUAL | INTEL | VM, FAIL, "i915 has it", binding},
        /* A GPU that is shared out: its vGPUs go to VMs, and it goes to none. */
        {"nvidia", NULL, "4", 0, PASS, "nvidia, which makes vGPUs of it", NULL},
        {"nvidia", NULL, "0", MDEV_TYPES, PASS, "nvidia, which makes vGPUs of it", NULL},
        {"nvidia", NULL, "0", 0, FAIL, "nvidia has it", binding},
        {"nvidia", NULL, "4", MDEV_TYPES | VM, FAIL, "nvidia has it", binding},
        {"i915", NULL, "4", MDEV_TYPES | VIRTUAL | INTEL, FAIL, "i915 has it", binding},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        set_driver(&host.gpu, cases[i].driver);
        set_file(&host.gpu, HOST_DRIVER_OVERRIDE, cases[i].override, ENOENT);
        set_file(&host.gpu, HOST_SRIOV_NUMVFS, cases[i].numvfs, ENOENT);
        set_file(&host.gpu, HOST_VGPU_TYPE, cases[i].flags & VGPU ? "1145" : NULL, ENOENT);
        host.gpu.has_vfio_device = cases[i].flags & FOLDER;
        if (cases[i].flags & INTEL)
            host.gpu.device.identity.id.vendor = 0x8086;
        host.gpu.has_mdev_types = cases[i].flags & MDEV_TYPES;
        host.gpu.device.is_virtual = cases[i].flags & VIRTUAL;
        if (cases[i].flags & VM)
            check_host_in_vm(&host);
        assert_finds(&host, CHECK_DRIVER, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

/* Not that nobody has it. */
static void an_unreadable_driver(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    set_driver(&host.gpu, "");
    host.gpu.device.driver_error = EIO;
    assert_finds(&host, CHECK_DRIVER, UNKNOWN, "driver: Input/output error", NULL, 0);
    host.gpu.device.driver_error = EACCES;
    assert_finds(&host, CHECK_DRIVER, UNKNOWN, "driver: Permission denied", "run this as root", 1);
}

/* Whether an NVIDIA function is a vGPU's, only root may see on some nodes. */
static void an_unreadable_type(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    set_driver(&host.gpu, "nvidia");
    set_error(&host.gpu, HOST_VGPU_TYPE, EACCES);
    assert_finds(&host, CHECK_DRIVER, FAIL, "nvidia has it", "driverctl", 0);
    host.gpu.device.is_virtual = true;
    assert_finds(&host, CHECK_DRIVER, UNKNOWN, "nvidia/current_vgpu_type: Permission denied", "root", 1);
    set_driver(&host.gpu, "nouveau");
    assert_finds(&host, CHECK_DRIVER, FAIL, "nouveau has it", "sriov-manage", 2);
}

/* An override that is there and cannot be read leaves the driver as it is. */
static void an_unreadable_override(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    set_driver(&host.gpu, "");
    set_error(&host.gpu, HOST_DRIVER_OVERRIDE, EACCES);
    assert_finds(&host, CHECK_DRIVER, FAIL, "no driver has it", "driverctl", 0);
}

/* Of a mediated device its own counts, whatever has its parent. */
static void drivers_of_mdevs(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    check_host_as_mdev(&host);
    set_driver(&host.gpu, "");
    assert_finds(&host, CHECK_DRIVER, PASS, "nvidia-vgpu-vfio", NULL, 0);
    set_driver(&host.gpu, "vfio-pci");
    host.mdev.driver[0] = '\0';
    assert_finds(&host, CHECK_DRIVER, FAIL, "no driver has the mediated device", "nvidia-vgpu-vfio", 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(present),
        cmocka_unit_test(a_long_reason),
        cmocka_unit_test(identity),
        cmocka_unit_test(config_space),
        cmocka_unit_test(all_ones),
        cmocka_unit_test(drivers),
        cmocka_unit_test(an_unreadable_driver),
        cmocka_unit_test(an_unreadable_type),
        cmocka_unit_test(an_unreadable_override),
        cmocka_unit_test(drivers_of_mdevs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
