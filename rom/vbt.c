#include "rom/vbt.h"

#include <string.h>

#include "rom/span.h"

enum {
    VBT_NAME_SIZE = 20, /* the signature, blanks behind it */
    VBT_VERSION = 0x14,
    VBT_HEADER_SIZE = 0x16,
    VBT_SIZE = 0x18,
    VBT_BDB = 0x1c,
    VBT_HEADER_LEAST = 0x30,
    BDB_VERSION = 0x10,
    BDB_SIZE = 0x14,
    BDB_HEADER_LEAST = 0x16,
    ALIGNMENT = 4,
};

static void copy_name(const uint8_t *name, char out[VBT_NAME_SIZE + 1]) {
    size_t size = 0;
    for (; size < VBT_NAME_SIZE && name[size] >= ' ' && name[size] <= '~'; size++)
        out[size] = (char)name[size];
    while (out[size - 1] == ' ') /* ends at "$VBT" */
        size--;
    out[size] = '\0';
}

/* The checks of Linux's intel_bios_is_valid_vbt, and those of the header size and the BDB's signature. */
static bool parse(struct bytes bytes, struct vbt *vbt) {
    size_t at = vbt->offset;
    if (!span_holds(bytes, at, VBT_HEADER_LEAST) || memcmp(bytes.data + at, "$VBT", 4) != 0)
        return false;
    vbt->size = span_u16(bytes, at + VBT_SIZE);
    if (!span_holds(bytes, at, vbt->size))
        return false;
    struct bytes table = {bytes.data + at, vbt->size};
    size_t bdb = span_u32(table, VBT_BDB);
    if (!span_holds(table, 0, VBT_HEADER_LEAST) || !span_holds(table, 0, span_u16(table, VBT_HEADER_SIZE)) ||
        !span_holds(table, bdb, BDB_HEADER_LEAST) || !span_holds(table, bdb, span_u16(table, bdb + BDB_SIZE)) ||
        memcmp(table.data + bdb, "BIOS_DATA_BLOCK", 15) != 0)
        return false;
    copy_name(table.data, vbt->name);
    vbt->version = span_u16(table, VBT_VERSION);
    vbt->bdb_version = span_u16(table, bdb + BDB_VERSION);
    for (size_t i = 0; i < table.size; i++)
        vbt->sum = (uint8_t)(vbt->sum + table.data[i]);
    return true;
}

bool vbt_find(struct bytes bytes, struct vbt *vbt) {
    for (size_t at = 0; span_holds(bytes, at, VBT_HEADER_LEAST); at += ALIGNMENT) {
        *vbt = (struct vbt){.offset = at};
        if (parse(bytes, vbt))
            return true;
    }
    *vbt = (struct vbt){0};
    return false;
}
