#include "rpc/client.h"

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rpc_client {
    grpc_channel *channel;
    grpc_completion_queue *queue;
};

/* grpc/status.h, in order. */
static const char *const status_names[] = {
    "OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED",
};

struct rpc_client *rpc_client_open(const char *path, struct error *err) {
    struct rpc_client *client = calloc(1, sizeof(*client));
    CLEANUP(buffer_free) struct buffer address = {0};
    buffer_printf(&address, "unix:%s", path);
    if (!client || address.failed) {
        free(client);
        error_no_memory(err);
        return NULL;
    }
    grpc_init();
    /* KubeVirt's authority; gRPC's own would be the socket's path, percent-encoded. */
    grpc_arg settings[] = {
        {.type = GRPC_ARG_STRING, .key = (char *)GRPC_ARG_DEFAULT_AUTHORITY, .value.string = (char *)"localhost"},
        {.type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, .value.integer = -1},
    };
    grpc_channel_args arguments = {sizeof(settings) / sizeof(settings[0]), settings};
    grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
    client->channel = grpc_channel_create(address.data, credentials, &arguments);
    grpc_channel_credentials_release(credentials);
    client->queue = grpc_completion_queue_create_for_pluck(NULL);
    return client;
}

static void read_reply(grpc_byte_buffer *received, struct buffer *reply) {
    grpc_byte_buffer_reader reader;
    if (!received || !grpc_byte_buffer_reader_init(&reader, received))
        return;
    grpc_slice slice = grpc_byte_buffer_reader_readall(&reader);
    buffer_append(reply, GRPC_SLICE_START_PTR(slice), GRPC_SLICE_LENGTH(slice));
    grpc_slice_unref(slice);
    grpc_byte_buffer_reader_destroy(&reader);
}

int rpc_client_call(struct rpc_client *client, const char *method, struct bytes request, int timeout_ms,
                    struct buffer *reply, struct rpc_status *status) {
    gpr_timespec deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(timeout_ms, GPR_TIMESPAN));
    grpc_slice path = grpc_slice_from_copied_string(method), details = grpc_empty_slice();
    grpc_call *call = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS, client->queue, path,
                                               NULL, deadline, NULL);
    grpc_slice body = grpc_slice_from_copied_buffer(request.size ? (const char *)request.data : "", request.size);
    grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&body, 1), *received = NULL;
    grpc_metadata_array initial, trailing;
    grpc_metadata_array_init(&initial);
    grpc_metadata_array_init(&trailing);
    grpc_status_code code = GRPC_STATUS_UNKNOWN;

    grpc_op ops[6] = {0};
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = message;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &initial;
    ops[4].op = GRPC_OP_RECV_MESSAGE;
    ops[4].data.recv_message.recv_message = &received;
    ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    ops[5].data.recv_status_on_client.trailing_metadata = &trailing;
    ops[5].data.recv_status_on_client.status = &code;
    ops[5].data.recv_status_on_client.status_details = &details;
    if (grpc_call_start_batch(call, ops, 6, client, NULL) == GRPC_CALL_OK)
        grpc_completion_queue_pluck(client->queue, client, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);

    status->code = (int)code;
    status->name = code <= GRPC_STATUS_UNAUTHENTICATED ? status_names[code] : "UNKNOWN";
    snprintf(status->message, sizeof(status->message), "%.*s", (int)GRPC_SLICE_LENGTH(details),
             (const char *)GRPC_SLICE_START_PTR(details));
    if (code == GRPC_STATUS_OK)
        read_reply(received, reply);
    if (reply->failed)
        *status = (struct rpc_status){GRPC_STATUS_RESOURCE_EXHAUSTED, status_names[GRPC_STATUS_RESOURCE_EXHAUSTED],
                                      "out of memory for the reply"};

    grpc_byte_buffer_destroy(message);
    if (received)
        grpc_byte_buffer_destroy(received);
    grpc_metadata_array_destroy(&initial);
    grpc_metadata_array_destroy(&trailing);
    grpc_slice_unref(body);
    grpc_slice_unref(path);
    grpc_slice_unref(details);
    grpc_call_unref(call);
    return status->code == GRPC_STATUS_OK ? 0 : -1;
}

void rpc_client_close(struct rpc_client *client) {
    if (!client)
        return;
    grpc_channel_destroy(client->channel);
    grpc_completion_queue_shutdown(client->queue);
    grpc_completion_queue_pluck(client->queue, NULL, gpr_inf_future(GPR_CLOCK_REALTIME), NULL); /* its end */
    grpc_completion_queue_destroy(client->queue); /* no grpc_shutdown, as in server.c */
    free(client);
}
