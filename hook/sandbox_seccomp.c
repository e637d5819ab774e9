#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox_parts.h"

/* Calls whose arguments do no harm here, for Landlock and the file descriptors that there are limit them. What an
 * architecture does not have (open, poll and the like on arm64) libseccomp leaves out. */
static const int calls[] = {
    /* files, their names and what is in folders */
    SCMP_SYS(access), SCMP_SYS(close), SCMP_SYS(dup3), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(fchmod),
    SCMP_SYS(fdatasync), SCMP_SYS(flock), SCMP_SYS(fstat), SCMP_SYS(fstatfs), SCMP_SYS(fsync), SCMP_SYS(getcwd),
    SCMP_SYS(getdents64), SCMP_SYS(lseek), SCMP_SYS(lstat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(newfstatat),
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(read),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(readv), SCMP_SYS(rename), SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(stat), SCMP_SYS(statx), SCMP_SYS(umask), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
    SCMP_SYS(write), SCMP_SYS(writev),
    /* sockets, once there is one */
    SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(getpeername),
    SCMP_SYS(getsockname), SCMP_SYS(getsockopt), SCMP_SYS(listen), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(setsockopt), SCMP_SYS(shutdown),
    /* waiting */
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_wait),
    SCMP_SYS(eventfd2), SCMP_SYS(pipe2), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(pselect6), SCMP_SYS(select),
    /* time; most of it needs no call, but on some virtual machines */
    SCMP_SYS(alarm), SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(gettimeofday),
    SCMP_SYS(nanosleep), SCMP_SYS(setitimer), SCMP_SYS(time),
    /* memory and threads; mmap, mprotect and clone see below */
    SCMP_SYS(brk), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(futex), SCMP_SYS(get_robust_list), SCMP_SYS(madvise),
    SCMP_SYS(mremap), SCMP_SYS(munmap), SCMP_SYS(rseq), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler), SCMP_SYS(sched_yield), SCMP_SYS(set_robust_list),
    /* signals */
    SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack), SCMP_SYS(signalfd4),
    /* who and where we are */
    SCMP_SYS(getcpu), SCMP_SYS(getegid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getpid), SCMP_SYS(getrandom),
    SCMP_SYS(getrlimit), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(sysinfo), SCMP_SYS(uname)};

/* A call with a condition; further rows for the same call are further ways to be allowed. */
struct rule {
    int call;
    unsigned count;
    struct scmp_arg_cmp conditions[3];
};

/* The kernel takes an int from the lower half of a register, and what is in the upper one is nobody's business. */
#define BITS_ARE(argument, mask, value)                                                                                \
    { (argument), SCMP_CMP_MASKED_EQ, (mask), (value) }
#define INT_IS(argument, value) BITS_ARE(argument, 0xffffffff, value)

/* A thread of this process, and in no namespace of its own. clone3, whose flags no filter sees, is not there; glibc
 * then takes clone. */
enum {
    NEW_NAMESPACES =
        CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS
};

static const struct rule rules[] = {
    {SCMP_SYS(clone), 1, {BITS_ARE(0, CLONE_THREAD | NEW_NAMESPACES, CLONE_THREAD)}},
    {SCMP_SYS(fcntl), 1, {INT_IS(1, F_DUPFD_CLOEXEC)}},
    {SCMP_SYS(fcntl), 1, {INT_IS(1, F_GETFD)}},
    {SCMP_SYS(fcntl), 1, {INT_IS(1, F_SETFD)}},
    {SCMP_SYS(fcntl), 1, {INT_IS(1, F_GETFL)}},
    {SCMP_SYS(fcntl), 1, {INT_IS(1, F_SETFL)}},
    {SCMP_SYS(mmap), 1, {BITS_ARE(2, PROT_EXEC, 0)}},
    {SCMP_SYS(mprotect), 1, {BITS_ARE(2, PROT_EXEC, 0)}},
    {SCMP_SYS(prctl), 1, {INT_IS(0, PR_SET_NAME)}},
    {SCMP_SYS(prlimit64), 1, {{2, SCMP_CMP_EQ, 0, 0}}}, /* to ask */
    {SCMP_SYS(socket), 1, {INT_IS(0, AF_UNIX)}},
    {SCMP_SYS(socketpair), 1, {INT_IS(0, AF_UNIX)}},
};

/* Where a port is listened on: TCP and no other protocol. */
enum { TYPE_BITS = 0xf }; /* beside them are flags */
static const struct rule tcp_rules[] = {
    {SCMP_SYS(socket), 3, {INT_IS(0, AF_INET), BITS_ARE(1, TYPE_BITS, SOCK_STREAM), INT_IS(2, 0)}},
    {SCMP_SYS(socket), 3, {INT_IS(0, AF_INET6), BITS_ARE(1, TYPE_BITS, SOCK_STREAM), INT_IS(2, 0)}},
};

/* Looking for leaks at the end: another process, which shares the memory, stops all threads and looks at their
 * registers. */
static const struct rule sanitizer_rules[] = {
    {SCMP_SYS(clone), 1, {BITS_ARE(0, CLONE_VM | NEW_NAMESPACES, CLONE_VM)}},
    {SCMP_SYS(prctl), 1, {INT_IS(0, PR_GET_DUMPABLE)}},
    {SCMP_SYS(prctl), 1, {INT_IS(0, PR_SET_DUMPABLE)}},
    {SCMP_SYS(prctl), 1, {INT_IS(0, PR_SET_PTRACER)}},
    {SCMP_SYS(ptrace), 0, {{0}}},
    {SCMP_SYS(wait4), 0, {{0}}},
    {SCMP_SYS(getdents), 0, {{0}}},
    {SCMP_SYS(getppid), 0, {{0}}},
};

static int add(scmp_filter_ctx filter, const struct rule *list, size_t count) {
    int failed = 0;
    for (size_t i = 0; i < count && !failed; i++)
        failed = -seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, list[i].call, list[i].count, list[i].conditions);
    return failed;
}

#define ADD(filter, list) add((filter), (list), sizeof(list) / sizeof((list)[0]))

/* To ourselves: abort(). */
static int add_signals(scmp_filter_ctx filter) {
    const struct rule own[] = {{SCMP_SYS(tgkill), 1, {INT_IS(0, (uint32_t)getpid())}}};
    return ADD(filter, own);
}

int sandbox_add_rules(scmp_filter_ctx filter, const struct sandbox *sandbox) {
    int failed = 0;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && !failed; i++)
        failed = -seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    if (!failed)
        failed = add_signals(filter);
    if (!failed)
        failed = ADD(filter, rules);
    if (!failed && sandbox->port)
        failed = ADD(filter, tcp_rules);
    if (!failed && sandbox->for_sanitizer)
        failed = ADD(filter, sanitizer_rules);
    return failed;
}

static int load(scmp_filter_ctx filter, const struct sandbox *sandbox) {
    const struct {
        enum scmp_filter_attr attribute;
        uint32_t value;
    } attributes[] = {
        {SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)},
        {SCMP_FLTATR_CTL_NNP, 0},      /* it is a part of its own */
        {SCMP_FLTATR_CTL_OPTIMIZE, 2}, /* a search by halves */
    };
    int failed = 0;
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]) && !failed; i++)
        failed = -seccomp_attr_set(filter, attributes[i].attribute, attributes[i].value);
    if (!failed)
        failed = sandbox_add_rules(filter, sandbox);
    if (failed)
        return failed;
    failed = -seccomp_load(filter);
    if (failed == ECANCELED)                       /* the library's word for all that the kernel said */
        failed = errno == EINVAL ? ENOSYS : errno; /* EINVAL is prctl's, where the kernel was built without */
    return failed;
}

int sandbox_enter_seccomp(const struct sandbox *sandbox) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (!filter)
        return ENOMEM;
    int failed = load(filter, sandbox);
    seccomp_release(filter);
    return failed;
}
