#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "sandbox_parts.h"

/* The kernel's interface (include/uapi/linux/landlock.h of Linux 6.15), in our own words: what a build machine's
 * headers know of it differs. glibc has no functions for the calls, and both architectures have the same numbers. */
enum { CREATE_VERSION = 1 << 0, RULE_PATH = 1, RULE_PORT = 2 };
struct ruleset {
    uint64_t files, ports, scopes; /* what is restricted: all but what a rule allows */
};
struct path_rule {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));
struct port_rule {
    uint64_t allowed, port;
};

enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_FOLDER = 1 << 3,
    REMOVE_FOLDER = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_CHARACTER_DEVICE = 1 << 6,
    MAKE_FOLDER = 1 << 7,
    MAKE_FILE = 1 << 8,
    MAKE_SOCKET = 1 << 9,
    MAKE_FIFO = 1 << 10,
    MAKE_BLOCK_DEVICE = 1 << 11,
    MAKE_LINK = 1 << 12,
    REFER = 1 << 13, /* rename or link to another folder */
    TRUNCATE = 1 << 14,
    CONTROL_DEVICE = 1 << 15, /* ioctl */

    OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | CONTROL_DEVICE, /* what a rule about a file may say */

    BIND = 1 << 0,
    CONNECT = 1 << 1,

    ABSTRACT_SOCKETS = 1 << 0, /* connecting to those outside */
    SIGNALS = 1 << 1,          /* to processes outside */
};

/* What each version of the interface can restrict beyond the one before it. Later ones are as good as the last here. */
static const struct ruleset restricted_since[] = {
    {EXECUTE | WRITE_FILE | READ_FILE | READ_FOLDER | REMOVE_FOLDER | REMOVE_FILE | MAKE_CHARACTER_DEVICE |
         MAKE_FOLDER | MAKE_FILE | MAKE_SOCKET | MAKE_FIFO | MAKE_BLOCK_DEVICE | MAKE_LINK,
     0, 0},
    {REFER, 0, 0},
    {TRUNCATE, 0, 0},
    {0, BIND | CONNECT, 0},
    {CONTROL_DEVICE, 0, 0},
    {0, 0, ABSTRACT_SOCKETS | SIGNALS},
};

static const struct {
    uint64_t allowed;
    bool is_itself; /* the rule is about the path, and not about the folder in which it lies */
    bool is_below;  /* what is allowed is done to the path and below it: in the root folder a rule about it will do */
    bool is_led_to; /* links on the way to it count as well: they may come to lead elsewhere, as git-sync's do */
} uses[SANDBOX_USES] = {
    [SANDBOX_LOOK] = {READ_FILE | READ_FOLDER, true, true, false},
    [SANDBOX_BUNDLE] = {READ_FILE | READ_FOLDER, false, true, true},
    [SANDBOX_ROMS] = {READ_FILE | READ_FOLDER | WRITE_FILE | MAKE_FOLDER | MAKE_FILE | REMOVE_FILE, false, true, false},
    [SANDBOX_FILE] = {WRITE_FILE | MAKE_FILE | REMOVE_FILE, false, false, false},
    [SANDBOX_SOCKET] = {MAKE_SOCKET | REMOVE_FILE, false, false, false},
};

static int allow_behind(int ruleset, uint64_t allowed, int fd) {
    struct stat status;
    if (fstat(fd, &status) < 0)
        return errno;
    const struct path_rule rule = {S_ISDIR(status.st_mode) ? allowed : allowed & OF_FILES, fd};
    if (rule.allowed == 0) /* the kernel takes no empty rule */
        return 0;
    return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0) < 0 ? errno : 0;
}

/* What is not there is not allowed either: nothing can be done to it. */
static int allow_itself(int ruleset, uint64_t allowed, const char *path) {
    CLEANUP(close_fd) int fd = open(path, O_PATH | O_CLOEXEC);
    return fd < 0 ? 0 : allow_behind(ruleset, allowed, fd);
}

/* Opens the nearest folder above the path that is there. Returns a descriptor, or -1 with errno. */
static int open_above(const char *path) {
    CLEANUP(free) char *copy = strdup(path);
    int fd = -1;
    for (char *folder = copy; folder && fd < 0;) {
        folder = dirname(folder);
        fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (folder[strspn(folder, "/")] == '\0' || strcmp(folder, ".") == 0)
            break;
    }
    return fd;
}

static bool is_root(int fd) {
    struct stat status, root;
    return fstat(fd, &status) == 0 && stat("/", &root) == 0 && status.st_dev == root.st_dev &&
           status.st_ino == root.st_ino;
}

static int allow_in_folder(int ruleset, uint64_t allowed, bool is_below, const char *path) {
    CLEANUP(close_fd) int fd = open_above(path);
    if (fd < 0)
        return errno;
    if (is_below && is_root(fd) && access(path, F_OK) == 0)
        return allow_itself(ruleset, allowed, path);
    return allow_behind(ruleset, allowed, fd);
}

/* A link is replaced where it lies, and what it leads to, where that lies. */
static int allow_in_folders(int ruleset, uint64_t allowed, bool is_below, const char *path) {
    int failed = allow_in_folder(ruleset, allowed, is_below, path);
    CLEANUP(free) char *real = failed ? NULL : realpath(path, NULL);
    return real ? allow_in_folder(ruleset, allowed, is_below, real) : failed;
}

static bool is_link(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

static int allow_links_on_the_way(int ruleset, uint64_t allowed, bool is_below, const char *path) {
    CLEANUP(free) char *way = strdup(path);
    int failed = way ? 0 : ENOMEM;
    for (char *slash = way ? strchr(way, '/') : NULL; slash && !failed; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (is_link(way))
            failed = allow_in_folders(ruleset, allowed, is_below, way);
        *slash = '/';
    }
    return failed;
}

static int allow(int ruleset, uint64_t restricted, enum sandbox_use use, const char *path) {
    const uint64_t allowed = uses[use].allowed & restricted;
    if (uses[use].is_itself)
        return allow_itself(ruleset, allowed, path);
    int failed = allow_in_folders(ruleset, allowed, uses[use].is_below, path);
    if (!failed && uses[use].is_led_to)
        failed = allow_links_on_the_way(ruleset, allowed, uses[use].is_below, path);
    return failed;
}

static int allow_port(int ruleset, in_port_t port) {
    const struct port_rule rule = {BIND, port};
    return syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0) < 0 ? errno : 0;
}

static int add_rules(int ruleset, const struct ruleset *restricted, const struct sandbox *sandbox) {
    int failed = sandbox->port && restricted->ports ? allow_port(ruleset, sandbox->port) : 0;
    for (size_t i = 0; i < sandbox->path_count && !failed; i++)
        failed = allow(ruleset, restricted->files, sandbox->paths[i].use, sandbox->paths[i].path);
    /* Its report names addresses by the maps of memory and by the program's file, and looks at all threads. */
    if (sandbox->for_sanitizer && !failed)
        failed = allow(ruleset, restricted->files, SANDBOX_LOOK, "/proc");
    if (sandbox->for_sanitizer && !failed)
        failed = allow(ruleset, restricted->files, SANDBOX_LOOK, "/proc/self/exe");
    return failed;
}

int sandbox_enter_landlock(const struct sandbox *sandbox, int *abi) {
    struct ruleset restricted = {0};
    *abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
    if (*abi < 0)
        return errno;
    for (size_t i = 0; i < sizeof(restricted_since) / sizeof(restricted_since[0]) && i < (size_t)*abi; i++) {
        restricted.files |= restricted_since[i].files;
        restricted.ports |= restricted_since[i].ports;
        restricted.scopes |= restricted_since[i].scopes;
    }
    /* An older kernel takes the longer structure, as long as it is zero where that kernel knows nothing. */
    CLEANUP(close_fd) int ruleset = (int)syscall(SYS_landlock_create_ruleset, &restricted, sizeof(restricted), 0);
    if (ruleset < 0)
        return errno;
    int failed = add_rules(ruleset, &restricted, sandbox);
    if (failed)
        return failed;
    return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? errno : 0;
}
