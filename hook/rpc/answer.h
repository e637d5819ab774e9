/* A request that brings a domain, through the walk, with what the log must hold of it. For the services. */
#pragma once

#include "base/log.h"
#include "rpc/server.h"
#include "walk.h"

/* Answers as walk_request does; *domain becomes the reply's, which reply->finish frees. `method` is the name that the
 * log calls it by: "OnDefineDomain". */
int answer_domain(const struct walk *walk, enum walk_context context, const char *method, struct bytes vmi,
                  struct bytes *domain, struct rpc_reply *reply, struct error *err);

/* After so many bytes of messages: large ones leave much free memory behind, which is given back, for the pod's limit
 * may be 64 MB. */
void answer_trim(size_t bytes);

/* Logs each line by itself. */
void answer_log(enum log_level level, const struct buffer *lines);
