#include "base/pci.h"

#include <string.h>

#include "base/text.h"

/* Writes at least `least` digits. Returns where they end. */
static char *put_hex(char *at, uint32_t value, unsigned least) {
    unsigned digits = least;
    while (digits < 8 && value >> 4 * digits)
        digits++;
    for (unsigned i = digits; i > 0; i--)
        *at++ = "0123456789abcdef"[value >> 4 * (i - 1) & 0xf];
    return at;
}

/* Not by snprintf: large nodes have thousands of paths made of it. */
const char *pci_address_format(struct pci_address address, char text[PCI_ADDRESS_TEXT_MAX]) {
    char *at = put_hex(text, address.domain, 4);
    *at++ = ':';
    at = put_hex(at, address.bus, 2);
    *at++ = ':';
    at = put_hex(at, address.slot & 0x1f, 2);
    *at++ = '.';
    at = put_hex(at, address.function & 7, 1);
    *at = '\0';
    return text;
}

/* Splits off what stands before `separator` (the last one, for the domain may be missing), parses it as hex. */
static int parse_part(const char **text, char separator, size_t most, uint32_t limit, uint32_t *value) {
    const char *end = separator ? strchr(*text, separator) : *text + strlen(*text);
    char part[9];
    if (!end || end == *text || (size_t)(end - *text) > most || most >= sizeof(part))
        return -1;
    memcpy(part, *text, (size_t)(end - *text));
    part[end - *text] = '\0';
    if (text_parse_hex(part, most, value) < 0 || *value > limit)
        return -1;
    *text = separator ? end + 1 : end;
    return 0;
}

int pci_address_parse(const char *text, struct pci_address *address) {
    uint32_t domain = 0, bus, slot, function;
    const char *colon = strchr(text, ':');
    if (colon && strchr(colon + 1, ':') && parse_part(&text, ':', 8, UINT32_MAX, &domain) < 0)
        return -1;
    if (parse_part(&text, ':', 2, 0xff, &bus) < 0 || parse_part(&text, '.', 2, 0x1f, &slot) < 0 ||
        parse_part(&text, '\0', 1, 7, &function) < 0)
        return -1;
    *address = (struct pci_address){domain, (uint8_t)bus, (uint8_t)slot, (uint8_t)function};
    return 0;
}

int pci_address_compare(struct pci_address a, struct pci_address b) {
    uint64_t left = (uint64_t)a.domain << 16 | (uint64_t)a.bus << 8 | (uint64_t)a.slot << 3 | a.function;
    uint64_t right = (uint64_t)b.domain << 16 | (uint64_t)b.bus << 8 | (uint64_t)b.slot << 3 | b.function;
    return (left > right) - (left < right);
}

int pci_id_parse(const char *text, struct pci_id *id) {
    uint32_t vendor, device;
    if (strlen(text) != strlen("1002:1681") || parse_part(&text, ':', 4, 0xffff, &vendor) < 0 ||
        parse_part(&text, '\0', 4, 0xffff, &device) < 0)
        return -1;
    *id = (struct pci_id){(uint16_t)vendor, (uint16_t)device};
    return 0;
}
