/* bundle verify: everything that can be wrong with a bundle, before a VM finds it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cmd/bundle.h"
#include "cmd/cmd.h"
#include "rom/bundle_check.h"
#include "rom/duplicates.h"

struct verify {
    const char *names[BUNDLE_SET_MAX];
    struct file_names paths;
    struct trust trust;
    enum report_format format;
};

/* What has been found in one bundle. */
struct report {
    const char *path;
    bool on_terminal;
    enum report_format format;
    size_t errors, warnings;
    json_t *findings; /* NULL unless JSON is wanted */
    bool failed;      /* no memory for them */
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct verify *verify = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        verify->paths = (struct file_names){verify->names, 0, 1, BUNDLE_SET_MAX, "BUNDLE..."};
        state->child_inputs[0] = &verify->trust;
        state->child_inputs[1] = &verify->format;
        return 0;
    case ARGP_KEY_ARG:
        file_names_add(&verify->paths, argument, state);
        return 0;
    case ARGP_KEY_END:
        file_names_check(&verify->paths, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void show_progress(void *owner, size_t done, size_t total) {
    const struct report *report = owner;
    if (report->on_terminal)
        fprintf(stderr, "\r%s: %zu of %zu ROMs%s", report->path, done, total, done == total ? "\n" : "");
}

static void add_finding(struct report *report, enum finding_level level, const char *file, size_t offset,
                        const char *text) {
    CLEANUP(free) char *clean = file ? strdup(file) : NULL;
    if (clean)
        text_make_printable(clean); /* a folder's stray files have any names */
    report->errors += level == FINDING_ERROR;
    report->warnings += level == FINDING_WARNING;
    if (report->format == REPORT_JSON) {
        json_t *object = json_pack("{s:s, s:s*, s:I, s:s}", "level", finding_level_name(level), "file", clean, "offset",
                                   (json_int_t)offset, "text", text);
        report->failed |= json_array_append_new(report->findings, object) < 0;
    } else if (clean)
        printf("  %-8s %s: 0x%zx: %s\n", finding_level_name(level), clean, offset, text);
    else
        printf("  %-8s %s\n", finding_level_name(level), text);
}

static void take_finding(void *owner, const char *file, const struct finding *finding) {
    add_finding(owner, finding->level, file, finding->offset, finding->text);
}

static void add_problem(struct report *report, const struct error *problem) {
    add_finding(report, FINDING_ERROR, NULL, 0, problem->message);
}

static void print_head(const struct bundle *bundle) {
    char key[MINISIGN_ID_TEXT];
    printf("%s: bundle \"%s\"%s%s, %zu ROMs%s%s\n", bundle->path, bundle->manifest.name,
           bundle->manifest.version ? " " : "", bundle->manifest.version ? bundle->manifest.version : "",
           bundle->manifest.count, bundle->is_signed ? ", signed by " : ", signature not asked for",
           bundle->is_signed ? minisign_id_text(bundle->signer, key) : "");
}

static void print_verdict(const struct report *report) {
    if (report->errors || report->warnings)
        printf("%s: %zu errors, %zu warnings\n", report->path, report->errors, report->warnings);
    else
        printf("%s: good\n", report->path);
}

/* One bundle; opened here, it stays open in *bundle for the look at duplicates. */
static void verify_one(struct report *report, const struct trust *trust, struct bundle **bundle) {
    struct error problem = {0};
    const struct bundle_observer observer = {report, show_progress, take_finding};
    *bundle = bundle_open(report->path, trust, &problem);
    if (*bundle && report->format == REPORT_TREE)
        print_head(*bundle);
    else if (report->format == REPORT_TREE)
        printf("%s\n", report->path);
    if (!*bundle || bundle_check(*bundle, &observer, &problem) < 0)
        add_problem(report, &problem);
    if (report->format == REPORT_TREE)
        print_verdict(report);
}

static void warn_of_duplicates(const struct opened_bundles *bundles) {
    CLEANUP(duplicates_free) struct duplicates duplicates = {0};
    struct error ignored = {0};
    char text[DUPLICATE_TEXT_MAX];
    if (duplicates_find(bundles->list, bundles->count, &duplicates, &ignored) < 0)
        return;
    for (size_t i = 0; i < duplicates.count; i++)
        fprintf(stderr, "warning: %s\n", duplicate_describe(&duplicates.list[i], text));
}

static json_t *report_json(const struct report *report, const struct bundle *bundle) {
    char key[MINISIGN_ID_TEXT];
    const char *signer = bundle && bundle->is_signed ? minisign_id_text(bundle->signer, key) : NULL;
    CLEANUP(free) char *path = utf8_sanitise(report->path);
    return json_pack("{s:s, s:s*, s:s*, s:s*, s:b, s:O}", "path", path, "name", bundle ? bundle->manifest.name : NULL,
                     "version", bundle ? bundle->manifest.version : NULL, "signedBy", signer, "good",
                     report->errors == 0, "findings", report->findings);
}

/* Returns the exit code, or -1. */
static int verify_all(const struct verify *verify, struct error *err) {
    CLEANUP(opened_bundles_close) struct opened_bundles bundles = {0};
    CLEANUP(json_decref) json_t *list = json_array();
    int code = EXIT_FINE;
    if (bundle_setup(err) < 0)
        return -1;
    for (size_t i = 0; i < verify->paths.count; i++) {
        CLEANUP(json_decref) json_t *findings = json_array();
        struct report report = {.path = verify->names[i],
                                .on_terminal = isatty(STDERR_FILENO) && isatty(STDOUT_FILENO),
                                .format = verify->format,
                                .findings = findings};
        struct bundle *bundle = NULL;
        verify_one(&report, &verify->trust, &bundle);
        if (bundle)
            bundles.list[bundles.count++] = bundle;
        if (report.errors)
            code = EXIT_BAD;
        if (report.failed || json_array_append_new(list, report_json(&report, bundle)) < 0)
            return error_no_memory(err);
    }
    if (verify->format == REPORT_JSON) {
        json_dumpf(list, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    warn_of_duplicates(&bundles);
    return code;
}

int cmd_bundle_verify(int argc, char **argv) {
    static const struct argp_child children[] = {{&trust_argp, 0, NULL, 0}, {&report_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        parse,
        "BUNDLE...",
        "Checks all of a bundle: the signature, where keys are given; the manifest; that each ROM is there, has its hash, "
        "and will do for the device that its match names; that no file lies there in vain.\v"
        "With several bundles, also what a later one has in vain because an earlier one has it too. Offsets are from the "
        "start of the file that is named.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook bundle verify lab\n"
        "  kubevirt-gpu-hook bundle verify lab.tar.zst --trusted-key lab.pub\n"
        "Exit status: 0 good (there may be warnings), 1 not, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct verify verify = {0};
    struct error err = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &verify) != 0)
        return EXIT_USAGE;
    int code = verify_all(&verify, &err);
    return code < 0 ? rom_report_error(NULL, &err) : code;
}
