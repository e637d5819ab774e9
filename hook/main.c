/* The subcommand table, nothing else. */
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "cmd/cmd.h"
#include "cmd/command.h"

#define PROGRAM "kubevirt-gpu-hook"

static const struct command commands[] = {
    {"serve", cmd_serve, "the KubeVirt hook sidecar and plugin (also without any command)"},
    {"node", cmd_node, "KubeVirt's node hook: check a VM's devices before it starts"},
    {"render", cmd_render, "what the sidecar would answer, by hand, on files"},
    {"test", cmd_test, "golden cases of your own VMs, for CI: is the answer still what it was"},
    {"check", cmd_check, "is this node ready to pass its GPUs through, and if not, what to do"},
    {"snapshot", cmd_snapshot, "copy what check looks at, for tests and bug reports"},
    {"rom", cmd_rom, "look into option ROMs, judge, repair and make them"},
    {"bundle", cmd_bundle, "make, check, sign and pack ROM bundles"},
    {"import", cmd_import, "a VM of Proxmox or libvirt, in KubeVirt's words"},
    {"call", cmd_call, "call a socket of ours as KubeVirt does"},
};

static int choose(int argc, char **argv) {
    const char *first = argc > 1 ? argv[1] : "";
    /* With a value --version is an option of serve, as sidecar-shim users write it. */
    if ((strcmp(first, "--version") == 0 && argc == 2) || strcmp(first, "-V") == 0) {
        puts(PROGRAM " " HOOK_VERSION);
        return EXIT_FINE;
    }
    bool is_help = strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0;
    if (argc < 2 || (first[0] == '-' && !is_help))
        return command_run(PROGRAM, &commands[0], argc, argv);
    return command_choose(
        PROGRAM,
        "Makes GPU passthrough on KubeVirt work: ROM files and options for the domain, before it boots. "
        "Version " HOOK_VERSION ".",
        commands, sizeof(commands) / sizeof(commands[0]), argc, argv);
}

/* gRPC's threads may still be there: they must not meet the destructors that exit() runs. */
static int leave(int code) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("error: cannot write to standard output\n", stderr);
        code = code == EXIT_FINE ? EXIT_BAD : code;
    }
#if !defined(__SANITIZE_ADDRESS__) && !defined(HOOK_COVERAGE) /* exit() looks for leaks, and writes the counts */
    _exit(code);
#endif
    return code;
}

/* Few threads that take turns: with an arena for each, glibc kept a large domain's memory once per thread (51 MiB for
 * 1,000 disks, 18 MiB with one). Its fast bins only delay the work that libxml2's and jansson's many small pieces make;
 * what memory_keep keeps saves it. Sanitizers and memcheck want to see each piece's end. */
static void tune_memory(void) {
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MXFAST, 0);
#if !defined(HOOK_SANITIZED) && !defined(HOOK_MEMCHECK)
    memory_keep();
#endif
}

int main(int argc, char **argv) {
    tune_memory();
    json_setup();
    return leave(choose(argc, argv));
}
