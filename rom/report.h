/* A ROM file explained: as a tree for people, as JSON for scripts. Pure. */
#pragma once

#include <jansson.h>

#include "rom/layout.h"
#include "rom/verdict.h"

/* `name` is the file's, for the reader. Everything that rom_layout, rom_details and rom_examine find is in both. */

/* Appends the tree to *out; a failed append shows in out->failed, as does want of memory for what is to be told. */
void rom_report_tree(const char *name, struct bytes bytes, const struct rom_layout *layout,
                     const struct findings *findings, struct buffer *out);

/* Returns a new reference, or NULL (memory). Sizes and offsets are numbers, IDs and codes hexadecimal texts as lspci
 * writes them. */
json_t *rom_report_json(const char *name, struct bytes bytes, const struct rom_layout *layout,
                        const struct findings *findings);

/* The same for a verdict on the file. */
void rom_verdict_tree(const char *name, const struct rom_purpose *purpose, const struct rom_verdict *verdict,
                      struct buffer *out);
json_t *rom_verdict_json(const char *name, const struct rom_purpose *purpose, const struct rom_verdict *verdict);
