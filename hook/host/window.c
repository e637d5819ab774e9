#include "host/window.h"

enum { BYTES_PER_KIB = 1024 };

/* In KiB, 0 for what is no 64-bit BAR; cut to WINDOW_MAX_KIB. */
static uint64_t size_of(const struct pci_bar *bar) {
    if (!bar->is_memory || !bar->is_64bit)
        return 0;
    uint64_t kib = bar->size / BYTES_PER_KIB + (bar->size % BYTES_PER_KIB != 0);
    return kib > WINDOW_MAX_KIB ? WINDOW_MAX_KIB : kib;
}

/* The stretch that one device takes, in KiB. */
static uint64_t stretch(const struct pci_bars *bars) {
    uint64_t sum = 0, largest = 0;
    for (size_t i = 0; i < PCI_BARS; i++) {
        uint64_t kib = size_of(&bars->list[i]);
        sum += kib;
        largest = kib > largest ? kib : largest;
    }
    if (largest == 0)
        return 0;
    sum = (sum + largest - 1) / largest * largest;
    return sum > WINDOW_MAX_KIB ? WINDOW_MAX_KIB : sum;
}

uint64_t window_sum(const struct pci_bars *bars, size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count && sum < WINDOW_MAX_KIB; i++)
        for (size_t j = 0; j < PCI_BARS; j++)
            sum += size_of(&bars[i].list[j]);
    return sum < WINDOW_MAX_KIB ? sum : WINDOW_MAX_KIB;
}

uint64_t window_needed(const struct pci_bars *bars, size_t count) {
    uint64_t sum = 0, window = 1;
    for (size_t i = 0; i < count && sum < WINDOW_MAX_KIB; i++)
        sum += stretch(&bars[i]);
    if (sum == 0)
        return 0;
    sum += sum / 8;
    while (window < sum && window < WINDOW_MAX_KIB)
        window <<= 1;
    return window;
}
