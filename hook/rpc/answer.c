#include "rpc/answer.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"

void answer_log(enum log_level level, const struct buffer *lines) {
    const char *line = lines->data;
    while (line && *line) {
        size_t size = strcspn(line, "\n");
        log_write(level, __FILE_NAME__, __LINE__, "%.*s", (int)size, line);
        line += size + (line[size] == '\n');
    }
}

int answer_domain(const struct walk *walk, enum walk_context context, const char *method, struct bytes domain,
                  struct bytes vmi, struct buffer *reply, struct error *err) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    CLEANUP(walk_reply_free) struct walk_reply answer = {0};
    int failed = walk_request(walk, context, domain, vmi, &answer, err);
    answer_log(LOG_INFO, &answer.notes);
    answer_log(LOG_WARNING, &answer.warnings);
    clock_gettime(CLOCK_MONOTONIC, &end);
    memory_trim(domain.size + vmi.size);
    if (failed) {
        log_error("%s refused: %s: %s", method, error_grpc_name(err->code), err->message);
        return -1;
    }
    int64_t microseconds = (end.tv_sec - start.tv_sec) * INT64_C(1000000) + (end.tv_nsec - start.tv_nsec) / 1000;
    log_debug("%s answered %zu bytes with %zu in %" PRId64 " us", method, domain.size, answer.domain.size,
              microseconds);
    *reply = answer.domain;
    answer.domain = (struct buffer){0};
    return 0;
}
