/* Option ROMs. Formats: rom/image.h. */
#include "rom/image.h"

#include <string.h>

#include "mutate.h"
#include "rom/span.h"

enum {
    UNIT = 512,
    HEADER_PCIR = 0x18,
    PCIR_IMAGE_LENGTH = 0x10,
    PCIR_INDICATOR = 0x15,
    PCIR_SIZE_3 = 0x1c,
    HEADER_SIZE = 0x1a,
    LAST = 0x80,
};

static struct bytes bytes_of_input(const struct input *input) {
    return (struct bytes){input->data, input->size};
}

static void put_u16(struct input *input, size_t at, size_t value) {
    if (span_holds(bytes_of_input(input), at, 2)) {
        input->data[at] = (uint8_t)value;
        input->data[at + 1] = (uint8_t)(value >> 8);
    }
}

/* Only the last image says that it is, and x86 images sum to 0 by their last byte. */
static void repair(struct input *input) {
    struct rom rom;
    struct bytes bytes = bytes_of_input(input);
    for (size_t at = 0; at < input->size && at / UNIT < ROM_IMAGES_MAX;) {
        struct error ignored = {0};
        rom_parse_at(bytes, at, &rom, &ignored);
        if (rom.count == 0)
            return;
        const struct rom_image *image = &rom.images[0];
        uint8_t *indicator = input->data + image->pcir + PCIR_INDICATOR;
        at += image->size;
        *indicator = (uint8_t)(at < input->size ? *indicator & ~LAST : *indicator | LAST);
        if (image->code_type == ROM_CODE_X86) {
            struct bytes summed = {bytes.data + image->offset, image->init_size};
            input->data[image->offset + image->init_size - 1] -= rom_sum(summed);
        }
    }
}

typedef bool change_fn(struct mutation *mutation, struct input *input, const struct rom *rom);

static const struct rom_image *any_image(struct mutation *mutation, const struct rom *rom) {
    return &rom->images[mutate_below(mutation, rom->count)];
}

static bool remove_image(struct mutation *mutation, struct input *input, const struct rom *rom) {
    const struct rom_image *image = any_image(mutation, rom);
    return rom->count > 1 && input_replace(input, image->offset, image->size, NULL, 0);
}

static bool copy_image(struct mutation *mutation, struct input *input, const struct rom *rom) {
    const struct rom_image *image = any_image(mutation, rom);
    return input_replace(input, any_image(mutation, rom)->offset, 0, input->data + image->offset, image->size);
}

static bool move_image(struct mutation *mutation, struct input *input, const struct rom *rom) {
    const struct rom_image *image = any_image(mutation, rom), *other = any_image(mutation, rom);
    if (image == other)
        return false;
    input_move(input, image->offset, image->size,
               other->offset < image->offset ? other->offset : other->offset + other->size);
    return true;
}

/* A unit more of zeros, or one less, which both sizes say, or only one of them. */
static bool resize_image(struct mutation *mutation, struct input *input, const struct rom *rom) {
    static const uint8_t zeros[UNIT];
    const struct rom_image *image = any_image(mutation, rom);
    size_t units = image->size / UNIT, end = image->offset + image->size;
    bool grows = units == 1 || mutate_below(mutation, 2);
    if (!(grows ? input_replace(input, end, 0, zeros, UNIT) : input_replace(input, end - UNIT, UNIT, NULL, 0)))
        return false;
    units = grows ? units + 1 : units - 1;
    uint32_t which = mutate_below(mutation, 3);
    if (which != 1)
        put_u16(input, image->pcir + PCIR_IMAGE_LENGTH, units);
    if (which != 2)
        input->data[image->offset + 2] = (uint8_t)units;
    return true;
}

/* A field of header or PCIR gets a value at a limit. */
static bool set_field(struct mutation *mutation, struct input *input, const struct rom *rom) {
    static const uint8_t of_header[] = {0x02, 0x03, 0x06, 0x08, 0x0a, 0x0c, 0x16, 0x18},
                         of_pcir[] = {0x04, 0x06, 0x08, 0x0a, 0x0c, 0x0d, 0x0e, 0x10, 0x12, 0x14, 0x16, 0x18, 0x1a};
    static const uint16_t values[] = {0,    1,      2,      3,      0x18,   0x1a,   0x1c,  0x40,
                                      0x80, 0x0ef1, 0x8664, 0x0300, 0x1002, 0x10de, 0xffff};
    const struct rom_image *image = any_image(mutation, rom);
    size_t at = mutate_below(mutation, 2) ? image->offset + of_header[mutate_below(mutation, sizeof(of_header))]
                                          : image->pcir + of_pcir[mutate_below(mutation, sizeof(of_pcir))];
    put_u16(input, at, values[mutate_below(mutation, sizeof(values) / sizeof(values[0]))]);
    return true;
}

/* PCIR elsewhere: in the header, in the image, behind it. */
static bool move_pcir(struct mutation *mutation, struct input *input, const struct rom *rom) {
    const struct rom_image *image = any_image(mutation, rom);
    uint8_t kept[PCIR_SIZE_3];
    size_t place = 2 * mutate_below(mutation, (image->size + UNIT) / 2), at = image->offset + place;
    if (!span_holds(bytes_of_input(input), image->pcir, sizeof(kept)) ||
        !span_holds(bytes_of_input(input), at, sizeof(kept)))
        return false;
    memcpy(kept, input->data + image->pcir, sizeof(kept));
    memcpy(input->data + at, kept, sizeof(kept));
    put_u16(input, image->offset + HEADER_PCIR, place);
    return true;
}

static bool change_image(struct mutation *mutation, struct input *input, const struct rom *rom) {
    const struct rom_image *image = any_image(mutation, rom);
    size_t at = mutate_below(mutation, 2) ? image->offset : image->pcir;
    /* What stands behind must not move. */
    uint8_t bytes[2 * HEADER_SIZE];
    size_t size = input->size - at < sizeof(bytes) ? input->size - at : sizeof(bytes);
    memcpy(bytes, input->data + at, size);
    size = mutation->bytes(bytes, size, size);
    memcpy(input->data + at, bytes, size);
    return true;
}

bool mutate_rom(struct mutation *mutation, struct input *input) {
    static change_fn *const changes[] = {remove_image, copy_image, move_image, resize_image,
                                         set_field,    set_field,  move_pcir,  change_image};
    struct rom rom;
    struct error ignored = {0};
    rom_parse(bytes_of_input(input), &rom, &ignored);
    if (rom.count == 0 || !changes[mutate_below(mutation, sizeof(changes) / sizeof(changes[0]))](mutation, input, &rom))
        return false;
    if (mutate_below(mutation, 8) > 0)
        repair(input);
    return true;
}
