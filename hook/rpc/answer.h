/* A request that brings a domain, through the walk, with what the log must hold of it. For the services. */
#pragma once

#include "base/log.h"
#include "walk.h"

/* Answers as walk_request does; *domain becomes the reply's (must be {0}; the caller frees it). `method` is the name
 * that the log calls it by: "OnDefineDomain". */
int answer_domain(const struct walk *walk, enum walk_context context, const char *method, struct bytes domain,
                  struct bytes vmi, struct buffer *reply, struct error *err);

/* Logs each line by itself. */
void answer_log(enum log_level level, const struct buffer *lines);
