#include "random_domain.h"

#include <stdio.h>

static uint32_t below(struct text *text, uint32_t limit) {
    return sequence_below(&text->sequence, limit);
}

static bool one_in(struct text *text, uint32_t limit) {
    return below(text, limit) == 0;
}

#define PICK(text, list) ((list)[below((text), COUNT(list))])

static void new_line(struct text *text) {
    if (text->style == ONE_LINE)
        return;
    buffer_append_text(&text->buffer, "\n");
    for (int i = 0; i < text->depth; i++)
        buffer_append_text(&text->buffer, text->style == KUBEVIRT ? "\t" : "  ");
}

static void keep(struct text *text, size_t start, enum kind kind, int device, const char *name) {
    assert_true(text->count < PIECES_MAX);
    text->pieces[text->count++] = (struct piece){start, text->buffer.size, kind, device, name};
}

/* `attributes` has double quotes, which become the style's. The `n` makes the element differ from all others. */
static void write_attributes(struct text *text, const char *attributes) {
    char quote = text->style == KUBEVIRT || (text->style == ONE_LINE && one_in(text, 2)) ? '"' : '\'';
    for (const char *c = attributes; *c; c++)
        buffer_append(&text->buffer, *c == '"' ? &quote : c, 1);
    buffer_printf(&text->buffer, " n=%c%d%c", quote, text->number++, quote);
}

/* The start tag, a piece of its own. */
static void open_tag(struct text *text, enum kind kind, int device, const char *tag_name, const char *attributes,
                     const char *name) {
    new_line(text);
    size_t start = text->buffer.size;
    buffer_printf(&text->buffer, "<%s", tag_name);
    write_attributes(text, attributes);
    buffer_append_text(&text->buffer, ">");
    keep(text, start, kind, device, name);
    text->depth++;
}

static void close_tag(struct text *text, const char *name) {
    text->depth--;
    new_line(text);
    buffer_printf(&text->buffer, "</%s>", name);
}

/* A whole element without child elements. */
static void leaf(struct text *text, enum kind kind, int device, const char *tag_name, const char *attributes,
                 const char *content, const char *name) {
    new_line(text);
    size_t start = text->buffer.size;
    buffer_printf(&text->buffer, "<%s", tag_name);
    write_attributes(text, attributes);
    if (!content && text->style != KUBEVIRT && !one_in(text, 4))
        buffer_append_text(&text->buffer, one_in(text, 2) ? "/>" : " />");
    else
        buffer_printf(&text->buffer, ">%s</%s>", content ? content : "", tag_name);
    keep(text, start, kind, device, name);
}

static void noise(struct text *text) {
    static const char *const names[] = {"unknown", "rom", "address", "driver", "graphics", "hidden"};
    switch (below(text, 12)) {
    case 0:
        new_line(text);
        size_t start = text->buffer.size;
        buffer_printf(&text->buffer, "<!-- <hostdev type='pci'> %d. -->", text->number++);
        keep(text, start, OTHER, -1, NULL);
        break;
    case 1: /* names of ours, where they mean nothing */
        open_tag(text, OTHER, -1, "x:other", " xmlns:x=\"urn:x\" a=\"&lt;&#10;\"", NULL);
        leaf(text, OTHER, -1, PICK(text, names), " file=\"/a\" enabled=\"no\"", NULL, NULL);
        leaf(text, OTHER, -1, "note", "", "a &amp; <![CDATA[<b>]]>", NULL);
        close_tag(text, "x:other");
        break;
    case 2:
        leaf(text, OTHER, -1, "unknown", "", one_in(text, 2) ? "text" : NULL, NULL);
        break;
    default:
        break;
    }
}

/* How often an element stands that should stand at most once. */
static uint32_t times(struct text *text) {
    return one_in(text, 40) ? 2 : below(text, 3) == 0;
}

/* --- devices ------------------------------------------------------------------------------------------------------ */

static void write_place(struct text *text, enum kind kind, int device) {
    char attributes[128];
    snprintf(attributes, sizeof(attributes),
             " type=\"pci\" domain=\"0x0000\" bus=\"0x%02x\" slot=\"0x00\" function=\"0x0\"%s", 0x20 + below(text, 64),
             one_in(text, 3) ? " multifunction=\"on\"" : "");
    leaf(text, kind, device, "address", attributes, NULL, NULL);
}

struct pci_address random_device_address(int device) {
    if (device == COMPANION)
        return (struct pci_address){0xffff, 0xee, 0x1d, 0};
    return (struct pci_address){0, (uint8_t)(1 + device / 3), 0, (uint8_t)(device % 3)};
}

const char *random_device_uuid(int device, char uuid[UUID_TEXT_MAX]) {
    snprintf(uuid, UUID_TEXT_MAX, "4b20d080-1b54-4048-85b3-a6a62d165c0%d", device);
    return uuid;
}

static void write_source(struct text *text, int device, bool mdev) {
    char attributes[128], uuid[UUID_TEXT_MAX];
    struct pci_address address = random_device_address(device);
    open_tag(text, OTHER, -1, "source", "", NULL);
    if (mdev)
        snprintf(attributes, sizeof(attributes), " uuid=\"%s\"", random_device_uuid(device, uuid));
    else
        snprintf(attributes, sizeof(attributes), "%s domain=\"0x%04x\" bus=\"0x%02x\" slot=\"0x%x\" function=\"%d\"",
                 one_in(text, 2) ? " type=\"pci\"" : "", address.domain, address.bus, address.slot, address.function);
    leaf(text, OTHER, -1, "address", attributes, NULL, NULL);
    close_tag(text, "source");
}

static void alias_of(int device, char alias[32]) {
    snprintf(alias, 32, "ua-gpu-d%d", device);
}

static void write_alias(struct text *text, int device) {
    static const char *const odd[] = {" name=\"ua-gpu-a.b\"", " name=\"hostdev0\"", ""};
    char alias[32], attributes[64];
    alias_of(device, alias);
    snprintf(attributes, sizeof(attributes), " name=\"%s\"", alias);
    if (one_in(text, 8))
        leaf(text, OTHER, -1, "alias", PICK(text, odd), NULL, NULL);
    else if (!one_in(text, 12))
        leaf(text, OTHER, -1, "alias", attributes, NULL, NULL);
}

static void write_rom(struct text *text, int device) {
    static const char *const attributes[] = {" bar=\"off\"", " enabled=\"no\"", " bar=\"on\" file=\"/old\"", ""};
    leaf(text, ROM, device, "rom", PICK(text, attributes), NULL, NULL);
}

static void write_hostdev(struct text *text) {
    static const char *const odd[] = {" mode=\"capabilities\" type=\"pci\"", " type=\"usb\"", " type=\"scsi_host\""};
    if (one_in(text, 8)) {
        open_tag(text, OTHER, -1, "hostdev", PICK(text, odd), NULL);
        leaf(text, OTHER, -1, "rom", " enabled=\"no\"", NULL, NULL);
        close_tag(text, "hostdev");
        return;
    }
    int device = text->devices++;
    bool mdev = one_in(text, 4), has_mode = one_in(text, 2);
    char attributes[160];
    snprintf(attributes, sizeof(attributes), " type=\"%s\"%s%s%s managed=\"no\"", mdev ? "mdev" : "pci",
             has_mode ? " mode=\"subsystem\"" : "", one_in(text, 4) ? " display=\"on\"" : "",
             one_in(text, 6) ? " ramfb=\"off\"" : "");
    open_tag(text, HOSTDEV_TAG, device, "hostdev", attributes, has_mode || mdev ? "mode" : NULL);
    noise(text);
    for (uint32_t i = times(text); i > 0; i--)
        leaf(text, DRIVER, device, "driver", one_in(text, 2) ? " name=\"vfio\"" : " model=\"other\"", NULL, NULL);
    write_source(text, device, mdev);
    for (uint32_t i = times(text); i > 0; i--)
        write_place(text, PLACE, device);
    noise(text);
    write_alias(text, device);
    if (one_in(text, 3))
        leaf(text, OTHER, -1, "boot", " order=\"1\"", NULL, NULL);
    for (uint32_t i = mdev ? 0 : times(text); i > 0; i--)
        write_rom(text, device);
    noise(text);
    close_tag(text, "hostdev");
}

/* A companion of the plan, as libvirt shows it to a later call. */
static void write_companion(struct text *text) {
    open_tag(text, HOSTDEV_TAG, COMPANION, "hostdev", " type=\"pci\" mode=\"subsystem\" managed=\"no\"", "mode");
    write_source(text, COMPANION, false);
    leaf(text, OTHER, -1, "alias", " name=\"ua-companion-ffff-ee-1d-0\"", NULL, NULL);
    write_place(text, PLACE, COMPANION);
    close_tag(text, "hostdev");
}

static void write_root_bus(struct text *text) {
    bool pcie = one_in(text, 2);
    const char *attributes =
        pcie ? " type=\"pci\" index=\"0\" model=\"pcie-root\"" : " type=\"pci\" index=\"0\" model=\"pci-root\"";
    if (one_in(text, 2)) {
        leaf(text, ROOT_BUS, -1, "controller", attributes, NULL, NULL);
        return;
    }
    open_tag(text, OTHER, -1, "controller", attributes, NULL);
    for (uint32_t i = times(text); i > 0; i--)
        leaf(text, HOLE64, -1, "pcihole64", one_in(text, 2) ? " unit=\"KiB\"" : " unit=\"G\"",
             one_in(text, 2) ? "64" : "1073741824", NULL);
    leaf(text, OTHER, -1, "target", "", NULL, NULL);
    close_tag(text, "controller");
}

static void write_video(struct text *text) {
    static const char *const models[] = {" type=\"bochs\" heads=\"1\"", " type=\"none\"", " type=\"ramfb\""};
    open_tag(text, VIDEO, -1, "video", "", NULL);
    leaf(text, VIDEO, -1, "model", PICK(text, models), NULL, NULL);
    if (one_in(text, 4))
        write_place(text, VIDEO, -1);
    close_tag(text, "video");
}

static void write_graphics(struct text *text) {
    open_tag(text, VIDEO, -1, "graphics", " type=\"vnc\"", NULL);
    leaf(text, VIDEO, -1, "listen", " type=\"socket\" socket=\"/vnc\"", NULL, NULL);
    close_tag(text, "graphics");
}

static void write_disk(struct text *text) {
    static const char *const aliases[] = {" name=\"ua-gpu-d0\"", " name=\"ua-companion-ffff-ee-1d-1\""};
    open_tag(text, OTHER, -1, "disk", " device=\"disk\" type=\"file\"", NULL);
    if (one_in(text, 100)) /* an alias that another device has, or would get */
        leaf(text, OTHER, -1, "alias", PICK(text, aliases), NULL, NULL);
    leaf(text, OTHER, -1, "driver", " name=\"qemu\" model=\"x\"", NULL, NULL);
    leaf(text, OTHER, -1, "rom", " enabled=\"no\"", NULL, NULL);
    write_place(text, OTHER, -1);
    noise(text);
    close_tag(text, "disk");
}

static void write_devices(struct text *text) {
    bool root_bus = false, companion = text->has_companion;
    open_tag(text, OTHER, -1, "devices", "", NULL);
    for (uint32_t i = 2 + below(text, 14); i > 0; i--) {
        noise(text);
        switch (below(text, 12)) {
        case 0:
            if (!root_bus)
                write_root_bus(text);
            root_bus = true;
            break;
        case 1:
            leaf(text, OTHER, -1, "controller", " type=\"pci\" index=\"3\" model=\"pcie-root-port\"", NULL, NULL);
            break;
        case 2:
            write_video(text);
            break;
        case 3:
            write_graphics(text);
            break;
        case 4:
        case 5:
            write_disk(text);
            break;
        case 6:
            leaf(text, OTHER, -1, "emulator", "", "/usr/bin/qemu", NULL);
            break;
        case 7:
            if (!companion && text->devices > 0)
                write_companion(text);
            companion |= text->devices > 0;
            text->has_companion = companion && !one_in(text, 8);
            break;
        default:
            if (text->devices < DEVICES_MAX)
                write_hostdev(text);
        }
    }
    close_tag(text, "devices");
}

/* --- the guest ---------------------------------------------------------------------------------------------------- */

static void write_features(struct text *text) {
    if (one_in(text, 4)) {
        leaf(text, FEATURES, -1, "features", "", NULL, NULL);
        return;
    }
    open_tag(text, OTHER, -1, "features", "", NULL);
    leaf(text, OTHER, -1, "acpi", "", NULL, NULL);
    noise(text);
    if (one_in(text, 3)) {
        open_tag(text, OTHER, -1, "kvm", "", NULL);
        leaf(text, OTHER, -1, "hint-dedicated", " state=\"on\"", NULL, NULL);
        for (uint32_t i = times(text); i > 0; i--)
            leaf(text, HIDDEN, -1, "hidden", one_in(text, 2) ? " state=\"on\"" : " state=\"off\"", NULL, NULL);
        close_tag(text, "kvm");
    } else if (one_in(text, 3)) {
        leaf(text, KVM, -1, "kvm", "", NULL, NULL);
    }
    if (one_in(text, 3)) {
        open_tag(text, OTHER, -1, "hyperv", " mode=\"custom\"", NULL);
        leaf(text, OTHER, -1, "relaxed", " state=\"on\"", NULL, NULL);
        for (uint32_t i = times(text); i > 0; i--)
            leaf(text, VENDOR_ID, -1, "vendor_id", " state=\"off\" value=\"old\"", NULL, NULL);
        close_tag(text, "hyperv");
    } else if (one_in(text, 3)) {
        leaf(text, HYPERV, -1, "hyperv", "", NULL, NULL);
    }
    for (uint32_t i = times(text); i > 0; i--)
        leaf(text, IOAPIC, -1, "ioapic", one_in(text, 2) ? " driver=\"kvm\"" : " driver=\"qemu\"", NULL, NULL);
    close_tag(text, "features");
}

static void write_cpu(struct text *text) {
    if (one_in(text, 4)) {
        leaf(text, CPU, -1, "cpu", " mode=\"host-model\"", NULL, NULL);
        return;
    }
    open_tag(text, OTHER, -1, "cpu", " mode=\"host-passthrough\"", NULL);
    leaf(text, OTHER, -1, "topology", " sockets=\"1\" cores=\"8\" threads=\"2\"", NULL, NULL);
    leaf(text, OTHER, -1, "feature", " policy=\"require\" name=\"vmx\"", NULL, NULL);
    for (uint32_t i = times(text); i > 0; i--)
        leaf(text, TOPOEXT, -1, "feature", " policy=\"force\" name=\"topoext\"", NULL, NULL);
    noise(text);
    for (uint32_t i = times(text); i > 0; i--)
        leaf(text, PHYS_ADDR, -1, "maxphysaddr",
             one_in(text, 2) ? " mode=\"emulate\" bits=\"42\"" : " mode=\"passthrough\" limit=\"39\"", NULL, NULL);
    close_tag(text, "cpu");
}

/* The name of an element in QEMU's namespace, and its declaration where the root has none. */
struct qemu_name {
    char name[40];
    const char *declaration;
};

static struct qemu_name qemu_name(const struct text *text, const char *local, bool outer) {
    struct qemu_name result = {.declaration = ""};
    snprintf(result.name, sizeof(result.name), "%s%s%s", text->prefix, *text->prefix ? ":" : "", local);
    if (outer && !text->declared)
        result.declaration = *text->prefix ? " xmlns:q=\"http://libvirt.org/schemas/domain/qemu/1.0\""
                                           : " xmlns=\"http://libvirt.org/schemas/domain/qemu/1.0\"";
    return result;
}

static void open_qemu(struct text *text, const char *local, const char *attributes, bool outer) {
    char all[160];
    struct qemu_name name = qemu_name(text, local, outer);
    snprintf(all, sizeof(all), "%s%s", name.declaration, attributes);
    open_tag(text, OTHER, -1, name.name, all, NULL);
}

static void close_qemu(struct text *text, const char *local) {
    close_tag(text, qemu_name(text, local, false).name);
}

static void qemu_leaf(struct text *text, enum kind kind, int device, const char *local, const char *attributes,
                      const char *name) {
    leaf(text, kind, device, qemu_name(text, local, false).name, attributes, NULL, name);
}

static void write_override(struct text *text) {
    static const char *const names[] = {"x-vga", "x-no-mmap", "x-req", "x-igd-gms", "x-pci-device-id", "x-own"};
    open_qemu(text, "override", "", true);
    for (uint32_t i = below(text, 4); i > 0; i--) {
        char alias[32], attributes[96];
        int device = (int)below(text, DEVICES_MAX);
        alias_of(device, alias);
        snprintf(attributes, sizeof(attributes), " alias=\"%s\"", alias);
        noise(text);
        open_qemu(text, "device", attributes, false);
        if (one_in(text, 4)) {
            qemu_leaf(text, EMPTY_QEMU, -1, "frontend", "", NULL);
        } else {
            open_qemu(text, "frontend", "", false);
            for (uint32_t j = 1 + below(text, 3); j > 0; j--) {
                const char *name = PICK(text, names);
                snprintf(attributes, sizeof(attributes), " name=\"%s\" type=\"bool\" value=\"true\"", name);
                qemu_leaf(text, PROPERTY, device, "property", attributes, name);
            }
            close_qemu(text, "frontend");
        }
        close_qemu(text, "device");
    }
    close_qemu(text, "override");
}

static void write_commandline(struct text *text) {
    open_qemu(text, "commandline", "", true);
    for (uint32_t i = below(text, 4); i > 0; i--) {
        if (one_in(text, 2)) {
            qemu_leaf(text, WINDOW, -1, "arg", " value=\"-fw_cfg\"", NULL);
            qemu_leaf(text, WINDOW, -1, "arg",
                      one_in(text, 2) ? " value=\"name=opt/ovmf/X-PciMmio64Mb,string=65536\""
                                      : " value=\"opt/ovmf/X-PciMmio64Mb,string=1\"",
                      NULL);
        } else {
            qemu_leaf(text, OTHER, -1, "arg", " value=\"-fw_cfg\"", NULL);
            qemu_leaf(text, OTHER, -1, "arg", " value=\"name=opt/ovmf/X-PciMmio64MbOther,string=1\"", NULL);
        }
    }
    if (one_in(text, 2))
        qemu_leaf(text, OTHER, -1, "env", " name=\"A\" value=\"B\"", NULL);
    close_qemu(text, "commandline");
}

void random_domain(struct text *text) {
    static const char *const prefixes[] = {"qemu", "q", ""};
    static const char *const declarations[] = {" xmlns:qemu=\"http://libvirt.org/schemas/domain/qemu/1.0\"",
                                               " xmlns:q=\"http://libvirt.org/schemas/domain/qemu/1.0\""};
    uint32_t prefix = below(text, 3);
    text->style = below(text, 3);
    text->prefix = prefixes[prefix];
    text->declared = prefix == 0 || (prefix == 1 && one_in(text, 2));
    if (one_in(text, 4))
        buffer_append_text(&text->buffer, "<?xml version='1.0'?>\n<!-- first -->");
    char attributes[160];
    snprintf(attributes, sizeof(attributes), " type=\"kvm\"%s", text->declared ? declarations[prefix] : "");
    open_tag(text, OTHER, -1, "domain", attributes, NULL);
    static void (*const parts[])(struct text *) = {write_features, write_cpu, write_override, write_commandline,
                                                   write_commandline};
    uint32_t devices_at = below(text, COUNT(parts));
    for (uint32_t i = 0; i < COUNT(parts); i++) {
        noise(text);
        if (i == devices_at || one_in(text, 40)) /* libvirt reads all lists */
            write_devices(text);
        if (!one_in(text, 3))
            parts[i](text);
    }
    close_tag(text, "domain");
}
