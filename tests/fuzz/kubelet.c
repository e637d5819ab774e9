/* Any bytes as the kubelet's answers, for any VM of a real node: a verdict, never an ERROR_INTERNAL. The input: a byte
 * for the host and how the answers are used, the annotation up to a NUL, and the answer. */
#include <stdio.h>
#include <string.h>

#include "mutate/mutate.h"
#include "quoted.h"
#include "rom/builtin.h"
#include "walk_node.h"

static const char *const hosts[] = {HOSTS "/workstation", HOSTS "/lab", HOSTS "/sxm", HOSTS "/vgpu"};
enum { HOST_COUNT = sizeof(hosts) / sizeof(hosts[0]), AS_PODS = 64, AS_ALLOCATABLE = 128 };

/* What no request changes. */
static const struct walk *open_walk(void) {
    static const struct trust anybody;
    static struct manifest builtin;
    static struct walk walk;
    struct error err = {0};
    if (walk.bundles)
        return &walk;
    if (sodium_init() < 0 || builtin_profiles(&builtin, &err) < 0 ||
        !(walk.bundles = bundle_set_open(NULL, 0, &anybody, &err)))
        __builtin_trap();
    walk.builtin = &builtin;
    walk.policy = POLICY_ENFORCE;
    return &walk;
}

/* A VMI that asks for two devices of a plugin and one of a claim; false: no annotation can be these bytes. */
static bool make_vmi(struct bytes annotation, struct buffer *vmi) {
    CLEANUP(free) char *text = quoted(annotation);
    if (!text)
        return false;
    buffer_printf(
        vmi,
        "{\"metadata\": {\"name\": \"vm\", \"namespace\": \"vms\", \"annotations\": {\"" CONFIG_ANNOTATION
        "\": %s}}, \"spec\": {\"domain\": {\"devices\": {\"gpus\": [{\"name\": \"a\", \"deviceName\": \"x/y\"}, "
        "{\"name\": \"b\", \"deviceName\": \"x/y\"}], \"hostDevices\": [{\"name\": \"c\"}]}}}}",
        text);
    return true;
}

static const struct pod_list *give_list(void *list) {
    return list;
}

static void ask(struct walk walk, struct bytes vmi_text, struct bytes answer, unsigned use) {
    CLEANUP(vmi_free) struct vmi vmi = {0};
    CLEANUP(pod_list_free) struct pod_list pods = {0}, allocatable = {0};
    CLEANUP(walk_reply_free) struct walk_reply reply = {0};
    struct error unread = {0}, err = {0};
    struct node_devices devices = {0};
    if (vmi_parse(vmi_text, &vmi, &err) < 0)
        __builtin_trap();
    if (use & AS_PODS && pod_list_parse(answer, "vms", "vm", &pods, &unread) == 0)
        devices.pods = &pods;
    if (use & AS_ALLOCATABLE && pod_list_parse_allocatable(answer, &allocatable, &unread) == 0)
        devices = (struct node_devices){devices.pods, give_list, &allocatable};
    walk.is_of_admin = use & 32;
    if (walk_node(&walk, &vmi, &devices, &reply, &err) < 0 && (err.code == ERROR_INTERNAL || !err.message[0]))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(buffer_free) struct buffer vmi = {0};
    const uint8_t *end = size ? memchr(data + 1, '\0', size - 1) : NULL;
    if (!end || !make_vmi((struct bytes){data + 1, (size_t)(end - data - 1)}, &vmi))
        return 0;
    struct walk walk = *open_walk();
    walk.sysfs = hosts[data[0] % HOST_COUNT];
    ask(walk, buffer_bytes(&vmi), (struct bytes){end + 1, size - (size_t)(end - data) - 1}, data[0]);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    const struct input input = {data, size, most};
    const uint8_t *end = size > 1 ? memchr(data + 1, '\0', size - 1) : NULL;
    size_t split = end ? (size_t)(end - data) : 0;
    return seed % 4 == 0 ? mutate_custom(mutate_json, 1, split, input, seed)
                         : mutate_custom(mutate_wire, split + 1, size, input, seed);
}
