/* The whole walk: golden cases as hooks answer them, and what a node hook says of a VM. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "config/vmi.h"
#include "inject.h"
#include "json_outcome.h"
#include "rom/builtin.h"
#include "scenario.h"
#include "walk_node.h"

enum { CALLS_MAX = 5 };

static const struct trust anybody;

/* The files of a golden case, read without failures. */
struct request {
    char sysfs[512], bundle[512];
    struct buffer vmi, calls[CALLS_MAX];
    size_t count;
};

static bool read_file(const char *folder, const char *name, struct buffer *content) {
    char path[600];
    struct error err = {0};
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return access(path, R_OK) == 0 && file_read(path, SIZE_MAX / 2, content, &err) == 0;
}

static void read_request(const char *folder, struct request *request) {
    static const char *const calls[] = {"in/call1.xml", "in/call2.xml", "in/call3.xml", "in/domain.xml",
                                        "in/dumpxml.xml"};
    inject_pause();
    snprintf(request->sysfs, sizeof(request->sysfs), "%s/sysfs", folder);
    snprintf(request->bundle, sizeof(request->bundle), "%s/bundle", folder);
    if (!read_file(folder, "vmi.json", &request->vmi))
        abort();
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (read_file(folder, calls[i], &request->calls[request->count]))
            request->count++;
    if (request->count == 0)
        abort();
    inject_resume();
}

static void free_request(struct request *request) {
    buffer_free(&request->vmi);
    for (size_t i = 0; i < CALLS_MAX; i++)
        buffer_free(&request->calls[i]);
}

/* What a walk works with, opened with failures. */
struct opened {
    struct manifest builtin;
    struct walk walk;
};

static int open_walk(const char *sysfs, const char *const *bundle, struct opened *opened, struct error *err) {
    struct walk *walk = &opened->walk;
    *walk = (struct walk){.sysfs = sysfs, .policy = POLICY_ENFORCE, .explain = true};
    if (builtin_profiles(&opened->builtin, err) < 0)
        return -1;
    walk->builtin = &opened->builtin;
    if (!(walk->bundles = bundle_set_open(bundle, access(*bundle, R_OK) == 0, &anybody, err)) ||
        !(walk->publisher = publisher_open(NULL, "/compute", err)) || !(walk->memory = plan_memory_new(err)))
        return -1;
    return 0;
}

static void close_walk(struct opened *opened) {
    if (opened->walk.bundles)
        bundle_set_close(opened->walk.bundles);
    publisher_close(opened->walk.publisher);
    plan_memory_free(opened->walk.memory);
    manifest_free(&opened->builtin);
}

static int ask(const struct walk *walk, struct bytes domain, struct bytes vmi, struct outcome *outcome,
               struct error *err) {
    CLEANUP(walk_reply_free) struct walk_reply reply = {0};
    if (walk_request(walk, WALK_UNTOLD, domain, vmi, &reply, err) < 0)
        return -1;
    outcome_buffer(outcome, &reply.domain);
    if (buffer_check(&reply.notes, err) < 0 || buffer_check(&reply.warnings, err) < 0)
        return -1;
    outcome_buffer(outcome, &reply.notes);
    outcome_buffer(outcome, &reply.warnings);
    if (reply.explanation)
        outcome_json(outcome, reply.explanation);
    return 0;
}

/* All calls of a boot; `given` is a golden case. */
static int boot(const struct given *given, struct outcome *outcome, struct error *err) {
    struct request request = {0};
    struct opened opened = {0};
    read_request(given->path, &request);
    const char *bundle = request.bundle;
    int failed = open_walk(request.sysfs, &bundle, &opened, err);
    for (size_t i = 0; i < request.count && !failed; i++)
        failed = ask(&opened.walk, buffer_bytes(&request.calls[i]), buffer_bytes(&request.vmi), outcome, err);
    close_walk(&opened);
    free_request(&request);
    return failed;
}

/* What a node hook says of a VM whose pod has the devices of a kubelet's answer; `file` is of
 * tests/fuzz/corpus/kubelet, `second` the VMI. */
static int ask_node(const struct given *given, struct outcome *outcome, struct error *err) {
    struct opened opened = {0};
    CLEANUP(vmi_free) struct vmi vmi = {0};
    CLEANUP(pod_list_free) struct pod_list pods = {0};
    CLEANUP(walk_reply_free) struct walk_reply reply = {0};
    const uint8_t *answer = memchr(given->text.data + 1, '\0', given->text.size - 1);
    const struct bytes bytes = {answer + 1, given->text.size - (size_t)(answer + 1 - given->text.data)};
    const struct node_devices devices = {.pods = &pods};
    const char *no_bundle = "/no/bundle";
    int failed = open_walk(TESTS "/fixtures/hosts/workstation", &no_bundle, &opened, err);
    opened.walk.is_of_admin = true;
    if (!failed)
        failed = vmi_parse(given->second, &vmi, err) < 0 || pod_list_parse(bytes, "vms", "vm", &pods, err) < 0 ||
                         walk_node(&opened.walk, &vmi, &devices, &reply, err) < 0
                     ? -1
                     : 0;
    if (!failed && (buffer_check(&reply.notes, err) < 0 || buffer_check(&reply.warnings, err) < 0))
        failed = -1;
    if (!failed) {
        outcome_buffer(outcome, &reply.notes);
        outcome_buffer(outcome, &reply.warnings);
    }
    close_walk(&opened);
    return failed;
}

#define CASE(folder)                                                                                                   \
    { .name = "walk/" folder, boot, "golden/" folder }

struct scenarios scenarios_walk(void) {
    static const struct scenario list[] = {
        CASE("igpu-rembrandt"),
        CASE("geforce-bios"),
        CASE("windows-efi-secure"),
        CASE("vgpu-mdev-display"),
        CASE("vgpu-sriov-vf"),
        CASE("no-gpu"),
        CASE("style-virsh"),
        CASE("rom-auto"),
        CASE("rom-none"),
        CASE("rom-device"),
        CASE("rom-id-of-another-device"),
        CASE("option-companions-slot"),
        CASE("option-companions-group"),
        CASE("option-layout"),
        CASE("option-vfio"),
        CASE("option-driver-model"),
        CASE("option-igd-legacy"),
        CASE("option-igd-upt"),
        CASE("option-ids"),
        CASE("option-clique"),
        CASE("option-hide-hypervisor"),
        CASE("option-hyperv-vendor-id"),
        CASE("option-ioapic"),
        CASE("option-topoext"),
        CASE("option-max-phys-addr-auto"),
        CASE("option-pci-hole64-auto"),
        CASE("option-ovmf-mmio64-auto"),
        CASE("option-ovmf-mmio64-present"),
        CASE("option-override-present"),
        CASE("option-emulated-video"),
        CASE("option-sxm"),
        CASE("profile-guest"),
        CASE("profile-merged"),
        CASE("profile-with-annotation"),
        CASE("policy-warn-expect-wrong"),
        CASE("expect-wrong"),
        CASE("host-gpu-absent"),
        CASE("conflict-vfio-dangerous"),
        CASE("bundle-wrong-hash"),
        CASE("bundle-bad-checksum"),
        {.name = "walk/node", ask_node, "fuzz/corpus/kubelet/pod-address", "alloc/vmi.json"},
        {.name = "walk/node-group", ask_node, "fuzz/corpus/kubelet/pod-group", "alloc/vmi.json"},
        {.name = "walk/node-mdev", ask_node, "fuzz/corpus/kubelet/pod-mdev", "alloc/vmi.json"},
    };
    return SCENARIOS(list);
}
