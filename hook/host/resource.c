#include "host/resource.h"

#include <ctype.h>
#include <string.h>

enum {
    RESOURCE_ROM_SHADOW = 0x2,
    RESOURCE_MEMORY = 0x200,
    RESOURCE_PREFETCH = 0x2000,
    RESOURCE_64BIT = 0x100000,
    RESOURCE_UNSET = 0x20000000
};

/* "0x", 1 to 16 digits and `end`, behind which *at moves. sscanf takes ten times as long, on each first call. */
static int take_number(const char **at, char end, uint64_t *number) {
    static const char prefix[] = "0x";
    const char *digit = *at + strlen(prefix);
    if (strncmp(*at, prefix, strlen(prefix)) != 0)
        return -1;
    for (*number = 0; isxdigit((unsigned char)*digit) && digit - *at < 16 + 2; digit++)
        *number = *number << 4 | (uint64_t)(isdigit((unsigned char)*digit) ? *digit - '0' : (*digit | 0x20) - 'a' + 10);
    if (digit == *at + strlen(prefix) || *digit != end)
        return -1;
    *at = digit + 1;
    return 0;
}

static int parse_line(const char *line, struct pci_bar *bar) {
    uint64_t start, end, flags;
    if (take_number(&line, ' ', &start) < 0 || take_number(&line, ' ', &end) < 0 ||
        take_number(&line, '\0', &flags) < 0 || end < start)
        return -1;
    if (flags == 0)
        return 0; /* no window */
    if (end == UINT64_MAX && start == 0)
        return -1;
    *bar = (struct pci_bar){.start = start,
                            .size = end - start + 1,
                            .is_memory = flags & RESOURCE_MEMORY,
                            .is_64bit = flags & RESOURCE_64BIT,
                            .is_prefetchable = flags & RESOURCE_PREFETCH,
                            .is_unset = flags & RESOURCE_UNSET,
                            .is_shadow = flags & RESOURCE_ROM_SHADOW};
    return 0;
}

/* The line at offset *at, which moves behind it. */
static int take_line(struct bytes text, size_t *at, char *line, size_t room) {
    const uint8_t *end = *at < text.size ? memchr(text.data + *at, '\n', text.size - *at) : NULL;
    size_t size = end ? (size_t)(end - text.data) - *at : room;
    if (size >= room)
        return -1;
    memcpy(line, text.data + *at, size);
    line[size] = '\0';
    *at += size + 1;
    return 0;
}

int pci_resource_parse(struct bytes text, struct pci_bars *bars) {
    struct pci_bars found = {0};
    char line[80];
    size_t at = 0;
    *bars = found;
    for (size_t i = 0; i < PCI_BARS; i++)
        if (take_line(text, &at, line, sizeof(line)) < 0 || parse_line(line, &found.list[i]) < 0)
            return -1;
    if (take_line(text, &at, line, sizeof(line)) < 0 || parse_line(line, &found.rom) < 0)
        found.rom = (struct pci_bar){0};
    *bars = found;
    return 0;
}
