/* bundle: the table of its commands, and what they share. */
#include "cmd/bundle.h"

#include <sodium.h>

#include "cmd/cmd.h"
#include "cmd/command.h"

int bundle_setup(struct error *err) {
    if (sodium_init() < 0)
        return error_set(err, ERROR_INTERNAL, "libsodium cannot be initialised: is there a source of randomness?");
    return 0;
}

int opened_bundles_open(struct opened_bundles *bundles, const struct file_names *paths, const struct trust *trust,
                        struct error *err) {
    if (bundle_setup(err) < 0)
        return -1;
    for (size_t i = 0; i < paths->count; i++) {
        if (!(bundles->list[i] = bundle_open(paths->names[i], trust, err)))
            return -1;
        bundles->count++;
    }
    return 0;
}

void opened_bundles_close(struct opened_bundles *bundles) {
    for (size_t i = 0; i < bundles->count; i++)
        bundle_close(bundles->list[i]);
    bundles->count = 0;
}

int cmd_bundle(int argc, char **argv) {
    static const struct command commands[] = {
        {"init", cmd_bundle_init, "start a bundle: a folder with an empty manifest"},
        {"add", cmd_bundle_add, "put a ROM into a bundle"},
        {"list", cmd_bundle_list, "what bundles hold"},
        {"verify", cmd_bundle_verify, "check everything: signature, manifest, each ROM"},
        {"match", cmd_bundle_match, "which ROM would a device get, and why"},
        {"keygen", cmd_bundle_keygen, "make a key pair to sign with, as minisign -G"},
        {"sign", cmd_bundle_sign, "sign a bundle's manifest, as minisign -S"},
        {"pack", cmd_bundle_pack, "a bundle as one file, for a ConfigMap's key"},
    };
    return command_choose("kubevirt-gpu-hook bundle", "Makes, checks, signs and packs ROM bundles.", commands,
                          sizeof(commands) / sizeof(commands[0]), argc, argv);
}
