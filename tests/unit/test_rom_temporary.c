/* rom/temporary: files of the living are left alone, those of the dead are swept away. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rom/temporary.h"
#include "support.h"

/* libc's flock(), before which somebody may come. */
int __wrap_flock(int fd, int operation);
int __real_flock(int fd, int operation);
static void (*_Atomic before_flock)(void); /* some tests have threads */
static int flock_errno;

int __wrap_flock(int fd, int operation) {
    void (*come)(void) = atomic_exchange(&before_flock, NULL);
    if (come)
        come();
    if (!flock_errno)
        return __real_flock(fd, operation);
    errno = flock_errno;
    return -1;
}

static int open_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void kept(void **state) {
    CLEANUP(close_fd) int folder = open_folder(*state);
    struct temporary file;
    for (int i = 0; i < 2; i++) { /* the second in place of the first */
        assert_int_equal(temporary_make(folder, &file), 0);
        assert_int_equal(write(file.fd, "whole", 5), 5);
        assert_int_equal(temporary_keep(folder, &file, "a.rom"), 0);
        assert_int_equal(file.fd, -1);
    }
    CLEANUP(buffer_free) struct buffer found = get_file(*state, "a.rom");
    assert_bytes(buffer_bytes(&found), "whole");
    assert_int_equal(count_entries(*state), 1);
}

static void dropped(void **state) {
    CLEANUP(close_fd) int folder = open_folder(*state);
    struct temporary file;
    assert_int_equal(temporary_make(folder, &file), 0);
    errno = ENOSPC;
    temporary_drop(folder, &file);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(count_entries(*state), 0);
    /* What cannot get its name is dropped. */
    put_folder(*state, "a.rom/x");
    assert_int_equal(temporary_make(folder, &file), 0);
    assert_int_equal(temporary_keep(folder, &file, "a.rom"), -1);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(count_entries(*state), 1);
}

static void others_are_not_swept(void **state) {
    CLEANUP(close_fd) int folder = open_folder(*state);
    put_text(*state, "a.rom", "x");
    put_text(*state, "new-1", "x");
    put_text(*state, ".newer", "x");
    put_text(*state, ".new-0123456789abcdef.rom", "x");
    put_text(*state, ".new-12345678", "x"); /* of base/output, without a lock */
    put_folder(*state, ".new-000000000000000f");
    put_link(*state, ".new-000000000000000e", "a.rom");
    assert_int_equal(mkfifo(path_in(*state, ".new-000000000000000d"), 0600), 0);
    temporary_sweep(folder);
    assert_int_equal(count_entries(*state), 8);
}

/* Also one of this process: whoever sweeps holds no other lock. */
static void the_living_are_not_swept(void **state) {
    CLEANUP(close_fd) int folder = open_folder(*state);
    struct temporary file;
    assert_int_equal(temporary_make(folder, &file), 0);
    temporary_sweep(folder);
    assert_int_equal(temporary_keep(folder, &file, "a.rom"), 0);
    temporary_sweep(folder);
    assert_int_equal(count_entries(*state), 1);
}

static void the_dead_are_swept(void **state) {
    CLEANUP(close_fd) int folder = open_folder(*state);
    int ready[2];
    struct temporary file;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        char made = temporary_make(folder, &file) == 0;
        if (write(ready[1], &made, 1) == 1)
            pause();
        _exit(1);
    }
    char made = 0;
    assert_int_equal(read(ready[0], &made, 1), 1);
    assert_true(made);
    temporary_sweep(folder);
    assert_int_equal(count_entries(*state), 1); /* it lives */
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    temporary_sweep(folder);
    assert_int_equal(count_entries(*state), 0);
    close(ready[0]);
    close(ready[1]);
}

static int swept_folder;

static void sweep(void) {
    temporary_sweep(swept_folder);
}

/* Between the making and the lock a file looks as one of the dead. */
static void a_sweep_before_the_lock(void **state) {
    CLEANUP(close_fd) int folder = open_folder(*state);
    struct temporary file;
    swept_folder = folder;
    before_flock = sweep;
    assert_int_equal(temporary_make(folder, &file), 0);
    assert_int_equal(count_entries(*state), 1);
    assert_int_equal(temporary_keep(folder, &file, "a.rom"), 0);
    assert_int_equal(count_entries(*state), 1);
}

static void without_locks_nothing_is_swept(void **state) {
    CLEANUP(close_fd) int folder = open_folder(*state);
    struct temporary file;
    flock_errno = ENOLCK;
    put_text(*state, ".new-0000000000000001", "x");
    assert_int_equal(temporary_make(folder, &file), 0);
    temporary_sweep(folder);
    flock_errno = 0;
    assert_int_equal(count_entries(*state), 2);
    assert_int_equal(temporary_keep(folder, &file, "a.rom"), 0);
}

/* Somebody always comes first: an error, no endless loop, and nothing is left. */
static void a_lock_that_is_never_free(void **state) {
    CLEANUP(close_fd) int folder = open_folder(*state);
    struct temporary file;
    flock_errno = EWOULDBLOCK;
    int made = temporary_make(folder, &file);
    flock_errno = 0;
    assert_int_equal(made, -1);
    assert_int_equal(count_entries(*state), 0);
}

static atomic_bool done;

static void *sweep_often(void *argument) {
    while (!done)
        temporary_sweep(*(const int *)argument);
    return NULL;
}

/* A neighbour that starts again and again takes nothing away. */
static void sweeps_all_the_time(void **state) {
    CLEANUP(close_fd) int folder = open_folder(*state);
    pthread_t sweeper;
    done = false;
    assert_int_equal(pthread_create(&sweeper, NULL, sweep_often, &folder), 0);
    int failed = 0;
    for (int i = 0; i < 500; i++) {
        struct temporary file;
        failed += temporary_make(folder, &file) < 0 || write(file.fd, "x", 1) != 1 ||
                  temporary_keep(folder, &file, "a.rom") < 0;
    }
    done = true;
    pthread_join(sweeper, NULL);
    assert_int_equal(failed, 0);
    assert_int_equal(count_entries(*state), 1);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(kept),
        FOLDER_TEST(dropped),
        FOLDER_TEST(others_are_not_swept),
        FOLDER_TEST(the_living_are_not_swept),
        FOLDER_TEST(the_dead_are_swept),
        FOLDER_TEST(a_sweep_before_the_lock),
        FOLDER_TEST(without_locks_nothing_is_swept),
        FOLDER_TEST(a_lock_that_is_never_free),
        FOLDER_TEST(sweeps_all_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
