#include "rom/vfct.h"

#include <string.h>

#include "rom/span.h"

enum {
    TABLE_LENGTH = 0x04,
    TABLE_IMAGES = 0x34, /* VBIOSImageOffset */
    TABLE_SIZE = 0x4c,

    ENTRY_BUS = 0x00,
    ENTRY_DEVICE = 0x04,
    ENTRY_FUNCTION = 0x08,
    ENTRY_VENDOR_ID = 0x0c,
    ENTRY_DEVICE_ID = 0x0e,
    ENTRY_SUBSYSTEM_VENDOR = 0x10,
    ENTRY_SUBSYSTEM_DEVICE = 0x12,
    ENTRY_REVISION = 0x14,
    ENTRY_IMAGE_LENGTH = 0x18,
    ENTRY_SIZE = 0x1c,
};

/* Cuts *table to the length that its header says. */
static int parse_header(struct bytes *table, struct vfct *vfct, struct error *err) {
    if (!span_holds(*table, 0, TABLE_SIZE))
        return error_set(err, ERROR_INPUT, "no VFCT at offset 0x0: it ends at 0x%zx, its header has 0x%x bytes",
                         table->size, TABLE_SIZE);
    if (memcmp(table->data, "VFCT", 4) != 0)
        return error_set(err, ERROR_INPUT, "no VFCT at offset 0x0: no such signature");
    size_t length = span_u32(*table, TABLE_LENGTH);
    if (length < TABLE_SIZE)
        return error_set(err, ERROR_INPUT, "VFCT at offset 0x0: a length of %zu bytes is less than its header's",
                         length);
    if (length > table->size)
        return error_set(err, ERROR_INPUT, "VFCT at offset 0x0: it says %zu bytes, the file has %zu: it is truncated",
                         length, table->size);
    table->size = length;
    for (size_t i = 0; i < length; i++)
        vfct->sum = (uint8_t)(vfct->sum + table->data[i]);
    return 0;
}

static int parse_entry(struct bytes table, size_t entry, struct vfct_image *image, struct error *err) {
    if (!span_holds(table, entry, ENTRY_SIZE))
        return error_set(err, ERROR_INPUT,
                         "VFCT entry at offset 0x%zx: its header leads outside the table of %zu bytes", entry,
                         table.size);
    *image = (struct vfct_image){
        .offset = entry + ENTRY_SIZE,
        .size = span_u32(table, entry + ENTRY_IMAGE_LENGTH),
        .bus = span_u32(table, entry + ENTRY_BUS),
        .device = span_u32(table, entry + ENTRY_DEVICE),
        .function = span_u32(table, entry + ENTRY_FUNCTION),
        .id = {span_u16(table, entry + ENTRY_VENDOR_ID), span_u16(table, entry + ENTRY_DEVICE_ID)},
        .subsystem = {span_u16(table, entry + ENTRY_SUBSYSTEM_VENDOR), span_u16(table, entry + ENTRY_SUBSYSTEM_DEVICE)},
        .revision = span_u32(table, entry + ENTRY_REVISION),
    };
    if (!span_holds(table, image->offset, image->size))
        return error_set(err, ERROR_INPUT, "VFCT entry at offset 0x%zx: its image says %zu bytes, the table has %zu",
                         entry, image->size, table.size - image->offset);
    return 0;
}

int vfct_parse(struct bytes table, struct vfct *vfct, struct error *err) {
    *vfct = (struct vfct){0};
    if (parse_header(&table, vfct, err) < 0)
        return -1;
    size_t at = span_u32(table, TABLE_IMAGES);
    if (at < TABLE_SIZE || at > table.size)
        return error_set(err, ERROR_INPUT, "VFCT: the image offset 0x%zx at offset 0x%x leads outside the entries", at,
                         TABLE_IMAGES);
    while (at < table.size) {
        struct vfct_image image;
        if (parse_entry(table, at, &image, err) < 0)
            return -1;
        at = image.offset + image.size;
        if (image.size == 0)
            continue;
        if (vfct->count == VFCT_IMAGES_MAX)
            return error_set(err, ERROR_INPUT, "VFCT entry at offset 0x%zx: it is one more than %d",
                             image.offset - ENTRY_SIZE, VFCT_IMAGES_MAX);
        vfct->images[vfct->count++] = image;
    }
    return 0;
}
