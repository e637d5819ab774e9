/* A gRPC client for our own sockets: unary calls, bytes out, bytes in. With server.c the only file that includes grpc.
 */
#pragma once

#include "base/error.h"
#include "base/text.h"

struct rpc_client;

/* What a call ended with: gRPC's status number, 0 for success, its name ("FAILED_PRECONDITION") and the server's text.
 */
struct rpc_status {
    int code;
    const char *name;
    char message[4096];
};

/* Prepares calls to the unix socket `path`; nothing is dialled yet. Returns a client that rpc_client_close gives back,
 * or NULL. A client belongs to one thread. */
struct rpc_client *rpc_client_open(const char *path, struct error *err);

/* Calls `method` ("/package.Service/Method") and waits at most timeout_ms. The reply's bytes go into *reply (must be
 * {0}). Returns 0 when the server said OK, -1 otherwise; *status says what it said. */
int rpc_client_call(struct rpc_client *client, const char *method, struct bytes request, int timeout_ms,
                    struct buffer *reply, struct rpc_status *status);

void rpc_client_close(struct rpc_client *client);

DEFINE_CLEANUP(struct rpc_client, rpc_client_close)
