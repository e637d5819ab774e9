/* config/, kubelet/ and base/: the VMI, its annotation, options, rules; what the kubelet says. */
#include <string.h>

#include "base/diff.h"
#include "base/file.h"
#include "base/json.h"
#include "base/names.h"
#include "base/output.h"
#include "config/allowed.h"
#include "config/vmi.h"
#include "json_outcome.h"
#include "kubelet/pods.h"
#include "podresources_v1.pb-c.h"
#include "rpc/message.h"
#include "scenario.h"

/* Every option there is, and what they may be. */
static const char annotation[] =
    "{\"policy\": \"warn\", \"devices\": {\"*\": {\"rom\": \"auto\", \"romBar\": \"on\", \"companions\": \"slot\"},"
    "\"igpu\": {\"rom\": \"vbios\", \"expect\": \"1002:1681\", \"guestAddress\": \"06:00.0\", \"layout\": "
    "\"multifunction\", \"x-vga\": null, \"display\": true, \"ramfb\": false, \"igd\": {\"mode\": \"upt\", "
    "\"opregion\": \"on\"}, \"ids\": {\"vendor\": \"10de\", \"device\": \"1eb8\", \"subsystem\": \"10de:12a2\"}, "
    "\"driverModel\": \"vfio-pci\", \"vfio\": {\"x-no-geforce-quirks\": true}, "
    "\"checks\": {\"link\": \"ignore\", \"driver\": \"warn\"}}, \"0000:e5:00.1\": {\"gpudirectClique\": 3}}, "
    "\"guest\": {\"hideHypervisor\": true, \"hypervVendorId\": \"A \\u00e9\", \"ioapic\": \"kvm\", "
    "\"maxPhysAddr\": {\"mode\": \"passthrough\", \"limit\": 39}, \"pciHole64\": \"64Gi\", \"ovmfMmio64\": \"auto\", "
    "\"emulatedVideo\": \"remove\"}}";

static int read_vmi(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(vmi_free) struct vmi vmi = {0};
    CLEANUP(vmi_requests_free) struct vmi_requests requests = {0};
    if (vmi_parse(given->text, &vmi, err) < 0 || vmi_requests_read(&vmi, &requests, err) < 0)
        return -1;
    outcome_text(outcome, vmi.uid);
    outcome_text(outcome, vmi.name);
    outcome_text(outcome, vmi.annotation);
    for (size_t i = 0; i < requests.count; i++) {
        outcome_text(outcome, requests.list[i].name);
        outcome_text(outcome, requests.list[i].resource);
    }
    return 0;
}

static int write_options(const struct config *config, struct outcome *outcome, struct error *err) {
    struct device_options options = {0};
    if (config_device_options(config, "igpu", &(struct pci_address){0, 0xe5, 0, 1}, &options, err) < 0)
        return -1;
    CLEANUP(json_decref) json_t *device = device_options_to_json(&options);
    CLEANUP(json_decref) json_t *guest = guest_options_to_json(&config->guest);
    if (needs_memory(device, err) < 0 || needs_memory(guest, err) < 0)
        return -1;
    outcome_json(outcome, device);
    outcome_json(outcome, guest);
    return 0;
}

static int read_annotation(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(config_free) struct config config = {0};
    (void)given;
    if (config_parse(annotation, &config, err) < 0)
        return -1;
    return write_options(&config, outcome, err);
}

static int refuse_annotation(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(config_free) struct config config = {0};
    (void)given, (void)outcome;
    return config_parse("{\"devices\": {\"igpu\": {\"rom\": \"auto\", \"romBars\": \"on\"}}}", &config, err);
}

static int deny_annotation(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(config_free) struct config config = {0};
    struct allowed allowed;
    (void)given;
    if (config_parse(annotation, &config, err) < 0 || allowed_parse("tenant,companions,-rom", &allowed, err) < 0)
        return -1;
    CLEANUP(json_decref) json_t *words = allowed_to_json(&allowed);
    if (needs_memory(words, err) < 0)
        return -1;
    outcome_json(outcome, words);
    return allowed_check(&allowed, &config, "--allow", err);
}

/* The fuzzer's seeds have the VMI before the kubelet's answer. */
static struct bytes answer_of(struct bytes seed) {
    const uint8_t *answer = memchr(seed.data + 1, '\0', seed.size - 1);
    return (struct bytes){answer + 1, seed.size - (size_t)(answer + 1 - seed.data)};
}

static int read_pods(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(pod_list_free) struct pod_list pods = {0};
    if (pod_list_parse(answer_of(given->text), NULL, NULL, &pods, err) < 0)
        return -1;
    for (size_t i = 0; i < pods.count; i++)
        for (size_t j = 0; j < pods.pods[i].count; j++) {
            outcome_text(outcome, pods.pods[i].devices[j].resource);
            outcome_text(outcome, pods.pods[i].devices[j].id);
        }
    return 0;
}

/* As the services read a request. */
static int decode_message(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(message_free)
    ProtobufCMessage *message =
        message_decode(&v1__list_pod_resources_response__descriptor, answer_of(given->text), err);
    CLEANUP(buffer_free) struct buffer again = {0};
    if (!message || message_encode(message, &again, err) < 0)
        return -1;
    outcome_buffer(outcome, &again);
    return 0;
}

static int diff(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(buffer_free) struct buffer out = {0};
    if (diff_unified(given->text, given->second, "before", "after", true, &out, err) < 0)
        return -1;
    outcome_buffer(outcome, &out);
    return 0;
}

static int write_output(const struct given *given, struct outcome *outcome, struct error *err) {
    char path[128];
    snprintf(path, sizeof(path), "%s/out", given->folder);
    const struct output output = {.path = path};
    CLEANUP(buffer_free) struct buffer read = {0};
    if (output_check(&output, NULL, 0, err) < 0 || output_write(&output, given->text, err) < 0)
        return -1;
    if (file_read(path, SIZE_MAX / 2, &read, err) < 0) {
        unlink(path);
        return -1;
    }
    outcome_buffer(outcome, &read);
    return 0;
}

static int read_names(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(names_free) struct names names = {0};
    CLEANUP(close_fd) int fd = file_open_folder(given->path, err);
    if (fd < 0 || names_read(&names, fd, given->path, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++)
        outcome_text(outcome, names.list[i]);
    return 0;
}

struct scenarios scenarios_config(void) {
    static const struct scenario list[] = {
        {.name = "base/diff", diff, "golden/igpu-rembrandt/in/call1.xml", "golden/igpu-rembrandt/out/call1.xml"},
        {.name = "base/output", write_output, "golden/igpu-rembrandt/in/call1.xml"},
        {.name = "base/names", read_names, "golden"},
        {.name = "config/vmi", read_vmi, "golden/igpu-rembrandt/vmi.json"},
        {.name = "config/vmi-annotated", read_vmi, "golden/option-sxm/vmi.json"},
        {.name = "config/vmi-not-json", read_vmi, "golden/vmi-not-json/vmi.json"},
        {.name = "config/annotation", read_annotation},
        {.name = "config/annotation-refused", refuse_annotation},
        {.name = "config/annotation-denied", deny_annotation},
        {.name = "kubelet/pods", read_pods, "fuzz/corpus/kubelet/pod-mdev"},
        {.name = "rpc/message", decode_message, "fuzz/corpus/kubelet/pod-mdev"},
        {.name = "kubelet/pods-address", read_pods, "fuzz/corpus/kubelet/pod-address"},
    };
    return SCENARIOS(list);
}
