/* host/check_vgpu: mediated devices, SR-IOV functions, MIG. */
#include <stdio.h>

#include "check_support.h"

static void mdev(void **state) {
    (void)state;
    static const struct {
        int error;
        const char *type, *name; /* name NULL: it has none */
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {0, "nvidia-222", "GRID T4-2Q", PASS, "nvidia-222: GRID T4-2Q", NULL},
        {0, "i915-GVTg_V5_4", NULL, PASS, "i915-GVTg_V5_4", NULL},
        {0, "", "GRID T4-2Q", PASS, "type unknown: GRID T4-2Q", NULL},
        {0, "", NULL, PASS, "type unknown", NULL},
        {ENOENT, "", NULL, FAIL, "bus/mdev/devices has no 4b20d080-1b54-4048-85b3-a6a62d165c01", "mdevctl start"},
        {EACCES, "", NULL, UNKNOWN, "bus/mdev/devices: Permission denied", "root"},
        {ENODATA, "", NULL, UNKNOWN, "bus/mdev/devices: No data", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        host.mdev.error = cases[i].error;
        snprintf(host.mdev.type, sizeof(host.mdev.type), "%s", cases[i].type);
        host.mdev.name.text = (char *)cases[i].name;
        check_host_as_mdev(&host);
        host.checked.function = NULL; /* its parent need not be known */
        assert_finds(&host, CHECK_MDEV, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

static void a_nameless_mdev(void **state) {
    (void)state;
    struct check_host host;
    struct check_result result;
    check_host_make(&host);
    host.mdev.name.text = NULL;
    check_host_as_mdev(&host);
    check_run(CHECK_MDEV, &host.checked, &result);
    assert_string_equal(result.evidence, "nvidia-222");
    assert_finds(&host, CHECK_MIG, NOT, "its type has no name", NULL, 0);
    assert_finds(&host, CHECK_VGPU_PROFILE, NOT, "a mediated device has its type from birth: see mdev", NULL, 0);
}

static void vgpu_profile(void **state) {
    (void)state;
    static const char remedy[] = "echo TYPE > /sys/bus/pci/devices/0000:01:00.0/nvidia/current_vgpu_type";
    static const struct {
        const char *type; /* NULL: cannot be read */
        int error;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {"1145", 0, PASS, "nvidia/current_vgpu_type: 1145", NULL},
        {"9", 0, PASS, "nvidia/current_vgpu_type: 9", NULL},
        {"1", 0, PASS, "nvidia/current_vgpu_type: 1", NULL},
        {"0", 0, FAIL, "nvidia/current_vgpu_type: 0: no vGPU type is assigned", remedy},
        {"00", 0, FAIL, "no vGPU type is assigned", remedy},
        {"", 0, UNKNOWN, "nvidia/current_vgpu_type:  is no number", NULL},
        {"nvidia-1145", 0, UNKNOWN, "nvidia/current_vgpu_type: nvidia-1145 is no number", NULL},
        {"-1", 0, UNKNOWN, "nvidia/current_vgpu_type: -1 is no number", NULL},
        {"9x", 0, UNKNOWN, "nvidia/current_vgpu_type: 9x is no number", NULL},
        {NULL, ENOENT, NOT, "no NVIDIA vGPU's function", NULL},
        {NULL, EACCES, UNKNOWN, "nvidia/current_vgpu_type: Permission denied", "root"},
        {NULL, EIO, UNKNOWN, "nvidia/current_vgpu_type: Input/output error", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        set_file(&host.gpu, HOST_VGPU_TYPE, cases[i].type, cases[i].error);
        assert_finds(&host, CHECK_VGPU_PROFILE, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
        /* Where there is room for none, that comes first. */
        set_text(&host.gpu, HOST_VGPU_CREATABLE, "");
        assert_finds(&host, CHECK_VGPU_PROFILE, cases[i].verdict, cases[i].evidence,
                     cases[i].verdict == FAIL ? "first make room for one: see mig" : cases[i].remedy, i);
        set_text(&host.gpu, HOST_VGPU_CREATABLE, "1145 : NVIDIA L40S-1B");
        assert_finds(&host, CHECK_VGPU_PROFILE, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

/* --- MIG ----------------------------------------------------------------------------------------------------- */

/* The name tells: slices and memory, or memory alone. */
static void mig_names(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool is_mig;
    } cases[] = {
        {"GRID A100-3-20C", true},
        {"NVIDIA H100XM-1-10CME", true},
        {"NVIDIA H200X-1-18C", true},
        {"NVIDIA A100-7-40C", true},
        {"NVIDIA RTX Pro 6000 Blackwell DC-4-96Q", true},
        {"GRID A100D-1-10C", true},
        {"X-12-2C", true},
        {"GRID A100-20C", false},
        {"GRID T4-2Q", false},
        {"NVIDIA L40S-1B", false},
        {"GRID M60-0B", false},
        {"NVIDIA A16-16A", false},
        {"GRID RTX6000-24Q", false},
        {"i915-GVTg_V5_4", false},
        {"1-2C", false}, /* slices of nothing */
        {"-1-2C", true},
        {"A100-3-C", false},
        {"A100-3-", false},
        {"A100--3", false},
        {"A100 3-20C", false},
        {"A100-3x-20C", false},
        {"-", false},
        {"", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char list[128];
        struct check_host host;
        check_host_make(&host);
        snprintf(list, sizeof(list), "ID    : vGPU Name\n1145  : %s", cases[i].name);
        set_text(&host.gpu, HOST_VGPU_TYPE, "1145");
        set_text(&host.gpu, HOST_VGPU_CREATABLE, list);
        host.mdev.name.text = (char *)cases[i].name;
        for (int j = 0; j < 2; j++) {
            char expected[160];
            snprintf(expected, sizeof(expected), "%s: %s%s", j ? "mdev_type/name" : "nvidia/current_vgpu_type",
                     cases[i].name, cases[i].is_mig ? ", backed by a MIG instance" : ": time-sliced");
            if (j)
                check_host_as_mdev(&host);
            assert_finds(&host, CHECK_MIG, cases[i].is_mig ? PASS : NOT, expected, NULL, i);
        }
    }
}

#define HEADING "ID    : vGPU Name\n"
#define LIST    HEADING "1145  : NVIDIA L40S-1B\n1414  : NVIDIA H200X-1-18C\n1415  : NVIDIA H200X-2-35C\n"

static void mig_lists(void **state) {
    (void)state;
    static const char first[] = "nvidia/creatable_vgpu_types: NVIDIA", type[] = "nvidia/current_vgpu_type: NVIDIA";
    static const char none[] = "no NVIDIA vGPU's function", not_told[] = "what backs it is not told";
    static const char full[] = "creatable_vgpu_types is empty";
    static const struct {
        const char *type, *list; /* NULL: there is no such file */
        enum check_verdict verdict;
        const char *evidence, *more;
    } cases[] = {
        {NULL, NULL, NOT, none, ""},
        {NULL, LIST, NOT, none, ""},
        {"1414", NULL, NOT, none, ""},
        /* Its own type where it has one, else the first that it could have. */
        {"1145", LIST, NOT, type, "L40S-1B: time-sliced"},
        {"1414", LIST, PASS, type, "H200X-1-18C, backed"},
        {"1415", LIST, PASS, type, "H200X-2-35C, backed"},
        {"0", LIST, NOT, first, "L40S-1B"},
        {"0", "1414: NVIDIA H200X-1-18C", PASS, first, "H200X-1-18C, backed"},
        {"0", "\n\n1414 :NVIDIA H200X-1-18C\n", PASS, first, "H200X-1-18C"},
        {"0", HEADING "  1414   :   NVIDIA H200X-1-18C", PASS, first, "H200X-1-18C"},
        /* A type that is not among them. */
        {"141", LIST, NOT, "type 141: ", not_told},
        {"14140", LIST, NOT, "type 14140: ", not_told},
        {"1414", "", NOT, "type 1414: ", not_told},
        {"1414", "1414 NVIDIA H200X-1-18C\n14 14 : X-1-2C\n1414\t: Y-1-2C", NOT, "type 1414: ", not_told},
        /* None, and none to be had. */
        {"0", "", FAIL, full, "no GPU instance is free"},
        {"0", HEADING, FAIL, full, ""},
        {"0", HEADING "\n\n", FAIL, full, ""},
        {"0", ": \n:", FAIL, full, ""},
        {"0", "1414\n1415", FAIL, full, ""},
        {"0", "\n", FAIL, full, ""},
        /* A type that is no number says nothing. */
        {"", HEADING, NOT, none, ""},
        {"x", LIST, NOT, none, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        set_file(&host.gpu, HOST_VGPU_TYPE, cases[i].type, ENOENT);
        set_file(&host.gpu, HOST_VGPU_CREATABLE, cases[i].list, ENOENT);
        const char *remedy = cases[i].verdict == FAIL ? "nvidia-smi mig" : NULL;
        assert_finds(&host, CHECK_MIG, cases[i].verdict, cases[i].evidence, remedy, i);
        assert_finds(&host, CHECK_MIG, cases[i].verdict, cases[i].more, remedy, i);
    }
}

/* A name that is too long is cut, and the next line is none of it. */
static void a_long_name(void **state) {
    (void)state;
    char list[400];
    struct check_host host;
    check_host_make(&host);
    snprintf(list, sizeof(list), "7 : %0300d\n8 : X-1-2C", 0);
    set_text(&host.gpu, HOST_VGPU_TYPE, "7");
    set_text(&host.gpu, HOST_VGPU_CREATABLE, list);
    assert_finds(&host, CHECK_MIG, NOT, "nvidia/current_vgpu_type: 00000", NULL, 0);
    set_text(&host.gpu, HOST_VGPU_TYPE, "8");
    assert_finds(&host, CHECK_MIG, PASS, "nvidia/current_vgpu_type: X-1-2C, backed", NULL, 1);
}

/* --- SR-IOV -------------------------------------------------------------------------------------------------- */

static void physical_functions(void **state) {
    (void)state;
    static const char whole[] = "VMs may have its virtual functions, which die with it",
                      remedy[] = "echo 0 > /sys/bus/pci/devices/0000:01:00.0/sriov_numvfs";
    static const struct {
        const char *count; /* NULL: there is no such file */
        const char *driver;
        bool in_vm;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {NULL, "vfio-pci", true, NOT, "it has no virtual functions", NULL},
        {"0", "vfio-pci", true, PASS, "sriov_numvfs: 0", NULL},
        {"0", "nvidia", false, PASS, "sriov_numvfs: 0", NULL},
        {"4", "nvidia", false, PASS, "sriov_numvfs: 4", NULL}, /* as it is meant */
        {"16", "", false, PASS, "sriov_numvfs: 16", NULL},
        {"4", "vfio-pci", false, WARN, whole, remedy},
        {"4", "xe-vfio-pci", false, WARN, whole, remedy},
        {"1", "vfio-pci", true, WARN, "sriov_numvfs: 1: VMs may have its virtual functions", remedy},
        {"16", "nvidia", true, WARN, whole, remedy},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        set_file(&host.gpu, HOST_SRIOV_NUMVFS, cases[i].count, ENOENT);
        set_driver(&host.gpu, cases[i].driver);
        if (cases[i].in_vm)
            check_host_in_vm(&host);
        assert_finds(&host, CHECK_SRIOV, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

static void virtual_functions(void **state) {
    (void)state;
    enum { VM = 1, TOKEN = 2 };
    static const char token[] = "\"vfio\": {\"vf-token\": UUID}";
    static const struct {
        const char *driver; /* of the physical function */
        unsigned flags;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {"nvidia", VM, PASS, "a virtual function of 0000:01:00.1, which nvidia has", NULL},
        {"i915", 0, PASS, "which i915 has", NULL},
        {"vfio-pci", VM | TOKEN, PASS, "which vfio-pci has", NULL},
        {"vfio-pci", TOKEN, PASS, "which vfio-pci has", NULL},
        {"vfio-pci", VM, FAIL, "0000:01:00.1 is on vfio-pci: without its token QEMU cannot open it", token},
        {"xe-vfio-pci", VM, FAIL, "0000:01:00.1 is on xe-vfio-pci: without", token},
        {"vfio-pci", 0, WARN, "0000:01:00.1 is on vfio-pci: a VM needs its token", token},
        {"", VM, WARN, "its physical function 0000:01:00.1 has no driver", "load the vendor's driver"},
        {"", TOKEN, WARN, "has no driver", "load the vendor's driver"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        host.gpu.device.is_virtual = true;
        host.gpu.device.has_physical = true;
        host.gpu.device.physical = host.sound.address;
        set_driver(&host.sound, cases[i].driver);
        set_text(&host.gpu, HOST_SRIOV_NUMVFS, "4"); /* which is nothing of a virtual function's */
        host.checked.has_vf_token = cases[i].flags & TOKEN;
        if (cases[i].flags & VM)
            check_host_in_vm(&host);
        assert_finds(&host, CHECK_SRIOV, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

static void an_unreadable_driver(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    host.gpu.device.is_virtual = host.gpu.device.has_physical = true;
    host.gpu.device.physical = host.sound.address;
    set_driver(&host.sound, "");
    host.sound.device.driver_error = EIO;
    assert_finds(&host, CHECK_SRIOV, UNKNOWN, "the driver of its physical function 0000:01:00.1: Input/output error",
                 NULL, 0);
}

static void without_a_physical_function(void **state) {
    (void)state;
    static const char unread[] = "physfn: its physical function cannot be read";
    struct check_host host;
    check_host_make(&host);
    host.gpu.device.is_virtual = true;
    host.gpu.device.physical = host.sound.address; /* which nothing says to be it */
    assert_finds(&host, CHECK_SRIOV, UNKNOWN, unread, NULL, 0);
    host.gpu.device.has_physical = true;
    set_driver(&host.sound, "nvidia");
    assert_finds(&host, CHECK_SRIOV, PASS, "a virtual function of 0000:01:00.1", NULL, 1);
    host.sound.device.state = HOST_UNKNOWN;
    assert_finds(&host, CHECK_SRIOV, UNKNOWN, unread, NULL, 2);
    host.gpu.device.physical = (struct pci_address){0, 9, 0, 0}; /* not among the facts */
    assert_finds(&host, CHECK_SRIOV, UNKNOWN, unread, NULL, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mdev),
        cmocka_unit_test(a_nameless_mdev),
        cmocka_unit_test(vgpu_profile),
        cmocka_unit_test(mig_names),
        cmocka_unit_test(mig_lists),
        cmocka_unit_test(a_long_name),
        cmocka_unit_test(physical_functions),
        cmocka_unit_test(virtual_functions),
        cmocka_unit_test(an_unreadable_driver),
        cmocka_unit_test(without_a_physical_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
