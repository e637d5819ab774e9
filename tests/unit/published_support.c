#include "published_support.h"

#include <sodium.h>

#include "domain_support.h"

const struct published_rom *published;

static struct publisher *publisher;

int published_setup(void **state) {
    struct error err = {0};
    tree_group_setup(state);
    if (sodium_init() < 0 || !(publisher = publisher_open(NULL, "/compute", &err)))
        return -1;
    published =
        publisher_publish(publisher, "gop", (const uint8_t *)"abcdefghijklmnopqrstuvwxyz012345", bytes_of("x"), &err);
    return published ? 0 : -1;
}

int published_teardown(void **state) {
    (void)state;
    publisher_close(publisher);
    return 0;
}
