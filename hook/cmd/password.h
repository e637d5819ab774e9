/* Passwords and other secrets: asked for at the terminal or read from a file, and wiped. */
#pragma once

#include "base/error.h"
#include "base/text.h"

enum { PASSWORD_MAX = 1024 };

/* One line from the terminal, not echoed, into `password`, which the caller wipes in any case. A signal meanwhile ends
 * the question, not the process, so that the terminal is as it was. Returns 0 or -1. */
int password_ask(const char *prompt, char password[PASSWORD_MAX], struct error *err);

/* The first line of a file; the same otherwise. */
int password_read(const char *path, char password[PASSWORD_MAX], struct error *err);

/* A buffer with room for a secret of `size` bytes: one that grows leaves copies behind. */
struct buffer secret_buffer(size_t size);

/* buffer_free, and the secret wiped. */
void secret_free(struct buffer *buffer);

static inline void secret_free_at(struct buffer *buffer) {
    secret_free(buffer);
}
