#include "cmd/password.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"

struct buffer secret_buffer(size_t size) {
    char *data = malloc(size + 1);
    return (struct buffer){.data = data, .capacity = data ? size + 1 : 0};
}

void secret_free(struct buffer *buffer) {
    if (buffer->data)
        sodium_memzero(buffer->data, buffer->capacity);
    buffer_free(buffer);
}

/* The first line, which must be whole. */
static int cut_line(char password[PASSWORD_MAX], struct error *err) {
    size_t size = strcspn(password, "\r\n");
    if (size == PASSWORD_MAX - 1)
        return error_set(err, ERROR_INPUT, "the password has more than %d bytes", PASSWORD_MAX - 2);
    password[size] = '\0';
    return 0;
}

static volatile sig_atomic_t interrupted;

static void interrupt(int number) {
    interrupted = number;
}

/* A signal ends the read instead of the process, so that the terminal is put right first. */
static void catch_signals(struct sigaction before[3], bool on) {
    static const int numbers[3] = {SIGINT, SIGTERM, SIGTSTP};
    const struct sigaction ours = {.sa_handler = interrupt};
    for (size_t i = 0; i < 3; i++) {
        if (on)
            sigaction(numbers[i], &ours, &before[i]);
        else
            sigaction(numbers[i], &before[i], NULL);
    }
}

int password_ask(const char *prompt, char password[PASSWORD_MAX], struct error *err) {
    CLEANUP(close_fd) int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios before, silent;
    struct sigaction actions[3];
    if (fd < 0 || tcgetattr(fd, &before) < 0)
        return error_set(err, ERROR_INPUT, "there is no terminal to ask for the password: use --password-file");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    interrupted = 0;
    catch_signals(actions, true);
    dprintf(fd, "%s: ", prompt);
    tcsetattr(fd, TCSAFLUSH, &silent);
    ssize_t got = read(fd, password, PASSWORD_MAX - 1);
    tcsetattr(fd, TCSAFLUSH, &before);
    dprintf(fd, "\n");
    catch_signals(actions, false);
    if (interrupted || got <= 0)
        return error_set(err, ERROR_INPUT, "no password was given");
    password[got] = '\0';
    return cut_line(password, err);
}

int password_read(const char *path, char password[PASSWORD_MAX], struct error *err) {
    CLEANUP(secret_free) struct buffer text = secret_buffer(PASSWORD_MAX);
    if (file_read(path, PASSWORD_MAX - 1, &text, err) < 0)
        return -1;
    memcpy(password, text.data ? text.data : "", text.size);
    password[text.size] = '\0';
    return cut_line(password, err);
}
