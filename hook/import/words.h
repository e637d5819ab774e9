/* How configurations spell lists: "key=value,key=value", and command lines. Both are cut in place. Pure. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Takes the next "key=value" off *rest, which is NULL once nothing is left. Returns its key, or NULL at the end; *value
 * is NULL where there is no "=". Empty ones are skipped. */
char *next_property(char **rest, char **value);

/* The same of QEMU's arguments, in which ",," is a comma that parts nothing. */
char *next_argument_property(char **rest, char **value);

/* Proxmox' and QEMU's yes and no: 1 0, on off, yes no, true false. A `text` of NULL is yes, as in a flag that stands
 * alone. Returns 0, or -1 leaving *flag alone. */
int parse_flag(const char *text, bool *flag);

/* Takes the next word off a command line, as a POSIX shell would that expands nothing: blanks part words, a backslash
 * and both kinds of quotes keep them together. Returns the word, NULL at the end; or NULL with err filled (ERROR_INPUT)
 * where a quote is never closed. err must be clear. */
char *next_word(char **rest, struct error *err);

/* May a device of a VirtualMachine be called that? (RFC 1123 label) */
bool is_label(const char *text);
