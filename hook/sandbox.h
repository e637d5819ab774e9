/* What a service gives up for good before it answers anybody: new privileges, core dumps, all files but those that it
 * is about (Landlock), all system calls but those that it makes (seccomp).
 *
 * To be entered once, while the process has one thread: those that start later inherit everything. Nothing here logs.
 * A part that this kernel lacks, or that the container's runtime forbids, is said and is no failure: a boot must not be
 * lost for want of hardening. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

/* In the order in which they are entered: the later ones need the first, unless the process has CAP_SYS_ADMIN. */
enum sandbox_part {
    SANDBOX_NO_NEW_PRIVILEGES,
    SANDBOX_CORE_DUMPS,
    SANDBOX_LANDLOCK,
    SANDBOX_SECCOMP,
};
enum { SANDBOX_PARTS = SANDBOX_SECCOMP + 1 };

/* What a path is for, and so what may be done there. But for the first, what counts is the folder in which the path
 * lies: what is there may be replaced, or come later. If that is the root folder, a folder or file that is there counts
 * alone. */
enum sandbox_use {
    SANDBOX_LOOK,   /* read it and all below: sysfs, which stays */
    SANDBOX_BUNDLE, /* the same, and another in its place, or behind a link on the way to it */
    SANDBOX_ROMS,   /* a folder: make it, and make, replace, remove and read files in it */
    SANDBOX_FILE,   /* a file: write another beside it and rename that over it */
    SANDBOX_SOCKET, /* a socket: make and remove it */
};
enum { SANDBOX_USES = SANDBOX_SOCKET + 1 };

/* More than any service has. */
#define SANDBOX_PATHS_MAX 32

/* Starts as {0}: all parts, no path, no port. */
struct sandbox {
    bool is_off[SANDBOX_PARTS];
    struct {
        enum sandbox_use use;
        const char *path;
    } paths[SANDBOX_PATHS_MAX];
    size_t path_count;
    in_port_t port;     /* the only TCP port that may be listened on, in the host's byte order; 0: none, and no TCP */
    bool for_sanitizer; /* the program is built with one, which needs some calls, and /proc, to make its report */
};

/* Switches parts off: "all", or names with commas between them. Returns 0, or -1 (ERROR_INPUT). */
int sandbox_disable(struct sandbox *sandbox, const char *words, struct error *err);

/* Adds what a path (borrowed, until sandbox_enter returns) is for. */
void sandbox_allow(struct sandbox *sandbox, enum sandbox_use use, const char *path);

/* Enters it, and appends which parts are active, and which are not and why, to *summary:
 * "no-new-privileges, core-dumps, landlock (ABI 7); off: seccomp (--disable-sandbox)". Returns 0, or -1 with
 * ERROR_INTERNAL or ERROR_LIMIT (memory) where a part is there and fails: the service must not start then. What was
 * entered stays. */
int sandbox_enter(const struct sandbox *sandbox, struct buffer *summary, struct error *err);
