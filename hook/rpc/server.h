/* A gRPC server on a unix socket: unary methods, bytes in, bytes out. With client.c the only file that includes grpc.
 *
 * Start blocks no signal: the caller blocks those it waits for before any rpc_ function runs, for gRPC starts threads.
 */
#pragma once

#include "base/error.h"
#include "base/text.h"

/* The largest request that is served; a larger one gets RESOURCE_EXHAUSTED from the transport. */
#define RPC_REQUEST_MAX (64u << 20)

/* How long running calls may take to end once the server stops; the pod's own grace is 30 s, and the longest call (64
 * MiB of domain) takes a few. Connections without a running call, silent ones among them, are given up after
 * RPC_IDLE_MS. */
#define RPC_GRACE_MS 20000
#define RPC_IDLE_MS  200

/* Answers one call: decodes `request` (borrowed for the call), and encodes into *reply (given as {0}). On failure fills
 * err, which becomes the call's status. Runs on any of the server's threads, several at a time. */
typedef int rpc_handler(void *context, struct bytes request, struct buffer *reply, struct error *err);

struct rpc_method {
    const char *path; /* "/package.Service/Method" */
    rpc_handler *handle;
    void *context;
    bool quick; /* takes no time to speak of, and must be answered however many long calls are running */
    bool (*is_quick)(struct bytes request); /* NULL: none is, else; asked before a call waits for others */
};

struct rpc_server;

/* Listens on the socket `path` (rpc/socket.h: who may connect) and serves `methods` (which must outlive the server);
 * every other method is answered with UNIMPLEMENTED. A stale socket at path is removed, a live one or another kind of
 * file is an error. Once this returns, calls are answered. What a call logs tells its peer. Returns a server that
 * rpc_server_stop gives back, or NULL. */
struct rpc_server *rpc_server_start(const char *path, const struct rpc_method *methods, size_t count,
                                    struct error *err);

/* Stops accepting, lets running calls end (RPC_GRACE_MS at most, then they are cancelled), removes the socket and
 * frees the server. NULL is nothing. */
void rpc_server_stop(struct rpc_server *server);
