#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static bool is_stdout(const struct output *output) {
    return strcmp(output->path, "-") == 0;
}

static int refuse_existing(const struct output *output, struct error *err) {
    return error_set(err, ERROR_INPUT, "%s exists: choose another name, or say --force", output->path);
}

int output_check(const struct output *output, const char *const *inputs, size_t count, struct error *err) {
    struct stat there, input;
    if (is_stdout(output) || lstat(output->path, &there) < 0)
        return 0;
    if (!S_ISREG(there.st_mode))
        return error_set(err, ERROR_INPUT, "%s exists and is no regular file: choose another name", output->path);
    for (size_t i = 0; i < count; i++)
        if ((strcmp(inputs[i], "-") == 0 ? fstat(STDIN_FILENO, &input) : stat(inputs[i], &input)) == 0 &&
            input.st_dev == there.st_dev && input.st_ino == there.st_ino)
            return error_set(err, ERROR_INPUT, "%s is the input, which is never changed: choose another name",
                             output->path);
    return output->force ? 0 : refuse_existing(output, err);
}

/* "dir/.new-1234abcd", for the caller to free. */
static char *temporary_name(const char *path) {
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash + 1 - path) : 0;
    uint32_t random = 0;
    CLEANUP(buffer_free) struct buffer text = {0};
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
        random = (uint32_t)getpid();
    buffer_printf(&text, "%.*s.new-%08x", (int)folder, path, random);
    return text.failed ? NULL : TAKE_PTR(text.data);
}

static int fill(int fd, struct bytes bytes) {
    return file_write_all(fd, bytes) < 0 || fsync(fd) < 0 ? -1 : 0;
}

/* Not every file system knows RENAME_NOREPLACE; a hard link does not replace either. */
static int place(const char *temporary, const struct output *output) {
    if (output->force)
        return rename(temporary, output->path);
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, output->path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (link(temporary, output->path) < 0)
        return -1;
    unlink(temporary);
    return 0;
}

int output_write(const struct output *output, struct bytes bytes, struct error *err) {
    if (is_stdout(output))
        return file_write_all(STDOUT_FILENO, bytes) < 0
                   ? error_set_errno(err, ERROR_INTERNAL, errno, "cannot write to standard output")
                   : 0;
    CLEANUP(free) char *temporary = temporary_name(output->path);
    if (!temporary)
        return error_no_memory(err);
    CLEANUP(close_fd) int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return error_set_errno(err, ERROR_INTERNAL, errno, "cannot write %s", output->path);
    if (fill(fd, bytes) == 0 && place(temporary, output) == 0)
        return 0;
    int number = errno;
    unlink(temporary);
    if (number == EEXIST)
        return refuse_existing(output, err);
    return error_set_errno(err, number == ENOSPC || number == EDQUOT ? ERROR_LIMIT : ERROR_INTERNAL, number,
                           "cannot write %s", output->path);
}
