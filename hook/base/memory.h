/* Memory for libraries that do not always tell when they get none: jansson then drops a character, libxml2 the name of
 * an attribute, and both go on; protobuf-c says of a message without memory what it says of one that is none. They
 * allocate here (json_setup, tree_setup, memory_of_messages), where failures are counted: who sees the count rise
 * during a call does not trust what came of it.
 */
#pragma once

#include <stddef.h>

/* malloc, realloc and strdup; free gives back what they return. Any thread may call them. */
void *memory_allocate(size_t size);
void *memory_resize(void *old, size_t size);
char *memory_copy(const char *text);

/* How many of these calls have failed in this thread since it started. */
size_t memory_failures(void);

/* For protobuf-c's functions that unpack a message and that free it. */
struct ProtobufCAllocator;
extern struct ProtobufCAllocator memory_of_messages;
