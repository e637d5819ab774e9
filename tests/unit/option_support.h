/* What every table of options must do with texts. */
#pragma once

#include "config/option_table.h"

/* A table and the size of its struct, of at most OPTION_STRUCT_MAX bytes. Its options are read at a place called
 * `place`.
 */
#define OPTION_STRUCT_MAX 4096
struct option_subject {
    const struct option_table *table;
    size_t size;
    struct json_place place;
};

/* Reads the text, which must be JSON, into the struct. Returns what options_parse does. */
int option_parse(const struct option_subject *subject, const char *text, void *options, struct error *err);

/* How the options are written; the caller frees it. */
char *option_text(const struct option_subject *subject, const void *options);

/* Fails the test unless each text is taken, written as the one beside it (NULL: as it is), and read again as the same.
 * Every option of the table must be in one of them. */
void check_options_taken(const struct option_subject *subject, const char *const (*texts)[2], size_t count);

/* Fails the test unless each text is refused with an error that has the part beside it. */
void check_options_refused(const struct option_subject *subject, const char *const (*texts)[2], size_t count);
