/* host/devices: which devices could go to VMs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/devices.h"
#include "support.h"

#define DEVICES "bus/pci/devices/"
#define MDEVS   "bus/mdev/devices/"
#define DEVICE  DEVICES "0000:e5:00.0/"

/* A function that the node has: of one that a snapshot has copied as a neighbour there is no driver_override. */
static void put_device(const char *root, const char *address, uint16_t vendor, uint32_t class_code) {
    put_sysfs_device(root, address, &(struct pci_identity){.id = {vendor, 0x1234}, .class_code = class_code});
    put_text(root, path_in(path_in("bus/pci/devices", address), "driver_override"), "(null)\n");
}

/* Fails the test unless these are the functions and the mediated devices. */
static void check_list(const char *root, const char *expected, const char *file, int line) {
    CLEANUP(host_devices_free) struct host_devices devices = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    const struct sysfs sysfs = {.root = root};
    struct error err = {0};
    assert_int_equal(host_devices_list(&sysfs, &devices, &err), 0);
    assert_no_error(&err);
    for (size_t i = 0; i < devices.function_count; i++) {
        char address[PCI_ADDRESS_TEXT_MAX];
        buffer_printf(&text, "%s\n", pci_address_format(devices.functions[i], address));
    }
    for (size_t i = 0; i < devices.mdev_count; i++)
        buffer_printf(&text, "%s\n", devices.mdevs[i]);
    check_bytes(buffer_bytes(&text), expected, file, line);
}
#define assert_list(root, expected) check_list((root), (expected), __FILE__, __LINE__)

static bool is_listed(const char *root, uint16_t vendor, uint32_t class_code) {
    CLEANUP(host_devices_free) struct host_devices devices = {0};
    const struct sysfs sysfs = {.root = root};
    struct error err = {0};
    put_device(root, "0000:e5:00.0", vendor, class_code);
    assert_int_equal(host_devices_list(&sysfs, &devices, &err), 0);
    return devices.function_count == 1;
}

static void kinds(void **state) {
    static const struct {
        uint16_t vendor;
        uint32_t class_code;
        bool is_wanted;
    } cases[] = {
        {0x10de, 0x030000, true}, /* VGA */
        {0x10de, 0x030200, true}, /* 3D */
        {0x8086, 0x038000, true}, /* another display controller */
        {0x1002, 0x0300ff, true},
        {0x9999, 0x030000, true},  /* of whomever */
        {0x10de, 0x040300, false}, /* audio */
        {0x10de, 0x0c0330, false}, /* USB */
        {0x10de, 0x020000, false},
        {0x10de, 0x060400, false}, /* a bridge */
        {0x10de, 0x000100, false}, /* VGA before there were classes */
        {0x10de, 0x130000, false},
        /* Accelerators. */
        {0x1002, 0x120000, true},
        {0x10de, 0x120000, true},
        {0x8086, 0x120000, true},
        {0x1002, 0x1200ff, true},
        {0x10de, 0x1200ff, true},
        {0x8086, 0x1200ff, true},
        {0x1002, 0x120100, false},
        {0x10de, 0x128000, false},
        {0x8086, 0x120100, false},
        {0x1a03, 0x120000, false},
        {0x9999, 0x120000, false},
        /* NVSwitch. */
        {0x10de, 0x068000, true},
        {0x10de, 0x0680ff, true},
        {0x10de, 0x068100, false},
        {0x1002, 0x068000, false},
        {0x8086, 0x068000, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (is_listed(*state, cases[i].vendor, cases[i].class_code) != cases[i].is_wanted)
            fail_msg("%04x %06x", cases[i].vendor, cases[i].class_code);
    /* Of BMCs and hypervisors no display controller. */
    static const uint16_t vendors[] = {0x1a03, 0x102b, 0x1234, 0x1af4, 0x1b36, 0x1013, 0x15ad,
                                       0x1414, 0x5853, 0x80ee, 0x1ab8, 0x19e5, 0x126f};
    static const uint32_t classes[] = {0x030000, 0x0300ff, 0x030200, 0x038000};
    for (size_t i = 0; i < COUNT(vendors); i++)
        for (size_t j = 0; j < COUNT(classes); j++)
            if (is_listed(*state, vendors[i], classes[j]))
                fail_msg("%04x %06x", vendors[i], classes[j]);
}

/* The virtual functions of a GPU that nobody has made a vGPU yet are none. */
static void vgpus(void **state) {
    static const struct {
        const char *type; /* NULL: no such file */
        bool is_wanted;
    } cases[] = {
        {NULL, true},     {"0\n", false}, {"0", false}, {"588\n", true},
        {"0x0\n", false}, {"\n", true},   {"", true},   {"x\n", true},
    };
    put_device(*state, "0000:e5:00.0", 0x10de, 0x030200);
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (cases[i].type)
            put_text(*state, DEVICE "nvidia/current_vgpu_type", cases[i].type);
        assert_list(*state, cases[i].is_wanted ? "0000:e5:00.0\n" : "");
    }
}

static void damaged_files(void **state) {
    static const struct {
        const char *class, *vendor; /* NULL: no such file */
        bool is_wanted;
    } cases[] = {
        {"0x030000\n", "0x10de\n", true},
        {"0x030000", "0x10de", true},
        {NULL, "0x10de\n", false},
        {"", "0x10de\n", false},
        {"\n", "0x10de\n", false},
        {"zzzz\n", "0x10de\n", false},
        {"0x030000\n", NULL, false}, /* perhaps a BMC's */
        {"0x030000\n", "", false},
        {"0x030000\n", "zzzz\n", false},
        {"0x120000\n", NULL, false},
        {"0x0000000000000000000000030000\n", "0x10de\n", true},
        {"0x00000000000000000000000030000\n", "0x10de\n", false}, /* longer than any */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        static const char *const names[] = {DEVICE "class", DEVICE "vendor"};
        const char *const contents[] = {cases[i].class, cases[i].vendor};
        for (size_t j = 0; j < COUNT(names); j++) {
            unlink(path_in(*state, names[j]));
            if (contents[j])
                put_text(*state, names[j], contents[j]);
        }
        put_text(*state, DEVICE "driver_override", "(null)\n");
        assert_list(*state, cases[i].is_wanted ? "0000:e5:00.0\n" : "");
    }
    /* A FIFO must not be waited for. */
    unlink(path_in(*state, DEVICE "class"));
    assert_int_equal(mkfifo(path_in(*state, DEVICE "class"), 0600), 0);
    assert_list(*state, "");
}

static void order(void **state) {
    static const char *const functions[] = {"10000:01:00.0",    "0000:e5:00.1", "0000:e5:00.0", "0000:02:00.0",
                                            "ffffffff:00:00.0", "0000:10:1f.7", "0000:e5:01.0"};
    static const char *const mdevs[] = {
        "f0000000-0000-0000-0000-000000000001",
        "00000000-0000-0000-0000-000000000002",
        "5d307ca9-b3ef-428c-8861-06e72d69f223",
        "00000000-0000-0000-0000-000000000001",
        "0000000-0000-0000-0000-0000000000001", /* none of a UUID's form */
        "matrix",
        "00000000-0000-0000-0000-0000000000011",
    };
    for (size_t i = 0; i < COUNT(functions); i++)
        put_device(*state, functions[i], 0x10de, 0x030000);
    for (size_t i = 0; i < 8; i++) {
        char name[64];
        snprintf(name, sizeof(name), DEVICES "not-one-%zu", i);
        put_link(*state, name, "0000:e5:00.0");
    }
    for (size_t i = 0; i < COUNT(mdevs); i++)
        put_link(*state, path_in(MDEVS, mdevs[i]), "../../../devices/pci0000:00/0000:00:02.0/x");
    assert_list(*state, "0000:02:00.0\n0000:10:1f.7\n0000:e5:00.0\n0000:e5:00.1\n0000:e5:01.0\n10000:01:00.0\n"
                        "ffffffff:00:00.0\n00000000-0000-0000-0000-000000000001\n"
                        "00000000-0000-0000-0000-000000000002\n5d307ca9-b3ef-428c-8861-06e72d69f223\n"
                        "f0000000-0000-0000-0000-000000000001\n");
}

static void neighbours_of_a_snapshot(void **state) {
    put_device(*state, "0000:e5:00.0", 0x10de, 0x030000);
    put_device(*state, "0000:e6:00.0", 0x10de, 0x030000);
    unlink(path_in(*state, DEVICE "driver_override"));
    assert_list(*state, "0000:e6:00.0\n");
}

/* Mediated devices without a GPU, and a node that has nothing. */
static void few(void **state) {
    put_folder(*state, "bus/pci/devices");
    assert_list(*state, "");
    put_folder(*state, "bus/mdev/devices");
    assert_list(*state, "");
    put_folder(*state, MDEVS "5d307ca9-b3ef-428c-8861-06e72d69f223");
    assert_list(*state, "5d307ca9-b3ef-428c-8861-06e72d69f223\n");
}

static void no_list(void **state) {
    CLEANUP(host_devices_free) struct host_devices devices = {0};
    const struct sysfs sysfs = {.root = *state};
    struct error err = {0};
    put_folder(*state, MDEVS "5d307ca9-b3ef-428c-8861-06e72d69f223");
    char expected[256];
    snprintf(expected, sizeof(expected), "cannot list the PCI devices in %s/bus/pci/devices: No such file or directory",
             (const char *)*state);
    assert_int_equal(host_devices_list(&sysfs, &devices, &err), -1);
    assert_error(&err, ERROR_INPUT, expected);
    put_text(*state, "bus/pci/devices", "a file");
    assert_int_equal(host_devices_list(&sysfs, &devices, &err), -1);
    assert_error(&err, ERROR_INPUT, "Not a directory");
    unlink(path_in(*state, "bus/pci/devices"));
    put_device(*state, "0000:e5:00.0", 0x10de, 0x030000);
    assert_int_equal(chmod(path_in(*state, "bus/pci/devices"), 0), 0);
    be_nobody(true);
    int result = host_devices_list(&sysfs, &devices, &err);
    be_nobody(false);
    chmod(path_in(*state, "bus/pci/devices"), 0755);
    assert_int_equal(result, -1);
    assert_error(&err, ERROR_INPUT, "Permission denied");
    assert_int_equal(devices.function_count, 0);
    assert_int_equal(devices.mdev_count, 0);
}

/* Of what is no GPU only the class is read: to read more of some hundred functions takes time. */
static void count_reads(void *context, const char *path, enum sysfs_look look) {
    if (look == SYSFS_READ)
        buffer_printf(context, "%s\n", path);
}

static void little_is_read(void **state) {
    CLEANUP(host_devices_free) struct host_devices devices = {0};
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = {.root = *state, .seen = count_reads, .context = &seen};
    struct error err = {0};
    put_device(*state, "0000:e5:00.0", 0x10de, 0x020000);
    put_text(*state, DEVICE "nvidia/current_vgpu_type", "0\n");
    assert_int_equal(host_devices_list(&sysfs, &devices, &err), 0);
    assert_bytes(buffer_bytes(&seen), DEVICE "class\n");
}

static void freed_twice(void **state) {
    put_device(*state, "0000:e5:00.0", 0x10de, 0x030000);
    const struct sysfs sysfs = {.root = *state};
    struct error err = {0};
    struct host_devices devices = {0};
    host_devices_free(&devices);
    assert_int_equal(host_devices_list(&sysfs, &devices, &err), 0);
    assert_int_equal(devices.function_count, 1);
    host_devices_free(&devices);
    assert_int_equal(devices.function_count, 0);
    host_devices_free(&devices);
}

/* More than the kernel tells in one go. */
static void many(void **state) {
    enum { MANY = 300 };
    CLEANUP(host_devices_free) struct host_devices devices = {0};
    const struct sysfs sysfs = {.root = *state};
    struct error err = {0};
    for (int i = 0; i < MANY; i++) {
        char address[PCI_ADDRESS_TEXT_MAX];
        snprintf(address, sizeof(address), "%04x:01:00.0", i);
        put_text(*state, path_in(path_in("bus/pci/devices", address), "class"), "0x030000\n");
        put_text(*state, path_in(path_in("bus/pci/devices", address), "vendor"), "0x10de\n");
        put_text(*state, path_in(path_in("bus/pci/devices", address), "driver_override"), "(null)\n");
    }
    assert_int_equal(host_devices_list(&sysfs, &devices, &err), 0);
    assert_int_equal(devices.function_count, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(devices.functions[i].domain, i);
}

static void bridges(void **state) {
    const struct sysfs sysfs = {.root = *state};
    put_device(*state, "0000:00:01.0", 0x8086, 0x060400);
    put_device(*state, "0000:01:00.0", 0x10de, 0x030000);
    assert_true(host_device_is_bridge(&sysfs, (struct pci_address){0, 0, 1, 0}));
    assert_false(host_device_is_bridge(&sysfs, (struct pci_address){0, 1, 0, 0}));
    assert_false(host_device_is_bridge(&sysfs, (struct pci_address){0, 2, 0, 0})); /* nobody is there */
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(kinds),
        FOLDER_TEST(vgpus),
        FOLDER_TEST(damaged_files),
        FOLDER_TEST(order),
        FOLDER_TEST(neighbours_of_a_snapshot),
        FOLDER_TEST(few),
        FOLDER_TEST(no_list),
        FOLDER_TEST(little_is_read),
        FOLDER_TEST(freed_twice),
        FOLDER_TEST(many),
        FOLDER_TEST(bridges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
