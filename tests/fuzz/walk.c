/* Any annotation and any domain through the whole walk, on real hosts: never an ERROR_INTERNAL, and what was answered
 * is answered by itself, whether the hook remembers its plan or was started anew. The input: a byte for the host, the
 * annotation up to a NUL (none: the VMI has no annotation), and the domain. */
#include <stdio.h>
#include <string.h>

#include "config/vmi.h"
#include "domain/tree.h"
#include "mutate/mutate.h"
#include "quoted.h"
#include "rom/builtin.h"
#include "walk.h"

static const char *const hosts[] = {HOSTS "/workstation", HOSTS "/lab", HOSTS "/sxm", HOSTS "/vgpu", HOSTS "/narrow"};
enum { HOST_COUNT = sizeof(hosts) / sizeof(hosts[0]) };

static const char vmi_end[] =
    "}, \"spec\": {\"domain\": {\"devices\": {\"gpus\": [{\"name\": \"gpu\"}, {\"name\": \"igd\"}]}}}}";

static void trap(const char *text, struct bytes domain) {
    fprintf(stderr, "%s\n%.*s\n", text, (int)domain.size, (const char *)domain.data);
    __builtin_trap();
}

/* What no request changes. */
static const struct walk *open_walk(void) {
    static const struct trust anybody;
    static struct manifest builtin;
    static struct walk walk;
    struct error err = {0};
    if (walk.bundles)
        return &walk;
    tree_setup();
    if (sodium_init() < 0 || builtin_profiles(&builtin, &err) < 0 ||
        !(walk.publisher = publisher_open(NULL, "/compute", &err)) ||
        !(walk.bundles = bundle_set_open(NULL, 0, &anybody, &err)))
        trap(err.message, (struct bytes){0});
    walk.builtin = &builtin;
    return &walk;
}

/* The VMI that says this; false: no annotation can be these bytes. */
static bool make_vmi(struct bytes annotation, struct buffer *vmi) {
    CLEANUP(free) char *text = quoted(annotation);
    if (!text)
        return false;
    buffer_printf(vmi, "{\"metadata\": {\"uid\": \"u\", \"annotations\": {");
    if (annotation.size > 0)
        buffer_printf(vmi, "\"" CONFIG_ANNOTATION "\": %s", text);
    buffer_printf(vmi, "}%s", vmi_end);
    return true;
}

/* The answer, or none: then it is refused for a reason. */
static bool ask(const struct walk *walk, struct bytes domain, const struct buffer *vmi, struct buffer *answer) {
    CLEANUP(walk_reply_free) struct walk_reply reply = {0};
    struct error err = {0};
    bool answered = walk_request(walk, WALK_UNTOLD, domain, buffer_bytes(vmi), &reply, &err) == 0;
    if (!answered && (err.code == ERROR_INTERNAL || !err.message[0]))
        trap(err.message, domain);
    if (answered)
        buffer_append(answer, reply.domain.data, reply.domain.size);
    return answered;
}

static void check_again(const struct walk *walk, const struct buffer *answer, const struct buffer *vmi) {
    CLEANUP(buffer_free) struct buffer again = {0};
    if (!ask(walk, buffer_bytes(answer), vmi, &again))
        trap("what was answered is refused", buffer_bytes(answer));
    if (again.size != answer->size || memcmp(again.data, answer->data, answer->size) != 0)
        trap("what was answered is answered otherwise", buffer_bytes(&again));
}

static void boot(struct walk walk, struct bytes domain, const struct buffer *vmi) {
    CLEANUP(buffer_free) struct buffer answer = {0};
    struct error err = {0};
    if (!(walk.memory = plan_memory_new(&err)))
        return;
    if (ask(&walk, domain, vmi, &answer)) {
        check_again(&walk, &answer, vmi);
        struct walk anew = walk;
        anew.memory = NULL;
        check_again(&anew, &answer, vmi);
    }
    plan_memory_free(walk.memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const enum policy policies[] = {POLICY_ENFORCE, POLICY_WARN};
    const uint8_t *end = size > 1 ? memchr(data + 1, '\0', size - 1) : NULL;
    CLEANUP(buffer_free) struct buffer vmi = {0};
    if (!end || !make_vmi((struct bytes){data + 1, (size_t)(end - data) - 1}, &vmi))
        return 0;
    struct walk walk = *open_walk();
    walk.sysfs = hosts[data[0] % HOST_COUNT];
    for (size_t i = 0; i < 2; i++) {
        walk.policy = policies[i];
        boot(walk, (struct bytes){end + 1, size - (size_t)(end - data) - 1}, &vmi);
    }
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    const struct input input = {data, size, most};
    const uint8_t *end = size > 1 ? memchr(data + 1, '\0', size - 1) : NULL;
    size_t split = end ? (size_t)(end - data) : 0;
    return seed % 2 ? mutate_custom(mutate_json, 1, split, input, seed)
                    : mutate_custom(mutate_xml, split + 1, size, input, seed);
}
