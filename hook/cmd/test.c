/* test: golden cases of a user's own VMs, for CI. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/output.h"
#include "cmd/cmd.h"
#include "cmd/test_case.h"
#include "cmd/test_find.h"
#include "golden/report.h"

enum { KEY_UPDATE = 'u', KEY_OUTPUT = 'o', KEY_JUNIT = 2000 };

typedef int report_writer(const struct golden_results *results, struct buffer *out, struct error *err);

struct test {
    struct test_shared shared;
    const char *folder, *junit;
    bool update;
    report_writer *report;
};

static const struct argp_option options[] = {
    {"output", KEY_OUTPUT, "text|tap|junit", 0,
     "for people (the default), or for CI: the Test Anything Protocol, or JUnit's XML", 0},
    {"junit", KEY_JUNIT, "FILE", 0, "write JUnit's XML into this file, too; it is replaced", 0},
    {"update", KEY_UPDATE, NULL, 0,
     "make the expected files say what the hook does now: read the changes before you commit them. Refused where CI is "
     "set in the environment",
     0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    static const char *const names[] = {"text", "tap", "junit"};
    static report_writer *const reports[] = {golden_report_text, golden_report_tap, golden_report_junit};
    struct test *test = state->input;
    int chosen;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &test->shared.setup;
        state->child_inputs[1] = &test->shared.setup;
        return 0;
    case KEY_OUTPUT:
        chosen = text_choice(argument, names, sizeof(names) / sizeof(names[0]));
        if (chosen < 0)
            argp_error(state, "--output: '%s' is none of text, tap, junit", argument);
        else
            test->report = reports[chosen];
        return 0;
    case KEY_JUNIT:
        test->junit = argument;
        return 0;
    case KEY_UPDATE:
        test->update = true;
        return 0;
    case ARGP_KEY_ARG:
        if (test->folder)
            argp_error(state, "one folder too many: '%s'", argument);
        test->folder = argument;
        return 0;
    case ARGP_KEY_END:
        if (!test->folder)
            argp_error(state, "name the folder with the cases");
        if (test->update && getenv("CI"))
            argp_error(state, "--update is for people, who read what changes: CI is set");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The name of a case for people: where the folder is one itself, the folder's own. */
static const char *name_of(const char *folder, const char *path, char storage[PATH_MAX]) {
    if (strcmp(path, ".") != 0)
        return path;
    const char *slash = realpath(folder, storage) ? strrchr(storage, '/') : NULL;
    return slash && slash[1] ? slash + 1 : path;
}

static int run_cases(struct test *test, struct golden_results *results, struct error *err) {
    CLEANUP(names_free) struct names cases = {0};
    if (test_shared_check(&test->shared, err) < 0 || test_find(test->folder, &cases, err) < 0)
        return -1;
    if (cases.count == 0)
        return error_set(err, ERROR_INPUT,
                         "%s has no case, so nothing was tested: a case is a folder with vmi.json and in/NAME.xml",
                         test->folder);
    for (size_t i = 0; i < cases.count; i++) {
        char storage[PATH_MAX];
        CLEANUP(buffer_free) struct buffer path = {0};
        buffer_printf(&path, "%s/%s", test->folder, cases.list[i]);
        const struct test_case one = {
            .path = path.data, .name = name_of(test->folder, cases.list[i], storage), .update = test->update};
        if (buffer_check(&path, err) < 0 || test_case_run(&one, &test->shared, results, err) < 0)
            return -1;
    }
    return golden_results_check(results, err);
}

static int write_report(report_writer *writer, const char *path, const struct golden_results *results,
                        struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    const struct output output = {.path = path, .force = true};
    return writer(results, &text, err) < 0 ? -1 : output_write(&output, buffer_bytes(&text), err);
}

static int run(struct test *test, size_t *failed, struct error *err) {
    CLEANUP(golden_results_free) struct golden_results results = {0};
    const struct output junit = {.path = test->junit ? test->junit : "-", .force = true};
    if (output_check(&junit, NULL, 0, err) < 0)
        return -1;
    /* If this run fails as a whole, nobody shall take another run's results for its. */
    if (strcmp(junit.path, "-") != 0 && unlink(junit.path) < 0 && errno != ENOENT)
        return error_set_errno(err, ERROR_INPUT, errno, "cannot replace %s", junit.path);
    if (run_cases(test, &results, err) < 0)
        return -1;
    *failed = golden_failed(&results);
    if (test->junit && write_report(golden_report_junit, test->junit, &results, err) < 0)
        return -1;
    return write_report(test->report, "-", &results, err);
}

int cmd_test(int argc, char **argv) {
    static const struct argp_child children[] = {{&setup_argp, 0, NULL, 0}, {&setup_folder_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        "DIR",
        "Runs golden cases: is what the hook answers for these VMs still what somebody has read and found right? DIR is "
        "a case, or has cases somewhere below it. A case is a folder with vmi.json, domains in/NAME.xml, and what is "
        "expected of each: out/NAME.xml, and out/NAME.err where there are warnings or the VM is refused.\v"
        "Examples:\n"
        "  kubevirt-gpu-hook test gpu-tests --bundle ./lab --sysfs ./node\n"
        "  kubevirt-gpu-hook test gpu-tests --update       # write what is expected\n"
        "  kubevirt-gpu-hook test gpu-tests --junit report.xml\n"
        "A case's own bundle and sysfs (a snapshot of a node) are used in place of the command line's; its args (options "
        "of render, one a line) are read after them. docs/how-to/golden-tests.md says what is in a case and how to "
        "get it.\n"
        "Exit status: 0 all passed, 1 something failed or nothing was tested, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct test test = {
        .report = golden_report_text,
        .shared.setup.sysfs_help = "a snapshot of a node, for the cases that have none of their own. No default: the "
                                   "machine that runs the tests is no node",
    };
    struct error err = {0};
    size_t failed = 0;
    if (argp_parse(&argp, argc, argv, 0, NULL, &test) != 0)
        return EXIT_USAGE;
    int broken = run(&test, &failed, &err);
    test_shared_free(&test.shared);
    return broken ? setup_report(&err) : failed ? EXIT_BAD : EXIT_FINE;
}
