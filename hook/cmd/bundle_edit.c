/* bundle init and bundle add: a bundle made by hand, in a folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/bundle.h"
#include "cmd/cmd.h"
#include "rom/bundle_check.h"
#include "rom/layout.h"

enum {
    KEY_BUNDLE_NAME = 'n',
    KEY_VERSION = 'V',
    KEY_ID = 'i',
    KEY_FORCE = 'f',
    KEY_SUBSYSTEM = 3000,
    KEY_REVISION,
    KEY_EXACT
};

#define ROM_FOLDER "roms"

/* A link could lead out of the bundle, where nobody will read. */
static int make_folder(const char *path, bool may_be_link, struct error *err) {
    struct stat status;
    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return error_set_errno(err, ERROR_INPUT, errno, "cannot make the folder %s", path);
    if (!may_be_link && lstat(path, &status) == 0 && !S_ISDIR(status.st_mode))
        return error_set(err, ERROR_INPUT, "%s is no folder: put one there", path);
    return 0;
}

static bool exists(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0;
}

static int manifest_save(const struct manifest *manifest, const char *folder, bool replace, struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(free) char *path = NULL;
    if (asprintf(&path, "%s/" STORE_MANIFEST, folder) < 0)
        return error_no_memory(err);
    const struct output output = {path, replace};
    if (!replace && exists(path))
        return error_set(err, ERROR_INPUT, "%s is there already: the folder is a bundle", path);
    if (manifest_write(manifest, &text, err) < 0 || output_check(&output, NULL, 0, err) < 0)
        return -1;
    return output_write(&output, buffer_bytes(&text), err);
}

/* --- init --------------------------------------------------------------------------------------------------------- */

struct init {
    const char *names[1];
    struct file_names files;
    const char *name, *version;
};

static const struct argp_option init_options[] = {
    {"name", KEY_BUNDLE_NAME, "NAME", 0, "the bundle's name in messages (default: the folder's)", 0},
    {"version", KEY_VERSION, "TEXT", 0, "the bundle's version, for people", 0},
    {0},
};

static error_t parse_init(int key, char *argument, struct argp_state *state) {
    struct init *init = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        init->files = (struct file_names){init->names, 0, 1, 1, "DIR"};
        return 0;
    case KEY_BUNDLE_NAME:
        init->name = argument;
        return 0;
    case KEY_VERSION:
        if (!text_is_printable(argument))
            argp_error(state, "--version: it has control characters in it, or is not UTF-8");
        init->version = argument;
        return 0;
    case ARGP_KEY_ARG:
        file_names_add(&init->files, argument, state);
        return 0;
    case ARGP_KEY_END:
        file_names_check(&init->files, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The last part of the path; `path` must outlive it unless it ends in slashes, which are cut off. */
static const char *folder_name(char *path) {
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        path[--size] = '\0';
    char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static int init_bundle(const struct init *init, struct error *err) {
    CLEANUP(free) char *folder = strdup(init->names[0]);
    CLEANUP(free) char *roms = NULL;
    if (!folder || asprintf(&roms, "%s/" ROM_FOLDER, init->names[0]) < 0)
        return error_no_memory(err);
    const char *name = init->name ? init->name : folder_name(folder);
    if (!text_is_file_name(name, LABEL_MAX))
        return error_set(err, ERROR_INPUT,
                         "\"%s\" cannot be a bundle's name: use up to %d of A-Z a-z 0-9 . _ -, not starting with a dot "
                         "(--name)",
                         name, LABEL_MAX);
    const struct manifest manifest = {.name = (char *)name, .version = (char *)init->version};
    if (make_folder(init->names[0], true, err) < 0 || make_folder(roms, false, err) < 0)
        return -1;
    return manifest_save(&manifest, init->names[0], false, err);
}

int cmd_bundle_init(int argc, char **argv) {
    static const struct argp argp = {init_options,
                                     parse_init,
                                     "DIR",
                                     "Starts a bundle: DIR/" STORE_MANIFEST " without any ROM, and DIR/" ROM_FOLDER
                                     ".\v"
                                     "Examples:\n"
                                     "  kubevirt-gpu-hook bundle init lab --version 2026.11\n"
                                     "Exit status: 0 done, 1 not, 64 wrong usage.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct init init = {0};
    struct error err = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &init) != 0)
        return EXIT_USAGE;
    return init_bundle(&init, &err) < 0 ? rom_report_error(NULL, &err) : EXIT_FINE;
}

/* --- add ---------------------------------------------------------------------------------------------------------- */

struct add {
    const char *names[2];
    struct file_names files;
    struct purpose_options purpose;
    const char *id;
    bool force, has_subsystem, has_revision, exact;
    struct pci_id subsystem;
    uint8_t revision;
};

static const struct argp_option add_options[] = {
    {"id", KEY_ID, "ID", 0, "the ROM's id in annotations and messages (default: the file's name)", 0},
    {"force", KEY_FORCE, NULL, 0, "add a ROM even though it cannot work", 0},
    {"subsystem", KEY_SUBSYSTEM, "V:D", 0, "only for this subsystem", 0},
    {"revision", KEY_REVISION, "XX", 0, "only for this revision", 0},
    {"exact", KEY_EXACT, NULL, 0, "only for the subsystem and revision of the device at the host address of --device",
     0},
    {0},
};

static error_t parse_add(int key, char *argument, struct argp_state *state) {
    struct add *add = state->input;
    uint32_t revision = 0;
    switch (key) {
    case ARGP_KEY_INIT:
        add->files = (struct file_names){add->names, 0, 2, 2, "DIR FILE"};
        add->purpose.device_is_optional = true;
        state->child_inputs[0] = &add->purpose;
        return 0;
    case KEY_ID:
        add->id = argument;
        return 0;
    case KEY_SUBSYSTEM:
        if (pci_id_parse(argument, &add->subsystem) < 0)
            argp_error(state, "--subsystem: '%s' is none: write vendor:device in hexadecimal, as 1462:1381", argument);
        add->has_subsystem = true;
        return 0;
    case KEY_REVISION:
        if (strlen(argument) != 2 || text_parse_hex(argument, 2, &revision) < 0)
            argp_error(state, "--revision: '%s' is not two hexadecimal digits", argument);
        add->revision = (uint8_t)revision;
        add->has_revision = true;
        return 0;
    case KEY_FORCE:
        add->force = true;
        return 0;
    case KEY_EXACT:
        add->exact = true;
        return 0;
    case ARGP_KEY_ARG:
        file_names_add(&add->files, argument, state);
        return 0;
    case ARGP_KEY_END:
        file_names_check(&add->files, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* An ID that somebody meant: not the junk that EFI images carry. */
static bool is_meant(struct pci_id id) {
    static const uint16_t vendors[] = {0x1002, 0x10de, 0x8086};
    for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++)
        if (id.vendor == vendors[i])
            return id.device != 0 && id.device != 0xffff;
    return false;
}

/* What the ROM itself says it is for: its first x86 image, or else an EFI image whose ID means something. */
static bool id_of_rom(struct bytes content, struct pci_id *id) {
    struct rom_layout layout;
    rom_layout(content, &layout);
    for (size_t i = 0; i < layout.rom.count; i++)
        if (layout.rom.images[i].code_type == ROM_CODE_X86) {
            *id = layout.rom.images[i].id;
            return true;
        }
    for (size_t i = 0; i < layout.rom.count; i++)
        if (layout.rom.images[i].code_type == ROM_CODE_EFI && is_meant(layout.rom.images[i].id)) {
            *id = layout.rom.images[i].id;
            return true;
        }
    return false;
}

static int find_match(const struct add *add, struct bytes content, struct rom_match *match, struct error *err) {
    struct pci_identity identity = {0};
    bool known = false;
    if (add->purpose.device) {
        if (device_resolve(add->purpose.device, add->purpose.sysfs, &identity, &known, err) < 0)
            return -1;
    } else if (!id_of_rom(content, &identity.id))
        return error_set(
            err, ERROR_INPUT,
            "%s does not say which device it is for: say it by --device (for an AMD GOP driver that is the "
            "GPU's audio function)",
            add->names[1]);
    if (add->exact && !known)
        return error_set(err, ERROR_INPUT, "--exact needs the host address of a device: --device 0000:e5:00.0, say");
    unsigned keys = MATCH_BIT(MATCH_VENDOR) | MATCH_BIT(MATCH_DEVICE);
    if (add->exact)
        keys |= MATCH_BIT(MATCH_SUBSYSTEM) | MATCH_BIT(MATCH_REVISION);
    if (add->has_subsystem) {
        keys |= MATCH_BIT(MATCH_SUBSYSTEM);
        identity.subsystem = add->subsystem;
    }
    if (add->has_revision) {
        keys |= MATCH_BIT(MATCH_REVISION);
        identity.revision = add->revision;
    }
    if (add->purpose.has_class) {
        keys |= MATCH_BIT(MATCH_FULL_CLASS);
        identity.class_code = add->purpose.class_code;
    }
    *match = match_of(&identity, keys);
    return 0;
}

/* The file's name without its ending, what cannot be in an id made "-". */
static void id_of_file(const char *path, char id[LABEL_MAX + 1]) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    size_t size = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    size = size > LABEL_MAX ? LABEL_MAX : size;
    for (size_t i = 0; i < size; i++) {
        bool good = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
                    (name[i] >= '0' && name[i] <= '9') || name[i] == '_' || (name[i] == '.' && i > 0);
        id[i] = good ? name[i] : '-';
    }
    id[size] = '\0';
}

/* Prints what there is to say of the ROM. Returns 1 if it will do, 0 if not, or -1 (memory). */
static int judge(const struct manifest_rom *rom, struct bytes content, struct error *err) {
    struct findings findings = {0};
    bundle_judge_rom(rom, content, &findings);
    if (findings_check(&findings, err) < 0)
        return -1;
    for (size_t i = 0; i < findings.count; i++)
        fprintf(stderr, "%s: 0x%zx: %s\n", finding_level_name(findings.list[i].level), findings.list[i].offset,
                findings.list[i].text);
    return !findings_first(&findings, FINDING_ERROR);
}

static int save(const struct add *add, struct bundle *bundle, const struct manifest_rom *rom, struct bytes content,
                struct error *err) {
    CLEANUP(free) char *path = NULL;
    CLEANUP(free) char *folder = NULL;
    if (asprintf(&path, "%s/%s", add->names[0], rom->file) < 0 ||
        asprintf(&folder, "%s/" ROM_FOLDER, add->names[0]) < 0)
        return error_no_memory(err);
    const struct output output = {path, false};
    if (make_folder(folder, false, err) < 0)
        return -1;
    if (exists(path))
        return error_set(err, ERROR_INPUT,
                         "%s is there already, for no ROM of the manifest: remove it, or choose an --id", path);
    if (output_write(&output, content, err) < 0)
        return -1;
    if (manifest_save(&bundle->manifest, add->names[0], true, err) == 0)
        return 0;
    remove(path); /* no ROM without its entry */
    return -1;
}

static void warn_of_signature(const char *folder) {
    CLEANUP(free) char *path = NULL;
    struct stat status;
    if (asprintf(&path, "%s/" STORE_SIGNATURE, folder) >= 0 && stat(path, &status) == 0)
        fprintf(stderr, "warning: %s is that of the manifest before: sign the bundle again\n", path);
}

/* Two at a time would each write a manifest without the other's ROM. The lock ends with the descriptor. */
static int lock_folder(const char *path, int *fd, struct error *err) {
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd >= 0 && flock(*fd, LOCK_EX) == 0)
        return 0;
    return error_set_errno(err, ERROR_INPUT, errno, "cannot open the bundle %s, which `bundle init` starts", path);
}

static int add_rom(const struct add *add, struct error *err) {
    CLEANUP(close_fd) int lock = -1;
    CLEANUP(bundle_close) struct bundle *bundle = NULL;
    CLEANUP(buffer_free) struct buffer content = {0};
    char id[LABEL_MAX + 1], file[LABEL_MAX + sizeof(ROM_FOLDER "/.rom")], text[MATCH_TEXT_MAX];
    const struct trust nobody = {0};
    if (bundle_setup(err) < 0 || lock_folder(add->names[0], &lock, err) < 0 ||
        !(bundle = bundle_open(add->names[0], &nobody, err)))
        return -1;
    if (store_is_packed(bundle->store))
        return error_set(err, ERROR_INPUT, "%s is a packed bundle: unpack it by tar, add to the folder, and pack that",
                         add->names[0]);
    if (rom_read_file(add->names[1], &content, err) < 0)
        return -1;
    id_of_file(add->names[1], id);
    snprintf(file, sizeof(file), ROM_FOLDER "/%s.rom", add->id ? add->id : id);
    struct manifest_rom rom = {.id = (char *)(add->id ? add->id : id), .file = file, .firmware = add->purpose.firmware};
    crypto_hash_sha256(rom.sha256, (const uint8_t *)content.data, content.size);
    if (find_match(add, buffer_bytes(&content), &rom.match, err) < 0 ||
        manifest_add_rom(&bundle->manifest, &rom, err) < 0)
        return -1;
    const int will_do = judge(&rom, buffer_bytes(&content), err);
    if (will_do < 0)
        return -1;
    if (!will_do && !add->force)
        return error_set(err, ERROR_REFUSED, "%s will not do for %s: see above; --force adds it all the same",
                         add->names[1], match_describe(&rom.match, text));
    if (save(add, bundle, &rom, buffer_bytes(&content), err) < 0)
        return -1;
    printf("%s: ROM \"%s\" for %s, firmware %s\n", add->names[0], rom.id, match_describe(&rom.match, text),
           firmware_name(rom.firmware));
    warn_of_signature(add->names[0]);
    return 0;
}

int cmd_bundle_add(int argc, char **argv) {
    static const struct argp_child children[] = {{&purpose_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        add_options,
        parse_add,
        "DIR FILE",
        "Copies a ROM into a bundle and enters it into the manifest, with its hash and the device that it is for.\v"
        "Without --device, the device is what the ROM itself says. --class and --firmware narrow the match too. A ROM that "
        "cannot work for that device is refused, unless --force is given.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook bundle add lab vbios.rom\n"
        "  kubevirt-gpu-hook bundle add lab gop.rom --device 1002:1640 --class 0403 \\\n"
        "      --firmware uefi\n"
        "Exit status: 0 added, 1 not, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct add add = {0};
    struct error err = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &add) != 0)
        return EXIT_USAGE;
    return add_rom(&add, &err) < 0 ? rom_report_error(NULL, &err) : EXIT_FINE;
}
