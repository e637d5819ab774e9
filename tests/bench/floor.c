/* The least that any hook sidecar on gRPC's C core does: a server without a hook in it, for ci/bench to compare with.
 *
 *   bench-floor SOCKET
 *
 * Every method is answered with the bytes of its request: Info with nothing, OnDefineDomain with the domain that came.
 * One thread, no limits, no logging, no orderly end.
 */
#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>

static void __attribute__((noreturn)) fail(const char *text) {
    fprintf(stderr, "bench-floor: %s\n", text);
    exit(1);
}

/* One call after another; their events are told apart by their tags. */
struct call {
    grpc_call *call;
    grpc_call_details details;
    grpc_metadata_array metadata;
    grpc_byte_buffer *request;
    int cancelled;
};

enum tag { TAG_CALL = 1, TAG_REQUEST, TAG_REPLY };

static void wait_for(grpc_completion_queue *queue, enum tag tag) {
    grpc_event event = grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    if (event.type != GRPC_OP_COMPLETE || event.tag != (void *)tag)
        fail("an event that nobody waits for");
}

static void start(struct call *call, const grpc_op *ops, size_t count, enum tag tag) {
    if (grpc_call_start_batch(call->call, ops, count, (void *)tag, NULL) != GRPC_CALL_OK)
        fail("gRPC refused an operation");
}

static void serve_one(grpc_server *server, grpc_completion_queue *queue) {
    struct call call = {0};
    grpc_call_details_init(&call.details);
    grpc_metadata_array_init(&call.metadata);
    grpc_server_request_call(server, &call.call, &call.details, &call.metadata, queue, queue, (void *)TAG_CALL);
    wait_for(queue, TAG_CALL);
    const grpc_op read = {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call.request};
    start(&call, &read, 1, TAG_REQUEST);
    wait_for(queue, TAG_REQUEST);
    const grpc_op answer[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = call.request},
        {.op = GRPC_OP_SEND_STATUS_FROM_SERVER, .data.send_status_from_server.status = GRPC_STATUS_OK},
        {.op = GRPC_OP_RECV_CLOSE_ON_SERVER, .data.recv_close_on_server.cancelled = &call.cancelled},
    };
    start(&call, answer, sizeof(answer) / sizeof(answer[0]), TAG_REPLY);
    wait_for(queue, TAG_REPLY);
    grpc_byte_buffer_destroy(call.request);
    grpc_metadata_array_destroy(&call.metadata);
    grpc_call_details_destroy(&call.details);
    grpc_call_unref(call.call);
}

int main(int argc, char **argv) {
    char address[256];
    if (argc != 2 || (size_t)snprintf(address, sizeof(address), "unix:%s", argv[1]) >= sizeof(address))
        fail("usage: bench-floor SOCKET");
    grpc_init();
    grpc_completion_queue *queue = grpc_completion_queue_create_for_next(NULL);
    grpc_server *server = grpc_server_create(NULL, NULL);
    grpc_server_register_completion_queue(server, queue, NULL);
    grpc_server_credentials *credentials = grpc_insecure_server_credentials_create();
    if (!grpc_server_add_http2_port(server, address, credentials))
        fail("cannot listen there");
    grpc_server_credentials_release(credentials);
    grpc_server_start(server);
    for (;;)
        serve_one(server, queue);
}
