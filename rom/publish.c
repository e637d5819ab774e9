#include "rom/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "rom/temporary.h"

#define HASH_DIGITS 16

struct published_rom {
    struct published_rom *next;
    char *path;       /* in the compute container */
    const char *name; /* the last part of path */
    uint8_t sha256[crypto_hash_sha256_BYTES];
    uint8_t *content;
    size_t size;
};

struct publisher {
    pthread_mutex_t lock; /* guards all below */
    char *rom_dir;        /* NULL: write nothing */
    char *compute_dir;
    struct published_rom *roms;
};

/* Opened anew each time, for the folder may have been replaced under us. Returns a descriptor or -1 with errno. */
static int open_folder(const struct publisher *publisher) {
    return open(publisher->rom_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

struct publisher *publisher_open(const char *rom_dir, const char *compute_dir, struct error *err) {
    CLEANUP(publisher_close) struct publisher *publisher = calloc(1, sizeof(*publisher));
    if (!publisher) {
        error_no_memory(err);
        return NULL;
    }
    pthread_mutex_init(&publisher->lock, NULL);
    publisher->compute_dir = strdup(compute_dir);
    publisher->rom_dir = rom_dir ? strdup(rom_dir) : NULL;
    if (!publisher->compute_dir || (rom_dir && !publisher->rom_dir)) {
        error_no_memory(err);
        return NULL;
    }
    CLEANUP(close_fd) int dir_fd = rom_dir ? open_folder(publisher) : -1;
    if (dir_fd >= 0) /* what those before us left that were killed */
        temporary_sweep(dir_fd);
    return TAKE_PTR(publisher);
}

static int make_folder(const struct publisher *publisher, struct error *err) {
    if (mkdir(publisher->rom_dir, 0755) < 0 && errno != EEXIST)
        return error_set_errno(err, ERROR_INTERNAL, errno,
                               "cannot make the ROM folder %s (is its parent mounted and writable?)",
                               publisher->rom_dir);
    int fd = open_folder(publisher);
    if (fd < 0)
        return error_set_errno(err, ERROR_INTERNAL, errno,
                               "cannot open the ROM folder %s (it must be a folder, no link)", publisher->rom_dir);
    /* Whatever the umask was, uid 107 must be able to look inside. Not ours to change if somebody else made it. */
    struct stat status;
    if (fstat(fd, &status) == 0 && status.st_uid == geteuid())
        fchmod(fd, 0755);
    return fd;
}

/* Returns 0, or -1 with errno, and nothing is left behind. */
static int write_file(int dir_fd, const struct published_rom *rom) {
    struct temporary file;
    struct bytes content = {rom->content, rom->size};
    if (temporary_make(dir_fd, &file) < 0)
        return -1;
    if (file_write_all(file.fd, content) < 0 || fchmod(file.fd, 0644) < 0 || fsync(file.fd) < 0) {
        temporary_drop(dir_fd, &file);
        return -1;
    }
    return temporary_keep(dir_fd, &file, rom->name);
}

static int put_file(const struct publisher *publisher, struct published_rom *rom, struct error *err) {
    if (!publisher->rom_dir)
        return 0;
    CLEANUP(close_fd) int dir_fd = make_folder(publisher, err);
    if (dir_fd < 0)
        return -1;
    if (write_file(dir_fd, rom) < 0)
        return error_set_errno(err, ERROR_INTERNAL, errno,
                               "cannot write the ROM %s/%s (is there room, and is the folder ours?)",
                               publisher->rom_dir, rom->name);
    fsync(dir_fd); /* the file is whole either way; this only makes its name last */
    return 0;
}

static bool same_content(int fd, const struct published_rom *rom) {
    uint8_t chunk[16384];
    size_t at = 0;
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 && at == rom->size;
        if ((size_t)got > rom->size - at || memcmp(chunk, rom->content + at, (size_t)got) != 0)
            return false;
        at += (size_t)got;
    }
}

/* Looks at the bytes, not at the time stamps: another process of our uid can set those, and libvirt may change the
 * owner without harm. */
static bool file_is_ours(const struct publisher *publisher, const struct published_rom *rom) {
    if (!publisher->rom_dir)
        return true;
    struct stat status;
    CLEANUP(close_fd) int dir_fd = open_folder(publisher);
    if (dir_fd < 0)
        return false;
    CLEANUP(close_fd) int fd = openat(dir_fd, rom->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 0444) == 0444 &&
           (size_t)status.st_size == rom->size && same_content(fd, rom);
}

static void free_rom(struct published_rom *rom) {
    if (!rom)
        return;
    free(rom->path);
    free(rom->content);
    free(rom);
}
DEFINE_CLEANUP(struct published_rom, free_rom)

static struct published_rom *new_rom(const struct publisher *publisher, const char *id,
                                     const uint8_t sha256[crypto_hash_sha256_BYTES], struct bytes content,
                                     struct error *err) {
    CLEANUP(free_rom) struct published_rom *rom = calloc(1, sizeof(*rom));
    CLEANUP(buffer_free) struct buffer path = {0};
    char hex[2 * crypto_hash_sha256_BYTES + 1];
    sodium_bin2hex(hex, sizeof(hex), sha256, crypto_hash_sha256_BYTES);
    buffer_printf(&path, "%s/%s-%.*s.rom", publisher->compute_dir, id, HASH_DIGITS, hex);
    if (!rom || path.failed || !(rom->content = malloc(content.size + 1))) {
        error_no_memory(err);
        return NULL;
    }
    rom->path = TAKE_PTR(path.data);
    rom->name = strrchr(rom->path, '/') + 1;
    rom->size = content.size;
    memcpy(rom->sha256, sha256, sizeof(rom->sha256));
    memcpy(rom->content, content.data, content.size);
    return TAKE_PTR(rom);
}

static const struct published_rom *publish_locked(struct publisher *publisher, const char *id,
                                                  const uint8_t sha256[crypto_hash_sha256_BYTES], struct bytes content,
                                                  struct error *err) {
    CLEANUP(free_rom) struct published_rom *rom = new_rom(publisher, id, sha256, content, err);
    if (!rom)
        return NULL;
    for (struct published_rom *known = publisher->roms; known; known = known->next) {
        if (strcmp(known->name, rom->name) != 0)
            continue;
        if (memcmp(known->sha256, sha256, sizeof(known->sha256)) != 0) {
            error_set(err, ERROR_INTERNAL, "two ROMs \"%s\" would share the file %s", id, known->name);
            return NULL;
        }
        return file_is_ours(publisher, known) || put_file(publisher, known, err) == 0 ? known : NULL;
    }
    if (put_file(publisher, rom, err) < 0)
        return NULL;
    rom->next = publisher->roms;
    publisher->roms = rom;
    return TAKE_PTR(rom);
}

const struct published_rom *publisher_publish(struct publisher *publisher, const char *id,
                                              const uint8_t sha256[crypto_hash_sha256_BYTES], struct bytes content,
                                              struct error *err) {
    pthread_mutex_lock(&publisher->lock);
    const struct published_rom *rom = publish_locked(publisher, id, sha256, content, err);
    pthread_mutex_unlock(&publisher->lock);
    return rom;
}

int publisher_ensure(struct publisher *publisher, const struct published_rom *rom, struct error *err) {
    pthread_mutex_lock(&publisher->lock);
    int failed = file_is_ours(publisher, rom) ? 0 : put_file(publisher, (struct published_rom *)rom, err);
    pthread_mutex_unlock(&publisher->lock);
    return failed;
}

const char *published_rom_path(const struct published_rom *rom) {
    return rom->path;
}

void publisher_close(struct publisher *publisher) {
    if (!publisher)
        return;
    while (publisher->roms) {
        struct published_rom *rom = publisher->roms;
        publisher->roms = rom->next;
        free_rom(rom);
    }
    pthread_mutex_destroy(&publisher->lock);
    free(publisher->rom_dir);
    free(publisher->compute_dir);
    free(publisher);
}
