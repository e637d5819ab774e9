#include "rpc/answer.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void answer_log(enum log_level level, const struct buffer *lines) {
    const char *line = lines->data;
    while (line && *line) {
        size_t size = strcspn(line, "\n");
        log_write(level, __FILE_NAME__, __LINE__, "%.*s", (int)size, line);
        line += size + (line[size] == '\n');
    }
}

void answer_trim(size_t bytes) {
    enum { LARGE = 1 << 20 };
    if (bytes > LARGE)
        malloc_trim(0);
}

/* An answer, until the client has its reply. */
struct unfinished {
    struct walk_reply reply;
    size_t bytes; /* of the request */
};

static void finish(void *rest) {
    struct unfinished *left = rest;
    const size_t bytes = left->bytes;
    walk_reply_free(&left->reply);
    free(left);
    answer_trim(bytes);
}

int answer_domain(const struct walk *walk, enum walk_context context, const char *method, struct bytes vmi,
                  struct bytes *domain, struct rpc_reply *reply, struct error *err) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    struct unfinished *left = calloc(1, sizeof(*left));
    if (!left)
        return error_no_memory(err);
    left->bytes = domain->size + vmi.size;
    reply->finish = finish;
    reply->rest = left;
    struct walk_reply *made = &left->reply;
    int failed = walk_request(walk, context, *domain, vmi, made, err);
    answer_log(LOG_INFO, &made->notes);
    answer_log(LOG_WARNING, &made->warnings);
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (failed) {
        log_error("%s refused: %s: %s", method, error_grpc_name(err->code), err->message);
        return -1;
    }
    int64_t microseconds = (end.tv_sec - start.tv_sec) * INT64_C(1000000) + (end.tv_nsec - start.tv_nsec) / 1000;
    log_debug("%s answered %zu bytes with %zu in %" PRId64 " us", method, domain->size, made->domain.size,
              microseconds);
    *domain = buffer_bytes(&made->domain);
    return 0;
}
