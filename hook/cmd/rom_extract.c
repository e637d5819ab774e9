/* rom extract: a device's ROM from this host. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/rom.h"
#include "host/rom.h"
#include "rom/vfct.h"

enum { KEY_DEVICE = 'd', KEY_VFCT = 2000, KEY_SYSFS };

struct extract {
    const char *names[1];
    struct file_names files;
    struct output output;
    const char *device, *sysfs, *vfct;
    bool from_vfct;
};

static const struct argp_option options[] = {
    {"device", KEY_DEVICE, "ADDRESS|V:D", 0,
     "the device's host address; for VFCT also its ID, or nothing where the table has one image only", 0},
    {"vfct", KEY_VFCT, "FILE", OPTION_ARG_OPTIONAL,
     "take it from the ACPI table VFCT (default: the host's own), in which AMD's firmware hands out VBIOS images", 0},
    {"sysfs", KEY_SYSFS, "DIR", 0, "the host's /sys (default), or a folder laid out like it", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct extract *extract = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        extract->files = (struct file_names){extract->names, 0, 1, 1, "OUT"};
        state->child_inputs[0] = &extract->output;
        return 0;
    case KEY_DEVICE:
        extract->device = device_check(argument, state);
        return 0;
    case KEY_VFCT:
        extract->from_vfct = true;
        extract->vfct = argument;
        return 0;
    case KEY_SYSFS:
        extract->sysfs = argument;
        return 0;
    case ARGP_KEY_ARG:
        file_names_add(&extract->files, argument, state);
        return 0;
    case ARGP_KEY_END:
        file_names_check(&extract->files, state);
        if (!extract->device && !extract->from_vfct)
            argp_error(state, "--device or --vfct is needed");
        if (extract->device && !extract->from_vfct && pci_id_parse(extract->device, &(struct pci_id){0}) == 0)
            argp_error(state, "--device: '%s' is an ID: the card itself is found by its host address", extract->device);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --- from the card ------------------------------------------------------------------------------------------------ */

static int read_card(const struct extract *extract, struct buffer *content, struct error *err) {
    struct pci_address address;
    char storage[QUOTED_MAX];
    bool is_shadow = false;
    if (pci_address_parse(extract->device, &address) < 0)
        return error_set(err, ERROR_INPUT, "--device: \"%s\" is no host address, as 0000:e5:00.0",
                         text_quotable(extract->device, storage));
    if (host_read_rom(extract->sysfs, address, ROM_FILE_MAX, content, &is_shadow, err) < 0)
        return -1;
    if (is_shadow)
        fprintf(
            stderr,
            "warning: %s is the display that this host booted with: this is the firmware's copy of the ROM, which may "
            "have changed while it ran; compare it with the vendor's file\n",
            extract->device);
    return 0;
}

/* --- from VFCT ---------------------------------------------------------------------------------------------------- */

static void list_images(const struct vfct *vfct, struct buffer *text) {
    for (size_t i = 0; i < vfct->count; i++) {
        const struct vfct_image *image = &vfct->images[i];
        buffer_printf(text, "%s%04x:%04x at %02x:%02x.%x", i ? ", " : "", image->id.vendor, image->id.device,
                      (unsigned)image->bus, (unsigned)image->device, (unsigned)image->function);
    }
}

/* Linux asks for vendor, device, slot and function; the bus may have been renumbered since the firmware wrote the
 * table, and only decides between several (amdgpu_acpi_vfct_bios). */
static bool is_for(const struct vfct_image *image, const struct pci_identity *identity, bool has_id,
                   const struct pci_address *address) {
    if (has_id && !pci_id_equal(image->id, identity->id))
        return false;
    return !address || (image->device == address->slot && image->function == address->function);
}

static const struct vfct_image *choose(const struct vfct *vfct, const struct pci_identity *identity, bool has_id,
                                       const struct pci_address *address, size_t *fitting) {
    const struct vfct_image *found = NULL;
    *fitting = 0;
    for (size_t i = 0; i < vfct->count; i++) {
        const struct vfct_image *image = &vfct->images[i];
        if (!is_for(image, identity, has_id, address))
            continue;
        if (address && image->bus == address->bus) {
            *fitting = 1;
            return image;
        }
        found = found ? found : image;
        (*fitting)++;
    }
    return found;
}

static int find_image(const struct extract *extract, const struct vfct *vfct, const struct vfct_image **found,
                      struct error *err) {
    CLEANUP(buffer_free) struct buffer list = {0};
    struct pci_identity identity = {0};
    struct pci_address address;
    bool known = false, has_address = extract->device && pci_address_parse(extract->device, &address) == 0;
    size_t fitting;
    list_images(vfct, &list);
    if (buffer_check(&list, err) < 0)
        return -1;
    if (vfct->count == 0)
        return error_set(err, ERROR_INPUT, "the VFCT holds no image");
    /* A table from another machine goes by the address that it has itself. */
    if (extract->device && !(has_address && extract->vfct) &&
        device_resolve(extract->device, extract->sysfs, &identity, &known, err) < 0)
        return -1;
    *found = choose(vfct, &identity, identity.id.vendor != 0, has_address ? &address : NULL, &fitting);
    if (!*found)
        return error_set(err, ERROR_INPUT, "the VFCT has no image for %s: it has %s", extract->device, list.data);
    if (fitting > 1)
        return error_set(err, ERROR_INPUT, "the VFCT has several images: %s; choose one by its host address (--device)",
                         list.data);
    return 0;
}

static int read_vfct(const struct extract *extract, struct buffer *content, struct error *err) {
    CLEANUP(buffer_free) struct buffer table = {0};
    struct vfct vfct;
    const struct vfct_image *image = NULL;
    if (host_read_vfct(extract->sysfs, extract->vfct, ROM_FILE_MAX, &table, err) < 0)
        return -1;
    if (vfct_parse(buffer_bytes(&table), &vfct, err) < 0)
        return error_prefix(err, "%s", extract->vfct ? extract->vfct : "VFCT");
    if (vfct.sum != 0)
        fprintf(stderr, "warning: the bytes of the VFCT sum to 0x%02x instead of 0\n", vfct.sum);
    if (find_image(extract, &vfct, &image, err) < 0)
        return -1;
    buffer_append(content, table.data + image->offset, image->size);
    return buffer_check(content, err);
}

static int run(struct extract *extract, struct error *err) {
    CLEANUP(buffer_free) struct buffer content = {0};
    extract->output.path = extract->names[0];
    extract->sysfs = extract->sysfs ? extract->sysfs : "/sys";
    size_t inputs = extract->vfct ? 1 : 0;
    if (output_check(&extract->output, &extract->vfct, inputs, err) < 0 ||
        (extract->from_vfct ? read_vfct(extract, &content, err) : read_card(extract, &content, err)) < 0)
        return -1;
    return rom_write_result(&extract->output, &extract->vfct, inputs, buffer_bytes(&content), err);
}

int cmd_rom_extract(int argc, char **argv) {
    static const struct argp_child children[] = {{&output_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        "OUT --device ADDRESS\nOUT --vfct[=FILE] [--device ADDRESS|V:D]",
        "Reads a device's ROM from this host: from the card's ROM BAR, or from the ACPI table VFCT.\v"
        "The ROM BAR is enabled through sysfs, which root may do, and disabled again. The host must not be using the card "
        "meanwhile.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook rom extract vbios.rom --device 0000:01:00.0\n"
        "  kubevirt-gpu-hook rom extract igpu.rom --vfct\n"
        "Exit status: 0 written, 1 not, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct extract extract = {0};
    struct error err = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &extract) != 0)
        return EXIT_USAGE;
    return run(&extract, &err) < 0 ? rom_report_error(NULL, &err) : EXIT_FINE;
}
