/* The subcommand table, nothing else. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"serve", cmd_serve, "the KubeVirt hook sidecar (also without any command)"},
    {"render", cmd_render, "what the sidecar would answer, by hand, on files"},
    {"call", cmd_call, "call a hook's socket as virt-launcher does"},
};

static int print_help(FILE *stream) {
    fprintf(stream,
            "Usage: kubevirt-gpu-hook [COMMAND] [OPTION...]\n"
            "Makes GPU passthrough on KubeVirt work: ROM files and options for the domain, before it boots.\n\n");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(stream, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fprintf(stream, "\n`kubevirt-gpu-hook COMMAND --help` explains a command; `kubevirt-gpu-hook --version` says which "
                    "version this is.\n");
    return stream == stdout ? EXIT_FINE : EXIT_USAGE;
}

static int run(const struct command *command, int argc, char **argv) {
    char name[64];
    snprintf(name, sizeof(name), "kubevirt-gpu-hook %s", command->name);
    argv[0] = name;
    argp_err_exit_status = EXIT_USAGE;
    return command->run(argc, argv);
}

static int choose(int argc, char **argv) {
    const char *first = argc > 1 ? argv[1] : "";
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 || strcmp(first, "help") == 0)
        return print_help(stdout);
    /* With a value --version is an option of serve, as sidecar-shim users write it. */
    if ((strcmp(first, "--version") == 0 && argc == 2) || strcmp(first, "-V") == 0) {
        puts("kubevirt-gpu-hook " HOOK_VERSION);
        return EXIT_FINE;
    }
    if (argc < 2 || first[0] == '-')
        return run(&commands[0], argc, argv);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(first, commands[i].name) == 0)
            return run(&commands[i], argc - 1, argv + 1);
    fprintf(stderr, "error: no command \"%s\"\n", first);
    return print_help(stderr);
}

/* gRPC's threads may still be there: they must not meet the destructors that exit() runs. */
static int leave(int code) {
    if (fflush(stdout) != 0 && code == EXIT_FINE)
        code = EXIT_BAD;
#ifndef __SANITIZE_ADDRESS__ /* leaks are looked for in exit() */
    _exit(code);
#endif
    return code;
}

int main(int argc, char **argv) {
    return leave(choose(argc, argv));
}
