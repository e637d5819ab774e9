/* host/snapshot: a copy of exactly what was looked at. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "host/facts.h"
#include "snapshot_support.h"

static int go_on(void *context, const char *name) {
    (void)context, (void)name;
    return 0;
}

/* Each way to look at something, beside things that nobody looks at. */
static void exactly_what_was_looked_at(void **state) {
    (void)state;
    put_text("sys", "read/a", "A");
    put_text("sys", "read/b", "B");
    put_text("sys", "found/a", "secret");
    put_text("sys", "found/b", "secret");
    put_text("sys", "library/a", "L");
    put_link("sys", "links/read", "../found/b");
    put_link("sys", "links/other", "../read/b");
    put_text("sys", "listed/a", "secret");
    put_folder("sys", "listed/b");
    put_text("sys", "listed/b/deep", "secret");
    put_folder("sys", "empty");
    put_text("sys", "other", "secret");
    struct sysfs sysfs;
    char last[NAME_MAX + 1], resolved[PATH_MAX];
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    look_into(&sysfs, "read/a");
    assert_int_equal(sysfs_find(&sysfs, "found/a"), 0);
    assert_int_equal(sysfs_will_read(&sysfs, "library/a"), 0);
    assert_int_equal(sysfs_read_link(&sysfs, "links/read", last, sizeof(last)), 0);
    assert_int_equal(sysfs_list(&sysfs, "listed", go_on, NULL), 0);
    assert_int_equal(sysfs_list(&sysfs, "empty", go_on, NULL), 0);
    assert_int_equal(sysfs_resolve(&sysfs, "links", resolved), 0);
    look_into(&sysfs, "read/missing");
    assert_int_equal(sysfs_find(&sysfs, "missing"), -ENOENT);
    write_copy(snapshot, "copy", false, 6);
    /* Where a link leads is written too, empty: it is there. */
    assert_copy("empty/\n"
                "found/\nfound/a = \nfound/b = \n"
                "library/\nlibrary/a = L\n"
                "links/\nlinks/read -> ../found/b\n"
                "listed/\nlisted/a = \nlisted/b/\n"
                "read/\nread/a = A\n");
}

static void nothing_was_looked_at(void **state) {
    (void)state;
    struct sysfs sysfs;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    write_copy(snapshot, "copy", true, 0);
    assert_copy("");
    snapshot_free(NULL);
}

/* Looked at several times, in several ways and by several paths: written once, with its content. */
static void written_once(void **state) {
    (void)state;
    put_text("sys", "a/file", "A");
    put_text("sys", "z", "Z");
    put_link("sys", "b", "a");
    struct sysfs sysfs;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    sysfs_find(&sysfs, "a/file");
    sysfs_find(&sysfs, "a/file");
    sysfs_list(&sysfs, "a", go_on, NULL);
    look_into(&sysfs, "b/file");
    look_into(&sysfs, "b/file");
    sysfs_find(&sysfs, "z");
    look_into(&sysfs, "z");
    sysfs_find(&sysfs, "z");
    write_copy(snapshot, "copy", false, 3);
    assert_copy("a/\na/file = A\nb -> a\nz = Z\n");
}

/* --- links --------------------------------------------------------------------------------------------------- */

/* On the way and at the end, one behind the other, and with dots. */
static void links(void **state) {
    (void)state;
    put_text("sys", "devices/pci0/dev/power", "D0");
    put_text("sys", "devices/pci0/dev/other", "secret");
    put_link("sys", "bus/devices/dev", "../../devices/pci0/dev");
    put_link("sys", "class/first", "./second");
    put_link("sys", "class/second", "..//bus/./devices/dev");
    struct sysfs sysfs;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    look_into(&sysfs, "class/first/power");
    write_copy(snapshot, "copy", false, 4);
    assert_copy("bus/\nbus/devices/\nbus/devices/dev -> ../../devices/pci0/dev\n"
                "class/\nclass/first -> ./second\nclass/second -> ..//bus/./devices/dev\n"
                "devices/\ndevices/pci0/\ndevices/pci0/dev/\ndevices/pci0/dev/power = D0\n");
}

/* A stranger's folder may lead anywhere: nothing is read there, and nothing written outside of the copy. */
static void links_that_lead_out(void **state) {
    put_text(".", "outside/file", "secret");
    put_link("sys", "up", "../outside");
    put_link("sys", "a/up", "../../outside");
    put_link("sys", "a/back", "../../sys/a");
    put_link("sys", "absolute", path_in(*state, "outside"));
    put_text("sys", "a/file", "A");
    struct sysfs sysfs;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    look_into(&sysfs, "up/file");
    look_into(&sysfs, "a/up/file");
    look_into(&sysfs, "a/back/file");
    look_into(&sysfs, "absolute/file");
    sysfs_find(&sysfs, "absolute");
    look_into(&sysfs, "a/../../outside/file");
    write_most(snapshot, "copy", false, 0, 6, "a/../../outside/file: leads out of the folder");
    assert_copy("a/\n");
    assert_int_equal(count_entries("outside"), 1);
    /* Nor beside a copy that is elsewhere. */
    put_folder(".", "deep");
    write_most(snapshot, "deep/copy", false, 0, 6, "a/../../outside/file: leads out of the folder");
    assert_int_equal(count_entries("deep"), 1);
}

/* One that leads to the folder itself is on the way to all of it. */
static void links_to_the_root(void **state) {
    (void)state;
    put_link("sys", "bus", ".");
    put_link("sys", "pci/up", "..");
    put_text("sys", "pci/file", "x");
    struct sysfs sysfs;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    look_into(&sysfs, "bus/pci/file");
    look_into(&sysfs, "pci/up/pci/up/bus/pci/file");
    sysfs_find(&sysfs, "bus");
    write_copy(snapshot, "copy", false, 3);
    assert_copy("bus -> .\npci/\npci/file = x\npci/up -> ..\n");
}

/* They are what was looked at all the same. */
static void links_that_lead_nowhere(void **state) {
    (void)state;
    put_link("sys", "loop", "loop");
    put_link("sys", "ping", "pong");
    put_link("sys", "pong", "ping");
    put_link("sys", "dangling", "none/at/all");
    struct sysfs sysfs;
    char last[NAME_MAX + 1];
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    static const char *const names[] = {"loop", "ping", "dangling"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(sysfs_read_link(&sysfs, names[i], last, sizeof(last)), 0);
    write_copy(snapshot, "copy", false, 4);
    assert_copy("dangling -> none/at/all\nloop -> loop\nping -> pong\npong -> ping\n");
}

/* --- what is left out ---------------------------------------------------------------------------------------- */

/* Behind the header serial numbers may stand, and in it the board's maker. */
static void configuration_space(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t size, kept;
        bool anonymise, is_zeroed;
    } cases[] = {
        {"config", 256, 64, false, false},   {"config", 65, 64, false, false},   {"config", 64, 64, false, false},
        {"config", 10, 10, false, false},    {"config", 0, 0, false, false},     {"config", 256, 64, true, true},
        {"config", 64, 64, true, true},      {"config", 48, 48, true, true},     {"config", 47, 47, true, false},
        {"config", 3, 3, true, false},       {"config2", 256, 256, true, false}, {"a/config", 256, 64, true, true},
        {"config/a", 256, 256, true, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[256];
        char sys[16], copy[16];
        struct error err = {0};
        struct snapshot_tally tally;
        for (size_t j = 0; j < sizeof(bytes); j++)
            bytes[j] = (uint8_t)(j + 1);
        snprintf(sys, sizeof(sys), "sys%zu", i);
        snprintf(copy, sizeof(copy), "copy%zu", i);
        put_folder(".", sys);
        put_file(sys, cases[i].name, (struct bytes){bytes, cases[i].size});
        struct sysfs sysfs = {.root = sys};
        CLEANUP(snapshot_free) struct snapshot *snapshot = snapshot_watch(&sysfs, &err);
        look_into(&sysfs, cases[i].name);
        snapshot_write(snapshot, copy, cases[i].anonymise, &tally, &err);
        assert_no_error(&err);
        CLEANUP(buffer_free) struct buffer found = get_file(copy, cases[i].name);
        if (cases[i].is_zeroed)
            memset(bytes + 0x2c, 0, 4);
        if (found.size != cases[i].kept || (found.size && memcmp(found.data, bytes, found.size) != 0))
            fail_msg("row %zu: %zu bytes", i, found.size);
    }
}

static void subsystems(void **state) {
    (void)state;
    put_text("sys", "a/subsystem_vendor", "0x1458\n");
    put_text("sys", "a/subsystem_device", "0x404c\n");
    put_text("sys", "a/vendor", "0x10de\n");
    put_text("sys", "a/subsystem_vendors", "0x1458\n");
    put_text("sys", "b/subsystem_vendor", "");
    struct sysfs sysfs;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    look_into(&sysfs, "a/subsystem_vendor");
    look_into(&sysfs, "a/subsystem_device");
    look_into(&sysfs, "a/subsystem_vendors");
    look_into(&sysfs, "a/vendor");
    look_into(&sysfs, "b/subsystem_vendor");
    write_copy(snapshot, "copy", true, 5);
    assert_copy("a/\na/subsystem_device = 0x0000\n\na/subsystem_vendor = 0x0000\n\n"
                "a/subsystem_vendors = 0x1458\n\na/vendor = 0x10de\n\nb/\nb/subsystem_vendor = 0x0000\n\n");
    write_copy(snapshot, "whole", false, 5);
    CLEANUP(buffer_free) struct buffer found = get_file("whole", "a/subsystem_vendor");
    assert_bytes(buffer_bytes(&found), "0x1458\n");
}

/* UUIDs are numbered in names and in links alike; what only looks like one stays. */
static void uuids(void **state) {
    (void)state;
    put_text("sys", "devices/0000:3b:00.0/" U1 "/mdev_type/name", "GRID T4-2Q");
    put_folder("sys", "devices/0000:3b:00.0/" U2);
    put_link("sys", "bus/" U1, "../devices/0000:3b:00.0/" U1);
    put_link("sys", "bus/" U2, "../devices/0000:3b:00.0/" U2 "/");
    put_text("sys", "bus/x" U1, "");
    put_text("sys", "bus/4b20d080-1b54-4048-85b3-a6a62d165c0g", U1);
    put_text("sys", "bus/" U1 ".0", "");
    struct sysfs sysfs;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    sysfs_find(&sysfs, "bus/" U2);
    look_into(&sysfs, "bus/" U1 "/mdev_type/name");
    look_into(&sysfs, "bus/4b20d080-1b54-4048-85b3-a6a62d165c0g");
    sysfs_find(&sysfs, "bus/x" U1);
    sysfs_find(&sysfs, "bus/" U1 ".0");
    write_copy(snapshot, "copy", true, 6);
    assert_copy("bus/\n"
                "bus/" N1 " -> ../devices/0000:3b:00.0/" N1 "\n"
                "bus/" N2 " -> ../devices/0000:3b:00.0/" N2 "/\n"
                "bus/4b20d080-1b54-4048-85b3-a6a62d165c01.0 = \n"
                "bus/4b20d080-1b54-4048-85b3-a6a62d165c0g = " U1 "\n"
                "bus/x4b20d080-1b54-4048-85b3-a6a62d165c01 = \n"
                "devices/\ndevices/0000:3b:00.0/\n"
                "devices/0000:3b:00.0/" N1 "/\ndevices/0000:3b:00.0/" N1 "/mdev_type/\n"
                "devices/0000:3b:00.0/" N1 "/mdev_type/name = GRID T4-2Q\n"
                "devices/0000:3b:00.0/" N2 "/\n");
    write_copy(snapshot, "whole", false, 6);
    assert_int_equal(access("whole/bus/" U1 "/mdev_type/name", F_OK), 0);
}

/* As many as have a number, and one more. */
static void too_many_uuids(void **state) {
    (void)state;
    put_folder("sys", "bus");
    struct sysfs sysfs;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    for (int i = 0; i <= 1024; i++) {
        char name[64];
        snprintf(name, sizeof(name), "sys/bus/4b20d080-1b54-4048-85b3-a6a62d16%04x", (unsigned)i);
        put_folder(".", name);
        sysfs_find(&sysfs, name + strlen("sys/"));
        if (i == 1023)
            write_copy(snapshot, "copy", true, 0);
    }
    struct snapshot_tally tally;
    struct error err = {0};
    assert_int_equal(count_entries("copy/bus"), 1024);
    assert_int_equal(snapshot_write(snapshot, "more", true, &tally, &err), -1);
    assert_error(&err, ERROR_LIMIT, "more than 1024 mediated devices");
    write_copy(snapshot, "whole", false, 0);
    assert_int_equal(count_entries("whole/bus"), 1025);
}

/* --- all of it ----------------------------------------------------------------------------------------------- */

static void read_facts(const struct sysfs *sysfs) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    struct error err = {0};
    host_facts_add(&facts, sysfs, (struct pci_address){0, 1, 0, 0}, &err);
    host_facts_add_mdev(&facts, sysfs, U1, &err);
    assert_no_error(&err);
    assert_int_equal(facts.functions[0]->device.state, HOST_PRESENT);
    assert_int_equal(facts.mdevs[0]->error, 0);
}

/* A copy of the copy is the same: all that the facts look at is in it. */
static void a_copy_of_the_copy(void **state) {
    (void)state;
    static const struct pci_identity gpu = {.id = {0x10de, 0x2484}, .class_code = 0x030000};
    static const char *const files[][2] = {{"power_state", "D0\n"},
                                           {"serial_number", "secret"},
                                           {U1 "/mdev_type/name", "GRID T4-2Q\n"},
                                           {"../../kernel/irq/0/chip_name", "IR-IO-APIC\n"}};
    put_sysfs_device("sys", "0000:01:00.0", &gpu);
    put_folder("sys", "devices");
    assert_int_equal(rename("sys/bus/pci/devices/0000:01:00.0", "sys/devices/0000:01:00.0"), 0);
    put_link("sys", "bus/pci/devices/0000:01:00.0", "../../../devices/0000:01:00.0");
    put_link("sys", "devices/0000:01:00.0/iommu_group", "../../kernel/iommu_groups/12");
    put_link("sys", "kernel/iommu_groups/12/devices/0000:01:00.0", "../../../../devices/0000:01:00.0");
    put_link("sys", "bus/mdev/devices/" U1, "../../../devices/0000:01:00.0/" U1);
    for (size_t i = 0; i < COUNT(files); i++)
        put_text("sys/devices/0000:01:00.0", files[i][0], files[i][1]);
    struct sysfs sysfs, second = {.root = "copy"};
    struct error err = {0};
    struct snapshot_tally tally, again;
    CLEANUP(snapshot_free) struct snapshot *snapshot = watch(&sysfs);
    read_facts(&sysfs);
    snapshot_write(snapshot, "copy", false, &tally, &err);
    assert_no_error(&err);
    CLEANUP(snapshot_free) struct snapshot *of_copy = snapshot_watch(&second, &err);
    read_facts(&second);
    snapshot_write(of_copy, "copy2", false, &again, &err);
    assert_no_error(&err);
    assert_int_equal(tally.written, again.written);
    CLEANUP(buffer_free) struct buffer first = {0}, other = {0};
    list_folder("copy", "", &first);
    list_folder("copy2", "", &other);
    assert_string_equal(first.data, other.data);
    assert_non_null(strstr(first.data, "power_state = D0"));
    assert_null(strstr(first.data, "serial_number"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_SYS(exactly_what_was_looked_at),
        WITH_SYS(nothing_was_looked_at),
        WITH_SYS(written_once),
        WITH_SYS(links),
        WITH_SYS(links_that_lead_out),
        WITH_SYS(links_that_lead_nowhere),
        WITH_SYS(links_to_the_root),
        WITH_SYS(configuration_space),
        WITH_SYS(subsystems),
        WITH_SYS(uuids),
        WITH_SYS(too_many_uuids),
        WITH_SYS(a_copy_of_the_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
