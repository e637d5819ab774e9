#include "rpc/server.h"

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "rpc/connections.h"

/* The workers also do gRPC's reading and writing. A long call (a 64 MiB domain, a slow disk) must not keep Info
 * waiting, which has one second: so one worker never takes a call that is not quick, and those that find no other wait
 * their turn. */
#define WORKERS    4
#define LONG_CALLS (WORKERS - 1)

struct method_slot {
    const struct rpc_method *method;
    void *registered; /* gRPC's handle */
};

struct rpc_server {
    grpc_server *server;
    grpc_completion_queue *queue;
    grpc_server_credentials *credentials; /* none: who may connect is the socket's business */
    struct rpc_socket socket;
    struct connections *connections;
    struct method_slot *slots;
    size_t count;
    pthread_t workers[WORKERS];
    size_t worker_count;

    pthread_mutex_t lock;         /* guards the rest */
    bool stopped;                 /* gRPC has reported that the shutdown is complete */
    size_t long_calls;            /* handlers that run now and are not quick */
    struct call *waiting, **last; /* calls that wait for one of them to end, in order; *last is where the next goes */
    size_t running;               /* calls from the start of their handler until their reply has left */
};

/* One call's life: armed (waiting for a client), then replying. Its address is the tag of both events. */
struct call {
    struct call *next; /* in the server's waiting list */
    struct rpc_server *server;
    const struct method_slot *slot; /* NULL: any method that is not registered */
    bool replying;
    grpc_call *call;
    int connection; /* the descriptor that it came over */
    struct log_peer peer;
    grpc_call_details details; /* without slot */
    grpc_metadata_array metadata;
    gpr_timespec deadline;
    grpc_byte_buffer *request, *reply;
    int cancelled;
};

static void free_call(struct call *call) {
    if (call->call)
        grpc_call_unref(call->call);
    if (!call->slot)
        grpc_call_details_destroy(&call->details);
    grpc_metadata_array_destroy(&call->metadata);
    if (call->request)
        grpc_byte_buffer_destroy(call->request);
    if (call->reply)
        grpc_byte_buffer_destroy(call->reply);
    free(call);
}

/* Waits for the next call of the slot's method (NULL: of any other). */
static int arm(struct rpc_server *server, const struct method_slot *slot) {
    struct call *call = calloc(1, sizeof(*call));
    if (!call)
        return -1;
    call->server = server;
    call->slot = slot;
    grpc_metadata_array_init(&call->metadata);
    grpc_call_error problem;
    if (slot) {
        problem =
            grpc_server_request_registered_call(server->server, slot->registered, &call->call, &call->deadline,
                                                &call->metadata, &call->request, server->queue, server->queue, call);
    } else {
        grpc_call_details_init(&call->details);
        problem = grpc_server_request_call(server->server, &call->call, &call->details, &call->metadata, server->queue,
                                           server->queue, call);
    }
    if (problem == GRPC_CALL_OK)
        return 0;
    free_call(call);
    return -1;
}

/* Reads the request of a method that is served; the slice is the caller's to unref. */
static int take_message(const struct call *call, grpc_slice *slice, struct error *err) {
    const char *path = call->slot->method->path;
    grpc_byte_buffer_reader reader;
    if (!call->request)
        return error_set(err, ERROR_INPUT, "%s: the request has no message", path);
    if (!grpc_byte_buffer_reader_init(&reader, call->request))
        return error_set(err, ERROR_INPUT, "%s: the request cannot be decompressed", path);
    *slice = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    return 0;
}

static struct bytes slice_bytes(const grpc_slice *slice) {
    return (struct bytes){GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

static void run_handler(struct call *call, struct buffer *reply, struct error *err) {
    grpc_slice slice;
    if (!call->slot) {
        error_set(err, ERROR_UNIMPLEMENTED, "this hook does not serve that method");
        return;
    }
    const struct rpc_method *method = call->slot->method;
    if (take_message(call, &slice, err) < 0)
        return;
    if (method->handle(method->context, slice_bytes(&slice), reply, err) == 0)
        buffer_check(reply, err);
    grpc_slice_unref(slice);
}

/* Need the call wait for no other? */
static bool call_is_quick(const struct call *call) {
    struct error unread = {0};
    grpc_slice slice;
    if (!call->slot || call->slot->method->quick)
        return true;
    if (!call->slot->method->is_quick)
        return false;
    if (take_message(call, &slice, &unread) < 0)
        return true;
    bool quick = call->slot->method->is_quick(slice_bytes(&slice));
    grpc_slice_unref(slice);
    return quick;
}

static void count_running(struct rpc_server *server, bool begins) {
    pthread_mutex_lock(&server->lock);
    server->running = begins ? server->running + 1 : server->running - 1;
    pthread_mutex_unlock(&server->lock);
}

/* The descriptor of the connection that a call came over; -1 if that is not known. */
static int connection_of(grpc_call *call) {
    static const char prefix[] = "fd:"; /* what gRPC calls the peer of a connection that it was given */
    int fd = -1;
    char *peer = grpc_call_get_peer(call);
    if (peer && strncmp(peer, prefix, strlen(prefix)) == 0)
        fd = (int)strtol(peer + strlen(prefix), NULL, 10);
    gpr_free(peer);
    return fd;
}

static void begin_call(struct call *call) {
    count_running(call->server, true);
    call->connection = connection_of(call->call);
    connections_begin_call(call->server->connections, call->connection, &call->peer);
}

/* As long as gRPC has the call it does not close its connection. */
static void end_call(struct call *call) {
    const size_t bytes = call->request ? grpc_byte_buffer_length(call->request) : 0;
    count_running(call->server, false);
    connections_end_call(call->server->connections, call->connection);
    free_call(call);
    memory_trim(bytes);
}

static void reply(struct call *call) {
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer message = {0};
    log_set_peer(call->peer);
    run_handler(call, &message, &err);
    log_set_peer((struct log_peer){0});
    connections_answer_call(call->server->connections, call->connection);

    grpc_op ops[4] = {0}; /* gRPC rejects a batch whose reserved fields are not zero */
    size_t count = 0;
    grpc_slice details = grpc_slice_from_copied_string(err.message);
    ops[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
    if (err.code == ERROR_NONE) {
        grpc_slice slice = grpc_slice_from_copied_buffer(message.data ? message.data : "", message.size);
        call->reply = grpc_raw_byte_buffer_create(&slice, 1);
        grpc_slice_unref(slice);
        ops[count].op = GRPC_OP_SEND_MESSAGE;
        ops[count++].data.send_message.send_message = call->reply;
    }
    ops[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    ops[count].data.send_status_from_server.status = (grpc_status_code)error_grpc_status(err.code);
    ops[count++].data.send_status_from_server.status_details = err.code == ERROR_NONE ? NULL : &details;
    ops[count].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
    ops[count++].data.recv_close_on_server.cancelled = &call->cancelled;

    call->replying = true;
    grpc_call_error problem = grpc_call_start_batch(call->call, ops, count, call, NULL);
    grpc_slice_unref(details);
    if (problem != GRPC_CALL_OK) { /* no event will come for it; the client sees CANCELLED */
        log_error("gRPC refused a reply: error %d", problem);
        end_call(call);
    }
}

/* Takes the right to run a long call; without it the call is put behind those that wait. */
static bool begin_long_call(struct rpc_server *server, struct call *call) {
    pthread_mutex_lock(&server->lock);
    bool free = server->long_calls < LONG_CALLS;
    if (free) {
        server->long_calls++;
    } else {
        *server->last = call;
        server->last = &call->next;
    }
    pthread_mutex_unlock(&server->lock);
    return free;
}

/* Hands the right on to the call that has waited longest, which is returned, or gives it back. */
static struct call *end_long_call(struct rpc_server *server) {
    pthread_mutex_lock(&server->lock);
    struct call *next = server->waiting;
    if (next) {
        server->waiting = next->next;
        if (!server->waiting)
            server->last = &server->waiting;
    } else {
        server->long_calls--;
    }
    pthread_mutex_unlock(&server->lock);
    return next;
}

static void handle_call(struct call *call) {
    struct rpc_server *server = call->server;
    begin_call(call);
    if (call_is_quick(call)) {
        reply(call);
        return;
    }
    if (!begin_long_call(server, call))
        return;
    for (; call; call = end_long_call(server))
        reply(call);
}

static void handle_event(struct rpc_server *server, grpc_event event) {
    if (event.tag == server) {
        pthread_mutex_lock(&server->lock);
        server->stopped = true;
        pthread_mutex_unlock(&server->lock);
        return;
    }
    struct call *call = event.tag;
    if (call->replying) {
        log_set_peer(call->peer);
        if (call->cancelled)
            log_info("the client went away before it had its reply");
        log_set_peer((struct log_peer){0});
        end_call(call);
        return;
    }
    if (!event.success) { /* the server shuts down */
        free_call(call);
        return;
    }
    /* The next caller need not wait for this one. */
    if (arm(server, call->slot) < 0)
        log_error("cannot accept further calls of %s", call->slot ? call->slot->method->path : "other methods");
    handle_call(call);
}

static void *work(void *argument) {
    struct rpc_server *server = argument;
    for (;;) {
        grpc_event event = grpc_completion_queue_next(server->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        if (event.type == GRPC_OP_COMPLETE)
            handle_event(server, event);
    }
}

static void forward_log(gpr_log_func_args *arguments) {
    enum log_level level = arguments->severity == GPR_LOG_SEVERITY_ERROR ? LOG_WARNING : LOG_DEBUG;
    log_write(level, "grpc", arguments->line, "%s", arguments->message);
}

static int register_methods(struct rpc_server *server, const struct rpc_method *methods, struct error *err) {
    server->slots = calloc(server->count, sizeof(*server->slots));
    if (!server->slots)
        return error_no_memory(err);
    for (size_t i = 0; i < server->count; i++) {
        server->slots[i].method = &methods[i];
        server->slots[i].registered = grpc_server_register_method(server->server, methods[i].path, NULL,
                                                                  GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
        if (!server->slots[i].registered)
            return error_set(err, ERROR_INTERNAL, "cannot register %s", methods[i].path);
    }
    return 0;
}

/* gRPC's own listener would let everybody connect whom the umask does, would not tell who it was, and would accept
 * nobody any more after it was once short of a descriptor. */
static void take_connection(void *context, int fd) {
    const struct rpc_server *server = context;
    grpc_server_add_channel_from_fd(server->server, fd, server->credentials);
}

static int start_workers(struct rpc_server *server, struct error *err) {
    for (; server->worker_count < WORKERS; server->worker_count++) {
        int problem = pthread_create(&server->workers[server->worker_count], NULL, work, server);
        if (problem)
            return error_set_errno(err, ERROR_INTERNAL, problem,
                                   "cannot start a thread: is there a limit on the pod's processes?");
    }
    return 0;
}

static int arm_all(struct rpc_server *server, struct error *err) {
    for (size_t i = 0; i < server->count; i++)
        if (arm(server, &server->slots[i]) < 0)
            return error_set(err, ERROR_INTERNAL, "cannot accept calls of %s", server->slots[i].method->path);
    return arm(server, NULL) < 0 ? error_set(err, ERROR_INTERNAL, "cannot accept calls") : 0;
}

static int prepare(struct rpc_server *server, const char *path, const struct rpc_method *methods, struct error *err) {
    grpc_arg settings[] = {
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
         .value.integer = (int)RPC_REQUEST_MAX},
        {.type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_MAX_CONCURRENT_STREAMS, .value.integer = 64},
        /* Only what is not compressed: gRPC unpacks before it compares with the limit. KubeVirt never compresses. */
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET,
         .value.integer = 1 << GRPC_COMPRESS_NONE},
    };
    grpc_channel_args arguments = {sizeof(settings) / sizeof(settings[0]), settings};
    server->credentials = grpc_insecure_server_credentials_create();
    server->queue = grpc_completion_queue_create_for_next(NULL);
    server->server = grpc_server_create(&arguments, NULL);
    grpc_server_register_completion_queue(server->server, server->queue, NULL);
    server->connections = connections_new(&server->socket, take_connection, server, err);
    if (!server->connections || register_methods(server, methods, err) < 0 || start_workers(server, err) < 0)
        return -1;
    grpc_server_start(server->server);
    /* Listening comes last: from then on a client's clock runs. */
    return arm_all(server, err) < 0 || rpc_socket_open(&server->socket, path, err) < 0
               ? -1
               : connections_start(server->connections, err);
}

struct rpc_server *rpc_server_start(const char *path, const struct rpc_method *methods, size_t count,
                                    struct error *err) {
    struct rpc_server *server = calloc(1, sizeof(*server));
    if (!server) {
        error_no_memory(err);
        return NULL;
    }
    server->count = count;
    server->socket.fd = -1;
    pthread_mutex_init(&server->lock, NULL);
    server->last = &server->waiting;
    gpr_set_log_function(forward_log);
    gpr_set_log_verbosity(log_enabled(LOG_DEBUG) ? GPR_LOG_SEVERITY_INFO : GPR_LOG_SEVERITY_ERROR);
    grpc_init();
    if (prepare(server, path, methods, err) < 0) {
        rpc_server_stop(server);
        return NULL;
    }
    return server;
}

/* Has gRPC let go of every connection, and has every call ended? A client's leaving does not end its handler, which
 * will still want to put its reply into the queue. */
static bool has_stopped(struct rpc_server *server, size_t *running) {
    pthread_mutex_lock(&server->lock);
    *running = server->running;
    bool stopped = server->stopped && server->running == 0;
    pthread_mutex_unlock(&server->lock);
    return stopped;
}

/* One step of waiting. Where not one worker could be started, the queue is served from here. */
static void wait_step(struct rpc_server *server, int step_ms) {
    gpr_timespec end = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(step_ms, GPR_TIMESPAN));
    if (server->worker_count > 0) {
        gpr_sleep_until(end);
        return;
    }
    grpc_event event = grpc_completion_queue_next(server->queue, end, NULL);
    if (event.type == GRPC_OP_COMPLETE)
        handle_event(server, event);
}

/* A graceful shutdown waits for every client to hang up. So once no call runs any more, and has not for a moment, the
 * connections are cut. */
static void wait_until_stopped(struct rpc_server *server) {
    enum { STEP_MS = 5 };
    int waited_ms = 0, idle_ms = 0;
    for (size_t running; !has_stopped(server, &running);) {
        wait_step(server, STEP_MS);
        waited_ms += STEP_MS;
        idle_ms = running == 0 ? idle_ms + STEP_MS : 0;
        if (waited_ms == RPC_GRACE_MS)
            log_warning("%zu calls did not end within %d s: they are cancelled", running, RPC_GRACE_MS / 1000);
        if (idle_ms == RPC_IDLE_MS || waited_ms == RPC_GRACE_MS)
            grpc_server_cancel_all_calls(server->server);
    }
}

void rpc_server_stop(struct rpc_server *server) {
    if (!server)
        return;
    connections_stop(server->connections);
    rpc_socket_close(&server->socket);
    if (server->server) {
        grpc_server_shutdown_and_notify(server->server, server->queue, server);
        wait_until_stopped(server);
        grpc_server_destroy(server->server);
        grpc_completion_queue_shutdown(server->queue);
        for (size_t i = 0; i < server->worker_count; i++)
            pthread_join(server->workers[i], NULL);
        while (server->worker_count == 0 &&
               grpc_completion_queue_next(server->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
                   GRPC_QUEUE_SHUTDOWN)
            ;
        grpc_completion_queue_destroy(server->queue);
    }
    /* No grpc_shutdown: after a large message it waits up to 10 s for a poller of its own. See leave() in main.c. */
    connections_free(server->connections);
    if (server->credentials)
        grpc_server_credentials_release(server->credentials);
    pthread_mutex_destroy(&server->lock);
    free(server->slots);
    free(server);
}
