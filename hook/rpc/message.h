/* protobuf-c messages as bytes, with our errors. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/error.h"
#include "base/text.h"

/* Decodes `bytes` as the message of that descriptor. Returns a message that message_free gives back, or NULL with
 * ERROR_INPUT or ERROR_LIMIT (memory). */
ProtobufCMessage *message_decode(const ProtobufCMessageDescriptor *descriptor, struct bytes bytes, struct error *err);

/* Appends the encoded message to *out. Returns 0 or -1 (memory). */
int message_encode(const ProtobufCMessage *message, struct buffer *out, struct error *err);

void message_free(ProtobufCMessage *message);

DEFINE_CLEANUP(ProtobufCMessage, message_free)
