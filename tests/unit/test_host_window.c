/* host/window: how much address space BARs need, against sums done by hand. */
#include <inttypes.h>
#include <stdio.h>

#include "host/window.h"
#include "support.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

static void needed(void **state) {
    (void)state;
    static const struct {
        size_t count;            /* devices, all alike */
        uint64_t bars[PCI_BARS]; /* bytes; memory of 64 bits */
        uint64_t kib;
    } cases[] = {
        {0, {0}, 0},
        {1, {0}, 0},
        {8, {0}, 0},
        /* A device of 16 GiB and 32 MiB takes 32 GiB; with an eighth 36: 64 GiB. */
        {1, {16 * GIB, 32 * MIB}, 64 * GIB / 1024},
        {1, {16 * GIB}, 32 * GIB / 1024},
        {1, {256 * MIB, 32 * MIB}, 1 * GIB / 1024},
        /* An RTX 3090 with its small BAR: 512 MiB. */
        {1, {256 * MIB}, 512 * MIB / 1024},
        {2, {256 * MIB}, 1 * GIB / 1024},
        /* Eight H100: each 128 GiB, 32 MiB and 16 MiB takes 256 GiB. */
        {8, {128 * GIB, 32 * MIB, 16 * MIB}, 4 * TIB / 1024},
        {8, {128 * GIB}, 2 * TIB / 1024},
        {7, {128 * GIB}, 1 * TIB / 1024}, /* 896 and 112 are 1008 */
        {15, {64 * GIB}, 2 * TIB / 1024}, /* 960 and 120 are 1080 */
        /* Small ones: whole KiB, and a power of two. */
        {1, {1}, 1},
        {1, {1025}, 2},
        {1, {4096, 4096, 4096}, 16},
        /* Beyond what can be addressed it is cut, and nothing overflows. */
        {1, {UINT64_MAX}, WINDOW_MAX_KIB},
        {8, {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}, WINDOW_MAX_KIB},
        {256, {TIB * 4096}, WINDOW_MAX_KIB},
        {256, {1024 * TIB, 1024 * TIB, 1024 * TIB, 1024 * TIB, 1024 * TIB, 1024 * TIB}, WINDOW_MAX_KIB},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pci_bars bars[256] = {0};
        for (size_t j = 0; j < cases[i].count * PCI_BARS; j++)
            bars[j / PCI_BARS].list[j % PCI_BARS] = (struct pci_bar){
                .size = cases[i].bars[j % PCI_BARS], .is_memory = true, .is_64bit = true, .is_prefetchable = true};
        uint64_t found = window_needed(bars, cases[i].count);
        if (found != cases[i].kib)
            fail_msg("row %zu: %" PRIu64 " KiB", i, found);
    }
}

/* Only memory BARs of 64 bits stand in the window. */
static void others_do_not_count(void **state) {
    (void)state;
    struct pci_bars bars = {.list = {{.size = GIB, .is_memory = true},
                                     {.size = GIB, .is_64bit = true},
                                     {.size = GIB},
                                     {.size = GIB, .is_memory = true, .is_prefetchable = true}}};
    assert_int_equal(window_needed(&bars, 1), 0);
    bars.list[4] = (struct pci_bar){.size = 256 * MIB, .is_memory = true, .is_64bit = true};
    assert_int_equal(window_needed(&bars, 1), 512 * MIB / 1024);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(needed), cmocka_unit_test(others_do_not_count)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
