#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void __attribute__((format(printf, 2, 0))) write_message(char *message, const char *format, va_list arguments) {
    int length = vsnprintf(message, ERROR_MESSAGE_MAX, format, arguments);
    if (length >= ERROR_MESSAGE_MAX)
        text_ellipsis(message, ERROR_MESSAGE_MAX);
    text_make_printable(message); /* what strangers wrote may be in it */
}

int error_set(struct error *err, enum error_code code, const char *format, ...) {
    if (!err || err->code != ERROR_NONE)
        return -1;
    err->code = code;
    va_list arguments;
    va_start(arguments, format);
    write_message(err->message, format, arguments);
    va_end(arguments);
    return -1;
}

int error_set_errno(struct error *err, enum error_code code, int number, const char *format, ...) {
    if (!err || err->code != ERROR_NONE)
        return -1;
    char text[ERROR_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    write_message(text, format, arguments);
    va_end(arguments);
    if (number == ENOSPC || number == EDQUOT || number == ENOMEM)
        code = ERROR_LIMIT;
    return error_set(err, code, "%s: %s", text, strerror(number));
}

int error_no_memory(struct error *err) {
    return error_set(err, ERROR_LIMIT, "out of memory");
}

/* The page that error_see put at the end of a message, NULL where there is none. */
static char *find_reference(char *message) {
    char *reference = strstr(message, " (" HOOK_DOCS);
    return reference && strcspn(reference + 1, " )") + 2 == strlen(reference) ? reference : NULL;
}

/* Puts `text` behind a message, which is cut where there is no room for both. */
static void append_whole(char *message, const char *text) {
    size_t room = ERROR_MESSAGE_MAX - strlen(text);
    if (strlen(message) >= room)
        text_ellipsis(message, room);
    memcpy(message + strlen(message), text, strlen(text) + 1);
}

int error_prefix(struct error *err, const char *format, ...) {
    if (!err || err->code == ERROR_NONE)
        return -1;
    char prefix[ERROR_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    write_message(prefix, format, arguments);
    va_end(arguments);

    struct error whole = {0};
    char page[ERROR_MESSAGE_MAX] = "";
    char *reference = find_reference(err->message);
    if (reference) {
        memcpy(page, reference, strlen(reference) + 1);
        *reference = '\0';
    }
    error_set(&whole, err->code, "%s: %s", prefix, err->message);
    append_whole(whole.message, page);
    *err = whole;
    return -1;
}

int error_see(struct error *err, const char *page, ...) {
    if (!err || (err->code != ERROR_INPUT && err->code != ERROR_REFUSED && err->code != ERROR_DENIED) ||
        strstr(err->message, " (" HOOK_DOCS))
        return -1;
    char name[ERROR_MESSAGE_MAX], reference[ERROR_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, page);
    write_message(name, page, arguments);
    va_end(arguments);
    if (snprintf(reference, sizeof(reference), " (" HOOK_DOCS "%s)", name) < ERROR_MESSAGE_MAX / 2)
        append_whole(err->message, reference);
    return -1;
}

void error_clear(struct error *err) {
    *err = (struct error){0};
}

static const struct {
    int status;
    const char *name;
} grpc_codes[] = {
    [ERROR_NONE] = {0, "OK"},
    [ERROR_INPUT] = {3, "INVALID_ARGUMENT"},
    [ERROR_REFUSED] = {9, "FAILED_PRECONDITION"},
    [ERROR_DENIED] = {7, "PERMISSION_DENIED"},
    [ERROR_LIMIT] = {8, "RESOURCE_EXHAUSTED"},
    [ERROR_UNIMPLEMENTED] = {12, "UNIMPLEMENTED"},
    [ERROR_INTERNAL] = {13, "INTERNAL"},
};

int error_grpc_status(enum error_code code) {
    return grpc_codes[code].status;
}

const char *error_grpc_name(enum error_code code) {
    return grpc_codes[code].name;
}
