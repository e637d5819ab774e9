#include "host/facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "host/node.h"

/* Of which functions a file is read: of the devices of the facts always, but where they are virtual functions that
 * cannot have it; and of which neighbours. */
enum breadth {
    OF_EACH = 1,     /* of virtual functions, too */
    OF_PHYSICAL = 2, /* not of those */
    OF_BRIDGE = 4,   /* and of the bridges above a device */
    OF_VIRTUAL = 8,  /* and of neighbours that are virtual functions */
    WHEN_AWAKE = 16, /* to read it reads the configuration space */
};

static const struct {
    const char *name;
    unsigned breadth;
} attribute_table[HOST_ATTRIBUTE_COUNT] = {
    [HOST_POWER_STATE] = {"power_state", OF_EACH},
    [HOST_RUNTIME_STATUS] = {"power/runtime_status", OF_EACH | OF_BRIDGE},
    [HOST_D3COLD_ALLOWED] = {"d3cold_allowed", OF_PHYSICAL},
    [HOST_RESET_METHOD] = {"reset_method", OF_EACH},
    [HOST_BOOT_VGA] = {"boot_vga", OF_PHYSICAL},
    [HOST_DRIVER_OVERRIDE] = {"driver_override", OF_EACH},
    [HOST_LINK_SPEED] = {"current_link_speed", OF_PHYSICAL | WHEN_AWAKE},
    [HOST_LINK_SPEED_MAX] = {"max_link_speed", OF_PHYSICAL | OF_BRIDGE},
    [HOST_LINK_WIDTH] = {"current_link_width", OF_PHYSICAL | WHEN_AWAKE},
    [HOST_LINK_WIDTH_MAX] = {"max_link_width", OF_PHYSICAL | OF_BRIDGE | WHEN_AWAKE},
    [HOST_AER_CORRECTABLE] = {"aer_dev_correctable", OF_PHYSICAL},
    [HOST_AER_NONFATAL] = {"aer_dev_nonfatal", OF_PHYSICAL},
    [HOST_AER_FATAL] = {"aer_dev_fatal", OF_PHYSICAL},
    [HOST_SRIOV_NUMVFS] = {"sriov_numvfs", OF_PHYSICAL},
    [HOST_NUMA_NODE] = {"numa_node", OF_EACH},
    [HOST_LOCAL_CPULIST] = {"local_cpulist", OF_EACH},
    [HOST_VGPU_TYPE] = {"nvidia/current_vgpu_type", OF_EACH | OF_VIRTUAL},
    [HOST_VGPU_CREATABLE] = {"nvidia/creatable_vgpu_types", OF_EACH},
    [HOST_IOMMU_CAP] = {"iommu/intel-iommu/cap", OF_EACH},
};

const char *host_attribute_name(enum host_attribute attribute) {
    return attribute_table[attribute].name;
}

/* --- what was read, in order --------------------------------------------------------------------------------- */

/* Where the address stands, or would stand. */
static size_t place_of(const struct host_facts *facts, struct pci_address address, bool *found) {
    size_t first = 0, end = facts->function_count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        int order = pci_address_compare(facts->functions[middle]->address, address);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    *found = false;
    return first;
}

const struct host_function *host_facts_function(const struct host_facts *facts, struct pci_address address) {
    bool found;
    size_t place = place_of(facts, address, &found);
    return found ? facts->functions[place] : NULL;
}

const struct host_group *host_facts_group(const struct host_facts *facts, int number) {
    size_t first = 0, end = facts->group_count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (facts->groups[middle]->number == number)
            return facts->groups[middle];
        if (facts->groups[middle]->number < number)
            first = middle + 1;
        else
            end = middle;
    }
    return NULL;
}

const struct host_mdev *host_facts_mdev(const struct host_facts *facts, const char *uuid) {
    for (size_t i = 0; i < facts->mdev_count; i++)
        if (strcasecmp(facts->mdevs[i]->uuid, uuid) == 0)
            return facts->mdevs[i];
    return NULL;
}

/* --- one function -------------------------------------------------------------------------------------------- */

/* Linux drivers/pci/pci.c (pci_config_pm_runtime_get): to read the configuration space wakes the bridge above, and the
 * function itself where it is in D3cold. Since 6.18 the files of the link do it too (drivers/pci/pci-sysfs.c). */
static bool is_asleep(const struct host_facts *facts, const struct host_function *function) {
    const struct host_text *state = &function->attributes[HOST_POWER_STATE];
    const struct host_text *status = &function->attributes[HOST_RUNTIME_STATUS];
    /* Of a bridge the state is not read: one that sleeps may be in D3cold. */
    if (host_text_is(state, "D3cold") ? !host_text_is(status, "active")
                                      : !state->text && host_text_is(status, "suspended"))
        return true;
    for (size_t i = 0; i < function->bridge_count; i++) {
        const struct host_function *bridge = host_facts_function(facts, function->bridges[i]);
        if (bridge && host_text_is(&bridge->attributes[HOST_RUNTIME_STATUS], "suspended"))
            return true;
    }
    return false;
}

static int read_attribute(const struct sysfs *sysfs, struct host_function *function, enum host_attribute attribute,
                          struct error *err) {
    char path[SYSFS_PATH_MAX];
    const char *name = attribute_table[attribute].name;
    return host_text_read(sysfs, sysfs_pci_path(function->address, name, path), &function->attributes[attribute], err);
}

/* Reads the files whose breadth has one of these bits, unless they were read before: those that may wake the function
 * (or a bridge above it) behind the others, and only where it is awake. */
static int read_attributes(const struct host_facts *facts, const struct sysfs *sysfs, struct host_function *function,
                           unsigned breadth, struct error *err) {
    for (unsigned pass = 0; pass <= WHEN_AWAKE; pass += WHEN_AWAKE) {
        const bool asleep = pass && is_asleep(facts, function);
        for (enum host_attribute i = 0; i < HOST_ATTRIBUTE_COUNT; i++) {
            struct host_text *text = &function->attributes[i];
            if (text->text || (attribute_table[i].breadth & WHEN_AWAKE) != pass)
                continue;
            if (!(attribute_table[i].breadth & breadth))
                continue;
            if (asleep)
                text->error = EAGAIN;
            else if (read_attribute(sysfs, function, i, err) < 0)
                return -1;
        }
    }
    return 0;
}

static void read_bars(const struct sysfs *sysfs, struct host_function *function) {
    char content[4096], path[SYSFS_PATH_MAX];
    ssize_t size = sysfs_read(sysfs, sysfs_pci_path(function->address, "resource", path), content, sizeof(content));
    function->bars_error = size < 0 ? (int)-size : 0;
    if (size >= 0 && pci_resource_parse((struct bytes){(const uint8_t *)content, (size_t)size}, &function->bars) < 0)
        function->bars_error = EINVAL;
}

static void read_config(const struct host_facts *facts, const struct sysfs *sysfs, struct host_function *function) {
    char path[SYSFS_PATH_MAX];
    if (is_asleep(facts, function)) {
        function->config_error = EAGAIN;
        return;
    }
    ssize_t size =
        sysfs_read_start(sysfs, sysfs_pci_path(function->address, "config", path), function->config, HOST_CONFIG_SIZE);
    function->config_error = size < 0 ? (int)-size : size < HOST_CONFIG_SIZE ? EINVAL : 0;
}

/* The function at the address, made if it is new: nothing is looked at. NULL without memory. */
static struct host_function *place_function(struct host_facts *facts, struct pci_address address, struct error *err) {
    bool found;
    size_t place = place_of(facts, address, &found);
    if (found)
        return facts->functions[place];
    struct host_function **list = reallocarray(facts->functions, facts->function_count + 1, sizeof(*list));
    if (list)
        facts->functions = list;
    struct host_function *function = list ? calloc(1, sizeof(*function)) : NULL;
    if (!function) {
        error_no_memory(err);
        return NULL;
    }
    memmove(list + place + 1, list + place, (facts->function_count - place) * sizeof(*list));
    list[place] = function;
    facts->function_count++;
    function->address = address;
    function->device.iommu_group = HOST_GROUP_UNKNOWN;
    function->config_error = function->bars_error = function->rom_error = function->reset_error = ENOENT;
    for (size_t i = 0; i < HOST_ATTRIBUTE_COUNT; i++)
        function->attributes[i].error = ENOENT;
    return function;
}

/* The same, with its identity. */
static struct host_function *add_function(struct host_facts *facts, const struct sysfs *sysfs,
                                          struct pci_address address, struct error *err) {
    char folder[SYSFS_PATH_MAX], path[SYSFS_PATH_MAX];
    struct host_function *function = place_function(facts, address, err);
    if (!function || function->is_identified)
        return function;
    struct sysfs_names names;
    CLEANUP(sysfs_leave) struct sysfs inside;
    sysfs_enter(sysfs, sysfs_pci_path(address, NULL, folder), &names, &inside);
    function->is_identified = true;
    if (host_read_device(&inside, address, &function->device, err) < 0)
        return NULL;
    function->has_vfio_device = sysfs_find(&inside, sysfs_pci_path(address, "vfio-dev", path)) == 0;
    if (function->device.is_virtual && read_attributes(facts, &inside, function, OF_VIRTUAL, err) < 0)
        return NULL;
    return function;
}

/* --- what is around it --------------------------------------------------------------------------------------- */

static int add_slot(struct host_facts *facts, const struct sysfs *sysfs, struct pci_address of, struct error *err) {
    char path[SYSFS_PATH_MAX];
    struct pci_address address = of;
    for (address.function = 0; address.function < 8; address.function++)
        if (address.function != of.function && sysfs_find(sysfs, sysfs_pci_path(address, NULL, path)) == 0 &&
            !add_function(facts, sysfs, address, err))
            return -1;
    return 0;
}

/* What counts of `bridge` as the next one above `function`. */
static int read_bridge(const struct host_facts *facts, const struct sysfs *sysfs, const struct host_function *function,
                       struct host_function *bridge, struct error *err) {
    char folder[SYSFS_PATH_MAX];
    CLEANUP(sysfs_leave) struct sysfs inside;
    sysfs_enter(sysfs, sysfs_pci_path(bridge->address, NULL, folder), NULL, &inside);
    bridge->bridge_count = function->bridge_count;
    memcpy(bridge->bridges, function->bridges, sizeof(bridge->bridges));
    if (!bridge->is_identified)
        host_read_driver(&inside, bridge->address, &bridge->device);
    return read_attributes(facts, &inside, bridge, OF_BRIDGE, err);
}

static int add_bridges(struct host_facts *facts, const struct sysfs *sysfs, struct host_function *function,
                       struct error *err) {
    char path[SYSFS_PATH_MAX], target[PATH_MAX], *rest = NULL;
    /* "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0" */
    if (sysfs_read_target(sysfs, sysfs_pci_path(function->address, NULL, path), target) < 0)
        return 0;
    for (const char *part = strtok_r(target, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
        struct pci_address address;
        if (pci_address_parse(part, &address) < 0 || pci_address_equal(address, function->address))
            continue;
        struct host_function *bridge = place_function(facts, address, err);
        if (!bridge || (!bridge->is_whole && read_bridge(facts, sysfs, function, bridge, err) < 0))
            return -1;
        if (function->bridge_count == HOST_BRIDGES_MAX)
            memmove(function->bridges, function->bridges + 1, --function->bridge_count * sizeof(address));
        function->bridges[function->bridge_count++] = address;
    }
    return 0;
}

static int add_physical(struct host_facts *facts, const struct sysfs *sysfs, struct host_function *function,
                        struct error *err) {
    return !function->device.has_physical || add_function(facts, sysfs, function->device.physical, err) ? 0 : -1;
}

struct members {
    struct host_group *group;
    struct error *err;
    bool failed;
};

static int add_member(void *context, const char *name) {
    struct members *members = context;
    struct host_group *group = members->group;
    struct pci_address address;
    if (pci_address_parse(name, &address) < 0)
        return 0;
    struct pci_address *list = reallocarray(group->members, group->count + 1, sizeof(*list));
    if (!list) {
        members->failed = true;
        return error_no_memory(members->err);
    }
    group->members = list;
    list[group->count++] = address;
    return 0;
}

static int compare_addresses(const void *a, const void *b) {
    return pci_address_compare(*(const struct pci_address *)a, *(const struct pci_address *)b);
}

static int read_group(const struct sysfs *sysfs, struct host_group *group, struct error *err) {
    char path[SYSFS_PATH_MAX], name[32];
    struct members members = {group, err, false};
    snprintf(path, sizeof(path), "kernel/iommu_groups/%d/devices", group->number);
    group->error = -sysfs_list(sysfs, path, add_member, &members);
    if (members.failed)
        return -1;
    if (group->count)
        qsort(group->members, group->count, sizeof(*group->members), compare_addresses);
    snprintf(path, sizeof(path), "kernel/iommu_groups/%d/type", group->number);
    ssize_t size = sysfs_read(sysfs, path, group->type, sizeof(group->type));
    group->type[size > 0 ? strcspn(group->type, "\n") : 0] = '\0';
    text_make_printable(group->type);
    snprintf(path, sizeof(path), "kernel/iommu_groups/%d/name", group->number);
    bool is_protected = strncmp(group->type, "DMA", 3) == 0 || strcmp(group->type, "identity") == 0;
    group->is_unprotected = !is_protected && sysfs_read(sysfs, path, name, sizeof(name)) > 0 &&
                            strncmp(name, "vfio-noiommu", strlen("vfio-noiommu")) == 0;
    return 0;
}

static void free_group(struct host_group *group) {
    if (group)
        free(group->members);
    free(group);
}
DEFINE_CLEANUP(struct host_group, free_group)

/* To list all groups of a large node takes longer than all the rest. */
static void note_group(struct host_facts *facts, const struct sysfs *sysfs, int number) {
    if (number != HOST_GROUP_UNKNOWN)
        facts->node.has_groups = true;
    else if (!facts->node.has_groups)
        host_node_find_groups(sysfs, &facts->node);
}

static int add_group(struct host_facts *facts, const struct sysfs *sysfs, int number, struct error *err) {
    if (number == HOST_GROUP_UNKNOWN || host_facts_group(facts, number))
        return 0;
    CLEANUP(free_group) struct host_group *group = calloc(1, sizeof(*group));
    struct host_group **list = reallocarray(facts->groups, facts->group_count + 1, sizeof(*list));
    if (list)
        facts->groups = list;
    if (!group || !list)
        return error_no_memory(err);
    group->number = number;
    if (read_group(sysfs, group, err) < 0)
        return -1;
    for (size_t i = 0; i < group->count; i++)
        if (!add_function(facts, sysfs, group->members[i], err))
            return -1;
    size_t place = facts->group_count++;
    for (; place > 0 && list[place - 1]->number > number; place--)
        list[place] = list[place - 1];
    list[place] = TAKE_PTR(group);
    return 0;
}

/* --- devices ------------------------------------------------------------------------------------------------- */

static int add_node(struct host_facts *facts, const struct sysfs *sysfs, struct error *err) {
    if (facts->has_node)
        return 0;
    facts->has_node = true;
    return host_node_read(sysfs, &facts->node, err);
}

/* All that is in the function's own folder. */
static int read_files(const struct host_facts *facts, const struct sysfs *sysfs, struct host_function *function,
                      struct error *err) {
    char path[SYSFS_PATH_MAX];
    const struct pci_address address = function->address;
    const bool is_virtual = function->device.is_virtual;
    if (read_attributes(facts, sysfs, function, is_virtual ? OF_EACH : OF_EACH | OF_PHYSICAL, err) < 0)
        return -1;
    read_config(facts, sysfs, function);
    read_bars(sysfs, function);
    if (!is_virtual)
        function->rom_error = -sysfs_find(sysfs, sysfs_pci_path(address, "rom", path));
    if (function->attributes[HOST_RESET_METHOD].error)
        function->reset_error = -sysfs_find(sysfs, sysfs_pci_path(address, "reset", path));
    function->has_mdev_types = sysfs_find(sysfs, sysfs_pci_path(address, "mdev_supported_types", path)) == 0;
    return 0;
}

static int fill(struct host_facts *facts, const struct sysfs *sysfs, struct host_function *function,
                struct error *err) {
    const struct pci_address address = function->address;
    const bool is_virtual = function->device.is_virtual;
    function->is_whole = true;
    function->bridge_count = 0; /* as a bridge above another device it may have had some */
    if (function->device.state == HOST_ABSENT)
        return 0;
    if (add_bridges(facts, sysfs, function, err) < 0 || read_files(facts, sysfs, function, err) < 0)
        return -1;
    /* The rest of a virtual function's slot is nobody's to it. */
    if ((!is_virtual && add_slot(facts, sysfs, address, err) < 0) || add_physical(facts, sysfs, function, err) < 0)
        return -1;
    note_group(facts, sysfs, function->device.iommu_group);
    return add_group(facts, sysfs, function->device.iommu_group, err);
}

int host_facts_add(struct host_facts *facts, const struct sysfs *sysfs, struct pci_address address, struct error *err) {
    char folder[SYSFS_PATH_MAX];
    struct sysfs_names names;
    CLEANUP(sysfs_leave) struct sysfs devices;
    CLEANUP(sysfs_leave) struct sysfs inside;
    sysfs_enter(sysfs, "bus/pci/devices", NULL, &devices);
    sysfs_enter(&devices, sysfs_pci_path(address, NULL, folder), &names, &inside);
    struct host_function *function = add_function(facts, &inside, address, err);
    if (!function || add_node(facts, &inside, err) < 0)
        return -1;
    return function->is_whole ? 0 : fill(facts, &inside, function, err);
}

static int read_mdev(struct host_facts *facts, const struct sysfs *sysfs, struct host_mdev *mdev, struct error *err) {
    char path[SYSFS_PATH_MAX], link[SYSFS_PATH_MAX], resolved[PATH_MAX], group[16];
    snprintf(path, sizeof(path), "bus/mdev/devices/%s", mdev->uuid);
    mdev->iommu_group = HOST_GROUP_UNKNOWN;
    mdev->error = -sysfs_resolve(sysfs, path, resolved);
    /* Of a folder that is no /sys nothing can be said. */
    if (mdev->error == ENOENT && sysfs_find(sysfs, "bus/pci/devices") < 0)
        mdev->error = ENODATA;
    if (mdev->error)
        return 0;
    snprintf(link, sizeof(link), "%s/mdev_type", path);
    sysfs_read_link(sysfs, link, mdev->type, sizeof(mdev->type));
    snprintf(link, sizeof(link), "%s/driver", path);
    int missing = -sysfs_read_link(sysfs, link, mdev->driver, sizeof(mdev->driver));
    mdev->error = missing == ENOENT ? 0 : missing;
    snprintf(link, sizeof(link), "%s/iommu_group", path);
    missing = -sysfs_read_link(sysfs, link, group, sizeof(group));
    mdev->group_error = missing == ENOENT ? 0 : missing;
    if (group[0])
        mdev->iommu_group = host_group_parse(group);
    note_group(facts, sysfs, mdev->iommu_group);
    text_make_printable(mdev->type);
    text_make_printable(mdev->driver);
    snprintf(link, sizeof(link), "%s/mdev_type/name", path);
    if (host_text_read(sysfs, link, &mdev->name, err) < 0)
        return -1;
    if (mdev->name.text)
        mdev->name.text[strcspn(mdev->name.text, "\n")] = '\0';
    /* Its folder is in that of its parent. */
    char *uuid_part = strrchr(resolved, '/');
    if (!uuid_part || uuid_part == resolved)
        return 0;
    *uuid_part = '\0';
    const char *parent = strrchr(resolved, '/');
    mdev->has_parent = parent && pci_address_parse(parent + 1, &mdev->parent) == 0;
    return mdev->has_parent ? host_facts_add(facts, sysfs, mdev->parent, err) : 0;
}

int host_facts_add_mdev(struct host_facts *facts, const struct sysfs *sysfs, const char *uuid, struct error *err) {
    if (host_facts_mdev(facts, uuid))
        return 0;
    struct host_mdev **list = reallocarray(facts->mdevs, facts->mdev_count + 1, sizeof(*list));
    if (list)
        facts->mdevs = list;
    struct host_mdev *mdev = list ? calloc(1, sizeof(*mdev)) : NULL;
    if (!mdev)
        return error_no_memory(err);
    list[facts->mdev_count++] = mdev;
    /* The kernel writes them in lower case. */
    for (size_t i = 0; i + 1 < sizeof(mdev->uuid) && uuid[i]; i++)
        mdev->uuid[i] = (char)(uuid[i] >= 'A' && uuid[i] <= 'F' ? uuid[i] | 0x20 : uuid[i]);
    return add_node(facts, sysfs, err) < 0 ? -1 : read_mdev(facts, sysfs, mdev, err);
}

/* Intel Virtualization Technology for Directed I/O, Capability Register: MGAW is bits 21:16, one less than the width.
 * Less than 32 bits no guest could do with, and no such IOMMU exists. */
enum { IOMMU_BITS_MIN = 32 };

unsigned host_iommu_width(const struct host_function *function) {
    const char *digits = function->attributes[HOST_IOMMU_CAP].text;
    size_t size = digits ? strspn(digits, "0123456789abcdefABCDEF") : 0;
    if (size == 0 || size > 16 || digits[size])
        return 0;
    unsigned bits = (unsigned)(strtoull(digits, NULL, 16) >> 16 & 0x3f) + 1;
    return bits < IOMMU_BITS_MIN ? 0 : bits;
}

static void free_function(struct host_function *function) {
    for (size_t i = 0; i < HOST_ATTRIBUTE_COUNT; i++)
        host_text_free(&function->attributes[i]);
    free(function);
}

void host_facts_free(struct host_facts *facts) {
    for (size_t i = 0; i < facts->function_count; i++)
        free_function(facts->functions[i]);
    for (size_t i = 0; i < facts->group_count; i++)
        free_group(facts->groups[i]);
    for (size_t i = 0; i < facts->mdev_count; i++) {
        host_text_free(&facts->mdevs[i]->name);
        free(facts->mdevs[i]);
    }
    free(facts->functions);
    free(facts->groups);
    free(facts->mdevs);
    host_text_free(&facts->node.unsafe_interrupts);
    *facts = (struct host_facts){0};
}
