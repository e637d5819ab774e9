#include "host/node.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* --- interrupt remapping ------------------------------------------------------------------------------------- */

/* What stands in front of a controller's name where its interrupts are remapped: Linux drivers/iommu/intel/
 * irq_remapping.c, drivers/iommu/amd/iommu.c, arch/x86/kernel/apic/io_apic.c. */
#define REMAPPED "IR-"

/* The interrupts of the I/O APIC's first pins, one of which a timer or the ACPI has on every x86 machine. Other
 * architectures have no such controller: nothing is told. */
enum { FIRST_PINS = 32 };

static void read_remapping(const struct sysfs *sysfs, struct host_node *node) {
    for (int i = 0; i < FIRST_PINS && node->remapping == HOST_REMAPPING_UNKNOWN; i++) {
        char path[SYSFS_PATH_MAX], chip[sizeof(node->remapping_seen)];
        snprintf(path, sizeof(path), "kernel/irq/%d/chip_name", i);
        if (sysfs_read(sysfs, path, chip, sizeof(chip)) <= 0)
            continue;
        chip[strcspn(chip, "\n")] = '\0';
        text_make_printable(chip);
        if (strstr(chip, "IO-APIC") == NULL)
            continue;
        node->remapping = strncmp(chip, REMAPPED, strlen(REMAPPED)) == 0 ? HOST_REMAPPING_ON : HOST_REMAPPING_OFF;
        snprintf(node->remapping_seen, sizeof(node->remapping_seen), "kernel/irq/%d/chip_name: %.30s", i, chip);
    }
}

/* --- framebuffers -------------------------------------------------------------------------------------------- */

/* Linux drivers/firmware/sysfb.c names the devices after these drivers. */
static const char *const framebuffer_drivers[] = {"efi-framebuffer", "simple-framebuffer", "vesa-framebuffer"};

struct framebuffers {
    const struct sysfs *sysfs;
    struct host_node *node;
    const char *driver;
};

/* Whose memory it is: Linux 6.9 makes the platform device a child of the PCI function. */
static void find_owner(const struct sysfs *sysfs, const char *path, struct host_framebuffer *framebuffer) {
    char target[PATH_MAX], *rest = NULL;
    if (sysfs_read_target(sysfs, path, target) < 0)
        return;
    for (const char *part = strtok_r(target, "/", &rest); part; part = strtok_r(NULL, "/", &rest))
        if (pci_address_parse(part, &framebuffer->owner) == 0)
            framebuffer->has_owner = true;
}

static int add_framebuffer(void *context, const char *name) {
    const struct framebuffers *framebuffers = context;
    struct host_node *node = framebuffers->node;
    size_t size = strlen(framebuffers->driver);
    /* "efi-framebuffer.0": the others are files of the driver's. */
    if (strncmp(name, framebuffers->driver, size) != 0 || name[size] != '.' ||
        node->framebuffer_count == HOST_FRAMEBUFFERS_MAX)
        return 0;
    char path[SYSFS_PATH_MAX];
    struct host_framebuffer *framebuffer = &node->framebuffers[node->framebuffer_count++];
    snprintf(framebuffer->driver, sizeof(framebuffer->driver), "%s", framebuffers->driver);
    snprintf(path, sizeof(path), "bus/platform/drivers/%s/%.64s", framebuffers->driver, name);
    find_owner(framebuffers->sysfs, path, framebuffer);
    return 0;
}

static void read_framebuffers(const struct sysfs *sysfs, struct host_node *node) {
    for (size_t i = 0; i < sizeof(framebuffer_drivers) / sizeof(framebuffer_drivers[0]); i++) {
        char path[SYSFS_PATH_MAX];
        struct framebuffers framebuffers = {sysfs, node, framebuffer_drivers[i]};
        snprintf(path, sizeof(path), "bus/platform/drivers/%s", framebuffer_drivers[i]);
        (void)sysfs_list(sysfs, path, add_framebuffer, &framebuffers);
    }
}

/* --- all of it ----------------------------------------------------------------------------------------------- */

static int find_group(void *context, const char *name) {
    bool *found = context;
    *found = *found || (*name >= '0' && *name <= '9');
    return *found;
}

void host_node_find_groups(const struct sysfs *sysfs, struct host_node *node) {
    node->groups_error = -sysfs_list(sysfs, "kernel/iommu_groups", find_group, &node->has_groups);
    node->is_partial = sysfs_find(sysfs, "kernel") == -ENOENT;
}

int host_node_read(const struct sysfs *sysfs, struct host_node *node, struct error *err) {
    *node = (struct host_node){0};
    read_remapping(sysfs, node);
    read_framebuffers(sysfs, node);
    return host_text_read(sysfs, "module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", &node->unsafe_interrupts,
                          err);
}
