#include "host/report.h"
#include "host/report_style.h"

static const struct reported_device *find_device(const struct host_report *report, struct pci_address address) {
    for (size_t i = 0; i < report->count; i++)
        if (!report->devices[i].mdev && pci_address_equal(report->devices[i].function->address, address))
            return &report->devices[i];
    return NULL;
}

static const char *driver_name(const struct host_device *device) {
    return device->driver_error ? "unreadable" : device->driver[0] ? device->driver : "no driver";
}

static void write_driver(const char *driver, struct buffer *out) {
    buffer_printf(out, "%-16s", driver[0] ? driver : "no driver");
}

static void write_readiness(const struct reported_device *device, const struct report_style *style,
                            struct buffer *out) {
    if (device)
        buffer_printf(out, "  %s%s%s", verdict_colour(device->sum, style), readiness_name(device->sum),
                      colour_end(style));
    while (out->size && out->data[out->size - 1] == ' ')
        out->data[--out->size] = '\0';
    buffer_append_text(out, "\n");
}

static void write_function(const struct host_report *report, struct pci_address address, bool is_last,
                           const struct report_style *style, struct buffer *out) {
    const struct host_function *function = host_facts_function(report->facts, address);
    char text[PCI_ADDRESS_TEXT_MAX];
    buffer_printf(out, "%s %s  ", is_last ? "`--" : "|--", pci_address_format(address, text));
    if (function && function->device.state == HOST_PRESENT) {
        const struct pci_identity *identity = &function->device.identity;
        buffer_printf(out, "%04x:%04x  %-14s  ", identity->id.vendor, identity->id.device,
                      class_name(identity->class_code));
        buffer_printf(out, "%-16s", driver_name(&function->device));
    } else {
        buffer_printf(out, "%-43s", function && function->device.state == HOST_ABSENT ? "not there" : "unreadable");
    }
    write_readiness(find_device(report, address), style, out);
}

/* The way down to the group's first device: what its slot hangs on. */
static void write_bridges(const struct host_report *report, const struct host_function *function, struct buffer *out) {
    for (size_t i = 0; i < function->bridge_count; i++) {
        char text[PCI_ADDRESS_TEXT_MAX];
        const struct host_function *bridge = host_facts_function(report->facts, function->bridges[i]);
        buffer_printf(out, "%s%s (%s)", i ? " > " : ", below ", pci_address_format(function->bridges[i], text),
                      bridge ? driver_name(&bridge->device) : "no driver");
    }
}

static void write_group(const struct host_report *report, const struct host_group *group,
                        const struct host_function *first, const struct report_style *style, struct buffer *out) {
    buffer_printf(out, "IOMMU group %d%s%s", group->number, group->type[0] ? ", " : "", group->type);
    write_bridges(report, first, out);
    buffer_append_text(out, "\n");
    for (size_t i = 0; i < group->count; i++)
        write_function(report, group->members[i], i + 1 == group->count, style, out);
    /* Where its members are not known, those of the report are. */
    for (size_t i = 0; group->count == 0 && i < report->count; i++)
        if (!report->devices[i].mdev && report->devices[i].function->device.iommu_group == group->number)
            write_function(report, report->devices[i].function->address, false, style, out);
}

static void write_mdev(const struct reported_device *device, const struct report_style *style, struct buffer *out) {
    const struct host_mdev *mdev = device->mdev;
    char text[PCI_ADDRESS_TEXT_MAX];
    if (mdev->iommu_group == HOST_GROUP_UNKNOWN)
        buffer_append_text(out, "no IOMMU group");
    else
        buffer_printf(out, "IOMMU group %d", mdev->iommu_group);
    if (mdev->has_parent)
        buffer_printf(out, ", part of %s", pci_address_format(mdev->parent, text));
    buffer_printf(out, "\n`-- %s  %s%s%s  ", mdev->uuid, mdev->type, mdev->name.text ? " " : "",
                  mdev->name.text ? mdev->name.text : "");
    write_driver(mdev->driver, out);
    write_readiness(device, style, out);
}

/* Is it the first device of its group in the report? */
static bool opens_group(const struct host_report *report, size_t index, int group) {
    for (size_t i = 0; i < index; i++)
        if (!report->devices[i].mdev && report->devices[i].function->device.iommu_group == group)
            return false;
    return true;
}

void host_report_tree(const struct host_report *report, const struct report_style *style, struct buffer *out) {
    host_report_summary(report, out);
    for (size_t i = 0; i < report->count; i++) {
        const struct reported_device *device = &report->devices[i];
        const int number = device->mdev ? HOST_GROUP_UNKNOWN : device->function->device.iommu_group;
        const struct host_group *group = host_facts_group(report->facts, number);
        if (device->mdev) {
            write_mdev(device, style, out);
        } else if (!group) {
            buffer_append_text(out, "no IOMMU group");
            write_bridges(report, device->function, out);
            buffer_append_text(out, "\n");
            write_function(report, device->function->address, true, style, out);
        } else if (opens_group(report, i, number)) {
            write_group(report, group, device->function, style, out);
        }
    }
}
