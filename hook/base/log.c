#include "base/log.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

static struct {
    enum log_format format;
    enum log_level least;
} settings = {LOG_JSON, LOG_INFO};

static _Thread_local struct log_peer current_peer;

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ERROR] = "error"};
static const char *const format_names[] = {[LOG_JSON] = "json", [LOG_TEXT] = "text"};

void log_setup(enum log_format format, enum log_level least) {
    settings.format = format;
    settings.least = least;
}

int log_level_parse(const char *name, enum log_level *level) {
    int found = strcmp(name, "warn") == 0 ? LOG_WARNING : text_choice(name, level_names, LOG_ERROR + 1);
    if (found < 0)
        return -1;
    *level = (enum log_level)found;
    return 0;
}

int log_format_parse(const char *name, enum log_format *format) {
    int found = text_choice(name, format_names, LOG_TEXT + 1);
    if (found < 0)
        return -1;
    *format = (enum log_format)found;
    return 0;
}

bool log_enabled(enum log_level level) {
    return level >= settings.least;
}

void log_set_peer(struct log_peer peer) {
    current_peer = peer;
}

static void format_timestamp(char *text, size_t size) {
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t used = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + used, size - used, ".%06ldZ", now.tv_nsec / 1000);
}

/* NULL, which json_pack leaves out, where there is no peer. */
static json_t *of_peer(json_int_t value) {
    return current_peer.is_known ? json_integer(value) : NULL;
}

/* Keys in alphabetical order, as KubeVirt's logger prints them. */
static char *json_line(enum log_level level, const char *position, const char *message) {
    char timestamp[48];
    format_timestamp(timestamp, sizeof(timestamp));
    CLEANUP(free) char *clean = utf8_sanitise(message);
    json_t *object = json_pack("{s:s, s:s, s:s, s:o*, s:o*, s:s, s:s}", "component", "kubevirt-gpu-hook", "level",
                               level_names[level], "msg", clean ? clean : "", "peer_pid", of_peer(current_peer.pid),
                               "peer_uid", of_peer(current_peer.uid), "pos", position, "timestamp", timestamp);
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    json_decref(object);
    return text;
}

void log_write(enum log_level level, const char *file, int line, const char *format, ...) {
    if (!log_enabled(level))
        return;
    int saved = errno;
    char message[2048], position[128];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof(message))
        text_ellipsis(message, sizeof(message));
    snprintf(position, sizeof(position), "%s:%d", file, line);

    CLEANUP(buffer_free) struct buffer out = {0};
    if (settings.format == LOG_JSON) {
        CLEANUP(free) char *json = json_line(level, position, message);
        buffer_printf(&out, "%s\n", json ? json : "{}");
    } else {
        buffer_printf(&out, "%s: %s\n", level_names[level], message);
    }
    /* A log that cannot be written is no reason to stop. */
    if (!out.failed && write(STDERR_FILENO, out.data, out.size) < 0)
        errno = saved;
    errno = saved;
}
