/* host/sysfs: the only ways into a folder that may hold anything, and what an observer is told. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/sysfs.h"
#include "support.h"

/* "found PATH\n", "read PATH\n" or "denied PATH\n". */
static void append_seen(void *context, const char *path, enum sysfs_look look) {
    static const char *const words[] = {[SYSFS_FOUND] = "found", [SYSFS_READ] = "read", [SYSFS_DENIED] = "denied"};
    buffer_printf(context, "%s %s\n", words[look], path);
}

static struct sysfs watch(const char *root, struct buffer *seen) {
    return (struct sysfs){.root = root, .seen = append_seen, .context = seen};
}

/* Fails the test unless the observer was told exactly this, and forgets it. */
static void check_seen(struct buffer *seen, const char *expected, const char *file, int line) {
    check_bytes(buffer_bytes(seen), expected, file, line);
    buffer_free(seen);
}
#define assert_seen(seen, expected) check_seen((seen), (expected), __FILE__, __LINE__)

static void put_fifo(const char *folder, const char *name) {
    assert_int_equal(mkfifo(path_in(folder, name), 0600), 0);
}

static void put_socket(const char *folder, const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_in_range(snprintf(address.sun_path, sizeof(address.sun_path), "%s", path_in(folder, name)), 1,
                    sizeof(address.sun_path) - 1);
    CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

/* A path of so many characters, without the NUL. */
static const char *path_of(size_t size, char path[PATH_MAX + 2]) {
    for (size_t i = 0; i < size; i++)
        path[i] = i % 2 ? '/' : '.';
    path[size] = '\0';
    return path;
}

static void pci_paths(void **state) {
    (void)state;
    static const struct pci_address address = {0, 0xe5, 0, 1}, large = {0xffffffff, 0xff, 0x1f, 7};
    char path[SYSFS_PATH_MAX], name[SYSFS_PATH_MAX] = {0};
    assert_string_equal(sysfs_pci_path(address, "power_state", path), "bus/pci/devices/0000:e5:00.1/power_state");
    assert_string_equal(sysfs_pci_path(large, "power/runtime_status", path),
                        "bus/pci/devices/ffffffff:ff:1f.7/power/runtime_status");
    assert_string_equal(sysfs_pci_path(address, NULL, path), "bus/pci/devices/0000:e5:00.1");
    assert_ptr_equal(sysfs_pci_path(address, "", path), path);
    assert_string_equal(path, "bus/pci/devices/0000:e5:00.1/");
    /* As if it were not there: half a path may be somebody else's. */
    const size_t longest = sizeof(path) - sizeof("bus/pci/devices/0000:e5:00.1/");
    memset(name, 'x', longest);
    assert_int_equal(strlen(sysfs_pci_path(address, name, path)), sizeof(path) - 1);
    name[longest] = 'x';
    assert_string_equal(sysfs_pci_path(address, name, path), "");
}

static void contents(void **state) {
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = watch(*state, &seen);
    char content[64];
    memset(content, 'x', sizeof(content));
    put_text(*state, "class/a", "D3cold\n");
    put_file(*state, "class/b", (struct bytes){(const uint8_t *)"\0\xff\n", 3});
    put_text(*state, "class/empty", "");
    assert_int_equal(sysfs_read(&sysfs, "class/a", content, sizeof(content)), 7);
    assert_string_equal(content, "D3cold\n");
    assert_int_equal(content[8], 'x');
    assert_int_equal(sysfs_read(&sysfs, "class/b", content, sizeof(content)), 3);
    assert_memory_equal(content, "\0\xff\n", 4);
    assert_int_equal(sysfs_read(&sysfs, "class/empty", content, sizeof(content)), 0);
    assert_string_equal(content, "");
    assert_seen(&seen, "read class/a\nread class/b\nread class/empty\n");
}

/* What fills the room may have been cut: it is too large. Nothing is written beyond the room. */
static void sizes(void **state) {
    const struct sysfs sysfs = {.root = *state};
    static const struct {
        size_t room;
        ssize_t result;
    } cases[] = {{1, -EFBIG}, {7, -EFBIG}, {8, -EFBIG}, {9, 8}, {10, 8}, {4096, 8}};
    put_text(*state, "file", "12345678");
    put_text(*state, "empty", "");
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(free) char *content = malloc(cases[i].room); /* whose bounds the sanitizers know */
        assert_non_null(content);
        assert_int_equal(sysfs_read(&sysfs, "file", content, cases[i].room), cases[i].result);
        if (cases[i].result > 0)
            assert_string_equal(content, "12345678");
        assert_int_equal(sysfs_read(&sysfs, "empty", content, cases[i].room), 0);
        assert_string_equal(content, "");
    }
}

/* The start of a file, and no NUL behind it. */
static void starts(void **state) {
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = watch(*state, &seen);
    static const size_t rooms[] = {1, 7, 8, 9, 64};
    put_text(*state, "file", "12345678");
    put_text(*state, "empty", "");
    for (size_t i = 0; i < COUNT(rooms); i++) {
        char content[65];
        size_t expected = rooms[i] < 8 ? rooms[i] : 8;
        memset(content, 'x', sizeof(content));
        assert_int_equal(sysfs_read_start(&sysfs, "file", content, rooms[i]), expected);
        assert_memory_equal(content, "12345678", expected);
        assert_int_equal(content[expected], 'x');
        assert_int_equal(sysfs_read_start(&sysfs, "empty", content, rooms[i]), 0);
        assert_seen(&seen, "read file\nread empty\n");
    }
}

/* FIFOs have no writer: were one opened as files are, or read, this would wait forever. They are there, so that a
 * snapshot shall show them. */
static void irregular(void **state) {
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = watch(*state, &seen);
    char content[64];
    put_fifo(*state, "fifo");
    put_folder(*state, "folder");
    put_socket(*state, "socket");
    static const char *const names[] = {"fifo", "folder", "socket"};
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_int_equal(sysfs_read(&sysfs, names[i], content, sizeof(content)), -EINVAL);
        assert_int_equal(sysfs_read_start(&sysfs, names[i], content, sizeof(content)), -EINVAL);
        assert_int_equal(sysfs_will_read(&sysfs, names[i]), -EINVAL);
    }
    assert_seen(&seen, "read fifo\nread fifo\nread fifo\nread folder\nread folder\nread folder\n"
                       "read socket\nread socket\nread socket\n");
    /* Nor is a writer waited for that has nothing to say, or heard that has. */
    CLEANUP(close_fd) int writer = open(path_in(*state, "fifo"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    assert_true(writer >= 0);
    assert_int_equal(sysfs_read(&sysfs, "fifo", content, sizeof(content)), -EINVAL);
    assert_int_equal(write(writer, "D0", 2), 2);
    assert_int_equal(sysfs_read(&sysfs, "fifo", content, sizeof(content)), -EINVAL);
    assert_int_equal(sysfs_read_start(&sysfs, "fifo", content, sizeof(content)), -EINVAL);
    assert_int_equal(read(writer, content, sizeof(content)), 2);
    assert_int_equal(sysfs_list(&sysfs, "fifo", NULL, NULL), -ENOTDIR);
    assert_int_equal(sysfs_read_link(&sysfs, "fifo", content, sizeof(content)), -EINVAL);
    assert_int_equal(sysfs_find(&sysfs, "fifo"), 0);
}

/* A link in the place of a file is not followed, lest a snapshot make somebody read what is his: but one in the place
 * of a folder is, as sysfs has them. */
static void links_to_files(void **state) {
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = watch(*state, &seen);
    static const char *const targets[] = {"class/file", "fifo", "absent", "/dev/zero", "/etc/passwd", "link"};
    char content[64];
    put_text(*state, "class/file", "x");
    put_link(*state, "folder", "class");
    put_fifo(*state, "fifo");
    for (size_t i = 0; i < COUNT(targets); i++) {
        put_link(*state, "link", targets[i]);
        assert_int_equal(sysfs_read(&sysfs, "link", content, sizeof(content)), -ELOOP);
        assert_int_equal(sysfs_read_start(&sysfs, "link", content, sizeof(content)), -ELOOP);
        assert_int_equal(sysfs_will_read(&sysfs, "link"), -ELOOP);
        assert_seen(&seen, "found link\nfound link\nfound link\n"); /* to be copied as a link */
        unlink(path_in(*state, "link"));
    }
    assert_int_equal(sysfs_read(&sysfs, "folder/file", content, sizeof(content)), 1);
    assert_seen(&seen, "read folder/file\n");
}

static int never(void *context, const char *name) {
    (void)context;
    fail_msg("listed: %s", name);
    return 1;
}

/* What may not be looked at: a snapshot shall say that it lacks it. Of what is absent nobody is told. */
static void denied(void **state) {
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = watch(*state, &seen);
    char content[64], resolved[PATH_MAX];
    put_text(*state, "file", "x");
    put_text(*state, "folder/file", "x");
    put_link(*state, "folder/link", "file");
    chmod(path_in(*state, "file"), 0);
    chmod(path_in(*state, "folder"), 0);
    be_nobody(true);
    assert_int_equal(sysfs_read(&sysfs, "file", content, sizeof(content)), -EACCES);
    assert_int_equal(sysfs_read_start(&sysfs, "file", content, sizeof(content)), -EACCES);
    assert_int_equal(sysfs_will_read(&sysfs, "file"), -EACCES);
    assert_int_equal(sysfs_list(&sysfs, "folder", never, NULL), -EACCES);
    assert_int_equal(sysfs_read(&sysfs, "folder/file", content, sizeof(content)), -EACCES);
    assert_int_equal(sysfs_will_read(&sysfs, "folder/file"), -EACCES);
    assert_int_equal(sysfs_find(&sysfs, "folder/file"), -EACCES);
    assert_int_equal(sysfs_read_target(&sysfs, "folder/link", resolved), -EACCES);
    assert_int_equal(sysfs_read_link(&sysfs, "folder/link", content, sizeof(content)), -EACCES);
    assert_int_equal(sysfs_resolve(&sysfs, "folder/file", resolved), -EACCES);
    assert_int_equal(sysfs_read(&sysfs, "absent", content, sizeof(content)), -ENOENT);
    be_nobody(false);
    chmod(path_in(*state, "folder"), 0755);
    assert_seen(&seen, "denied file\ndenied file\ndenied file\ndenied folder\ndenied folder/file\ndenied folder/file\n"
                       "denied folder/file\ndenied folder/link\ndenied folder/link\ndenied folder/file\n");
}

/* As an attribute whose device has gone: memory that is not there. */
static void failing_read(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = watch("/proc/self", &seen);
    char content[64];
    assert_int_equal(sysfs_will_read(&sysfs, "mem"), 0);
    assert_int_equal(sysfs_read(&sysfs, "mem", content, sizeof(content)), -EIO);
    assert_int_equal(sysfs_read_start(&sysfs, "mem", content, sizeof(content)), -EIO);
    assert_seen(&seen, "read mem\nread mem\nread mem\n");
}

static void will_read(void **state) {
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = watch(*state, &seen);
    put_text(*state, "class/a", "x");
    assert_int_equal(sysfs_will_read(&sysfs, "class/a"), 0);
    assert_seen(&seen, "read class/a\n");
}

static void links(void **state) {
    static const struct {
        const char *target, *last;
    } cases[] = {
        {"../../../bus/pci/drivers/vfio-pci", "vfio-pci"},
        {"vfio-pci", "vfio-pci"},
        {"/sys/kernel/iommu_groups/15", "15"},
        {"15/", ""},
        {"/", ""},
        {"..", ".."},
    };
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = watch(*state, &seen);
    char last[16], target[PATH_MAX];
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_link(*state, "driver", cases[i].target);
        assert_int_equal(sysfs_read_target(&sysfs, "driver", target), 0);
        assert_string_equal(target, cases[i].target);
        assert_seen(&seen, "found driver\n");
        assert_int_equal(sysfs_read_link(&sysfs, "driver", last, sizeof(last)), 0);
        assert_string_equal(last, cases[i].last);
        assert_seen(&seen, "found driver\n");
        unlink(path_in(*state, "driver"));
    }
    /* Half a name is none. */
    put_link(*state, "driver", "../drivers/vfio-pci");
    assert_int_equal(sysfs_read_link(&sysfs, "driver", last, 9), 0);
    assert_string_equal(last, "vfio-pci");
    assert_int_equal(sysfs_read_link(&sysfs, "driver", last, 8), -ENAMETOOLONG);
    assert_seen(&seen, "found driver\nfound driver\n");
    put_text(*state, "file", "x");
    put_folder(*state, "folder");
    assert_int_equal(sysfs_read_link(&sysfs, "file", last, sizeof(last)), -EINVAL);
    assert_int_equal(sysfs_read_link(&sysfs, "folder", last, sizeof(last)), -EINVAL);
    assert_int_equal(sysfs_read_target(&sysfs, "file", target), -EINVAL);
    assert_seen(&seen, "");
}

/* A link can be as long as the kernel lets it be. */
static void longest_link(void **state) {
    const struct sysfs sysfs = {.root = *state};
    char target[PATH_MAX], found[PATH_MAX], last[16];
    memset(target, 'x', sizeof(target) - 1);
    target[sizeof(target) - 1] = '\0';
    target[sizeof(target) - 7] = '/';
    put_link(*state, "link", target);
    assert_int_equal(sysfs_read_link(&sysfs, "link", last, sizeof(last)), 0);
    assert_string_equal(last, "xxxxx");
    assert_int_equal(sysfs_read_target(&sysfs, "link", found), 0);
    assert_string_equal(found, target);
}

static void find(void **state) {
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = watch(*state, &seen);
    put_text(*state, "file", "x");
    put_folder(*state, "folder");
    put_link(*state, "link", "folder");
    put_link(*state, "nowhere", "absent");
    assert_int_equal(sysfs_find(&sysfs, "file"), 0);
    assert_int_equal(sysfs_find(&sysfs, "folder"), 0);
    assert_int_equal(sysfs_find(&sysfs, "link"), 0);
    assert_seen(&seen, "found file\nfound folder\nfound link\n");
    assert_int_equal(sysfs_find(&sysfs, "nowhere"), -ENOENT);
    assert_int_equal(sysfs_find(&sysfs, "file/x"), -ENOTDIR);
    assert_seen(&seen, "");
    put_link(*state, "circle", "circle");
    assert_int_equal(sysfs_find(&sysfs, "circle"), -ELOOP);
    assert_seen(&seen, "found circle\n");
}

struct names {
    struct buffer text; /* in the folder's order */
    size_t count, most;
};

static int take_name(void *context, const char *name) {
    struct names *names = context;
    buffer_printf(&names->text, "%s\n", name);
    errno = EIO; /* what it does to errno is not what the listing says */
    return ++names->count == names->most;
}

static void list(void **state) {
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = watch(*state, &seen);
    static const char *const all[] = {"0000:e5:00.0", ".hidden", "...", "a"};
    struct names names = {.most = SIZE_MAX};
    for (size_t i = 0; i < COUNT(all); i++)
        put_link(*state, path_in("class", all[i]), "nowhere");
    assert_int_equal(sysfs_list(&sysfs, "class", take_name, &names), 0);
    assert_int_equal(names.count, COUNT(all));
    assert_true(strncmp(seen.data, "found class\n", 12) == 0);
    for (size_t i = 0; i < COUNT(all); i++) {
        char line[64];
        snprintf(line, sizeof(line), "%s\n", all[i]);
        assert_non_null(strstr(names.text.data, line));
        snprintf(line, sizeof(line), "found class/%s\n", all[i]);
        assert_non_null(strstr(seen.data, line));
    }
    buffer_free(&names.text);
    buffer_free(&seen);
    /* Until `each` has enough: of the rest nobody is told. */
    names = (struct names){.most = 2};
    assert_int_equal(sysfs_list(&sysfs, "class", take_name, &names), 0);
    assert_int_equal(names.count, 2);
    size_t lines = 0;
    for (const char *c = seen.data; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 3);
    buffer_free(&names.text);
    buffer_free(&seen);
    put_folder(*state, "empty");
    names = (struct names){.most = SIZE_MAX};
    assert_int_equal(sysfs_list(&sysfs, "empty", take_name, &names), 0);
    assert_int_equal(names.count, 0);
    assert_seen(&seen, "found empty\n");
    put_text(*state, "file", "x");
    assert_int_equal(sysfs_list(&sysfs, "file", take_name, &names), -ENOTDIR);
    assert_int_equal(names.count, 0);
}

/* An entry whose path is too long is listed, but nobody is told half its name. */
static void list_of_long_names(void **state) {
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = watch(*state, &seen);
    enum { FITS = SYSFS_PATH_MAX - NAME_MAX - 2 };
    char path[PATH_MAX + 2], name[NAME_MAX + 1] = {0};
    memset(name, 'n', sizeof(name) - 1);
    put_text(*state, name, "x");
    for (size_t extra = 0; extra < 2; extra++) {
        struct names names = {.most = SIZE_MAX};
        assert_int_equal(sysfs_list(&sysfs, path_of(FITS + extra, path), take_name, &names), 0);
        assert_int_equal(names.text.size, NAME_MAX + 1);
        size_t folder = strlen("found \n") + FITS + extra, entry = strlen("found /\n") + FITS + NAME_MAX;
        assert_int_equal(seen.size, extra ? folder : folder + entry);
        buffer_free(&names.text);
        buffer_free(&seen);
    }
}

static void resolve(void **state) {
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = watch(*state, &seen);
    char resolved[PATH_MAX], root[PATH_MAX], expected[PATH_MAX + 64];
    assert_non_null(realpath(*state, root));
    put_folder(*state, "devices/pci0000:00/0000:00:01.0/0000:01:00.0");
    put_link(*state, "bus/pci/devices/0000:01:00.0", "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0");
    put_link(*state, "nowhere", "absent");
    put_link(*state, "circle", "circle");
    assert_int_equal(sysfs_resolve(&sysfs, "bus/pci/devices/0000:01:00.0", resolved), 0);
    snprintf(expected, sizeof(expected), "%s/devices/pci0000:00/0000:00:01.0/0000:01:00.0", root);
    assert_string_equal(resolved, expected);
    assert_seen(&seen, "found bus/pci/devices/0000:01:00.0\n");
    assert_int_equal(sysfs_resolve(&sysfs, "nowhere", resolved), -ENOENT);
    assert_seen(&seen, "");
    assert_int_equal(sysfs_resolve(&sysfs, "circle", resolved), -ELOOP);
    assert_seen(&seen, "found circle\n");
}

/* Every function says the same of a path that leads nowhere, and tells nobody. */
static void assert_all_fail(const struct sysfs *sysfs, const char *path, int error) {
    char content[16], resolved[PATH_MAX];
    assert_int_equal(sysfs_read(sysfs, path, content, sizeof(content)), -error);
    assert_int_equal(sysfs_read_start(sysfs, path, content, sizeof(content)), -error);
    assert_int_equal(sysfs_will_read(sysfs, path), -error);
    assert_int_equal(sysfs_read_link(sysfs, path, content, sizeof(content)), -error);
    assert_int_equal(sysfs_read_target(sysfs, path, resolved), -error);
    assert_int_equal(sysfs_find(sysfs, path), -error);
    assert_int_equal(sysfs_list(sysfs, path, never, NULL), -error);
    assert_int_equal(sysfs_resolve(sysfs, path, resolved), -error);
}

static void absent(void **state) {
    CLEANUP(buffer_free) struct buffer seen = {0};
    struct sysfs sysfs = watch(*state, &seen);
    put_text(*state, "file", "x");
    assert_all_fail(&sysfs, "absent", ENOENT);
    assert_all_fail(&sysfs, "absent/a", ENOENT);
    assert_all_fail(&sysfs, "file/a", ENOTDIR);
    sysfs.root = path_in(*state, "absent");
    assert_all_fail(&sysfs, "file", ENOENT);
    assert_int_equal(seen.size, 0);
}

/* The root, a slash, the path and a NUL must fit into PATH_MAX; one character less leads somewhere. */
static void too_long(void **state) {
    CLEANUP(buffer_free) struct buffer seen = {0};
    struct sysfs sysfs = watch(*state, &seen);
    char path[PATH_MAX + 2], resolved[PATH_MAX], name[16];
    size_t room = PATH_MAX - strlen(*state) - 1;
    assert_all_fail(&sysfs, path_of(room, path), ENAMETOOLONG);
    assert_all_fail(&sysfs, path_of(PATH_MAX, path), ENAMETOOLONG);
    assert_all_fail(&sysfs, "", ENAMETOOLONG); /* what sysfs_pci_path makes of one that does not fit */
    path_of(room - 1, path);
    assert_int_equal(sysfs_read(&sysfs, path, name, sizeof(name)), -EINVAL);
    assert_int_equal(sysfs_will_read(&sysfs, path), -EINVAL);
    assert_int_equal(sysfs_find(&sysfs, path), 0);
    assert_int_equal(sysfs_resolve(&sysfs, path, resolved), 0);
    sysfs.root = path_of(PATH_MAX + 1, path);
    sysfs.seen = NULL;
    assert_all_fail(&sysfs, "file", ENAMETOOLONG);
}

/* Nobody watches: as before, and nothing is told. */
static void without_observer(void **state) {
    const struct sysfs sysfs = {.root = *state};
    char content[16], resolved[PATH_MAX];
    struct names names = {.most = SIZE_MAX};
    put_text(*state, "class/file", "x");
    put_link(*state, "class/link", "file");
    assert_int_equal(sysfs_read(&sysfs, "class/file", content, sizeof(content)), 1);
    assert_int_equal(sysfs_will_read(&sysfs, "class/file"), 0);
    assert_int_equal(sysfs_read_link(&sysfs, "class/link", content, sizeof(content)), 0);
    assert_int_equal(sysfs_find(&sysfs, "class/file"), 0);
    assert_int_equal(sysfs_list(&sysfs, "class", take_name, &names), 0);
    assert_int_equal(names.count, 2);
    assert_int_equal(sysfs_resolve(&sysfs, "class/link", resolved), 0);
    buffer_free(&names.text);
}

/* A snapshot is read thousands of times in a test or by a service: no descriptor may stay open. */
static void no_descriptor_stays(void **state) {
    const struct sysfs sysfs = {.root = *state};
    char content[2];
    struct names names = {.most = 1};
    put_text(*state, "class/file", "xyz");
    put_text(*state, "class/small", "x");
    put_fifo(*state, "class/fifo");
    size_t before = count_entries("/proc/self/fd");
    assert_true(before > 0);
    assert_int_equal(sysfs_read(&sysfs, "class/file", content, sizeof(content)), -EFBIG);
    assert_int_equal(sysfs_read(&sysfs, "class/small", content, sizeof(content)), 1);
    assert_int_equal(sysfs_read(&sysfs, "class/fifo", content, sizeof(content)), -EINVAL);
    assert_int_equal(sysfs_read(&sysfs, "class", content, sizeof(content)), -EINVAL);
    assert_int_equal(sysfs_list(&sysfs, "class", take_name, &names), 0);
    names.most = SIZE_MAX;
    assert_int_equal(sysfs_list(&sysfs, "class", take_name, &names), 0);
    assert_int_equal(count_entries("/proc/self/fd"), before);
    buffer_free(&names.text);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pci_paths),
        FOLDER_TEST(contents),
        FOLDER_TEST(sizes),
        FOLDER_TEST(starts),
        FOLDER_TEST(irregular),
        FOLDER_TEST(links_to_files),
        FOLDER_TEST(denied),
        cmocka_unit_test(failing_read),
        FOLDER_TEST(will_read),
        FOLDER_TEST(links),
        FOLDER_TEST(longest_link),
        FOLDER_TEST(find),
        FOLDER_TEST(list),
        FOLDER_TEST(list_of_long_names),
        FOLDER_TEST(resolve),
        FOLDER_TEST(absent),
        FOLDER_TEST(too_long),
        FOLDER_TEST(without_observer),
        FOLDER_TEST(no_descriptor_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
