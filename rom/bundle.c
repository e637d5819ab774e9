#include "rom/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* To the VM's owner a broken bundle is a refusal, not a mistake in the request; nor is it a limit of ours. */
static int refuse(struct error *err) {
    if (err && err->code == ERROR_INPUT)
        err->code = ERROR_REFUSED;
    return -1;
}

/* Opens and reads a file of the bundle whole; *status becomes the file's. */
static int read_file(const struct bundle *bundle, const char *file, size_t limit, struct buffer *content,
                     struct stat *status, struct error *err) {
    struct error problem = {0};
    CLEANUP(close_fd) int fd = file_open_beneath(bundle->dir_fd, bundle->path, file, &problem);
    if (fd < 0)
        return error_set(err, ERROR_REFUSED, "%s; put it there, or correct " BUNDLE_MANIFEST, problem.message);
    if (fstat(fd, status) < 0)
        return error_set_errno(err, ERROR_REFUSED, errno, "cannot read %s/%s", bundle->path, file);
    if ((size_t)status->st_size > limit)
        return error_set(err, ERROR_REFUSED, "%s/%s has %lld bytes, more than the %zu that such a file can have",
                         bundle->path, file, (long long)status->st_size, limit);
    return file_read_fd(fd, file, limit, content, err);
}

static int read_manifest(struct bundle *bundle, struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    if (read_file(bundle, BUNDLE_MANIFEST, MANIFEST_SIZE_MAX, &text, &bundle->manifest_status, err) < 0)
        return -1;
    if (manifest_parse(buffer_bytes(&text), &bundle->manifest, err) < 0)
        return error_prefix(err, "%s/%s", bundle->path, BUNDLE_MANIFEST);
    return 0;
}

struct bundle *bundle_open(const char *path, struct error *err) {
    CLEANUP(bundle_close) struct bundle *bundle = calloc(1, sizeof(*bundle));
    if (!bundle) {
        error_no_memory(err);
        return NULL;
    }
    bundle->dir_fd = -1;
    if (!(bundle->path = strdup(path))) {
        error_no_memory(err);
        return NULL;
    }
    struct error problem = {0};
    if ((bundle->dir_fd = file_open_folder(path, &problem)) < 0)
        error_set(err, ERROR_REFUSED, "%s; is it mounted, and is --bundle right?", problem.message);
    else if (read_manifest(bundle, err) == 0)
        return TAKE_PTR(bundle);
    refuse(err);
    error_prefix(err, "the ROM bundle cannot be used");
    return NULL;
}

int bundle_read_rom(const struct bundle *bundle, const struct manifest_rom *rom, struct buffer *content,
                    struct error *err) {
    struct stat status;
    if (read_file(bundle, rom->file, ROM_SIZE_MAX, content, &status, err) < 0)
        return refuse(err);
    uint8_t sha256[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(sha256, (const unsigned char *)content->data, content->size);
    if (memcmp(sha256, rom->sha256, sizeof(sha256)) == 0)
        return 0;
    char hex[2 * sizeof(sha256) + 1];
    return error_set(err, ERROR_REFUSED,
                     "%s/%s has SHA-256 %s, not the manifest's: it is not the file that was added to the bundle; put "
                     "that back, or correct \"sha256\"",
                     bundle->path, rom->file, sodium_bin2hex(hex, sizeof(hex), sha256, sizeof(sha256)));
}

/* By path and not by descriptor: the whole folder may have been replaced. */
bool bundle_is_current(const struct bundle *bundle) {
    char path[4096];
    struct stat now;
    if ((size_t)snprintf(path, sizeof(path), "%s/" BUNDLE_MANIFEST, bundle->path) >= sizeof(path) ||
        stat(path, &now) < 0)
        return false;
    return file_unchanged(&bundle->manifest_status, &now);
}

void bundle_close(struct bundle *bundle) {
    if (!bundle)
        return;
    if (bundle->dir_fd >= 0)
        close(bundle->dir_fd);
    manifest_free(&bundle->manifest);
    free(bundle->path);
    free(bundle);
}
