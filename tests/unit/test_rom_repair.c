/* rom/repair: trim, set-id and fix-checksum change what they say and nothing else. */
#include "rom/repair.h"

#include "support.h"

static const struct pci_id gpu = {0x1002, 0x1681}, other = {0x10de, 0x2204}, third = {0x1af4, 0x1050};

static struct bytes ours(const uint8_t *data, size_t size) {
    return (struct bytes){data, size};
}

/* Fails unless only these offsets differ. */
static void expect_changes(const uint8_t *before, const struct buffer *after, size_t size, const size_t *offsets,
                           size_t count) {
    assert_int_equal(after->size, size);
    for (size_t at = 0; at < size; at++) {
        bool allowed = false;
        for (size_t i = 0; i < count; i++)
            allowed |= offsets[i] == at;
        if (!allowed && before[at] != (uint8_t)after->data[at])
            fail_msg("byte 0x%zx changed", at);
    }
}

static void only_the_id_and_the_balance_change(void **state) {
    (void)state;
    uint8_t bytes[1024];
    struct error err = {0};
    struct rom rom;
    CLEANUP(buffer_free) struct buffer out = {0};
    rom_build_both(bytes, gpu);
    assert_int_equal(rom_set_id(ours(bytes, sizeof(bytes)), other, &out, &err), 0);
    assert_no_error(&err);
    static const size_t offsets[] = {0x06, 0x20, 0x21, 0x22, 0x23, 0x220, 0x221, 0x222, 0x223};
    expect_changes(bytes, &out, sizeof(bytes), offsets, COUNT(offsets));
    assert_int_equal(rom_parse(buffer_bytes(&out), &rom, &err), 0);
    for (size_t i = 0; i < 2; i++)
        assert_true(pci_id_equal(rom.images[i].id, other));
    assert_int_equal(rom.images[0].checksum, 0);
}

static void there_and_back_again(void **state) {
    (void)state;
    uint8_t bytes[1024];
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer there = {0};
    CLEANUP(buffer_free) struct buffer back = {0};
    rom_build_both(bytes, gpu);
    assert_int_equal(rom_set_id(ours(bytes, sizeof(bytes)), third, &there, &err), 0);
    assert_int_equal(rom_set_id(buffer_bytes(&there), gpu, &back, &err), 0);
    assert_int_equal(back.size, sizeof(bytes));
    assert_memory_equal(back.data, bytes, sizeof(bytes));
}

/* Where each vendor keeps the byte. */
static void balance_bytes(void **state) {
    (void)state;
    static const struct {
        const char *what;
        struct pci_id id;
        uint8_t jump;
        bool padding, atom;
        size_t expected; /* 0: none */
    } cases[] = {
        {"a return", {0x1af4, 0x1050}, 0xcb, false, false, 0x06},
        {"a near jump", {0x1af4, 0x1050}, 0xe9, false, false, 0x06},
        {"a short jump", {0x1af4, 0x1050}, 0xeb, false, false, 0},
        {"padding", {0x1af4, 0x1050}, 0xeb, true, false, 0x1ff},
        {"NVIDIA", {0x10de, 0x2204}, 0xeb, false, false, 0x1ff},
        {"ATOMBIOS", {0x1002, 0x1681}, 0xe9, true, true, 0x21},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[512];
        struct rom rom;
        struct error err = {0};
        size_t offset = 0;
        rom_build_x86(bytes, cases[i].id);
        bytes[3] = cases[i].jump;
        if (cases[i].padding)
            memset(bytes + 0x1f0, 0xff, 15);
        if (cases[i].atom) {
            memcpy(bytes + 0x160, bytes + IMAGE_PCIR, 0x18);
            bytes[0x18] = 0x60;
            bytes[0x19] = 0x01;
            bytes[0x48] = 0x80;
            bytes[0x49] = 0;
            memcpy(bytes + 0x84, "ATOM", 4);
        }
        bytes[0x100]++; /* and the sum is wrong */
        assert_int_equal(rom_parse(ours(bytes, sizeof(bytes)), &rom, &err), 0);
        int result = rom_balance_byte(ours(bytes, sizeof(bytes)), &rom.images[0], &offset, &err);
        if (result != (cases[i].expected ? 0 : -1) || offset != cases[i].expected)
            fail_msg("%s: %d, 0x%zx", cases[i].what, result, offset);
        CLEANUP(buffer_free) struct buffer out = {0};
        struct rom_balance balances[ROM_IMAGES_MAX];
        size_t count;
        error_clear(&err);
        if (!cases[i].expected) {
            assert_int_equal(rom_fix_checksum(ours(bytes, sizeof(bytes)), &out, balances, &count, &err), -1);
            assert_error(&err, ERROR_REFUSED, "its code starts with eb");
            continue;
        }
        assert_int_equal(rom_fix_checksum(ours(bytes, sizeof(bytes)), &out, balances, &count, &err), 0);
        assert_int_equal(count, 1);
        assert_int_equal(balances[0].offset, cases[i].expected);
        assert_int_equal(balances[0].before, bytes[cases[i].expected]);
        expect_changes(bytes, &out, sizeof(bytes), &cases[i].expected, 1);
        assert_int_equal(rom_sum(buffer_bytes(&out)), 0);
    }
}

/* Neither its header (offset 6 is inside its signature) nor its driver. */
static void efi_images_are_never_balanced(void **state) {
    (void)state;
    uint8_t bytes[512];
    struct error err = {0};
    struct rom_balance balances[ROM_IMAGES_MAX];
    size_t count;
    CLEANUP(buffer_free) struct buffer out = {0};
    rom_build_efi(bytes, gpu);
    assert_int_not_equal(rom_sum(ours(bytes, sizeof(bytes))), 0);
    assert_int_equal(rom_fix_checksum(ours(bytes, sizeof(bytes)), &out, balances, &count, &err), 0);
    assert_int_equal(count, 0);
    assert_memory_equal(out.data, bytes, sizeof(bytes));
}

static void damage_is_not_hidden(void **state) {
    (void)state;
    uint8_t bytes[1024];
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    rom_build_both(bytes, gpu);
    bytes[0x100]++;
    assert_int_equal(rom_set_id(ours(bytes, sizeof(bytes)), other, &out, &err), -1);
    assert_error(&err, ERROR_REFUSED, "x86 image at offset 0x0: its 512 bytes sum to 0x01 instead of 0");
}

/* An x86 image whose size byte says more than PCIR sums over the next image: neither can be edited alone. */
static void images_that_share_bytes(void **state) {
    (void)state;
    uint8_t bytes[1024];
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    rom_build_both(bytes, gpu);
    bytes[2] = 2;
    image_fix_checksum(bytes, 1024);
    assert_int_equal(rom_sum(ours(bytes, sizeof(bytes))), 0);
    assert_int_equal(rom_set_id(ours(bytes, sizeof(bytes)), other, &out, &err), -1);
    assert_error(&err, ERROR_REFUSED, "shares bytes with another image");
}

static void trimmed(void **state) {
    (void)state;
    static uint8_t bytes[0x41000];
    static const struct {
        const char *front;
        size_t front_size, start, tail;
    } cases[] = {
        {"", 0, 0, 0}, {"", 0, 0, 700}, {"NVGI", 4, 0x600, 100}, {"\xaa\x55", 2, 0x40000, 0x200}, {"junk", 4, 0x200, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t chain[1024];
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer out = {0};
        memset(bytes, 0xff, sizeof(bytes));
        memcpy(bytes, cases[i].front, cases[i].front_size);
        rom_build_both(chain, gpu);
        memcpy(bytes + cases[i].start, chain, sizeof(chain));
        assert_int_equal(rom_trim(ours(bytes, cases[i].start + sizeof(chain) + cases[i].tail), &out, &err), 0);
        assert_no_error(&err);
        assert_int_equal(out.size, sizeof(chain));
        assert_memory_equal(out.data, chain, sizeof(chain));
    }
}

/* What an x86 image sums over belongs to it, even where PCIR says less. */
static void trimming_keeps_what_is_summed(void **state) {
    (void)state;
    uint8_t bytes[2048] = {0};
    struct error err = {0};
    struct rom rom;
    CLEANUP(buffer_free) struct buffer out = {0};
    rom_build_x86(bytes, gpu);
    bytes[2] = 2;
    image_fix_checksum(bytes, 1024);
    assert_int_equal(rom_trim(ours(bytes, sizeof(bytes)), &out, &err), 0);
    assert_int_equal(out.size, 1024);
    assert_int_equal(rom_parse(buffer_bytes(&out), &rom, &err), 0);
    assert_int_equal(rom.images[0].checksum, 0);
}

/* The image with its PCIR structure at `pcir`, which may be outside it, or in its header. */
static void move_pcir(uint8_t *bytes, size_t pcir) {
    uint8_t kept[0x18];
    memcpy(kept, bytes + IMAGE_PCIR, sizeof(kept));
    memset(bytes + IMAGE_PCIR, 0, sizeof(kept));
    memcpy(bytes + pcir, kept, sizeof(kept));
    bytes[0x18] = (uint8_t)pcir;
    bytes[0x19] = (uint8_t)(pcir >> 8);
    image_fix_checksum(bytes, 512);
}

/* Firmware finds a PCIR structure wherever its pointer leads: what is cut out behind it is no ROM without it. */
static void trimming_leaves_no_pcir_behind(void **state) {
    (void)state;
    uint8_t bytes[1024] = {0};
    struct error err = {0};
    struct rom rom;
    CLEANUP(buffer_free) struct buffer out = {0};
    rom_build_x86(bytes, gpu);
    move_pcir(bytes, 0x200);
    assert_int_equal(rom_parse(ours(bytes, sizeof(bytes)), &rom, &err), 0);
    assert_int_equal(rom_trim(ours(bytes, sizeof(bytes)), &out, &err), -1);
    assert_error(&err, ERROR_REFUSED, "image at offset 0x0 cannot be edited: ");
}

/* The ID lies where the header says where PCIR is. */
static void an_id_in_the_header(void **state) {
    (void)state;
    uint8_t bytes[512];
    struct error err = {0};
    struct rom rom;
    CLEANUP(buffer_free) struct buffer out = {0};
    rom_build_x86(bytes, (struct pci_id){0x14, 0});
    move_pcir(bytes, 0x14);
    assert_int_equal(rom_parse(ours(bytes, sizeof(bytes)), &rom, &err), 0);
    assert_int_equal(rom.images[0].checksum, 0);
    assert_int_equal(rom_set_id(ours(bytes, sizeof(bytes)), other, &out, &err), -1);
    assert_error(&err, ERROR_REFUSED, "image at offset 0x0 cannot be edited: ");
}

static void truncations(void **state) {
    (void)state;
    uint8_t bytes[1024];
    rom_build_both(bytes, gpu);
    for (size_t size = 0; size < sizeof(bytes); size++) {
        CLEANUP(free) uint8_t *exact = malloc(size + 1);
        struct rom_balance balances[ROM_IMAGES_MAX];
        size_t count;
        memcpy(exact, bytes, size);
        for (int edit = 0; edit < 3; edit++) {
            CLEANUP(buffer_free) struct buffer out = {0};
            struct error err = {0};
            int result = edit == 0   ? rom_trim(ours(exact, size), &out, &err)
                         : edit == 1 ? rom_set_id(ours(exact, size), other, &out, &err)
                                     : rom_fix_checksum(ours(exact, size), &out, balances, &count, &err);
            assert_int_equal(result, -1);
            assert_error(&err, ERROR_INPUT, "offset 0x");
        }
    }
}

/* Whatever the input, an edit that succeeds gives a ROM whose x86 images sum to 0. */
static void random_damage(void **state) {
    (void)state;
    struct sequence sequence = {2026};
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[1024];
        rom_build_both(bytes, gpu);
        for (uint32_t i = 1 + sequence_below(&sequence, 3); i > 0; i--)
            bytes[sequence_below(&sequence, 0x60) + 512 * sequence_below(&sequence, 2)] =
                (uint8_t)sequence_next(&sequence);
        for (int edit = 0; edit < 2; edit++) {
            CLEANUP(buffer_free) struct buffer out = {0};
            struct rom_balance balances[ROM_IMAGES_MAX];
            struct error err = {0};
            struct rom rom;
            size_t count;
            int result = edit ? rom_set_id(ours(bytes, sizeof(bytes)), other, &out, &err)
                              : rom_fix_checksum(ours(bytes, sizeof(bytes)), &out, balances, &count, &err);
            if (result < 0)
                continue;
            assert_int_equal(rom_parse(buffer_bytes(&out), &rom, &err), 0);
            for (size_t i = 0; i < rom.count; i++)
                assert_int_equal(rom.images[i].code_type == ROM_CODE_X86 ? rom.images[i].checksum : 0, 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_id_and_the_balance_change),
        cmocka_unit_test(there_and_back_again),
        cmocka_unit_test(balance_bytes),
        cmocka_unit_test(efi_images_are_never_balanced),
        cmocka_unit_test(damage_is_not_hidden),
        cmocka_unit_test(images_that_share_bytes),
        cmocka_unit_test(trimmed),
        cmocka_unit_test(trimming_keeps_what_is_summed),
        cmocka_unit_test(trimming_leaves_no_pcir_behind),
        cmocka_unit_test(an_id_in_the_header),
        cmocka_unit_test(truncations),
        cmocka_unit_test(random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
