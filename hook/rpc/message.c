#include "rpc/message.h"

#include "base/memory.h"

ProtobufCMessage *message_decode(const ProtobufCMessageDescriptor *descriptor, struct bytes bytes, struct error *err) {
    const size_t failures = memory_failures();
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &memory_of_messages, bytes.size, bytes.data);
    if (!message && memory_failures() != failures)
        error_no_memory(err);
    else if (!message)
        error_set(err, ERROR_INPUT, "the request is no valid %s message", descriptor->name);
    return message;
}

/* protobuf-c writes through this; a failed append shows in the buffer. */
struct sink {
    ProtobufCBuffer base;
    struct buffer *out;
};

static void append(ProtobufCBuffer *buffer, size_t size, const uint8_t *data) {
    buffer_append(((struct sink *)buffer)->out, data, size);
}

int message_encode(const ProtobufCMessage *message, struct buffer *out, struct error *err) {
    struct sink sink = {.base = {append}, .out = out};
    protobuf_c_message_pack_to_buffer(message, &sink.base);
    return buffer_check(out, err);
}

void message_free(ProtobufCMessage *message) {
    if (message)
        protobuf_c_message_free_unpacked(message, &memory_of_messages);
}
