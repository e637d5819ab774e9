/* The socket file that a service listens on. Who may call is its mode and its group: those who may write to it. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/* Unix socket addresses hold 107 characters and a NUL. */
#define RPC_SOCKET_PATH_MAX 107

/* Its user and its group may connect. The group is the folder's where that has its setgid bit, as Kubernetes makes
 * volumes of a pod with an fsGroup; KubeVirt's is 107, virt-launcher's user and group. Root (virt-handler, and
 * virt-launcher of a VM that runs as root) may always. */
#define RPC_SOCKET_MODE 0660

/* Starts as {.fd = -1}. */
struct rpc_socket {
    int fd; /* listens, does not block */
    char path[RPC_SOCKET_PATH_MAX + 1];
    dev_t device; /* which file is ours, should another take its place */
    ino_t inode;
};

/* Makes the socket `path` and listens. A stale socket at path is removed, a live one or another kind of file is an
 * error. Nobody can connect before it has its mode, whatever the umask. Returns 0 or -1, with nothing of it left. */
int rpc_socket_open(struct rpc_socket *server, const char *path, struct error *err);

/* Closes it, which hangs up on those whose connection has not been accepted, and removes the file if it is still ours.
 * One that was never opened is nothing. */
void rpc_socket_close(struct rpc_socket *server);
