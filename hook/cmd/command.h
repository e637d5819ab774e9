/* Tables of commands: the program's own and those of `rom` and `bundle`. */
#pragma once

#include <stddef.h>

struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the whole name, for messages */
    const char *summary;
};

/* Runs the command that argv[1] names, with what stands behind it, and returns its exit code. Without one, or with
 * --help, prints the table; an unknown one is wrong usage. `program` is the name so far ("kubevirt-gpu-hook rom"),
 * `about` one sentence. */
int command_choose(const char *program, const char *about, const struct command *commands, size_t count, int argc,
                   char **argv);

/* Runs one command. */
int command_run(const char *program, const struct command *command, int argc, char **argv);
