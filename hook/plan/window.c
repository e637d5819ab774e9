#include "plan/window.h"

enum { BYTES_PER_KIB = 1024 };

/* The stretch that one device takes, in KiB. */
static uint64_t stretch(const struct pci_bars *bars) {
    uint64_t sum = 0, largest = 0;
    for (size_t i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &bars->list[i];
        if (!bar->is_memory || !bar->is_64bit)
            continue;
        uint64_t kib = bar->size / BYTES_PER_KIB + (bar->size % BYTES_PER_KIB != 0);
        if (kib > WINDOW_MAX_KIB)
            return WINDOW_MAX_KIB;
        sum += kib;
        largest = kib > largest ? kib : largest;
    }
    return largest ? (sum + largest - 1) / largest * largest : 0;
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
