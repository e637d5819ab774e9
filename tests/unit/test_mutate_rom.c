/* tests/fuzz/mutate/rom: what is made of a ROM is one in most cases, whose x86 images sum to 0, and keeps within its
 * room. */
#include "mutate_support.h"
#include "rom/image.h"

static const struct pci_id gpu = {0x1002, 0x1681};

/* To its end, and with sums that are right. */
static bool is_rom(struct bytes bytes) {
    struct rom rom;
    if (rom_parse(bytes, &rom, NULL) < 0 || rom.end != bytes.size)
        return false;
    for (size_t i = 0; i < rom.count; i++)
        if (rom.images[i].code_type == ROM_CODE_X86 && rom.images[i].checksum != 0)
            return false;
    return true;
}

static void most_are_roms(void **state) {
    (void)state;
    uint8_t bytes[1024];
    rom_build_both(bytes, gpu);
    assert_in_range(count_whole(mutate_rom, (struct bytes){bytes, sizeof(bytes)}, 8192, is_rom), 600, 1000);
    assert_in_range(count_whole(mutate_rom, (struct bytes){bytes, sizeof(bytes)}, sizeof(bytes), is_rom), 450, 1000);
}

static void what_is_no_rom(void **state) {
    (void)state;
    uint8_t bytes[1024];
    rom_build_both(bytes, gpu);
    for (size_t size = 0; size < sizeof(bytes); size += 7)
        count_whole(mutate_rom, (struct bytes){bytes, size}, size + 1, is_rom);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(most_are_roms), cmocka_unit_test(what_is_no_rom)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
