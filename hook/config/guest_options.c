#include "config/guest_options.h"

#include <stdio.h>
#include <string.h>

static int parse_vendor_id(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    char storage[QUOTED_MAX];
    const char *text = value_text(value, place, err);
    if (!text)
        return -1;
    /* libvirt src/conf/domain_conf.c: at most 12 characters and no comma, which would end QEMU's argument. */
    bool fits = *text && strlen(text) <= HYPERV_VENDOR_ID_MAX;
    for (const char *c = text; *c; c++)
        fits = fits && *c > ' ' && *c < 0x7f && !strchr(",\"'<>&", *c);
    if (!fits)
        return error_set(err, ERROR_INPUT,
                         "%s: \"%s\" is no vendor id: use 1 to %d printable ASCII characters without blanks, commas "
                         "and quotes",
                         place->text, text_quotable(text, storage), HYPERV_VENDOR_ID_MAX);
    memcpy(option, text, strlen(text) + 1);
    return 0;
}

static json_t *write_vendor_id(const void *option) {
    return json_string(option);
}

static const char *const ioapic_words[] = {[IOAPIC_KVM] = "kvm", [IOAPIC_QEMU] = "qemu"};

static int parse_ioapic(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    int word;
    if (value_word(value, ioapic_words, sizeof(ioapic_words) / sizeof(ioapic_words[0]), place, &word, err) < 0)
        return -1;
    *(enum ioapic_driver *)option = (enum ioapic_driver)word;
    return 0;
}

static json_t *write_ioapic(const void *option) {
    return json_string(ioapic_words[*(const enum ioapic_driver *)option]);
}

/* QEMU target/i386: phys-bits from 32 to 52. */
enum { PHYS_BITS_MIN = 32, PHYS_BITS_MAX = 52 };
static const char *const phys_addr_words[] = {[PHYS_ADDR_PASSTHROUGH] = "passthrough", [PHYS_ADDR_EMULATE] = "emulate"};
enum { PHYS_ADDR_WORDS = sizeof(phys_addr_words) / sizeof(phys_addr_words[0]) };

static int parse_phys_addr_object(const json_t *value, const struct json_place *place, struct phys_addr_wish *wish,
                                  struct error *err) {
    static const char *const known[] = {"mode", "bits", "limit", NULL};
    struct json_place mode_place = json_member(place, "mode"), bits_place = json_member(place, "bits"),
                      limit_place = json_member(place, "limit");
    const json_t *mode = json_object_get(value, "mode"), *bits = json_object_get(value, "bits"),
                 *limit = json_object_get(value, "limit");
    int word;
    int64_t number = 0;
    if (json_only_keys(value, known, place, err) < 0)
        return -1;
    if (!mode)
        return error_set(err, ERROR_INPUT, "%s is missing: it must be \"passthrough\" or \"emulate\"", mode_place.text);
    if (value_word(mode, phys_addr_words, PHYS_ADDR_WORDS, &mode_place, &word, err) < 0)
        return -1;
    if (word == PHYS_ADDR_EMULATE ? !bits || limit : bits != NULL)
        return error_set(err, ERROR_INPUT,
                         "%s: \"emulate\" takes \"bits\", \"passthrough\" takes no more than a \"limit\"", place->text);
    wish->mode = word == PHYS_ADDR_EMULATE ? PHYS_ADDR_EMULATE : PHYS_ADDR_PASSTHROUGH;
    if (bits && value_number(bits, PHYS_BITS_MIN, PHYS_BITS_MAX, &bits_place, &number, err) < 0)
        return -1;
    wish->bits = (uint32_t)number;
    number = 0;
    if (limit && value_number(limit, PHYS_BITS_MIN, PHYS_BITS_MAX, &limit_place, &number, err) < 0)
        return -1;
    wish->limit = (uint32_t)number;
    return 0;
}

static int parse_phys_addr(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    struct phys_addr_wish *wish = option;
    char storage[QUOTED_MAX];
    if (json_is_object(value))
        return parse_phys_addr_object(value, place, wish, err);
    const char *text = value_text(value, place, err);
    if (!text)
        return -1;
    if (strcmp(text, "auto") == 0)
        wish->mode = PHYS_ADDR_AUTO;
    else if (strcmp(text, "passthrough") == 0)
        wish->mode = PHYS_ADDR_PASSTHROUGH;
    else
        return error_set(err, ERROR_INPUT,
                         "%s: \"%s\" is none of \"auto\", \"passthrough\" or an object with \"mode\" and \"bits\" or "
                         "\"limit\"",
                         place->text, text_quotable(text, storage));
    return 0;
}

static json_t *write_phys_addr(const void *option) {
    const struct phys_addr_wish *wish = option;
    if (wish->mode == PHYS_ADDR_EMULATE)
        return json_pack("{s:s, s:I}", "mode", "emulate", "bits", (json_int_t)wish->bits);
    if (wish->mode == PHYS_ADDR_AUTO)
        return json_string("auto");
    if (wish->limit == 0)
        return json_string("passthrough");
    return json_pack("{s:s, s:I}", "mode", "passthrough", "limit", (json_int_t)wish->limit);
}

static int parse_window(const json_t *value, uint64_t most, const struct json_place *place, struct window_wish *wish,
                        struct error *err) {
    if (json_is_string(value) && strcmp(json_string_value(value), "auto") == 0) {
        wish->kind = WINDOW_AUTO;
        return 0;
    }
    if (value_size(value, most, place, &wish->kib, err) < 0)
        return -1;
    wish->kind = WINDOW_SIZE;
    return 0;
}

static json_t *write_window(const void *option) {
    const struct window_wish *wish = option;
    return wish->kind == WINDOW_AUTO ? json_string("auto") : value_write_size(wish->kib);
}

/* A quarter of the largest address space that x86 has, 52 bits. */
#define HOLE_MAX (UINT64_C(1) << 40)

static int parse_hole(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    return parse_window(value, HOLE_MAX, place, option, err);
}

/* edk2 OvmfPkg/Library/PlatformInitLib/MemDetect.c: at most 0x1000000 MiB; it ignores what is larger. */
#define OVMF_WINDOW_MAX (UINT64_C(1) << 34)

static int parse_ovmf_window(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    struct window_wish *wish = option;
    if (parse_window(value, OVMF_WINDOW_MAX, place, wish, err) < 0)
        return -1;
    if (wish->kind == WINDOW_SIZE && (wish->kib == 0 || wish->kib % 1024 != 0))
        return error_set(err, ERROR_INPUT, "%s: OVMF takes a whole number of MiB, and at least 1", place->text);
    return 0;
}

static const char *const video_words[] = {[VIDEO_KEEP] = "keep", [VIDEO_REMOVE] = "remove"};

static int parse_video(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    int word;
    if (value_word(value, video_words, sizeof(video_words) / sizeof(video_words[0]), place, &word, err) < 0)
        return -1;
    *(enum emulated_video *)option = (enum emulated_video)word;
    return 0;
}

static json_t *write_video(const void *option) {
    return json_string(video_words[*(const enum emulated_video *)option]);
}

#define PLACE(member) offsetof(struct guest_options, member), sizeof(((struct guest_options *)0)->member)

static const struct option_row rows[GUEST_OPTION_COUNT] = {
    [GUEST_HIDE_HYPERVISOR] = {"hideHypervisor", PLACE(hide_hypervisor), value_toggle, value_write_toggle, NULL,
                               OPTION_OF_TENANTS},
    [GUEST_HYPERV_VENDOR_ID] = {"hypervVendorId", PLACE(hyperv_vendor_id), parse_vendor_id, write_vendor_id, NULL,
                                OPTION_OF_TENANTS},
    [GUEST_IOAPIC] = {"ioapic", PLACE(ioapic), parse_ioapic, write_ioapic, NULL, OPTION_OF_TENANTS},
    [GUEST_TOPOEXT] = {"topoext", PLACE(topoext), value_toggle, value_write_toggle, NULL, OPTION_OF_TENANTS},
    [GUEST_MAX_PHYS_ADDR] = {"maxPhysAddr", PLACE(max_phys_addr), parse_phys_addr, write_phys_addr, NULL,
                             OPTION_OF_TENANTS},
    [GUEST_PCI_HOLE64] = {"pciHole64", PLACE(pci_hole64), parse_hole, write_window, NULL, OPTION_OF_TENANTS},
    [GUEST_OVMF_MMIO64] = {"ovmfMmio64", PLACE(ovmf_mmio64), parse_ovmf_window, write_window, NULL, OPTION_OF_ADMINS},
    [GUEST_EMULATED_VIDEO] = {"emulatedVideo", PLACE(emulated_video), parse_video, write_video, NULL,
                              OPTION_OF_TENANTS},
};
const struct option_table guest_option_table = {rows, GUEST_OPTION_COUNT, "of-the-guest"};

int guest_options_parse(json_t *object, const struct json_place *place, struct guest_options *options,
                        struct error *err) {
    return options_parse(&guest_option_table, object, place, options, err);
}

void guest_options_merge(struct guest_options *into, const struct guest_options *from, uint8_t origin) {
    options_merge(&guest_option_table, into, from, origin);
}

json_t *guest_options_to_json(const struct guest_options *options) {
    return options_to_json(&guest_option_table, options);
}

bool guest_option_given(const struct guest_options *options, enum guest_option option) {
    return options_given(&guest_option_table, options, option);
}

const char *guest_option_name(enum guest_option option) {
    return rows[option].name;
}
