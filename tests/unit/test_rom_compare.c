/* rom/compare: what differs between two ROMs, named. */
#include "rom/compare.h"

#include "support.h"

static void compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, struct buffer *out) {
    struct error err = {0};
    rom_compare("a.rom", (struct bytes){a, a_size}, "b.rom", (struct bytes){b, b_size}, false, out, &err);
    assert_no_error(&err);
}

static void equal_files(void **state) {
    (void)state;
    uint8_t bytes[512];
    CLEANUP(buffer_free) struct buffer out = {0};
    rom_build_x86(bytes, (struct pci_id){0x1002, 0x1681});
    compare(bytes, sizeof(bytes), bytes, sizeof(bytes), &out);
    compare(bytes, 0, bytes, 0, &out);
    assert_int_equal(out.size, 0);
}

static void what_differs_is_named(void **state) {
    (void)state;
    uint8_t a[1024], b[1024];
    CLEANUP(buffer_free) struct buffer out = {0};
    rom_build_both(a, (struct pci_id){0x1002, 0x1681});
    memcpy(b, a, sizeof(a));
    b[0x22] ^= 1;  /* the device */
    b[0x3f0] ^= 1; /* the driver's last bytes */
    b[0x3f8] ^= 1;
    compare(a, sizeof(a), b, sizeof(b), &out);
    static const char *const parts[] = {
        "--- a.rom\n+++ b.rom\n",
        "-  image 0         0x0 to 0x200: x86 for 1002:1681\n",
        "+  image 0         0x0 to 0x200: x86 for 1002:1680\n",
        "bytes 0x22 to 0x23 differ, in image 0 (x86) at its 0x22\n",
        "bytes 0x3f0 to 0x3f9 differ, in image 1 (efi) at its 0x1f0\n",
    };
    for (size_t i = 0; i < COUNT(parts); i++)
        if (!strstr(out.data, parts[i]))
            fail_msg("no \"%s\" in:\n%s", parts[i], out.data);
    assert_null(strstr(out.data, "longer"));
}

static void sizes(void **state) {
    (void)state;
    uint8_t bytes[1024] = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    rom_build_x86(bytes, (struct pci_id){0x1002, 0x1681});
    compare(bytes, 512, bytes, sizeof(bytes), &out);
    assert_non_null(strstr(out.data, "the second is 512 bytes longer\n"));
    assert_null(strstr(out.data, "differ"));
}

static void many_ranges(void **state) {
    (void)state;
    static uint8_t a[64 * 100], b[sizeof(a)];
    CLEANUP(buffer_free) struct buffer out = {0};
    for (size_t i = 0; i < 100; i++)
        b[64 * i] = 1;
    compare(a, sizeof(a), b, sizeof(b), &out);
    assert_non_null(strstr(out.data, "and 36 more ranges differ\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_files),
        cmocka_unit_test(what_differs_is_named),
        cmocka_unit_test(sizes),
        cmocka_unit_test(many_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
