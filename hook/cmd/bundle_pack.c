/* bundle pack: a bundle as one file. */
#include <stdio.h>
#include <string.h>

#include "cmd/bundle.h"
#include "cmd/cmd.h"
#include "rom/pack.h"

enum {
    KEY_COMPRESS = 'c',
    CONFIG_MAP_MAX = 1 << 20, /* Kubernetes: all of a ConfigMap's data together */
};

struct packing {
    const char *names[2];
    struct file_names files;
    struct output output;
    struct trust trust;
    enum pack_compression compression;
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct packing *packing = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        packing->files.names = packing->names;
        state->child_inputs[0] = &packing->output;
        state->child_inputs[1] = &packing->trust;
        return 0;
    case KEY_COMPRESS:
        if (pack_compression_parse(argument, &packing->compression) < 0)
            argp_error(state, "--compress: '%s' is none of none, gzip, zstd", argument);
        return 0;
    case ARGP_KEY_ARG:
        file_names_add(&packing->files, argument, state);
        return 0;
    case ARGP_KEY_END:
        file_names_check(&packing->files, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option pack_options[] = {
    {"compress", KEY_COMPRESS, "none|gzip|zstd", 0, "how (default zstd)", 0},
    {0},
};

/* The bundle's own files are the input too. */
static int check_own_files(const struct output *output, const struct bundle *bundle, struct error *err) {
    const struct manifest *manifest = &bundle->manifest;
    static const char *const own[] = {STORE_MANIFEST, STORE_SIGNATURE};
    for (size_t i = 0; i < manifest->count + 2; i++) {
        CLEANUP(free) char *path = NULL;
        if (asprintf(&path, "%s/%s", bundle->path, i < 2 ? own[i] : manifest->roms[i - 2].file) < 0)
            return error_no_memory(err);
        if (output_check(output, (const char *const[]){path}, 1, err) < 0)
            return -1;
    }
    return 0;
}

static int pack(struct packing *packing, struct error *err) {
    CLEANUP(buffer_free) struct buffer packed = {0};
    packing->output.path = packing->names[1];
    if (output_check(&packing->output, packing->names, 1, err) < 0)
        return -1;
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(packing->names[0], &packing->trust, err);
    if (!bundle || check_own_files(&packing->output, bundle, err) < 0 ||
        pack_bundle(bundle, packing->compression, &packed, err) < 0 ||
        output_write(&packing->output, buffer_bytes(&packed), err) < 0)
        return -1;
    fprintf(strcmp(packing->output.path, "-") == 0 ? stderr : stdout, "%s: %zu ROMs, %zu bytes\n", packing->output.path,
            bundle->manifest.count, packed.size);
    if (packed.size > CONFIG_MAP_MAX)
        fprintf(
            stderr,
            "warning: %zu bytes are more than the %d that a ConfigMap can hold: ship it in an image or on a volume, or "
            "make several bundles of it\n",
            packed.size, CONFIG_MAP_MAX);
    return 0;
}

int cmd_bundle_pack(int argc, char **argv) {
    static const struct argp_child children[] = {{&output_argp, 0, NULL, 0}, {&trust_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        pack_options,
        parse,
        "BUNDLE OUT",
        "Packs a bundle into one tar file, which --bundle takes as it takes the folder.\v"
        "Manifest, signature, and the ROMs that the manifest names; the same bundle always gives the same bytes.\n"
        "Examples:\n"
        "  kubevirt-gpu-hook bundle pack lab lab.tar.zst\n"
        "  kubectl create configmap lab-roms --from-file lab.tar.zst\n"
        "Exit status: 0 packed, 1 not, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct packing packing = {.files = {.least = 2, .most = 2, .what = "BUNDLE OUT"}, .compression = PACK_ZSTD};
    struct error err = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &packing) != 0)
        return EXIT_USAGE;
    return bundle_setup(&err) < 0 || pack(&packing, &err) < 0 ? rom_report_error(NULL, &err) : EXIT_FINE;
}
