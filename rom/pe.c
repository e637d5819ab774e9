#include "rom/pe.h"

#include <string.h>

#include "rom/span.h"

enum {
    DOS_HEADER_SIZE = 0x40,
    DOS_PE_OFFSET = 0x3c, /* e_lfanew */

    COFF_MACHINE = 0x04, /* from "PE\0\0" */
    COFF_SECTIONS = 0x06,
    COFF_OPTIONAL_SIZE = 0x14,
    COFF_SIZE = 0x18, /* with "PE\0\0" */

    OPTIONAL_MAGIC = 0x00,
    OPTIONAL_HEADERS_SIZE = 0x3c,
    OPTIONAL_SUBSYSTEM = 0x44, /* in PE32 and PE32+ alike */
    MAGIC_PE32 = 0x10b,
    MAGIC_PE32_PLUS = 0x20b,
    DIRECTORIES_PE32 = 0x60, /* the count stands in the u32 before them */
    DIRECTORIES_PE32_PLUS = 0x70,
    DIRECTORY_SIZE = 8,
    DIRECTORY_CERTIFICATES = 4, /* the only one with a file offset instead of an RVA */

    SECTION_SIZE = 0x28,
    SECTION_RAW_SIZE = 0x10,
    SECTION_RAW_OFFSET = 0x14,
};

static void extend(struct pe *pe, size_t offset, size_t size) {
    size_t end = size > SIZE_MAX - offset ? SIZE_MAX : offset + size;
    if (end > pe->end)
        pe->end = end;
}

static void parse_signature(struct bytes bytes, size_t optional, size_t optional_size, struct pe *pe) {
    size_t directories = pe->is_64 ? DIRECTORIES_PE32_PLUS : DIRECTORIES_PE32;
    size_t entry = directories + DIRECTORY_CERTIFICATES * DIRECTORY_SIZE;
    if (entry + DIRECTORY_SIZE > optional_size || span_u32(bytes, optional + directories - 4) <= DIRECTORY_CERTIFICATES)
        return;
    size_t offset = span_u32(bytes, optional + entry), size = span_u32(bytes, optional + entry + 4);
    if (offset == 0 || size == 0)
        return;
    pe->signature = offset;
    pe->signature_size = size;
    extend(pe, offset, size);
}

static int parse_optional(struct bytes bytes, size_t optional, size_t size, struct pe *pe, struct error *err) {
    if (!span_holds(bytes, optional, size))
        return error_set(err, ERROR_INPUT, "PE image: its optional header of %zu bytes at offset 0x%zx leads outside",
                         size, optional);
    uint16_t magic = span_u16(bytes, optional + OPTIONAL_MAGIC);
    if (size < 2 || (magic != MAGIC_PE32 && magic != MAGIC_PE32_PLUS))
        return error_set(err, ERROR_INPUT, "PE image: no optional header of PE32 or PE32+ at offset 0x%zx", optional);
    pe->is_64 = magic == MAGIC_PE32_PLUS;
    if (size < (pe->is_64 ? DIRECTORIES_PE32_PLUS : DIRECTORIES_PE32))
        return error_set(err, ERROR_INPUT, "PE image: the optional header at offset 0x%zx has only %zu bytes", optional,
                         size);
    pe->subsystem = span_u16(bytes, optional + OPTIONAL_SUBSYSTEM);
    extend(pe, 0, span_u32(bytes, optional + OPTIONAL_HEADERS_SIZE));
    parse_signature(bytes, optional, size, pe);
    return 0;
}

static int parse_sections(struct bytes bytes, size_t table, size_t count, struct pe *pe, struct error *err) {
    if (!span_holds(bytes, table, count * SECTION_SIZE))
        return error_set(err, ERROR_INPUT, "PE image: its table of %zu sections at offset 0x%zx leads outside", count,
                         table);
    extend(pe, table, count * SECTION_SIZE);
    for (size_t i = 0, at = table; i < count; i++, at += SECTION_SIZE) {
        size_t size = span_u32(bytes, at + SECTION_RAW_SIZE);
        if (size > 0) /* a section of zeros only has no bytes, and any offset */
            extend(pe, span_u32(bytes, at + SECTION_RAW_OFFSET), size);
    }
    return 0;
}

int pe_parse(struct bytes bytes, struct pe *pe, struct error *err) {
    *pe = (struct pe){0};
    if (!span_holds(bytes, 0, DOS_HEADER_SIZE) || memcmp(bytes.data, "MZ", 2) != 0)
        return error_set(err, ERROR_INPUT, "no PE image: no MS-DOS header at offset 0x0");
    size_t coff = span_u32(bytes, DOS_PE_OFFSET);
    if (!span_holds(bytes, coff, COFF_SIZE))
        return error_set(err, ERROR_INPUT, "PE image: its header at offset 0x%zx leads outside", coff);
    if (memcmp(bytes.data + coff, "PE\0\0", 4) != 0)
        return error_set(err, ERROR_INPUT, "no PE image: no \"PE\" at offset 0x%zx", coff);
    pe->machine = span_u16(bytes, coff + COFF_MACHINE);
    size_t optional_size = span_u16(bytes, coff + COFF_OPTIONAL_SIZE);
    if (parse_optional(bytes, coff + COFF_SIZE, optional_size, pe, err) < 0)
        return -1;
    return parse_sections(bytes, coff + COFF_SIZE + optional_size, span_u16(bytes, coff + COFF_SECTIONS), pe, err);
}

const char *pe_machine_name(uint16_t machine) {
    switch (machine) {
    case PE_MACHINE_IA32:
        return "IA32";
    case PE_MACHINE_IA64:
        return "IA64";
    case PE_MACHINE_EBC:
        return "EBC";
    case PE_MACHINE_X64:
        return "X64";
    case PE_MACHINE_AARCH64:
        return "AARCH64";
    default:
        return NULL;
    }
}
