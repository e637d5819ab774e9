/* Any bytes as the domain: the walk either refuses them for a reason of theirs, or answers with a domain that it
 * answers with itself. An ERROR_INTERNAL would mean that our own reading of the text differs from libxml2's. */
#include <stdio.h>
#include <string.h>

#include "domain/domain.h"

/* Every PCI device gets mode and a <rom>, so that every edit runs. */
static void apply(struct bytes xml, struct buffer *out) {
    CLEANUP(domain_free) struct domain domain = {0};
    struct error err = {0};
    if (domain_parse(xml, &domain, &err) < 0)
        goto check;
    struct decision decisions[DOMAIN_DEVICES_MAX];
    struct plan plan = {.decisions = decisions};
    for (size_t i = 0; i < domain.count; i++)
        decisions[plan.count++] = (struct decision){.address = domain.devices[i].address,
                                                    .rom = i % 2 ? ROM_SETTING_DISABLED : ROM_SETTING_KEEP,
                                                    .rom_bar = i % 2 ? TOGGLE_UNSET : TOGGLE_OFF};
    domain_apply(&domain, &plan, out, &err);
check:
    if (err.code == ERROR_INTERNAL) {
        fprintf(stderr, "%s\n", err.message);
        __builtin_trap();
    }
    if (err.code != ERROR_NONE)
        buffer_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tree_setup();
    CLEANUP(buffer_free) struct buffer first = {0};
    CLEANUP(buffer_free) struct buffer second = {0};
    apply((struct bytes){data, size}, &first);
    if (!first.data)
        return 0;
    apply(buffer_bytes(&first), &second);
    if (!second.data || second.size != first.size || memcmp(first.data, second.data, first.size) != 0)
        __builtin_trap();
    return 0;
}
