#include "cmd/command.h"

#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

static int print_help(FILE *stream, const char *program, const char *about, const struct command *commands,
                      size_t count) {
    fprintf(stream, "Usage: %s COMMAND [OPTION...]\n%s\n\n", program, about);
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fprintf(stream, "\n`%s COMMAND --help` explains a command.\n", program);
    return stream == stdout ? EXIT_FINE : EXIT_USAGE;
}

int command_run(const char *program, const struct command *command, int argc, char **argv) {
    char name[96];
    snprintf(name, sizeof(name), "%s %s", program, command->name);
    argv[0] = name;
    argp_err_exit_status = EXIT_USAGE;
    return command->run(argc, argv);
}

int command_choose(const char *program, const char *about, const struct command *commands, size_t count, int argc,
                   char **argv) {
    const char *first = argc > 1 ? argv[1] : "";
    if (strcmp(first, "--help") == 0 || strcmp(first, "-?") == 0 || strcmp(first, "-h") == 0 ||
        strcmp(first, "help") == 0)
        return print_help(stdout, program, about, commands, count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(first, commands[i].name) == 0)
            return command_run(program, &commands[i], argc - 1, argv + 1);
    if (*first)
        fprintf(stderr, "error: no command \"%s\"\n", first);
    return print_help(stderr, program, about, commands, count);
}
