/* rom split, join and build-efi: ROMs taken apart and put together. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/rom.h"
#include "rom/build.h"
#include "rom/details.h"

enum { KEY_DEVICE = 'd', KEY_CLASS = 2000 };

struct make {
    const char *names[ROM_IMAGES_MAX + 1];
    struct file_names files;
    struct output output;
    bool is_build; /* of two children, see parse */
    struct pci_id ids[ROM_DEVICES_MAX];
    size_t id_count;
    uint32_t class_code;
};

typedef int make_fn(struct make *make, struct error *err);

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct make *make = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        make->files.names = make->names;
        state->child_inputs[0] = &make->output;
        if (make->is_build)
            state->child_inputs[1] = make;
        return 0;
    case ARGP_KEY_ARG:
        file_names_add(&make->files, argument, state);
        return 0;
    case ARGP_KEY_END:
        file_names_check(&make->files, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The last name is the output's. */
static int make_file(const struct argp *argp, int argc, char **argv, struct make *make, make_fn *run) {
    struct error err = {0};
    if (argp_parse(argp, argc, argv, 0, NULL, make) != 0)
        return EXIT_USAGE;
    make->output.path = make->names[make->files.count - 1];
    return run(make, &err) < 0 ? rom_report_error(NULL, &err) : EXIT_FINE;
}

/* --- split -------------------------------------------------------------------------------------------------------- */

/* dir/NUMBER-TYPE.EXTENSION */
static int write_part(const struct make *make, size_t number, const char *type, const char *extension,
                      struct bytes content, struct error *err) {
    CLEANUP(free) char *path = NULL;
    if (asprintf(&path, "%s/%zu-%s.%s", make->output.path, number, type, extension) < 0)
        return error_no_memory(err);
    const struct output output = {path, make->output.force};
    if (output_check(&output, make->names, 1, err) < 0 || output_write(&output, content, err) < 0)
        return -1;
    printf("%s: %zu bytes\n", path, content.size);
    return 0;
}

static int split_image(const struct make *make, struct bytes bytes, const struct rom_layout *layout, size_t number,
                       struct error *err) {
    CLEANUP(buffer_free) struct buffer part = {0};
    CLEANUP(buffer_free) struct buffer storage = {0};
    const struct rom_image *image = &layout->rom.images[number];
    char other[16];
    const char *type = rom_code_type_name(image->code_type);
    snprintf(other, sizeof(other), "type-%02x", image->code_type);
    if (rom_split(bytes, layout, number, &part, err) < 0 ||
        write_part(make, number, type ? type : other, "rom", buffer_bytes(&part), err) < 0)
        return -1;
    if (image->code_type != ROM_CODE_EFI)
        return 0;
    struct bytes driver;
    struct error problem = {0};
    struct pe pe;
    if (efi_image_driver(bytes, image, &storage, &driver, &problem) == 0 && pe_parse(driver, &pe, &problem) == 0) {
        if (pe.end < driver.size)
            driver.size = pe.end; /* the rest is padding of the image */
        return write_part(make, number, "efi", "efi", driver, err);
    }
    fprintf(stderr, "warning: %s\n", problem.message);
    return 0;
}

static int split(struct make *make, struct error *err) {
    CLEANUP(buffer_free) struct buffer in = {0};
    struct rom_layout layout;
    if (rom_read_file(make->names[0], &in, err) < 0)
        return -1;
    struct bytes bytes = buffer_bytes(&in);
    rom_layout(bytes, &layout);
    if (layout.rom.count == 0)
        return error_set(err, ERROR_INPUT, "%s: %s", make->names[0],
                         layout.is_isa ? "an x86 image without PCI data structure: there is nothing to split"
                                       : layout.defect.message);
    if (mkdir(make->output.path, 0777) < 0 && errno != EEXIST)
        return error_set_errno(err, ERROR_INPUT, errno, "cannot make the folder %s", make->output.path);
    for (size_t i = 0; i < layout.rom.count; i++)
        if (split_image(make, bytes, &layout, i, err) < 0)
            return error_prefix(err, "%s", make->names[0]);
    for (size_t i = 0; i < layout.hidden.count; i++) {
        const struct nvidia_image *image = &layout.hidden.images[i];
        if (write_part(make, layout.rom.count + i, "private", "bin",
                       (struct bytes){bytes.data + image->offset, image->size}, err) < 0)
            return -1;
    }
    /* What could be read is there; the rest is not. */
    if (layout.defect.code != ERROR_NONE)
        return error_set(err, ERROR_INPUT, "%s: %s", make->names[0], layout.defect.message);
    return 0;
}

int cmd_rom_split(int argc, char **argv) {
    static const struct argp_child children[] = {{&output_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        parse,
        "IN DIR",
        "Writes each image of a ROM into a file of its own, DIR/0-x86.rom, DIR/1-efi.rom, ..., and each EFI driver, "
        "unpacked, beside it (DIR/1-efi.efi).\v"
        "DIR is made if it is not there. Each file is an option ROM by itself: it says that it is the last image, and its "
        "sum stays right. NVIDIA's private images are written as they are.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook rom split vbios.rom parts\n"
        "Exit status: 0 written, 1 not all, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct make make = {.files = {.least = 2, .most = 2, .what = "IN DIR"}};
    return make_file(&argp, argc, argv, &make, split);
}

/* --- join --------------------------------------------------------------------------------------------------------- */

static int join(struct make *make, struct error *err) {
    CLEANUP(buffer_free) struct buffer out = {0};
    size_t count = make->files.count - 1;
    if (output_check(&make->output, make->names, count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buffer_free) struct buffer part = {0};
        if (rom_read_file(make->names[i], &part, err) < 0)
            return -1;
        if (rom_join(&out, buffer_bytes(&part), err) < 0)
            return error_prefix(err, "%s", make->names[i]);
    }
    return rom_write_result(&make->output, make->names, count, buffer_bytes(&out), err);
}

int cmd_rom_join(int argc, char **argv) {
    static const struct argp_child children[] = {{&output_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        parse,
        "IN... OUT",
        "Puts several ROMs into one file, in the order given: a VBIOS and a GOP driver, say.\v"
        "Only the last image says that it is the last; sums stay right. amdgpu looks for its tables in the first image "
        "only: AMD's VBIOS goes first.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook rom join vbios.rom gop.rom both.rom\n"
        "Exit status: 0 written, 1 not, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct make make = {.files = {.least = 2, .most = ROM_IMAGES_MAX + 1, .what = "IN... OUT"}};
    return make_file(&argp, argc, argv, &make, join);
}

/* --- build-efi ---------------------------------------------------------------------------------------------------- */

static error_t parse_build(int key, char *argument, struct argp_state *state) {
    struct make *make = state->input;
    switch (key) {
    case KEY_DEVICE:
        if (make->id_count == ROM_DEVICES_MAX)
            argp_error(state, "more than %d devices", ROM_DEVICES_MAX);
        else if (pci_id_parse(argument, &make->ids[make->id_count++]) < 0)
            argp_error(state, "--device: '%s' is no ID: write vendor:device in hexadecimal, as 1002:1681", argument);
        return 0;
    case KEY_CLASS:
        if (class_parse(argument, &make->class_code) < 0)
            argp_error(state, "--class: '%s' is not four or six hexadecimal digits", argument);
        return 0;
    case ARGP_KEY_END:
        if (make->id_count == 0)
            argp_error(state, "--device is needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option build_options[] = {
    {"device", KEY_DEVICE, "V:D", 0,
     "the ID, always in hexadecimal; repeat it for a device list (firmware compares neither)", 0},
    {"class", KEY_CLASS, "CLASS", 0, "the class in PCIR (default 0300, a VGA controller)", 0},
    {0},
};
static const struct argp build_argp = {build_options, parse_build, NULL, NULL, NULL, NULL, NULL};

static int build(struct make *make, struct error *err) {
    CLEANUP(buffer_free) struct buffer in = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    if (output_check(&make->output, make->names, 1, err) < 0 || rom_read_file(make->names[0], &in, err) < 0)
        return -1;
    if (rom_from_efi(buffer_bytes(&in), make->ids, make->id_count, make->class_code, &out, err) < 0)
        return error_prefix(err, "%s", make->names[0]);
    return rom_write_result(&make->output, make->names, 1, buffer_bytes(&out), err);
}

int cmd_rom_build_efi(int argc, char **argv) {
    static const struct argp_child children[] = {{&output_argp, 0, NULL, 0}, {&build_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        parse,
        "IN.efi OUT --device V:D",
        "Makes an option ROM of a UEFI driver, such as the GOP driver of a board's firmware.\v"
        "The driver goes in as it is, not compressed, so its signature stays right.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook rom build-efi AmdGop.efi gop.rom --device 1002:1640 \\\n"
        "      --class 0403\n"
        "Exit status: 0 written, 1 not, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct make make = {
        .files = {.least = 2, .most = 2, .what = "IN.efi OUT"}, .is_build = true, .class_code = CLASS_VGA << 8};
    return make_file(&argp, argc, argv, &make, build);
}
