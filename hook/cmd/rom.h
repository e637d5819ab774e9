/* What the `rom` commands share. */
#pragma once

#include <argp.h>

#include "base/output.h"
#include "base/text.h"
#include "rom/finding.h"
#include "rom/verdict.h"

/* The commands; each is a row of the table in cmd/rom.c. */
int cmd_rom_inspect(int argc, char **argv);
int cmd_rom_verify(int argc, char **argv);
int cmd_rom_trim(int argc, char **argv);
int cmd_rom_set_id(int argc, char **argv);
int cmd_rom_fix_checksum(int argc, char **argv);
int cmd_rom_split(int argc, char **argv);
int cmd_rom_join(int argc, char **argv);
int cmd_rom_build_efi(int argc, char **argv);
int cmd_rom_extract(int argc, char **argv);
int cmd_rom_diff(int argc, char **argv);

/* Reads a ROM file ("-" is standard input), at most ROM_FILE_MAX bytes: a dump of a whole flash chip can be larger than
 * a ROM. */
#define ROM_FILE_MAX (64u << 20)
int rom_read_file(const char *path, struct buffer *content, struct error *err);

/* --- arguments --- */

/* For a command of file names: collects up to `most` into `names`. */
struct file_names {
    const char **names;
    size_t count, least, most;
    const char *what; /* "IN OUT", for the message when there are too few or too many */
};
void file_names_add(struct file_names *names, char *name, const struct argp_state *state);
void file_names_check(const struct file_names *names, const struct argp_state *state);

/* --force; its argp's input is a struct output. */
extern const struct argp output_argp;

/* --output tree|json; input is an enum. */
enum report_format { REPORT_TREE, REPORT_JSON };
extern const struct argp report_argp;

/* --device, --class, --firmware, --arch, --sysfs; input is a struct purpose_options. */
struct purpose_options {
    const char *device, *sysfs;
    bool device_is_optional; /* set before parsing */
    bool has_class;
    uint32_t class_code;
    enum firmware firmware;
    enum guest_machine guest;
};
extern const struct argp purpose_argp;

/* What the options say the ROM is for. A host address is looked up in sysfs: the ID, and the class where no option
 * gives it. Fails with ERROR_INPUT. */
int purpose_resolve(const struct purpose_options *options, struct rom_purpose *purpose, struct error *err);

/* Refuses, as wrong usage, what is neither an ID nor a host address; returns the argument. */
const char *device_check(const char *argument, const struct argp_state *state);

/* What --device names: an ID (V:D), or a host address, which is looked up. *identity has only the ID if `known` is
 * false.
 */
int device_resolve(const char *device, const char *sysfs, struct pci_identity *identity, bool *known,
                   struct error *err);

/* A class of four or six hexadecimal digits, as of PCIR. Returns 0 or -1. */
int class_parse(const char *text, uint32_t *class_code);

/* --- results --- */

/* Writes `content`, which was made of the files `inputs`, says so (on standard error when the content goes to standard
 * output), and what is still wrong with it. Returns 0 or -1. */
int rom_write_result(const struct output *output, const char *const *inputs, size_t count, struct bytes content,
                     struct error *err);

/* Prints "error: FILE: message" and returns EXIT_BAD; "error: message" if `file` is NULL. */
int rom_report_error(const char *file, const struct error *err);
