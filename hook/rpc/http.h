/* A small HTTP server for what Kubernetes and Prometheus ask: a few pages, by GET. The only file that includes
 * libmicrohttpd. */
#pragma once

#include <netinet/in.h>

#include "base/error.h"
#include "base/text.h"

struct http_page {
    const char *path; /* "/metrics" */
    const char *content_type;
    /* Appends the page to *body and returns the status, 200 or 503. Runs on the server's thread. */
    unsigned (*render)(void *context, struct buffer *body);
    void *context;
};

struct http_server;

/* Serves `pages` (which must outlive the server) at "HOST:PORT", an address or empty for every one: "127.0.0.1:9400",
 * ":9400", "[::1]:9400". Returns a server that http_server_stop gives back, or NULL with ERROR_INPUT. */
struct http_server *http_server_start(const char *address, const struct http_page *pages, size_t count,
                                      struct error *err);

void http_server_stop(struct http_server *server);

DEFINE_CLEANUP(struct http_server, http_server_stop)

/* The port of an address as http_server_start takes it, in the host's byte order; 0 where it is none. */
in_port_t http_address_port(const char *address);
