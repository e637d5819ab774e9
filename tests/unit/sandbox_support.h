/* For tests of the sandbox, which is entered in a child process, for nobody leaves it. */
#pragma once

#include "sandbox.h"
#include "support.h"

/* Something that is tried, with what it is tried on. Returns 0 if it could be done, or an errno value. Runs in the
 * child: it asserts nothing. */
typedef int attempt(const char *path);

struct outcome {
    int tried;  /* the attempt's; -1 if the sandbox was not entered */
    int waited; /* how the child ended, for WIFEXITED and the like: other than 0 leaves the rest as it was */
    char summary[256];
    struct error err;
};

/* Enters the sandbox and makes the attempt. `before` (NULL: nothing) comes before the sandbox, and must be done. */
struct outcome try_after(attempt *before, const struct sandbox *sandbox, attempt *tried, const char *path);

/* For `before`: no new privileges, without which who is not root cannot enter the parts alone that need it. */
int promise_nothing_new(const char *path);

/* The same after that promise; fails the test unless the sandbox is entered and the child ends by itself. Returns the
 * attempt's errno value. */
int try_in(const struct sandbox *sandbox, attempt *tried, const char *path);

/* A node: number `i` in the test's folder becomes `top`, with sysfs, a bundle, a ROM beside the socket's place, a
 * feature file, and a secret outside. in() is a path there. */
extern char top[4096];
const char *in(const char *name);
void make_node(const char *folder, size_t i);

/* The sandbox with but one of its parts, and with none. */
struct sandbox with_only(const struct sandbox *sandbox, enum sandbox_part part);
struct sandbox without_all(const struct sandbox *sandbox);
