/* plan/plan: which decision is about which device. */
#include "plan_support.h"

#define UUID_A "5d307ca9-b3ef-428c-8861-06e72d69f223"
#define UUID_B "5d307ca9-b3ef-428c-8861-06e72d69f224"

static void found(void **state) {
    (void)state;
    struct decision decisions[] = {
        {.address = {0, 1, 0, 0}},         {.kind = DEVICE_MDEV, .uuid = UUID_A},
        {.address = {0, 1, 0, 1}},         {.kind = DEVICE_MDEV, .uuid = UUID_B},
        {.kind = DEVICE_MDEV, .uuid = ""},
    };
    const struct plan plan = {.count = COUNT(decisions), .decisions = decisions}, none = {0};
    static const struct {
        struct device device;
        int index; /* -1: none */
    } cases[] = {
        {{.address = {0, 1, 0, 0}}, 0},
        {{.address = {0, 1, 0, 1}}, 2},
        {{.address = {1, 1, 0, 1}}, -1},
        {{.address = {0, 0, 0, 0}}, -1}, /* not a mediated device's zeros */
        {{.kind = DEVICE_MDEV, .uuid = UUID_B}, 3},
        {{.kind = DEVICE_MDEV, .uuid = "5D307CA9-B3EF-428C-8861-06E72D69F223"}, 1},
        {{.kind = DEVICE_MDEV, .uuid = "00000000-b3ef-428c-8861-06e72d69f223"}, -1},
        {{.kind = DEVICE_MDEV, .address = {0, 1, 0, 0}, .uuid = ""}, -1}, /* without a UUID nothing is about it */
        {{.kind = DEVICE_PCI, .address = {0, 9, 0, 0}, .uuid = UUID_A}, -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct decision *decision = plan_find(&plan, &cases[i].device);
        assert_ptr_equal(decision, cases[i].index < 0 ? NULL : &decisions[cases[i].index]);
        assert_null(plan_find(&none, &cases[i].device));
        for (int j = 0; j < (int)COUNT(decisions); j++)
            assert_int_equal(decision_is_for(&decisions[j], &cases[i].device), j == cases[i].index);
    }
}

static void freed(void **state) {
    (void)state;
    struct plan plan = {.firmware = FIRMWARE_UEFI, .count = 1, .decisions = calloc(1, sizeof(struct decision))};
    plan_free(&plan);
    assert_null(plan.decisions);
    assert_int_equal(plan.count, 0);
    plan_free(&plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found),
        cmocka_unit_test(freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
