/* bundle list and bundle match: what bundles hold, and who gets it. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cmd/bundle.h"
#include "cmd/cmd.h"
#include "rom/builtin.h"
#include "rom/match_explain.h"

struct look {
    const char *names[BUNDLE_SET_MAX];
    struct file_names paths;
    struct trust trust;
    enum report_format format;
    bool builtin;     /* list alone */
    bool has_purpose; /* of three children, see parse */
    struct purpose_options purpose;
};

enum { KEY_BUILTIN = 1000 };

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct look *look = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        look->paths = (struct file_names){look->names, 0, 1, BUNDLE_SET_MAX, "BUNDLE..."};
        state->child_inputs[0] = &look->trust;
        state->child_inputs[1] = &look->format;
        if (look->has_purpose)
            state->child_inputs[2] = &look->purpose;
        return 0;
    case KEY_BUILTIN:
        look->builtin = true;
        look->paths.least = 0;
        return 0;
    case ARGP_KEY_ARG:
        file_names_add(&look->paths, argument, state);
        return 0;
    case ARGP_KEY_END:
        file_names_check(&look->paths, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int print_json(json_t *value, struct error *err) {
    if (!value)
        return error_no_memory(err);
    json_dumpf(value, stdout, JSON_INDENT(2)); /* main sees whether that went well */
    putchar('\n');
    return 0;
}

/* --- list --------------------------------------------------------------------------------------------------------- */

static void list_tree(const struct bundle *bundle) {
    const struct manifest *manifest = &bundle->manifest;
    char key[MINISIGN_ID_TEXT], match[MATCH_TEXT_MAX];
    printf("%s%s%s (%s): %zu ROMs, %zu profiles%s%s\n", manifest->name, manifest->version ? " " : "",
           manifest->version ? manifest->version : "", bundle->path, manifest->count, manifest->profile_count,
           bundle->is_signed ? ", signed by " : "", bundle->is_signed ? minisign_id_text(bundle->signer, key) : "");
    for (size_t i = 0; i < manifest->count; i++) {
        const struct manifest_rom *rom = &manifest->roms[i];
        printf("  ROM %s: for %s, firmware %s, %s\n", rom->id, match_describe(&rom->match, match),
               firmware_name(rom->firmware), rom->file);
    }
    for (size_t i = 0; i < manifest->profile_count; i++) {
        const struct manifest_profile *profile = &manifest->profiles[i];
        CLEANUP(json_decref) json_t *options = device_options_to_json(&profile->options);
        CLEANUP(json_decref) json_t *guest = guest_options_to_json(&profile->guest);
        CLEANUP(free) char *text = options ? json_text(options, 0) : NULL;
        CLEANUP(free) char *guest_text = guest && json_object_size(guest) ? json_text(guest, 0) : NULL;
        bool only_guest = guest_text && json_object_size(options) == 0;
        printf("  profile for %s: %s%s%s\n", match_describe(&profile->match, match), text && !only_guest ? text : "",
               !guest_text  ? ""
               : only_guest ? "guest "
                            : ", guest ",
               guest_text ? guest_text : "");
        if (profile->about)
            printf("    %s\n", profile->about);
    }
}

/* The manifest as it stands in the bundle, and what is not in it. */
static json_t *list_json(const struct bundle *bundle, struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    char key[MINISIGN_ID_TEXT];
    if (manifest_write(&bundle->manifest, &text, err) < 0)
        return NULL;
    CLEANUP(json_decref) json_t *manifest = json_loadb(text.data, text.size, 0, NULL);
    const char *signer = bundle->is_signed ? minisign_id_text(bundle->signer, key) : NULL;
    CLEANUP(free) char *path = utf8_sanitise(bundle->path);
    json_t *object = json_pack("{s:s, s:s*, s:O}", "path", path, "signedBy", signer, "manifest", manifest);
    if (!object)
        error_no_memory(err);
    return object;
}

static int list_one(const struct look *look, const struct bundle *bundle, json_t *list, struct error *err) {
    if (look->format == REPORT_TREE)
        list_tree(bundle);
    else if (json_array_append_new(list, list_json(bundle, err)) < 0)
        return error_no_memory(err);
    return 0;
}

static int list_builtin(const struct look *look, json_t *list, struct error *err) {
    CLEANUP(manifest_free) struct manifest manifest = {0};
    if (builtin_profiles(&manifest, err) < 0)
        return -1;
    const struct bundle bundle = {.path = (char *)"compiled in", .manifest = manifest};
    return list_one(look, &bundle, list, err);
}

static int list_all(const struct look *look, struct error *err) {
    CLEANUP(opened_bundles_close) struct opened_bundles bundles = {0};
    CLEANUP(json_decref) json_t *list = json_array();
    if (opened_bundles_open(&bundles, &look->paths, &look->trust, err) < 0)
        return -1;
    for (size_t i = 0; i < bundles.count; i++)
        if (list_one(look, bundles.list[i], list, err) < 0)
            return -1;
    if (look->builtin && list_builtin(look, list, err) < 0)
        return -1;
    return look->format == REPORT_JSON ? print_json(list, err) : 0;
}

int cmd_bundle_list(int argc, char **argv) {
    static const struct argp_child children[] = {{&trust_argp, 0, NULL, 0}, {&report_argp, 0, NULL, 0}, {0}};
    static const struct argp_option options[] = {
        {"builtin", KEY_BUILTIN, NULL, 0, "also the profiles that are built in, for well-known hardware", 0}, {0}};
    static const struct argp argp = {options,
                                     parse,
                                     "[BUNDLE...]",
                                     "Prints what bundles hold; each is a folder or a packed bundle.\v"
                                     "ROMs are not read: for that there is `bundle verify`.\n"
                                     "Examples:\n"
                                     "  kubevirt-gpu-hook bundle list lab\n"
                                     "  kubevirt-gpu-hook bundle list --builtin --output json\n"
                                     "Exit status: 0 fine, 1 a bundle cannot be used, 64 wrong usage.",
                                     children,
                                     NULL,
                                     NULL};
    struct look look = {0};
    struct error err = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &look) != 0)
        return EXIT_USAGE;
    return list_all(&look, &err) < 0 ? rom_report_error(NULL, &err) : EXIT_FINE;
}

/* --- match -------------------------------------------------------------------------------------------------------- */

static const char *standing_name(enum match_standing standing) {
    static const char *const names[] = {
        [MATCH_WINS] = "wins", [MATCH_LOSES] = "loses", [MATCH_ADDS] = "adds", [MATCH_NEAR_MISS] = "does not fit"};
    return names[standing];
}

static void match_tree(const struct match_explanation *explanation) {
    char match[MATCH_TEXT_MAX];
    for (size_t i = 0; i < explanation->count; i++) {
        const struct match_line *line = &explanation->list[i];
        const struct rom_match *of = line->rom ? &line->rom->match : &line->profile->match;
        printf("  %-12s %s%s of bundle %s, for %s%s%s\n", standing_name(line->standing), line->rom ? "ROM " : "profile",
               line->rom ? line->rom->id : "", line->bundle->manifest.name, match_describe(of, match),
               *line->reason ? ": " : "", line->reason);
    }
}

static json_t *match_json(const struct match_explanation *explanation) {
    json_t *list = json_array();
    for (size_t i = 0; i < explanation->count; i++) {
        const struct match_line *line = &explanation->list[i];
        const struct rom_match *of = line->rom ? &line->rom->match : &line->profile->match;
        json_t *object = json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:o, s:s}", "kind", line->rom ? "rom" : "profile",
                                   "standing", standing_name(line->standing), "bundle", line->bundle->manifest.name,
                                   "id", line->rom ? line->rom->id : NULL, "file", line->rom ? line->rom->file : NULL,
                                   "match", match_to_json(of), "reason", line->reason);
        if (json_array_append_new(list, object) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static bool has_winner(const struct match_explanation *explanation) {
    for (size_t i = 0; i < explanation->count; i++)
        if (explanation->list[i].rom && explanation->list[i].standing == MATCH_WINS)
            return true;
    return false;
}

/* Returns the exit code, or -1. */
static int explain(const struct look *look, struct error *err) {
    CLEANUP(opened_bundles_close) struct opened_bundles bundles = {0};
    CLEANUP(match_explanation_free) struct match_explanation explanation = {0};
    struct pci_identity identity;
    bool known;
    char text[MATCH_TEXT_MAX];
    if (device_resolve(look->purpose.device, look->purpose.sysfs, &identity, &known, err) < 0 ||
        opened_bundles_open(&bundles, &look->paths, &look->trust, err) < 0)
        return -1;
    unsigned keys = known ? MATCH_ALL : MATCH_BIT(MATCH_VENDOR) | MATCH_BIT(MATCH_DEVICE);
    if (look->purpose.has_class) {
        keys |= MATCH_BIT(MATCH_CLASS) | MATCH_BIT(MATCH_FULL_CLASS);
        identity.class_code = look->purpose.class_code;
    }
    const struct rom_match device = match_of(&identity, keys);
    if (match_explain(bundles.list, bundles.count, &device, look->purpose.firmware, &explanation, err) < 0)
        return -1;
    if (look->format == REPORT_JSON) {
        CLEANUP(json_decref) json_t *list = match_json(&explanation);
        if (print_json(list, err) < 0)
            return -1;
    } else {
        printf("%s%s%s: %s\n", match_describe(&device, text), look->purpose.firmware == FIRMWARE_ANY ? "" : " under ",
               look->purpose.firmware == FIRMWARE_ANY ? "" : firmware_name(look->purpose.firmware),
               has_winner(&explanation) ? "gets a ROM" : "gets no ROM");
        match_tree(&explanation);
    }
    return has_winner(&explanation) ? EXIT_FINE : EXIT_BAD;
}

int cmd_bundle_match(int argc, char **argv) {
    static const struct argp_child children[] = {
        {&trust_argp, 0, NULL, 0}, {&report_argp, 0, NULL, 0}, {&purpose_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        parse,
        "BUNDLE... --device V:D|ADDRESS",
        "Says which ROM of the bundles, searched in this order, a device would get and why, which others fit less well or "
        "nearly, and which profiles speak of it.\v"
        "A host address gives all that a match can ask for; of an ID alone, subsystem, revision and class are not known.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook bundle match lab --device 0000:01:00.0\n"
        "  kubevirt-gpu-hook bundle match lab.tar.zst --device 1002:1681\n"
        "Exit status: 0 it gets a ROM, 1 it gets none or a bundle cannot be used, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct look look = {.has_purpose = true};
    struct error err = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &look) != 0)
        return EXIT_USAGE;
    int code = explain(&look, &err);
    return code < 0 ? rom_report_error(NULL, &err) : code;
}
