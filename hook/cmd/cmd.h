/* The subcommands: options in, calls out, text to the terminal. One file each. */
#pragma once

/* sysexits.h has the number; it is documented, so it stands here. */
enum exit_code {
    EXIT_FINE = 0,
    EXIT_BAD = 1,     /* the thing examined is bad or refused */
    EXIT_UNKNOWN = 2, /* check alone: what was to be examined cannot be seen */
    EXIT_USAGE = 64,  /* wrong usage */
};

/* Each takes what stands behind its name on the command line, argv[0] being the whole name for messages
 * ("kubevirt-gpu-hook render"), and returns the exit code. */
int cmd_serve(int argc, char **argv);
int cmd_node(int argc, char **argv);
int cmd_render(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_rom(int argc, char **argv);
int cmd_bundle(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_snapshot(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_call(int argc, char **argv);
