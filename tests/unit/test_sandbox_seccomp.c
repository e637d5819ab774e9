/* sandbox_seccomp: the filter of each architecture that we ship for, and what it says, without a kernel: by running its
 * instructions here. test_sandbox tries the filter of this machine in the kernel. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox_parts.h"
#include "support.h"

/* --- the kernel's machine --------------------------------------------------------------------------------------------
 */

enum { INSTRUCTIONS_MAX = 1024 };
struct program {
    struct sock_filter code[INSTRUCTIONS_MAX];
    size_t size;
};

static uint32_t load(const struct seccomp_data *data, uint32_t offset) {
    uint32_t word;
    assert_true(offset % 4 == 0 && offset <= sizeof(*data) - sizeof(word));
    memcpy(&word, (const uint8_t *)data + offset, sizeof(word));
    return word;
}

static bool jumps(const struct sock_filter *at, uint32_t accumulator) {
    switch (at->code) {
    case BPF_JMP | BPF_JEQ | BPF_K:
        return accumulator == at->k;
    case BPF_JMP | BPF_JGT | BPF_K:
        return accumulator > at->k;
    case BPF_JMP | BPF_JGE | BPF_K:
        return accumulator >= at->k;
    default:
        print_error("an instruction that is not known here: 0x%x\n", at->code);
        fail();
        return false;
    }
}

/* Classic BPF, as much of it as libseccomp makes (the kernel's Documentation/networking/filter.rst). Returns what the
 * program says of the call. */
static uint32_t run(const struct program *program, const struct seccomp_data *data) {
    uint32_t accumulator = 0;
    for (size_t i = 0; i < program->size; i++) {
        const struct sock_filter *at = &program->code[i];
        if (at->code == (BPF_RET | BPF_K))
            return at->k;
        if (at->code == (BPF_LD | BPF_W | BPF_ABS))
            accumulator = load(data, at->k);
        else if (at->code == (BPF_ALU | BPF_AND | BPF_K))
            accumulator &= at->k;
        else if (at->code == (BPF_JMP | BPF_JA))
            i += at->k;
        else
            i += jumps(at, accumulator) ? at->jt : at->jf;
    }
    fail(); /* it does not end */
    return 0;
}

/* --- the filters -----------------------------------------------------------------------------------------------------
 */

static const struct {
    uint32_t of_library, of_kernel;
} architectures[] = {{SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64}, {SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64}};

static void make(const struct sandbox *sandbox, uint32_t architecture, struct program *program) {
    int ends[2];
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    assert_non_null(filter);
    if (architecture != seccomp_arch_native()) {
        assert_int_equal(seccomp_arch_add(filter, architecture), 0);
        assert_int_equal(seccomp_arch_remove(filter, seccomp_arch_native()), 0);
    }
    assert_int_equal(sandbox_add_rules(filter, sandbox), 0);
    assert_int_equal(pipe(ends), 0); /* which holds it all: 64 KiB */
    assert_int_equal(seccomp_export_bpf(filter, ends[1]), 0);
    close(ends[1]);
    ssize_t size = read(ends[0], program->code, sizeof(program->code));
    close(ends[0]);
    seccomp_release(filter);
    assert_true(size > 0 && (size_t)size < sizeof(program->code));
    program->size = (size_t)size / sizeof(program->code[0]);
}

/* What the filter of that architecture says of a call: 0 (made), or the errno value that it gets. */
static int ask(const struct program *program, size_t architecture, const char *name, const uint64_t arguments[6]) {
    int number = seccomp_syscall_resolve_name_arch(architectures[architecture].of_library, name);
    if (number < 0) { /* not there, so nobody can make it */
        assert_int_not_equal(number, __NR_SCMP_ERROR);
        return ENOSYS;
    }
    struct seccomp_data data = {.nr = number, .arch = architectures[architecture].of_kernel};
    memcpy(data.args, arguments, sizeof(data.args));
    uint32_t said = run(program, &data);
    if (said == SECCOMP_RET_ALLOW)
        return 0;
    assert_int_equal(said & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_ERRNO);
    return (int)(said & SECCOMP_RET_DATA);
}

static const uint64_t no_arguments[6];

/* --- tests -----------------------------------------------------------------------------------------------------------
 */

/* What glibc makes of our functions differs: on arm64 there is no open, poll, mkdir, unlink, alarm. */
static void what_a_service_calls(void **state) {
    static const char *const both[] = {"accept4",
                                       "bind",
                                       "brk",
                                       "clock_nanosleep",
                                       "close",
                                       "connect",
                                       "epoll_create1",
                                       "epoll_ctl",
                                       "epoll_pwait",
                                       "eventfd2",
                                       "exit",
                                       "exit_group",
                                       "fchmod",
                                       "fstat",
                                       "fsync",
                                       "futex",
                                       "getdents64",
                                       "geteuid",
                                       "getpeername",
                                       "getpid",
                                       "getrandom",
                                       "getsockname",
                                       "getsockopt",
                                       "listen",
                                       "lseek",
                                       "madvise",
                                       "mkdirat",
                                       "mremap",
                                       "munmap",
                                       "newfstatat",
                                       "openat",
                                       "openat2",
                                       "ppoll",
                                       "pread64",
                                       "read",
                                       "readlinkat",
                                       "recvmsg",
                                       "renameat",
                                       "restart_syscall",
                                       "rseq",
                                       "rt_sigaction",
                                       "rt_sigprocmask",
                                       "rt_sigreturn",
                                       "sched_getaffinity",
                                       "sched_yield",
                                       "sendmsg",
                                       "set_robust_list",
                                       "setitimer",
                                       "setsockopt",
                                       "shutdown",
                                       "sigaltstack",
                                       "signalfd4",
                                       "sysinfo",
                                       "umask",
                                       "uname",
                                       "unlinkat",
                                       "write",
                                       "writev"};
    static const char *const first[] = {"access",   "alarm",  "epoll_wait", "mkdir", "open",  "poll",
                                        "readlink", "rename", "select",     "stat",  "unlink"};
    const struct sandbox sandbox = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(architectures); i++) {
        struct program program;
        make(&sandbox, architectures[i].of_library, &program);
        for (size_t j = 0; j < COUNT(both); j++)
            if (ask(&program, i, both[j], no_arguments) != 0)
                fail_msg("%s is not allowed", both[j]);
        for (size_t j = 0; j < COUNT(first); j++)
            if (ask(&program, i, first[j], no_arguments) != (i == 0 ? 0 : ENOSYS))
                fail_msg("%s is not allowed", first[j]);
    }
}

static void what_nobody_calls(void **state) {
    static const char *const names[] = {"acct",
                                        "add_key",
                                        "bpf",
                                        "capset",
                                        "chmod",
                                        "chown",
                                        "chroot",
                                        "clone3",
                                        "delete_module",
                                        "execve",
                                        "execveat",
                                        "fanotify_init",
                                        "fchmodat",
                                        "fchownat",
                                        "finit_module",
                                        "fork",
                                        "init_module",
                                        "inotify_init1",
                                        "io_setup",
                                        "io_uring_enter",
                                        "io_uring_setup",
                                        "ioctl",
                                        "iopl",
                                        "kexec_load",
                                        "keyctl",
                                        "kill",
                                        "link",
                                        "linkat",
                                        "memfd_create",
                                        "mincore",
                                        "mknodat",
                                        "mount",
                                        "move_mount",
                                        "msgget",
                                        "name_to_handle_at",
                                        "open_by_handle_at",
                                        "open_tree",
                                        "perf_event_open",
                                        "personality",
                                        "pidfd_getfd",
                                        "pidfd_open",
                                        "pidfd_send_signal",
                                        "pivot_root",
                                        "pkey_mprotect",
                                        "process_vm_readv",
                                        "process_vm_writev",
                                        "ptrace",
                                        "quotactl",
                                        "reboot",
                                        "remap_file_pages",
                                        "rt_sigqueueinfo",
                                        "rt_tgsigqueueinfo",
                                        "seccomp",
                                        "semget",
                                        "sendfile",
                                        "setgid",
                                        "setgroups",
                                        "setns",
                                        "setpgid",
                                        "setresuid",
                                        "setrlimit",
                                        "setsid",
                                        "settimeofday",
                                        "setuid",
                                        "shmat",
                                        "shmget",
                                        "splice",
                                        "swapon",
                                        "symlinkat",
                                        "syslog",
                                        "tkill",
                                        "truncate",
                                        "umount2",
                                        "unshare",
                                        "userfaultfd",
                                        "ustat",
                                        "vfork",
                                        "vhangup",
                                        "vmsplice"};
    const struct sandbox sandbox = {.port = 9400};
    (void)state;
    for (size_t i = 0; i < COUNT(architectures); i++) {
        struct program program;
        make(&sandbox, architectures[i].of_library, &program);
        for (size_t j = 0; j < COUNT(names); j++)
            if (ask(&program, i, names[j], no_arguments) != ENOSYS)
                fail_msg("%s is allowed", names[j]);
    }
}

/* The kernel looks at the lower half of an int's register, and so must the filter. */
static void arguments(void **state) {
    static const uint64_t garbage = UINT64_C(0xdeadbeef00000000);
    static const struct {
        const char *name;
        uint64_t arguments[6];
        int said;
    } cases[] = {
        {"socket", {AF_UNIX, SOCK_STREAM, 0}, 0},
        {"socket", {garbage | AF_UNIX, SOCK_STREAM, 0}, 0},
        {"socket", {AF_INET, SOCK_STREAM, 0}, ENOSYS},
        {"socket", {garbage | AF_INET, SOCK_STREAM, 0}, ENOSYS},
        {"mmap", {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0, 0}, 0},
        {"mmap", {0, 4096, PROT_EXEC, MAP_PRIVATE, 0, 0}, ENOSYS},
        {"mmap", {0, 4096, garbage | PROT_READ | PROT_EXEC, MAP_PRIVATE, 0, 0}, ENOSYS},
        {"mprotect", {0, 4096, PROT_READ}, 0},
        {"mprotect", {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC}, ENOSYS},
        {"clone", {0x3d0f00}, 0},                   /* glibc's pthread_create */
        {"clone", {0x11}, ENOSYS},                  /* its fork: SIGCHLD */
        {"clone", {0x3d0f00 | 0x20000000}, ENOSYS}, /* CLONE_NEWPID */
        {"tgkill", {1, 1, 6}, ENOSYS},
        {"prctl", {15}, 0},        /* PR_SET_NAME */
        {"prctl", {4, 1}, ENOSYS}, /* PR_SET_DUMPABLE */
        {"prlimit64", {0, 7, 0, 1}, 0},
        {"prlimit64", {0, 7, 1, 0}, ENOSYS},
        {"prlimit64", {0, 7, garbage, 0}, ENOSYS}, /* a pointer, all of it */
    };
    const struct sandbox sandbox = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(architectures); i++) {
        struct program program;
        make(&sandbox, architectures[i].of_library, &program);
        for (size_t j = 0; j < COUNT(cases); j++)
            if (ask(&program, i, cases[j].name, cases[j].arguments) != cases[j].said)
                fail_msg("%s, case %zu", cases[j].name, j);
        const uint64_t own[6] = {(uint64_t)getpid(), 1, 6};
        assert_int_equal(ask(&program, i, "tgkill", own), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_service_calls),
        cmocka_unit_test(what_nobody_calls),
        cmocka_unit_test(arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
