/* rom/, the bundles: manifests, signatures, folders and packed files, which ROM a device gets, and where it goes. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/output.h"
#include "inject.h"
#include "rom/builtin.h"
#include "rom/bundle_check.h"
#include "rom/bundle_set.h"
#include "rom/duplicates.h"
#include "rom/match_explain.h"
#include "rom/minisign_key.h"
#include "rom/pack.h"
#include "rom/publish.h"
#include "scenario.h"

static const struct pci_identity igpu = {
    .id = {0x1002, 0x1681}, .subsystem = {0x1462, 0x1381}, .revision = 0xc8, .class_code = 0x030000};
static const struct trust anybody;

static int write_manifest(const struct manifest *manifest, struct outcome *outcome, struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    if (manifest_write(manifest, &text, err) < 0)
        return -1;
    outcome_buffer(outcome, &text);
    return 0;
}

static int read_manifest(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(manifest_free) struct manifest manifest = {0};
    if (manifest_parse(given->text, &manifest, err) < 0)
        return -1;
    struct manifest_rom rom = {.id = (char *)"added", .file = (char *)"roms/added.rom", .match = match_of(&igpu, 1)};
    if (manifest_add_rom(&manifest, &rom, err) < 0)
        return -1;
    return write_manifest(&manifest, outcome, err);
}

static int read_builtin(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(manifest_free) struct manifest manifest = {0};
    (void)given;
    if (builtin_profiles(&manifest, err) < 0)
        return -1;
    return write_manifest(&manifest, outcome, err);
}

static void tell_finding(void *outcome, const char *file, const struct finding *finding) {
    outcome_text(outcome, file);
    outcome_text(outcome, finding->text);
}

static int check_bundle(const struct given *given, struct outcome *outcome, struct error *err) {
    const struct bundle_observer observer = {.owner = outcome, .found = tell_finding};
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(given->path, &anybody, err);
    if (!bundle || bundle_check(bundle, &observer, err) < 0)
        return -1;
    return 0;
}

/* Opens the bundles of a set, and tells of what is there in vain. */
static int open_set(const struct given *given, struct outcome *outcome, struct error *err) {
    const char *const paths[] = {given->path, given->path};
    struct bundle_view view;
    struct bundle_set *set = bundle_set_open(paths, 2, &anybody, err);
    if (!set)
        return -1;
    CLEANUP(duplicates_free) struct duplicates duplicates = {0};
    CLEANUP(buffer_free) struct buffer lines = {0};
    bundle_set_acquire(set, &view);
    *err = view.error;
    if (err->code == ERROR_NONE && duplicates_find(view.bundles, view.count, &duplicates, err) == 0) {
        duplicates_print(&duplicates, &lines);
        if (buffer_check(&lines, err) == 0)
            outcome_buffer(outcome, &lines);
    }
    bundle_set_release(set);
    bundle_set_close(set);
    return err->code == ERROR_NONE ? 0 : -1;
}

static int explain_match(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(given->path, &anybody, err);
    CLEANUP(match_explanation_free) struct match_explanation explanation = {0};
    const struct rom_match device = match_of(&igpu, MATCH_ALL);
    if (!bundle || match_explain(&bundle, 1, &device, FIRMWARE_UEFI, &explanation, err) < 0)
        return -1;
    for (size_t i = 0; i < explanation.count; i++)
        outcome_text(outcome, explanation.list[i].rom ? explanation.list[i].rom->id : explanation.list[i].reason);
    return 0;
}

/* Packs the folder, opens what was packed, and checks it. */
static int pack(const struct given *given, enum pack_compression compression, struct outcome *outcome,
                struct error *err) {
    CLEANUP(buffer_free) struct buffer packed = {0};
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(given->path, &anybody, err);
    if (!bundle || pack_bundle(bundle, compression, &packed, err) < 0)
        return -1;
    outcome_buffer(outcome, &packed);
    return 0;
}

/* A bundle as its packed file is opened and checked; it is packed with memory. */
static int check_packed(const struct given *given, struct outcome *outcome, struct error *err) {
    char path[128];
    CLEANUP(buffer_free) struct buffer packed = {0};
    snprintf(path, sizeof(path), "%s/lab.tar.zst", given->folder);
    inject_pause();
    struct bundle *folder = bundle_open(given->path, &anybody, err);
    if (!folder || pack_bundle(folder, PACK_ZSTD, &packed, err) < 0 ||
        output_write(&(struct output){path, true}, buffer_bytes(&packed), err) < 0)
        abort();
    bundle_close(folder);
    inject_resume();
    const struct given opened = {.path = path};
    return check_bundle(&opened, outcome, err);
}

static int pack_plain(const struct given *given, struct outcome *outcome, struct error *err) {
    return pack(given, PACK_NONE, outcome, err);
}

static int pack_gzip(const struct given *given, struct outcome *outcome, struct error *err) {
    return pack(given, PACK_GZIP, outcome, err);
}

static int pack_zstd(const struct given *given, struct outcome *outcome, struct error *err) {
    return pack(given, PACK_ZSTD, outcome, err);
}

/* Publishes, and publishes again what was changed meanwhile. */
static int publish(const struct given *given, struct outcome *outcome, struct error *err) {
    char folder[128];
    uint8_t sha256[crypto_hash_sha256_BYTES];
    snprintf(folder, sizeof(folder), "%s/roms", given->folder);
    crypto_hash_sha256(sha256, given->text.data, given->text.size);
    CLEANUP(publisher_close) struct publisher *publisher = publisher_open(folder, "/compute", err);
    const struct published_rom *rom =
        publisher ? publisher_publish(publisher, "vbios", sha256, given->text, err) : NULL;
    if (!rom)
        return -1;
    char path[512];
    snprintf(path, sizeof(path), "%s%s", folder, strrchr(published_rom_path(rom), '/'));
    CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (publisher_ensure(publisher, rom, err) < 0)
        return -1;
    outcome_text(outcome, published_rom_path(rom));
    return 0;
}

/* A key is made, written, read again, signs, and what it signed is verified. */
static int sign(const struct given *given, const char *password, struct outcome *outcome, struct error *err) {
    const struct minisign_cost cheap = {32768, 1 << 24};
    char text[MINISIGN_SECRET_TEXT_MAX];
    struct minisign_signature signature;
    CLEANUP(buffer_free) struct buffer signed_text = {0};
    CLEANUP(minisign_secret_free) struct minisign_secret_key *made = minisign_generate(err);
    if (!made || minisign_write_secret_key(made, password, cheap, text, err) < 0)
        return -1;
    CLEANUP(minisign_secret_free)
    struct minisign_secret_key *key =
        minisign_parse_secret_key((struct bytes){(const uint8_t *)text, strlen(text)}, password, err);
    if (!key || minisign_sign(key, given->text, "for a test", &signed_text, err) < 0 ||
        minisign_parse_signature(buffer_bytes(&signed_text), &signature, err) < 0 ||
        minisign_verify(given->text, &signature, &key->public, 1, err) < 0)
        return -1;
    outcome_bytes(outcome, signature.trusted_comment);
    return 0;
}

static int sign_plain(const struct given *given, struct outcome *outcome, struct error *err) {
    return sign(given, NULL, outcome, err);
}

static int sign_encrypted(const struct given *given, struct outcome *outcome, struct error *err) {
    return sign(given, "secret", outcome, err);
}

#define BUNDLES "fixtures/bundles/"

struct scenarios scenarios_bundle(void) {
    static const struct scenario list[] = {
        {.name = "bundle/manifest", read_manifest, BUNDLES "profiles/bundle.json"},
        {.name = "bundle/manifest-of-guests", read_manifest, BUNDLES "profile-guest/bundle.json"},
        {.name = "bundle/manifest-unknown-key", read_manifest, BUNDLES "unknown-key/bundle.json"},
        {.name = "bundle/builtin", read_builtin},
        {.name = "bundle/check", check_bundle, BUNDLES "lab"},
        {.name = "bundle/check-bad-checksum", check_bundle, BUNDLES "bad-checksum"},
        {.name = "bundle/check-configmap", check_bundle, BUNDLES "configmap"},
        {.name = "bundle/check-missing-rom", check_bundle, BUNDLES "missing-rom"},
        {.name = "bundle/check-wrong-hash", check_bundle, BUNDLES "wrong-hash"},
        {.name = "bundle/check-escape", check_bundle, BUNDLES "escape-symlink"},
        {.name = "bundle/set", open_set, BUNDLES "lab"},
        {.name = "bundle/set-broken", open_set, BUNDLES "broken-json"},
        {.name = "bundle/match", explain_match, BUNDLES "profiles"},
        {.name = "bundle/pack", pack_plain, BUNDLES "lab", .library_exits = true},
        {.name = "bundle/pack-gzip", pack_gzip, BUNDLES "lab", .library_exits = true},
        {.name = "bundle/pack-zstd", pack_zstd, BUNDLES "lab", .library_exits = true},
        {.name = "bundle/check-packed", check_packed, BUNDLES "lab", .library_exits = true, .leaves_files = true},
        {.name = "bundle/publish", publish, BUNDLES "lab/roms/rtx3090.rom", .leaves_files = true},
        {.name = "bundle/sign", sign_plain, BUNDLES "lab/bundle.json"},
        {.name = "bundle/sign-encrypted", sign_encrypted, BUNDLES "lab/bundle.json"},
    };
    return SCENARIOS(list);
}
