/* One line per event on stderr, as KubeVirt's own components write it. Only main, cmd/ and rpc/ log.
 *
 * The settings are process-wide: log_setup is called once, before any thread starts. The log_* macros may be called
 * from any thread; a line is written by one write(2). A peer is the thread's own.
 */
#pragma once

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_JSON, LOG_TEXT };

void log_setup(enum log_format format, enum log_level least);

/* Parses "debug", "info", "warning" (or "warn"), "error"; "json", "text". Return 0, or -1 leaving the target alone. */
int log_level_parse(const char *name, enum log_level *level);
int log_format_parse(const char *name, enum log_format *format);

/* Would a line of this level be written? For callers whose message is expensive to make. */
bool log_enabled(enum log_level level);

/* A process that called us, as the kernel knew it when it connected (SO_PEERCRED). */
struct log_peer {
    bool is_known;
    unsigned uid; /* as our user namespace sees it */
    int pid;      /* 0: in a pid namespace that ours does not see, as another container of the pod is */
};

/* The lines of this thread tell the peer from now on, in JSON; an unknown one: nobody. */
void log_set_peer(struct log_peer peer);

void log_write(enum log_level level, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define log_debug(...)   log_write(LOG_DEBUG, __FILE_NAME__, __LINE__, __VA_ARGS__)
#define log_info(...)    log_write(LOG_INFO, __FILE_NAME__, __LINE__, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __FILE_NAME__, __LINE__, __VA_ARGS__)
#define log_error(...)   log_write(LOG_ERROR, __FILE_NAME__, __LINE__, __VA_ARGS__)
