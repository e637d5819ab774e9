/* What the commands that stay have in common: serve and node. */
#pragma once

#include <argp.h>

#include "base/log.h"
#include "cmd/setup.h"
#include "sandbox.h"

struct service {
    enum log_format log_format;
    enum log_level log_level;
    struct sandbox sandbox; /* the parts that are off; its paths and port are the command's to add */
};

/* For the `children` of a command's argp; its input is a struct service. */
extern const struct argp service_argp;

/* Sets logging up and blocks the signals that end a service: before gRPC starts threads, so that every thread inherits
 * it and they come by the descriptor alone, which is returned (a signalfd; -1 with errno). */
int service_begin(const struct service *service);

/* Enters the sandbox, to which this adds what setup_open has opened, and logs what of it is active. To be called after
 * that, and while there is one thread: before gRPC starts. Returns 0 or -1. */
int service_enter_sandbox(struct service *service, const struct setup *setup, struct error *err);

/* Between these two the process ends with a message if the time is up: gRPC waits for ever for threads that it could
 * not start. */
void service_starts(void);
void service_has_started(void);

/* Logs which signal came, if one did. */
void service_log_signal(int signal_fd);

/* Logs which bundles there are, or what is wrong with them. */
void service_log_bundles(struct bundle_set *set);
