/* What may be said of a passthrough device, by the annotation and by profiles alike:
 *
 *   {"rom": "auto", "expect": "1002:1681", "layout": "multifunction", "vfio": {"x-no-geforce-quirks": true}}
 *
 * Every option is one row of the table in device_options.c; docs/options.md is their reference. Pure.
 */
#pragma once

#include "config/check_modes.h"
#include "config/option_table.h"
#include "config/option_value.h"
#include "config/vfio_properties.h"

enum rom_choice {
    ROM_UNSET,  /* the bundle's ROM if it has one for the device */
    ROM_AUTO,   /* the bundle must have one */
    ROM_NONE,   /* the guest sees no ROM at all, not even the device's own */
    ROM_DEVICE, /* the device's own ROM: the bundle is not asked */
    ROM_ID,     /* the bundle's ROM of this id */
};

struct rom_wish {
    enum rom_choice choice;
    char id[LABEL_MAX + 1]; /* with ROM_ID; a file name's characters only */
};

/* The functions of one slot of the host: each on a port of its own, or together on one slot of the guest. */
enum layout { LAYOUT_UNSET, LAYOUT_SEPARATE, LAYOUT_MULTIFUNCTION };

/* Which functions that KubeVirt left behind come along. */
enum companions { COMPANIONS_UNSET, COMPANIONS_NONE, COMPANIONS_SLOT, COMPANIONS_GROUP };

/* QEMU docs/igd-assign.txt */
struct igd_wish {
    enum { IGD_UNSET, IGD_LEGACY, IGD_UPT } mode;
    enum toggle op_region, lpc;
    uint32_t gms; /* the GMS field of the register GGC; 0: as on the host */
};

/* What the guest shall take the device for. */
struct id_wish {
    bool has_vendor, has_device, has_subsystem;
    uint16_t vendor, device;
    struct pci_id subsystem;
};

struct clique {
    bool given;
    uint8_t number; /* 0 to 15 */
};

enum device_option {
    OPTION_ROM,
    OPTION_ROM_BAR,
    OPTION_EXPECT,
    OPTION_GUEST_ADDRESS,
    OPTION_LAYOUT,
    OPTION_COMPANIONS,
    OPTION_X_VGA,
    OPTION_DISPLAY,
    OPTION_RAMFB,
    OPTION_IGD,
    OPTION_IDS,
    OPTION_GPUDIRECT_CLIQUE,
    OPTION_DRIVER_MODEL,
    OPTION_VFIO,
    OPTION_CHECKS,
    OPTION_COUNT
};

struct device_options {
    struct options_said said;
    struct rom_wish rom;
    enum toggle rom_bar;
    struct pci_id expect;             /* the device at the address must have these IDs */
    struct pci_address guest_address; /* never 0000:00:00.0, where the host bridge is */
    enum layout layout;
    enum companions companions;
    enum toggle x_vga, display, ramfb;
    struct igd_wish igd;
    struct id_wish ids;
    struct clique gpudirect_clique;
    char driver_model[LABEL_MAX + 1];
    struct vfio_values vfio;
    struct check_modes checks;
};

extern const struct option_table device_option_table;

/* As options_parse, options_merge, options_to_json and options_given, on this table. "rom": "none" in what is put over
 * others takes their "romBar" away where it does not give one itself: nothing is left to tune. */
int device_options_parse(json_t *object, const struct json_place *place, struct device_options *options,
                         struct error *err);
void device_options_merge(struct device_options *into, const struct device_options *from, uint8_t origin);
json_t *device_options_to_json(const struct device_options *options);
bool device_option_given(const struct device_options *options, enum device_option option);

/* "rom", "romBar", ...: the option's key. */
const char *device_option_name(enum device_option option);

/* "none", "slot" or "group". Never of COMPANIONS_UNSET. */
const char *companions_name(enum companions companions);

/* Do "rom": "none" and "romBar" contradict each other? */
bool device_options_contradict(const struct device_options *options);
