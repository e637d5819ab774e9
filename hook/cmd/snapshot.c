/* snapshot: what check looks at, as a folder. */
#include <argp.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/devices.h"
#include "cmd/setup.h"
#include "host/snapshot.h"

enum { KEY_SYSFS = 's', KEY_ANONYMISE = 2000 };

struct snapshot_options {
    const char *sysfs, *folder;
    struct host_devices devices;
    bool anonymise;
};

static const struct argp_option options[] = {
    {"sysfs", KEY_SYSFS, "DIR", 0, "the node's /sys, or a folder laid out like it (default /sys)", 0},
    {"anonymise", KEY_ANONYMISE, NULL, 0,
     "number the UUIDs of mediated devices and zero subsystem IDs, which name the board's maker (a bundle may match on "
     "them)",
     0},
    {"anonymize", KEY_ANONYMISE, NULL, OPTION_ALIAS | OPTION_HIDDEN, NULL, 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct snapshot_options *snapshot = state->input;
    switch (key) {
    case KEY_SYSFS:
        snapshot->sysfs = argument;
        return 0;
    case KEY_ANONYMISE:
        snapshot->anonymise = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            snapshot->folder = argument;
        else
            devices_take(&snapshot->devices, argument, state);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "name the folder to make");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int run(struct snapshot_options *options_given, struct snapshot_tally *tally, struct error *err) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    struct sysfs sysfs = {.root = options_given->sysfs};
    if (devices_find(&sysfs, &options_given->devices, err) < 0)
        return -1;
    CLEANUP(snapshot_free) struct snapshot *snapshot = snapshot_watch(&sysfs, err);
    if (!snapshot || devices_read(&sysfs, &options_given->devices, &facts, err) < 0)
        return -1;
    (void)sysfs_find(&sysfs, "bus/pci/devices"); /* it is there even where it has no GPU */
    return snapshot_write(snapshot, options_given->folder, options_given->anonymise, tally, err);
}

int cmd_snapshot(int argc, char **argv) {
    static const struct argp argp = {
        options,
        parse,
        "DIR [BDF|UUID...]",
        "Copies what check looks at into the new folder DIR, which check, render and serve take as --sysfs: the files of "
        "every GPU and vGPU (or of the devices named), of their slots, IOMMU groups and the bridges above them. Of the "
        "configuration space only the header is copied, and no serial number.\v"
        "Examples:\n"
        "  kubevirt-gpu-hook snapshot --anonymise ./node\n"
        "  kubevirt-gpu-hook check --sysfs ./node\n"
        "  tar czf node.tar.gz node\n"
        "Exit status: 0 fine, 1 it cannot be read or written, 64 wrong usage.",
        NULL,
        NULL,
        NULL};
    struct snapshot_options snapshot = {.sysfs = "/sys"};
    if (argp_parse(&argp, argc, argv, 0, NULL, &snapshot) != 0)
        return EXIT_USAGE;
    struct error err = {0};
    struct snapshot_tally tally = {0};
    int failed = run(&snapshot, &tally, &err);
    size_t devices = snapshot.devices.function_count + snapshot.devices.mdev_count;
    host_devices_free(&snapshot.devices);
    if (failed)
        return setup_report(&err);
    printf("%s: %zu device%s, %zu files\n", snapshot.folder, devices, devices == 1 ? "" : "s", tally.written);
    if (tally.left_out)
        fprintf(
            stderr,
            "warning: %zu of what check looks at could not be copied, the first %s; check may say other things of the "
            "copy\n",
            tally.left_out, tally.first_left_out);
    return EXIT_FINE;
}
