/* rpc/connections: who calls is known, the oldest that does nothing makes room, and nothing of them is left. The test
 * is the protocol: it closes what it was given. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "rpc/connections.h"
#include "support.h"

enum { FILES = 32, MAX = FILES / 8, TAKEN = 600 };

/* What the protocol was given. */
static struct {
    pthread_mutex_t lock;
    size_t count;
    int fd[TAKEN];
} taken = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct rpc_socket server;
static struct connections *connections;
static struct rlimit files;

static void take(void *context, int fd) {
    assert_ptr_equal(context, &server);
    pthread_mutex_lock(&taken.lock);
    taken.fd[taken.count++] = fd;
    pthread_mutex_unlock(&taken.lock);
}

static size_t taken_count(void) {
    pthread_mutex_lock(&taken.lock);
    const size_t count = taken.count;
    pthread_mutex_unlock(&taken.lock);
    return count;
}

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

/* The number of the nth (from 0) that was taken, once it is. */
static int wait_for(size_t n) {
    for (int i = 0; taken_count() <= n; i++) {
        assert_true(i < 10000);
        pause_ms(1);
    }
    return taken.fd[n];
}

static void limit_files(rlim_t most) {
    const struct rlimit limited = {most, files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limited), 0);
}

/* Room for MAX connections; the limit is looked at when they start. */
static int start(void **state) {
    struct error err = {0};
    if (folder_setup(state) < 0 || getrlimit(RLIMIT_NOFILE, &files) < 0)
        return -1;
    taken.count = 0;
    rpc_socket_open(&server, path_in(*state, "s"), &err);
    limit_files(FILES);
    connections = connections_new(&server, take, &server, &err);
    setrlimit(RLIMIT_NOFILE, &files);
    return connections && connections_start(connections, &err) == 0 ? 0 : -1;
}

static int stop(void **state) {
    connections_stop(connections);
    rpc_socket_close(&server);
    connections_free(connections);
    return folder_teardown(state);
}

static void dial_by(int client) {
    const struct timeval patience = {10, 0}; /* of assert_ended */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", server.path);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
}

static int dial(void) {
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    dial_by(client);
    return client;
}

/* What the protocol does when its peer has gone, or it is told so. */
static void let_go(int fd) {
    shutdown(fd, SHUT_RDWR);
    close(fd);
}

/* Waits until the client is hung up on. */
static void assert_ended(int client) {
    char byte;
    assert_int_equal(recv(client, &byte, 1, 0), 0);
}

static void assert_lives(int client) {
    char byte;
    assert_int_equal(recv(client, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

/* MAX clients, each with its connection. */
static void fill(int clients[MAX], int fds[MAX]) {
    for (size_t i = 0; i < MAX; i++) {
        clients[i] = dial();
        fds[i] = wait_for(i);
    }
}

/* The test ends, and with it all clients. */
static void hang_up(const int *clients, size_t count) {
    for (size_t i = 0; i < count; i++)
        close(clients[i]);
    for (size_t i = 0; i < taken.count; i++)
        let_go(taken.fd[i]);
}

static void peers(void **state) {
    (void)state;
    struct log_peer peer = {0};
    int client = dial(), fd = wait_for(0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    connections_begin_call(connections, fd, &peer);
    assert_true(peer.is_known);
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(peer.pid, getpid());
    connections_answer_call(connections, fd);
    connections_end_call(connections, fd);
    connections_begin_call(connections, -1, &peer); /* should gRPC once call its connections something else */
    connections_answer_call(connections, -1);
    connections_end_call(connections, -1);
    assert_false(peer.is_known);
    hang_up(&client, 1);
}

static void the_oldest_without_a_call_ends(void **state) {
    (void)state;
    struct log_peer peer;
    int clients[MAX + 1], fds[MAX];
    fill(clients, fds);
    connections_begin_call(connections, fds[0], &peer);
    clients[MAX] = dial();
    assert_ended(clients[1]);
    pause_ms(20);
    assert_int_equal(taken_count(), MAX); /* not before its descriptors are free */
    let_go(fds[1]);
    wait_for(MAX);
    assert_lives(clients[0]);
    assert_lives(clients[MAX]);
    taken.fd[1] = -1;
    hang_up(clients, MAX + 1);
}

/* The protocol does not close what it should, for whatever reason: others make room. */
static void one_that_stays(void **state) {
    (void)state;
    int clients[MAX + 1], fds[MAX];
    fill(clients, fds);
    clients[MAX] = dial();
    assert_ended(clients[0]);
    assert_ended(clients[1]);
    let_go(fds[1]);
    wait_for(MAX);
    taken.fd[1] = -1;
    hang_up(clients, MAX + 1);
}

/* A client that never reads its reply has a call for ever. */
static void an_answered_call_gives_way(void **state) {
    (void)state;
    struct log_peer peer;
    int clients[MAX + 1], fds[MAX];
    fill(clients, fds);
    for (size_t i = 0; i < MAX; i++)
        connections_begin_call(connections, fds[i], &peer);
    clients[MAX] = dial();
    pause_ms(20);
    assert_int_equal(taken_count(), MAX); /* all of them have work in hand, which ends by itself */
    for (size_t i = 0; i < MAX; i++)
        assert_lives(clients[i]);
    connections_answer_call(connections, fds[2]);
    pause_ms(20);
    assert_lives(clients[2]); /* it has a second */
    assert_ended(clients[2]);
    connections_end_call(connections, fds[2]);
    let_go(fds[2]);
    wait_for(MAX);
    taken.fd[2] = -1;
    hang_up(clients, MAX + 1);
}

/* Nor does it stay for calling again and again. */
static void answered_calls_without_end_give_way(void **state) {
    (void)state;
    struct log_peer peer;
    int clients[MAX + 1], fds[MAX];
    fill(clients, fds);
    for (size_t i = 0; i < MAX; i++)
        connections_begin_call(connections, fds[i], &peer);
    connections_answer_call(connections, fds[2]);
    clients[MAX] = dial();
    char byte;
    for (int i = 0; recv(clients[2], &byte, 1, MSG_DONTWAIT) != 0; i++) {
        assert_true(i < 100);
        connections_begin_call(connections, fds[2], &peer);
        connections_answer_call(connections, fds[2]);
        pause_ms(100);
    }
    let_go(fds[2]);
    wait_for(MAX);
    taken.fd[2] = -1;
    hang_up(clients, MAX + 1);
}

/* The number is another file by the time that its connection is to be ended. */
static void it_is_the_right_one_that_ends(void **state) {
    (void)state;
    int clients[MAX + 1], fds[MAX], others[2];
    fill(clients, fds);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, others), 0);
    assert_int_equal(dup2(others[0], fds[0]), fds[0]); /* closed without a word, and opened */
    clients[MAX] = dial();
    assert_ended(clients[0]);
    wait_for(MAX);
    assert_lives(others[1]);
    close(others[0]);
    close(others[1]);
    hang_up(clients, MAX + 1);
}

static void nothing_is_left(void **state) {
    (void)state;
    const size_t before = count_entries("/proc/self/fd");
    for (size_t i = 0; i < TAKEN / 2; i++) {
        int client = dial(), fd = wait_for(i);
        if (i % 2)
            close(client);
        let_go(fd);
        if (i % 2 == 0)
            close(client);
    }
    for (int i = 0; count_entries("/proc/self/fd") > before + 1; i++) { /* one is spare */
        assert_true(i < 10000);
        pause_ms(1);
    }
}

static void a_shortage_of_descriptors(void **state) {
    (void)state;
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    limit_files(3); /* fewer than are open */
    dial_by(client);
    pause_ms(300);
    assert_int_equal(taken_count(), 0);
    assert_lives(client);
    setrlimit(RLIMIT_NOFILE, &files);
    wait_for(0);
    hang_up(&client, 1);
}

/* The process may have fewer descriptors than connections: poll(2) takes no such list. */
static void a_stop_in_a_shortage(void **state) {
    (void)state;
    int clients[MAX], fds[MAX];
    fill(clients, fds);
    limit_files(MAX);
    let_go(clients[0]); /* it looks at its list again */
    pause_ms(20);
    alarm(20); /* the end of the test, should it not stop */
    connections_stop(connections);
    alarm(0);
    setrlimit(RLIMIT_NOFILE, &files);
    hang_up(&clients[1], MAX - 1);
}

static void after_the_stop(void **state) {
    (void)state;
    int first = dial();
    wait_for(0);
    connections_stop(connections);
    int second = dial();
    pause_ms(20);
    assert_int_equal(taken_count(), 1);
    rpc_socket_close(&server);
    assert_lives(first);
    char byte;
    assert_int_not_equal(recv(second, &byte, 1, 0), 1); /* nobody will ever answer, and it learns that */
    const int clients[] = {first, second};
    hang_up(clients, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(peers, start, stop),
        cmocka_unit_test_setup_teardown(the_oldest_without_a_call_ends, start, stop),
        cmocka_unit_test_setup_teardown(one_that_stays, start, stop),
        cmocka_unit_test_setup_teardown(an_answered_call_gives_way, start, stop),
        cmocka_unit_test_setup_teardown(answered_calls_without_end_give_way, start, stop),
        cmocka_unit_test_setup_teardown(it_is_the_right_one_that_ends, start, stop),
        cmocka_unit_test_setup_teardown(nothing_is_left, start, stop),
        cmocka_unit_test_setup_teardown(a_shortage_of_descriptors, start, stop),
        cmocka_unit_test_setup_teardown(a_stop_in_a_shortage, start, stop),
        cmocka_unit_test_setup_teardown(after_the_stop, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
