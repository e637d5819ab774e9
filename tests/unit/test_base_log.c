/* base/log: one line per event, by one write, as KubeVirt's components write it. */
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "support.h"

/* Stands in for stderr: a socket that keeps each write apart. */
static struct { int saved, write_end, read_end; } capture;

static int capture_start(void **state) {
    (void)state;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    capture.read_end = ends[0];
    capture.write_end = ends[1];
    capture.saved = dup(STDERR_FILENO);
    return 0;
}

static int capture_stop(void **state) {
    (void)state;
    dup2(capture.saved, STDERR_FILENO);
    close(capture.saved);
    close(capture.write_end);
    close(capture.read_end);
    log_setup(LOG_JSON, LOG_INFO);
    return 0;
}

/* Only around the calls, so that a failing test can still be read. */
#define CAPTURED(calls)                                                                                                \
    do {                                                                                                               \
        dup2(capture.write_end, STDERR_FILENO);                                                                        \
        calls;                                                                                                         \
        dup2(capture.saved, STDERR_FILENO);                                                                            \
    } while (0)

/* The next write, as text; "" when there was none. */
static const char *next_write(void) {
    static char text[16384];
    ssize_t got = recv(capture.read_end, text, sizeof(text) - 1, MSG_DONTWAIT);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

static void json_lines(void **state) {
    (void)state;
    log_setup(LOG_JSON, LOG_DEBUG);
    int line = 0;
    CAPTURED(log_warning("%s: \"quoted\"\nsecond", "igpu"); line = __LINE__);
    const char *text = next_write();
    char expected[256];
    snprintf(expected, sizeof(expected),
             "{\"component\":\"kubevirt-gpu-hook\",\"level\":\"warning\",\"msg\":\"igpu: \\\"quoted\\\"\\nsecond\","
             "\"pos\":\"test_base_log.c:%d\",\"timestamp\":\"",
             line);
    assert_memory_equal(text, expected, strlen(expected));
    int year, month, day, hour, minute, second, micro, end = 0;
    sscanf(text + strlen(expected), "%4d-%2d-%2dT%2d:%2d:%2d.%6dZ\"}\n%n", &year, &month, &day, &hour, &minute, &second,
           &micro, &end);
    assert_int_equal(strlen(expected) + (size_t)end, strlen(text));
    assert_in_range(year, 2024, 2100);
    assert_string_equal(next_write(), "");
}

static void peers(void **state) {
    (void)state;
    log_setup(LOG_JSON, LOG_DEBUG);
    log_set_peer((struct log_peer){true, 4294967294U, 0});
    CAPTURED(log_info("of a call"));
    assert_non_null(strstr(next_write(), "\"msg\":\"of a call\",\"peer_pid\":0,\"peer_uid\":4294967294,\"pos\":"));
    log_set_peer((struct log_peer){0});
    CAPTURED(log_info("of none"));
    assert_non_null(strstr(next_write(), "\"msg\":\"of none\",\"pos\":"));
}

static void every_message_is_one_json_line(void **state) {
    (void)state;
    static char text[5000];
    static const struct {
        const char *message, *logged;
    } cases[] = {
        {"", ""},
        {"gr\xc3\xbcn", "gr\xc3\xbcn"},
        {"bad \xff byte", "bad ? byte"},
        {"tab\tnul-free\x01", "tab\tnul-free\x01"},
    };
    log_setup(LOG_JSON, LOG_INFO);
    for (size_t i = 0; i < COUNT(cases); i++) {
        CAPTURED(log_error("%s", cases[i].message));
        const char *line = next_write();
        struct error err = {0};
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
        CLEANUP(json_decref) json_t *object = json_parse(bytes_of(line), "line", JSON_FOR_US, &err);
        assert_no_error(&err);
        assert_string_equal(json_string_value(json_object_get(object, "msg")), cases[i].logged);
        assert_string_equal(json_string_value(json_object_get(object, "level")), "error");
    }
    /* Too long: cut between characters, and still JSON. */
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'x', shift);
        for (size_t at = shift; at + 4 < sizeof(text); at += 3)
            memcpy(text + at, "\xe2\x82\xac", 4);
        CAPTURED(log_error("%s", text));
        struct error err = {0};
        CLEANUP(json_decref) json_t *object = json_parse(bytes_of(next_write()), "line", JSON_FOR_US, &err);
        assert_no_error(&err);
        const char *message = json_string_value(json_object_get(object, "msg"));
        assert_string_equal(message + strlen(message) - 3, "...");
        assert_null(strchr(message, '?'));
    }
}

static void text_lines(void **state) {
    (void)state;
    log_setup(LOG_TEXT, LOG_DEBUG);
    CAPTURED({
        log_debug("d %d", 1);
        log_info("i");
        log_warning("w");
        log_error("e");
    });
    assert_string_equal(next_write(), "debug: d 1\n");
    assert_string_equal(next_write(), "info: i\n");
    assert_string_equal(next_write(), "warning: w\n");
    assert_string_equal(next_write(), "error: e\n");
    assert_string_equal(next_write(), "");
}

static void levels_filter(void **state) {
    (void)state;
    for (enum log_level least = LOG_DEBUG; least <= LOG_ERROR; least++) {
        log_setup(LOG_TEXT, least);
        for (enum log_level level = LOG_DEBUG; level <= LOG_ERROR; level++) {
            assert_int_equal(log_enabled(level), level >= least);
            CAPTURED(log_write(level, "f.c", 1, "x"));
            assert_int_equal(*next_write() != '\0', level >= least);
        }
    }
}

static void errno_survives(void **state) {
    (void)state;
    int saved = dup(STDERR_FILENO);
    log_setup(LOG_JSON, LOG_INFO);
    close(STDERR_FILENO);
    errno = EXDEV;
    log_error("nobody reads this");
    int after = errno;
    dup2(saved, STDERR_FILENO);
    close(saved);
    assert_int_equal(after, EXDEV);
}

static void *write_many(void *name) {
    for (int i = 0; i < 50; i++)
        log_info("%s %d", (const char *)name, i);
    return NULL;
}

/* A reader for the threads below, for the socket holds only so much. */
static void *count_lines(void *count) {
    char line[1024];
    ssize_t got;
    while ((got = recv(capture.read_end, line, sizeof(line) - 1, 0)) > 0) {
        line[got] = '\0';
        *(int *)count += line[0] == '{' && strchr(line, '\n') == line + got - 1;
    }
    return NULL;
}

static void threads_do_not_mix_lines(void **state) {
    (void)state;
    static char names[2][8] = {"first", "second"};
    pthread_t writers[2], reader;
    int count = 0;
    log_setup(LOG_JSON, LOG_INFO);
    pthread_create(&reader, NULL, count_lines, &count);
    CAPTURED({
        pthread_create(&writers[0], NULL, write_many, names[0]);
        pthread_create(&writers[1], NULL, write_many, names[1]);
        pthread_join(writers[0], NULL);
        pthread_join(writers[1], NULL);
    });
    shutdown(capture.write_end, SHUT_WR);
    pthread_join(reader, NULL);
    assert_int_equal(count, 100);
}

static void names(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int level; /* -1: no such level */
    } levels[] = {{"debug", LOG_DEBUG},  {"info", LOG_INFO},   {"warning", LOG_WARNING},
                  {"warn", LOG_WARNING}, {"error", LOG_ERROR}, {"", -1},
                  {"Debug", -1},         {"warnin", -1},       {"errors", -1}};
    for (size_t i = 0; i < COUNT(levels); i++) {
        enum log_level level = 42;
        assert_int_equal(log_level_parse(levels[i].name, &level), levels[i].level < 0 ? -1 : 0);
        assert_int_equal(level, levels[i].level < 0 ? 42 : levels[i].level);
    }
    enum log_format format = 42;
    assert_int_equal(log_format_parse("xml", &format), -1);
    assert_int_equal(format, 42);
    assert_int_equal(log_format_parse("json", &format), 0);
    assert_int_equal(format, LOG_JSON);
    assert_int_equal(log_format_parse("text", &format), 0);
    assert_int_equal(format, LOG_TEXT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_lines, capture_start, capture_stop),
        cmocka_unit_test_setup_teardown(peers, capture_start, capture_stop),
        cmocka_unit_test_setup_teardown(every_message_is_one_json_line, capture_start, capture_stop),
        cmocka_unit_test_setup_teardown(text_lines, capture_start, capture_stop),
        cmocka_unit_test_setup_teardown(levels_filter, capture_start, capture_stop),
        cmocka_unit_test(errno_survives),
        cmocka_unit_test_setup_teardown(threads_do_not_mix_lines, capture_start, capture_stop),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
