/* host/resource: the windows of a function's BARs, from the file as the kernel writes it. */
#include <inttypes.h>
#include <stdio.h>

#include "host/resource.h"
#include "support.h"

#define NONE "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
/* A GeForce RTX 3090 with a resized BAR: 16 MiB, 32 GiB prefetchable, 32 MiB, and 128 bytes of I/O ports. */
#define BAR0 "0x00000000a2000000 0x00000000a2ffffff 0x0000000000040200\n"
#define BAR1 "0x0000006000000000 0x00000067ffffffff 0x000000000014220c\n"
#define BAR3 "0x0000006800000000 0x0000006801ffffff 0x000000000014220c\n"
#define BAR5 "0x0000000000003000 0x000000000000307f 0x0000000000040101\n"
#define ROM  "0x00000000a3000000 0x00000000a307ffff 0x0000000000046200\n"

static const struct pci_bars nothing;

static void assert_bar(const struct pci_bar *bar, const struct pci_bar *want, size_t number) {
    if (bar->start != want->start || bar->size != want->size || bar->is_memory != want->is_memory ||
        bar->is_64bit != want->is_64bit || bar->is_prefetchable != want->is_prefetchable ||
        bar->is_shadow != want->is_shadow || bar->is_unset != want->is_unset)
        fail_msg("BAR %zu: %" PRIx64 "+%" PRIx64, number, bar->start, bar->size);
}

static void gpu(void **state) {
    (void)state;
    static const struct pci_bar expected[PCI_BARS] = {
        {0xa2000000, 16 << 20, true, false, false, false, false},
        {0x6000000000, UINT64_C(32) << 30, true, true, true, false, false},
        {0},
        {0x6800000000, 32 << 20, true, true, true, false, false},
        {0},
        {0x3000, 128, false, false, false, false, false},
    };
    static const struct pci_bar rom = {0xa3000000, 512 << 10, true, false, true, false, false};
    struct pci_bars bars;
    memset(&bars, 0xff, sizeof(bars));
    /* What follows (a bridge's windows) is nobody's. */
    assert_int_equal(pci_resource_parse(bytes_of(BAR0 BAR1 NONE BAR3 NONE BAR5 ROM "garbage\n"), &bars), 0);
    for (size_t i = 0; i < PCI_BARS; i++)
        assert_bar(&bars.list[i], &expected[i], i);
    assert_bar(&bars.rom, &rom, PCI_BARS);
}

/* A file that ends before the ROM, or has none in a readable form there, still tells of the BARs. */
static void no_rom(void **state) {
    (void)state;
    static const char *const tails[] = {
        "",
        NONE,
        "garbage\n",
        "0x00000000a3000000 0x00000000a307ffff 0x0000000000046200",   /* no line's end */
        "0x00000000a3000000 0x00000000a2ffffff 0x0000000000046200\n", /* ends before it starts */
        "0x0000000000000000 0xffffffffffffffff 0x0000000000046200\n", /* size 2^64 */
        "0x00000000a3000000 0x00000000a307ffff\n" ROM,
        NONE ROM,
    };
    for (size_t i = 0; i < COUNT(tails); i++) {
        struct pci_bars bars;
        CLEANUP(buffer_free) struct buffer text = {0};
        memset(&bars, 0xff, sizeof(bars));
        buffer_printf(&text, BAR0 BAR1 NONE BAR3 NONE BAR5 "%s", tails[i]);
        assert_int_equal(pci_resource_parse(buffer_bytes(&text), &bars), 0);
        assert_true(bars.list[1].size == UINT64_C(32) << 30);
        assert_int_equal(bars.list[5].size, 128);
        assert_bar(&bars.rom, &nothing.rom, PCI_BARS);
    }
}

/* The kernel found no room: it writes the size, from 0 on. */
static void no_place(void **state) {
    (void)state;
    static const struct pci_bar large = {0, UINT64_C(32) << 30, true, true, true, false, true};
    static const struct pci_bar rom = {0, 128 << 10, true, false, true, false, true};
    struct pci_bars bars;
    assert_int_equal(pci_resource_parse(
                         bytes_of(BAR0 "0x0000000000000000 0x00000007ffffffff 0x000000002014220c\n" NONE NONE NONE NONE
                                       "0x0000000000000000 0x000000000001ffff 0x0000000020046200\n"),
                         &bars),
                     0);
    assert_false(bars.list[0].is_unset);
    assert_bar(&bars.list[1], &large, 1);
    assert_bar(&bars.rom, &rom, PCI_BARS);
}

/* Of the boot display the kernel names the firmware's copy. */
static void shadow(void **state) {
    (void)state;
    static const struct pci_bar rom = {0xc0000, 128 << 10, true, false, false, true, false};
    struct pci_bars bars;
    assert_int_equal(pci_resource_parse(bytes_of(BAR0 BAR1 NONE BAR3 NONE BAR5
                                                 "0x00000000000c0000 0x00000000000dffff 0x0000000000000212\n"),
                                        &bars),
                     0);
    assert_bar(&bars.rom, &rom, PCI_BARS);
}

static void no_windows(void **state) {
    (void)state;
    struct pci_bars bars;
    memset(&bars, 0xff, sizeof(bars));
    assert_int_equal(pci_resource_parse(bytes_of(NONE NONE NONE NONE NONE NONE), &bars), 0);
    assert_memory_equal(&bars, &nothing, sizeof(bars));
}

static void sizes(void **state) {
    (void)state;
    static const struct {
        const char *line;
        uint64_t start, size;
        bool is_64bit;
    } cases[] = {
        {"0x0000000000000000 0x0000000000000000 0x0000000000040200\n", 0, 1, false},
        {"0x0000000000000000 0x00000000000000ff 0x0000000000040200\n", 0, 256, false},
        {"0xfffffffffffff000 0xffffffffffffffff 0x0000000000140204\n", 0xfffffffffffff000, 4096, true},
        {"0x0000000000000001 0xffffffffffffffff 0x0000000000140204\n", 1, UINT64_MAX, true},
        {"0x0000000000000000 0xfffffffffffffffe 0x0000000000140204\n", 0, UINT64_MAX, true},
        {"0xABCDEF00 0xabcdefFF 0x200\n", 0xabcdef00, 256, false},
        /* Without flags there is no window, whatever the numbers are. */
        {"0x0000000000000000 0xffffffffffffffff 0x0000000000000000\n", 0, 0, false},
        {"0x0000000000001000 0x0000000000001fff 0x0000000000000000\n", 0, 0, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pci_bars bars;
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_printf(&text, NONE NONE NONE NONE NONE "%s", cases[i].line);
        if (pci_resource_parse(buffer_bytes(&text), &bars) != 0)
            fail_msg("refused: %s", cases[i].line);
        assert_true(bars.list[5].start == cases[i].start && bars.list[5].size == cases[i].size);
        assert_int_equal(bars.list[5].is_64bit, cases[i].is_64bit);
    }
}

static void damaged(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "\n",
        "garbage",
        BAR0 BAR1 NONE BAR3 NONE,                                                            /* short */
        BAR0 BAR1 NONE BAR3 NONE "0x0000000000003000 0x000000000000307f 0x0000000000040101", /* no line's end */
        NONE NONE NONE NONE NONE "\n",
        NONE NONE NONE NONE NONE "0x0000000000003000 0x000000000000307f\n",
        NONE NONE NONE NONE NONE "0x0000000000003000 0x000000000000307f 0x0000000000040101 0x1\n",
        NONE NONE NONE NONE NONE "0x0000000000003000 0x000000000000307f 0x0000000000040101 \n",
        NONE NONE NONE NONE NONE "0000000000003000 000000000000307f 0000000000040101\n",
        NONE NONE NONE NONE NONE
        "0x0000000000003000 0x0000000000002fff 0x0000000000040101\n", /* ends before it starts */
        NONE NONE NONE NONE NONE "0x0000000000000000 0xffffffffffffffff 0x0000000000040200\n",  /* size 2^64 */
        NONE NONE NONE NONE NONE "0x00000000000003000 0x000000000000307f 0x0000000000040101\n", /* 17 digits */
        NONE NONE NONE NONE NONE "0xzz 0x00 0x00\n",
        NONE NONE NONE NONE NONE "0x0 0x0 0x\n",
        NONE NONE NONE NONE NONE "0x 0x0 0x0\n",
        NONE NONE NONE NONE NONE "0x0 0x0 0X0\n",
        NONE NONE NONE NONE NONE "0x0\t0x0\t0x0\n",
        "\xff\xfe\n\n\n\n\n\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct pci_bars bars;
        memset(&bars, 0xff, sizeof(bars));
        if (pci_resource_parse(bytes_of(texts[i]), &bars) != -1)
            fail_msg("accepted: %s", texts[i]);
        assert_memory_equal(&bars, &nothing, sizeof(bars));
    }
    struct pci_bars bars;
    assert_int_equal(pci_resource_parse((struct bytes){0}, &bars), -1);
}

/* Every beginning of a good file but the whole is refused, and none is read beyond its end. */
static void truncated(void **state) {
    (void)state;
    static const char whole[] = BAR0 BAR1 NONE BAR3 NONE BAR5;
    for (size_t size = 0; size < sizeof(whole); size++) {
        CLEANUP(free) uint8_t *copy = malloc(size + !size);
        struct pci_bars bars;
        assert_non_null(copy);
        memcpy(copy, whole, size);
        assert_int_equal(pci_resource_parse((struct bytes){copy, size}, &bars), size == sizeof(whole) - 1 ? 0 : -1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gpu),        cmocka_unit_test(no_rom), cmocka_unit_test(no_place), cmocka_unit_test(shadow),
        cmocka_unit_test(no_windows), cmocka_unit_test(sizes),  cmocka_unit_test(damaged),  cmocka_unit_test(truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
