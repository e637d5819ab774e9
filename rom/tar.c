#include "rom/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "rom/unpack.h"

enum { BLOCK = 512, NAME_HASH = 16 };

struct tar {
    const char *path;
    struct unpack *unpack;
    struct archive *archive;
    uint64_t given, last_content; /* bytes handed to libarchive; behind the last of them that is not zero */
    struct error problem;         /* what stopped libarchive's reading, when it was we */
    size_t count;
    uint8_t names[TAR_ENTRIES_MAX][NAME_HASH]; /* of all entries so far */
};

int tar_clean_name(const char *name, char clean[TAR_NAME_STORAGE], struct error *err) {
    char storage[QUOTED_MAX];
    size_t size = 0;
    const char *why = *name == '/' ? "is absolute" : NULL;
    for (const char *c = name; *c && !why; c++)
        if (*c < ' ' || *c > '~' || *c == '\\')
            why = "has characters in its name that are not printable ASCII, or a backslash";
    for (const char *part = name; *part && !why; part += strspn(part, "/")) {
        size_t length = strcspn(part, "/");
        if (length == 2 && memcmp(part, "..", 2) == 0)
            why = "leaves the bundle";
        else if (size + (size > 0) + length > TAR_NAME_MAX)
            why = "has a name that is too long";
        else if (length != 1 || *part != '.') {
            if (size > 0)
                clean[size++] = '/';
            memcpy(clean + size, part, length);
            size += length;
        }
        part += length;
    }
    clean[size] = '\0';
    if (why)
        return error_set(err, ERROR_REFUSED, "\"%s\" %s: rename it", text_quotable(name, storage), why);
    return 0;
}

/* Called by libarchive. */
static la_ssize_t give(struct archive *archive, void *context, const void **data) {
    struct tar *tar = context;
    struct bytes piece;
    int result = unpack_next(tar->unpack, &piece, &tar->problem);
    if (result < 0) {
        archive_set_error(archive, EIO, "%s", tar->problem.message);
        return -1;
    }
    size_t content = piece.size;
    while (content > 0 && piece.data[content - 1] == 0)
        content--;
    if (content > 0)
        tar->last_content = tar->given + content;
    tar->given += piece.size;
    *data = piece.data;
    return (la_ssize_t)piece.size;
}

/* What libarchive has just said, or nothing: then malloc's errno tells, which was 0 before, whether it was memory. */
static int refuse(struct tar *tar, struct error *err) {
    if (tar->problem.code != ERROR_NONE)
        return error_set(err, tar->problem.code, "%s", tar->problem.message);
    const bool is_short = errno == ENOMEM;
    const char *why = archive_error_string(tar->archive);
    if (archive_errno(tar->archive) == ENOMEM || (!why && is_short))
        return error_no_memory(err);
    char storage[QUOTED_MAX];
    return error_set(err, ERROR_REFUSED,
                     "%s is no tar archive, plain or by gzip or zstd, or is damaged (%s): pack it anew", tar->path,
                     text_quotable(why ? why : "unknown error", storage));
}

struct tar *tar_open(int fd, const char *path, struct error *err) {
    CLEANUP(tar_close) struct tar *tar = calloc(1, sizeof(*tar));
    if (!tar) {
        error_no_memory(err);
        return NULL;
    }
    tar->path = path;
    if (!(tar->unpack = unpack_open(fd, path, err)))
        return NULL;
    if (!(tar->archive = archive_read_new()) || archive_read_support_format_tar(tar->archive) != ARCHIVE_OK) {
        error_no_memory(err);
        return NULL;
    }
    errno = 0;
    if (archive_read_open(tar->archive, tar, NULL, give, NULL) != ARCHIVE_OK) {
        refuse(tar, err);
        return NULL;
    }
    return TAKE_PTR(tar);
}

/* One row per thing that tar knows and a bundle does not have. */
static const char *kind_of(struct archive_entry *entry) {
    static const struct {
        unsigned type;
        const char *kind;
    } kinds[] = {
        {AE_IFLNK, "a symbolic link"}, {AE_IFCHR, "a character device"}, {AE_IFBLK, "a block device"},
        {AE_IFIFO, "a FIFO"},          {AE_IFSOCK, "a socket"},
    };
    if (archive_entry_hardlink(entry))
        return "a hard link";
    if (archive_entry_symlink(entry))
        return "a symbolic link";
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (archive_entry_filetype(entry) == kinds[i].type)
            return kinds[i].kind;
    if (archive_entry_filetype(entry) != AE_IFREG && archive_entry_filetype(entry) != AE_IFDIR)
        return "of an unknown kind";
    if (archive_entry_sparse_reset(entry) > 0)
        return "a sparse file";
    return NULL;
}

/* Remembers the name; a second one is refused: which of two files counts is not for us to guess. */
static int check_unique(struct tar *tar, const char *name, struct error *err) {
    uint8_t hash[NAME_HASH];
    crypto_generichash(hash, sizeof(hash), (const uint8_t *)name, strlen(name), NULL, 0);
    for (size_t i = 0; i < tar->count; i++)
        if (memcmp(tar->names[i], hash, sizeof(hash)) == 0)
            return error_set(err, ERROR_REFUSED, "%s has \"%s\" twice: pack it once", tar->path, name);
    if (tar->count == TAR_ENTRIES_MAX)
        return error_set(err, ERROR_REFUSED, "%s has more than %d entries: split the bundle", tar->path,
                         TAR_ENTRIES_MAX);
    memcpy(tar->names[tar->count++], hash, sizeof(hash));
    return 0;
}

/* Fills *entry; its name may be of a folder. */
static int check_entry(struct tar *tar, struct archive_entry *found, struct tar_entry *entry, struct error *err) {
    char storage[QUOTED_MAX];
    const char *name = archive_entry_pathname(found);
    if (!name || !*name)
        return error_set(err, ERROR_REFUSED, "%s has an entry without a name: pack it anew", tar->path);
    const char *kind = kind_of(found);
    if (kind)
        return error_set(err, ERROR_REFUSED,
                         "%s: \"%s\" is %s, and a packed bundle has only files and folders: put the file itself there",
                         tar->path, text_quotable(name, storage), kind);
    if (tar_clean_name(name, entry->name, err) < 0)
        return error_prefix(err, "%s", tar->path);
    bool folder = archive_entry_filetype(found) == AE_IFDIR;
    if (!*entry->name && !folder)
        return error_set(err, ERROR_REFUSED, "%s: the file \"%s\" has no name: rename it", tar->path,
                         text_quotable(name, storage));
    if (!archive_entry_size_is_set(found) || archive_entry_size(found) < 0)
        return error_set(err, ERROR_REFUSED, "%s: \"%s\" has no size: pack it anew", tar->path, entry->name);
    entry->size = (uint64_t)archive_entry_size(found);
    return *entry->name ? check_unique(tar, entry->name, err) : 0;
}

/* libarchive takes an archive that ends behind any entry for whole; ours must have its two blocks of zeros, and the
 * compression's own end. */
static int check_end(struct tar *tar, struct error *err) {
    const void *data;
    la_ssize_t got;
    uint64_t end = (uint64_t)archive_filter_bytes(tar->archive, 0);
    while ((got = give(tar->archive, tar, &data)) > 0)
        ;
    if (got < 0)
        return refuse(tar, err);
    if (end < (uint64_t)archive_read_header_position(tar->archive) + 2 * BLOCK)
        return error_set(err, ERROR_REFUSED,
                         "%s is cut off: the archive's end is missing at byte %llu; put a whole copy there", tar->path,
                         (unsigned long long)end);
    if (tar->last_content > end)
        return error_set(err, ERROR_REFUSED, "%s: something follows the archive's end at byte %llu: pack it anew",
                         tar->path, (unsigned long long)end);
    return 0;
}

int tar_next(struct tar *tar, struct tar_entry *entry, struct error *err) {
    for (;;) {
        struct archive_entry *found;
        errno = 0;
        int result = archive_read_next_header(tar->archive, &found);
        if (result == ARCHIVE_EOF)
            return check_end(tar, err);
        if (result != ARCHIVE_OK) /* warnings too: what libarchive guesses then is not for us */
            return refuse(tar, err);
        if (check_entry(tar, found, entry, err) < 0)
            return -1;
        if (archive_entry_filetype(found) == AE_IFREG)
            return 1;
    }
}

int tar_read(struct tar *tar, const struct tar_entry *entry, size_t limit, struct buffer *content, struct error *err) {
    char chunk[16384];
    if (entry->size > limit)
        return error_set(err, ERROR_REFUSED, "%s: \"%s\" has %llu bytes, more than the %zu that such a file can have",
                         tar->path, entry->name, (unsigned long long)entry->size, limit);
    for (;;) {
        errno = 0;
        la_ssize_t got = archive_read_data(tar->archive, chunk, sizeof(chunk));
        if (got < 0)
            return refuse(tar, err);
        if (got == 0)
            break;
        buffer_append(content, chunk, (size_t)got);
    }
    if (content->size != entry->size && !content->failed)
        return error_set(err, ERROR_REFUSED,
                         "%s: \"%s\" has %zu bytes, not the %llu that its header says: pack it anew", tar->path,
                         entry->name, content->size, (unsigned long long)entry->size);
    return buffer_check(content, err);
}

void tar_close(struct tar *tar) {
    if (!tar)
        return;
    archive_read_free(tar->archive);
    unpack_close(tar->unpack);
    free(tar);
}
