/* host/report_tree: IOMMU groups, what is in them and above them. */
#include <stdio.h>

#include "report_support.h"

static const struct report_style plain = {0};

static void assert_tree(const struct made_report *made, const struct report_style *style, const char *expected) {
    CLEANUP(buffer_free) struct buffer out = {0};
    host_report_tree(&made->report, style, &out);
    assert_string_equal(strchr(out.data, '\n') + 1, expected); /* the first line is the summary */
}

/* A group is shown once, with the members that are no devices of the report. */
static void groups(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    check_host_make(&host);
    report_start(&made, &host);
    report_add(&made, &host.gpu, NULL, FAIL);
    assert_tree(&made, &plain,
                "IOMMU group 12, DMA-FQ, below 0000:00:01.0 (pcieport)\n"
                "|-- 0000:01:00.0  10de:2484  VGA controller  vfio-pci          not ready\n"
                "`-- 0000:01:00.1  10de:228b  audio           vfio-pci\n");
    report_add(&made, &host.sound, NULL, WARN);
    host.group.type[0] = '\0';
    set_driver(&host.sound, "");
    set_driver(&host.port, "");
    assert_tree(&made, &plain,
                "IOMMU group 12, below 0000:00:01.0 (no driver)\n"
                "|-- 0000:01:00.0  10de:2484  VGA controller  vfio-pci          not ready\n"
                "`-- 0000:01:00.1  10de:228b  audio           no driver         ready\n");
}

/* The group stands where its first device of the report does, and another group behind it. */
static void several_groups(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    struct host_group other = {.number = 44, .type = "identity", .count = 1};
    struct host_group *groups_of_node[] = {&host.group, &other};
    check_host_make(&host);
    struct host_function *second = check_host_add(&host, "10000:02:00.0", (struct pci_id){0x1002, 0x7550}, 0x030000);
    second->device.iommu_group = 44;
    other.members = &second->address;
    host.facts.groups = groups_of_node;
    host.facts.group_count = 2;
    host.gpu.bridge_count = 0;
    report_start(&made, &host);
    report_add(&made, &host.sound, NULL, PASS);
    report_add(&made, second, NULL, UNKNOWN);
    report_add(&made, &host.gpu, NULL, PASS);
    assert_tree(&made, &plain,
                "IOMMU group 12, DMA-FQ\n"
                "|-- 0000:01:00.0  10de:2484  VGA controller  vfio-pci          ready\n"
                "`-- 0000:01:00.1  10de:228b  audio           vfio-pci          ready\n"
                "IOMMU group 44, identity\n"
                "`-- 10000:02:00.0  1002:7550  VGA controller  no driver         unknown\n");
}

/* All bridges from the root port down, known or not. */
static void bridges(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    check_host_make(&host);
    host.group.count = 1;
    host.gpu.bridges[host.gpu.bridge_count++] = (struct pci_address){0, 2, 0, 0};
    host.gpu.bridges[host.gpu.bridge_count++] =
        check_host_add(&host, "0000:03:08.0", (struct pci_id){1, 2}, 0x060400)->address;
    report_start(&made, &host);
    report_add(&made, &host.gpu, NULL, PASS);
    assert_tree(&made, &plain,
                "IOMMU group 12, DMA-FQ, below 0000:00:01.0 (pcieport) > 0000:02:00.0 (no driver) > 0000:03:08.0 (no "
                "driver)\n"
                "`-- 0000:01:00.0  10de:2484  VGA controller  vfio-pci          ready\n");
}

/* Members of which nothing is known, and a group whose members cannot be listed:
 * there may be more than those of the report. */
static void unreadable(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    check_host_make(&host);
    host.sound.device.state = HOST_ABSENT;
    host.port.device.state = HOST_UNKNOWN;
    check_host_join(&host, &host.port);
    host.members[host.group.count++] = (struct pci_address){0, 9, 0, 0}; /* not among the facts */
    report_start(&made, &host);
    report_add(&made, &host.gpu, NULL, PASS);
    report_add(&made, &host.sound, NULL, FAIL);
    assert_tree(&made, &plain,
                "IOMMU group 12, DMA-FQ, below 0000:00:01.0 (pcieport)\n"
                "|-- 0000:01:00.0  10de:2484  VGA controller  vfio-pci          ready\n"
                "|-- 0000:01:00.1  not there                                    not ready\n"
                "|-- 0000:00:01.0  unreadable\n"
                "`-- 0000:09:00.0  unreadable\n");
    report_start(&made, &host);
    report_add(&made, &host.gpu, NULL, UNKNOWN);
    host.group.count = 0;
    host.gpu.bridge_count = 0;
    assert_tree(&made, &plain,
                "IOMMU group 12, DMA-FQ\n"
                "|-- 0000:01:00.0  10de:2484  VGA controller  vfio-pci          unknown\n");
    host.sound.device.state = HOST_PRESENT;
    report_add(&made, &host.gpu, &host.mdev, PASS);
    report_add(&made, &host.sound, NULL, UNKNOWN);
    assert_tree(&made, &plain,
                "IOMMU group 12, DMA-FQ\n"
                "|-- 0000:01:00.0  10de:2484  VGA controller  vfio-pci          unknown\n"
                "|-- 0000:01:00.1  10de:228b  audio           vfio-pci          unknown\n"
                "IOMMU group 44, part of 0000:01:00.0\n"
                "`-- " REPORT_UUID "  nvidia-222 GRID T4-2Q  nvidia-vgpu-vfio  ready\n");
}

static void without_a_group(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    check_host_make(&host);
    host.gpu.device.iommu_group = HOST_GROUP_UNKNOWN;
    host.sound.device.iommu_group = HOST_GROUP_UNKNOWN;
    report_start(&made, &host);
    report_add(&made, &host.gpu, NULL, FAIL);
    report_add(&made, &host.sound, NULL, FAIL);
    assert_tree(&made, &plain,
                "no IOMMU group, below 0000:00:01.0 (pcieport)\n"
                "`-- 0000:01:00.0  10de:2484  VGA controller  vfio-pci          not ready\n"
                "no IOMMU group\n"
                "`-- 0000:01:00.1  10de:228b  audio           vfio-pci          not ready\n");
}

/* A mediated device has a group of its own, and does not show its parent's. */
static void mediated_devices(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    check_host_make(&host);
    host.group.count = 1;
    host.gpu.bridge_count = 0;
    report_start(&made, &host);
    report_add(&made, &host.gpu, &host.mdev, PASS);
    report_add(&made, &host.gpu, NULL, PASS);
    assert_tree(&made, &plain,
                "IOMMU group 44, part of 0000:01:00.0\n"
                "`-- " REPORT_UUID "  nvidia-222 GRID T4-2Q  nvidia-vgpu-vfio  ready\n"
                "IOMMU group 12, DMA-FQ\n"
                "`-- 0000:01:00.0  10de:2484  VGA controller  vfio-pci          ready\n");
    host.mdev = (struct host_mdev){.uuid = REPORT_UUID, .error = ENOENT, .iommu_group = HOST_GROUP_UNKNOWN};
    report_start(&made, &host);
    report_add(&made, NULL, &host.mdev, FAIL);
    assert_tree(&made, &plain, "no IOMMU group\n`-- " REPORT_UUID "    no driver         not ready\n");
}

static void colours(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    check_host_make(&host);
    host.gpu.bridge_count = 0;
    report_start(&made, &host);
    report_add(&made, &host.gpu, NULL, WARN);
    assert_tree(&made, &(const struct report_style){.colour = true},
                "IOMMU group 12, DMA-FQ\n"
                "|-- 0000:01:00.0  10de:2484  VGA controller  vfio-pci          \033[33mready\033[0m\n"
                "`-- 0000:01:00.1  10de:228b  audio           vfio-pci\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups),     cmocka_unit_test(several_groups),  cmocka_unit_test(bridges),
        cmocka_unit_test(unreadable), cmocka_unit_test(without_a_group), cmocka_unit_test(mediated_devices),
        cmocka_unit_test(colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
