#include "rom_builders.h"

#include "rom/pe.h"

uint8_t *exact_copy(const void *data, size_t size) {
    uint8_t *copy = malloc(size);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

void put16(uint8_t *at, size_t value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

void put32(uint8_t *at, size_t value) {
    put16(at, value);
    put16(at + 2, value >> 16);
}

void damage_bytes(struct sequence *sequence, uint8_t *bytes, size_t size, uint32_t most) {
    for (uint32_t i = sequence_below(sequence, most + 1); i > 0; i--)
        bytes[sequence_below(sequence, (uint32_t)size)] = (uint8_t)sequence_next(sequence);
}

size_t pe_build(uint8_t out[PE_SIZE], uint16_t machine) {
    bool is_64 = machine != PE_MACHINE_IA32;
    size_t directories = is_64 ? 0x70 : 0x60, optional_size = directories + 16 * 8;
    uint8_t *section = out + PE_OPTIONAL + optional_size;
    memset(out, 0, PE_SIZE);
    memcpy(out, "MZ", 2);
    put32(out + 0x3c, PE_COFF);
    memcpy(out + PE_COFF, "PE\0\0", 4);
    put16(out + PE_COFF + 0x04, machine);
    put16(out + PE_COFF + 0x06, 1);
    put16(out + PE_COFF + 0x14, optional_size);
    put16(out + PE_OPTIONAL, is_64 ? 0x20b : 0x10b);
    put32(out + PE_OPTIONAL + 0x3c, PE_CODE);
    put16(out + PE_OPTIONAL + 0x44, PE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER);
    put32(out + PE_OPTIONAL + directories - 4, 16);
    memcpy(section, ".text", 5);
    put32(section + 0x10, PE_SIZE - PE_CODE);
    put32(section + 0x14, PE_CODE);
    memset(out + PE_CODE, 0xc3, PE_SIZE - PE_CODE);
    return PE_SIZE;
}

size_t efi_build(uint8_t *out, struct bytes driver, size_t units, uint16_t machine, uint16_t compression) {
    size_t size =
        image_build(out, &(struct image_spec){.code_type = 3, .id = {0x1002, 0x1681}, .units = units, .last = true});
    put16(out + 0x0a, machine);
    put16(out + 0x0c, compression);
    memset(out + IMAGE_DRIVER, 0, size - IMAGE_DRIVER);
    memcpy(out + IMAGE_DRIVER, driver.data, driver.size);
    return size;
}

size_t nvidia_build(uint8_t out[512], const char *header, const char *data, uint8_t code_type, bool last) {
    memset(out, 0, 512);
    memcpy(out, header, 2);
    put16(out + 0x18, NVIDIA_DATA);
    memcpy(out + NVIDIA_DATA, data, 4);
    put16(out + NVIDIA_DATA + 0x04, 0x10de);
    put16(out + NVIDIA_DATA + 0x06, 0x2200);
    put16(out + NVIDIA_DATA + 0x0a, 0x18);
    put16(out + NVIDIA_DATA + 0x10, 1);
    out[NVIDIA_DATA + 0x14] = code_type;
    out[NVIDIA_DATA + 0x15] = last ? 0x80 : 0;
    memcpy(out + NVIDIA_NPDE, "NPDE", 4);
    put16(out + NVIDIA_NPDE + 0x04, 0x100);
    put16(out + NVIDIA_NPDE + 0x06, 0x10);
    put16(out + NVIDIA_NPDE + 0x08, 1);
    out[NVIDIA_NPDE + 0x0a] = last ? 0x80 : 0;
    return 512;
}
