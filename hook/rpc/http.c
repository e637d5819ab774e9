#include "rpc/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Those who ask are few; who does not go away is sent away, and nobody takes the room of all others. */
enum { CONNECTIONS_MAX = 64, CONNECTIONS_PER_ADDRESS_MAX = 8, TIMEOUT_SECONDS = 10 };

struct http_server {
    struct MHD_Daemon *daemon;
    const struct http_page *pages;
    size_t count;
};

/* --- addresses ----------------------------------------------------------------------------------------------- */

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool parse_port(const char *text, in_port_t *port) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits])
        return false;
    unsigned long number = strtoul(text, NULL, 10);
    *port = htons((uint16_t)number);
    return number > 0 && number <= UINT16_MAX;
}

/* Without a host every address of IPv6 and, by the same socket, of IPv4. */
static bool parse_address(const char *text, union any_address *address) {
    char host[INET6_ADDRSTRLEN + 2];
    const char *colon = strrchr(text, ':');
    in_port_t port;
    *address = (union any_address){0};
    if (!colon || (size_t)(colon - text) >= sizeof(host) || !parse_port(colon + 1, &port))
        return false;
    snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
    size_t size = strlen(host);
    if (size > 2 && host[0] == '[' && host[size - 1] == ']') {
        host[size - 1] = '\0';
        address->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
        return inet_pton(AF_INET6, host + 1, &address->v6.sin6_addr) == 1;
    }
    if (size == 0) {
        address->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = in6addr_any};
        return true;
    }
    address->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1;
}

/* A kernel may have been built or started without IPv6; then every address is every one of IPv4. */
static void avoid_missing_ipv6(union any_address *address) {
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        close(fd);
    else if (errno == EAFNOSUPPORT)
        address->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = address->v6.sin6_port};
}

in_port_t http_address_port(const char *address) {
    union any_address parsed;
    if (!parse_address(address, &parsed))
        return 0;
    return ntohs(parsed.any.sa_family == AF_INET6 ? parsed.v6.sin6_port : parsed.v4.sin_port);
}

/* --- requests ------------------------------------------------------------------------------------------------ */

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *type,
                             const struct buffer *body) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->size, body->data ? body->data : (void *)"", MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **state) {
    static const char plain[] = "text/plain; charset=utf-8";
    const struct http_server *server = context;
    CLEANUP(buffer_free) struct buffer body = {0};
    (void)version, (void)upload;
    if (!*state) { /* the headers alone have come: the reply is due with the next call */
        *state = (void *)server;
        return MHD_YES;
    }
    if (*upload_size) { /* a body says nothing to us, and until all of it has come no reply may be given */
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        buffer_append_text(&body, "GET and HEAD only\n");
        return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, plain, &body);
    }
    for (size_t i = 0; i < server->count; i++) {
        const struct http_page *page = &server->pages[i];
        if (strcmp(url, page->path) != 0)
            continue;
        unsigned status = page->render(page->context, &body);
        return body.failed ? MHD_NO : reply(connection, status, page->content_type, &body);
    }
    for (size_t i = 0; i < server->count; i++)
        buffer_printf(&body, "%s\n", server->pages[i].path);
    return reply(connection, MHD_HTTP_NOT_FOUND, plain, &body);
}

struct http_server *http_server_start(const char *address, const struct http_page *pages, size_t count,
                                      struct error *err) {
    union any_address parsed;
    if (!parse_address(address, &parsed)) {
        error_set(err, ERROR_INPUT, "%s is no HOST:PORT", address);
        return NULL;
    }
    struct http_server *server = calloc(1, sizeof(*server));
    if (!server) {
        error_no_memory(err);
        return NULL;
    }
    server->pages = pages;
    server->count = count;
    if (*address == ':')
        avoid_missing_ipv6(&parsed);
    unsigned flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD;
    if (parsed.any.sa_family == AF_INET6)
        flags |= *address == ':' ? MHD_USE_DUAL_STACK : MHD_USE_IPv6;
    errno = 0;
    server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, server, MHD_OPTION_SOCK_ADDR, &parsed.any,
                                      MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                                      MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_PER_ADDRESS_MAX,
                                      MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_SECONDS, MHD_OPTION_END);
    if (server->daemon)
        return server;
    error_set_errno(err, ERROR_INPUT, errno, "cannot listen on %s", address);
    free(server);
    return NULL;
}

void http_server_stop(struct http_server *server) {
    if (!server)
        return;
    MHD_stop_daemon(server->daemon);
    free(server);
}
