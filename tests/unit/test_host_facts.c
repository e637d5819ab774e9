/* host/facts: what sysfs says, and that nothing in it can hurt. */
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/facts.h"
#include "support.h"

static const struct pci_identity gpu = {
    .id = {0x1002, 0x1681}, .subsystem = {0x1462, 0x1381}, .revision = 0xc8, .class_code = 0x030000};
static const struct pci_identity audio = {
    .id = {0x1002, 0x1640}, .subsystem = {0x1462, 0x1640}, .revision = 0x00, .class_code = 0x040300};

static struct host_device read_device(const char *sysfs, const char *text) {
    struct pci_address address;
    struct host_device device;
    memset(&device, 0xff, sizeof(device));
    assert_int_equal(pci_address_parse(text, &address), 0);
    host_read_device(sysfs, address, &device);
    return device;
}

static bool same_identity(const struct pci_identity *a, const struct pci_identity *b) {
    return pci_id_equal(a->id, b->id) && pci_id_equal(a->subsystem, b->subsystem) && a->revision == b->revision &&
           a->class_code == b->class_code;
}

static void present(void **state) {
    static const char *const addresses[] = {"0000:e5:00.0", "0000:00:1f.7", "10000:01:00.0", "ffff:ff:1f.7"};
    for (size_t i = 0; i < COUNT(addresses); i++) {
        put_sysfs_device(*state, addresses[i], &gpu);
        struct host_device device = read_device(*state, addresses[i]);
        if (device.state != HOST_PRESENT || !same_identity(&device.identity, &gpu))
            fail_msg("%s: %s", addresses[i], device.reason);
    }
}

/* Domains of VMD and Hyper-V need all 32 bits. */
static void present_in_a_large_domain(void **state) {
    put_sysfs_device(*state, "80000000:01:00.0", &audio);
    put_sysfs_device(*state, "ffffffff:01:00.0", &gpu);
    struct host_device device = read_device(*state, "ffffffff:01:00.0");
    assert_int_equal(device.state, HOST_PRESENT);
    assert_true(same_identity(&device.identity, &gpu));
    device = read_device(*state, "80000000:01:00.0");
    assert_true(same_identity(&device.identity, &audio));
}

static void absent(void **state) {
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    static const char *const addresses[] = {"0000:e5:00.1", "0001:e5:00.0", "0000:e6:00.0", "0000:e5:01.0"};
    for (size_t i = 0; i < COUNT(addresses); i++)
        assert_int_equal(read_device(*state, addresses[i]).state, HOST_ABSENT);
}

static void no_sysfs_is_unknown(void **state) {
    struct host_device device = read_device(path_in(*state, "absent"), "0000:e5:00.0");
    assert_int_equal(device.state, HOST_UNKNOWN);
    assert_non_null(strstr(device.reason, "No such file or directory"));
    device = read_device(*state, "0000:e5:00.0"); /* a folder, but not of sysfs */
    assert_int_equal(device.state, HOST_UNKNOWN);
    assert_non_null(strstr(device.reason, "bus/pci/devices"));
    put_text(*state, "file", "");
    assert_int_equal(read_device(path_in(*state, "file"), "0000:e5:00.0").state, HOST_UNKNOWN);
}

static void a_path_too_long_is_unknown(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer path = {0};
    for (int i = 0; i < 5000; i++)
        buffer_append_text(&path, "/x");
    struct host_device device = read_device(path.data, "0000:e5:00.0");
    assert_int_equal(device.state, HOST_UNKNOWN);
    assert_string_not_equal(device.reason, "");
}

static void unreadable_is_unknown(void **state) {
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    const char *devices = path_in(*state, "bus/pci/devices");
    bool root = geteuid() == 0;
    assert_int_equal(chmod(devices, 0), 0);
    if (root)
        assert_int_equal(seteuid(65534), 0); /* nobody */
    struct host_device device = read_device(*state, "0000:e5:00.0");
    if (root)
        assert_int_equal(seteuid(0), 0);
    chmod(devices, 0755);
    assert_int_equal(device.state, HOST_UNKNOWN);
    assert_non_null(strstr(device.reason, "Permission denied"));
}

/* Each file missing, a folder, empty, or garbage: never a crash, a leak or a made-up device. */
static void damaged_files(void **state) {
    static const char *const names[] = {"vendor",   "device",           "class",
                                        "revision", "subsystem_vendor", "subsystem_device"};
    static const char *const contents[] = {
        NULL, "", "\n", "zzzz\n", "0x\n", "0xfffff\n", "-1\n", "0x1681 1\n", "\xff\xfe\xfd\n", "0x10000000000000000\n"};
    for (size_t i = 0; i < COUNT(names); i++) {
        for (size_t j = 0; j <= COUNT(contents); j++) {
            char name[128];
            snprintf(name, sizeof(name), "bus/pci/devices/0000:e5:00.0/%s", names[i]);
            put_sysfs_device(*state, "0000:e5:00.0", &gpu);
            unlink(path_in(*state, name));
            if (j == COUNT(contents))
                put_folder(*state, name);
            else if (contents[j])
                put_text(*state, name, contents[j]);
            struct host_device device = read_device(*state, "0000:e5:00.0");
            if (device.state == HOST_PRESENT) {
                /* At most the damaged file's own field may differ. */
                struct pci_identity *found = &device.identity;
                const struct pci_identity *want = &gpu;
                bool others = (i == 0 || found->id.vendor == want->id.vendor) &&
                              (i == 1 || found->id.device == want->id.device) &&
                              (i == 2 || found->class_code == want->class_code) &&
                              (i == 3 || found->revision == want->revision);
                if (!others)
                    fail_msg("%s damaged as %zu: another field changed", names[i], j);
            } else {
                assert_int_equal(device.state, HOST_UNKNOWN);
                assert_string_not_equal(device.reason, "");
            }
            if (j == COUNT(contents))
                rmdir(path_in(*state, name));
        }
    }
}

/* Without a vendor or device number nothing can be verified. */
static void no_ids_is_unknown(void **state) {
    static const struct {
        const char *file, *content;
    } cases[] = {
        {"vendor", NULL},       {"vendor", ""},   {"vendor", "zzzz\n"}, {"vendor", "0x0000\n"},
        {"vendor", "0xffff\n"}, {"device", NULL}, {"device", ""},       {"device", "zzzz\n"},
    };
    int failures = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char name[128];
        snprintf(name, sizeof(name), "bus/pci/devices/0000:e5:00.0/%s", cases[i].file);
        put_sysfs_device(*state, "0000:e5:00.0", &gpu);
        unlink(path_in(*state, name));
        if (cases[i].content)
            put_text(*state, name, cases[i].content);
        struct host_device device = read_device(*state, "0000:e5:00.0");
        if (device.state == HOST_UNKNOWN) {
            assert_string_not_equal(device.reason, "");
            continue;
        }
        failures++;
        print_error("%s \"%s\": read as %04x:%04x\n", cases[i].file, cases[i].content ? cases[i].content : "missing",
                    device.identity.id.vendor, device.identity.id.device);
    }
    assert_int_equal(failures, 0);
}

static void an_empty_device_folder_is_unknown(void **state) {
    put_folder(*state, "bus/pci/devices/0000:e5:00.0");
    struct host_device device = read_device(*state, "0000:e5:00.0");
    assert_int_equal(device.state, HOST_UNKNOWN);
    assert_string_not_equal(device.reason, "");
    put_text(*state, "bus/pci/devices/0000:e5:00.1", "a file");
    assert_int_equal(read_device(*state, "0000:e5:00.1").state, HOST_UNKNOWN);
}

#define DEVICE "bus/pci/devices/0000:e5:00.0/"

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

#define NO_WINDOW "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"

static void bars(void **state) {
    static const struct pci_address address = {0, 0xe5, 0, 0};
    struct pci_bars found;
    memset(&found, 0xff, sizeof(found));
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    assert_int_equal(host_read_bars(*state, address, &found), -1);
    assert_int_equal(found.list[0].size, 0);
    put_text(*state, DEVICE "resource", "garbage");
    assert_int_equal(host_read_bars(*state, address, &found), -1);
    put_text(*state, DEVICE "resource",
             "0x0000006000000000 0x00000067ffffffff 0x000000000014220c\n" NO_WINDOW NO_WINDOW NO_WINDOW NO_WINDOW
                 NO_WINDOW NO_WINDOW);
    assert_int_equal(host_read_bars(*state, address, &found), 0);
    assert_int_equal(found.list[0].size, UINT64_C(32) << 30);
    assert_true(found.list[0].is_64bit);
    assert_int_equal(host_read_bars(path_in(*state, "absent"), address, &found), -1);
}

static void iommu_widths(void **state) {
    static const struct {
        const char *cap; /* NULL: no such file */
        unsigned width;
    } cases[] = {
        {NULL, 0},
        {"d2008c222f0686\n", 48},   /* a Xeon: MGAW 0x2f */
        {"d2008c40660462\n", 39},   /* a desktop: MGAW 0x26 */
        {"c9de008cee690462\n", 42}, /* sixteen digits */
        {"D2008C40660462", 39},
        {"0\n", 0}, /* 1 bit, and 31: nobody's */
        {"1e0000\n", 0},
        {"1f0000\n", 32},
        {"", 0},
        {"\n", 0},
        {"zz\n", 0},
        {"d2008c40660462 x\n", 0},
        {"0123456789abcdef0\n", 0},
    };
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (cases[i].cap)
            put_text(*state, DEVICE "iommu/intel-iommu/cap", cases[i].cap);
        unsigned width = host_read_iommu_width(*state, (struct pci_address){0, 0xe5, 0, 0});
        if (width != cases[i].width)
            fail_msg("row %zu: %u", i, width);
    }
    assert_int_equal(host_read_iommu_width(*state, (struct pci_address){0, 0xe5, 0, 1}), 0);
}

static void assert_neighbours(const char *sysfs, struct pci_address of, enum host_scope scope, const char *expected) {
    CLEANUP(buffer_free) struct buffer text = {0};
    struct host_neighbours neighbours;
    memset(&neighbours, 0xff, sizeof(neighbours));
    assert_int_equal(host_read_neighbours(sysfs, of, scope, &neighbours), 0);
    for (size_t i = 0; i < neighbours.count; i++) {
        char address[PCI_ADDRESS_TEXT_MAX];
        buffer_printf(&text, "%s%s", i ? " " : "", pci_address_format(neighbours.list[i], address));
    }
    assert_bytes(buffer_bytes(&text), expected);
}

/* A snapshot is somebody's folder: a FIFO in it must not be waited for. */
static void fifos(void **state) {
    static const char *const names[] = {DEVICE "subsystem_vendor", DEVICE "subsystem_device", DEVICE "resource",
                                        DEVICE "iommu/intel-iommu/cap"};
    static const struct pci_address address = {0, 0xe5, 0, 0};
    struct host_device device;
    struct pci_bars bars;
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    put_text(*state, names[3], "0\n");
    for (size_t i = 0; i < COUNT(names); i++) {
        unlink(path_in(*state, names[i]));
        assert_int_equal(mkfifo(path_in(*state, names[i]), 0600), 0);
        host_read_device(*state, address, &device);
        assert_int_equal(device.state, HOST_UNKNOWN);
        assert_int_equal(host_read_bars(*state, address, &bars), -1);
    }
    assert_int_equal(host_read_iommu_width(*state, address), 0);
}

static void neighbours_of_a_slot(void **state) {
    static const char *const all[] = {"0000:e5:00.7", "0000:e5:00.0", "0000:e5:00.1",
                                      "0000:e5:01.0", "0000:e6:00.0", "0001:e5:00.2"};
    for (size_t i = 0; i < COUNT(all); i++)
        put_sysfs_device(*state, all[i], &audio);
    assert_neighbours(*state, (struct pci_address){0, 0xe5, 0, 0}, HOST_SLOT, "0000:e5:00.1 0000:e5:00.7");
    assert_neighbours(*state, (struct pci_address){0, 0xe5, 0, 1}, HOST_SLOT, "0000:e5:00.0 0000:e5:00.7");
    assert_neighbours(*state, (struct pci_address){0, 0xe5, 1, 0}, HOST_SLOT, "");
    struct host_neighbours neighbours;
    assert_int_equal(host_read_neighbours(*state, (struct pci_address){0, 0x99, 0, 0}, HOST_SLOT, &neighbours), -1);
    assert_int_equal(neighbours.count, 0);
    assert_int_equal(
        host_read_neighbours(path_in(*state, "absent"), (struct pci_address){0, 0xe5, 0, 0}, HOST_SLOT, &neighbours),
        -1);
}

#define GROUP "kernel/iommu_groups/15/devices/"

static void neighbours_of_a_group(void **state) {
    static const struct pci_address self = {0, 0xe5, 0, 0};
    struct host_neighbours neighbours;
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    assert_int_equal(host_read_neighbours(*state, self, HOST_GROUP, &neighbours), -1);
    put_link(*state, DEVICE "iommu_group", "../../../../kernel/iommu_groups/15");
    assert_int_equal(host_read_neighbours(*state, self, HOST_GROUP, &neighbours), -1);
    static const char *const members[] = {"0001:00:00.0", "0000:e5:00.1", "0000:e5:00.0", "0000:00:01.0", "not-one"};
    for (size_t i = 0; i < COUNT(members); i++) {
        char name[128];
        snprintf(name, sizeof(name), GROUP "%s", members[i]);
        put_link(*state, name, "x");
    }
    assert_neighbours(*state, self, HOST_GROUP, "0000:00:01.0 0000:e5:00.1 0001:00:00.0");
    /* As many as there is room for; with one more it is not known which. */
    for (int more = 3; more <= HOST_NEIGHBOURS_MAX; more++) {
        char name[128];
        assert_int_equal(host_read_neighbours(*state, self, HOST_GROUP, &neighbours), 0);
        assert_int_equal(neighbours.count, more);
        snprintf(name, sizeof(name), GROUP "0000:01:%02x.%x", more / 8, more % 8);
        put_link(*state, name, "x");
    }
    assert_int_equal(host_read_neighbours(*state, self, HOST_GROUP, &neighbours), -1);
}

#define UUID "5d307ca9-b3ef-428c-8861-06e72d69f223"

static void parents_of_mediated_devices(void **state) {
    struct pci_address parent = {9, 9, 9, 1};
    assert_int_equal(host_read_mdev_parent(*state, UUID, &parent), -1);
    put_folder(*state, "devices/pci0000:e0/0000:e5:00.0/" UUID);
    put_folder(*state, "bus/mdev/devices");
    assert_int_equal(host_read_mdev_parent(*state, UUID, &parent), -1);
    put_link(*state, "bus/mdev/devices/" UUID, "../../../devices/pci0000:e0/0000:e5:00.0/" UUID);
    assert_int_equal(host_read_mdev_parent(*state, UUID, &parent), 0);
    assert_true(pci_address_equal(parent, (struct pci_address){0, 0xe5, 0, 0}));
    /* Its parent is no PCI function (a CCW or AP device), and the link leads nowhere. */
    put_folder(*state, "devices/vfio_ap/matrix/" UUID);
    unlink(path_in(*state, "bus/mdev/devices/" UUID));
    put_link(*state, "bus/mdev/devices/" UUID, "../../../devices/vfio_ap/matrix/" UUID);
    assert_int_equal(host_read_mdev_parent(*state, UUID, &parent), -1);
    unlink(path_in(*state, "bus/mdev/devices/" UUID));
    put_link(*state, "bus/mdev/devices/" UUID, "../absent");
    assert_int_equal(host_read_mdev_parent(*state, UUID, &parent), -1);
}

struct reader {
    const char *sysfs, *address;
    enum host_state state;
    const struct pci_identity *identity;
    int failures;
};

static void *read_often(void *argument) {
    struct reader *reader = argument;
    struct pci_address address;
    pci_address_parse(reader->address, &address);
    for (int i = 0; i < 1000; i++) {
        struct host_device device;
        host_read_device(reader->sysfs, address, &device);
        reader->failures += device.state != reader->state;
        reader->failures += reader->identity && !same_identity(&device.identity, reader->identity);
    }
    return NULL;
}

/* libpci's way of failing is per thread: one that fails must not disturb one that does not. */
static void threads_at_once(void **state) {
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    put_sysfs_device(*state, "0000:e5:00.1", &audio);
    put_folder(*state, "bus/pci/devices/0000:01:00.0");
    put_folder(*state, "bus/pci/devices/0000:02:00.0");
    struct reader readers[] = {
        {*state, "0000:e5:00.0", HOST_PRESENT, &gpu, 0}, {*state, "0000:e5:00.1", HOST_PRESENT, &audio, 0},
        {*state, "0000:01:00.0", HOST_UNKNOWN, NULL, 0}, {*state, "0000:02:00.0", HOST_UNKNOWN, NULL, 0},
        {*state, "0000:03:00.0", HOST_ABSENT, NULL, 0},
    };
    pthread_t threads[COUNT(readers)];
    for (size_t i = 0; i < COUNT(readers); i++)
        pthread_create(&threads[i], NULL, read_often, &readers[i]);
    for (size_t i = 0; i < COUNT(readers); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readers[i].failures, 0);
    }
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(present),
        FOLDER_TEST(present_in_a_large_domain),
        FOLDER_TEST(absent),
        FOLDER_TEST(no_sysfs_is_unknown),
        cmocka_unit_test(a_path_too_long_is_unknown),
        FOLDER_TEST(unreadable_is_unknown),
        FOLDER_TEST(damaged_files),
        FOLDER_TEST(no_ids_is_unknown),
        FOLDER_TEST(an_empty_device_folder_is_unknown),
        FOLDER_TEST(links),
        FOLDER_TEST(no_links_without_a_function),
        FOLDER_TEST(bars),
        FOLDER_TEST(iommu_widths),
        FOLDER_TEST(fifos),
        FOLDER_TEST(neighbours_of_a_slot),
        FOLDER_TEST(neighbours_of_a_group),
        FOLDER_TEST(parents_of_mediated_devices),
        FOLDER_TEST(threads_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
