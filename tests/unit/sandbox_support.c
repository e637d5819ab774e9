#include "sandbox_support.h"

#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child, which must not come back to cmocka. */
static _Noreturn void run_child(int fd, attempt *before, const struct sandbox *sandbox, attempt *tried,
                                const char *path) {
    struct outcome outcome = {.tried = -1};
    struct buffer summary = {0};
    if (before && before(path) != 0)
        _exit(EXIT_FAILURE);
    if (sandbox_enter(sandbox, &summary, &outcome.err) == 0) {
        snprintf(outcome.summary, sizeof(outcome.summary), "%s", summary.data);
        outcome.tried = tried(path);
    }
    _exit(write(fd, &outcome, sizeof(outcome)) == sizeof(outcome) ? EXIT_SUCCESS : EXIT_FAILURE);
}

struct outcome try_after(attempt *before, const struct sandbox *sandbox, attempt *tried, const char *path) {
    struct outcome outcome = {.tried = -1};
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        run_child(ends[1], before, sandbox, tried, path);
    assert_true(child > 0);
    close(ends[1]);
    ssize_t got = read(ends[0], &outcome, sizeof(outcome));
    close(ends[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    assert_true(got == (ssize_t)sizeof(outcome) || status != 0);
    outcome.waited = status;
    return outcome;
}

int promise_nothing_new(const char *path) {
    (void)path;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? errno : 0;
}

int try_in(const struct sandbox *sandbox, attempt *tried, const char *path) {
    struct outcome outcome = try_after(promise_nothing_new, sandbox, tried, path);
    assert_no_error(&outcome.err);
    assert_int_equal(outcome.waited, 0);
    return outcome.tried;
}

char top[4096];

const char *in(const char *name) {
    return path_in(top, name);
}

void make_node(const char *folder, size_t i) {
    snprintf(top, sizeof(top), "%s/%zu", folder, i);
    assert_int_equal(mkdir(top, 0755), 0);
    put_text(top, "sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n");
    put_text(top, "bundles/lab/bundle.json", "{}");
    put_text(top, "hooks/rom/old.rom", "rom");
    put_text(top, "features.d/gpu", "a=b\n");
    put_text(top, "outside/secret", "secret\n");
}

struct sandbox without_all(const struct sandbox *sandbox) {
    struct sandbox changed = *sandbox;
    for (size_t i = 0; i < SANDBOX_PARTS; i++)
        changed.is_off[i] = true;
    return changed;
}

struct sandbox with_only(const struct sandbox *sandbox, enum sandbox_part part) {
    struct sandbox changed = without_all(sandbox);
    changed.is_off[part] = false;
    return changed;
}
