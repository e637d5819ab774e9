/* The header of a PE/COFF image, which is what an .efi file is. Pure.
 *
 * Format: Microsoft PE and COFF Specification, sections 2 to 3.4 (MS-DOS header, COFF header, optional header PE32 and
 * PE32+, data directories).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

enum pe_machine {
    PE_MACHINE_IA32 = 0x014c,
    PE_MACHINE_IA64 = 0x0200,
    PE_MACHINE_EBC = 0x0ebc,
    PE_MACHINE_X64 = 0x8664,
    PE_MACHINE_AARCH64 = 0xaa64,
};

enum pe_subsystem {
    PE_SUBSYSTEM_EFI_APPLICATION = 10,
    PE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER = 11,
    PE_SUBSYSTEM_EFI_RUNTIME_DRIVER = 12,
};

struct pe {
    uint16_t machine;      /* enum pe_machine, or another */
    uint16_t subsystem;    /* enum pe_subsystem, or another */
    bool is_64;            /* PE32+ */
    size_t signature;      /* offset of the attribute certificate table (Authenticode), 0 without one */
    size_t signature_size; /* of that table */
    size_t end;            /* behind the last section's raw data and the signature: the file's least size */
};

/* Reads the headers. Fails with ERROR_INPUT when it is no PE image or a header leads outside; the message has the
 * offset. That `end` lies inside `bytes` is not required: compare it. */
int pe_parse(struct bytes bytes, struct pe *pe, struct error *err);

/* "X64", "AARCH64", "EBC", "IA32", "IA64", or NULL. */
const char *pe_machine_name(uint16_t machine);
