/* rom diff: what differs between two ROMs. */
#include <stdio.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/rom.h"
#include "rom/compare.h"

struct pair {
    const char *names[2];
    struct file_names files;
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct pair *pair = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        pair->files = (struct file_names){pair->names, 0, 2, 2, "A B"};
        return 0;
    case ARGP_KEY_ARG:
        file_names_add(&pair->files, argument, state);
        return 0;
    case ARGP_KEY_END:
        file_names_check(&pair->files, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int run(const struct pair *pair, struct buffer *out, struct error *err) {
    CLEANUP(buffer_free) struct buffer before = {0};
    CLEANUP(buffer_free) struct buffer after = {0};
    if (rom_read_file(pair->names[0], &before, err) < 0 || rom_read_file(pair->names[1], &after, err) < 0)
        return -1;
    return rom_compare(pair->names[0], buffer_bytes(&before), pair->names[1], buffer_bytes(&after),
                       isatty(STDOUT_FILENO), out, err);
}

int cmd_rom_diff(int argc, char **argv) {
    static const struct argp argp = {
        NULL,
        parse,
        "A B",
        "Prints what differs between two ROMs: in what `rom inspect` tells, and the ranges of bytes.\v"
        "Examples:\n"
        "  kubevirt-gpu-hook rom diff downloaded.rom extracted.rom\n"
        "Exit status: 0 they are equal, 1 they differ or cannot be read, 64 wrong usage.",
        NULL,
        NULL,
        NULL};
    struct pair pair = {0};
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &pair) != 0)
        return EXIT_USAGE;
    if (run(&pair, &out, &err) < 0)
        return rom_report_error(NULL, &err);
    if (out.size > 0)
        fwrite(out.data, 1, out.size, stdout);
    return out.size > 0 ? EXIT_BAD : EXIT_FINE;
}
