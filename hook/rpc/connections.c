#include "rpc/connections.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

/* After how long to look whether the protocol has closed what is ending, or whether there is room again. */
#define LOOK_MS 2

/* How long to leave connections where they are, in the kernel's queue, when the system lacks something. */
#define SHORTAGE_MS 100

/* For how long to count on it that one that is ending makes room: the protocol may have much to tidy up. */
#define END_MS 50

/* How long a peer has to take its replies, should it be one of too many. */
#define READ_MS 1000

/* Of so many connections one is ended at a time where there are too many: not each new one waits for an end then. */
#define ENDED_OF 8

/* After so many to look at what else there is: who has hung up, and whether to stop. */
#define ACCEPTED_AT_A_TIME 64

struct connection {
    int fd;   /* the protocol's; maybe closed already, and even another file by now */
    int copy; /* the same socket by a number of ours: shut down by this one it is the right one */
    dev_t device;
    ino_t inode; /* of the socket: no other has it as long as we have our copy */
    struct log_peer peer;
    size_t calls, answered; /* answered: those of them whose reply is on its way */
    int64_t answered_ms;    /* since when there are any of these, on the monotonic clock */
    bool is_ending;         /* hung up, by the peer or by us; the protocol has still to close fd */
    int64_t ending_ms;      /* since when, on that clock */
};

struct connections {
    const struct rpc_socket *server;
    connection_taker *take;
    void *context;
    pthread_t thread;
    bool has_thread;
    int stop_fd; /* an eventfd: accept no more */
    int next;    /* has been accepted, and waits for its place; -1: none */
    int spare;   /* where its copy will be: so none is accepted and then hung up on for want of a number */
    size_t max;
    bool is_short, is_crowded; /* has been logged, and is not over */

    /* Guards the rest. But the number of calls all is changed by the accepting thread alone, which reads it unlocked.
     */
    pthread_mutex_t lock;
    size_t count;
    struct connection list[CONNECTIONS_MAX]; /* the oldest first */
};

/* --- which there are ------------------------------------------------------------------------------------------ */

static struct connection *find(struct connections *connections, int fd) {
    for (size_t i = 0; i < connections->count; i++)
        if (connections->list[i].fd == fd)
            return &connections->list[i];
    return NULL;
}

static void forget(struct connections *connections, struct connection *connection) {
    const struct connection *end = connections->list + connections->count;
    close(connection->copy);
    memmove(connection, connection + 1, (size_t)(end - connection - 1) * sizeof(*connection));
    connections->count--;
}

/* Its number may be any other file of the process by now, which is looked at and no more. Not by fstat, for which
 * ThreadSanitizer takes that for a mistake. */
static bool is_closed(const struct connection *connection) {
    struct stat status;
    return fstatat(connection->fd, "", &status, AT_EMPTY_PATH) < 0 || status.st_ino != connection->inode ||
           status.st_dev != connection->device;
}

static void forget_closed(struct connections *connections) {
    pthread_mutex_lock(&connections->lock);
    for (size_t i = connections->count; i-- > 0;)
        if (connections->list[i].is_ending && is_closed(&connections->list[i]))
            forget(connections, &connections->list[i]);
    pthread_mutex_unlock(&connections->lock);
}

/* Where the protocol has just closed that number, the one that had it is over. */
static void add(struct connections *connections, const struct connection *connection) {
    pthread_mutex_lock(&connections->lock);
    struct connection *closed = find(connections, connection->fd);
    if (closed)
        forget(connections, closed);
    connections->list[connections->count++] = *connection;
    pthread_mutex_unlock(&connections->lock);
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static bool is_idle(const struct connection *connection) {
    return connection->calls == 0;
}

static bool is_unread(const struct connection *connection) {
    return connection->calls == connection->answered && now_ms() - connection->answered_ms >= READ_MS;
}

static void set_ending(struct connection *connection) {
    connection->is_ending = true;
    connection->ending_ms = now_ms();
}

static bool is_about_to_go(const struct connection *connection) {
    return connection->is_ending && is_idle(connection) && now_ms() - connection->ending_ms < END_MS;
}

/* Ends up to `most` of those that `may` be; returns how many. */
static size_t end_oldest(struct connections *connections, bool (*may)(const struct connection *), size_t most) {
    size_t ended = 0;
    for (size_t i = 0; i < connections->count && ended < most; i++) {
        struct connection *connection = &connections->list[i];
        if (connection->is_ending || !may(connection))
            continue;
        shutdown(connection->copy, SHUT_RDWR);
        set_ending(connection);
        ended++;
    }
    return ended;
}

/* Ends some, unless others are about to be gone. Where all have calls to be worked on, none: those come to an end.
 * Returns for how many milliseconds to wait. */
static int make_room(struct connections *connections) {
    bool is_coming = false;
    pthread_mutex_lock(&connections->lock);
    for (size_t i = 0; i < connections->count; i++)
        is_coming = is_coming || is_about_to_go(&connections->list[i]);
    if (!is_coming && end_oldest(connections, is_idle, 1 + connections->max / ENDED_OF) == 0)
        end_oldest(connections, is_unread, 1);
    pthread_mutex_unlock(&connections->lock);
    if (!connections->is_crowded)
        log_warning("%s has %zu connections, the most that are served at a time: for each new one the oldest without "
                    "a call ends",
                    connections->server->path, connections->max);
    connections->is_crowded = true;
    return LOOK_MS;
}

/* --- the accepting thread ------------------------------------------------------------------------------------- */

static int fall_short(struct connections *connections, int number) {
    if (!connections->is_short)
        log_warning("cannot accept connections of %s for the moment: %s", connections->server->path, strerror(number));
    connections->is_short = true;
    return SHORTAGE_MS;
}

/* Who connected, and what the socket is. */
static void look_at(struct connection *connection) {
    struct stat status;
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (fstat(connection->fd, &status) == 0) {
        connection->device = status.st_dev;
        connection->inode = status.st_ino;
    }
    if (getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
        connection->peer = (struct log_peer){true, peer.uid, peer.pid};
}

static int make_spare(struct connections *connections) {
    if (connections->spare < 0)
        connections->spare = fcntl(connections->stop_fd, F_DUPFD_CLOEXEC, 0);
    return connections->spare < 0 ? fall_short(connections, errno) : 0;
}

/* Accepts the next one, if there is one. Returns for how many milliseconds not to try again. */
static int accept_next(struct connections *connections) {
    const int pause_ms = make_spare(connections);
    if (pause_ms)
        return pause_ms;
    connections->next = accept4(connections->server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connections->next < 0) /* in the first cases there is none any more */
        return errno == EAGAIN || errno == ECONNABORTED || errno == EINTR ? 0 : fall_short(connections, errno);
    return 0;
}

/* A peer that has left already reads no reply. In a flood most have: they cost next to nothing. */
static bool is_gone(int fd) {
    struct pollfd polled = {.fd = fd};
    return poll(&polled, 1, 0) > 0 && polled.revents & POLLHUP;
}

/* Returns for how many milliseconds not to try again, having done nothing; or 0. */
static int hand_over(struct connections *connections) {
    const int pause_ms = make_spare(connections);
    if (pause_ms)
        return pause_ms;
    struct connection connection = {.fd = connections->next};
    connection.copy = dup3(connection.fd, connections->spare, O_CLOEXEC);
    if (connection.copy < 0) { /* meanwhile the process may have only lower numbers */
        const int problem = errno;
        close(take_fd(&connections->spare));
        return fall_short(connections, problem);
    }
    connections->next = connections->spare = -1;
    look_at(&connection);
    connections->is_short = false;
    connections->is_crowded = connections->is_crowded && connections->count > connections->max / 2;
    add(connections, &connection);
    connections->take(connections->context, connection.fd);
    return 0;
}

/* Accepts those that wait, but not for ever. Returns for how many milliseconds to leave the others where they are. */
static int serve(struct connections *connections) {
    for (int i = 0; i < ACCEPTED_AT_A_TIME; i++) {
        int pause_ms = connections->next < 0 ? accept_next(connections) : 0;
        if (connections->next < 0)
            return pause_ms;
        if (is_gone(connections->next)) {
            close(take_fd(&connections->next));
            continue;
        }
        pause_ms = connections->count < connections->max ? hand_over(connections) : make_room(connections);
        if (pause_ms)
            return pause_ms;
    }
    return 0;
}

enum { STOP, SERVER, FIRST };

/* Fills in what to wait for; returns whether one is ending, which nothing but looking tells the end of. */
static bool watch(struct connections *connections, struct pollfd polled[FIRST + CONNECTIONS_MAX], bool is_paused) {
    bool has_ending = false;
    polled[STOP] = (struct pollfd){.fd = connections->stop_fd, .events = POLLIN};
    polled[SERVER] = (struct pollfd){.fd = is_paused ? -1 : connections->server->fd, .events = POLLIN};
    for (size_t i = 0; i < connections->count; i++) {
        const struct connection *connection = &connections->list[i];
        polled[FIRST + i] = (struct pollfd){.fd = connection->is_ending ? -1 : connection->copy}; /* for POLLHUP */
        has_ending = has_ending || connection->is_ending;
    }
    return has_ending;
}

/* poll(2) takes no more than the process may have descriptors, which may be fewer by now than there are connections.
 * Who hangs up is not seen then; that it is to stop must be. */
static int wait_for_any(struct pollfd *polled, size_t count, int timeout_ms) {
    const int found = poll(polled, count, timeout_ms);
    return found < 0 ? poll(polled, FIRST, SHORTAGE_MS) : found;
}

static void *accept_all(void *argument) {
    struct connections *connections = argument;
    struct pollfd polled[FIRST + CONNECTIONS_MAX];
    for (int pause_ms = 0;;) {
        const bool has_ending = watch(connections, polled, pause_ms > 0);
        if (wait_for_any(polled, FIRST + connections->count, pause_ms > 0 ? pause_ms : has_ending ? LOOK_MS : -1) < 0) {
            nanosleep(&(struct timespec){0, LOOK_MS * 1000000}, NULL); /* a signal, or no memory */
            continue;
        }
        if (polled[STOP].revents)
            return NULL;
        for (size_t i = 0; i < connections->count; i++)
            if (polled[FIRST + i].revents & POLLHUP)
                set_ending(&connections->list[i]);
        forget_closed(connections);
        pause_ms = polled[SERVER].revents || connections->next >= 0 ? serve(connections) : 0;
    }
}

/* --- from outside --------------------------------------------------------------------------------------------- */

/* The process may serve two sockets, and needs descriptors for its work, too. */
static size_t limit(void) {
    enum { OF_ONE = 2, SOCKETS = 2, SHARE = 2 };
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur / (OF_ONE * SOCKETS * SHARE) >= CONNECTIONS_MAX)
        return CONNECTIONS_MAX;
    const size_t most = (size_t)files.rlim_cur / (OF_ONE * SOCKETS * SHARE);
    return most > 0 ? most : 1;
}

struct connections *connections_new(const struct rpc_socket *server, connection_taker *take, void *context,
                                    struct error *err) {
    struct connections *connections = calloc(1, sizeof(*connections));
    if (!connections) {
        error_no_memory(err);
        return NULL;
    }
    connections->server = server;
    connections->take = take;
    connections->context = context;
    connections->max = limit();
    connections->next = connections->spare = -1;
    pthread_mutex_init(&connections->lock, NULL);
    connections->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (connections->stop_fd >= 0)
        return connections;
    error_set_errno(err, ERROR_INTERNAL, errno, "cannot watch for connections");
    connections_free(connections);
    return NULL;
}

int connections_start(struct connections *connections, struct error *err) {
    const int problem = pthread_create(&connections->thread, NULL, accept_all, connections);
    if (problem)
        return error_set_errno(err, ERROR_INTERNAL, problem,
                               "cannot start a thread: is there a limit on the pod's processes?");
    connections->has_thread = true;
    return 0;
}

void connections_stop(struct connections *connections) {
    if (!connections || !connections->has_thread)
        return;
    eventfd_write(connections->stop_fd, 1);
    pthread_join(connections->thread, NULL);
    connections->has_thread = false;
    if (connections->next >= 0)
        close(take_fd(&connections->next));
}

void connections_free(struct connections *connections) {
    if (!connections)
        return;
    while (connections->count > 0)
        forget(connections, &connections->list[connections->count - 1]);
    close_fd_at(&connections->spare);
    close_fd_at(&connections->stop_fd);
    pthread_mutex_destroy(&connections->lock);
    free(connections);
}

void connections_begin_call(struct connections *connections, int fd, struct log_peer *peer) {
    pthread_mutex_lock(&connections->lock);
    struct connection *connection = find(connections, fd);
    *peer = connection ? connection->peer : (struct log_peer){0};
    if (connection)
        connection->calls++;
    pthread_mutex_unlock(&connections->lock);
}

void connections_answer_call(struct connections *connections, int fd) {
    pthread_mutex_lock(&connections->lock);
    struct connection *connection = find(connections, fd);
    if (connection && connection->answered++ == 0)
        connection->answered_ms = now_ms();
    pthread_mutex_unlock(&connections->lock);
}

void connections_end_call(struct connections *connections, int fd) {
    pthread_mutex_lock(&connections->lock);
    struct connection *connection = find(connections, fd);
    if (connection) {
        connection->calls--;
        connection->answered--;
    }
    pthread_mutex_unlock(&connections->lock);
}
