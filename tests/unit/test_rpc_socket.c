/* rpc/socket: a socket that its group may use, that takes nobody's place, and that takes only itself away. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "rpc/socket.h"
#include "support.h"

static struct stat status_of(const char *path) {
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status;
}

/* Returns 0, or errno. */
static int try_to_connect(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    CLEANUP(close_fd) int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(client, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
}

static void open_at(struct rpc_socket *server, const char *path) {
    struct error err = {0};
    rpc_socket_open(server, path, &err);
    assert_no_error(&err);
}

static void mode(void **state) {
    static const mode_t masks[] = {0, 022, 077, 0177, 0777};
    const char *path = path_in(*state, "mode.sock");
    for (size_t i = 0; i < COUNT(masks); i++) {
        struct rpc_socket server;
        const mode_t before = umask(masks[i]);
        open_at(&server, path);
        assert_int_equal(umask(before), masks[i]); /* it is the whole process' */
        assert_int_equal(status_of(path).st_mode, S_IFSOCK | RPC_SOCKET_MODE);
        assert_int_equal(try_to_connect(path), 0);
        rpc_socket_close(&server);
    }
}

/* In a folder as Kubernetes makes them of a pod with an fsGroup: the group is in, others are not. */
static void group(void **state) {
    struct rpc_socket server;
    const char *path = path_in(*state, "group.sock");
    const gid_t gid = geteuid() == 0 ? 107 : getegid();
    assert_int_equal(chown(*state, (uid_t)-1, gid), 0);
    assert_int_equal(chmod(*state, 02777), 0);
    open_at(&server, path);
    assert_int_equal(status_of(path).st_gid, gid);
    be_nobody(true); /* who keeps our group */
    const int problem = try_to_connect(path);
    be_nobody(false);
    assert_int_equal(problem, gid == getegid() ? 0 : EACCES);
    assert_int_equal(chown(path, (uid_t)-1, getegid()), 0);
    be_nobody(true);
    const int none = try_to_connect(path);
    be_nobody(false);
    assert_int_equal(none, 0);
    rpc_socket_close(&server);
}

static void what_is_there(void **state) {
    struct rpc_socket server, second;
    struct error err = {0};
    const char *path = path_in(*state, "there.sock");
    open_at(&server, path);
    assert_int_equal(rpc_socket_open(&second, path, &err), -1);
    assert_error(&err, ERROR_INPUT, "another hook serves ");
    assert_int_equal(try_to_connect(path), 0);
    /* As after a crash: the file is there, and nobody listens. */
    close(take_fd(&server.fd));
    open_at(&second, path);
    assert_int_equal(try_to_connect(path), 0);
    rpc_socket_close(&second);
    assert_int_equal(count_entries(*state), 0);

    put_text(*state, "there.sock", "precious");
    assert_int_equal(rpc_socket_open(&server, path, &err), -1);
    assert_error(&err, ERROR_INPUT, "is no socket: remove it");
    rpc_socket_close(&server);
    assert_int_equal(count_entries(*state), 1);
}

static void paths(void **state) {
    struct rpc_socket server;
    struct error err = {0};
    char path[RPC_SOCKET_PATH_MAX + 2];
    memset(path, 'x', sizeof(path));
    path[RPC_SOCKET_PATH_MAX + 1] = '\0';
    memcpy(path, *state, strlen(*state));
    path[strlen(*state)] = '/';
    assert_int_equal(rpc_socket_open(&server, path, &err), -1);
    assert_error(&err, ERROR_INPUT, "is longer than 107 characters");
    path[RPC_SOCKET_PATH_MAX] = '\0';
    open_at(&server, path);
    assert_int_equal(try_to_connect(path), 0);
    rpc_socket_close(&server);
    assert_int_equal(rpc_socket_open(&server, path_in(*state, "no/folder.sock"), &err), -1);
    assert_error(&err, ERROR_INPUT, "No such file or directory");
    assert_int_equal(count_entries(*state), 0);
}

/* Another hook may have been started there in the meantime. */
static void what_is_not_ours_stays(void **state) {
    struct rpc_socket server, successor;
    const char *path = path_in(*state, "ours.sock");
    open_at(&server, path);
    assert_int_equal(unlink(path), 0);
    open_at(&successor, path);
    rpc_socket_close(&server);
    assert_int_equal(try_to_connect(path), 0);
    rpc_socket_close(&successor);
    assert_int_equal(count_entries(*state), 0);
    rpc_socket_close(&successor);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(mode, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(group, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(what_is_there, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(paths, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(what_is_not_ours_stays, folder_setup, folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
