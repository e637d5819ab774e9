/* sandbox_landlock: what is tried in a child process is denied with Landlock alone and done without it; what a service
 * does is done; older and newer kernels. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox_support.h"

/* --- a kernel of another version ------------------------------------------------------------------------------- */

/* libc's syscall(), which only Landlock's part uses here. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
static long pretended_version; /* 0: the kernel's own; negative: an errno value */

/* include/uapi/linux/landlock.h: what each version knows. */
struct attributes {
    uint64_t files, ports, scopes;
};
static const struct attributes known[] = {{0x1fff, 0, 0}, {0x3fff, 0, 0}, {0x7fff, 0, 0},
                                          {0x7fff, 3, 0}, {0xffff, 3, 0}, {0xffff, 3, 3}};

static bool is_known(const struct attributes *wanted) {
    long last = pretended_version < (long)COUNT(known) ? pretended_version : (long)COUNT(known);
    const struct attributes *all = &known[last - 1];
    return !(wanted->files & ~all->files) && !(wanted->ports & ~all->ports) && !(wanted->scopes & ~all->scopes);
}

long __wrap_syscall(long number, ...) {
    long argument[4];
    va_list arguments;
    va_start(arguments, number);
    for (size_t i = 0; i < COUNT(argument); i++)
        argument[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number == SYS_landlock_create_ruleset && pretended_version != 0) {
        if (pretended_version > 0 && argument[2])
            return pretended_version;
        errno = pretended_version < 0 ? (int)-pretended_version : EINVAL;
        if (pretended_version < 0 || !is_known((const struct attributes *)argument[0]))
            return -1;
    }
    return __real_syscall(number, argument[0], argument[1], argument[2], argument[3]);
}

/* --- what is tried --------------------------------------------------------------------------------------------- */

static int done(int result) {
    return result < 0 ? errno : 0;
}

static int try_read(const char *path) {
    return done(open(path, O_RDONLY | O_CLOEXEC));
}

static int try_write(const char *path) {
    return done(open(path, O_WRONLY | O_CLOEXEC));
}

static int try_make_file(const char *path) {
    return done(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

static int try_truncate(const char *path) {
    return done(truncate(path, 0));
}

static int try_make_folder(const char *path) {
    return done(mkdir(path, 0755));
}

static int try_make_link(const char *path) {
    return done(symlink("/etc/passwd", path));
}

static int try_make_fifo(const char *path) {
    return done(mkfifo(path, 0600));
}

static int try_remove(const char *path) {
    return done(unlink(path));
}

/* From the ROM folder, where it may be removed. */
static int try_move_out(const char *path) {
    return done(rename(in("hooks/rom/old.rom"), path));
}

static int try_exec(const char *path) {
    (void)path;
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(errno);
    }
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

/* Two ports that nobody has, and a socket for one. */
static in_port_t port, other_port;

static int tcp_socket(in_port_t number, struct sockaddr_in *address) {
    *address = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(number), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int bind_to(in_port_t number) {
    struct sockaddr_in address;
    CLEANUP(close_fd) int fd = tcp_socket(number, &address);
    return done(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
}

static int try_bind(const char *path) {
    (void)path;
    return bind_to(port);
}

static int try_bind_other(const char *path) {
    (void)path;
    return bind_to(other_port);
}

/* To be refused is to have connected, as far as we are asked. */
static int try_connect(const char *path) {
    struct sockaddr_in address;
    CLEANUP(close_fd) int fd = tcp_socket(port, &address);
    (void)path;
    int number = done(connect(fd, (const struct sockaddr *)&address, sizeof(address)));
    return number == ECONNREFUSED ? 0 : number;
}

/* Which listens by a name that is in no folder. */
static int outside_fd = -1;

static int try_connect_abstract(const char *path) {
    struct sockaddr_un address;
    socklen_t size = sizeof(address);
    CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)path;
    return getsockname(outside_fd, (struct sockaddr *)&address, &size) < 0
               ? errno
               : done(connect(fd, (const struct sockaddr *)&address, size));
}

static int listen_outside(void) {
    const struct sockaddr_un unnamed = {.sun_family = AF_UNIX}; /* the kernel finds a name */
    const socklen_t size = sizeof(unnamed.sun_family);
    outside_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(outside_fd, (const struct sockaddr *)&unnamed, size) < 0 ? -1 : listen(outside_fd, 64);
}

/* Finds two at once, lest they be one. */
static int prepare(void **state) {
    in_port_t *const found[] = {&port, &other_port};
    int fds[COUNT(found)], failed = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(found); i++) {
        struct sockaddr_in address;
        socklen_t size = sizeof(address);
        fds[i] = tcp_socket(0, &address);
        failed |= bind(fds[i], (const struct sockaddr *)&address, size) < 0 ||
                  getsockname(fds[i], (struct sockaddr *)&address, &size) < 0;
        *found[i] = ntohs(address.sin_port);
    }
    for (size_t i = 0; i < COUNT(found); i++)
        close(fds[i]);
    return failed ? -1 : listen_outside();
}

static int try_signal(const char *path) {
    (void)path;
    return done(kill(getppid(), 0));
}

static int try_trace(const char *path) {
    (void)path;
    return done((int)ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
}

/* What publishing and serving does. */
static int make_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? errno : done(unlink(path));
}

/* A file in a folder that may have to be made, by another name first. */
static int put_rom(const char *folder) {
    CLEANUP(close_fd) int fd = -1;
    int folder_fd =
        (mkdir(folder, 0755) < 0 && errno != EEXIST) ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0 || (fd = openat(folder_fd, ".new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
        return errno;
    if (write(fd, "rom", 3) != 3 || fchmod(fd, 0644) < 0 || renameat(folder_fd, ".new", folder_fd, "x.rom") < 0)
        return errno;
    return done(openat(folder_fd, "x.rom", O_RDONLY | O_CLOEXEC));
}

static int replace_file(const char *path) {
    char temporary[4096];
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    int failed = try_make_file(temporary);
    return failed ? failed : done(rename(temporary, path));
}

/* The sandbox of a service there. */
static struct sandbox service(void) {
    struct sandbox sandbox = {0};
    sandbox_allow(&sandbox, SANDBOX_LOOK, in("sys"));
    sandbox_allow(&sandbox, SANDBOX_BUNDLE, in("bundles/lab"));
    sandbox_allow(&sandbox, SANDBOX_ROMS, in("hooks/rom"));
    sandbox_allow(&sandbox, SANDBOX_SOCKET, in("hooks/x.sock"));
    sandbox_allow(&sandbox, SANDBOX_FILE, in("features.d/gpu"));
    return with_only(&sandbox, SANDBOX_LANDLOCK);
}

/* --- tests ----------------------------------------------------------------------------------------------------- */

static void what_is_outside_is_out_of_reach(void **state) {
    static const struct {
        const char *what;
        attempt *tried;
        const char *on; /* a path in the folder, or an absolute one */
        int denied;
    } cases[] = {
        {"read a file elsewhere", try_read, "outside/secret", EACCES},
        {"read a system's file", try_read, "/etc/passwd", EACCES},
        {"list a folder above", try_read, ".", EACCES},
        {"list the root", try_read, "/", EACCES},
        {"write to sysfs", try_write, "sys/bus/pci/devices/0000:01:00.0/vendor", EACCES},
        {"write to a bundle", try_write, "bundles/lab/bundle.json", EACCES},
        {"make a file in a bundle", try_make_file, "bundles/lab/new", EACCES},
        {"remove a file of a bundle", try_remove, "bundles/lab/bundle.json", EACCES},
        {"remove a file elsewhere", try_remove, "outside/secret", EACCES},
        {"make a file elsewhere", try_make_file, "outside/new", EACCES},
        {"make a folder elsewhere", try_make_folder, "outside/new", EACCES},
        {"make a folder beside the feature file", try_make_folder, "features.d/new", EACCES},
        {"read the feature file", try_read, "features.d/gpu", EACCES},
        {"make a link beside the ROMs", try_make_link, "hooks/rom/link", EACCES},
        {"make a FIFO beside the socket", try_make_fifo, "hooks/fifo", EACCES},
        {"move a ROM out", try_move_out, "outside/new", EACCES},
        {"move a ROM to where it could be made", try_move_out, "features.d/new", EXDEV},
        {"truncate a ROM", try_truncate, "hooks/rom/old.rom", EACCES},
        {"run a program", try_exec, "", EACCES},
        {"listen on a port", try_bind, "", EACCES},
        {"connect to a port", try_connect, "", EACCES},
        {"connect to an abstract socket", try_connect_abstract, "", EPERM},
        {"a signal", try_signal, "", EPERM},
        {"trace", try_trace, "", EPERM},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        make_node(*state, i);
        const char *on = isalpha(*cases[i].on) || *cases[i].on == '.' ? in(cases[i].on) : cases[i].on;
        const struct sandbox sandbox = service(), none = without_all(&sandbox);
        int with = try_in(&sandbox, cases[i].tried, on), without = try_in(&none, cases[i].tried, on);
        if (with != cases[i].denied || without != 0)
            print_error("%s: %s with, %s without\n", cases[i].what, strerror(with), strerror(without));
        assert_int_equal(with, cases[i].denied);
        assert_int_equal(without, 0);
    }
}

static void what_a_service_does_is_done(void **state) {
    static const struct {
        attempt *tried;
        const char *on;
    } cases[] = {
        {try_read, "sys/bus/pci/devices/0000:01:00.0/vendor"},
        {try_read, "sys/bus/pci/devices"},
        {try_read, "bundles/lab/bundle.json"},
        {put_rom, "hooks/rom"},
        {try_remove, "hooks/rom/old.rom"},
        {make_socket, "hooks/x.sock"},
        {replace_file, "features.d/gpu"},
    };
    make_node(*state, 0);
    const struct sandbox sandbox = service();
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(try_in(&sandbox, cases[i].tried, in(cases[i].on)), 0);
}

/* Somebody outside, who changes something once the sandbox is entered: a byte asks, another answers. */
static int ask[2], answer[2];
static void (*change)(void);

static int start_somebody(const char *path) {
    char byte;
    if (promise_nothing_new(path) != 0 || pipe(ask) < 0 || pipe(answer) < 0)
        return errno;
    if (fork() == 0) {
        close(ask[1]);
        if (read(ask[0], &byte, 1) == 1)
            change();
        _exit(write(answer[1], "", 1) == 1 ? 0 : 1);
    }
    close(answer[1]);
    return 0;
}

static int after_change(attempt *tried, const char *path) {
    char byte;
    return write(ask[1], "", 1) == 1 && read(answer[0], &byte, 1) == 1 ? tried(path) : EPIPE;
}

static int read_after_change(const char *path) {
    return after_change(try_read, path);
}

static int put_rom_after_change(const char *path) {
    return after_change(put_rom, path);
}

static void replace_bundle(void) {
    rename(in("bundles/lab"), in("bundles/old"));
    put_text(top, "bundles/lab/bundle.json", "{}");
}

static void make_bundle(void) {
    put_text(top, "later/on/lab/bundle.json", "{}");
}

static void turn_link(void) {
    unlink(in("bundles/current"));
    put_link(top, "bundles/current", "../mounted/v2");
}

static void swap_mount(void) {
    put_text(top, "bundles/map/..2/bundle.json", "{}");
    put_link(top, "bundles/map/..data_tmp", "..2");
    rename(in("bundles/map/..data_tmp"), in("bundles/map/..data"));
}

static void lose_roms(void) {
    unlink(in("hooks/rom/old.rom"));
    rmdir(in("hooks/rom"));
}

static void what_is_replaced_and_what_comes_later(void **state) {
    static const struct {
        const char *given; /* to the sandbox, as a bundle */
        void (*change)(void);
        attempt *tried;
        const char *on;
    } cases[] = {
        {"bundles/lab", replace_bundle, read_after_change, "bundles/lab/bundle.json"},
        {"bundles/lab/", replace_bundle, read_after_change, "bundles/lab/bundle.json"},
        {"later/on/lab", make_bundle, read_after_change, "later/on/lab/bundle.json"},
        {"bundles/current", turn_link, read_after_change, "bundles/current/bundle.json"},
        {"bundles/current/bundle.json", turn_link, read_after_change, "bundles/current/bundle.json"},
        {"bundles/map", swap_mount, read_after_change, "bundles/map/bundle.json"},
        {"bundles/map/bundle.json", swap_mount, read_after_change, "bundles/map/bundle.json"}, /* a packed one */
        {"bundles/lab", lose_roms, put_rom_after_change, "hooks/rom"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        make_node(*state, i);
        put_text(top, "mounted/v1/bundle.json", "{}");
        put_text(top, "mounted/v2/bundle.json", "{}");
        put_link(top, "bundles/current", "../mounted/v1");
        put_text(top, "bundles/map/..1/bundle.json", "{}");
        put_link(top, "bundles/map/..data", "..1");
        put_link(top, "bundles/map/bundle.json", "..data/bundle.json");
        struct sandbox sandbox = service();
        sandbox_allow(&sandbox, SANDBOX_BUNDLE, in(cases[i].given));
        change = cases[i].change;
        struct outcome outcome = try_after(start_somebody, &sandbox, cases[i].tried, in(cases[i].on));
        assert_no_error(&outcome.err);
        if (outcome.tried != 0)
            print_error("%s: %s\n", cases[i].on, strerror(outcome.tried));
        assert_int_equal(outcome.tried, 0);
    }
}

/* In the root folder nothing is beside it that is ours. */
static void what_lies_in_the_root_folder_counts_alone(void **state) {
    struct sandbox sandbox = {0};
    (void)state;
    sandbox_allow(&sandbox, SANDBOX_BUNDLE, "/etc");
    sandbox_allow(&sandbox, SANDBOX_ROMS, "/usr");
    sandbox = with_only(&sandbox, SANDBOX_LANDLOCK);
    assert_int_equal(try_in(&sandbox, try_read, "/etc/passwd"), 0);
    assert_int_equal(try_in(&sandbox, try_read, "/usr"), 0);
    assert_int_equal(try_in(&sandbox, try_read, "/"), EACCES);
    assert_int_equal(try_in(&sandbox, try_read, "/proc/self/status"), EACCES);
}

static void one_port(void **state) {
    struct sandbox sandbox = {.port = port};
    (void)state;
    sandbox = with_only(&sandbox, SANDBOX_LANDLOCK);
    assert_int_equal(try_in(&sandbox, try_bind, ""), 0);
    assert_int_equal(try_in(&sandbox, try_bind_other, ""), EACCES);
    assert_int_equal(try_in(&sandbox, try_connect, ""), EACCES);
}

static void a_sanitizer_reads_its_maps(void **state) {
    struct sandbox sandbox = {0};
    (void)state;
    sandbox = with_only(&sandbox, SANDBOX_LANDLOCK);
    assert_int_equal(try_in(&sandbox, try_read, "/proc/self/maps"), EACCES);
    sandbox.for_sanitizer = true;
    assert_int_equal(try_in(&sandbox, try_read, "/proc/self/maps"), 0);
    assert_int_equal(try_in(&sandbox, try_read, "/proc/self/exe"), 0);
}

/* What a version does not know is not asked of it, and not restricted; the rest is. */
static void other_versions(void **state) {
    static const struct {
        long version;
        int truncated, bound, signalled;
        const char *summary;
    } cases[] = {
        {1, 0, 0, 0, "landlock (ABI 1)"},
        {2, 0, 0, 0, "landlock (ABI 2)"},
        {3, EACCES, 0, 0, "landlock (ABI 3)"},
        {4, EACCES, EACCES, 0, "landlock (ABI 4)"},
        {5, EACCES, EACCES, 0, "landlock (ABI 5)"},
        {6, EACCES, EACCES, EPERM, "landlock (ABI 6)"},
        {99, EACCES, EACCES, EPERM, "landlock (ABI 99)"},
    };
    make_node(*state, 0);
    struct sandbox sandbox = service();
    sandbox.port = port;
    for (size_t i = 0; i < COUNT(cases); i++) {
        pretended_version = cases[i].version;
        struct outcome outcome = try_after(promise_nothing_new, &sandbox, try_read, "/etc/passwd");
        assert_no_error(&outcome.err);
        assert_int_equal(outcome.tried, EACCES);
        assert_int_equal(strncmp(outcome.summary, cases[i].summary, strlen(cases[i].summary)), 0);
        assert_int_equal(try_in(&sandbox, put_rom, in("hooks/rom")), 0);
        assert_int_equal(try_in(&sandbox, try_move_out, in("features.d/new")), EXDEV);
        assert_int_equal(try_in(&sandbox, try_truncate, in("hooks/rom/x.rom")), cases[i].truncated);
        assert_int_equal(try_in(&sandbox, try_bind_other, ""), cases[i].bound);
        assert_int_equal(try_in(&sandbox, try_bind, ""), 0);
        assert_int_equal(try_in(&sandbox, try_signal, ""), cases[i].signalled);
    }
    pretended_version = 0;
}

static void kernels_without(void **state) {
    static const struct {
        int number;
        const char *off; /* NULL: the service must not start */
    } cases[] = {
        {ENOSYS, "landlock (not in this kernel)"},
        {EOPNOTSUPP, "landlock (not in this kernel)"},
        {EPERM, "landlock (forbidden by the container's runtime)"},
        {ENOMEM, NULL},
    };
    struct sandbox sandbox = {0};
    (void)state;
    sandbox = with_only(&sandbox, SANDBOX_LANDLOCK);
    for (size_t i = 0; i < COUNT(cases); i++) {
        pretended_version = -cases[i].number;
        struct outcome outcome = try_after(promise_nothing_new, &sandbox, try_read, "/etc/passwd");
        if (!cases[i].off) {
            assert_error(&outcome.err, ERROR_LIMIT, "cannot enter the sandbox's part landlock");
            continue;
        }
        assert_no_error(&outcome.err);
        assert_non_null(strstr(outcome.summary, cases[i].off));
        assert_int_equal(outcome.tried, 0);
    }
    pretended_version = 0;
}

#define NODE_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        NODE_TEST(what_is_outside_is_out_of_reach),
        NODE_TEST(what_a_service_does_is_done),
        NODE_TEST(what_is_replaced_and_what_comes_later),
        cmocka_unit_test(what_lies_in_the_root_folder_counts_alone),
        cmocka_unit_test(one_port),
        cmocka_unit_test(a_sanitizer_reads_its_maps),
        NODE_TEST(other_versions),
        cmocka_unit_test(kernels_without),
    };
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0); /* where Yama would forbid it all the same */
    return cmocka_run_group_tests(tests, prepare, NULL);
}
