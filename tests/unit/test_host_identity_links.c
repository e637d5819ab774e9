/* host/identity: what sysfs tells of a function by links. */
#include <errno.h>
#include <unistd.h>

#include "host/identity.h"
#include "support.h"

#define DEVICE "bus/pci/devices/0000:e5:00.0/"

/* libc's readlinkat(), which fails where the link has this name. */
ssize_t __wrap_readlinkat(int folder, const char *path, char *target, size_t room);
ssize_t __real_readlinkat(int folder, const char *path, char *target, size_t room);
static const char *unreadable;

ssize_t __wrap_readlinkat(int folder, const char *path, char *target, size_t room) {
    const char *name = strrchr(path, '/');
    if (!unreadable || strcmp(name ? name + 1 : path, unreadable) != 0)
        return __real_readlinkat(folder, path, target, room);
    errno = EIO;
    return -1;
}

static const struct pci_identity gpu = {
    .id = {0x1002, 0x1681}, .subsystem = {0x1462, 0x1381}, .revision = 0xc8, .class_code = 0x030000};

static struct host_device read_device(const char *root, const char *text) {
    const struct sysfs sysfs = {.root = root};
    struct pci_address address;
    struct host_device device;
    memset(&device, 0xff, sizeof(device));
    assert_int_equal(pci_address_parse(text, &address), 0);
    assert_int_equal(host_read_device(&sysfs, address, &device, NULL), 0);
    return device;
}

/* What sysfs tells by links. */
static void links(void **state) {
    static const struct {
        const char *physfn, *driver, *group; /* targets; NULL: no such link */
        bool is_virtual;
        const char *driver_name;
        int group_number;
    } cases[] = {
        {NULL, NULL, NULL, false, "", HOST_GROUP_UNKNOWN},
        {"../0000:e5:00.1", "../../../../bus/pci/drivers/vfio-pci", "../../../kernel/iommu_groups/15", true, "vfio-pci",
         15},
        {NULL, "../drivers/nvgrace_gpu_vfio_pci", "../../../kernel/iommu_groups/0", false, "nvgrace_gpu_vfio_pci", 0},
        {"", "snd_hda_intel", "15", true, "snd_hda_intel", 15},
        {NULL, NULL, "../iommu_groups/2147483647", false, "", INT32_MAX},
        {NULL, NULL, "../iommu_groups/2147483648", false, "", HOST_GROUP_UNKNOWN},
        {NULL, NULL, "../iommu_groups/99999999999999", false, "", HOST_GROUP_UNKNOWN},
        {NULL, NULL, "../iommu_groups/-1", false, "", HOST_GROUP_UNKNOWN},
        {NULL, NULL, "../iommu_groups/15x", false, "", HOST_GROUP_UNKNOWN},
        {NULL, NULL, "../iommu_groups/x", false, "", HOST_GROUP_UNKNOWN},
        {NULL, NULL, "../iommu_groups/", false, "", HOST_GROUP_UNKNOWN},
        {NULL, NULL, "../iommu_groups/000000000000015", false, "", 15},
        {NULL, NULL, "../iommu_groups/0000000000000015", false, "", HOST_GROUP_UNKNOWN}, /* longer than any */
        /* No name of a module has 64 characters: half a name is none. */
        {NULL, "../drivers/a123456789a123456789a123456789a123456789a123456789a123456789abc", NULL, false,
         "a123456789a123456789a123456789a123456789a123456789a123456789abc", HOST_GROUP_UNKNOWN},
        {NULL, "../drivers/a123456789a123456789a123456789a123456789a123456789a123456789abcd", NULL, false, "",
         HOST_GROUP_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *names[] = {DEVICE "physfn", DEVICE "driver", DEVICE "iommu_group"};
        const char *targets[] = {cases[i].physfn, cases[i].driver, cases[i].group};
        put_sysfs_device(*state, "0000:e5:00.0", &gpu);
        for (size_t j = 0; j < COUNT(names); j++) {
            unlink(path_in(*state, names[j]));
            if (targets[j])
                put_link(*state, names[j], *targets[j] ? targets[j] : "x");
        }
        struct host_device device = read_device(*state, "0000:e5:00.0");
        assert_int_equal(device.state, HOST_PRESENT);
        assert_int_equal(device.is_virtual, cases[i].is_virtual);
        assert_string_equal(device.driver, cases[i].driver_name);
        assert_int_equal(device.iommu_group, cases[i].group_number);
    }
    /* A file or a folder of that name is no link. */
    unlink(path_in(*state, DEVICE "driver"));
    put_text(*state, DEVICE "physfn", "x");
    put_folder(*state, DEVICE "driver");
    put_text(*state, DEVICE "iommu_group", "15");
    struct host_device device = read_device(*state, "0000:e5:00.0");
    assert_false(device.is_virtual);
    assert_string_equal(device.driver, "");
    assert_int_equal(device.iommu_group, HOST_GROUP_UNKNOWN);
}

/* A link that cannot be read is not one that is not there. */
static void links_that_cannot_be_read(void **state) {
    static const struct {
        const char *name;
        enum host_state state;
        int driver_error, group_error;
    } cases[] = {
        {NULL, HOST_PRESENT, 0, 0},
        {"driver", HOST_PRESENT, EIO, 0},
        {"iommu_group", HOST_PRESENT, 0, EIO},
        {"physfn", HOST_UNKNOWN, 0, 0},
    };
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        const size_t row = i / 2;
        if (i % 2) {
            put_link(*state, DEVICE "driver", "../drivers/vfio-pci");
            put_link(*state, DEVICE "iommu_group", "../iommu_groups/15");
        }
        unreadable = cases[row].name;
        struct host_device device = read_device(*state, "0000:e5:00.0");
        unreadable = NULL;
        assert_int_equal(device.state, cases[row].state);
        assert_int_equal(device.driver_error, cases[row].driver_error);
        assert_int_equal(device.group_error, cases[row].group_error);
        const bool reads_driver = i % 2 && device.state == HOST_PRESENT && !device.driver_error;
        const bool reads_group = i % 2 && device.state == HOST_PRESENT && !device.group_error;
        assert_string_equal(device.driver, reads_driver ? "vfio-pci" : "");
        assert_int_equal(device.iommu_group, reads_group ? 15 : HOST_GROUP_UNKNOWN);
        if (device.state == HOST_UNKNOWN)
            assert_non_null(strstr(device.reason, DEVICE "physfn: Input/output error"));
        unlink(path_in(*state, DEVICE "driver"));
        unlink(path_in(*state, DEVICE "iommu_group"));
    }
}

/* Of a function that is not there nothing is told. */
static void no_links_without_a_function(void **state) {
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    put_link(*state, DEVICE "physfn", "x");
    put_link(*state, DEVICE "iommu_group", "15");
    unlink(path_in(*state, DEVICE "vendor"));
    static const char *const addresses[] = {"0000:e5:00.0", "0000:e5:00.1"};
    for (size_t i = 0; i < COUNT(addresses); i++) {
        struct host_device device = read_device(*state, addresses[i]);
        assert_int_not_equal(device.state, HOST_PRESENT);
        assert_false(device.is_virtual);
        assert_int_equal(device.iommu_group, HOST_GROUP_UNKNOWN);
        assert_string_equal(device.driver, "");
    }
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(links),
        FOLDER_TEST(links_that_cannot_be_read),
        FOLDER_TEST(no_links_without_a_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
