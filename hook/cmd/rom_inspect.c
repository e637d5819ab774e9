/* rom inspect and rom verify: what is in a file, and what it is good for. */
#include <stdio.h>

#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/rom.h"
#include "rom/examine.h"
#include "rom/report.h"

enum { FILES_MAX = 256 };

struct look {
    enum report_format format;
    bool has_purpose; /* of two children, see parse */
    struct purpose_options purpose;
    struct file_names files;
};

/* What a command says of one file: a tree into `out`, or a JSON value. Returns whether the file is good. */
typedef bool explain_fn(const char *name, struct bytes bytes, const struct rom_purpose *purpose,
                        enum report_format format, struct buffer *out, json_t **json);

static int print_json(json_t *list) {
    int failed = json_dumpf(list, stdout, JSON_INDENT(2));
    putchar('\n');
    return failed;
}

/* All files, even when one cannot be read. */
static int look_at_all(const struct look *look, const struct rom_purpose *purpose, explain_fn *explain) {
    CLEANUP(json_decref) json_t *list = json_array();
    int code = EXIT_FINE;
    for (size_t i = 0; i < look->files.count; i++) {
        CLEANUP(buffer_free) struct buffer content = {0};
        CLEANUP(buffer_free) struct buffer text = {0};
        const char *name = look->files.names[i];
        struct error err = {0};
        json_t *json = NULL;
        if (rom_read_file(name, &content, &err) < 0) {
            code = rom_report_error(NULL, &err);
            continue;
        }
        if (!explain(name, buffer_bytes(&content), purpose, look->format, &text, &json))
            code = EXIT_BAD;
        if (look->format == REPORT_TREE && buffer_check(&text, &err) == 0)
            fwrite(text.data, 1, text.size, stdout); /* main sees whether that went well */
        if (look->format == REPORT_JSON && json_array_append_new(list, json) < 0)
            error_no_memory(&err);
        if (err.code != ERROR_NONE)
            code = rom_report_error(name, &err);
    }
    if (look->format == REPORT_JSON && print_json(list) < 0)
        code = EXIT_BAD;
    return code;
}

static bool inspect(const char *name, struct bytes bytes, const struct rom_purpose *purpose, enum report_format format,
                    struct buffer *out, json_t **json) {
    (void)purpose;
    struct rom_layout layout;
    struct findings findings = {0};
    rom_layout(bytes, &layout);
    rom_examine(bytes, &layout, &findings);
    if (format == REPORT_JSON)
        *json = rom_report_json(name, bytes, &layout, &findings);
    else
        rom_report_tree(name, bytes, &layout, &findings, out);
    return !findings_first(&findings, FINDING_ERROR);
}

static bool verify(const char *name, struct bytes bytes, const struct rom_purpose *purpose, enum report_format format,
                   struct buffer *out, json_t **json) {
    struct rom_verdict verdict;
    rom_judge(bytes, purpose, &verdict);
    if (format == REPORT_JSON)
        *json = rom_verdict_json(name, purpose, &verdict);
    else
        rom_verdict_tree(name, purpose, &verdict, out);
    return !findings_first(&verdict.findings, FINDING_ERROR);
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct look *look = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &look->format;
        if (look->has_purpose)
            state->child_inputs[1] = &look->purpose;
        return 0;
    case ARGP_KEY_ARG:
        file_names_add(&look->files, argument, state);
        return 0;
    case ARGP_KEY_END:
        file_names_check(&look->files, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int cmd_rom_inspect(int argc, char **argv) {
    static const struct argp_child children[] = {{&report_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        parse,
        "FILE...",
        "Prints what is in a ROM file: the image chain, what vendors put around and into it, and all that is odd.\v"
        "- is standard input. Offsets are from the start of the file. The JSON is a list, an element a file.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook rom inspect vbios.rom\n"
        "  kubevirt-gpu-hook rom inspect *.rom --output json\n"
        "Exit status: 0 an option ROM without a defect, 1 anything else, 64 wrong usage.",
        children,
        NULL,
        NULL};
    const char *names[FILES_MAX];
    struct look look = {.files = {names, 0, 1, FILES_MAX, "FILE..."}};
    if (argp_parse(&argp, argc, argv, 0, NULL, &look) != 0)
        return EXIT_USAGE;
    return look_at_all(&look, NULL, inspect);
}

int cmd_rom_verify(int argc, char **argv) {
    static const struct argp_child children[] = {{&report_argp, 0, NULL, 0}, {&purpose_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        parse,
        "FILE... --device V:D|ADDRESS [--firmware bios|uefi]",
        "Says who will make use of a ROM: SeaBIOS, OVMF, the guest's driver, and who will not and why.\v"
        "An error means that the sidecar would refuse the VM; a warning, that somebody who expects this ROM to do "
        "something will be disappointed; a remark, that nothing suffers.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook rom verify vbios.rom --device 1002:1681 --firmware uefi\n"
        "  kubevirt-gpu-hook rom verify vbios.rom --device 0000:01:00.0\n"
        "Exit status: 0 good, 1 it will not do, 64 wrong usage.",
        children,
        NULL,
        NULL};
    const char *names[FILES_MAX];
    struct look look = {.has_purpose = true, .files = {names, 0, 1, FILES_MAX, "FILE..."}};
    if (argp_parse(&argp, argc, argv, 0, NULL, &look) != 0)
        return EXIT_USAGE;
    struct error err = {0};
    struct rom_purpose purpose;
    if (purpose_resolve(&look.purpose, &purpose, &err) < 0)
        return rom_report_error(NULL, &err);
    return look_at_all(&look, &purpose, verify);
}
