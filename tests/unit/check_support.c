#include "check_support.h"

#include <stdio.h>

static struct pci_address address_of(const char *text) {
    struct pci_address address;
    assert_int_equal(pci_address_parse(text, &address), 0);
    return address;
}

static void make_function(struct host_function *function, const char *address, struct pci_id id, uint32_t class_code) {
    *function = (struct host_function){.address = address_of(address)};
    function->device = (struct host_device){
        .state = HOST_PRESENT, .identity = {.id = id, .class_code = class_code}, .iommu_group = HOST_GROUP_UNKNOWN};
}

static void add(struct check_host *host, struct host_function *function) {
    struct host_facts *facts = &host->facts;
    size_t place = facts->function_count++;
    assert_true(place < CHECK_LIST_MAX);
    for (; place > 0 && pci_address_compare(facts->functions[place - 1]->address, function->address) > 0; place--)
        facts->functions[place] = facts->functions[place - 1];
    facts->functions[place] = function;
}

struct host_function *check_host_add(struct check_host *host, const char *address, struct pci_id id,
                                     uint32_t class_code) {
    assert_true(host->more_count < CHECK_MORE_MAX);
    struct host_function *function = &host->more[host->more_count++];
    make_function(function, address, id, class_code);
    add(host, function);
    return function;
}

void check_host_join(struct check_host *host, struct host_function *function) {
    function->device.iommu_group = CHECK_GROUP;
    host->members[host->group.count++] = function->address;
}

void check_host_give(struct check_host *host, const struct host_function *function) {
    host->vm_devices[host->vm.device_count++] = function->address;
}

void set_text(struct host_function *function, enum host_attribute attribute, const char *text) {
    function->attributes[attribute] = (struct host_text){.text = (char *)text};
}

void set_error(struct host_function *function, enum host_attribute attribute, int error) {
    function->attributes[attribute] = (struct host_text){.error = error};
}

void set_file(struct host_function *function, enum host_attribute attribute, const char *text, int error) {
    function->attributes[attribute] = (struct host_text){.error = text ? 0 : error, .text = (char *)text};
}

void set_driver(struct host_function *function, const char *driver) {
    snprintf(function->device.driver, sizeof(function->device.driver), "%s", driver);
}

void set_register(struct host_function *function, size_t bar, uint32_t value) {
    for (size_t i = 0; i < sizeof(value); i++)
        function->config[0x10 + 4 * bar + i] = (uint8_t)(value >> 8 * i);
}

static void make_gpu(struct host_function *gpu, struct pci_address port) {
    static const struct {
        enum host_attribute attribute;
        const char *text;
    } texts[] = {
        {HOST_POWER_STATE, "D0"},
        {HOST_RUNTIME_STATUS, "active"},
        {HOST_D3COLD_ALLOWED, "1"},
        {HOST_RESET_METHOD, "flr bus"},
        {HOST_BOOT_VGA, "0"},
        {HOST_DRIVER_OVERRIDE, "vfio-pci"},
        {HOST_LINK_SPEED, "16.0 GT/s PCIe"},
        {HOST_LINK_SPEED_MAX, "16.0 GT/s PCIe"},
        {HOST_LINK_WIDTH, "16"},
        {HOST_LINK_WIDTH_MAX, "16"},
        {HOST_AER_CORRECTABLE, "RxErr 0\nTOTAL_ERR_COR 0"},
        {HOST_AER_NONFATAL, "TLP 0\nTOTAL_ERR_NONFATAL 0"},
        {HOST_AER_FATAL, "DLP 0\nTOTAL_ERR_FATAL 0"},
        {HOST_NUMA_NODE, "0"},
        {HOST_LOCAL_CPULIST, "0-7"},
        {HOST_IOMMU_CAP, "d2008c40660462"}, /* 46 bits */
    };
    make_function(gpu, "0000:01:00.0", (struct pci_id){0x10de, 0x2484}, 0x030000);
    gpu->is_whole = true;
    gpu->device.identity.subsystem = (struct pci_id){0x1458, 0x404c};
    gpu->device.identity.revision = 0xa1;
    set_driver(gpu, "vfio-pci");
    for (enum host_attribute i = 0; i < HOST_ATTRIBUTE_COUNT; i++)
        set_error(gpu, i, ENOENT);
    for (size_t i = 0; i < COUNT(texts); i++)
        set_text(gpu, texts[i].attribute, texts[i].text);
    gpu->bars.list[0] = (struct pci_bar){.start = 0xa2000000, .size = 16 * MIB, .is_memory = true};
    gpu->bars.list[1] = (struct pci_bar){
        .start = 0x6000000000, .size = 256 * MIB, .is_memory = true, .is_64bit = true, .is_prefetchable = true};
    gpu->bars.list[3] = (struct pci_bar){
        .start = 0x6010000000, .size = 32 * MIB, .is_memory = true, .is_64bit = true, .is_prefetchable = true};
    gpu->bars.list[5] = (struct pci_bar){.start = 0x3000, .size = 128};
    gpu->bars.rom = (struct pci_bar){.start = 0xa3000000, .size = MIB / 2, .is_memory = true};
    static const uint32_t registers[] = {0xa2000000, 0x0000000c, 0x60, 0x1000000c, 0x60, 0x3001};
    for (size_t i = 0; i < COUNT(registers); i++)
        set_register(gpu, i, registers[i]);
    gpu->bridges[gpu->bridge_count++] = port;
}

void check_host_make(struct check_host *host) {
    *host = (struct check_host){
        .facts = {.functions = host->functions, .groups = host->groups, .mdevs = host->mdevs, .has_node = true}};
    struct host_node *node = &host->facts.node;
    node->has_groups = true;
    node->remapping = HOST_REMAPPING_ON;
    snprintf(node->remapping_seen, sizeof(node->remapping_seen), "kernel/irq/9/chip_name: IR-IO-APIC");
    node->unsafe_interrupts = (struct host_text){.error = ENOENT};

    make_function(&host->port, "0000:00:01.0", (struct pci_id){0x8086, 0x460d}, 0x060400);
    set_driver(&host->port, "pcieport");
    set_text(&host->port, HOST_LINK_SPEED_MAX, "16.0 GT/s PCIe");
    set_text(&host->port, HOST_LINK_WIDTH_MAX, "16");
    make_gpu(&host->gpu, host->port.address);
    make_function(&host->sound, "0000:01:00.1", (struct pci_id){0x10de, 0x228b}, 0x040300);
    set_driver(&host->sound, "vfio-pci");
    add(host, &host->port);
    add(host, &host->gpu);
    add(host, &host->sound);

    host->group = (struct host_group){.number = CHECK_GROUP, .type = "DMA-FQ", .members = host->members};
    host->groups[host->facts.group_count++] = &host->group;
    check_host_join(host, &host->gpu);
    check_host_join(host, &host->sound);

    host->mdev = (struct host_mdev){.uuid = "4b20d080-1b54-4048-85b3-a6a62d165c01",
                                    .type = "nvidia-222",
                                    .name = {.text = (char *)"GRID T4-2Q"},
                                    .driver = "nvidia-vgpu-vfio",
                                    .iommu_group = 44,
                                    .has_parent = true,
                                    .parent = host->gpu.address};
    host->mdevs[host->facts.mdev_count++] = &host->mdev;

    host->vm = (struct checked_vm){.devices = host->vm_devices,
                                   .has_guest = true,
                                   .knows_bars = true,
                                   .bars_kib = 288 * 1024,
                                   .needed_kib = KIB_PER_GIB / 2,
                                   .window_least_kib = 32 * KIB_PER_GIB,
                                   .window_most_kib = 64 * KIB_PER_GIB,
                                   .memory_kib = 16 * KIB_PER_GIB,
                                   .cpus = ""};
    check_host_give(host, &host->gpu);
    check_host_give(host, &host->sound);
    host->checked = (struct checked){.facts = &host->facts, .function = &host->gpu};
}

void check_host_in_vm(struct check_host *host) {
    host->checked.vm = &host->vm;
    host->checked.rom = CHECKED_ROM_GIVEN;
}

void check_host_as_mdev(struct check_host *host) {
    host->checked.mdev = &host->mdev;
}

void assert_finds(const struct check_host *host, enum check check, enum check_verdict verdict, const char *evidence,
                  const char *remedy, size_t row) {
    struct check_result result;
    memset(&result, 0xff, sizeof(result));
    check_run(check, &host->checked, &result);
    if (result.verdict != verdict || !strstr(result.evidence, evidence) ||
        (remedy ? !strstr(result.remedy, remedy) : result.remedy[0] != '\0'))
        fail_msg("row %zu: %s, not %s: \"%s\", remedy \"%s\"", row, verdict_name(result.verdict), verdict_name(verdict),
                 result.evidence, result.remedy);
    assert_sound(check, &result);
}

void assert_sound(enum check check, const struct check_result *result) {
    bool is_wrong = result->verdict == FAIL || result->verdict == WARN;
    bool is_fine = result->verdict == PASS || result->verdict == NOT;
    const char *tail = result->evidence + strlen(result->evidence) - (strlen(result->evidence) < 3 ? 0 : 3);
    if (!result->evidence[0] || strcmp(tail, "...") == 0 || (is_wrong && !result->remedy[0]) ||
        (is_fine && result->remedy[0]))
        fail_msg("%s: %s: \"%s\", remedy \"%s\"", check_name(check), verdict_name(result->verdict), result->evidence,
                 result->remedy);
}
