#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

struct bytes bytes_of(const char *text) {
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

void check_bytes(struct bytes bytes, const char *text, const char *file, int line) {
    if (bytes.size == strlen(text) && (bytes.size == 0 || memcmp(bytes.data, text, bytes.size) == 0))
        return;
    print_error("expected:\n%s\nfound:\n%.*s\n", text, (int)bytes.size, bytes.size ? (const char *)bytes.data : "");
    _fail(file, line);
}

void check_error(struct error *err, enum error_code code, const char *part, const char *file, int line) {
    if (err->code != code || !strstr(err->message, part)) {
        print_error("expected: %s: ...%s...\nfound: %s: %s\n", error_grpc_name(code), part, error_grpc_name(err->code),
                    err->message);
        _fail(file, line);
    }
    error_clear(err);
}

void check_no_error(const struct error *err, const char *file, int line) {
    if (err->code == ERROR_NONE)
        return;
    print_error("unexpected: %s: %s\n", error_grpc_name(err->code), err->message);
    _fail(file, line);
}

/* Ends the test: errno says why. */
static void die(const char *what) {
    print_error("%s: %s\n", what, strerror(errno));
    fail();
}

int folder_setup(void **state) {
    const char *parent = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/unit-XXXXXX", parent ? parent : "/tmp") < 0 || !mkdtemp(path) || chmod(path, 0755) < 0)
        return -1;
    *state = path;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status, (void)kind, (void)where;
    return remove(path);
}

int folder_teardown(void **state) {
    int failed = nftw(*state, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return failed;
}

const char *path_in(const char *folder, const char *name) {
    static _Thread_local char paths[16][4096];
    static _Thread_local size_t next;
    char *path = paths[next++ % COUNT(paths)];
    if ((size_t)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name) >= sizeof(paths[0]))
        die(name);
    return path;
}

static void make_parents(const char *folder, const char *name) {
    char part[256];
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof(part), "%.*s", (int)(slash - name), name);
        if (mkdir(path_in(folder, part), 0755) < 0 && errno != EEXIST)
            die(part);
    }
}

void put_file(const char *folder, const char *name, struct bytes content) {
    make_parents(folder, name);
    int fd = open(path_in(folder, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || file_write_all(fd, content) < 0)
        die(name);
    close(fd);
}

void put_text(const char *folder, const char *name, const char *text) {
    put_file(folder, name, bytes_of(text));
}

void put_folder(const char *folder, const char *name) {
    make_parents(folder, name);
    if (mkdir(path_in(folder, name), 0755) < 0)
        die(name);
}

void put_link(const char *folder, const char *name, const char *target) {
    make_parents(folder, name);
    if (symlink(target, path_in(folder, name)) < 0)
        die(name);
}

struct buffer get_file(const char *folder, const char *name) {
    struct buffer content = {0};
    struct error err = {0};
    file_read(path_in(folder, name), SIZE_MAX / 2, &content, &err);
    assert_no_error(&err);
    return content;
}

int run_program(const char *folder, const char *input, const char *const *arguments) {
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;
    put_text(folder, "input", input);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, path_in(folder, "input"), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, path_in(folder, "output"), O_WRONLY | O_CREAT | O_TRUNC,
                                     0644);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions, folder);
    int problem = posix_spawnp(&child, arguments[0], &actions, NULL, (char *const *)(uintptr_t)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (problem) {
        print_error("%s: %s: ci/dependencies test installs it\n", arguments[0], strerror(problem));
        fail();
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void be_nobody(bool nobody) {
    static bool is_root;
    is_root = is_root || getuid() == 0;
    const uid_t uid = nobody ? 65534 : 0;
    if (is_root && setresuid(uid, uid, 0) < 0)
        die("setresuid");
}

size_t count_entries(const char *folder) {
    DIR *stream = opendir(folder);
    if (!stream)
        return 0;
    size_t count = 0;
    while (readdir(stream))
        count++;
    closedir(stream);
    return count - 2; /* "." and ".." */
}

void put_sysfs_device(const char *sysfs, const char *address, const struct pci_identity *identity) {
    const struct {
        const char *name;
        int digits;
        uint32_t value;
    } files[] = {
        {"vendor", 4, identity->id.vendor},
        {"device", 4, identity->id.device},
        {"subsystem_vendor", 4, identity->subsystem.vendor},
        {"subsystem_device", 4, identity->subsystem.device},
        {"revision", 2, identity->revision},
        {"class", 6, identity->class_code},
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        char name[128], text[16];
        snprintf(name, sizeof(name), "bus/pci/devices/%s/%s", address, files[i].name);
        snprintf(text, sizeof(text), "0x%0*x\n", files[i].digits, files[i].value);
        put_text(sysfs, name, text);
    }
}

uint32_t sequence_next(struct sequence *sequence) {
    uint64_t x = sequence->state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    sequence->state = x;
    return (uint32_t)(x >> 32);
}

uint32_t sequence_below(struct sequence *sequence, uint32_t limit) {
    return sequence_next(sequence) % limit;
}

static void put_u16(uint8_t *at, size_t value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

void image_fix_checksum(uint8_t *image, size_t init_size) {
    uint8_t total = 0;
    for (size_t i = 0; i < init_size; i++)
        total = (uint8_t)(total + image[i]);
    image[init_size - 1] = (uint8_t)(image[init_size - 1] - total);
}

static void put_pe(uint8_t *out, uint16_t machine) {
    enum { COFF = 0x40, OPTIONAL = 0x58, OPTIONAL_SIZE = 0x70 };
    memset(out, 0, OPTIONAL + OPTIONAL_SIZE);
    memcpy(out, "MZ", 2);
    out[0x3c] = COFF;
    memcpy(out + COFF, "PE\0\0", 4);
    put_u16(out + COFF + 0x04, machine);
    put_u16(out + COFF + 0x14, OPTIONAL_SIZE);
    put_u16(out + OPTIONAL, 0x20b);
    out[OPTIONAL + 0x44] = 0x0b;
}

size_t image_build(uint8_t *out, const struct image_spec *spec) {
    size_t size = spec->units * IMAGE_UNIT;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(i % 251);
    put_u16(out, 0xaa55);
    put_u16(out + 0x02, spec->units);
    if (spec->code_type == 0)
        out[0x03] = 0xcb; /* retf: only the byte before it is a size */
    if (spec->code_type == 3) {
        memcpy(out + 0x04, "\xf1\x0e\0\0", 4);
        put_u16(out + 0x08, 0x0b);
        put_u16(out + 0x0a, 0x8664);
        put_u16(out + 0x0c, 0);
        put_u16(out + 0x16, IMAGE_DRIVER);
        put_pe(out + IMAGE_DRIVER, 0x8664);
    }
    put_u16(out + 0x18, IMAGE_PCIR);

    uint8_t *pcir = out + IMAGE_PCIR;
    memset(pcir, 0, 0x1c);
    memcpy(pcir, "PCIR", 4);
    put_u16(pcir + 0x04, spec->id.vendor);
    put_u16(pcir + 0x06, spec->id.device);
    put_u16(pcir + 0x0a, spec->pcir_revision >= 3 ? 0x1c : 0x18);
    pcir[0x0c] = spec->pcir_revision;
    pcir[0x0f] = 0x03; /* a VGA controller */
    put_u16(pcir + 0x10, spec->units);
    pcir[0x14] = spec->code_type;
    pcir[0x15] = spec->last ? 0x80 : 0;
    if (spec->device_list[0]) {
        put_u16(pcir + 0x08, IMAGE_LIST - IMAGE_PCIR);
        size_t at = IMAGE_LIST;
        for (size_t i = 0; i < COUNT(spec->device_list) && spec->device_list[i]; i++, at += 2)
            put_u16(out + at, spec->device_list[i]);
        put_u16(out + at, 0);
    }
    if (spec->code_type == 0)
        image_fix_checksum(out, size);
    return size;
}

size_t rom_build_x86(uint8_t out[512], struct pci_id id) {
    return image_build(out, &(struct image_spec){.code_type = 0, .id = id, .units = 1, .last = true});
}

size_t rom_build_efi(uint8_t out[512], struct pci_id id) {
    return image_build(out, &(struct image_spec){.code_type = 3, .id = id, .units = 1, .last = true});
}

size_t rom_build_both(uint8_t out[1024], struct pci_id id) {
    size_t size = image_build(out, &(struct image_spec){.code_type = 0, .id = id, .units = 1});
    return size + rom_build_efi(out + size, id);
}
