#include "rom/unpack.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { PIECE = 65536 };

struct unpack {
    int fd;
    const char *name;
    off_t offset;
    bool at_end;       /* of the file */
    bool inside;       /* a compressed part has begun and not ended */
    struct bytes left; /* of `in`, to be decompressed */
    uint64_t total;
    int (*next)(struct unpack *unpack, struct bytes *piece, struct error *err);
    z_stream gzip;
    ZSTD_DStream *zstd;
    uint8_t in[PIECE], out[PIECE];
};

/* Reads on once everything before is used up. */
static int fill(struct unpack *unpack, struct error *err) {
    if (unpack->left.size > 0 || unpack->at_end)
        return 0;
    ssize_t got;
    do
        got = pread(unpack->fd, unpack->in, PIECE, unpack->offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_set_errno(err, ERROR_REFUSED, errno, "cannot read %s", unpack->name);
    unpack->at_end = got == 0;
    unpack->offset += got;
    unpack->left = (struct bytes){unpack->in, (size_t)got};
    return 0;
}

static bool used_up(const struct unpack *unpack) {
    return unpack->at_end && unpack->left.size == 0;
}

static int refuse(const struct unpack *unpack, const char *what, struct error *err) {
    return error_set(err, ERROR_REFUSED, "%s is damaged at byte %lld: %s; put a whole copy there", unpack->name,
                     (long long)unpack->offset - (long long)unpack->left.size, what);
}

static int next_plain(struct unpack *unpack, struct bytes *piece, struct error *err) {
    if (fill(unpack, err) < 0)
        return -1;
    *piece = unpack->left;
    unpack->left = (struct bytes){0};
    return piece->size > 0;
}

static int next_gzip(struct unpack *unpack, struct bytes *piece, struct error *err) {
    z_stream *stream = &unpack->gzip;
    for (;;) {
        if (fill(unpack, err) < 0)
            return -1;
        if (used_up(unpack) && !unpack->inside)
            return 0;
        if (!unpack->inside) { /* another member */
            inflateReset(stream);
            unpack->inside = true;
        }
        stream->next_in = (Bytef *)(uintptr_t)unpack->left.data;
        stream->avail_in = (uInt)unpack->left.size;
        stream->next_out = unpack->out;
        stream->avail_out = PIECE;
        int result = inflate(stream, Z_NO_FLUSH);
        unpack->left = (struct bytes){stream->next_in, stream->avail_in};
        if (result == Z_MEM_ERROR)
            return error_no_memory(err);
        if (result == Z_STREAM_END)
            unpack->inside = false;
        else if (result != Z_OK && result != Z_BUF_ERROR)
            return refuse(unpack, stream->msg ? stream->msg : "not what gzip wrote", err);
        *piece = (struct bytes){unpack->out, PIECE - stream->avail_out};
        if (piece->size > 0)
            return 1;
        if (used_up(unpack) && unpack->inside)
            return refuse(unpack, "gzip's stream is cut off", err);
    }
}

static int next_zstd(struct unpack *unpack, struct bytes *piece, struct error *err) {
    for (;;) {
        if (fill(unpack, err) < 0)
            return -1;
        if (used_up(unpack) && !unpack->inside)
            return 0;
        ZSTD_inBuffer in = {unpack->left.data, unpack->left.size, 0};
        ZSTD_outBuffer out = {unpack->out, PIECE, 0};
        size_t result = ZSTD_decompressStream(unpack->zstd, &out, &in);
        unpack->left = (struct bytes){unpack->left.data + in.pos, unpack->left.size - in.pos};
        if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
            return error_no_memory(err);
        if (ZSTD_isError(result))
            return refuse(unpack, ZSTD_getErrorName(result), err);
        unpack->inside = result != 0; /* 0: a frame is complete and all of it is out */
        *piece = (struct bytes){unpack->out, out.pos};
        if (piece->size > 0)
            return 1;
        if (used_up(unpack) && unpack->inside)
            return refuse(unpack, "zstd's frame is cut off", err);
    }
}

static bool is_gzip(struct bytes start) {
    return start.size >= 2 && start.data[0] == 0x1f && start.data[1] == 0x8b;
}

/* A frame, or a skippable frame, which some packers put first. */
static bool is_zstd(struct bytes start) {
    return start.size >= 4 && (memcmp(start.data, "\x28\xb5\x2f\xfd", 4) == 0 ||
                               ((start.data[0] & 0xf0) == 0x50 && memcmp(start.data + 1, "\x2a\x4d\x18", 3) == 0));
}

static int begin(struct unpack *unpack, struct error *err) {
    if (fill(unpack, err) < 0)
        return -1;
    unpack->next = next_plain;
    if (is_gzip(unpack->left)) {
        unpack->next = next_gzip;
        unpack->inside = true;
        if (inflateInit2(&unpack->gzip, MAX_WBITS + 16) != Z_OK)
            return error_no_memory(err);
    } else if (is_zstd(unpack->left)) {
        unpack->next = next_zstd;
        unpack->inside = true;
        if (!(unpack->zstd = ZSTD_createDStream()) ||
            ZSTD_isError(ZSTD_DCtx_setParameter(unpack->zstd, ZSTD_d_windowLogMax, UNPACK_WINDOW_LOG)))
            return error_no_memory(err);
    }
    return 0;
}

struct unpack *unpack_open(int fd, const char *name, struct error *err) {
    CLEANUP(unpack_close) struct unpack *unpack = calloc(1, sizeof(*unpack));
    if (!unpack) {
        error_no_memory(err);
        return NULL;
    }
    unpack->fd = fd;
    unpack->name = name;
    return begin(unpack, err) < 0 ? NULL : TAKE_PTR(unpack);
}

int unpack_next(struct unpack *unpack, struct bytes *piece, struct error *err) {
    *piece = (struct bytes){0};
    int result = unpack->next(unpack, piece, err);
    unpack->total += piece->size;
    if (result > 0 && unpack->total > UNPACK_TOTAL_MAX)
        return error_set(err, ERROR_REFUSED, "%s unpacks to more than %llu MiB: a bundle has no more", unpack->name,
                         (unsigned long long)(UNPACK_TOTAL_MAX >> 20));
    return result;
}

void unpack_close(struct unpack *unpack) {
    if (!unpack)
        return;
    inflateEnd(&unpack->gzip);
    ZSTD_freeDStream(unpack->zstd);
    free(unpack);
}
