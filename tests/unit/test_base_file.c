/* base/file: limits, and opens that stay in their folder - with openat2 and without. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "support.h"

/* libc's syscall(), which file.c uses for openat2 only: with `openat2_errno` the kernel seems not to have it. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
static int openat2_errno;
static int openat2_calls;

long __wrap_syscall(long number, ...) {
    long argument[6];
    va_list arguments;
    va_start(arguments, number);
    for (size_t i = 0; i < COUNT(argument); i++)
        argument[i] = va_arg(arguments, long);
    va_end(arguments);
    openat2_calls += number == SYS_openat2;
    if (number == SYS_openat2 && openat2_errno) {
        errno = openat2_errno;
        return -1;
    }
    return __real_syscall(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}

static void read_has_a_limit(void **state) {
    static const struct {
        size_t size, limit;
        bool fits;
    } cases[] = {{0, 0, true},         {1, 0, false},         {100, 100, true},      {100, 99, false},
                 {16384, 16384, true}, {16384, 16383, false}, {16385, 16384, false}, {50000, 1000000, true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer content = {0}, found = {0};
        struct error err = {0};
        for (size_t j = 0; j < cases[i].size; j++)
            buffer_append(&content, &(char){(char)(j % 127)}, 1);
        put_file(*state, "file", buffer_bytes(&content));
        int result = file_read(path_in(*state, "file"), cases[i].limit, &found, &err);
        if (!cases[i].fits) {
            assert_int_equal(result, -1);
            assert_error(&err, ERROR_LIMIT, "/file has ");
            continue;
        }
        assert_no_error(&err);
        assert_int_equal(result, 0);
        assert_int_equal(found.size, cases[i].size);
        if (found.size)
            assert_memory_equal(found.data, content.data, found.size);
    }
}

/* A pipe has no size to look at first. */
static void read_of_a_pipe_has_the_limit_too(void **state) {
    (void)state;
    for (size_t limit = 9; limit <= 11; limit++) {
        CLEANUP(buffer_free) struct buffer found = {0};
        struct error err = {0};
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(file_write_all(ends[1], bytes_of("0123456789")), 0);
        close(ends[1]);
        int result = file_read_fd(ends[0], "the pipe", limit, &found, &err);
        close(ends[0]);
        assert_int_equal(result, limit < 10 ? -1 : 0);
        if (limit < 10)
            assert_error(&err, ERROR_LIMIT, "the pipe has more than 9 bytes");
        else
            assert_bytes(buffer_bytes(&found), "0123456789");
    }
}

static void read_names_what_is_wrong(void **state) {
    CLEANUP(buffer_free) struct buffer found = {0};
    struct error err = {0};
    assert_int_equal(file_read(path_in(*state, "absent"), 10, &found, &err), -1);
    assert_error(&err, ERROR_INPUT, "/absent: No such file or directory");
    assert_int_equal(file_read(*state, 10, &found, &err), -1);
    assert_error(&err, ERROR_INPUT, "Is a directory");
    assert_int_equal(file_read_fd(-1, "nothing", 10, &found, &err), -1);
    assert_error(&err, ERROR_INPUT, "nothing: Bad file descriptor");
}

static void dash_is_standard_input(void **state) {
    CLEANUP(buffer_free) struct buffer found = {0};
    struct error err = {0};
    put_text(*state, "input", "from stdin");
    int saved = dup(STDIN_FILENO), fd = open(path_in(*state, "input"), O_RDONLY | O_CLOEXEC);
    dup2(fd, STDIN_FILENO);
    int result = file_read("-", 100, &found, &err);
    dup2(saved, STDIN_FILENO);
    close(saved);
    close(fd);
    assert_int_equal(result, 0);
    assert_bytes(buffer_bytes(&found), "from stdin");
}

static void folders(void **state) {
    struct error err = {0};
    int fd = file_open_folder(*state, &err);
    assert_in_range(fd, 0, 1024);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    put_text(*state, "file", "");
    assert_int_equal(file_open_folder(path_in(*state, "file"), &err), -1);
    assert_error(&err, ERROR_INPUT, "/file: Not a directory");
    assert_int_equal(file_open_folder(path_in(*state, "absent"), &err), -1);
    assert_error(&err, ERROR_INPUT, "/absent: No such file or directory");
}

/* folder/bundle is the folder not to be left; folder/secret lies outside. */
static void make_bundle(const char *folder) {
    put_text(folder, "secret", "secret");
    put_text(folder, "bundle-twin/secret", "secret");
    put_text(folder, "bundle/bundle.json", "plain");
    put_text(folder, "bundle/roms/a.rom", "a");
    put_folder(folder, "bundle/roms/empty");
    put_link(folder, "bundle/inside", "roms/a.rom");
    put_link(folder, "bundle/roms/up-but-inside", "../bundle.json");
    put_link(folder, "bundle/out", "../secret");
    put_link(folder, "bundle/out-twin", "../bundle-twin/secret");
    put_link(folder, "bundle/out-absolute", path_in(folder, "secret"));
    put_link(folder, "bundle/out-folder", "..");
    put_link(folder, "bundle/dangling", "nowhere");
    put_link(folder, "bundle/loop", "loop");
    /* What the kubelet makes of a ConfigMap. */
    put_text(folder, "bundle/map/..2026_10_17/key.rom", "mapped");
    put_link(folder, "bundle/map/..data", "..2026_10_17");
    put_link(folder, "bundle/map/key.rom", "..data/key.rom");
    mkfifo(path_in(folder, "bundle/fifo"), 0644);
}

static const struct beneath {
    const char *path, *content; /* NULL: refused */
    const char *part;           /* of the message */
} beneath_cases[] = {
    {"bundle.json", "plain", NULL},
    {"roms/a.rom", "a", NULL},
    {"./roms//a.rom", "a", NULL},
    {"inside", "a", NULL},
    {"roms/up-but-inside", "plain", NULL},
    {"map/key.rom", "mapped", NULL},
    {"map/..data/key.rom", "mapped", NULL},
    {"../secret", NULL, "leaves the folder"},
    {"roms/../../secret", NULL, "leaves the folder"},
    {"..", NULL, "\"..\" leaves the folder"},
    {"/etc/passwd", NULL, "leaves the folder"},
    {"out", NULL, "leaves the folder"},
    {"out-twin", NULL, "leaves the folder"},
    {"out-absolute", NULL, "leaves the folder"},
    {"out-folder/secret", NULL, "leaves the folder"},
    {"absent", NULL, "cannot open bundle/absent: No such file or directory"},
    {"dangling", NULL, "No such file or directory"},
    {"loop", NULL, "Too many levels of symbolic links"},
    {"roms", NULL, "\"roms\" is not a regular file"},
    {"roms/a.rom/b", NULL, "Not a directory"},
    {".", NULL, "bundle: \".\""},
    {"", NULL, "cannot open bundle/: No such file or directory"},
    {"fifo", NULL, "\"fifo\" is not a regular file"},
};

static void check_beneath(const char *folder) {
    struct error err = {0};
    CLEANUP(close_fd) int bundle = file_open_folder(path_in(folder, "bundle"), &err);
    assert_no_error(&err);
    alarm(20); /* an open of the FIFO must not wait for a writer */
    for (size_t i = 0; i < COUNT(beneath_cases); i++) {
        const struct beneath *row = &beneath_cases[i];
        CLEANUP(buffer_free) struct buffer content = {0};
        CLEANUP(close_fd) int fd = file_open_beneath(bundle, "bundle", row->path, &err);
        if (!row->content) {
            if (fd >= 0)
                fail_msg("\"%s\" was opened", row->path);
            assert_error(&err, ERROR_INPUT, row->part);
            continue;
        }
        assert_no_error(&err);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(file_read_fd(fd, row->path, 100, &content, &err), 0);
        assert_bytes(buffer_bytes(&content), row->content);
    }
    alarm(0);
}

/* Absolute paths are refused wherever they lead: the same bundle must work in every container. */
static void check_absolute(const char *folder) {
    struct error err = {0};
    CLEANUP(close_fd) int bundle = file_open_folder(path_in(folder, "bundle"), &err);
    CLEANUP(close_fd) int fd = file_open_beneath(bundle, "bundle", path_in(folder, "bundle/bundle.json"), &err);
    assert_int_equal(fd, -1);
    assert_error(&err, ERROR_INPUT, "leaves the folder");
}

static void beneath_with_openat2(void **state) {
    make_bundle(*state);
    openat2_calls = 0;
    check_beneath(*state);
    assert_int_equal(openat2_calls, COUNT(beneath_cases));
    check_absolute(*state);
}

/* Old kernels answer ENOSYS, container runtimes of their time EPERM. */
static void beneath_without_openat2(void **state) {
    static const int answers[] = {ENOSYS, EPERM};
    make_bundle(*state);
    for (size_t i = 0; i < COUNT(answers); i++) {
        openat2_errno = answers[i];
        check_beneath(*state);
        openat2_errno = 0;
    }
}

static void absolute_without_openat2(void **state) {
    make_bundle(*state);
    openat2_errno = ENOSYS;
    check_absolute(*state);
}

static int answer_again(void **state) {
    openat2_errno = 0;
    return folder_teardown(state);
}

static void unchanged_looks_at_everything(void **state) {
    (void)state;
    const struct stat then = {
        .st_dev = 1, .st_ino = 2, .st_size = 3, .st_mode = S_IFREG | 0644, .st_mtim = {4, 5}, .st_ctim = {6, 7}};
    assert_true(file_unchanged(&then, &then));
    for (int field = 0; field < 8; field++) {
        struct stat now = then;
        switch (field) {
        case 0:
            now.st_dev++;
            break;
        case 1:
            now.st_ino++;
            break;
        case 2:
            now.st_size++;
            break;
        case 3:
            now.st_mode = S_IFREG | 0600;
            break;
        case 4:
            now.st_mtim.tv_sec++;
            break;
        case 5:
            now.st_mtim.tv_nsec++;
            break;
        case 6:
            now.st_ctim.tv_sec++;
            break;
        default:
            now.st_ctim.tv_nsec++;
        }
        if (file_unchanged(&then, &now))
            fail_msg("field %d does not count", field);
    }
    /* Reading and linking are no changes. */
    struct stat now = then;
    now.st_atim.tv_sec++;
    now.st_nlink++;
    assert_true(file_unchanged(&then, &now));
}

static void write_all_writes_all(void **state) {
    (void)state;
    static uint8_t content[1 << 20];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    errno = 0;
    assert_int_equal(file_write_all(ends[1], (struct bytes){content, sizeof(content)}), -1);
    assert_int_equal(errno, EAGAIN);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(file_write_all(-1, (struct bytes){0}), 0);
    assert_int_equal(file_write_all(-1, bytes_of("x")), -1);
    assert_int_equal(errno, EBADF);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(read_has_a_limit, folder_setup, folder_teardown),
        cmocka_unit_test(read_of_a_pipe_has_the_limit_too),
        cmocka_unit_test_setup_teardown(read_names_what_is_wrong, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(dash_is_standard_input, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(folders, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(beneath_with_openat2, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(beneath_without_openat2, folder_setup, answer_again),
        cmocka_unit_test_setup_teardown(absolute_without_openat2, folder_setup, answer_again),
        cmocka_unit_test(unchanged_looks_at_everything),
        cmocka_unit_test(write_all_writes_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
