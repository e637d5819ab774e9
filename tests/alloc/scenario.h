/* What the rooms do, told as scenarios: each is done once with memory, and then again and again without some of it. */
#pragma once

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

/* What came of a scenario: all that its caller would see. */
struct outcome {
    char *text;
    size_t size;
};

enum { OUTCOME_MAX = 1 << 20 };

/* Append to it; these allocate nothing. */
void outcome_bytes(struct outcome *outcome, struct bytes bytes);
void outcome_text(struct outcome *outcome, const char *text); /* NULL: "none" */
void outcome_number(struct outcome *outcome, uint64_t number);
static inline void outcome_buffer(struct outcome *outcome, const struct buffer *buffer) {
    outcome_bytes(outcome, buffer_bytes(buffer));
}

struct given {
    const char *path;          /* the scenario's `file`, as a path */
    struct bytes text, second; /* what is in the scenario's files, if they are such */
    const char *folder;        /* where it may write; empty at first, and emptied behind it */
};

struct scenario {
    const char *name;
    /* Does it. Returns 0, or -1 with err filled. Without memory: the same outcome, or -1 and ERROR_LIMIT. */
    int (*run)(const struct given *given, struct outcome *outcome, struct error *err);
    const char *file, *second; /* relative to tests/ */

    /* libarchive ends the process in some places where it gets no memory (archive_string.c): nothing that we call
     * without it. */
    bool library_exits;
    bool leaves_files; /* what it wrote before a failure stays, and its contract says so */
};

struct scenarios {
    const struct scenario *list;
    size_t count;
};

#define SCENARIOS(array) ((struct scenarios){(array), sizeof(array) / sizeof((array)[0])})

/* One table in each scenarios_*.c. */
struct scenarios scenarios_config(void), scenarios_domain(void), scenarios_rom(void), scenarios_bundle(void),
    scenarios_host(void), scenarios_import(void), scenarios_golden(void), scenarios_walk(void);

/* An allocation failed whose result is NULL: for what says so in no other way. Returns 0 or -1. */
static inline int needs_memory(const void *result, struct error *err) {
    return result ? 0 : error_no_memory(err);
}
