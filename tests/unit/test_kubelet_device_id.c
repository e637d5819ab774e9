/* kubelet/device_id: what device plugins and DRA drivers call devices. */
#include <stdio.h>

#include "kubelet/device_id.h"
#include "support.h"

#define UUID "5d307ca9-b3ef-428c-8861-06e72d69f223"

/* "0000:65:00.0", the UUID, "group 12", or "" where it is none. */
static const char *describe(const struct device_id *id, char text[64]) {
    text[0] = '\0';
    if (id->kind == DEVICE_ID_ADDRESS)
        pci_address_format(id->address, text);
    else if (id->kind == DEVICE_ID_MDEV)
        snprintf(text, 64, "%s", id->uuid);
    else if (id->kind == DEVICE_ID_GROUP)
        snprintf(text, 64, "group %d", id->group);
    return text;
}

static void ids(void **state) {
    (void)state;
    static const struct {
        const char *text, *means;
    } cases[] = {
        {"0000:65:00.0", "0000:65:00.0"},
        {"65:00.0", "0000:65:00.0"},
        {"10000:01:00.7", "10000:01:00.7"},
        {"0000:65:00.0 ", ""},
        {"0000:65:00.8", ""},
        {"0000-65-00-0", ""},
        {UUID, UUID},
        {"5D307CA9-B3EF-428C-8861-06E72D69F223", UUID},
        {UUID "0", ""},
        {"0", "group 0"},
        {"12", "group 12"},
        {"2147483647", "group 2147483647"},
        {"2147483648", ""},
        {"9999999999", ""},
        {"12345678901", ""},
        {"-1", ""},
        {"+1", ""},
        {" 1", ""},
        {"1 ", ""},
        {"1a", ""},
        {"0x1", ""},
        {"", ""},
        {"GPU-5f3a1c2e-0000-1111-2222-333344445555", ""},
        {"vfio12", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        struct device_id id;
        memset(&id, 0xff, sizeof(id));
        device_id_parse(cases[i].text, &id);
        assert_string_equal(describe(&id, text), cases[i].means);
    }
}

static void names(void **state) {
    (void)state;
    static const struct {
        const char *text, *means;
    } cases[] = {
        {"gpu-0000-65-00-0", "0000:65:00.0"},
        {"0000-65-00-0", "0000:65:00.0"},
        {"k8s.gpu.nvidia.com/device=0000_65_00_0", "0000:65:00.0"},
        {"vendor.com/gpu=0000:65:00.0", "0000:65:00.0"},
        {"pci0000.65.00.0-x", "0000:65:00.0"},
        {"pc0000.65.00.0-x", ""}, /* "c" is a digit, too */
        {"pci-0000.65.00.0-x", "0000:65:00.0"},
        {"gpu-0000-65-00-0-0000-66-00-0", "0000:65:00.0"}, /* the first */
        {"gpu-0000-65-00-01", ""},
        {"gpu-00000-65-00-0", ""},
        {"gpu-0000-65-00-8", ""},
        {"gpu-0000-65-20-0", ""},
        {"gpu-0000-65-00", ""},
        {"gpu-0000", ""},
        {"12", ""},
        {"gpu-12", ""},
        {"", ""},
        {"mdev-" UUID, UUID},
        {UUID, UUID},
        {"x" UUID "-1", UUID},
        {"a" UUID, ""},
        {UUID "0", ""},
        /* A UUID is one, whatever is in it. */
        {"mdev-00006500-0000-6500-0000-650000000000", "00006500-0000-6500-0000-650000000000"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        struct device_id id;
        memset(&id, 0xff, sizeof(id));
        device_id_find(cases[i].text, &id);
        if (strcmp(describe(&id, text), cases[i].means) != 0)
            fail_msg("%s: %s", cases[i].text, text);
    }
}

/* All that a name holds, one after the other. */
static void several(void **state) {
    (void)state;
    char first[64], second[64];
    struct device_id id;
    const char *rest = device_id_find("k8s.gpu.nvidia.com/claim=" UUID "-gpu-0000-65-00-0", &id);
    assert_string_equal(describe(&id, first), UUID);
    assert_string_equal(rest, "-gpu-0000-65-00-0");
    rest = device_id_find(rest, &id);
    assert_string_equal(describe(&id, second), "0000:65:00.0");
    assert_string_equal(rest, "");
    assert_null(device_id_find(rest, &id));
    assert_int_equal(id.kind, DEVICE_ID_OTHER);
}

/* Whatever a driver writes. */
static void any_text(void **state) {
    (void)state;
    struct sequence sequence = {5};
    static const char signs[] = "0123456789abcdefABCDEFg:.-_= \xff";
    for (int i = 0; i < 200000; i++) {
        size_t size = sequence_below(&sequence, 60);
        CLEANUP(free) char *text = malloc(size + 1); /* whose bounds the sanitizers know */
        assert_non_null(text);
        for (size_t j = 0; j < size; j++)
            text[j] = signs[sequence_below(&sequence, sizeof(signs) - 1)];
        text[size] = '\0';
        struct device_id id;
        const char *rest = text;
        while ((rest = device_id_find(rest, &id)))
            assert_true(rest > text && rest <= text + size);
        device_id_parse(text, &id);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids),
        cmocka_unit_test(names),
        cmocka_unit_test(several),
        cmocka_unit_test(any_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
