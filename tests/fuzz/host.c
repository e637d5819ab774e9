/* Any text in the files of a GPU, of its port and of the node: every check gives a verdict with its evidence, a failure
 * or warning its remedy, with and without a VM, and every report can be written. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "host/report.h"

/* What the input holds: the configuration header, eight bytes that decide what there is, and texts that end in 0x01. */
enum { SWITCHES = 8 };

static const struct pci_address card = {0, 1, 0, 0}, audio = {0, 1, 0, 1}, port = {0, 0, 1, 0};

static char *take_text(struct bytes *rest) {
    const uint8_t *end = rest->size ? memchr(rest->data, 1, rest->size) : NULL;
    size_t size = end ? (size_t)(end - rest->data) : rest->size;
    char *text = calloc(1, size + 1);
    if (!text)
        abort();
    memcpy(text, rest->data, size);
    for (size_t i = 0; i < size; i++)
        if (!text[i])
            text[i] = ' ';
    text_make_printable(text);
    size_t used = end ? size + 1 : size;
    *rest = (struct bytes){rest->data + used, rest->size - used};
    return text;
}

static void take_attributes(struct host_function *function, uint8_t missing, struct bytes *rest) {
    for (size_t i = 0; i < HOST_ATTRIBUTE_COUNT; i++) {
        char *text = take_text(rest);
        if ((missing >> (i % 8) & 1) && i % 3 == 0) {
            function->attributes[i].error = i % 2 ? EACCES : ENOENT;
            free(text);
        } else {
            function->attributes[i].text = text;
        }
    }
}

static void check_result_is_whole(const struct check_result *result) {
    const char *evidence = result->evidence, *remedy = result->remedy;
    if (result->verdict > VERDICT_FAIL || !evidence[0] || !text_is_printable(evidence) || !text_is_printable(remedy))
        __builtin_trap();
    if ((result->verdict == VERDICT_FAIL || result->verdict == VERDICT_WARN) && !remedy[0])
        __builtin_trap();
}

static void check_for_a_vm(const struct host_facts *facts, const uint8_t *switches, const char *cpus) {
    const struct checked_vm vm = {.devices = &card,
                                  .device_count = 1,
                                  .has_guest = switches[3] & 1,
                                  .knows_bars = switches[3] & 2,
                                  .needed_kib = (uint64_t)switches[4] << 20,
                                  .bars_kib = (uint64_t)switches[4] << 19,
                                  .window_least_kib = (uint64_t)switches[5] << 20,
                                  .window_most_kib = (uint64_t)switches[5] << 22,
                                  .memory_kib = (uint64_t)switches[6] << 30,
                                  .cpus = cpus};
    const struct checked checked = {.facts = facts,
                                    .function = host_facts_function(facts, card),
                                    .vm = &vm,
                                    .rom = (enum checked_rom)(switches[7] & 3),
                                    .has_vf_token = switches[7] & 4};
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        struct check_result result;
        check_run(i, &checked, &result);
        check_result_is_whole(&result);
    }
}

static void check_the_node(const struct host_facts *facts, unsigned width) {
    const struct host_devices devices = {.functions = (struct pci_address *)&card, .function_count = 1};
    const struct report_style style = {.colour = width & 1, .width = width, .all = width & 2};
    CLEANUP(host_report_free) struct host_report report = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    struct error err = {0};
    if (host_report_make(facts, &devices, &report, &err) < 0)
        return;
    for (enum check i = 0; i < CHECK_COUNT; i++)
        check_result_is_whole(&report.devices[0].results[i]);
    host_report_table(&report, &style, &text);
    host_report_tree(&report, &style, &text);
    host_report_nfd(&report, &text);
    CLEANUP(json_decref) json_t *json = host_report_json(&report);
    if (!json || utf8_valid_prefix(buffer_bytes(&text)) < text.size)
        __builtin_trap();
}

static void set_identity(struct host_function *function, const uint8_t *config, uint8_t bits) {
    function->device.state = HOST_PRESENT;
    function->device.identity = (struct pci_identity){
        .id = {(uint16_t)(config[0] | config[1] << 8), (uint16_t)(config[2] | config[3] << 8)},
        .class_code = (uint32_t)(config[9] | config[10] << 8 | config[11] << 16),
    };
    function->device.is_virtual = bits & 1;
    function->device.iommu_group = bits & 2 ? 7 : HOST_GROUP_UNKNOWN;
    function->has_vfio_device = bits & 4;
    function->has_mdev_types = bits & 8;
    function->rom_error = bits & 16 ? ENOENT : 0;
    function->reset_error = bits & 32 ? ENOENT : 0;
    function->device.has_physical = bits & 64;
    function->device.physical = audio;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct host_function gpu, sound, above;
    struct host_function *functions[] = {&above, &gpu, &sound};
    struct pci_address members[] = {card, audio};
    struct host_group group = {.number = 7, .count = 2, .members = members};
    struct host_group *groups[] = {&group};
    struct host_facts facts = {.functions = functions, .function_count = 3, .groups = groups, .group_count = 1};
    if (size < HOST_CONFIG_SIZE + SWITCHES)
        return 0;
    const uint8_t *switches = data + HOST_CONFIG_SIZE;
    struct bytes rest = {switches + SWITCHES, size - HOST_CONFIG_SIZE - SWITCHES};
    gpu = (struct host_function){.address = card, .is_whole = true, .bridge_count = 1, .bridges = {port}};
    sound = (struct host_function){.address = audio};
    above = (struct host_function){.address = port};
    memcpy(gpu.config, data, HOST_CONFIG_SIZE);
    set_identity(&gpu, data, switches[0]);
    set_identity(&sound, data + 16, switches[1]);
    set_identity(&above, data + 32, switches[2]);
    take_attributes(&gpu, switches[0], &rest);
    take_attributes(&above, switches[2], &rest);
    char *driver = take_text(&rest), *other = take_text(&rest), *resource = take_text(&rest), *cpus = take_text(&rest);
    strncat(gpu.device.driver, driver, sizeof(gpu.device.driver) - 1);
    strncat(sound.device.driver, other, sizeof(sound.device.driver) - 1);
    text_make_printable(gpu.device.driver); /* half a character may be its end */
    text_make_printable(sound.device.driver);
    if (pci_resource_parse((struct bytes){(const uint8_t *)resource, strlen(resource)}, &gpu.bars) < 0)
        gpu.bars_error = EINVAL;
    facts.node = (struct host_node){.has_groups = switches[1] & 128,
                                    .remapping = (enum host_remapping)(switches[2] % 3),
                                    .remapping_seen = "kernel/irq/0/chip_name: IO-APIC",
                                    .framebuffer_count = switches[3] >> 7,
                                    .framebuffers = {{.driver = "efi-framebuffer"}}};
    check_for_a_vm(&facts, switches, cpus);
    check_the_node(&facts, switches[4]);
    for (size_t i = 0; i < HOST_ATTRIBUTE_COUNT; i++) {
        host_text_free(&gpu.attributes[i]);
        host_text_free(&above.attributes[i]);
    }
    free(driver);
    free(other);
    free(resource);
    free(cpus);
    return 0;
}
