/* base/check: the names of the host checks. */
#include <ctype.h>

#include "base/check.h"
#include "support.h"

static void there_and_back(void **state) {
    (void)state;
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        enum check found = CHECK_COUNT;
        assert_int_equal(check_parse(check_name(i), &found), 0);
        assert_int_equal(found, i); /* so no name is there twice */
    }
}

/* They are keys of JSON, anchors of Markdown, and have 16 columns in the report. */
static void plain(void **state) {
    (void)state;
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        const char *name = check_name(i);
        assert_in_range(strlen(name), 1, 16);
        for (const char *c = name; *c; c++)
            assert_true(islower((unsigned char)*c) || *c == '-');
    }
}

/* Public interface: a name that changes breaks annotations. */
static void as_documented(void **state) {
    (void)state;
    static const struct {
        enum check check;
        const char *name;
    } cases[] = {
        {CHECK_DEVICE_PRESENT, "device-present"},
        {CHECK_IDENTITY, "identity"},
        {CHECK_CONFIG_SPACE, "config-space"},
        {CHECK_DRIVER, "driver"},
        {CHECK_IOMMU_GROUP, "iommu-group"},
        {CHECK_GROUP_VIABLE, "group-viable"},
        {CHECK_IOMMU_REMAPPING, "iommu-remapping"},
        {CHECK_POWER_STATE, "power-state"},
        {CHECK_RESET_METHOD, "reset-method"},
        {CHECK_ROM_AVAILABLE, "rom-available"},
        {CHECK_BOOT_FRAMEBUFFER, "boot-framebuffer"},
        {CHECK_BAR_ASSIGNED, "bar-assigned"},
        {CHECK_BAR_WINDOW, "bar-window"},
        {CHECK_LINK, "link"},
        {CHECK_AER, "aer"},
        {CHECK_SIBLINGS, "siblings"},
        {CHECK_MDEV, "mdev"},
        {CHECK_VGPU_PROFILE, "vgpu-profile"},
        {CHECK_MIG, "mig"},
        {CHECK_SRIOV, "sriov"},
        {CHECK_NUMA, "numa"},
        {CHECK_IOMMU_WIDTH, "iommu-width"},
    };
    assert_int_equal(COUNT(cases), CHECK_COUNT);
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(check_name(cases[i].check), cases[i].name);
}

static void unknown(void **state) {
    (void)state;
    static const char *const names[] = {"", "Link", "link ", " link", "links", "lin", "device_present", "*", "all"};
    for (size_t i = 0; i < COUNT(names); i++) {
        enum check check = CHECK_AER;
        assert_int_equal(check_parse(names[i], &check), -1);
        assert_int_equal(check, CHECK_AER);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(plain),
        cmocka_unit_test(as_documented),
        cmocka_unit_test(unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
