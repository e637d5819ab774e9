/* host/rom: what a folder laid out like /sys hands out, and what is said when it does not. */
#include "host/rom.h"

#include <sys/stat.h>

#include "support.h"

#define ADDRESS "0000:e5:00.0"
#define FOLDER  "bus/pci/devices/" ADDRESS "/"

static const struct pci_address address = {0, 0xe5, 0, 0};

static int read_rom(const char *sysfs, size_t limit, struct buffer *content, bool *is_shadow, struct error *err) {
    return host_read_rom(sysfs, address, limit, content, is_shadow, err);
}

/* A snapshot is somebody's folder: nothing is written into it. */
static void read_whole_and_left_alone(void **state) {
    struct error err = {0};
    bool is_shadow = true;
    CLEANUP(buffer_free) struct buffer content = {0};
    put_text(*state, FOLDER "rom", "the ROM");
    assert_int_equal(read_rom(*state, 100, &content, &is_shadow, &err), 0);
    assert_no_error(&err);
    assert_bytes(buffer_bytes(&content), "the ROM");
    assert_false(is_shadow);
    CLEANUP(buffer_free) struct buffer after = get_file(*state, FOLDER "rom");
    assert_bytes(buffer_bytes(&after), "the ROM");
}

static void the_boot_display(void **state) {
    static const struct {
        const char *boot_vga;
        bool is_shadow;
    } cases[] = {{"1\n", true}, {"0\n", false}, {"", false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        bool is_shadow;
        CLEANUP(buffer_free) struct buffer content = {0};
        put_text(*state, FOLDER "rom", "x");
        put_text(*state, FOLDER "boot_vga", cases[i].boot_vga);
        assert_int_equal(read_rom(*state, 100, &content, &is_shadow, &err), 0);
        assert_int_equal(is_shadow, cases[i].is_shadow);
    }
}

static void what_is_said(void **state) {
    struct error err = {0};
    bool is_shadow;
    CLEANUP(buffer_free) struct buffer content = {0};
    assert_int_equal(read_rom(*state, 100, &content, &is_shadow, &err), -1);
    assert_error(&err, ERROR_INPUT, "has no ROM BAR: an integrated GPU's ROM is in the board's firmware");
    put_text(*state, FOLDER "rom", "");
    assert_int_equal(read_rom(*state, 100, &content, &is_shadow, &err), -1);
    assert_error(&err, ERROR_INPUT, FOLDER "rom: the kernel finds no valid ROM there");
    put_text(*state, FOLDER "rom", "12345");
    assert_int_equal(read_rom(*state, 4, &content, &is_shadow, &err), -1);
    assert_error(&err, ERROR_LIMIT, "more than 4 bytes");
}

static void the_table(void **state) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer own = {0};
    CLEANUP(buffer_free) struct buffer other = {0};
    assert_int_equal(host_read_vfct(*state, NULL, 100, &own, &err), -1);
    assert_error(&err, ERROR_INPUT, "this host's firmware has no VFCT");
    put_text(*state, "firmware/acpi/tables/VFCT", "own");
    put_text(*state, "elsewhere", "other");
    assert_int_equal(host_read_vfct(*state, NULL, 100, &own, &err), 0);
    assert_bytes(buffer_bytes(&own), "own");
    assert_int_equal(host_read_vfct(*state, path_in(*state, "elsewhere"), 100, &other, &err), 0);
    assert_bytes(buffer_bytes(&other), "other");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(read_whole_and_left_alone, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(the_boot_display, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(what_is_said, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(the_table, folder_setup, folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
