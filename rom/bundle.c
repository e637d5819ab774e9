#include "rom/bundle.h"

#include <stdlib.h>
#include <string.h>

/* To the VM's owner a broken bundle is a refusal, not a mistake in the request; nor is it a limit of ours. */
static int refuse(struct error *err) {
    if (err && err->code == ERROR_INPUT)
        err->code = ERROR_REFUSED;
    return -1;
}

/* The manifest names every ROM's hash: who signed it signed them all. */
static int check_signature(struct bundle *bundle, const struct trust *trust, struct bytes manifest, struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    struct minisign_signature signature;
    int found = store_read_if_there(bundle->store, STORE_SIGNATURE, MINISIGN_TEXT_MAX, &text, err);
    if (found < 0)
        return -1;
    if (found == 0)
        return error_set(err, ERROR_REFUSED,
                         "%s is not signed, and only what a trusted key signed is used: add " STORE_SIGNATURE
                         ", or leave --trusted-key out",
                         bundle->path);
    struct error problem = {0};
    if (minisign_parse_signature(buffer_bytes(&text), &signature, &problem) < 0)
        return error_set(err, ERROR_REFUSED, "%s/" STORE_SIGNATURE ": %s; sign the bundle anew", bundle->path,
                         problem.message);
    if (minisign_verify(manifest, &signature, trust->keys, trust->count, err) < 0)
        return error_prefix(err, "%s/" STORE_SIGNATURE, bundle->path);
    bundle->is_signed = true;
    memcpy(bundle->signer, signature.id, sizeof(bundle->signer));
    return 0;
}

static int read_manifest(struct bundle *bundle, const struct trust *trust, struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    if (store_read(bundle->store, STORE_MANIFEST, MANIFEST_SIZE_MAX, &text, err) < 0)
        return -1;
    if (trust->count > 0 && check_signature(bundle, trust, buffer_bytes(&text), err) < 0)
        return error_see(err, "bundles.md#sign-it");
    if (manifest_parse(buffer_bytes(&text), &bundle->manifest, err) < 0)
        return error_prefix(err, "%s/" STORE_MANIFEST, bundle->path);
    return 0;
}

struct bundle *bundle_open(const char *path, const struct trust *trust, struct error *err) {
    CLEANUP(bundle_close) struct bundle *bundle = calloc(1, sizeof(*bundle));
    if (!bundle || !(bundle->path = strdup(path))) {
        error_no_memory(err);
        return NULL;
    }
    if ((bundle->store = store_open(path, err)) && read_manifest(bundle, trust, err) == 0)
        return TAKE_PTR(bundle);
    refuse(err);
    error_see(err, "bundles.md#the-manifest");
    error_prefix(err, "the ROM bundle cannot be used");
    return NULL;
}

int bundle_check_hash(const struct bundle *bundle, const struct manifest_rom *rom, struct bytes content,
                      struct error *err) {
    uint8_t sha256[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(sha256, content.data, content.size);
    if (memcmp(sha256, rom->sha256, sizeof(sha256)) == 0)
        return 0;
    char hex[2 * sizeof(sha256) + 1];
    return error_set(err, ERROR_REFUSED,
                     "%s/%s has SHA-256 %s, not the manifest's: it is not the file that was added to the bundle; put "
                     "that back, or correct \"sha256\"",
                     bundle->path, rom->file, sodium_bin2hex(hex, sizeof(hex), sha256, sizeof(sha256)));
}

int bundle_read_rom(const struct bundle *bundle, const struct manifest_rom *rom, struct buffer *content,
                    struct error *err) {
    if (store_read(bundle->store, rom->file, ROM_SIZE_MAX, content, err) < 0)
        return refuse(err);
    return bundle_check_hash(bundle, rom, buffer_bytes(content), err);
}

bool bundle_is_current(const struct bundle *bundle) {
    return store_is_current(bundle->store);
}

void bundle_close(struct bundle *bundle) {
    if (!bundle)
        return;
    store_close(bundle->store);
    manifest_free(&bundle->manifest);
    free(bundle->path);
    free(bundle);
}
