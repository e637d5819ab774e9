/* host/facts: what is read of a device and of the bridges above it, and what must not be read. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facts_support.h"

/* --- one function -------------------------------------------------------------------------------------------- */

static void attributes_of_a_device(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0}, damaged = {0};
    put_sysfs_device(*state, "0000:e5:00.0", &facts_gpu);
    put_sysfs_device(*state, "0000:e6:00.0", &facts_gpu);
    put_attributes(*state, "0000:e5:00.0");
    const struct host_function *function = add_device(&facts, *state, "0000:e5:00.0"),
                               *bare = add_device(&facts, *state, "0000:e6:00.0");
    assert_int_equal(function->device.state, HOST_PRESENT);
    assert_int_equal(function->device.identity.id.device, 0x2204);
    for (size_t i = 0; i < COUNT(facts_attributes); i++) {
        const struct host_text *text = &function->attributes[facts_attributes[i].attribute];
        assert_string_equal(host_attribute_name(facts_attributes[i].attribute), facts_attributes[i].name);
        assert_int_equal(text->error, 0);
        assert_true(host_text_is(text, facts_attributes[i].name));
        assert_int_equal(bare->attributes[i].error, ENOENT);
        assert_null(bare->attributes[i].text);
    }
    /* A FIFO must not be waited for. */
    for (size_t i = 0; i < COUNT(facts_attributes); i++) {
        unlink(path_in(*state, function_file("0000:e5:00.0", facts_attributes[i].name)));
        assert_int_equal(mkfifo(path_in(*state, function_file("0000:e5:00.0", facts_attributes[i].name)), 0600), 0);
    }
    assert_int_equal(mkfifo(path_in(*state, DEVICE "config"), 0600), 0);
    assert_int_equal(mkfifo(path_in(*state, DEVICE "resource"), 0600), 0);
    function = add_device(&damaged, *state, "0000:e5:00.0");
    for (size_t i = 0; i < COUNT(facts_attributes); i++)
        assert_int_equal(function->attributes[i].error, EINVAL);
    assert_int_equal(function->config_error, EINVAL);
    assert_int_equal(function->bars_error, EINVAL);
}

static void config(void **state) {
    static const struct {
        size_t size; /* of the file */
        int error;
    } cases[] = {{0, EINVAL}, {63, EINVAL}, {64, 0}, {65, 0}, {256, 0}, {4096, 0}, {4097, 0}};
    uint8_t content[4097];
    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = (uint8_t)(i + 1);
    put_sysfs_device(*state, "0000:e5:00.0", &facts_gpu);
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(host_facts_free) struct host_facts facts = {0};
        put_file(*state, DEVICE "config", (struct bytes){content, cases[i].size});
        const struct host_function *function = add_device(&facts, *state, "0000:e5:00.0");
        assert_int_equal(function->config_error, cases[i].error);
        if (!cases[i].error)
            assert_memory_equal(function->config, content, HOST_CONFIG_SIZE);
    }
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    unlink(path_in(*state, DEVICE "config"));
    assert_int_equal(add_device(&facts, *state, "0000:e5:00.0")->config_error, ENOENT);
}

static void bars(void **state) {
#define NO_WINDOW "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
#define WINDOWS                                                                                                        \
    "0x0000006000000000 0x00000067ffffffff 0x000000000014220c\n" NO_WINDOW NO_WINDOW NO_WINDOW NO_WINDOW NO_WINDOW
    static const struct {
        const char *content;
        int error;
        uint64_t size;
    } cases[] = {
        {NULL, ENOENT, 0},
        {"", EINVAL, 0},
        {"garbage", EINVAL, 0},
        {WINDOWS, 0, UINT64_C(32) << 30},
        {WINDOWS NO_WINDOW NO_WINDOW, 0, UINT64_C(32) << 30},
    };
    put_sysfs_device(*state, "0000:e5:00.0", &facts_gpu);
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(host_facts_free) struct host_facts facts = {0};
        if (cases[i].content)
            put_text(*state, DEVICE "resource", cases[i].content);
        const struct host_function *function = add_device(&facts, *state, "0000:e5:00.0");
        assert_int_equal(function->bars_error, cases[i].error);
        assert_true(function->bars.list[0].size == cases[i].size);
    }
    /* Half a file tells nothing. */
    CLEANUP(buffer_free) struct buffer large = {0};
    buffer_append_text(&large, WINDOWS NO_WINDOW);
    while (large.size < 4095)
        buffer_append_text(&large, "x");
    for (int is_too_large = 0; is_too_large < 2; is_too_large++) {
        CLEANUP(host_facts_free) struct host_facts facts = {0};
        put_file(*state, DEVICE "resource", buffer_bytes(&large));
        const struct host_function *function = add_device(&facts, *state, "0000:e5:00.0");
        assert_int_equal(function->bars_error, is_too_large ? EFBIG : 0);
        assert_true(function->bars.list[0].size == (is_too_large ? 0 : UINT64_C(32) << 30));
        buffer_append_text(&large, "x");
    }
}

/* To be there is enough. */
static void files(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    put_sysfs_device(*state, "0000:e5:00.0", &facts_gpu);
    put_sysfs_device(*state, "0000:e5:00.1", &facts_gpu);
    put_sysfs_device(*state, "0000:e6:00.0", &facts_gpu);
    put_text(*state, DEVICE "rom", "");
    put_text(*state, DEVICE "reset", "");
    put_folder(*state, DEVICE "vfio-dev/vfio0");
    put_folder(*state, DEVICE "mdev_supported_types");
    put_folder(*state, DEVICES "0000:e5:00.1/vfio-dev");
    const struct host_function *function = add_device(&facts, *state, "0000:e5:00.0");
    assert_int_equal(function->rom_error, 0);
    assert_int_equal(function->reset_error, 0);
    assert_true(function->has_vfio_device);
    assert_true(function->has_mdev_types);
    assert_true(find_function(&facts, "0000:e5:00.1")->has_vfio_device);
    function = add_device(&facts, *state, "0000:e6:00.0");
    assert_int_equal(function->rom_error, ENOENT);
    assert_int_equal(function->reset_error, ENOENT);
    /* Where reset_method names the methods, and of a virtual function's ROM, nobody asks. */
    put_sysfs_device(*state, "0000:e7:00.0", &facts_gpu);
    put_text(*state, DEVICES "0000:e7:00.0/reset", "");
    put_text(*state, DEVICES "0000:e7:00.0/reset_method", "flr bus\n");
    put_text(*state, DEVICES "0000:e7:00.0/rom", "");
    put_link(*state, DEVICES "0000:e7:00.0/physfn", "../0000:e5:00.0");
    const struct host_function *virtual = add_device(&facts, *state, "0000:e7:00.0");
    assert_int_equal(virtual->reset_error, ENOENT);
    assert_int_equal(virtual->rom_error, ENOENT);
    assert_false(function->has_vfio_device);
    assert_false(function->has_mdev_types);
}

static void iommu_widths(void **state) {
    static const struct {
        const char *cap; /* NULL: no such file */
        unsigned width;
    } cases[] = {
        {NULL, 0},
        {"d2008c222f0686\n", 48},   /* a Xeon: MGAW 0x2f */
        {"d2008c40660462\n", 39},   /* a desktop: MGAW 0x26 */
        {"c9de008cee690462\n", 42}, /* sixteen digits */
        {"D2008C40660462", 39},
        {"ffffffffffffffff\n", 64},
        {"400000\n", 0}, /* the bits above do not count */
        {"5f0000\n", 32},
        {"0\n", 0}, /* 1 bit, and 31: nobody's */
        {"1e0000\n", 0},
        {"1f0000\n", 32},
        {"", 0},
        {"\n", 0},
        {"zz\n", 0},
        {"d2008c40660462 x\n", 0},
        {"0d2008c40660462\n", 39},
        {"0123456789abcdef0\n", 0},
        {"000d2008c40660462\n", 0},
        {"0x2008c40660462\n", 0}, /* as the kernel never writes it */
        {"-1\n", 0},
        {"+d2008c40660462\n", 0},
        {" d2008c40660462\n", 0},
    };
    put_sysfs_device(*state, "0000:e5:00.0", &facts_gpu);
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(host_facts_free) struct host_facts facts = {0};
        if (cases[i].cap)
            put_text(*state, DEVICE "iommu/intel-iommu/cap", cases[i].cap);
        unsigned width = host_iommu_width(add_device(&facts, *state, "0000:e5:00.0"));
        if (width != cases[i].width)
            fail_msg("row %zu: %u", i, width);
    }
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    assert_int_equal(host_iommu_width(add_device(&facts, *state, "0000:e6:00.0")), 0);
}

/* --- bridges, and who sleeps --------------------------------------------------------------------------------- */

/* A function in the kernel's own folder for it: below `parent`, "devices/pci0000:00/0000:00:01.0". */
static void put_below(const char *root, const char *parent, const char *address, const struct pci_identity *identity) {
    char folder[PATH_MAX], target[PATH_MAX];
    snprintf(folder, sizeof(folder), "%s/%s", parent, address);
    snprintf(target, sizeof(target), "../../../%s", folder);
    put_folder(root, folder);
    put_link(root, path_in("bus/pci/devices", address), target);
    put_sysfs_device(root, address, identity);
    put_attributes(root, address);
}

#define PORT   "devices/pci0000:00/0000:00:01.0"
#define SWITCH PORT "/0000:01:00.0/0000:02:08.0"

static void bridges(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    put_below(*state, "devices/pci0000:00", "0000:00:01.0", &facts_bridge);
    put_below(*state, PORT, "0000:01:00.0", &facts_bridge);
    put_link(*state, function_file("0000:01:00.0", "driver"), "../../../../bus/pci/drivers/pcieport");
    put_below(*state, PORT "/0000:01:00.0", "0000:02:08.0", &facts_bridge);
    put_below(*state, SWITCH, "0000:03:00.0", &facts_gpu);
    put_below(*state, "devices/pci0000:00", "0000:00:02.0", &facts_gpu);
    const struct host_function *function = add_device(&facts, *state, "0000:03:00.0");
    assert_addresses(function->bridges, function->bridge_count, "0000:00:01.0 0000:01:00.0 0000:02:08.0");
    assert_functions(&facts, "0000:00:01.0 0000:01:00.0 0000:02:08.0 0000:03:00.0");
    for (size_t i = 0; i < 3; i++) {
        const struct host_function *above = facts.functions[i];
        assert_false(above->is_identified); /* nobody asks what it is, and libpci opens six files */
        assert_int_equal(above->device.state, HOST_UNKNOWN);
        assert_int_equal(above->device.iommu_group, HOST_GROUP_UNKNOWN);
        assert_string_equal(above->device.driver, i == 1 ? "pcieport" : "");
        assert_false(above->is_whole);
        for (size_t j = 0; j < COUNT(facts_attributes); j++) {
            const char *text = above->attributes[facts_attributes[j].attribute].text;
            if (facts_attributes[j].of_bridges)
                assert_string_equal(text, facts_attributes[j].name);
            else
                assert_null(text);
        }
    }
    assert_int_equal(add_device(&facts, *state, "0000:00:02.0")->bridge_count, 0);
    /* It becomes a device: what was not read of it is read now. */
    const struct host_function *above = find_function(&facts, "0000:01:00.0");
    put_text(*state, function_file("0000:01:00.0", "max_link_speed"), "8.0 GT/s PCIe\n");
    assert_ptr_equal(add_device(&facts, *state, "0000:01:00.0"), above);
    for (size_t i = 0; i < COUNT(facts_attributes); i++)
        assert_true(host_text_is(&above->attributes[facts_attributes[i].attribute], facts_attributes[i].name));
    assert_addresses(above->bridges, above->bridge_count, "0000:00:01.0");
    assert_true(above->is_identified);
    assert_int_equal(above->device.identity.id.device, 0x1901);
}

/* A snapshot may be anywhere. */
static void a_folder_named_as_a_bridge(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    char root[PATH_MAX];
    snprintf(root, sizeof(root), "%s/0000:3b:00.0", (const char *)*state);
    put_folder(*state, "0000:3b:00.0");
    put_below(root, "devices/pci0000:00", "0000:00:02.0", &facts_gpu);
    assert_int_equal(add_device(&facts, root, "0000:00:02.0")->bridge_count, 0);
    put_sysfs_device(root, "0000:e5:00.0", &facts_gpu); /* no link, as nobody's /sys has it */
    assert_int_equal(add_device(&facts, root, "0000:e5:00.0")->bridge_count, 0);
}

/* What was read of a device stays, even if it is a bridge above another one. */
static void a_device_that_is_a_bridge(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    put_below(*state, "devices/pci0000:00", "0000:00:01.0", &facts_bridge);
    put_below(*state, PORT, "0000:01:00.0", &facts_gpu);
    const struct host_function *above = add_device(&facts, *state, "0000:00:01.0");
    const char *status = above->attributes[HOST_RUNTIME_STATUS].text;
    put_text(*state, function_file("0000:00:01.0", "power/runtime_status"), "suspended\n");
    assert_int_equal(add_device(&facts, *state, "0000:01:00.0")->bridge_count, 1);
    assert_ptr_equal(above->attributes[HOST_RUNTIME_STATUS].text, status);
    assert_string_equal(status, "power/runtime_status");
}

/* Nobody has so many: those next to the device, which decide whether it may be woken, are kept. */
static void many_bridges(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    char parent[PATH_MAX] = "devices";
    for (unsigned i = 1; i <= HOST_BRIDGES_MAX + 2; i++) {
        char address[PCI_ADDRESS_TEXT_MAX];
        put_below(*state, parent, pci_address_format((struct pci_address){0, (uint8_t)i, 0, 0}, address),
                  &facts_bridge);
        snprintf(parent + strlen(parent), sizeof(parent) - strlen(parent), "/%s", address);
        const struct host_function *function = add_device(&facts, *state, address);
        assert_int_equal(function->bridge_count, i <= HOST_BRIDGES_MAX ? i - 1 : HOST_BRIDGES_MAX);
        for (size_t j = 0; j < function->bridge_count; j++)
            assert_int_equal(function->bridges[j].bus, i - function->bridge_count + j);
    }
}

#define LEAF  DEVICES "0000:02:00.0/"
#define BELOW "devices/pci0000:00/0000:00:01.0/0000:01:00.0"

/* A device below two bridges: a root port, and one below that. */
static void put_chain(const char *root) {
    static const uint8_t content[HOST_CONFIG_SIZE] = {0xde, 0x10};
    put_below(root, "devices/pci0000:00", "0000:00:01.0", &facts_bridge);
    put_below(root, PORT, "0000:01:00.0", &facts_bridge);
    put_below(root, BELOW, "0000:02:00.0", &facts_gpu);
    put_file(root, LEAF "config", (struct bytes){content, sizeof(content)});
}

static void replace_text(const char *root, const char *name, const char *text) {
    unlink(path_in(root, name));
    if (text)
        put_text(root, name, text);
}

/* Linux drivers/pci/pci.c (pci_config_pm_runtime_get) says whom a read of the configuration space wakes; files of the
 * link do the same since 6.18. */
static void asleep(void **state) {
    static const struct {
        const char *power, *status, *port, *downstream; /* NULL: cannot be read */
        bool is_read;
    } cases[] = {
        {"D0", "active", "active", "active", true},
        {"D3hot", "suspended", "active", "active", true},
        {"D3cold", "suspended", "active", "active", false},
        {"D3cold", "suspending", "active", "active", false},
        {"D3cold", NULL, "active", "active", false},
        {"D3cold", "active", "active", "active", true}, /* as a driver leaves it that knows nothing of D3cold */
        {"D3cold", "active", "active", "suspended", false},
        {"D0", "active", "suspended", "active", false},
        {"D0", "active", "active", "suspended", false},
        {NULL, "active", "active", "active", true},
        {NULL, "suspended", "active", "active", false}, /* perhaps in D3cold */
        {NULL, NULL, "active", "suspended", false},
        {NULL, NULL, NULL, NULL, true},
        {"unknown", "unsupported", "unsupported", "unsupported", true},
    };
    put_chain(*state);
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(host_facts_free) struct host_facts facts = {0};
        replace_text(*state, LEAF "power_state", cases[i].power);
        replace_text(*state, LEAF "power/runtime_status", cases[i].status);
        replace_text(*state, DEVICES "0000:00:01.0/power/runtime_status", cases[i].port);
        replace_text(*state, DEVICES "0000:01:00.0/power/runtime_status", cases[i].downstream);
        const struct host_function *function = add_device(&facts, *state, "0000:02:00.0");
        if (function->config_error != (cases[i].is_read ? 0 : EAGAIN) ||
            function->config[0] != (cases[i].is_read ? 0xde : 0))
            fail_msg("row %zu: %d", i, function->config_error);
        for (size_t j = 0; j < COUNT(facts_attributes); j++) {
            const struct host_text *text = &function->attributes[facts_attributes[j].attribute];
            const bool is_read = cases[i].is_read || !facts_attributes[j].when_awake;
            if (facts_attributes[j].attribute == HOST_POWER_STATE ||
                facts_attributes[j].attribute == HOST_RUNTIME_STATUS)
                continue;
            if (text->error != (is_read ? 0 : EAGAIN) || host_text_is(text, facts_attributes[j].name) != is_read)
                fail_msg("row %zu: %s: %d", i, facts_attributes[j].name, text->error);
        }
    }
}

/* A bridge is not woken either, by itself or by those above it. */
static void sleeping_bridges(void **state) {
    static const struct {
        const char *port, *downstream;
        int port_error, downstream_error;
    } cases[] = {
        {"active", "active", 0, 0},
        {"active", "suspended", 0, EAGAIN},
        {"suspended", "active", EAGAIN, EAGAIN},
        {"suspending", NULL, 0, 0},
    };
    put_chain(*state);
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(host_facts_free) struct host_facts facts = {0};
        replace_text(*state, DEVICES "0000:00:01.0/power/runtime_status", cases[i].port);
        replace_text(*state, DEVICES "0000:01:00.0/power/runtime_status", cases[i].downstream);
        add_device(&facts, *state, "0000:02:00.0");
        const struct host_text *port = find_function(&facts, "0000:00:01.0")->attributes,
                               *downstream = find_function(&facts, "0000:01:00.0")->attributes;
        assert_int_equal(port[HOST_LINK_WIDTH_MAX].error, cases[i].port_error);
        assert_int_equal(downstream[HOST_LINK_WIDTH_MAX].error, cases[i].downstream_error);
        assert_true(host_text_is(&port[HOST_LINK_SPEED_MAX], "max_link_speed"));
        assert_true(host_text_is(&downstream[HOST_LINK_SPEED_MAX], "max_link_speed"));
        /* Of a device the state is read, too: this one is not in D3cold. */
        add_device(&facts, *state, "0000:00:01.0");
        assert_true(host_text_is(&port[HOST_LINK_WIDTH_MAX], "max_link_width"));
    }
}

static void append_read(void *context, const char *path, enum sysfs_look look) {
    if (look == SYSFS_READ)
        buffer_printf(context, "%s\n", path);
}

/* What sleeps stays asleep, and no ROM is read: some devices do not survive that. */
static void not_touched(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    CLEANUP(buffer_free) struct buffer seen = {0};
    const struct sysfs sysfs = {.root = *state, .seen = append_read, .context = &seen};
    struct error err = {0};
    put_sysfs_device(*state, "0000:e5:00.0", &facts_gpu);
    put_text(*state, DEVICE "power_state", "D3cold\n");
    put_text(*state, DEVICE "config", "");
    put_text(*state, DEVICE "rom", "");
    put_text(*state, DEVICE "reset", "");
    assert_int_equal(host_facts_add(&facts, &sysfs, (struct pci_address){0, 0xe5, 0, 0}, &err), 0);
    assert_non_null(strstr(seen.data, DEVICE "power_state\n"));
    static const char *const names[] = {DEVICE "config", DEVICE "rom", DEVICE "reset"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_null(strstr(seen.data, names[i]));
}

/* --- all of them --------------------------------------------------------------------------------------------- */

static void order(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    struct sequence sequence = {7};
    put_folder(*state, "bus/pci/devices");
    for (int i = 0; i < 100; i++) {
        char text[PCI_ADDRESS_TEXT_MAX];
        struct pci_address address = {sequence_below(&sequence, 2) * 0xffff0000, (uint8_t)sequence_below(&sequence, 8),
                                      (uint8_t)sequence_below(&sequence, 4), (uint8_t)sequence_below(&sequence, 2)};
        size_t count = facts.function_count;
        bool is_known = host_facts_function(&facts, address) != NULL;
        const struct host_function *function = add_device(&facts, *state, pci_address_format(address, text));
        assert_true(pci_address_equal(function->address, address));
        assert_int_equal(facts.function_count, count + !is_known);
        for (size_t j = 1; j < facts.function_count; j++)
            assert_true(pci_address_compare(facts.functions[j - 1]->address, facts.functions[j]->address) < 0);
    }
    assert_in_range(facts.function_count, 50, 100);
}

/* A device stays as it was read, and so does the node. */
static void twice(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    put_sysfs_device(*state, "0000:e5:00.0", &facts_gpu);
    put_sysfs_device(*state, "0000:e5:00.1", &facts_bridge);
    put_text(*state, DEVICE "power_state", "D0\n");
    const struct host_function *function = add_device(&facts, *state, "0000:e5:00.0");
    assert_true(facts.has_node);
    assert_int_equal(facts.node.unsafe_interrupts.error, ENOENT);
    put_text(*state, "module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "N\n");
    put_text(*state, DEVICE "power_state", "D3cold\n");
    assert_ptr_equal(add_device(&facts, *state, "0000:e5:00.0"), function);
    assert_true(host_text_is(&function->attributes[HOST_POWER_STATE], "D0"));
    /* A neighbour becomes a device, whose pointer stays. */
    const struct host_function *neighbour = find_function(&facts, "0000:e5:00.1");
    put_text(*state, DEVICES "0000:e5:00.1/power_state", "D3hot\n");
    assert_ptr_equal(add_device(&facts, *state, "0000:e5:00.1"), neighbour);
    assert_true(host_text_is(&neighbour->attributes[HOST_POWER_STATE], "D3hot"));
    assert_int_equal(facts.function_count, 2);
    assert_int_equal(facts.node.unsafe_interrupts.error, ENOENT);
    host_facts_free(&facts);
    assert_false(facts.has_node);
    assert_int_equal(facts.function_count, 0);
    add_device(&facts, *state, "0000:e5:00.0");
    assert_true(host_text_is(&facts.node.unsafe_interrupts, "N"));
}

/* Of what is not there nothing is read, of what cannot be read all that can. */
static void absent_and_unknown(void **state) {
    CLEANUP(host_facts_free) struct host_facts facts = {0}, unknown = {0}, none = {0};
    put_sysfs_device(*state, "0000:e5:00.1", &facts_gpu);
    const struct host_function *function = add_device(&facts, *state, "0000:e5:00.0");
    assert_int_equal(function->device.state, HOST_ABSENT);
    assert_null(function->attributes[HOST_POWER_STATE].text);
    assert_functions(&facts, "0000:e5:00.0");
    assert_true(facts.has_node);
    put_attributes(*state, "0000:e5:00.0");
    function = add_device(&unknown, *state, "0000:e5:00.0");
    assert_int_equal(function->device.state, HOST_UNKNOWN);
    assert_true(host_text_is(&function->attributes[HOST_POWER_STATE], "power_state"));
    assert_functions(&unknown, "0000:e5:00.0 0000:e5:00.1");
    function = add_device(&none, path_in(*state, "absent"), "0000:e5:00.0");
    assert_int_equal(function->device.state, HOST_UNKNOWN);
    assert_int_equal(function->attributes[HOST_POWER_STATE].error, ENOENT);
    assert_int_equal(function->config_error, ENOENT);
    assert_int_equal(function->bars_error, ENOENT);
    assert_int_equal(function->rom_error, ENOENT);
    assert_int_equal(none.node.groups_error, ENOENT);
    assert_int_equal(none.group_count, 0);
}

static void freed(void **state) {
    (void)state;
    struct host_facts facts = {0};
    host_facts_free(&facts);
    host_facts_free(&facts);
    assert_null(find_function(&facts, "0000:e5:00.0"));
    assert_null(host_facts_group(&facts, 0));
    assert_null(host_facts_mdev(&facts, "5d307ca9-b3ef-428c-8861-06e72d69f223"));
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(attributes_of_a_device),
        FOLDER_TEST(config),
        FOLDER_TEST(bars),
        FOLDER_TEST(files),
        FOLDER_TEST(iommu_widths),
        FOLDER_TEST(bridges),
        FOLDER_TEST(a_folder_named_as_a_bridge),
        FOLDER_TEST(a_device_that_is_a_bridge),
        FOLDER_TEST(many_bridges),
        FOLDER_TEST(asleep),
        FOLDER_TEST(sleeping_bridges),
        FOLDER_TEST(not_touched),
        FOLDER_TEST(order),
        FOLDER_TEST(twice),
        FOLDER_TEST(absent_and_unknown),
        cmocka_unit_test(freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
