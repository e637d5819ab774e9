/* host/facts: what is read around a device: its slot, its physical function, its group; and mediated devices. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "facts_support.h"

static void slot(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0}, others = {0};
    static const char *const all[] = {"0000:e5:00.7", "0000:e5:00.0", "0000:e5:00.1", "0000:e5:01.0",
                                      "0000:e6:00.0", "0001:e5:00.2", "0000:e4:00.0"};
    for (size_t i = 0; i < COUNT(all); i++) {
        put_sysfs_device(*state, all[i], &facts_gpu);
        put_attributes(*state, all[i]);
        put_link(*state, function_file(all[i], "iommu_group"), "16");
    }
    unlink(path_in(*state, DEVICE "iommu_group"));
    add_device(&facts, *state, "0000:e5:00.0");
    assert_functions(&facts, "0000:e5:00.0 0000:e5:00.1 0000:e5:00.7");
    /* Of a neighbour only what it is. */
    const struct host_function *neighbour = find_function(&facts, "0000:e5:00.7");
    assert_int_equal(neighbour->device.identity.id.device, 0x2204);
    assert_int_equal(neighbour->device.iommu_group, 16);
    assert_false(neighbour->is_whole);
    for (size_t i = 0; i < HOST_ATTRIBUTE_COUNT; i++)
        assert_null(neighbour->attributes[i].text);
    assert_null(host_facts_group(&facts, 16));
    assert_null(find_function(&facts, "0000:e6:00.0"));
    add_device(&others, *state, "0000:e5:00.7");
    assert_functions(&others, "0000:e5:00.0 0000:e5:00.1 0000:e5:00.7");
}

/* Slots of virtual functions mean nothing, and some files only physical functions can have. */
static void virtual_functions(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    static const char *const all[] = {"0000:e4:00.0", "0000:e5:00.0", "0000:e5:00.1", "0000:e5:00.2"};
    for (size_t i = 0; i < COUNT(all); i++) {
        put_sysfs_device(*state, all[i], &facts_gpu);
        put_attributes(*state, all[i]);
    }
    put_link(*state, DEVICES "0000:e5:00.1/physfn", "../0000:e4:00.0");
    put_link(*state, DEVICES "0000:e5:00.2/physfn", "../nowhere");
    const struct host_function *function = add_device(&facts, *state, "0000:e5:00.1");
    assert_true(function->device.is_virtual);
    assert_true(function->device.has_physical);
    assert_addresses(&function->device.physical, 1, "0000:e4:00.0");
    for (size_t i = 0; i < COUNT(facts_attributes); i++) {
        const struct host_text *text = &function->attributes[facts_attributes[i].attribute];
        assert_int_equal(text->error, facts_attributes[i].of_virtuals ? 0 : ENOENT);
        assert_int_equal(host_text_is(text, facts_attributes[i].name), facts_attributes[i].of_virtuals);
    }
    assert_functions(&facts, "0000:e4:00.0 0000:e5:00.1");
    assert_int_equal(find_function(&facts, "0000:e4:00.0")->device.identity.id.device, 0x2204);
    assert_false(find_function(&facts, "0000:e4:00.0")->is_whole);
    /* The physical function's slot is one; of a neighbour that is virtual its type tells whether it is a vGPU. */
    assert_false(add_device(&facts, *state, "0000:e5:00.0")->device.has_physical);
    assert_functions(&facts, "0000:e4:00.0 0000:e5:00.0 0000:e5:00.1 0000:e5:00.2");
    function = find_function(&facts, "0000:e5:00.2");
    for (size_t i = 0; i < COUNT(facts_attributes); i++)
        assert_int_equal(host_text_is(&function->attributes[facts_attributes[i].attribute], facts_attributes[i].name),
                         facts_attributes[i].attribute == HOST_VGPU_TYPE);
    assert_false(add_device(&facts, *state, "0000:e5:00.2")->device.has_physical);
}

/* Without access control a card shares its group with the port above it, which is a neighbour then. */
static void a_bridge_in_the_group(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    put_sysfs_device(*state, "0000:00:01.0", &facts_bridge);
    put_text(*state, function_file("0000:00:01.0", "max_link_width"), "16\n");
    put_folder(*state, "devices/pci0000:00/0000:00:01.0/0000:01:00.0");
    put_link(*state, "bus/pci/devices/0000:01:00.0", "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0");
    put_sysfs_device(*state, "0000:01:00.0", &facts_gpu);
    put_link(*state, function_file("0000:01:00.0", "iommu_group"), "../../../../kernel/iommu_groups/15");
    put_link(*state, "kernel/iommu_groups/15/devices/0000:00:01.0", "x");
    put_link(*state, "kernel/iommu_groups/15/devices/0000:01:00.0", "x");
    const struct host_function *card = add_device(&facts, *state, "0000:01:00.0");
    const struct host_function *port = find_function(&facts, "0000:00:01.0");
    assert_addresses(card->bridges, card->bridge_count, "0000:00:01.0");
    assert_true(port->is_identified);
    assert_int_equal(port->device.state, HOST_PRESENT);
    assert_int_equal(port->device.identity.id.device, 0x1901);
    assert_true(host_text_is(&port->attributes[HOST_LINK_WIDTH_MAX], "16"));
    assert_false(port->is_whole);
}

#define GROUP "kernel/iommu_groups/15/"

static void groups(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    static const char *const members[] = {"0001:00:00.0", "0000:e5:00.1", "0000:e5:00.0", "0000:00:01.0", "not-one"};
    static const int numbers[] = {15, 3, 20, 0, 7};
    for (size_t i = 0; i < COUNT(members); i++)
        put_link(*state, path_in(GROUP "devices", members[i]), "x");
    put_text(*state, GROUP "type", "DMA-FQ\n");
    put_sysfs_device(*state, "0000:00:01.0", &facts_bridge);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        char address[PCI_ADDRESS_TEXT_MAX], target[64];
        pci_address_format((struct pci_address){0, 0xe5, (uint8_t)i, 0}, address);
        snprintf(target, sizeof(target), "../../../../kernel/iommu_groups/%d", numbers[i]);
        put_sysfs_device(*state, address, &facts_gpu);
        put_link(*state, function_file(address, "iommu_group"), target);
        assert_null(host_facts_group(&facts, numbers[i]));
        add_device(&facts, *state, address);
    }
    assert_int_equal(facts.group_count, COUNT(numbers));
    for (size_t i = 0; i < COUNT(numbers); i++) {
        assert_true(i == 0 || facts.groups[i - 1]->number < facts.groups[i]->number);
        const struct host_group *group = host_facts_group(&facts, numbers[i]);
        assert_non_null(group);
        assert_int_equal(group->number, numbers[i]);
        assert_int_equal(group->error, numbers[i] == 15 ? 0 : ENOENT);
        assert_string_equal(group->type, numbers[i] == 15 ? "DMA-FQ" : "");
        assert_addresses(group->members, group->count,
                         numbers[i] == 15 ? "0000:00:01.0 0000:e5:00.0 0000:e5:00.1 0001:00:00.0" : "");
        assert_false(group->is_unprotected);
    }
    static const int others[] = {1, 4, 16, 21, HOST_GROUP_UNKNOWN};
    for (size_t i = 0; i < COUNT(others); i++)
        assert_null(host_facts_group(&facts, others[i]));
    assert_functions(&facts, "0000:00:01.0 0000:e5:00.0 0000:e5:00.1 0000:e5:01.0 0000:e5:02.0 0000:e5:03.0 "
                             "0000:e5:04.0 0001:00:00.0");
    assert_int_equal(find_function(&facts, "0000:00:01.0")->device.identity.id.device, 0x1901);
    assert_int_equal(find_function(&facts, "0001:00:00.0")->device.state, HOST_ABSENT);
}

static void kinds_of_groups(void **state) {
    static const struct {
        const char *type, *name; /* NULL: no such file */
        const char *expected;
        bool is_unprotected;
    } cases[] = {
        {NULL, NULL, "", false},
        {NULL, "vfio-noiommu\n", "", true},
        {"identity\n", "vfio-noiommu\n", "identity", false}, /* an IOMMU has a type */
        {"DMA", "vfio-noiommu\n", "DMA", false},
        {"DMA-FQ\n", "vfio-noiommu\n", "DMA-FQ", false},
        {"unknown\n", "vfio-noiommu", "unknown", true},
        {"identity2\n", "vfio-noiommu", "identity2", true},
        {"DM\n", "vfio-noiommu", "DM", true},
        {"blocked\n", "other\n", "blocked", false},
        {"", "", "", false},
        {"\x1b[31m\n", "vfio\n", "?[31m", false},
        {"123456789abcde\n", "vfio-noiommx\n", "123456789abcde", false},
        {"123456789abcdef\n", "a vfio-noiommu\n", "", false}, /* half a name is none */
        {"a\nb\n", "", "a", false},
    };
    put_sysfs_device(*state, "0000:e5:00.0", &facts_gpu);
    put_link(*state, DEVICE "iommu_group", "15");
    put_folder(*state, GROUP "devices");
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(host_facts_free) struct host_facts facts = {0};
        if (cases[i].type)
            put_text(*state, GROUP "type", cases[i].type);
        if (cases[i].name)
            put_text(*state, GROUP "name", cases[i].name);
        add_device(&facts, *state, "0000:e5:00.0");
        const struct host_group *group = host_facts_group(&facts, 15);
        assert_non_null(group);
        assert_int_equal(group->error, 0);
        assert_int_equal(group->count, 0);
        assert_string_equal(group->type, cases[i].expected);
        assert_int_equal(group->is_unprotected, cases[i].is_unprotected);
    }
}

/* Groups are listed only for who is in none: on a large node that takes longer than all the rest. */
static void groups_of_the_node(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    put_sysfs_device(*state, "0000:e5:00.0", &facts_gpu);
    put_sysfs_device(*state, "0000:e6:00.0", &facts_gpu);
    put_link(*state, DEVICE "iommu_group", "15");
    add_device(&facts, *state, "0000:e6:00.0");
    assert_false(facts.node.has_groups);
    assert_int_equal(facts.node.groups_error, ENOENT);
    put_folder(*state, "kernel");
    add_device(&facts, *state, "0000:e5:00.0");
    assert_true(facts.node.has_groups);
    assert_int_equal(facts.node.groups_error, ENOENT); /* as before */
    host_facts_free(&facts);
    add_device(&facts, *state, "0000:e5:00.0");
    assert_true(facts.node.has_groups);
    assert_int_equal(facts.node.groups_error, 0);
    add_device(&facts, *state, "0000:e6:00.0");
    assert_true(facts.node.has_groups);
    assert_int_equal(facts.node.groups_error, 0);
}

/* --- mediated devices ---------------------------------------------------------------------------------------- */

#define UUID      "5d307ca9-b3ef-428c-8861-06e72d69f223"
#define UPPER     "5D307CA9-B3EF-428C-8861-06E72D69F223"
#define MDEV      "bus/mdev/devices/" UUID
#define PARENT    "devices/pci0000:e0/0000:e5:00.0"
#define IN_PARENT PARENT "/" UUID

static const struct host_mdev *add_mdev(struct host_facts *facts, const char *root, const char *uuid) {
    const struct sysfs sysfs = {.root = root};
    struct error err = {0};
    assert_int_equal(host_facts_add_mdev(facts, &sysfs, uuid, &err), 0);
    assert_no_error(&err);
    const struct host_mdev *mdev = host_facts_mdev(facts, uuid);
    assert_non_null(mdev);
    return mdev;
}

/* As the kernel lays it out: the device's folder is in its parent's. */
static void put_mdev(const char *root) {
    put_folder(root, IN_PARENT);
    put_link(root, DEVICES "0000:e5:00.0", "../../../" PARENT);
    put_link(root, MDEV, "../../../" IN_PARENT);
    put_sysfs_device(root, "0000:e5:00.0", &facts_gpu);
    put_text(root, PARENT "/mdev_supported_types/nvidia-222/name", "GRID T4-2Q\nmore\n");
    put_link(root, IN_PARENT "/mdev_type", "../mdev_supported_types/nvidia-222");
}

static void mediated_device(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    put_mdev(*state);
    put_link(*state, IN_PARENT "/driver", "../../../../bus/mdev/drivers/vfio_mdev");
    put_link(*state, IN_PARENT "/iommu_group", "../../../../kernel/iommu_groups/201");
    const struct host_mdev *mdev = add_mdev(&facts, *state, UUID);
    assert_int_equal(mdev->error, 0);
    assert_string_equal(mdev->uuid, UUID);
    assert_string_equal(mdev->type, "nvidia-222");
    assert_true(host_text_is(&mdev->name, "GRID T4-2Q"));
    assert_string_equal(mdev->driver, "vfio_mdev");
    assert_int_equal(mdev->iommu_group, 201);
    assert_true(mdev->has_parent);
    assert_addresses(&mdev->parent, 1, "0000:e5:00.0");
    assert_functions(&facts, "0000:e5:00.0");
    assert_true(facts.functions[0]->is_whole);
    assert_true(facts.functions[0]->has_mdev_types);
    assert_true(facts.has_node);
    assert_true(facts.node.has_groups);
    /* Its group is not that of a function. */
    assert_null(host_facts_group(&facts, 201));
}

/* KubeVirt may write it in either case, the kernel writes it in lower case. It is one device, which stays as it was. */
static void either_case(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    put_mdev(*state);
    const struct host_mdev *mdev = add_mdev(&facts, *state, UPPER);
    assert_int_equal(mdev->error, 0);
    assert_string_equal(mdev->uuid, UUID);
    unlink(path_in(*state, MDEV));
    assert_ptr_equal(add_mdev(&facts, *state, UUID), mdev);
    assert_int_equal(facts.mdev_count, 1);
    static const char *const others[] = {"00000000-0000-0000-0000-000000000001",
                                         "00000000-0000-0000-0000-000000000000"};
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_null(host_facts_mdev(&facts, others[i]));
        assert_int_equal(add_mdev(&facts, *state, others[i])->error, ENOENT);
        assert_string_equal(facts.mdevs[i + 1]->uuid, others[i]); /* as they were added */
    }
    assert_ptr_equal(host_facts_mdev(&facts, UPPER), mdev);
    assert_int_equal(mdev->error, 0);
}

static void no_mediated_device(void **state) {
    static const struct {
        const char *folder, *target; /* made first; of the link */
        int error;
    } cases[] = {
        {NULL, NULL, ENODATA}, /* no /sys, of which nothing can be said */
        {"bus/mdev/devices", NULL, ENODATA},
        {"bus/pci/devices", NULL, ENOENT},
        {"devices/0000:e5:00.0", "../../../devices/0000:e5:00.0/absent", ENOENT},
        {NULL, UUID, ELOOP},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(host_facts_free) struct host_facts facts = {0};
        if (cases[i].folder)
            put_folder(*state, cases[i].folder);
        if (cases[i].target)
            put_link(*state, MDEV, cases[i].target);
        const struct host_mdev *mdev = add_mdev(&facts, *state, UUID);
        assert_int_equal(mdev->error, cases[i].error);
        assert_false(mdev->has_parent);
        assert_int_equal(mdev->iommu_group, HOST_GROUP_UNKNOWN);
        assert_string_equal(mdev->type, "");
        assert_string_equal(mdev->driver, "");
        assert_null(mdev->name.text);
        assert_int_equal(facts.function_count, 0);
        assert_true(facts.has_node);
        unlink(path_in(*state, MDEV));
    }
}

/* 63 characters: half a name is none. */
#define LONG_NAME "a123456789a123456789a123456789a123456789a123456789a123456789abc"

/* What is missing or damaged is left out, and a parent that is no PCI function (a CCW or AP device) is none. */
static void little_of_a_mediated_device(void **state) {
    static const struct {
        const char *folder, *type, *driver, *group; /* targets; NULL: no such link */
        const char *expected_type, *expected_driver;
        int group_number;
        const char *parent; /* "": none */
        int error;
    } cases[] = {
        {"devices/vfio_ap/matrix/" UUID, NULL, NULL, NULL, "", "", HOST_GROUP_UNKNOWN, "", 0},
        {"devices/0000:99:00.0/" UUID, "x/y\x1b", "x\n", "15x", "y?", "x?", HOST_GROUP_UNKNOWN, "0000:99:00.0", 0},
        {"devices/" UUID, "t", "d", "000000000000007", "t", "d", 7, "", 0},
        {"a/0000:99:00.0/deep/" UUID, LONG_NAME "x", LONG_NAME "x", "0000000000000007", "", "", HOST_GROUP_UNKNOWN, "",
         ENAMETOOLONG},
        {"b/10000:99:00.0/" UUID, LONG_NAME, LONG_NAME, "0", LONG_NAME, LONG_NAME, 0, "10000:99:00.0", 0},
    };
    put_folder(*state, "bus/pci/devices");
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *names[] = {MDEV "/mdev_type", MDEV "/driver", MDEV "/iommu_group"};
        const char *targets[] = {cases[i].type, cases[i].driver, cases[i].group};
        CLEANUP(host_facts_free) struct host_facts facts = {0};
        put_folder(*state, cases[i].folder);
        put_link(*state, MDEV, path_in("../../..", cases[i].folder));
        for (size_t j = 0; j < COUNT(names); j++)
            if (targets[j])
                put_link(*state, names[j], targets[j]);
        const struct host_mdev *mdev = add_mdev(&facts, *state, UUID);
        assert_int_equal(mdev->error, cases[i].error);
        assert_string_equal(mdev->type, cases[i].expected_type);
        assert_string_equal(mdev->driver, cases[i].expected_driver);
        assert_int_equal(mdev->iommu_group, cases[i].group_number);
        assert_int_equal(mdev->name.error, ENOENT);
        assert_null(mdev->name.text);
        assert_int_equal(mdev->has_parent, *cases[i].parent != '\0');
        assert_addresses(&mdev->parent, mdev->has_parent, cases[i].parent);
        assert_functions(&facts, cases[i].parent);
        unlink(path_in(*state, MDEV));
    }
}

/* What was not looked at is as what is not there: of a device that is absent, and of a neighbour. */
static void not_looked_at(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    put_sysfs_device(*state, "0000:e5:00.0", &facts_gpu);
    put_sysfs_device(*state, "0000:e5:00.1", &facts_gpu);
    put_attributes(*state, "0000:e5:00.1");
    put_text(*state, DEVICES "0000:e5:00.1/rom", "");
    add_device(&facts, *state, "0000:e5:00.0");
    const struct host_function *functions[] = {add_device(&facts, *state, "0000:e6:00.0"),
                                               find_function(&facts, "0000:e5:00.1")};
    assert_int_equal(functions[0]->device.state, HOST_ABSENT);
    for (size_t i = 0; i < COUNT(functions); i++) {
        for (size_t j = 0; j < HOST_ATTRIBUTE_COUNT; j++) {
            assert_int_equal(functions[i]->attributes[j].error, ENOENT);
            assert_null(functions[i]->attributes[j].text);
        }
        assert_int_equal(functions[i]->config_error, ENOENT);
        assert_int_equal(functions[i]->bars_error, ENOENT);
        assert_int_equal(functions[i]->rom_error, ENOENT);
        assert_int_equal(functions[i]->reset_error, ENOENT);
    }
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(not_looked_at),
        FOLDER_TEST(slot),
        FOLDER_TEST(virtual_functions),
        FOLDER_TEST(a_bridge_in_the_group),
        FOLDER_TEST(groups),
        FOLDER_TEST(kinds_of_groups),
        FOLDER_TEST(groups_of_the_node),
        FOLDER_TEST(mediated_device),
        FOLDER_TEST(either_case),
        FOLDER_TEST(no_mediated_device),
        FOLDER_TEST(little_of_a_mediated_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
