#include "kubelet/device_id.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void take_uuid(const char *text, struct device_id *id) {
    id->kind = DEVICE_ID_MDEV;
    for (size_t i = 0; i < UUID_TEXT_MAX - 1; i++)
        id->uuid[i] = (char)tolower((unsigned char)text[i]);
}

void device_id_parse(const char *text, struct device_id *id) {
    *id = (struct device_id){0};
    size_t digits = strspn(text, "0123456789");
    if (text_is_uuid(text)) {
        take_uuid(text, id);
    } else if (pci_address_parse(text, &id->address) == 0) {
        id->kind = DEVICE_ID_ADDRESS;
    } else if (digits > 0 && digits <= 10 && text[digits] == '\0' && strtol(text, NULL, 10) <= INT_MAX) {
        id->kind = DEVICE_ID_GROUP;
        id->group = (int)strtol(text, NULL, 10);
    }
}

/* "0000:65:00.0" has 12 characters; a domain of VMD's has more digits, but no driver writes such a name. */
enum { ADDRESS_SIZE = 12 };

/* Is there an address at the start of `text`, and no digit behind it? */
static bool take_address(const char *text, struct device_id *id) {
    static const char form[] = "xxxx:xx:xx.x";
    char address[ADDRESS_SIZE + 1];
    for (size_t i = 0; i < ADDRESS_SIZE; i++) {
        const bool is_digit = isxdigit((unsigned char)text[i]);
        if (form[i] == 'x' ? !is_digit : !text[i] || !strchr(":.-_", text[i]))
            return false;
        address[i] = form[i] == 'x' ? text[i] : form[i];
    }
    address[ADDRESS_SIZE] = '\0';
    if (isxdigit((unsigned char)text[ADDRESS_SIZE]) || pci_address_parse(address, &id->address) < 0)
        return false;
    id->kind = DEVICE_ID_ADDRESS;
    return true;
}

/* A UUID may hold what looks like an address, so it is tried first. */
static bool take_either(const char *text, struct device_id *id) {
    char uuid[UUID_TEXT_MAX];
    size_t size = strnlen(text, UUID_TEXT_MAX - 1);
    memcpy(uuid, text, size);
    uuid[size] = '\0';
    if (!text_is_uuid(uuid) || isxdigit((unsigned char)text[size]))
        return take_address(text, id);
    take_uuid(uuid, id);
    return true;
}

const char *device_id_find(const char *text, struct device_id *id) {
    *id = (struct device_id){0};
    bool is_inside = false; /* a number that goes on is not the start of one */
    for (; *text; text++) {
        if (!is_inside && take_either(text, id))
            return text + (id->kind == DEVICE_ID_MDEV ? UUID_TEXT_MAX - 1 : ADDRESS_SIZE);
        is_inside = isxdigit((unsigned char)*text);
    }
    return NULL;
}
