/* Memory for libraries that do not always tell when they get none: jansson then drops a character, libxml2 the name of
 * an attribute, and both go on; protobuf-c says of a message without memory what it says of one that is none. They
 * allocate here (json_setup, tree_setup, memory_of_messages), where failures are counted: who sees the count rise
 * during a call does not trust what came of it.
 *
 * They also make and drop a thousand small pieces in each call, on which glibc spent a quarter of the call's
 * instructions. So each thread may keep a number of those that it gives back, for its next ones.
 */
#pragma once

#include <stddef.h>

/* malloc, realloc and strdup; memory_free or free gives back what they return. Any thread may call them. */
void *memory_allocate(size_t size);
void *memory_resize(void *old, size_t size);
char *memory_copy(const char *text);

/* As free, of anything that malloc gave. Keeps small pieces where memory_keep has asked for it. Like glibc's free it
 * ends the process where a kept piece is given back once more. */
void memory_free(void *memory);

/* From now on each thread keeps up to MEMORY_KEPT_MAX pieces of each small size: 0.3 MiB, and the pages that they keep
 * in use. Those of a thread that ends are lost. To be called while there is one thread; without it nothing is kept, so
 * that sanitizers see where each piece ends. */
void memory_keep(void);
enum { MEMORY_KEPT_MAX = 512 };

/* After so many bytes of messages. Of more than 64 KiB what this thread keeps is freed: a few pieces of very many stand
 * between what is free and keep it in small parts, with which malloc then is slow. Of more than 1 MiB free memory is
 * given back, for the pod's limit may be 64 MB. */
void memory_trim(size_t bytes);

/* How many of these calls have failed in this thread since it started. */
size_t memory_failures(void);

/* For protobuf-c's functions that unpack a message and that free it. */
struct ProtobufCAllocator;
extern struct ProtobufCAllocator memory_of_messages;
