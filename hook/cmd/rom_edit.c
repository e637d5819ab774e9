/* rom trim, set-id and fix-checksum: one ROM in, one out. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/rom.h"
#include "rom/repair.h"

enum { KEY_DEVICE = 'd', KEY_SYSFS = 2000 };

struct edit {
    const char *names[2];
    struct file_names files;
    struct output output;
    bool has_id; /* of two children, see parse */
    const char *device, *sysfs;
};

typedef int edit_fn(const struct edit *edit, struct bytes in, struct buffer *out, struct error *err);

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct edit *edit = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        edit->files = (struct file_names){edit->names, 0, 2, 2, "IN OUT"};
        state->child_inputs[0] = &edit->output;
        if (edit->has_id)
            state->child_inputs[1] = edit;
        return 0;
    case ARGP_KEY_ARG:
        file_names_add(&edit->files, argument, state);
        return 0;
    case ARGP_KEY_END:
        file_names_check(&edit->files, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_id(int key, char *argument, struct argp_state *state) {
    struct edit *edit = state->input;
    switch (key) {
    case KEY_DEVICE:
        edit->device = device_check(argument, state);
        return 0;
    case KEY_SYSFS:
        edit->sysfs = argument;
        return 0;
    case ARGP_KEY_END:
        if (!edit->device)
            argp_error(state, "--device is needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option id_options[] = {
    {"device", KEY_DEVICE, "V:D|ADDRESS", 0, "the ID, in hexadecimal, or the host address of a device that has it", 0},
    {"sysfs", KEY_SYSFS, "DIR", 0, "where a host address is looked up (default /sys)", 0},
    {0},
};
static const struct argp id_argp = {id_options, parse_id, NULL, NULL, NULL, NULL, NULL};

/* Reads, edits, writes. Errors name the input. */
static int run(struct edit *edit, edit_fn *apply, struct error *err) {
    CLEANUP(buffer_free) struct buffer in = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    edit->output.path = edit->names[1];
    if (output_check(&edit->output, edit->names, 1, err) < 0 || rom_read_file(edit->names[0], &in, err) < 0)
        return -1;
    if (apply(edit, buffer_bytes(&in), &out, err) < 0)
        return error_prefix(err, "%s", edit->names[0]);
    return rom_write_result(&edit->output, edit->names, 1, buffer_bytes(&out), err);
}

static int apply_trim(const struct edit *edit, struct bytes in, struct buffer *out, struct error *err) {
    (void)edit;
    return rom_trim(in, out, err);
}

static int apply_id(const struct edit *edit, struct bytes in, struct buffer *out, struct error *err) {
    struct pci_identity identity;
    bool known;
    if (device_resolve(edit->device, edit->sysfs, &identity, &known, err) < 0)
        return -1;
    return rom_set_id(in, identity.id, out, err);
}

static int apply_checksum(const struct edit *edit, struct bytes in, struct buffer *out, struct error *err) {
    struct rom_balance balances[ROM_IMAGES_MAX];
    size_t count;
    if (rom_fix_checksum(in, out, balances, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "%s: image %zu: byte 0x%zx from %02x to %02x\n", edit->names[0], balances[i].image,
                balances[i].offset, balances[i].before, balances[i].after);
    if (count == 0)
        fprintf(stderr, "%s: every x86 image sums to 0 already\n", edit->names[0]);
    return 0;
}

static int edit_file(const struct argp *argp, int argc, char **argv, edit_fn *apply) {
    struct edit edit = {.has_id = apply == apply_id};
    struct error err = {0};
    if (argp_parse(argp, argc, argv, 0, NULL, &edit) != 0)
        return EXIT_USAGE;
    return run(&edit, apply, &err) < 0 ? rom_report_error(NULL, &err) : EXIT_FINE;
}

int cmd_rom_trim(int argc, char **argv) {
    static const struct argp_child children[] = {{&output_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        parse,
        "IN OUT",
        "Cuts the image chain that firmware reads out of a dump of the flash chip.\v"
        "What goes: NVIDIA's NVGI header in front and its private images behind, what stands around the VBIOS in AMD's "
        "flash dumps, padding. The image chain stays as it is, to the byte.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook rom trim gpu-z-dump.rom vbios.rom\n"
        "Exit status: 0 written, 1 not, 64 wrong usage.",
        children,
        NULL,
        NULL};
    return edit_file(&argp, argc, argv, apply_trim);
}

int cmd_rom_set_id(int argc, char **argv) {
    static const struct argp_child children[] = {{&output_argp, 0, NULL, 0}, {&id_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        parse,
        "IN OUT --device V:D|ADDRESS",
        "Gives every x86 and EFI image of a ROM another vendor and device ID.\v"
        "The sums of x86 images stay right; nothing inside an EFI driver changes. A device list stays as it is.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook rom set-id gop.rom gop-1640.rom --device 1002:1640\n"
        "Exit status: 0 written, 1 not, 64 wrong usage.",
        children,
        NULL,
        NULL};
    return edit_file(&argp, argc, argv, apply_id);
}

int cmd_rom_fix_checksum(int argc, char **argv) {
    static const struct argp_child children[] = {{&output_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        parse,
        "IN OUT",
        "Makes every x86 image of a ROM sum to 0, by the one byte that its vendor keeps for that.\v"
        "A wrong sum mostly means a damaged file: this makes it pass, not work. EFI images have no sum and are left "
        "alone.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook rom fix-checksum edited.rom vbios.rom\n"
        "Exit status: 0 written, 1 not, 64 wrong usage.",
        children,
        NULL,
        NULL};
    return edit_file(&argp, argc, argv, apply_checksum);
}
