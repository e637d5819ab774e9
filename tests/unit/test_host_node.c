/* host/node: what is told of the node as a whole. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/node.h"
#include "support.h"

#define GROUPS  "kernel/iommu_groups"
#define DRIVERS "bus/platform/drivers/"
#define UNSAFE  "module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"

static struct host_node read_node(const char *root) {
    const struct sysfs sysfs = {.root = root};
    struct error err = {0};
    struct host_node node;
    memset(&node, 0xff, sizeof(node));
    assert_int_equal(host_node_read(&sysfs, &node, &err), 0);
    assert_no_error(&err);
    return node;
}

static void nothing(void **state) {
    struct host_node node = read_node(*state);
    assert_int_equal(node.remapping, HOST_REMAPPING_UNKNOWN);
    assert_string_equal(node.remapping_seen, "");
    assert_int_equal(node.unsafe_interrupts.error, ENOENT);
    assert_null(node.unsafe_interrupts.text);
    assert_int_equal(node.framebuffer_count, 0);
}

/* Somebody's folder with devices alone tells nothing by having no groups; a kernel's does. */
static void groups(void **state) {
    static const struct {
        const char *root, *folder, *file; /* NULL: none; made first */
        int error;
        bool is_partial, has_groups;
    } cases[] = {
        {"a", NULL, NULL, ENOENT, true, false},
        {"a", "a/kernel", NULL, ENOENT, false, false}, /* no IOMMU */
        {"a", "a/" GROUPS, NULL, 0, false, false},
        {"a", "a/" GROUPS "/:", NULL, 0, false, false}, /* no number */
        {"a", "a/" GROUPS "/-1", NULL, 0, false, false},
        {"a", "a/" GROUPS "/7", NULL, 0, false, true},
        {"b", "b/" GROUPS "/0", NULL, 0, false, true},
        {"c", "c/" GROUPS "/9", NULL, 0, false, true},
        {"d", NULL, "d/" GROUPS, ENOTDIR, false, false},
        {"d/" GROUPS, NULL, NULL, ENOTDIR, false, false}, /* what it has cannot be told */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct sysfs sysfs = {.root = path_in(*state, cases[i].root)};
        struct host_node node = {.groups_error = EIO};
        if (cases[i].folder)
            put_folder(*state, cases[i].folder);
        if (cases[i].file)
            put_text(*state, cases[i].file, "");
        host_node_find_groups(&sysfs, &node);
        if (node.groups_error != cases[i].error || node.is_partial != cases[i].is_partial ||
            node.has_groups != cases[i].has_groups)
            fail_msg("row %zu: %d, %d, %d", i, node.groups_error, node.is_partial, node.has_groups);
    }
}

static void unsafe_interrupts(void **state) {
    static const struct { const char *content, *text; } cases[] = {{"Y\n", "Y"}, {"N\n", "N"}, {"", ""}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_text(*state, UNSAFE, cases[i].content);
        struct host_node node = read_node(*state);
        assert_int_equal(node.unsafe_interrupts.error, 0);
        assert_true(host_text_is(&node.unsafe_interrupts, cases[i].text));
        host_text_free(&node.unsafe_interrupts);
    }
}

static void remapping(void **state) {
    enum { UNKNOWN = HOST_REMAPPING_UNKNOWN, ON = HOST_REMAPPING_ON, OFF = HOST_REMAPPING_OFF };
    static const struct {
        struct {
            int number;
            const char *chip; /* NULL: no more */
        } interrupts[4];
        int remapping;
        const char *seen;
    } cases[] = {
        {{{2, "IR-IO-APIC\n"}}, ON, "kernel/irq/2/chip_name: IR-IO-APIC"},
        {{{0, "IO-APIC\n"}}, OFF, "kernel/irq/0/chip_name: IO-APIC"},
        {{{31, "IR-IO-APIC"}}, ON, "kernel/irq/31/chip_name: IR-IO-APIC"},
        {{{32, "IR-IO-APIC\n"}}, UNKNOWN, ""}, /* the I/O APIC's first pins only */
        {{{9, "IO-APIC-fasteoi\n"}}, OFF, "kernel/irq/9/chip_name: IO-APIC-fasteoi"},
        /* The first that tells. */
        {{{8, "IO-APIC\n"}, {9, "IR-IO-APIC\n"}}, OFF, "kernel/irq/8/chip_name: IO-APIC"},
        {{{9, "IO-APIC\n"}, {8, "IR-IO-APIC\n"}}, ON, "kernel/irq/8/chip_name: IR-IO-APIC"},
        /* Others tell nothing, nor does what cannot be read. */
        {{{0, "XT-PIC\n"}, {1, "GICv3\n"}, {2, "IR-PCI-MSI\n"}, {3, "DMAR-MSI\n"}}, UNKNOWN, ""},
        {{{0, ""}, {1, "\n"}, {2, "XT-PIC\n"}, {3, "IR-IO-APIC\n"}}, ON, "kernel/irq/3/chip_name: IR-IO-APIC"},
        {{{4, "xIR-IO-APIC\n"}}, OFF, "kernel/irq/4/chip_name: xIR-IO-APIC"},
        {{{4, "ir-io-apic\n"}}, UNKNOWN, ""},
        {{{4, "x\nIR-IO-APIC\n"}}, UNKNOWN, ""}, /* the first line is the name */
        {{{4, "IR-IO-APIC\x1b[31m\n"}}, ON, "kernel/irq/4/chip_name: IR-IO-APIC?[31m"},
        {{{4, "IR-IO-APIC 3456789 123456789 123456789\n"}},
         ON,
         "kernel/irq/4/chip_name: IR-IO-APIC 3456789 123456789 1"},
        {{{23, "IO-APIC 90123456789 123456789 123456789 123456789 123456789 123\n"}},
         UNKNOWN,
         ""}, /* longer than any */
        {{{23, "IO-APIC 90123456789 123456789 123456789 123456789 123456789 12\n"}},
         OFF,
         "kernel/irq/23/chip_name: IO-APIC 90123456789 123456789 "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char path[64], root[16];
        snprintf(root, sizeof(root), "%zu", i);
        put_folder(*state, root);
        for (size_t j = 0; j < COUNT(cases[i].interrupts) && cases[i].interrupts[j].chip; j++) {
            snprintf(path, sizeof(path), "%s/kernel/irq/%d/chip_name", root, cases[i].interrupts[j].number);
            put_text(*state, path, cases[i].interrupts[j].chip);
        }
        struct host_node node = read_node(path_in(*state, root));
        if ((int)node.remapping != cases[i].remapping || strcmp(node.remapping_seen, cases[i].seen) != 0)
            fail_msg("row %zu: %d: %s", i, (int)node.remapping, node.remapping_seen);
    }
    /* A FIFO must not be waited for. */
    put_folder(*state, "kernel/irq/0");
    assert_int_equal(mkfifo(path_in(*state, "kernel/irq/0/chip_name"), 0600), 0);
    put_text(*state, "kernel/irq/1/chip_name", "IR-IO-APIC\n");
    assert_int_equal(read_node(*state).remapping, HOST_REMAPPING_ON);
}

/* What every driver's folder has besides its devices. */
static void framebuffers(void **state) {
    static const char *const drivers[] = {"efi-framebuffer", "simple-framebuffer", "vesa-framebuffer"};
    static const char *const others[] = {"bind",
                                         "unbind",
                                         "uevent",
                                         "module",
                                         "efi-framebuffer",
                                         "efi-framebufferx0",
                                         "a.efi-framebuffer.0",
                                         "efi-framebuffe.0"};
    for (size_t i = 0; i < COUNT(drivers); i++) {
        char path[128], target[128];
        for (size_t j = 0; j < COUNT(others); j++) {
            snprintf(path, sizeof(path), DRIVERS "%s/%s", drivers[i], others[j]);
            put_text(*state, path, "");
        }
        assert_int_equal(read_node(*state).framebuffer_count, i);
        snprintf(path, sizeof(path), DRIVERS "%s/%s.0", drivers[i], drivers[i]);
        snprintf(target, sizeof(target), "../../../../devices/platform/%s.0", drivers[i]);
        put_link(*state, path, target);
        put_folder(*state, path_in("devices/platform", strrchr(target, '/') + 1));
        struct host_node node = read_node(*state);
        assert_int_equal(node.framebuffer_count, i + 1);
        assert_string_equal(node.framebuffers[i].driver, drivers[i]);
        assert_false(node.framebuffers[i].has_owner);
    }
    /* Another driver's device in such a folder, and a driver that is not one of those. */
    put_text(*state, DRIVERS "efi-framebuffer/vesa-framebuffer.0", "");
    put_text(*state, DRIVERS "simpledrm/simple-framebuffer.1", "");
    assert_int_equal(read_node(*state).framebuffer_count, COUNT(drivers));
}

/* Linux 6.9 puts the framebuffer below the function whose memory it is: the last one of the path, which the link tells.
 * The folder that holds the snapshot tells nothing. */
static void owners(void **state) {
    static const struct {
        const char *target; /* NULL: no link */
        struct pci_address owner;
        bool has_owner;
    } cases[] = {
        {"../../../../devices/pci0000:00/0000:00:02.0/simple-framebuffer.0", {0, 0, 2, 0}, true},
        {"../../../../devices/pci0000:00/0000:00:01.1/0000:01:00.0/simple-framebuffer.0", {0, 1, 0, 0}, true},
        {"../../../../devices/platform/simple-framebuffer.0", {0}, false},
        {NULL, {0}, false},
    };
    char root[PATH_MAX];
    snprintf(root, sizeof(root), "%s/0000:3b:00.0", (const char *)*state);
    put_folder(*state, "0000:3b:00.0");
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *name = DRIVERS "simple-framebuffer/simple-framebuffer.0";
        if (cases[i].target)
            put_link(root, name, cases[i].target);
        else
            put_folder(root, name);
        struct host_node node = read_node(root);
        assert_int_equal(node.framebuffer_count, 1);
        assert_int_equal(node.framebuffers[0].has_owner, cases[i].has_owner);
        assert_true(pci_address_equal(node.framebuffers[0].owner, cases[i].owner));
        unlink(path_in(root, name));
    }
}

/* More than any node has: those that there is room for, in the drivers' order. */
static void many_framebuffers(void **state) {
    for (int i = 0; i < HOST_FRAMEBUFFERS_MAX + 2; i++) {
        char path[128];
        snprintf(path, sizeof(path), DRIVERS "%s/%s.%d", i < 2 ? "vesa-framebuffer" : "efi-framebuffer",
                 i < 2 ? "vesa-framebuffer" : "efi-framebuffer", i);
        put_folder(*state, path);
        assert_int_equal(read_node(*state).framebuffer_count,
                         i + 1 < HOST_FRAMEBUFFERS_MAX ? i + 1 : HOST_FRAMEBUFFERS_MAX);
    }
    struct host_node node = read_node(*state);
    for (int i = 0; i < HOST_FRAMEBUFFERS_MAX; i++)
        assert_string_equal(node.framebuffers[i].driver, "efi-framebuffer");
}

static void append_seen(void *context, const char *path, enum sysfs_look look) {
    buffer_printf(context, "%s %s\n", look == SYSFS_READ ? "read" : "found", path);
}

/* A snapshot must hold what was asked, and no more: one group, one interrupt. */
static void seen(void **state) {
    static const char *const lines[] = {
        "read kernel/irq/2/chip_name\n",
        "found " DRIVERS "efi-framebuffer\n",
        "found " DRIVERS "efi-framebuffer/efi-framebuffer.0\n",
        "read " UNSAFE "\n",
    };
    CLEANUP(buffer_free) struct buffer text = {0};
    const struct sysfs sysfs = {.root = *state, .seen = append_seen, .context = &text};
    struct error err = {0};
    struct host_node node;
    put_folder(*state, GROUPS "/7");
    put_folder(*state, GROUPS "/8");
    put_folder(*state, DRIVERS "efi-framebuffer/efi-framebuffer.0");
    put_text(*state, "kernel/irq/2/chip_name", "IR-IO-APIC\n");
    put_text(*state, "kernel/irq/4/chip_name", "IR-IO-APIC\n");
    put_text(*state, UNSAFE, "N\n");
    assert_int_equal(host_node_read(&sysfs, &node, &err), 0);
    for (size_t i = 0; i < COUNT(lines); i++)
        if (!strstr(text.data, lines[i]))
            fail_msg("not seen: %s", lines[i]);
    assert_null(strstr(text.data, "irq/4"));
    assert_null(strstr(text.data, GROUPS));
    host_node_find_groups(&sysfs, &node);
    assert_non_null(strstr(text.data, "found " GROUPS "\n"));
    assert_non_null(strstr(text.data, "found kernel\n"));
    assert_true(!strstr(text.data, GROUPS "/7") != !strstr(text.data, GROUPS "/8"));
    host_text_free(&node.unsafe_interrupts);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(nothing),      FOLDER_TEST(groups), FOLDER_TEST(unsafe_interrupts), FOLDER_TEST(remapping),
        FOLDER_TEST(framebuffers), FOLDER_TEST(owners), FOLDER_TEST(many_framebuffers), FOLDER_TEST(seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
