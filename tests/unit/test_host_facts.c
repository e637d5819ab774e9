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
        FOLDER_TEST(threads_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
