/* The one way in which this program reports failure.
 *
 * A function that can fail takes `struct error *err` as its last parameter and returns a negative number or NULL on
 * failure. Failure fills err exactly once; success leaves it alone. The message is one sentence that names the device
 * or file, the reason and the remedy, because KubeVirt shows it to the VM's owner as it is.
 *
 * struct error holds no pointers: it may be copied, reused after error_clear, and needs no destructor. An error belongs
 * to one thread at a time.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

/* Kubernetes cuts an event's message at 1,024 bytes, and KubeVirt puts about 120 of its own before ours. */
#define ERROR_MESSAGE_MAX 896

enum error_code {
    ERROR_NONE = 0,
    ERROR_INPUT,         /* the request or a file is malformed: INVALID_ARGUMENT */
    ERROR_REFUSED,       /* well-formed, but this VM must not start like this: FAILED_PRECONDITION */
    ERROR_DENIED,        /* well-formed, but the cluster's admin does not allow it: PERMISSION_DENIED */
    ERROR_LIMIT,         /* too large, or no room left: RESOURCE_EXHAUSTED */
    ERROR_UNIMPLEMENTED, /* a method that is not served: UNIMPLEMENTED */
    ERROR_INTERNAL,      /* our own defect, or the system failed us: INTERNAL */
};

struct error {
    enum error_code code;
    char message[ERROR_MESSAGE_MAX];
};

/* Fills err and returns -1, so that callers can `return error_set(...)`. An error that is already set is kept: the
 * first cause is the useful one. Text beyond ERROR_MESSAGE_MAX is cut at a character boundary and ends in "...".
 * err may be NULL. */
int error_set(struct error *err, enum error_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Like error_set, with ": " and the text of errno value `number` appended. ENOSPC, EDQUOT and ENOMEM turn the code
 * into ERROR_LIMIT. Returns -1. */
int error_set_errno(struct error *err, enum error_code code, int number, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Reports a failed allocation. Returns -1. */
int error_no_memory(struct error *err);

/* Puts "text: " in front of a message that is set. A page that it names at its end stays whole. Returns -1. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Where our pages are, for a reader of an error; the build may give an address instead. */
#ifndef HOOK_DOCS
#define HOOK_DOCS "docs/"
#endif

/* Puts " (docs/PAGE)" behind a message that is set and that the reader can do something about (not ERROR_LIMIT,
 * ERROR_UNIMPLEMENTED, ERROR_INTERNAL): the page that says more, with an anchor: "checks.md#group-viable". Once: the
 * innermost, which knows best, is kept. The message is cut where there is no room. Returns -1. */
int error_see(struct error *err, const char *page, ...) __attribute__((format(printf, 2, 3)));

void error_clear(struct error *err);

/* gRPC's number for the code (grpc/status.h, fixed by the protocol), and its name as gRPC writes it:
 * "FAILED_PRECONDITION". */
int error_grpc_status(enum error_code code);
const char *error_grpc_name(enum error_code code);
