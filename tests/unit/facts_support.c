#include "facts_support.h"

const struct pci_identity facts_gpu = {.id = {0x10de, 0x2204}, .class_code = 0x030000};
const struct pci_identity facts_bridge = {.id = {0x8086, 0x1901}, .class_code = 0x060400};

const struct facts_attribute facts_attributes[HOST_ATTRIBUTE_COUNT] = {
    {HOST_POWER_STATE, "power_state", false, true, false},
    {HOST_RUNTIME_STATUS, "power/runtime_status", true, true, false},
    {HOST_D3COLD_ALLOWED, "d3cold_allowed", false, false, false},
    {HOST_RESET_METHOD, "reset_method", false, true, false},
    {HOST_BOOT_VGA, "boot_vga", false, false, false},
    {HOST_DRIVER_OVERRIDE, "driver_override", false, true, false},
    {HOST_LINK_SPEED, "current_link_speed", false, false, true},
    {HOST_LINK_SPEED_MAX, "max_link_speed", true, false, false},
    {HOST_LINK_WIDTH, "current_link_width", false, false, true},
    {HOST_LINK_WIDTH_MAX, "max_link_width", true, false, true},
    {HOST_AER_CORRECTABLE, "aer_dev_correctable", false, false, false},
    {HOST_AER_NONFATAL, "aer_dev_nonfatal", false, false, false},
    {HOST_AER_FATAL, "aer_dev_fatal", false, false, false},
    {HOST_SRIOV_NUMVFS, "sriov_numvfs", false, false, false},
    {HOST_NUMA_NODE, "numa_node", false, true, false},
    {HOST_LOCAL_CPULIST, "local_cpulist", false, true, false},
    {HOST_VGPU_TYPE, "nvidia/current_vgpu_type", false, true, false},
    {HOST_VGPU_CREATABLE, "nvidia/creatable_vgpu_types", false, true, false},
    {HOST_IOMMU_CAP, "iommu/intel-iommu/cap", false, true, false},
};

static struct pci_address address_of(const char *text) {
    struct pci_address address;
    assert_int_equal(pci_address_parse(text, &address), 0);
    return address;
}

const char *function_file(const char *address, const char *name) {
    return path_in(path_in("bus/pci/devices", address), name);
}

void put_attributes(const char *root, const char *address) {
    for (size_t i = 0; i < COUNT(facts_attributes); i++)
        put_text(root, function_file(address, facts_attributes[i].name), facts_attributes[i].name);
}

const struct host_function *add_device(struct host_facts *facts, const char *root, const char *address) {
    const struct sysfs sysfs = {.root = root};
    struct error err = {0};
    assert_int_equal(host_facts_add(facts, &sysfs, address_of(address), &err), 0);
    assert_no_error(&err);
    const struct host_function *function = host_facts_function(facts, address_of(address));
    assert_non_null(function);
    assert_true(function->is_whole);
    return function;
}

const struct host_function *find_function(const struct host_facts *facts, const char *address) {
    return host_facts_function(facts, address_of(address));
}

void check_addresses(const struct pci_address *list, size_t count, const char *expected, const char *file, int line) {
    CLEANUP(buffer_free) struct buffer text = {0};
    for (size_t i = 0; i < count; i++) {
        char address[PCI_ADDRESS_TEXT_MAX];
        buffer_printf(&text, "%s%s", i ? " " : "", pci_address_format(list[i], address));
    }
    check_bytes(buffer_bytes(&text), expected, file, line);
}

void check_functions(const struct host_facts *facts, const char *expected, const char *file, int line) {
    struct pci_address all[16];
    assert_true(facts->function_count <= COUNT(all));
    for (size_t i = 0; i < facts->function_count; i++)
        all[i] = facts->functions[i]->address;
    check_addresses(all, facts->function_count, expected, file, line);
}
