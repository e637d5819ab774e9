/* Files on their way to a name: written under a name of their own in the folder, renamed once they are whole. Who is
 * killed meanwhile leaves one behind, and who uses the folder next sweeps it away.
 *
 * Several processes may share a folder, each in a PID namespace of its own (the sidecars of a pod): neither a PID nor
 * an age tells whose file is still being written. A lock does (flock(2)), which the kernel takes back when its process
 * ends, however that happens. Where a file system has no locks nothing is swept.
 */
#pragma once

struct temporary {
    int fd; /* open for writing; mode 0600 */
    char name[32];
};

/* Makes one in the folder behind dir_fd. Returns 0, and temporary_keep or temporary_drop ends it, or -1 with errno. */
int temporary_make(int dir_fd, struct temporary *temporary);

/* Gives it its name, in place of what has that now, and closes it. Returns 0, or -1 with errno: then it is dropped. */
int temporary_keep(int dir_fd, struct temporary *temporary, const char *name);

/* Removes and closes it. errno stays as it was. */
void temporary_drop(int dir_fd, struct temporary *temporary);

/* Removes those that no living process writes: regular files with names as temporary_make gives them. What cannot be
 * looked at or removed stays. */
void temporary_sweep(int dir_fd);
