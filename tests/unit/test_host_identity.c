/* host/identity: what a function is, and that nothing in sysfs can hurt. */
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/identity.h"
#include "support.h"

static const struct pci_identity gpu = {
    .id = {0x1002, 0x1681}, .subsystem = {0x1462, 0x1381}, .revision = 0xc8, .class_code = 0x030000};
static const struct pci_identity audio = {
    .id = {0x1002, 0x1640}, .subsystem = {0x1462, 0x1640}, .revision = 0x00, .class_code = 0x040300};

static struct host_device read_device(const char *root, const char *text) {
    const struct sysfs sysfs = {.root = root};
    struct pci_address address;
    struct host_device device;
    memset(&device, 0xff, sizeof(device));
    assert_int_equal(pci_address_parse(text, &address), 0);
    assert_int_equal(host_read_device(&sysfs, address, &device, NULL), 0);
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
    enum { LONGEST = 3072 - sizeof("/bus/pci") };
    CLEANUP(buffer_free) struct buffer path = {0};
    while (path.size < LONGEST)
        buffer_append_text(&path, path.size == LONGEST - 1 ? "/" : "/x");
    struct host_device device = read_device(path.data, "0000:e5:00.0");
    assert_int_equal(device.state, HOST_UNKNOWN);
    assert_non_null(strstr(device.reason, "No such file or directory"));
    for (int i = 0; i < 5000; i++) {
        buffer_append_text(&path, "/");
        if (i > 2 && i < 4990) /* both ends of what is too long are enough */
            continue;
        device = read_device(path.data, "0000:e5:00.0");
        assert_int_equal(device.state, HOST_UNKNOWN);
        assert_string_equal(device.reason, "the path of sysfs is too long");
    }
}

/* A link that leads nowhere is as no link; of one that leads in a circle nothing is known. */
static void links_to_functions(void **state) {
    static const struct {
        const char *target;
        enum host_state state;
        const char *reason;
    } cases[] = {
        {"../../../devices/0000:e5:00.0", HOST_PRESENT, ""},
        {"../../../devices/absent", HOST_ABSENT, ""},
        {"0000:e5:00.1", HOST_UNKNOWN, "bus/pci/devices/0000:e5:00.1: Too many levels of symbolic links"},
    };
    put_folder(*state, "bus/pci/devices");
    put_link(*state, "bus/pci/devices/0000:e5:00.0", "../../../devices/0000:e5:00.0");
    put_folder(*state, "devices/0000:e5:00.0");
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_link(*state, "bus/pci/devices/0000:e5:00.1", cases[i].target);
        struct host_device device = read_device(*state, "0000:e5:00.1");
        assert_int_equal(device.state, cases[i].state);
        assert_non_null(strstr(device.reason, cases[i].reason));
        unlink(path_in(*state, "bus/pci/devices/0000:e5:00.1"));
    }
}

static struct host_device read_as_nobody(const char *root, const char *denied) {
    const char *path = path_in(root, denied);
    assert_int_equal(chmod(path, 0), 0);
    be_nobody(true);
    struct host_device device = read_device(root, "0000:e5:00.0");
    be_nobody(false);
    chmod(path, 0755);
    return device;
}

static void unreadable_is_unknown(void **state) {
    static const char *const denied[] = {"bus/pci/devices", "bus/pci/devices/0000:e5:00.0",
                                         "bus/pci/devices/0000:e5:00.0/vendor"};
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    for (size_t i = 0; i < COUNT(denied); i++) {
        struct host_device device = read_as_nobody(*state, denied[i]);
        assert_int_equal(device.state, HOST_UNKNOWN);
        assert_non_null(strstr(device.reason, "0000:e5:00.0"));
        assert_non_null(strstr(device.reason, "Permission denied"));
    }
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
                /* At most the damaged file's own field may differ: the subsystem is one. */
                struct pci_identity *found = &device.identity;
                const struct pci_identity *want = &gpu;
                bool others = (i == 0 || found->id.vendor == want->id.vendor) &&
                              (i == 1 || found->id.device == want->id.device) &&
                              (i == 2 || found->class_code == want->class_code) &&
                              (i == 3 || found->revision == want->revision) &&
                              (i >= 4 || pci_id_equal(found->subsystem, want->subsystem));
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

/* A match of its numbers would be one of half an identity: a bundle's ROM for all boards instead of this one's. */
static void a_subsystem_that_cannot_be_read(void **state) {
    static const char *const names[] = {"subsystem_vendor", "subsystem_device"};
    char name[128], content[2000];
    memset(content, '1', sizeof(content)); /* more than libpci reads */
    content[sizeof(content) - 1] = '\0';
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(name, sizeof(name), "bus/pci/devices/0000:e5:00.0/%s", names[i]);
        put_sysfs_device(*state, "0000:e5:00.0", &gpu);
        put_text(*state, name, content);
        struct host_device device = read_device(*state, "0000:e5:00.0");
        assert_int_equal(device.state, HOST_UNKNOWN);
        assert_non_null(strstr(device.reason, names[i]));
    }
}

#define DEVICE "bus/pci/devices/0000:e5:00.0/"

/* Bridges have no subsystem; everything else every function has. A FIFO must not be waited for. */
static void files_that_are_needed(void **state) {
    static const char *const names[] = {"vendor",   "device",           "class",
                                        "revision", "subsystem_vendor", "subsystem_device"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char file[64], missing[128], irregular[128];
        snprintf(file, sizeof(file), DEVICE "%s", names[i]);
        snprintf(missing, sizeof(missing), "%s: No such file or directory", file);
        snprintf(irregular, sizeof(irregular), "%s: not a regular file", file);
        put_sysfs_device(*state, "0000:e5:00.0", &gpu);
        unlink(path_in(*state, file));
        struct host_device device = read_device(*state, "0000:e5:00.0");
        if (i < 4) {
            assert_int_equal(device.state, HOST_UNKNOWN);
            assert_non_null(strstr(device.reason, missing));
        } else {
            assert_int_equal(device.state, HOST_PRESENT);
            assert_true(pci_id_equal(device.identity.subsystem, (struct pci_id){0}));
        }
        assert_int_equal(mkfifo(path_in(*state, file), 0600), 0);
        device = read_device(*state, "0000:e5:00.0");
        assert_int_equal(device.state, HOST_UNKNOWN);
        assert_non_null(strstr(device.reason, irregular));
        unlink(path_in(*state, file));
        /* libpci would follow it. */
        put_text(*state, "elsewhere", "0x10de\n");
        put_link(*state, file, "../../../../elsewhere");
        device = read_device(*state, "0000:e5:00.0");
        assert_int_equal(device.state, HOST_UNKNOWN);
        assert_non_null(strstr(device.reason, irregular));
        unlink(path_in(*state, file));
    }
}

/* What libpci does not find it looks for in the configuration space, waiting, through links and waking the device. */
static void libpci_never_opens_config(void **state) {
    static const char *const names[] = {"revision", "subsystem_vendor", "subsystem_device"};
    uint8_t config[64];
    memset(config, 0x53, sizeof(config));
    put_file(*state, "elsewhere", (struct bytes){config, sizeof(config)});
    for (size_t i = 0; i < COUNT(names); i++) {
        for (int is_denied = 0; is_denied < 2; is_denied++) {
            char file[64];
            snprintf(file, sizeof(file), DEVICE "%s", names[i]);
            put_sysfs_device(*state, "0000:e5:00.0", &gpu);
            if (is_denied)
                chmod(path_in(*state, file), 0);
            else
                unlink(path_in(*state, file));
            assert_int_equal(mkfifo(path_in(*state, DEVICE "config"), 0666), 0);
            be_nobody(true);
            alarm(5); /* waiting for the FIFO's writer would last for ever */
            struct host_device device = read_device(*state, "0000:e5:00.0");
            alarm(0);
            unlink(path_in(*state, DEVICE "config"));
            be_nobody(false);
            unlink(path_in(*state, DEVICE "config"));
            put_link(*state, DEVICE "config", "../../../../elsewhere");
            struct host_device linked = read_device(*state, "0000:e5:00.0");
            unlink(path_in(*state, DEVICE "config"));
            unlink(path_in(*state, file));
            assert_int_equal(device.state, is_denied || i == 0 ? HOST_UNKNOWN : HOST_PRESENT);
            assert_int_not_equal(linked.identity.revision, 0x53);
            assert_int_not_equal(linked.identity.subsystem.vendor, 0x5353);
            assert_int_not_equal(linked.identity.subsystem.device, 0x5353);
        }
    }
}

/* A message that does not fit leaves out where the tree is, not what is wrong in it. */
static void reasons(void **state) {
    CLEANUP(buffer_free) struct buffer root = {0};
    struct host_device device;
    buffer_printf(&root, "%s/", (const char *)*state);
    for (int i = 0; i < 50; i++)
        buffer_append_text(&root, "\xc3\xa9");
    put_folder(root.data, "");
    device = read_device(root.data, "0000:e5:00.0");
    assert_string_equal(device.reason, "bus/pci/devices: No such file or directory");
    put_folder(root.data, "bus/pci/devices/0000:e5:00.1");
    device = read_device(root.data, "0000:e5:00.0");
    assert_int_equal(device.state, HOST_ABSENT);
    assert_string_equal(device.reason, "bus/pci/devices/0000:e5:00.0: No such file or directory");
    device = read_device(root.data, "0000:e5:00.1");
    assert_string_equal(device.reason, "bus/pci/devices/0000:e5:00.1/vendor: No such file or directory");
    put_sysfs_device(root.data, "0000:e5:00.2", &gpu);
    chmod(path_in(root.data, "bus/pci/devices/0000:e5:00.2/vendor"), 0);
    be_nobody(true);
    device = read_device(root.data, "0000:e5:00.2");
    be_nobody(false);
    assert_string_equal(device.reason, "bus/pci/devices/0000:e5:00.2/vendor: Permission denied");
    char expected[PATH_MAX];
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    snprintf(expected, sizeof(expected), "%s/bus/pci/devices/0000:e5:00.3: No such file or directory",
             (const char *)*state);
    assert_string_equal(read_device(*state, "0000:e5:00.3").reason, expected);
}

static void an_empty_device_folder_is_unknown(void **state) {
    put_folder(*state, "bus/pci/devices/0000:e5:00.0");
    struct host_device device = read_device(*state, "0000:e5:00.0");
    assert_int_equal(device.state, HOST_UNKNOWN);
    assert_string_not_equal(device.reason, "");
    put_text(*state, "bus/pci/devices/0000:e5:00.1", "a file");
    assert_int_equal(read_device(*state, "0000:e5:00.1").state, HOST_UNKNOWN);
}

/* A snapshot is somebody's folder. */
static void printable(void **state) {
    char root[PATH_MAX];
    snprintf(root, sizeof(root), "%s/a\x1b[31m", (const char *)*state);
    put_folder(root, "");
    assert_non_null(strstr(read_device(root, "0000:e5:00.0").reason, "/a?[31m/bus/pci/devices: No such file"));
    put_folder(root, "bus/pci/devices/0000:e5:00.1");
    assert_non_null(strstr(read_device(root, "0000:e5:00.0").reason, "/a?[31m/bus/pci/devices/0000:e5:00.0: No such"));
    assert_non_null(strstr(read_device(root, "0000:e5:00.1").reason, "/a?[31m/bus/pci/devices/0000:e5:00.1/vendor: N"));
    put_sysfs_device(root, "0000:e5:00.0", &gpu);
    put_link(root, DEVICE "driver", "../evil\n\x1b[31m\xff");
    assert_string_equal(read_device(root, "0000:e5:00.0").driver, "evil??[31m?");
    put_text(root, DEVICE "vendor", "zzzz\n");
    struct host_device device = read_device(root, "0000:e5:00.0");
    assert_int_equal(device.state, HOST_UNKNOWN);
    assert_non_null(strstr(device.reason, "/a?[31m/bus/pci/devices/0000:e5:00.0: no PCI ID in vendor and device"));
}

static void append_seen(void *context, const char *path, enum sysfs_look look) {
    buffer_printf(context, "%s %s\n", look == SYSFS_READ ? "read" : "found", path);
}

/* A snapshot must hold what libpci reads. */
static void seen(void **state) {
    CLEANUP(buffer_free) struct buffer text = {0};
    const struct sysfs sysfs = {.root = *state, .seen = append_seen, .context = &text};
    struct host_device device;
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    put_link(*state, DEVICE "physfn", "x");
    put_link(*state, DEVICE "driver", "x");
    put_link(*state, DEVICE "iommu_group", "15");
    assert_int_equal(host_read_device(&sysfs, (struct pci_address){0, 0xe5, 0, 0}, &device, NULL), 0);
    assert_int_equal(device.state, HOST_PRESENT);
    assert_bytes(buffer_bytes(&text),
                 "found bus/pci/devices/0000:e5:00.0\nread " DEVICE "vendor\nread " DEVICE "device\nread " DEVICE
                 "class\nread " DEVICE "revision\n"
                 "read " DEVICE "subsystem_vendor\nread " DEVICE "subsystem_device\nfound " DEVICE "physfn\n"
                 "found " DEVICE "driver\nfound " DEVICE "iommu_group\n");
}

struct reader {
    struct sysfs sysfs;
    const char *address;
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
        reader->failures += host_read_device(&reader->sysfs, address, &device, NULL) < 0;
        reader->failures += device.state != reader->state;
        reader->failures += reader->identity && !same_identity(&device.identity, reader->identity);
    }
    return NULL;
}

/* libpci's way of failing is per thread: one that fails must not disturb one that does not. */
static void threads_at_once(void **state) {
    put_sysfs_device(*state, "0000:e5:00.0", &gpu);
    put_sysfs_device(*state, "0000:e5:00.1", &audio);
    char endless[2001] = {0}; /* what libpci gives up at */
    memset(endless, '1', sizeof(endless) - 1);
    for (int i = 1; i <= 2; i++) {
        char address[] = "0000:0x:00.0";
        address[6] = (char)('0' + i);
        put_sysfs_device(*state, address, &gpu);
        put_text(path_in(*state, path_in("bus/pci/devices", address)), "vendor", endless);
        assert_non_null(strstr(read_device(*state, address).reason, "too long"));
    }
    const struct sysfs sysfs = {.root = *state};
    struct reader readers[] = {
        {sysfs, "0000:e5:00.0", HOST_PRESENT, &gpu, 0}, {sysfs, "0000:e5:00.1", HOST_PRESENT, &audio, 0},
        {sysfs, "0000:01:00.0", HOST_UNKNOWN, NULL, 0}, {sysfs, "0000:02:00.0", HOST_UNKNOWN, NULL, 0},
        {sysfs, "0000:03:00.0", HOST_ABSENT, NULL, 0},
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
        FOLDER_TEST(links_to_functions),
        FOLDER_TEST(unreadable_is_unknown),
        FOLDER_TEST(damaged_files),
        FOLDER_TEST(no_ids_is_unknown),
        FOLDER_TEST(a_subsystem_that_cannot_be_read),
        FOLDER_TEST(files_that_are_needed),
        FOLDER_TEST(libpci_never_opens_config),
        FOLDER_TEST(reasons),
        FOLDER_TEST(an_empty_device_folder_is_unknown),
        FOLDER_TEST(printable),
        FOLDER_TEST(seen),
        FOLDER_TEST(threads_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
