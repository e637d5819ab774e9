/* <devices>, but for the <hostdev> of PCI functions and mediated devices. */
#include <string.h>

#include "config/option_value.h"
#include "import/libvirt_parts.h"

/* --- what KubeVirt passes through in ways of its own -------------------------------------------------------------- */

/* Notes the device as it stands there, with the way that KubeVirt has for it. */
static int note_device(struct libvirt_reading *reading, const char *where, const xmlNode *device, const char *way,
                       struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    libvirt_append_element(&text, device);
    if (buffer_check(&text, err) < 0)
        return -1;
    import_note(reading->vm, "%s: %s: %s", where, text.data, way);
    return import_check(reading->vm, err);
}

static int read_hostdev(struct libvirt_reading *reading, const char *where, const xmlNode *hostdev, struct error *err) {
    static const struct {
        const char *type, *way;
    } others[] = {
        {"usb", "KubeVirt has permittedHostDevices.usb and hostDevices for it"},
        {"scsi", "KubeVirt has a PersistentVolume in block mode, with \"lun\", for it"},
    };
    const char *way = "it has no counterpart";
    if (hostdev_is_passthrough(hostdev))
        return libvirt_read_hostdev(reading, where, hostdev, err);
    /* libvirt numbers them with the others. */
    reading->hostdevs += !tree_child(hostdev, "alias");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (tree_attribute_is(hostdev, "type", others[i].type))
            way = others[i].way;
    return note_device(reading, where, hostdev, way, err);
}

static int read_interface(struct libvirt_reading *reading, const char *where, const xmlNode *interface,
                          struct error *err) {
    if (tree_attribute_is(interface, "type", "hostdev"))
        return note_device(reading, where, interface,
                           "KubeVirt passes network functions through by Multus, with the binding \"sriov\"", err);
    return libvirt_count_other(reading, NULL, interface, err);
}

/* --- screens ------------------------------------------------------------------------------------------------------ */

static int read_video(struct libvirt_reading *reading, const char *where, const xmlNode *video, struct error *err) {
    const char *type = tree_attribute(tree_child(video, "model"), "type");
    char storage[QUOTED_MAX];
    if (type && strcmp(type, "none") == 0) {
        reading->has_no_video = true;
        return 0;
    }
    reading->has_video = true;
    import_note(reading->vm, "%s: %s: KubeVirt has its own emulated video, with VNC", where,
                text_quotable(type ? type : "without a model", storage));
    return import_check(reading->vm, err);
}

static int read_graphics(struct libvirt_reading *reading, const char *where, const xmlNode *graphics,
                         struct error *err) {
    const char *type = tree_attribute(graphics, "type");
    char storage[QUOTED_MAX];
    reading->has_graphics = true;
    if (!type || strcmp(type, "vnc") != 0)
        import_note(reading->vm, "%s: %s: KubeVirt has VNC, with its own emulated video", where,
                    text_quotable(type ? type : "", storage));
    else
        return libvirt_count_other(reading, NULL, graphics, err);
    return import_check(reading->vm, err);
}

/* Looking Glass reads the guest's picture from there. */
static int note_shmem(struct libvirt_reading *reading, const char *where, const xmlNode *shmem, struct error *err) {
    char storage[QUOTED_MAX];
    const char *name = tree_attribute(shmem, "name");
    import_note(
        reading->vm,
        "%s: \"%s\": KubeVirt's VMs have no shared memory device (ivshmem), so no Looking Glass: stream the guest's "
        "screen over the network",
        where, text_quotable(name ? name : "", storage));
    return import_check(reading->vm, err);
}

/* --- other devices ------------------------------------------------------------------------------------------------ */

static int read_hole(struct libvirt_reading *reading, const char *where, const xmlNode *hole, struct error *err) {
    const uint64_t kib = guest_read_kib(tree_text(hole), tree_attribute(hole, "unit"));
    libvirt_note_rest(reading, where, hole, "unit");
    if (kib)
        import_guest(reading->vm, "pciHole64", value_write_size(kib));
    else
        import_note(
            reading->vm,
            "%s: <pcihole64> of 0 is KubeVirt's annotation kubevirt.io/disablePCIHole64: \"true\": large BARs need "
            "the hole",
            where);
    return import_check(reading->vm, err);
}

static int read_controller(struct libvirt_reading *reading, const char *where, const xmlNode *controller,
                           struct error *err) {
    static const char *const expanders[] = {"pci-expander-bus", "pcie-expander-bus"};
    const char *model = tree_attribute(controller, "model");
    const xmlNode *hole = tree_child(controller, "pcihole64");
    if (model && text_choice(model, expanders, sizeof(expanders) / sizeof(expanders[0])) >= 0)
        import_note(reading->vm, "%s: %s: KubeVirt has every device on a root port of bus 0, near no NUMA node", where,
                    model);
    if (hole && read_hole(reading, where, hole, err) < 0)
        return -1;
    return libvirt_count_other(reading, NULL, controller, err);
}

static int read_balloon(struct libvirt_reading *reading, const char *where, const xmlNode *balloon, struct error *err) {
    (void)where;
    if (!tree_attribute_is(balloon, "model", "none"))
        return libvirt_count_other(reading, NULL, balloon, err);
    import_domain(reading->vm, "devices.autoattachMemBalloon", json_false());
    return import_check(reading->vm, err);
}

int libvirt_read_devices(struct libvirt_reading *reading, const char *where, const xmlNode *devices,
                         struct error *err) {
    /* One without a row is no matter of passthrough: disks, networks and the like. */
    static const struct libvirt_row rows[] = {
        {"hostdev", read_hostdev},       {"interface", read_interface}, {"video", read_video},
        {"graphics", read_graphics},     {"shmem", note_shmem},         {"iommu", libvirt_note_element},
        {"controller", read_controller}, {"memballoon", read_balloon},
    };
    libvirt_note_attributes(reading, where, devices, "");
    for (const xmlNode *element = xmlFirstElementChild((xmlNode *)devices); element;
         element = xmlNextElementSibling((xmlNode *)element)) {
        const char *name = (const char *)element->name;
        size_t i = 0;
        while (i < sizeof(rows) / sizeof(rows[0]) && (element->ns || strcmp(name, rows[i].name) != 0))
            i++;
        int failed = i < sizeof(rows) / sizeof(rows[0]) ? rows[i].read(reading, name, element, err)
                                                        : libvirt_count_other(reading, NULL, element, err);
        if (failed < 0)
            return -1;
    }
    return import_check(reading->vm, err);
}
