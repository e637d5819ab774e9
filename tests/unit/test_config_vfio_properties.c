/* config/vfio_properties: each property that may be set, with its type and limits, and each that may not, with why. */
#include <stdio.h>

#include "config/vfio_properties.h"
#include "support.h"

static const struct json_place place = {"vfio"};

static int parse(const char *text, struct vfio_values *values, struct error *err) {
    CLEANUP(json_decref) json_t *object = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!object)
        fail_msg("no JSON: %s", text);
    *values = (struct vfio_values){0};
    return vfio_values_parse(object, &place, values, err);
}

#define UUID "5d307ca9-b3ef-428c-8861-06e72d69f223"

/* Each value as libvirt gets it. */
static const struct {
    enum vfio_property property;
    const char *name;
    enum property_type type;
    const char *value, *libvirt;
} good[] = {
    {VFIO_ATS, "ats", PROPERTY_STRING, "\"on\"", "on"},
    {VFIO_ATS, "ats", PROPERTY_STRING, "\"off\"", "off"},
    {VFIO_ATS, "ats", PROPERTY_STRING, "\"auto\"", "auto"},
    {VFIO_VF_TOKEN, "vf-token", PROPERTY_STRING, "\"" UUID "\"", UUID},
    {VFIO_X_INTX_MMAP_TIMEOUT_MS, "x-intx-mmap-timeout-ms", PROPERTY_UNSIGNED, "0", "0"},
    {VFIO_X_INTX_MMAP_TIMEOUT_MS, "x-intx-mmap-timeout-ms", PROPERTY_UNSIGNED, "4294967295", "4294967295"},
    {VFIO_X_MSIX_RELOCATION, "x-msix-relocation", PROPERTY_STRING, "\"off\"", "off"},
    {VFIO_X_MSIX_RELOCATION, "x-msix-relocation", PROPERTY_STRING, "\"bar0\"", "bar0"},
    {VFIO_X_MSIX_RELOCATION, "x-msix-relocation", PROPERTY_STRING, "\"bar5\"", "bar5"},
    {VFIO_X_NO_GEFORCE_QUIRKS, "x-no-geforce-quirks", PROPERTY_BOOL, "true", "true"},
    {VFIO_X_NO_KVM_INTX, "x-no-kvm-intx", PROPERTY_BOOL, "false", "false"},
    {VFIO_X_NO_KVM_IOEVENTFD, "x-no-kvm-ioeventfd", PROPERTY_BOOL, "true", "true"},
    {VFIO_X_NO_KVM_MSI, "x-no-kvm-msi", PROPERTY_BOOL, "true", "true"},
    {VFIO_X_NO_KVM_MSIX, "x-no-kvm-msix", PROPERTY_BOOL, "true", "true"},
    {VFIO_X_NO_MMAP, "x-no-mmap", PROPERTY_BOOL, "\"on\"", "true"},
    {VFIO_X_NO_MMAP, "x-no-mmap", PROPERTY_BOOL, "\"off\"", "false"},
    {VFIO_X_NO_VFIO_IOEVENTFD, "x-no-vfio-ioeventfd", PROPERTY_BOOL, "true", "true"},
    {VFIO_X_PCI_CLASS_CODE, "x-pci-class-code", PROPERTY_UNSIGNED, "16777215", "16777215"},
    {VFIO_XRES, "xres", PROPERTY_UNSIGNED, "1920", "1920"},
    {VFIO_YRES, "yres", PROPERTY_UNSIGNED, "65535", "65535"},
};

static void each_property(void **state) {
    (void)state;
    bool seen[VFIO_PROPERTY_COUNT] = {false};
    for (size_t i = 0; i < COUNT(good); i++) {
        struct vfio_values values, again;
        struct error err = {0};
        char text[128];
        snprintf(text, sizeof(text), "{\"%s\": %s}", good[i].name, good[i].value);
        parse(text, &values, &err);
        if (err.code != ERROR_NONE)
            fail_msg("%s: %s", text, err.message);
        for (enum vfio_property property = 0; property < VFIO_PROPERTY_COUNT; property++)
            assert_string_equal(values.value[property], property == good[i].property ? good[i].libvirt : "");
        assert_string_equal(vfio_property_name(good[i].property), good[i].name);
        assert_int_equal(vfio_property_type(good[i].property), good[i].type);
        seen[good[i].property] = true;
        CLEANUP(json_decref) json_t *written = vfio_values_write(&values);
        CLEANUP(free) char *written_text = json_dumps(written, 0);
        parse(written_text, &again, &err);
        assert_no_error(&err);
        assert_memory_equal(&again, &values, sizeof(values));
    }
    for (size_t i = 0; i < VFIO_PROPERTY_COUNT; i++)
        assert_true(seen[i]);
}

static void written(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{}",
        "{\"ats\": \"auto\", \"vf-token\": \"" UUID "\", \"x-intx-mmap-timeout-ms\": 4294967295, \"x-no-mmap\": false, "
        "\"x-pci-class-code\": 196608, \"xres\": 0}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct vfio_values values;
        struct error err = {0};
        assert_int_equal(parse(texts[i], &values, &err), 0);
        CLEANUP(json_decref) json_t *object = vfio_values_write(&values);
        CLEANUP(free) char *text = json_dumps(object, 0);
        assert_string_equal(text, texts[i]);
    }
}

static void bad_values(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"[]", "vfio is an array: it must be an object of vfio-pci properties"},
        {"\"x-no-mmap\"", "vfio is a string: it must be an object of vfio-pci properties"},
        {"{\"ats\": true}", "vfio.ats is true or false: it must be a string"},
        {"{\"ats\": \"yes\"}", "vfio.ats: \"yes\" is none of \"on\", \"off\", \"auto\""},
        {"{\"vf-token\": \"1234\"}", "vfio.vf-token: \"1234\" is no UUID"},
        {"{\"vf-token\": \"" UUID "0\"}", "is no UUID"},
        {"{\"vf-token\": 1}", "vfio.vf-token is a number: it must be a string"},
        {"{\"x-intx-mmap-timeout-ms\": -1}", "vfio.x-intx-mmap-timeout-ms: -1 is not from 0 to 4294967295"},
        {"{\"x-intx-mmap-timeout-ms\": 4294967296}", "4294967296 is not from 0 to 4294967295"},
        {"{\"x-intx-mmap-timeout-ms\": \"1\"}", "vfio.x-intx-mmap-timeout-ms is a string: it must be a whole number"},
        {"{\"x-msix-relocation\": \"auto\"}", "vfio.x-msix-relocation: \"auto\" is none of \"off\", \"bar0\","},
        {"{\"x-msix-relocation\": \"bar6\"}", "\"bar6\" is none of"},
        {"{\"x-no-mmap\": 1}", "vfio.x-no-mmap is a number: it must be \"on\" or \"off\""},
        {"{\"x-no-mmap\": \"true\"}", "vfio.x-no-mmap: \"true\" is neither \"on\" nor \"off\""},
        {"{\"x-no-mmap\": null}", "vfio.x-no-mmap is null"},
        {"{\"x-pci-class-code\": 16777216}", "vfio.x-pci-class-code: 16777216 is not from 0 to 16777215"},
        {"{\"xres\": 65536}", "vfio.xres: 65536 is not from 0 to 65535"},
        {"{\"yres\": 1.5}", "vfio.yres is a fraction: it must be a whole number"},
        {"{\"x-no-such\": true}",
         "vfio: \"x-no-such\" is no vfio-pci property that may be set: use one of ats, vf-token, x-intx-mmap-timeout-ms, "
         "x-msix-relocation, x-no-geforce-quirks, x-no-kvm-intx, x-no-kvm-ioeventfd, x-no-kvm-msi, x-no-kvm-msix, "
         "x-no-mmap, x-no-vfio-ioeventfd, x-pci-class-code, xres, yres"},
        {"{\"X-NO-MMAP\": true}", "vfio: \"X-NO-MMAP\" is no vfio-pci property that may be set"},
        {"{\"x_no_mmap\": true}", "\"x_no_mmap\" is no vfio-pci property"},
        {"{\"\": true}", "vfio: \"\" is no vfio-pci property"},
        {"{\"a\\nb\": true}", "vfio: \"a?b\" is no vfio-pci property"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct vfio_values values;
        struct error err = {0};
        if (parse(cases[i][0], &values, &err) != -1)
            fail_msg("accepted: %s", cases[i][0]);
        assert_error(&err, ERROR_INPUT, cases[i][1]);
    }
}

static void refused_by_name(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"acpi-index", "libvirt's <acpi index=.../> is for network interfaces' names"},
        {"addr", "say \"guestAddress\" or \"layout\" instead"},
        {"bootindex", "say \"bootOrder\" in the VM's own device"},
        {"bus", "say \"guestAddress\" or \"layout\" instead"},
        {"display", "say \"display\" as an option of the device instead"},
        {"driver", "say \"driverModel\" as an option of the device instead"},
        {"enable-migration", "whether and how a device migrates is KubeVirt's to say"},
        {"failover_pair_id", "it is for network interfaces"},
        {"fd", "which device the VM gets is KubeVirt's to say"},
        {"host", "which device the VM gets is KubeVirt's to say"},
        {"id", "KubeVirt's alias is the device's id"},
        {"iommufd", "which device the VM gets is KubeVirt's to say"},
        {"migration-events", "whether and how a device migrates"},
        {"multifunction", "say \"guestAddress\" or \"layout\" instead"},
        {"ramfb", "say \"ramfb\" as an option of the device instead"},
        {"rombar", "say \"rom\" and \"romBar\" instead: they are verified"},
        {"romfile", "say \"rom\" and \"romBar\" instead: they are verified"},
        {"romsize", "say \"rom\" and \"romBar\" instead: they are verified"},
        {"skip-vsc-check", "whether and how a device migrates"},
        {"sysfsdev", "which device the VM gets is KubeVirt's to say"},
        {"x-balloon-allowed", "a balloon takes away pages that the device still writes to"},
        {"x-device-dirty-page-tracking", "whether and how a device migrates"},
        {"x-igd-gms", "say \"igd\" instead"},
        {"x-igd-legacy-mode", "say \"igd\" instead"},
        {"x-igd-lpc", "say \"igd\" instead"},
        {"x-igd-opregion", "say \"igd\" instead"},
        {"x-nv-gpudirect-clique", "say \"gpudirectClique\" instead"},
        {"x-pci-device-id", "say \"ids\" instead"},
        {"x-pci-sub-device-id", "say \"ids\" instead"},
        {"x-pci-sub-vendor-id", "say \"ids\" instead"},
        {"x-pci-vendor-id", "say \"ids\" instead"},
        {"x-pre-copy-dirty-page-tracking", "whether and how a device migrates"},
        {"x-req", "without it a node that takes its device back waits for the VM for ever"},
        {"x-vga", "say \"xVga\" instead"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct vfio_values values;
        struct error err = {0};
        char text[128], part[256];
        snprintf(text, sizeof(text), "{\"%s\": true}", cases[i][0]);
        snprintf(part, sizeof(part), "vfio: \"%s\" is not set this way: %s", cases[i][0], cases[i][1]);
        assert_int_equal(parse(text, &values, &err), -1);
        assert_error(&err, ERROR_INPUT, part);
    }
}

static void merged(void **state) {
    (void)state;
    struct vfio_values into, from;
    struct error err = {0};
    parse("{\"ats\": \"auto\", \"xres\": 1920, \"x-no-mmap\": true}", &into, &err);
    parse("{\"xres\": 8, \"x-no-mmap\": false, \"yres\": 9}", &from, &err);
    assert_no_error(&err);
    vfio_values_merge(&into, &from);
    CLEANUP(json_decref) json_t *object = vfio_values_write(&into);
    CLEANUP(free) char *text = json_dumps(object, 0);
    assert_string_equal(text, "{\"ats\": \"auto\", \"x-no-mmap\": false, \"xres\": 8, \"yres\": 9}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_property),   cmocka_unit_test(written), cmocka_unit_test(bad_values),
        cmocka_unit_test(refused_by_name), cmocka_unit_test(merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
