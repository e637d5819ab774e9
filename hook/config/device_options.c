#include "config/device_options.h"

#include <stdio.h>
#include <string.h>

static const char *const rom_words[] = {[ROM_AUTO] = "auto", [ROM_NONE] = "none", [ROM_DEVICE] = "device"};

static int parse_rom(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    struct rom_wish *rom = option;
    char storage[QUOTED_MAX];
    const char *text = value_text(value, place, err);
    if (!text)
        return -1;
    int word = text_choice(text, rom_words, sizeof(rom_words) / sizeof(rom_words[0]));
    if (word >= 0) {
        rom->choice = (enum rom_choice)word;
        return 0;
    }
    if (!text_is_file_name(text, LABEL_MAX))
        return error_set(err, ERROR_INPUT,
                         "%s: \"%s\" is no ROM id: use \"auto\", \"none\", \"device\" or an id of the bundle "
                         "(up to %d of A-Z a-z 0-9 . _ -, not starting with a dot)",
                         place->text, text_quotable(text, storage), LABEL_MAX);
    rom->choice = ROM_ID;
    memcpy(rom->id, text, strlen(text) + 1);
    return 0;
}

static json_t *write_rom(const void *option) {
    const struct rom_wish *rom = option;
    return json_string(rom->choice == ROM_ID ? rom->id : rom_words[rom->choice]);
}

static int parse_guest_address(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    struct pci_address *address = option, found;
    char storage[QUOTED_MAX];
    const char *text = value_text(value, place, err);
    if (!text)
        return -1;
    if (pci_address_parse(text, &found) < 0 || found.domain != 0)
        return error_set(err, ERROR_INPUT,
                         "%s: \"%s\" is no address in the guest: write bus, slot and function, as 0000:06:00.0 "
                         "(a guest has only the domain 0000)",
                         place->text, text_quotable(text, storage));
    if (found.bus == 0 && found.slot == 0)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is where the guest has its host bridge: use another slot",
                         place->text, text_quotable(text, storage));
    *address = found;
    return 0;
}

static json_t *write_guest_address(const void *option) {
    char text[PCI_ADDRESS_TEXT_MAX];
    return json_string(pci_address_format(*(const struct pci_address *)option, text));
}

static const char *const layout_words[] = {[LAYOUT_SEPARATE] = "separate", [LAYOUT_MULTIFUNCTION] = "multifunction"};

static int parse_layout(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    int word;
    if (value_word(value, layout_words, sizeof(layout_words) / sizeof(layout_words[0]), place, &word, err) < 0)
        return -1;
    *(enum layout *)option = (enum layout)word;
    return 0;
}

static json_t *write_layout(const void *option) {
    return json_string(layout_words[*(const enum layout *)option]);
}

static const char *const companion_words[] = {
    [COMPANIONS_NONE] = "none", [COMPANIONS_SLOT] = "slot", [COMPANIONS_GROUP] = "group"};

const char *companions_name(enum companions companions) {
    return companion_words[companions];
}

static int parse_companions(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    int word;
    if (value_word(value, companion_words, sizeof(companion_words) / sizeof(companion_words[0]), place, &word, err) < 0)
        return -1;
    *(enum companions *)option = (enum companions)word;
    return 0;
}

static json_t *write_companions(const void *option) {
    return json_string(companions_name(*(const enum companions *)option));
}

static const char *const igd_words[] = {[IGD_LEGACY] = "legacy", [IGD_UPT] = "upt"};
enum { IGD_WORDS = sizeof(igd_words) / sizeof(igd_words[0]) };

/* QEMU hw/vfio/igd.c: units of 32 MiB up to 0x40, and of 4 MiB from 0xf0 on; what it does not know it takes without a
 * message, or fails without one. */
enum { GMS_32_MIB_LAST = 0x40, GMS_4_MIB_FIRST = 0xf0, GMS_MAX = 0xfe };

static int parse_igd_mode(const json_t *value, const struct json_place *place, struct igd_wish *igd,
                          struct error *err) {
    int word;
    if (value_word(value, igd_words, IGD_WORDS, place, &word, err) < 0)
        return -1;
    igd->mode = word == IGD_LEGACY ? IGD_LEGACY : IGD_UPT;
    return 0;
}

static int parse_igd(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    static const char *const known[] = {"mode", "opRegion", "lpc", "gms", NULL};
    struct igd_wish *igd = option;
    if (!json_is_object(value))
        return parse_igd_mode(value, place, igd, err);
    const json_t *mode = json_object_get(value, "mode"), *region = json_object_get(value, "opRegion"),
                 *lpc = json_object_get(value, "lpc"), *gms = json_object_get(value, "gms");
    struct json_place mode_place = json_member(place, "mode"), region_place = json_member(place, "opRegion"),
                      lpc_place = json_member(place, "lpc"), gms_place = json_member(place, "gms");
    int64_t number = 0;
    if (json_only_keys(value, known, place, err) < 0)
        return -1;
    if (!mode)
        return error_set(err, ERROR_INPUT, "%s is missing: it must be \"legacy\" or \"upt\"", mode_place.text);
    if (parse_igd_mode(mode, &mode_place, igd, err) < 0 ||
        (region && value_toggle(region, &region_place, &igd->op_region, err) < 0) ||
        (lpc && value_toggle(lpc, &lpc_place, &igd->lpc, err) < 0) ||
        (gms && value_number(gms, 0, GMS_MAX, &gms_place, &number, err) < 0))
        return -1;
    if (number > GMS_32_MIB_LAST && number < GMS_4_MIB_FIRST)
        return error_set(err, ERROR_INPUT,
                         "%s: no iGPU has it: use 1 to %d (each 32 MiB) or %d to %d (4 MiB to 60 MiB)", gms_place.text,
                         GMS_32_MIB_LAST, GMS_4_MIB_FIRST, GMS_MAX);
    igd->gms = (uint32_t)number;
    return 0;
}

static json_t *write_igd(const void *option) {
    const struct igd_wish *igd = option;
    if (igd->op_region == TOGGLE_UNSET && igd->lpc == TOGGLE_UNSET && igd->gms == 0)
        return json_string(igd_words[igd->mode]);
    CLEANUP(json_decref) json_t *object = json_pack("{s:s}", "mode", igd_words[igd->mode]);
    if ((igd->op_region != TOGGLE_UNSET &&
         json_object_set_new(object, "opRegion", value_write_toggle(&igd->op_region)) < 0) ||
        (igd->lpc != TOGGLE_UNSET && json_object_set_new(object, "lpc", value_write_toggle(&igd->lpc)) < 0) ||
        (igd->gms != 0 && json_object_set_new(object, "gms", json_integer(igd->gms)) < 0))
        return NULL;
    return TAKE_PTR(object);
}

/* Four hexadecimal digits; QEMU takes ffff for "not given". */
static int parse_id_half(const json_t *value, const struct json_place *place, uint16_t *half, struct error *err) {
    uint32_t number = 0;
    char storage[QUOTED_MAX];
    const char *text = value_text(value, place, err);
    if (!text)
        return -1;
    if (strlen(text) != 4 || text_parse_hex(text, 4, &number) < 0 || number == 0xffff)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is not four hexadecimal digits below ffff, as 10de", place->text,
                         text_quotable(text, storage));
    *half = (uint16_t)number;
    return 0;
}

static int parse_ids(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    static const char *const known[] = {"vendor", "device", "subsystem", NULL};
    struct id_wish *ids = option;
    if (!json_is_object(value))
        return error_set(err, ERROR_INPUT,
                         "%s is %s: it must be an object with \"vendor\", \"device\" or \"subsystem\"", place->text,
                         json_type_name(value));
    if (json_only_keys(value, known, place, err) < 0)
        return -1;
    if (json_object_size(value) == 0)
        return error_set(err, ERROR_INPUT, "%s is empty: say \"vendor\", \"device\" or \"subsystem\"", place->text);
    const json_t *vendor = json_object_get(value, "vendor"), *device = json_object_get(value, "device"),
                 *subsystem = json_object_get(value, "subsystem");
    struct json_place vendor_place = json_member(place, "vendor"), device_place = json_member(place, "device"),
                      subsystem_place = json_member(place, "subsystem");
    if ((vendor && parse_id_half(vendor, &vendor_place, &ids->vendor, err) < 0) ||
        (device && parse_id_half(device, &device_place, &ids->device, err) < 0) ||
        (subsystem && value_pci_id(subsystem, &subsystem_place, &ids->subsystem, err) < 0))
        return -1;
    if (ids->subsystem.vendor == 0xffff || ids->subsystem.device == 0xffff)
        return error_set(err, ERROR_INPUT, "%s: ffff is no number that a device can have", subsystem_place.text);
    ids->has_vendor = vendor;
    ids->has_device = device;
    ids->has_subsystem = subsystem;
    return 0;
}

static json_t *write_ids(const void *option) {
    const struct id_wish *ids = option;
    CLEANUP(json_decref) json_t *object = json_object();
    if ((ids->has_vendor && json_object_set_new(object, "vendor", json_sprintf("%04x", ids->vendor)) < 0) ||
        (ids->has_device && json_object_set_new(object, "device", json_sprintf("%04x", ids->device)) < 0) ||
        (ids->has_subsystem && json_object_set_new(object, "subsystem", value_write_pci_id(&ids->subsystem)) < 0))
        return NULL;
    return TAKE_PTR(object);
}

static int parse_clique(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    int64_t number;
    if (value_number(value, 0, 15, place, &number, err) < 0)
        return -1;
    *(struct clique *)option = (struct clique){true, (uint8_t)number};
    return 0;
}

static json_t *write_clique(const void *option) {
    return json_integer(((const struct clique *)option)->number);
}

static int parse_driver_model(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    char storage[QUOTED_MAX];
    const char *text = value_text(value, place, err);
    if (!text)
        return -1;
    /* A kernel module's name. */
    if (!text_is_file_name(text, LABEL_MAX) || strchr(text, '.'))
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is no driver's name, as nvgrace_gpu_vfio_pci", place->text,
                         text_quotable(text, storage));
    memcpy(option, text, strlen(text) + 1);
    return 0;
}

static json_t *write_driver_model(const void *option) {
    return json_string(option);
}

static int parse_vfio(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    return vfio_values_parse(value, place, option, err);
}

static json_t *write_vfio(const void *option) {
    return vfio_values_write(option);
}

static void merge_vfio(void *into, const void *from) {
    vfio_values_merge(into, from);
}

static int parse_checks(const json_t *value, const struct json_place *place, void *option, struct error *err) {
    return check_modes_parse(value, place, option, err);
}

static json_t *write_checks(const void *option) {
    return check_modes_write(option);
}

static void merge_checks(void *into, const void *from) {
    check_modes_merge(into, from);
}

#define PLACE(member) offsetof(struct device_options, member), sizeof(((struct device_options *)0)->member)

static const struct option_row rows[OPTION_COUNT] = {
    [OPTION_ROM] = {"rom", PLACE(rom), parse_rom, write_rom, NULL, OPTION_OF_TENANTS},
    [OPTION_ROM_BAR] = {"romBar", PLACE(rom_bar), value_toggle, value_write_toggle, NULL, OPTION_OF_TENANTS},
    [OPTION_EXPECT] = {"expect", PLACE(expect), value_pci_id, value_write_pci_id, NULL, OPTION_OF_TENANTS},
    [OPTION_GUEST_ADDRESS] = {"guestAddress", PLACE(guest_address), parse_guest_address, write_guest_address, NULL,
                              OPTION_OF_TENANTS},
    [OPTION_LAYOUT] = {"layout", PLACE(layout), parse_layout, write_layout, NULL, OPTION_OF_TENANTS},
    [OPTION_COMPANIONS] = {"companions", PLACE(companions), parse_companions, write_companions, NULL, OPTION_OF_ADMINS},
    [OPTION_X_VGA] = {"xVga", PLACE(x_vga), value_toggle, value_write_toggle, NULL, OPTION_OF_ADMINS},
    [OPTION_DISPLAY] = {"display", PLACE(display), value_toggle, value_write_toggle, NULL, OPTION_OF_TENANTS},
    [OPTION_RAMFB] = {"ramfb", PLACE(ramfb), value_toggle, value_write_toggle, NULL, OPTION_OF_TENANTS},
    [OPTION_IGD] = {"igd", PLACE(igd), parse_igd, write_igd, NULL, OPTION_OF_ADMINS},
    [OPTION_IDS] = {"ids", PLACE(ids), parse_ids, write_ids, NULL, OPTION_OF_ADMINS},
    [OPTION_GPUDIRECT_CLIQUE] = {"gpudirectClique", PLACE(gpudirect_clique), parse_clique, write_clique, NULL,
                                 OPTION_OF_ADMINS},
    [OPTION_DRIVER_MODEL] = {"driverModel", PLACE(driver_model), parse_driver_model, write_driver_model, NULL,
                             OPTION_OF_TENANTS},
    [OPTION_VFIO] = {"vfio", PLACE(vfio), parse_vfio, write_vfio, merge_vfio, OPTION_OF_ADMINS},
    [OPTION_CHECKS] = {"checks", PLACE(checks), parse_checks, write_checks, merge_checks, OPTION_OF_ADMINS},
};
const struct option_table device_option_table = {rows, OPTION_COUNT, "of-a-device"};

int device_options_parse(json_t *object, const struct json_place *place, struct device_options *options,
                         struct error *err) {
    return options_parse(&device_option_table, object, place, options, err);
}

void device_options_merge(struct device_options *into, const struct device_options *from, uint8_t origin) {
    if (from->rom.choice == ROM_NONE)
        options_forget(&device_option_table, into, OPTION_ROM_BAR);
    options_merge(&device_option_table, into, from, origin);
}

json_t *device_options_to_json(const struct device_options *options) {
    return options_to_json(&device_option_table, options);
}

bool device_option_given(const struct device_options *options, enum device_option option) {
    return options_given(&device_option_table, options, option);
}

const char *device_option_name(enum device_option option) {
    return rows[option].name;
}

bool device_options_contradict(const struct device_options *options) {
    return options->rom.choice == ROM_NONE && options->rom_bar != TOGGLE_UNSET;
}
