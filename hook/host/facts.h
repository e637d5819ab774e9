/* What the node's kernel says of the devices that are asked for, of the functions around them and of the node itself:
 * everything that checks look at. All I/O goes through sysfs.c and identity.c. Nothing is written, enabled or woken.
 *
 * A device of the facts is a function of which everything is read; of its neighbours (the functions of its slot and of
 * its IOMMU group, its physical function) only the identity; of the bridges above it, where they are none of these, the
 * driver, the link and whether they sleep.
 */
#pragma once

#include "base/text.h"
#include "host/identity.h"
#include "host/node.h"
#include "host/resource.h"
#include "host/text.h"

/* Files of a function that are kept as text. To read one more is to add a row here and in facts.c. */
enum host_attribute {
    HOST_POWER_STATE,
    HOST_RUNTIME_STATUS,
    HOST_D3COLD_ALLOWED,
    HOST_RESET_METHOD,
    HOST_BOOT_VGA,
    HOST_DRIVER_OVERRIDE,
    HOST_LINK_SPEED,
    HOST_LINK_SPEED_MAX,
    HOST_LINK_WIDTH,
    HOST_LINK_WIDTH_MAX,
    HOST_AER_CORRECTABLE,
    HOST_AER_NONFATAL,
    HOST_AER_FATAL,
    HOST_SRIOV_NUMVFS,
    HOST_NUMA_NODE,
    HOST_LOCAL_CPULIST,
    HOST_VGPU_TYPE,
    HOST_VGPU_CREATABLE,
    HOST_IOMMU_CAP,
    HOST_ATTRIBUTE_COUNT
};

/* "power_state": the file's path below the function's folder. */
const char *host_attribute_name(enum host_attribute attribute);

#define HOST_CONFIG_SIZE 64 /* what everybody may read: the header */
#define HOST_BRIDGES_MAX 16

struct host_function {
    struct pci_address address;
    bool is_identified; /* false: a bridge above a device and nothing else, of which `device` has the driver only */
    struct host_device device;
    bool has_vfio_device; /* a VFIO driver has it: the folder "vfio-dev" (Linux 6.1 and later) */
    bool is_whole;        /* a device of the facts: all below was looked at */
    /* Of a bridge above a device also the runtime status and the link, of any virtual function the vGPU type. What was
     * not looked at is ENOENT, as what is not there. */
    struct host_text attributes[HOST_ATTRIBUTE_COUNT];
    int config_error; /* EAGAIN: to read it would wake the function or a bridge above it */
    uint8_t config[HOST_CONFIG_SIZE];
    int bars_error;
    struct pci_bars bars;
    int rom_error;       /* of the file "rom": 0 where there is one; a virtual function has none */
    int reset_error;     /* of the file "reset", which is looked for where reset_method cannot be read */
    bool has_mdev_types; /* mediated devices can be made of it */
    size_t bridge_count; /* those above it, from the root port down; of more than fit the nearest */
    struct pci_address bridges[HOST_BRIDGES_MAX];
};

struct host_group {
    int number;
    int error;           /* of listing its members: 0 or an errno value */
    char type[16];       /* "DMA-FQ", "identity"...; "" where it cannot be read */
    bool is_unprotected; /* VFIO's "no-IOMMU mode" */
    size_t count;
    struct pci_address *members; /* in ascending order */
};

struct host_mdev {
    char uuid[UUID_TEXT_MAX];
    int error;             /* ENOENT: there is no such mediated device; 0: there is */
    char type[64];         /* "nvidia-222" */
    struct host_text name; /* "GRID T4-2Q" */
    char driver[64];       /* "": none, or it cannot be read */
    int iommu_group;
    bool has_parent; /* the function that it is a part of; it is a device of the facts */
    struct pci_address parent;
};

/* Starts as {0}; host_facts_free gives it back. The pointers that are handed out live as long. One thread at a time. */
struct host_facts {
    struct host_function **functions; /* in ascending order of their addresses */
    size_t function_count;
    struct host_group **groups; /* in ascending order of their numbers */
    size_t group_count;
    struct host_mdev **mdevs; /* as they were added */
    size_t mdev_count;
    bool has_node;
    struct host_node node;
};

/* Reads a device and what is around it, and the node. What cannot be read is part of the facts; fails only without
 * memory (ERROR_LIMIT). A device that was added before stays as it was read. */
int host_facts_add(struct host_facts *facts, const struct sysfs *sysfs, struct pci_address address, struct error *err);

/* The same for a mediated device (`uuid`: text_is_uuid) and the function that it is a part of. */
int host_facts_add_mdev(struct host_facts *facts, const struct sysfs *sysfs, const char *uuid, struct error *err);

/* What was read of a function, a group or a mediated device, or NULL. */
const struct host_function *host_facts_function(const struct host_facts *facts, struct pci_address address);
const struct host_group *host_facts_group(const struct host_facts *facts, int number);
const struct host_mdev *host_facts_mdev(const struct host_facts *facts, const char *uuid);

/* The width of the DMA addresses that the function's IOMMU takes, in bits, where that is Intel's. 0: not known. Never
 * less than 32. */
unsigned host_iommu_width(const struct host_function *function);

void host_facts_free(struct host_facts *facts);

static inline void host_facts_free_at(struct host_facts *facts) {
    host_facts_free(facts);
}
