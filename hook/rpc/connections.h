/* Who calls, and how many at a time: accepts the connections of a socket and hands them to the protocol.
 *
 * At most CONNECTIONS_MAX are there at a time. At the limit the oldest one without a running call is ended for the
 * next, so that those who connect and keep silent, however many, keep virt-launcher from nothing.
 *
 * A connection is known by the number of the descriptor that the protocol got. The protocol may close it as soon as
 * the last call of the connection has ended (connections_end_call), and not before: so as long as there is a call its
 * number means that connection and no later one.
 */
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "rpc/socket.h"

/* Where the process may have fewer descriptors, so many that two sockets with all their connections, two descriptors
 * each, take half of them. */
#define CONNECTIONS_MAX 256

struct connections;

/* Gives the protocol the connection `fd`, which it owns from now on; it does not block. It has to read it, to shut it
 * down (shutdown(2)) when the peer has, and then to close it. Runs on the accepting thread. */
typedef void connection_taker(void *context, int fd);

/* Prepares for the connections of `server`, which must outlive them and need not be open yet. Returns NULL on failure;
 * connections_free gives them back. */
struct connections *connections_new(const struct rpc_socket *server, connection_taker *take, void *context,
                                    struct error *err);

/* Starts the thread that accepts them. Returns 0 or -1. */
int connections_start(struct connections *connections, struct error *err);

/* Accepts no more; those that are there stay. NULL, or not started, is nothing. */
void connections_stop(struct connections *connections);

/* After connections_stop, and when the protocol has let go of all of them. NULL is nothing. */
void connections_free(struct connections *connections);

/* A call has come over the connection `fd`. *peer becomes who connected. From any thread, as the next two. */
void connections_begin_call(struct connections *connections, int fd, struct log_peer *peer);

/* All that is left of the call is to send the reply. Should every connection have calls, then one may be ended that has
 * none but such and has had some for a second: a peer that never reads must not stay for ever, whatever it asks. */
void connections_answer_call(struct connections *connections, int fd);

/* The call is about to be gone. To be called before the protocol may close fd. */
void connections_end_call(struct connections *connections, int fd);
