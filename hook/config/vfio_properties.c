#include "config/vfio_properties.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/option_value.h"

static const char *const on_off_auto[] = {"on", "off", "auto"};
/* "auto" always fails: QEMU knows no device that it would choose a BAR for. */
static const char *const msix_places[] = {"off", "bar0", "bar1", "bar2", "bar3", "bar4", "bar5"};

#define WORDS(list) .words = (list), .word_count = sizeof(list) / sizeof((list)[0])

static const struct row {
    const char *name;
    enum { VALUE_BOOL, VALUE_NUMBER, VALUE_WORD, VALUE_UUID } kind;
    int64_t most; /* of a number; the least is 0 */
    const char *const *words;
    size_t word_count;
} rows[VFIO_PROPERTY_COUNT] = {
    [VFIO_ATS] = {.name = "ats", .kind = VALUE_WORD, WORDS(on_off_auto)},
    [VFIO_VF_TOKEN] = {.name = "vf-token", .kind = VALUE_UUID},
    [VFIO_X_INTX_MMAP_TIMEOUT_MS] = {.name = "x-intx-mmap-timeout-ms", .kind = VALUE_NUMBER, .most = UINT32_MAX},
    [VFIO_X_MSIX_RELOCATION] = {.name = "x-msix-relocation", .kind = VALUE_WORD, WORDS(msix_places)},
    [VFIO_X_NO_GEFORCE_QUIRKS] = {.name = "x-no-geforce-quirks", .kind = VALUE_BOOL},
    [VFIO_X_NO_KVM_INTX] = {.name = "x-no-kvm-intx", .kind = VALUE_BOOL},
    [VFIO_X_NO_KVM_IOEVENTFD] = {.name = "x-no-kvm-ioeventfd", .kind = VALUE_BOOL},
    [VFIO_X_NO_KVM_MSI] = {.name = "x-no-kvm-msi", .kind = VALUE_BOOL},
    [VFIO_X_NO_KVM_MSIX] = {.name = "x-no-kvm-msix", .kind = VALUE_BOOL},
    [VFIO_X_NO_MMAP] = {.name = "x-no-mmap", .kind = VALUE_BOOL},
    [VFIO_X_NO_VFIO_IOEVENTFD] = {.name = "x-no-vfio-ioeventfd", .kind = VALUE_BOOL},
    [VFIO_X_PCI_CLASS_CODE] = {.name = "x-pci-class-code", .kind = VALUE_NUMBER, .most = 0xffffff},
    [VFIO_XRES] = {.name = "xres", .kind = VALUE_NUMBER, .most = UINT16_MAX},
    [VFIO_YRES] = {.name = "yres", .kind = VALUE_NUMBER, .most = UINT16_MAX},
};

#define DEVICE_IS_KUBEVIRTS    "which device the VM gets is KubeVirt's to say"
#define PLACE_IS_OURS          "say \"guestAddress\" or \"layout\" instead"
#define ROM_IS_OURS            "say \"rom\" and \"romBar\" instead: they are verified"
#define MIGRATION_IS_KUBEVIRTS "whether and how a device migrates is KubeVirt's to say, on both nodes alike"

/* Why not. */
static const struct {
    const char *name, *reason;
} refused[] = {
    {"acpi-index", "libvirt's <acpi index=.../> is for network interfaces' names"},
    {"addr", PLACE_IS_OURS},
    {"bootindex", "say \"bootOrder\" in the VM's own device"},
    {"bus", PLACE_IS_OURS},
    {"display", "say \"display\" as an option of the device instead"},
    {"driver", "say \"driverModel\" as an option of the device instead"},
    {"failover_pair_id", "it is for network interfaces"},
    {"enable-migration", MIGRATION_IS_KUBEVIRTS},
    {"fd", DEVICE_IS_KUBEVIRTS},
    {"host", DEVICE_IS_KUBEVIRTS},
    {"id", "KubeVirt's alias is the device's id"},
    {"iommufd", DEVICE_IS_KUBEVIRTS},
    {"migration-events", MIGRATION_IS_KUBEVIRTS},
    {"multifunction", PLACE_IS_OURS},
    {"ramfb", "say \"ramfb\" as an option of the device instead"},
    {"rombar", ROM_IS_OURS},
    {"romfile", ROM_IS_OURS},
    {"romsize", ROM_IS_OURS},
    {"skip-vsc-check", MIGRATION_IS_KUBEVIRTS},
    {"sysfsdev", DEVICE_IS_KUBEVIRTS},
    {"x-balloon-allowed",
     "a balloon takes away pages that the device still writes to, which corrupts the guest; QEMU calls it dangerous"},
    {"x-device-dirty-page-tracking", MIGRATION_IS_KUBEVIRTS},
    {"x-igd-gms", "say \"igd\" instead"},
    {"x-igd-legacy-mode", "say \"igd\" instead"},
    {"x-igd-lpc", "say \"igd\" instead"},
    {"x-igd-opregion", "say \"igd\" instead"},
    {"x-nv-gpudirect-clique", "say \"gpudirectClique\" instead"},
    {"x-pci-device-id", "say \"ids\" instead"},
    {"x-pci-sub-device-id", "say \"ids\" instead"},
    {"x-pci-sub-vendor-id", "say \"ids\" instead"},
    {"x-pci-vendor-id", "say \"ids\" instead"},
    {"x-pre-copy-dirty-page-tracking", MIGRATION_IS_KUBEVIRTS},
    {"x-req", "without it a node that takes its device back waits for the VM for ever"},
    {"x-vga", "say \"xVga\" instead"},
};

const char *vfio_property_name(enum vfio_property property) {
    return rows[property].name;
}

enum property_type vfio_property_type(enum vfio_property property) {
    switch (rows[property].kind) {
    case VALUE_BOOL:
        return PROPERTY_BOOL;
    case VALUE_NUMBER:
        return PROPERTY_UNSIGNED;
    case VALUE_WORD:
    case VALUE_UUID:
        break;
    }
    return PROPERTY_STRING;
}

static int parse_property(const struct row *row, const json_t *value, const struct json_place *place,
                          char result[PROPERTY_VALUE_MAX], struct error *err) {
    enum toggle toggle;
    int64_t number;
    int word;
    char storage[QUOTED_MAX];
    const char *text;
    switch (row->kind) {
    case VALUE_BOOL:
        if (value_toggle(value, place, &toggle, err) < 0)
            return -1;
        snprintf(result, PROPERTY_VALUE_MAX, "%s", toggle == TOGGLE_ON ? "true" : "false");
        return 0;
    case VALUE_NUMBER:
        if (value_number(value, 0, row->most, place, &number, err) < 0)
            return -1;
        snprintf(result, PROPERTY_VALUE_MAX, "%" PRId64, number);
        return 0;
    case VALUE_WORD:
        if (value_word(value, row->words, row->word_count, place, &word, err) < 0)
            return -1;
        snprintf(result, PROPERTY_VALUE_MAX, "%s", row->words[word]);
        return 0;
    case VALUE_UUID:
        break;
    }
    if (!(text = value_text(value, place, err)))
        return -1;
    if (!text_is_uuid(text))
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is no UUID", place->text, text_quotable(text, storage));
    snprintf(result, PROPERTY_VALUE_MAX, "%s", text);
    return 0;
}

static int refuse(const char *name, const struct json_place *place, struct error *err) {
    char storage[QUOTED_MAX];
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (strcmp(refused[i].name, name) == 0)
            return error_set(err, ERROR_INPUT, "%s: \"%s\" is not set this way: %s", place->text, name,
                             refused[i].reason);
    CLEANUP(buffer_free) struct buffer list = {0};
    for (size_t i = 0; i < VFIO_PROPERTY_COUNT; i++)
        buffer_printf(&list, "%s%s", i ? ", " : "", rows[i].name);
    if (buffer_check(&list, err) < 0)
        return -1;
    return error_set(err, ERROR_INPUT, "%s: \"%s\" is no vfio-pci property that may be set: use one of %s", place->text,
                     text_quotable(name, storage), list.data);
}

static const struct row *find_row(const char *name) {
    for (size_t i = 0; i < VFIO_PROPERTY_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

int vfio_values_parse(const json_t *object, const struct json_place *place, struct vfio_values *values,
                      struct error *err) {
    if (!json_is_object(object))
        return error_set(err, ERROR_INPUT, "%s is %s: it must be an object of vfio-pci properties", place->text,
                         json_type_name(object));
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value) {
        const struct row *row = find_row(name);
        struct json_place member = json_member(place, name);
        if (!row)
            return refuse(name, place, err);
        if (parse_property(row, value, &member, values->value[row - rows], err) < 0)
            return -1;
    }
    return 0;
}

json_t *vfio_values_write(const struct vfio_values *values) {
    CLEANUP(json_decref) json_t *object = json_object();
    for (size_t i = 0; i < VFIO_PROPERTY_COUNT; i++) {
        const char *value = values->value[i];
        if (!*value)
            continue;
        json_t *member = rows[i].kind == VALUE_BOOL     ? json_boolean(strcmp(value, "true") == 0)
                         : rows[i].kind == VALUE_NUMBER ? json_integer(strtoll(value, NULL, 10))
                                                        : json_string(value);
        if (json_object_set_new(object, rows[i].name, member) < 0)
            return NULL;
    }
    return TAKE_PTR(object);
}

void vfio_values_merge(struct vfio_values *into, const struct vfio_values *from) {
    for (size_t i = 0; i < VFIO_PROPERTY_COUNT; i++)
        if (from->value[i][0])
            memcpy(into->value[i], from->value[i], PROPERTY_VALUE_MAX);
}
