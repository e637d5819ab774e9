#include "rom/atom.h"

#include <string.h>

#include "rom/span.h"

enum {
    STRING_COUNT = 0x2f,
    MAGIC = 0x30,
    HEADER = 0x48,
    DATE = 0x50,
    DATE_SIZE = sizeof("MM/DD/YY,HH:MM") - 1,
    STRINGS = 0x6e,     /* u16: where the strings start, of which the first is the part number */
    PART_NUMBER = 0x80, /* where it stands when the count of strings is 0 */

    HEADER_SIGNATURE = 0x04,
    HEADER_SUBSYSTEM_VENDOR = 0x18,
    HEADER_SUBSYSTEM_DEVICE = 0x1a,
    HEADER_COMMANDS = 0x1e,
    HEADER_DATA = 0x20,
    HEADER_SIZE = 0x22,
};

static bool is_printable(uint8_t c) {
    return c >= ' ' && c <= '~';
}

/* Copies the text at offset, which ends before `most` bytes or with a NUL; "" if any of it is not printable. */
static void copy_text(struct bytes image, size_t offset, size_t most, char *out) {
    size_t size = 0;
    for (; size < most && span_u8(image, offset + size); size++) {
        if (!is_printable(image.data[offset + size])) {
            size = 0;
            break;
        }
        out[size] = (char)image.data[offset + size];
    }
    while (size > 0 && out[size - 1] == ' ')
        size--;
    out[size] = '\0';
}

/* As amdgpu's atom_get_vbios_pn finds it. */
static size_t part_number(struct bytes image) {
    return span_u8(image, STRING_COUNT) ? span_u16(image, STRINGS) : PART_NUMBER;
}

bool atom_parse(struct bytes image, struct atom *atom) {
    *atom = (struct atom){0};
    size_t header = span_u16(image, HEADER);
    if (span_u16(image, 0) != 0xaa55 || header == 0 || !span_holds(image, header, HEADER_SIZE))
        return false;
    const uint8_t *signature = image.data + header + HEADER_SIGNATURE;
    if (memcmp(signature, "ATOM", 4) != 0 && memcmp(signature, "MOTA", 4) != 0)
        return false;
    atom->header = header;
    atom->subsystem = (struct pci_id){span_u16(image, header + HEADER_SUBSYSTEM_VENDOR),
                                      span_u16(image, header + HEADER_SUBSYSTEM_DEVICE)};
    atom->command_table = span_u16(image, header + HEADER_COMMANDS);
    atom->data_table = span_u16(image, header + HEADER_DATA);
    atom->has_magic = memcmp(image.data + MAGIC, " 761295520", 10) == 0;
    copy_text(image, part_number(image), sizeof(atom->part_number) - 1, atom->part_number);
    copy_text(image, DATE, DATE_SIZE, atom->date);
    return true;
}
