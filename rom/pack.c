#include "rom/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "rom/tar.h"
#include "rom/unpack.h"

/* A window of 1 MiB keeps the reader small: ROMs are short, and their like lie side by side. */
enum { ZSTD_LEVEL = 9, ZSTD_WINDOW_LOG = 20, PIECE = 65536 };

/* What tar writes goes through one of these to *packed, which fails only without memory. `last`: nothing follows. */
struct packer {
    int (*put)(struct packer *packer, struct bytes bytes, bool last);
    struct buffer *packed;
    z_stream gzip;
    ZSTD_CStream *zstd;
    struct archive *archive;
    uint64_t total; /* before compression */
    uint8_t out[PIECE];
};

static int put_plain(struct packer *packer, struct bytes bytes, bool last) {
    (void)last;
    buffer_append(packer->packed, bytes.data, bytes.size);
    return 0;
}

static int put_gzip(struct packer *packer, struct bytes bytes, bool last) {
    z_stream *stream = &packer->gzip;
    stream->next_in = (Bytef *)(uintptr_t)bytes.data;
    stream->avail_in = (uInt)bytes.size;
    do {
        stream->next_out = packer->out;
        stream->avail_out = PIECE;
        if (deflate(stream, last ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR)
            return -1;
        buffer_append(packer->packed, packer->out, PIECE - stream->avail_out);
    } while (stream->avail_out == 0);
    return 0;
}

static int put_zstd(struct packer *packer, struct bytes bytes, bool last) {
    ZSTD_inBuffer in = {bytes.data, bytes.size, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {packer->out, PIECE, 0};
        left = ZSTD_compressStream2(packer->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return -1;
        buffer_append(packer->packed, packer->out, out.pos);
    } while (last ? left > 0 : in.pos < in.size);
    return 0;
}

static int begin_plain(struct packer *packer) {
    (void)packer;
    return 0;
}

static int begin_gzip(struct packer *packer) {
    return deflateInit2(&packer->gzip, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK ? 0 : -1;
}

static int begin_zstd(struct packer *packer) {
    static const struct {
        ZSTD_cParameter parameter;
        int value;
    } values[] = {{ZSTD_c_compressionLevel, ZSTD_LEVEL}, {ZSTD_c_windowLog, ZSTD_WINDOW_LOG}, {ZSTD_c_checksumFlag, 1}};
    if (!(packer->zstd = ZSTD_createCStream()))
        return -1;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (ZSTD_isError(ZSTD_CCtx_setParameter(packer->zstd, values[i].parameter, values[i].value)))
            return -1;
    return 0;
}

static const struct {
    const char *name;
    int (*begin)(struct packer *packer);
    int (*put)(struct packer *packer, struct bytes bytes, bool last);
} compressions[] = {
    [PACK_NONE] = {"none", begin_plain, put_plain},
    [PACK_GZIP] = {"gzip", begin_gzip, put_gzip},
    [PACK_ZSTD] = {"zstd", begin_zstd, put_zstd},
};

int pack_compression_parse(const char *name, enum pack_compression *compression) {
    for (size_t i = 0; i < sizeof(compressions) / sizeof(compressions[0]); i++)
        if (strcmp(name, compressions[i].name) == 0) {
            *compression = (enum pack_compression)i;
            return 0;
        }
    return -1;
}

/* Called by libarchive. */
static la_ssize_t take(struct archive *archive, void *context, const void *data, size_t size) {
    struct packer *packer = context;
    packer->total += size;
    if (packer->put(packer, (struct bytes){data, size}, false) == 0)
        return (la_ssize_t)size;
    archive_set_error(archive, ENOMEM, "out of memory");
    return -1;
}

static void packer_free(struct packer *packer) {
    if (!packer)
        return;
    archive_write_free(packer->archive);
    deflateEnd(&packer->gzip);
    ZSTD_freeCStream(packer->zstd);
    free(packer);
}

DEFINE_CLEANUP(struct packer, packer_free)

static struct packer *packer_new(enum pack_compression compression, struct buffer *packed, struct error *err) {
    CLEANUP(packer_free) struct packer *packer = calloc(1, sizeof(*packer));
    if (!packer || !(packer->archive = archive_write_new()) || compressions[compression].begin(packer) < 0) {
        error_no_memory(err);
        return NULL;
    }
    packer->put = compressions[compression].put;
    packer->packed = packed;
    /* ustar, but for what does not fit in it */
    if (archive_write_set_format_pax_restricted(packer->archive) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(packer->archive, 1) != ARCHIVE_OK ||
        archive_write_open(packer->archive, packer, NULL, take, NULL) != ARCHIVE_OK) {
        error_no_memory(err);
        return NULL;
    }
    return TAKE_PTR(packer);
}

/* Says what libarchive says; without memory that is nothing in some places. */
static int tell(const struct packer *packer, const char *name, struct error *err) {
    const char *why = archive_error_string(packer->archive);
    if (!why || archive_errno(packer->archive) == ENOMEM)
        return error_no_memory(err);
    return error_set(err, ERROR_INTERNAL, "cannot pack \"%s\": %s", name, why);
}

static int put_file(struct packer *packer, const char *name, const struct buffer *content, struct error *err) {
    struct archive_entry *entry = archive_entry_new();
    if (!entry)
        return error_no_memory(err);
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)content->size);
    archive_entry_set_mtime(entry, 0, 0);
    int failed = archive_write_header(packer->archive, entry) != ARCHIVE_OK ||
                 archive_write_data(packer->archive, content->data, content->size) != (la_ssize_t)content->size;
    archive_entry_free(entry);
    if (failed)
        return tell(packer, name, err);
    return buffer_check(packer->packed, err);
}

/* A ROM under the name that it has in the archive. */
struct named_rom {
    char name[TAR_NAME_STORAGE];
    const struct manifest_rom *rom;
};

static int compare_names(const void *a, const void *b) {
    return strcmp(((const struct named_rom *)a)->name, ((const struct named_rom *)b)->name);
}

static int put_roms(struct packer *packer, const struct bundle *bundle, struct error *err) {
    const struct manifest *manifest = &bundle->manifest;
    CLEANUP(free) struct named_rom *roms = calloc(manifest->count ? manifest->count : 1, sizeof(*roms));
    if (!roms)
        return error_no_memory(err);
    for (size_t i = 0; i < manifest->count; i++) {
        roms[i].rom = &manifest->roms[i];
        if (tar_clean_name(manifest->roms[i].file, roms[i].name, err) < 0)
            return error_prefix(err, "%s", bundle->path);
        if (strcmp(roms[i].name, STORE_MANIFEST) == 0 || strcmp(roms[i].name, STORE_SIGNATURE) == 0)
            return error_set(err, ERROR_REFUSED, "%s: the ROM \"%s\" has \"%s\" for a file: rename it", bundle->path,
                             roms[i].rom->id, roms[i].name);
    }
    qsort(roms, manifest->count, sizeof(*roms), compare_names);
    size_t entries = 2;
    for (size_t i = 0; i < manifest->count; i++) {
        CLEANUP(buffer_free) struct buffer content = {0};
        if (bundle_read_rom(bundle, roms[i].rom, &content, err) < 0)
            return -1;
        /* One file may be several ROMs; its hash is right for each. */
        if (i > 0 && strcmp(roms[i].name, roms[i - 1].name) == 0)
            continue;
        if (++entries > TAR_ENTRIES_MAX)
            return error_set(err, ERROR_REFUSED,
                             "%s has more than the %d files that a packed bundle can have: split it", bundle->path,
                             TAR_ENTRIES_MAX);
        if (put_file(packer, roms[i].name, &content, err) < 0)
            return -1;
    }
    return 0;
}

/* The manifest's exact bytes, for the signature is of them. */
static int put_manifest(struct packer *packer, const struct bundle *bundle, struct error *err) {
    CLEANUP(buffer_free) struct buffer manifest = {0};
    CLEANUP(buffer_free) struct buffer signature = {0};
    if (store_read(bundle->store, STORE_MANIFEST, MANIFEST_SIZE_MAX, &manifest, err) < 0 ||
        put_file(packer, STORE_MANIFEST, &manifest, err) < 0)
        return -1;
    int found = store_read_if_there(bundle->store, STORE_SIGNATURE, MINISIGN_TEXT_MAX, &signature, err);
    return found <= 0 ? found : put_file(packer, STORE_SIGNATURE, &signature, err);
}

int pack_bundle(const struct bundle *bundle, enum pack_compression compression, struct buffer *packed,
                struct error *err) {
    CLEANUP(packer_free) struct packer *packer = packer_new(compression, packed, err);
    if (!packer || put_manifest(packer, bundle, err) < 0 || put_roms(packer, bundle, err) < 0)
        return -1;
    if (archive_write_close(packer->archive) != ARCHIVE_OK)
        return tell(packer, "the archive's end", err);
    if (packer->put(packer, (struct bytes){0}, true) < 0)
        return error_no_memory(err);
    if (packer->total > UNPACK_TOTAL_MAX)
        return error_set(err, ERROR_REFUSED, "%s has more than the %llu MiB that a packed bundle can have: split it",
                         bundle->path, (unsigned long long)(UNPACK_TOTAL_MAX >> 20));
    if (!bundle_is_current(bundle))
        return error_set(err, ERROR_REFUSED, "%s changed while it was packed: pack it again", bundle->path);
    return buffer_check(packed, err);
}
