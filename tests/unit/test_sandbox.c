/* sandbox: which parts there are, what each forbids (tried in a child process, with that part alone and without it),
 * what is said of those that are not active. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox_support.h"

/* --- --disable-sandbox ------------------------------------------------------------------------------------------- */

static void words(void **state) {
    static const struct {
        const char *words;
        bool is_off[SANDBOX_PARTS];
    } cases[] = {
        {"no-new-privileges", {true, false, false, false}},
        {"core-dumps", {false, true, false, false}},
        {"landlock", {false, false, true, false}},
        {"seccomp", {false, false, false, true}},
        {"seccomp,landlock", {false, false, true, true}},
        {"landlock,landlock", {false, false, true, false}},
        {"all", {true, true, true, true}},
        {"landlock,all", {true, true, true, true}},
    };
    struct error err = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sandbox sandbox = {0};
        assert_int_equal(sandbox_disable(&sandbox, cases[i].words, &err), 0);
        assert_memory_equal(sandbox.is_off, cases[i].is_off, sizeof(sandbox.is_off));
    }
}

static void words_that_are_none(void **state) {
    static const char *const cases[] = {"",          ",",  "landlock,", ",landlock", "Landlock",        "landloc",
                                        "landlock2", "al", "alle",      "none",      "seccomp landlock"};
    struct error err = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sandbox sandbox = {0};
        assert_int_equal(sandbox_disable(&sandbox, cases[i], &err), -1);
        assert_error(&err, ERROR_INPUT,
                     "is neither all nor made of no-new-privileges, core-dumps, landlock and seccomp");
    }
}

/* Several options add up. */
static void words_add_up(void **state) {
    struct sandbox sandbox = {0};
    struct error err = {0};
    (void)state;
    sandbox_disable(&sandbox, "landlock", &err);
    sandbox_disable(&sandbox, "core-dumps", &err);
    assert_no_error(&err);
    assert_true(sandbox.is_off[SANDBOX_LANDLOCK] && sandbox.is_off[SANDBOX_CORE_DUMPS]);
    assert_false(sandbox.is_off[SANDBOX_SECCOMP] || sandbox.is_off[SANDBOX_NO_NEW_PRIVILEGES]);
}

/* --- what each part forbids ----------------------------------------------------------------------------------------
 */

static int gain_privileges(const char *path) {
    (void)path;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? EPERM : 0;
}

/* The limit may well be 0 before, as under AddressSanitizer, and not ours to raise. So we look who sets it. */
int __real_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit);
int __wrap_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit);
static bool is_limited;

int __wrap_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit) {
    int failed = __real_setrlimit(resource, limit);
    is_limited = is_limited || (!failed && resource == RLIMIT_CORE && limit->rlim_max == 0);
    return failed;
}

static int dump_core(const char *path) {
    (void)path;
    return is_limited ? EPERM : 0;
}

/* To a program that the kernel starts for it, whatever the limit is. */
static int dump_core_to_program(const char *path) {
    (void)path;
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? EPERM : 0;
}

/* Which AddressSanitizer makes processes not to be. */
static int be_dumpable(const char *path) {
    (void)path;
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 ? errno : 0;
}

static void parts_by_their_effect(void **state) {
    const struct {
        enum sandbox_part part;
        attempt *tried;
        int before; /* where the tests run, which may be a container */
    } cases[] = {
        {SANDBOX_NO_NEW_PRIVILEGES, gain_privileges, gain_privileges("")},
        {SANDBOX_CORE_DUMPS, dump_core, 0},
        {SANDBOX_CORE_DUMPS, dump_core_to_program, 0},
    };
    const struct sandbox all = {0}, none = without_all(&all);
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct sandbox one = with_only(&all, cases[i].part);
        assert_int_equal(try_after(be_dumpable, &one, cases[i].tried, "").tried, EPERM);
        assert_int_equal(try_after(be_dumpable, &none, cases[i].tried, "").tried, cases[i].before);
    }
}

/* A system call with arguments that do no harm where it is made: the kernel refuses most of them, in words of its own.
 */
struct call {
    const char *what;
    long number;
    long arguments[6];
};

static const struct call *made; /* by the attempt */

static int make_call(const char *path) {
    const long *argument = made->arguments;
    (void)path;
    long result = syscall(made->number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
    return result < 0 ? errno : 0;
}

enum { NO_FD = -1, NO_POINTER = 1, INIT = 1, READ_WRITE = PROT_READ | PROT_WRITE };

static const struct call forbidden[] = {
    {"IPv4", SYS_socket, {AF_INET, SOCK_STREAM, 0}},
    {"IPv6", SYS_socket, {AF_INET6, SOCK_STREAM, 0}},
    {"UDP", SYS_socket, {AF_INET, SOCK_DGRAM, 0}},
    {"netlink", SYS_socket, {AF_NETLINK, SOCK_RAW, 0}},
    {"packets", SYS_socket, {AF_PACKET, SOCK_RAW, 0}},
    {"virtual machines", SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}},
    {"a pair of another family", SYS_socketpair, {AF_TIPC, SOCK_STREAM, 0, NO_POINTER}},
    {"a program", SYS_execve, {NO_POINTER, 0, 0}},
    {"a program by its descriptor", SYS_execveat, {NO_FD, NO_POINTER, 0, 0, 0}},
    {"a process", SYS_clone, {CLONE_SIGHAND}}, /* not without CLONE_VM */
    {"a thread in a namespace of its own", SYS_clone, {CLONE_THREAD | CLONE_NEWUSER}},
    {"clone3", SYS_clone3, {0, 0}},
    {"a namespace", SYS_unshare, {0}},
    {"another's namespace", SYS_setns, {NO_FD, 0}},
    {"a trace", SYS_ptrace, {PTRACE_ATTACH, 0, 0, 0}},
    {"another's memory", SYS_process_vm_readv, {0, 0, 0, 0, 0, 1}},
    {"code by mmap", SYS_mmap, {0, 0, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, NO_FD, 0}},
    {"code by mprotect", SYS_mprotect, {0, 0, PROT_READ | PROT_EXEC}},
    {"code by pkey_mprotect", SYS_pkey_mprotect, {0, 0, PROT_READ | PROT_EXEC, -1}},
    {"a file in memory", SYS_memfd_create, {NO_POINTER, 0}},
    {"a signal to another", SYS_kill, {INIT, 0}},
    {"a signal to another's thread", SYS_tgkill, {INIT, INIT, 0}},
    {"a limit", SYS_prlimit64, {0, RLIMIT_CORE, NO_POINTER, 0}},
    {"dumpable again", SYS_prctl, {PR_SET_DUMPABLE, 1, 0, 0, 0}},
    {"another user", SYS_setuid, {-1}},
    {"capabilities", SYS_capset, {NO_POINTER, 0}},
    {"a device's control", SYS_ioctl, {NO_FD, 0, 0}},
    {"a copy of a descriptor", SYS_fcntl, {NO_FD, F_DUPFD, 0}},
    {"a lease", SYS_fcntl, {NO_FD, F_SETLEASE, 0}},
    {"mount", SYS_mount, {0, 0, 0, 0, 0}},
    {"a new root", SYS_chroot, {NO_POINTER}},
    {"a file by its handle", SYS_open_by_handle_at, {NO_FD, 0, 0}},
    {"a hard link", SYS_linkat, {NO_FD, NO_POINTER, NO_FD, NO_POINTER, 0}},
    {"a symbolic link", SYS_symlinkat, {NO_POINTER, NO_FD, NO_POINTER}},
    {"a device node", SYS_mknodat, {NO_FD, NO_POINTER, 0, 0}},
    {"another owner", SYS_fchownat, {NO_FD, NO_POINTER, 0, 0, 0}},
    {"another mode, by name", SYS_fchmodat, {NO_FD, NO_POINTER, 0}},
    {"extended attributes", SYS_fsetxattr, {NO_FD, NO_POINTER, 0, 0, 0}},
    {"the clock", SYS_clock_settime, {-1, NO_POINTER}},
};

static const struct call allowed[] = {
    {"a unix socket", SYS_socket, {AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0}},
    {"a thread", SYS_clone, {CLONE_THREAD}}, /* not without CLONE_SIGHAND */
    {"memory", SYS_mmap, {0, 4096, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, NO_FD, 0}},
    {"memory by mprotect", SYS_mprotect, {0, 0, READ_WRITE}},
    {"a thread's name", SYS_prctl, {PR_SET_NAME, NO_POINTER}},
    {"a descriptor's flags", SYS_fcntl, {NO_FD, F_SETFD, FD_CLOEXEC}},
    {"a limit, to know it", SYS_prlimit64, {0, RLIMIT_CORE, 0, NO_POINTER}},
    {"whose socket it is", SYS_getsockopt, {NO_FD, SOL_SOCKET, SO_PEERCRED, 0, 0}},
};

static void check_calls(const struct sandbox *sandbox, const struct call *calls, size_t count, bool are_made) {
    for (size_t i = 0; i < count; i++) {
        made = &calls[i];
        int number = try_in(sandbox, make_call, "");
        if ((number != ENOSYS) != are_made)
            print_error("%s: %s\n", calls[i].what, strerror(number));
        assert_int_equal(number != ENOSYS, are_made);
    }
}

static void calls_that_no_service_makes(void **state) {
    const struct sandbox all = {0}, one = with_only(&all, SANDBOX_SECCOMP), none = without_all(&all);
    (void)state;
    check_calls(&one, forbidden, COUNT(forbidden), false);
    check_calls(&all, forbidden, COUNT(forbidden), false);
    check_calls(&none, forbidden, COUNT(forbidden), true);
    check_calls(&all, allowed, COUNT(allowed), true);
}

/* Where a port is listened on; to which one, is Landlock's to say. */
static void sockets_of_tcp(void **state) {
    static const struct call tcp[] = {
        {"IPv4", SYS_socket, {AF_INET, SOCK_STREAM, 0}},
        {"IPv6", SYS_socket, {AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0}},
    };
    static const struct call others[] = {
        {"UDP", SYS_socket, {AF_INET, SOCK_DGRAM, 0}},
        {"UDP over IPv6", SYS_socket, {AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0}},
        {"raw", SYS_socket, {AF_INET, SOCK_RAW, IPPROTO_RAW}},
        {"multipath TCP", SYS_socket, {AF_INET, SOCK_STREAM, IPPROTO_MPTCP}},
        {"netlink", SYS_socket, {AF_NETLINK, SOCK_RAW, 0}},
    };
    const struct sandbox without = {0}, with = {.port = 9400};
    (void)state;
    check_calls(&without, tcp, COUNT(tcp), false);
    check_calls(&with, tcp, COUNT(tcp), true);
    check_calls(&with, others, COUNT(others), false);
}

/* What a report at the end needs, and nothing more. */
static void a_sanitizers_calls(void **state) {
    static const struct call its[] = {
        {"a process that shares memory", SYS_clone, {CLONE_VM | CLONE_THREAD}},
        {"a trace", SYS_ptrace, {PTRACE_ATTACH, 0, 0, 0}},
        {"waiting for it", SYS_wait4, {NO_FD, 0, -1, 0}},
        {"to be dumpable", SYS_prctl, {PR_SET_DUMPABLE, -1, 0, 0, 0}},
    };
    static const struct call others[] = {
        {"a program", SYS_execve, {NO_POINTER, 0, 0}},
        {"a process", SYS_clone, {CLONE_SIGHAND}},
        {"IPv4", SYS_socket, {AF_INET, SOCK_STREAM, 0}},
    };
    const struct sandbox sanitized = {.for_sanitizer = true};
    (void)state;
    check_calls(&sanitized, its, COUNT(its), true);
    check_calls(&sanitized, others, COUNT(others), false);
}

/* --- what goes on ----------------------------------------------------------------------------------------------------
 */

static void *return_argument(void *argument) {
    return argument;
}

static int start_thread(const char *path) {
    pthread_t thread;
    void *result = NULL;
    int failed = pthread_create(&thread, NULL, return_argument, (void *)(uintptr_t)path);
    if (failed || (failed = pthread_join(thread, &result)))
        return failed;
    return result == path ? 0 : EINVAL;
}

static int call_abort(const char *path) {
    (void)path;
    abort();
}

static void threads_start_and_abort_aborts(void **state) {
    const struct sandbox all = {0};
    (void)state;
    assert_int_equal(try_in(&all, start_thread, "argument"), 0);
    struct outcome outcome = try_after(NULL, &all, call_abort, "");
    assert_true(WIFSIGNALED(outcome.waited));
    assert_int_equal(WTERMSIG(outcome.waited), SIGABRT);
}

/* --- what is said ----------------------------------------------------------------------------------------------------
 */

static int do_nothing(const char *path) {
    (void)path;
    return 0;
}

static void what_is_off_is_said(void **state) {
    static const struct {
        const char *words, *summary;
    } cases[] = {
        {"landlock", "no-new-privileges, core-dumps, seccomp; off: landlock (--disable-sandbox)"},
        {"landlock,core-dumps", "no-new-privileges, seccomp; off: core-dumps (--disable-sandbox), landlock "
                                "(--disable-sandbox)"},
        {"all", "nothing is active; off: no-new-privileges (--disable-sandbox), core-dumps (--disable-sandbox), "
                "landlock (--disable-sandbox), seccomp (--disable-sandbox)"},
    };
    struct error err = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sandbox sandbox = {0};
        sandbox_disable(&sandbox, cases[i].words, &err);
        struct outcome outcome = try_after(NULL, &sandbox, do_nothing, "");
        assert_no_error(&outcome.err);
        assert_string_equal(outcome.summary, cases[i].summary);
    }
}

/* As a container's runtime does it, or a kernel that was built without. */
static int refusal, prctl_refusal;

static int refuse_filters(const char *path) {
    (void)path;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int failed = !filter || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                 seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)refusal), SCMP_SYS(seccomp), 0) < 0 ||
                 seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)prctl_refusal), SCMP_SYS(prctl), 1,
                                  SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP, 0)) < 0 ||
                 seccomp_load(filter) < 0;
    seccomp_release(filter);
    seccomp_reset(NULL, 0); /* it remembers what the kernel had before */
    return failed;
}

static void kernels_without_seccomp(void **state) {
    static const struct {
        int refusal, prctl_refusal;
        const char *off; /* NULL: the service must not start */
    } cases[] = {
        {ENOSYS, EINVAL, "seccomp (not in this kernel)"},
        {EPERM, EPERM, "seccomp (forbidden by the container's runtime)"},
        {ENOMEM, ENOMEM, NULL},
    };
    const struct sandbox all = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        refusal = cases[i].refusal;
        prctl_refusal = cases[i].prctl_refusal;
        struct outcome outcome = try_after(refuse_filters, &all, do_nothing, "");
        if (!cases[i].off) {
            assert_error(&outcome.err, ERROR_LIMIT,
                         "cannot enter the sandbox's part seccomp (--disable-sandbox=seccomp goes without): ");
            continue;
        }
        assert_no_error(&outcome.err);
        assert_non_null(strstr(outcome.summary, cases[i].off));
    }
}

/* Who is not root may neither have Landlock nor seccomp without it. */
static int become_nobody(const char *path) {
    (void)path;
    return getuid() == 0 && setresuid(65534, 65534, 65534) < 0 ? errno : 0;
}

static void new_privileges_and_no_root(void **state) {
    struct sandbox sandbox = {.is_off[SANDBOX_NO_NEW_PRIVILEGES] = true};
    (void)state;
    struct outcome outcome = try_after(become_nobody, &sandbox, do_nothing, "");
    assert_no_error(&outcome.err);
    assert_string_equal(outcome.summary, "core-dumps; off: no-new-privileges (--disable-sandbox), landlock (needs "
                                         "no-new-privileges), seccomp (needs no-new-privileges)");
}

static void too_many_paths(void **state) {
    struct sandbox sandbox = {0};
    (void)state;
    for (size_t i = 0; i < SANDBOX_PATHS_MAX; i++)
        sandbox_allow(&sandbox, SANDBOX_LOOK, "/sys");
    assert_int_equal(try_in(&sandbox, do_nothing, ""), 0);
    sandbox_allow(&sandbox, SANDBOX_LOOK, "/sys");
    struct outcome outcome = try_after(NULL, &sandbox, do_nothing, "");
    assert_error(&outcome.err, ERROR_INTERNAL, "the sandbox has more than 32 paths");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(words_that_are_none),
        cmocka_unit_test(words_add_up),
        cmocka_unit_test(parts_by_their_effect),
        cmocka_unit_test(calls_that_no_service_makes),
        cmocka_unit_test(sockets_of_tcp),
        cmocka_unit_test(a_sanitizers_calls),
        cmocka_unit_test(threads_start_and_abort_aborts),
        cmocka_unit_test(what_is_off_is_said),
        cmocka_unit_test(kernels_without_seccomp),
        cmocka_unit_test(new_privileges_and_no_root),
        cmocka_unit_test(too_many_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
