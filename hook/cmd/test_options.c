#include "cmd/test_options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cmd/test_files.h"

enum { ARGS_SIZE = 65536, ARGS_COUNT = 256 };

/* --- the command line's ------------------------------------------------------------------------------------------- */

static int find(const char *path, const char *option, char **real, struct error *err) {
    CLEANUP(free) char *found = realpath(path, NULL);
    if (!found)
        return error_set_errno(err, ERROR_INPUT, errno, "%s %s", option, path);
    if (*path != '/')
        *real = TAKE_PTR(found);
    return 0;
}

int test_shared_check(struct test_shared *shared, struct error *err) {
    struct setup setup = shared->setup;
    struct bundle_view view = {0};
    struct stat status;
    for (size_t i = 0; i < setup.path_count; i++)
        if (find(setup.bundle_paths[i], "--bundle", &shared->bundles[i], err) < 0)
            return -1;
    if (setup.sysfs && find(setup.sysfs, "--sysfs", &shared->sysfs, err) < 0)
        return -1;
    if (setup.sysfs && (stat(setup.sysfs, &status) < 0 || !S_ISDIR(status.st_mode)))
        return error_set(err, ERROR_INPUT, "--sysfs %s is no folder", setup.sysfs);
    int failed = setup_open(&setup, err);
    if (!failed) {
        bundle_set_acquire(setup.walk.bundles, &view);
        if (view.error.code != ERROR_NONE)
            failed = error_set(err, view.error.code, "%s", view.error.message);
        bundle_set_release(setup.walk.bundles);
    }
    setup_close(&setup);
    return failed;
}

void test_shared_free(struct test_shared *shared) {
    for (size_t i = 0; i < BUNDLE_SET_MAX; i++)
        free(shared->bundles[i]);
    free(shared->sysfs);
}

/* --- a case's ----------------------------------------------------------------------------------------------------- */

/* How far two absolute paths without links go together, up to and without a slash. */
static size_t common(const char *a, const char *b) {
    size_t end = 0, i = 0;
    while (a[i] && a[i] == b[i]) {
        i++;
        if ((a[i] == '/' || !a[i]) && (b[i] == '/' || !b[i]))
            end = i;
    }
    return end;
}

/* Appends the way from folder `from` to `to`, both absolute and without links. What was given relative to where the
 * command runs stays relative, so that a message that names it is the same on every machine. */
static int add_relative(struct names *paths, const char *from, const char *to, struct error *err) {
    CLEANUP(buffer_free) struct buffer path = {0};
    size_t shared = common(from, to);
    for (const char *c = from + shared; *c; c++)
        if (*c == '/' && c[1])
            buffer_append_text(&path, "../");
    buffer_append_text(&path, to[shared] == '/' ? to + shared + 1 : to + shared);
    if (path.size == 0)
        buffer_append_text(&path, ".");
    else if (path.data[path.size - 1] == '/')
        path.data[path.size - 1] = '\0';
    buffer_append(&path, "", 1);
    return buffer_check(&path, err) < 0 ? -1 : names_add(paths, path.data, err);
}

static int move(struct test_options *options, const struct test_shared *shared, struct error *err) {
    char here[PATH_MAX];
    struct setup *setup = &options->setup;
    if (!getcwd(here, sizeof(here)))
        return error_set_errno(err, ERROR_INPUT, errno, "cannot tell where the case lies");
    for (size_t i = 0; i < setup->path_count; i++) {
        if (!shared->bundles[i])
            continue;
        if (add_relative(&options->paths, here, shared->bundles[i], err) < 0)
            return -1;
        setup->bundle_paths[i] = options->paths.list[options->paths.count - 1];
    }
    if (!shared->sysfs)
        return 0;
    if (add_relative(&options->paths, here, shared->sysfs, err) < 0)
        return -1;
    setup->sysfs = options->paths.list[options->paths.count - 1];
    return 0;
}

/* A bundle or host of the case's own: in it, or a link to one that several share. */
static int check_own(int case_fd, const char *name, struct error *err) {
    struct stat status;
    char target[PATH_MAX];
    if (readlinkat(case_fd, name, target, sizeof(target)) > 0 && *target == '/')
        return error_set(err, ERROR_INPUT, "%s is an absolute link: make it a relative one, for other machines", name);
    if (fstatat(case_fd, name, &status, 0) < 0)
        return error_set_errno(err, ERROR_INPUT, errno, "%s leads nowhere", name);
    if (!S_ISDIR(status.st_mode) && !(S_ISREG(status.st_mode) && strcmp(name, "bundle") == 0))
        return error_set(err, ERROR_INPUT, "%s is not what it should be: a folder", name);
    return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    (void)argument;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    state->child_inputs[1] = state->input;
    return 0;
}

/* Refuses what options would wait for: standard input, pipes, devices. */
static int check_value(const char *line, struct error *err) {
    const char *equals = *line == '-' ? strchr(line, '=') : NULL, *value = equals ? equals + 1 : line;
    struct stat status;
    if (strcmp(value, "-") == 0 || (stat(value, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
        return error_set(err, ERROR_INPUT, "args: %s is neither a file nor a folder", value);
    return 0;
}

static int split(struct test_options *options, char *name, int *argc, struct error *err) {
    options->argv = calloc(ARGS_COUNT + 2, sizeof(*options->argv));
    if (!options->argv)
        return error_no_memory(err);
    options->argv[(*argc)++] = name;
    for (char *line = options->args.data; *line;) {
        char *end = line + strcspn(line, "\n"), *next = *end ? end + 1 : end;
        *end = '\0';
        if (*argc > ARGS_COUNT)
            return error_set(err, ERROR_LIMIT, "args: more than %d lines", ARGS_COUNT);
        if (check_value(line, err) < 0)
            return -1;
        if (*line)
            options->argv[(*argc)++] = line;
        line = next;
    }
    return 0;
}

/* argp and getopt speak to stderr, and of a case's options its result shall speak. */
static int parse_args(struct test_options *options, int argc, struct error *err) {
    static const struct argp_child children[] = {{&setup_argp, 0, NULL, 0}, {&setup_folder_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {NULL, parse, NULL, NULL, children, NULL, NULL};
    char *said = NULL;
    size_t size = 0;
    FILE *terminal = stderr, *memory = open_memstream(&said, &size);
    if (!memory)
        return error_no_memory(err);
    stderr = memory;
    error_t failed = argp_parse(&argp, argc, options->argv, ARGP_NO_EXIT | ARGP_NO_HELP, NULL, &options->setup);
    stderr = terminal;
    if (fclose(memory) != 0 || !said)
        failed = error_no_memory(err);
    else if (size > 0)
        failed = error_set(err, ERROR_INPUT, "%.*s", (int)strcspn(said, "\n"), said);
    else if (failed)
        error_set_errno(err, ERROR_INPUT, failed, "args");
    free(said);
    return failed ? -1 : 0;
}

static int read_args(struct test_options *options, int case_fd, size_t own_bundles, struct error *err) {
    static char name[] = "args";
    int argc = 0;
    const char *sysfs = options->setup.sysfs;
    if (test_read(case_fd, name, ARGS_SIZE, &options->args, err) < 0)
        return -1;
    if (options->args.size && memchr(options->args.data, '\0', options->args.size))
        return error_set(err, ERROR_INPUT, "args: it is no text");
    buffer_append(&options->args, "", 1);
    if (buffer_check(&options->args, err) < 0 || split(options, name, &argc, err) < 0 ||
        parse_args(options, argc, err) < 0)
        return -1;
    for (size_t i = own_bundles; i < options->setup.path_count; i++)
        if (*options->setup.bundle_paths[i] == '/')
            return error_set(err, ERROR_INPUT, "args: --bundle %s is absolute: name it from the case's folder",
                             options->setup.bundle_paths[i]);
    if (options->setup.sysfs && options->setup.sysfs != sysfs && *options->setup.sysfs == '/')
        return error_set(err, ERROR_INPUT, "args: --sysfs %s is absolute: name it from the case's folder",
                         options->setup.sysfs);
    return 0;
}

int test_options_read(struct test_options *options, int case_fd, const struct names *top,
                      const struct test_shared *shared, struct error *err) {
    options->setup = shared->setup;
    struct setup *setup = &options->setup;
    if (move(options, shared, err) < 0)
        return -1;
    if (names_have(top, "bundle")) {
        if (check_own(case_fd, "bundle", err) < 0)
            return -1;
        setup->bundle_paths[0] = "bundle";
        setup->path_count = 1;
    }
    if (names_have(top, "sysfs")) {
        if (check_own(case_fd, "sysfs", err) < 0)
            return -1;
        setup->sysfs = "sysfs";
    }
    if (names_have(top, "args") && read_args(options, case_fd, setup->path_count, err) < 0)
        return -1;
    if (!setup->sysfs)
        return error_set(err, ERROR_INPUT,
                         "there is no host to look at: put a snapshot at sysfs, or say --sysfs DIR for all cases");
    return 0;
}

void test_options_free(struct test_options *options) {
    names_free(&options->paths);
    buffer_free(&options->args);
    free(options->argv);
}
