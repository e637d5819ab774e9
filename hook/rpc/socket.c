#include "rpc/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

static int clear_path(const char *path, const struct sockaddr_un *address, struct error *err) {
    struct stat status;
    if (lstat(path, &status) < 0)
        return errno == ENOENT ? 0 : error_set_errno(err, ERROR_INPUT, errno, "cannot use the socket path %s", path);
    if (!S_ISSOCK(status.st_mode))
        return error_set(err, ERROR_INPUT, "%s exists and is no socket: remove it", path);
    CLEANUP(close_fd) int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return error_set_errno(err, ERROR_INTERNAL, errno, "cannot make a socket");
    if (connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
        return error_set(err, ERROR_INPUT, "another hook serves %s: give each container a name of its own", path);
    if (errno != ECONNREFUSED)
        return error_set_errno(err, ERROR_INPUT, errno, "cannot tell whether %s is in use", path);
    if (unlink(path) < 0 && errno != ENOENT)
        return error_set_errno(err, ERROR_INPUT, errno, "cannot remove the stale socket %s", path);
    return 0;
}

/* Which file the socket has become. */
static int recognise(struct rpc_socket *server, struct error *err) {
    struct stat status;
    if (lstat(server->path, &status) < 0)
        return error_set_errno(err, ERROR_INPUT, errno, "cannot find the socket %s that was made", server->path);
    server->device = status.st_dev;
    server->inode = status.st_ino;
    return 0;
}

/* The file gets its mode from the socket (unix_bind_bsd, Linux), less the process's umask. That is 0 meanwhile: what
 * other threads make has the mode that they say. By name the mode would be changed by chmod, which the sandbox forbids.
 */
static int bind_at(const struct rpc_socket *server, const struct sockaddr_un *address) {
    if (fchmod(server->fd, RPC_SOCKET_MODE) < 0)
        return -1;
    const mode_t before = umask(0);
    const int failed = bind(server->fd, (const struct sockaddr *)address, sizeof(*address));
    umask(before);
    return failed;
}

static int listen_at(struct rpc_socket *server, const struct sockaddr_un *address, struct error *err) {
    if (bind_at(server, address) < 0)
        return error_set_errno(err, ERROR_INPUT, errno,
                               "cannot listen on %s (does the folder exist, and may uid %u write there?)", server->path,
                               (unsigned)geteuid());
    if (recognise(server, err) < 0)
        return -1;
    return listen(server->fd, SOMAXCONN) < 0
               ? error_set_errno(err, ERROR_INTERNAL, errno, "cannot listen on %s", server->path)
               : 0;
}

int rpc_socket_open(struct rpc_socket *server, const char *path, struct error *err) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *server = (struct rpc_socket){.fd = -1};
    const size_t size = strlen(path) + 1;
    if (size > sizeof(server->path))
        return error_set(err, ERROR_INPUT, "the socket path %s is longer than %d characters: use a shorter folder",
                         path, RPC_SOCKET_PATH_MAX);
    memcpy(address.sun_path, path, size);
    if (clear_path(path, &address, err) < 0)
        return -1;
    memcpy(server->path, path, size);
    server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->fd < 0)
        return error_set_errno(err, ERROR_INTERNAL, errno, "cannot make a socket");
    if (listen_at(server, &address, err) == 0)
        return 0;
    rpc_socket_close(server);
    return -1;
}

void rpc_socket_close(struct rpc_socket *server) {
    struct stat status;
    if (server->fd < 0)
        return;
    if (server->inode && lstat(server->path, &status) == 0 && status.st_dev == server->device &&
        status.st_ino == server->inode)
        unlink(server->path);
    close(take_fd(&server->fd));
}
