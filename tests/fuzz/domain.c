/* Any plan for any bytes as the domain: the domain is refused for a reason of its own, or edited so that the plan's
 * second time changes nothing. An ERROR_INTERNAL would mean that our own reading of the text differs from libxml2's, or
 * that an edit does not land. The input: what the plan is made from, PLAN_SIZE bytes, and the domain. */
#include <stdio.h>
#include <string.h>

#include "mutate/mutate.h"
#include "random_plan.h"

enum { PLAN_SIZE = 32 };

/* The bytes one by one, then zeros. */
static uint32_t next_byte(void *state, uint32_t limit) {
    struct bytes *bytes = state;
    uint32_t byte = bytes->size > 0 ? *bytes->data : 0;
    if (bytes->size > 0)
        *bytes = (struct bytes){bytes->data + 1, bytes->size - 1};
    return byte % limit;
}

/* The ROM of all devices. */
static const struct published_rom *publish(void) {
    static struct publisher *publisher;
    static const struct published_rom *rom;
    const struct bytes content = {(const uint8_t *)"x", 1};
    struct error err = {0};
    if (!rom && sodium_init() >= 0 && (publisher = publisher_open(NULL, "/compute", &err)))
        rom = publisher_publish(publisher, "gop", (const uint8_t *)"abcdefghijklmnopqrstuvwxyz012345", content, &err);
    return rom;
}

static void trap(const char *text) {
    fprintf(stderr, "%s\n", text);
    __builtin_trap();
}

static void apply(struct bytes xml, struct plan *plan, const struct random_source *source, struct buffer *out) {
    static struct decision decisions[RANDOM_DECISIONS_MAX];
    CLEANUP(domain_free) struct domain domain = {0};
    struct error err = {0};
    if (domain_parse(xml, &domain, &err) == 0) {
        if (source)
            random_plan(&domain, publish(), source, decisions, plan);
        domain_apply(&domain, plan, out, &err);
    }
    if (err.code == ERROR_INTERNAL)
        trap(err.message);
    if (err.code != ERROR_NONE)
        buffer_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tree_setup();
    CLEANUP(buffer_free) struct buffer first = {0};
    CLEANUP(buffer_free) struct buffer second = {0};
    struct plan plan;
    if (size < PLAN_SIZE)
        return 0;
    struct bytes bytes = {data, PLAN_SIZE};
    const struct random_source source = {next_byte, &bytes};
    apply((struct bytes){data + PLAN_SIZE, size - PLAN_SIZE}, &plan, &source, &first);
    if (!first.data)
        return 0;
    apply(buffer_bytes(&first), &plan, NULL, &second);
    if (!second.data || second.size != first.size || memcmp(first.data, second.data, first.size) != 0)
        trap("the second time changes something");
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    return mutate_custom(mutate_xml, PLAN_SIZE, size, (struct input){data, size, most}, seed);
}
