/* domain/guest_edits: each edit where its thing is absent, there, or there as something else; what landed, and what did
 * not. */
#include <stdio.h>

#include "domain/edits.h"
#include "domain_support.h"

#define NS    "http://libvirt.org/schemas/domain/qemu/1.0"
#define XMLNS "xmlns:qemu='" NS "'"

static xmlNode *root_of(const struct tree *tree) {
    return xmlDocGetRootElement(tree->document);
}

static const struct guest_edit *edit_named(const char *name) {
    for (size_t i = 0; i < guest_edit_count; i++)
        if (strcmp(guest_edits[i].name, name) == 0)
            return &guest_edits[i];
    fail_msg("no edit %s", name);
    return NULL;
}

static const struct guest_decision nothing,
    hidden = {.hide_hypervisor = TOGGLE_ON}, shown = {.hide_hypervisor = TOGGLE_OFF},
    vendor = {.hyperv_vendor_id = "AuthenticAMD"}, kvm = {.ioapic = IOAPIC_KVM}, split = {.ioapic = IOAPIC_QEMU},
    topoext = {.topoext = TOGGLE_ON}, no_topoext = {.topoext = TOGGLE_OFF},
    phys = {.max_phys_addr = {.mode = PHYS_ADDR_PASSTHROUGH}},
    limited = {.max_phys_addr = {.mode = PHYS_ADDR_PASSTHROUGH, .limit = 39}},
    emulated = {.max_phys_addr = {.mode = PHYS_ADDR_EMULATE, .bits = 42}},
    hole = {.has_hole64 = true, .hole64_on_pcie = true, .hole64_kib = 1 << 26},
    hole_on_pci = {.has_hole64 = true, .hole64_kib = 1 << 26}, no_hole = {.has_hole64 = true, .hole64_on_pcie = true},
    window = {.ovmf_mmio64_mib = 65536}, no_video = {.remove_video = true};

#define ROOT_BUS "<controller type='pci' index='0' model='pcie-root'"
#define PORT     "<controller type='pci' index='1' model='pcie-root-port'/>"
#define KIB      "<pcihole64 unit=\"KiB\">67108864</pcihole64>"
#define NONE     "<video><model type=\"none\"/></video>"
#define WINDOW(mib)                                                                                                    \
    "<qemu:commandline " XMLNS "><qemu:arg value='-fw_cfg'/><qemu:arg value='name=opt/ovmf/X-PciMmio64Mb,string=" mib  \
    "'/></qemu:commandline>"

static const struct {
    const char *edit;
    const struct guest_decision *decision;
    const char *before, *after; /* within <domain>; NULL: no change */
} rows[] = {
    {"hideHypervisor", &hidden, "", "<features><kvm><hidden state=\"on\"/></kvm></features>"},
    {"hideHypervisor", &hidden, "<features><acpi/></features>",
     "<features><acpi/><kvm><hidden state=\"on\"/></kvm></features>"},
    {"hideHypervisor", &hidden, "<features><kvm><hint-dedicated state='on'/></kvm></features>",
     "<features><kvm><hint-dedicated state='on'/><hidden state=\"on\"/></kvm></features>"},
    {"hideHypervisor", &hidden, "<features><kvm><hidden state='off'/></kvm></features>",
     "<features><kvm><hidden state=\"on\"/></kvm></features>"},
    {"hideHypervisor", &hidden, "<features><kvm><hidden state='on'/></kvm></features>", NULL},
    {"hideHypervisor", &shown, "<features><kvm><hidden state='on'/></kvm></features>",
     "<features><kvm><hidden state=\"off\"/></kvm></features>"},

    {"hypervVendorId", &vendor, "",
     "<features><hyperv><vendor_id state=\"on\" value=\"AuthenticAMD\"/></hyperv></features>"},
    {"hypervVendorId", &vendor, "<features><hyperv><relaxed state='on'/></hyperv></features>",
     "<features><hyperv><relaxed state='on'/><vendor_id state=\"on\" value=\"AuthenticAMD\"/></hyperv></features>"},
    {"hypervVendorId", &vendor, "<features><hyperv><vendor_id state='off' value='x'/></hyperv></features>",
     "<features><hyperv><vendor_id state=\"on\" value=\"AuthenticAMD\"/></hyperv></features>"},
    {"hypervVendorId", &vendor, "<features><hyperv><vendor_id value='AuthenticAMD' state='on'/></hyperv></features>",
     NULL},

    {"ioapic", &kvm, "", "<features><ioapic driver=\"kvm\"/></features>"},
    {"ioapic", &split, "<features><ioapic driver='kvm'/></features>", "<features><ioapic driver=\"qemu\"/></features>"},
    {"ioapic", &split, "<features><ioapic driver='qemu'/></features>", NULL},

    {"topoext", &topoext, "<cpu/>", "<cpu><feature name=\"topoext\" policy=\"require\"/></cpu>"},
    {"topoext", &topoext, "<cpu><feature policy='require' name='invtsc'/></cpu>",
     "<cpu><feature policy='require' name='invtsc'/><feature name=\"topoext\" policy=\"require\"/></cpu>"},
    {"topoext", &no_topoext, "<cpu><feature policy='require' name='topoext'/></cpu>",
     "<cpu><feature policy=\"disable\" name='topoext'/></cpu>"},
    {"topoext", &topoext, "<cpu><feature name='svm' policy='disable'/><feature name='topoext'/></cpu>",
     "<cpu><feature name='svm' policy='disable'/><feature name='topoext' policy=\"require\"/></cpu>"},
    {"topoext", &topoext, "<cpu><feature policy='require' name='topoext'/></cpu>", NULL},
    {"topoext", &topoext, "", "<cpu><feature name=\"topoext\" policy=\"require\"/></cpu>"},

    {"maxPhysAddr", &phys, "<cpu mode='host-passthrough'/>",
     "<cpu mode='host-passthrough'><maxphysaddr mode=\"passthrough\"/></cpu>"},
    {"maxPhysAddr", &limited, "<cpu/>", "<cpu><maxphysaddr mode=\"passthrough\" limit=\"39\"/></cpu>"},
    {"maxPhysAddr", &emulated, "<cpu/>", "<cpu><maxphysaddr mode=\"emulate\" bits=\"42\"/></cpu>"},
    {"maxPhysAddr", &phys, "<cpu><maxphysaddr mode='emulate' bits='42'/></cpu>",
     "<cpu><maxphysaddr mode=\"passthrough\"/></cpu>"},
    {"maxPhysAddr", &emulated, "<cpu><maxphysaddr mode='passthrough' limit='39'/></cpu>",
     "<cpu><maxphysaddr mode=\"emulate\" bits=\"42\"/></cpu>"},
    {"maxPhysAddr", &phys, "<cpu><maxphysaddr mode='passthrough' limit='39'/></cpu>",
     "<cpu><maxphysaddr mode='passthrough'/></cpu>"},
    {"maxPhysAddr", &limited, "<cpu><maxphysaddr limit='39' mode='passthrough'/></cpu>", NULL},

    /* Before the other controllers. */
    {"pciHole64", &hole, "<devices><disk/>" PORT "</devices>",
     "<devices><disk/><controller type=\"pci\" index=\"0\" model=\"pcie-root\">" KIB "</controller>" PORT "</devices>"},
    {"pciHole64", &hole_on_pci, "<devices><disk/></devices>",
     "<devices><disk/><controller type=\"pci\" index=\"0\" model=\"pci-root\">" KIB "</controller></devices>"},
    {"pciHole64", &hole, "<devices>" PORT ROOT_BUS "/></devices>",
     "<devices>" PORT ROOT_BUS ">" KIB "</controller></devices>"},
    {"pciHole64", &hole, "<devices>" ROOT_BUS "><pcihole64 unit='GiB'>32</pcihole64></controller></devices>",
     "<devices>" ROOT_BUS ">" KIB "</controller></devices>"},
    {"pciHole64", &hole, "<devices>" ROOT_BUS "><pcihole64 unit='KiB'>67108864</pcihole64></controller></devices>",
     NULL},
    {"pciHole64", &no_hole, "<devices>" ROOT_BUS "/></devices>",
     "<devices>" ROOT_BUS "><pcihole64 unit=\"KiB\">0</pcihole64></controller></devices>"},
    {"pciHole64", &hole, "",
     "<devices><controller type=\"pci\" index=\"0\" model=\"pcie-root\">" KIB "</controller></devices>"},

    {"ovmfMmio64", &window, "<devices/>",
     "<devices/><qemu:commandline xmlns:qemu=\"" NS "\"><qemu:arg value=\"-fw_cfg\"/><qemu:arg "
     "value=\"name=opt/ovmf/X-PciMmio64Mb,string=65536\"/></qemu:commandline>"},
    {"ovmfMmio64", &window, WINDOW("65536"), NULL},
    {"ovmfMmio64", &window, WINDOW("1"),
     "<qemu:commandline " XMLNS "><qemu:arg value='-fw_cfg'/><qemu:arg "
     "value=\"name=opt/ovmf/X-PciMmio64Mb,string=65536\"/></qemu:commandline>"},

    {"emulatedVideo", &no_video, "<devices><disk/></devices>", "<devices><disk/>" NONE "</devices>"},
    {"emulatedVideo", &no_video, "", "<devices>" NONE "</devices>"},
    {"emulatedVideo", &no_video, "<devices><video><model type='none'/></video></devices>", NULL},
    {"emulatedVideo", &no_video,
     "<devices><graphics type='vnc'/><disk/><video><model type='vga'/></video><graphics/></devices>",
     "<devices><disk/>" NONE "</devices>"},
    {"emulatedVideo", &no_video,
     "<devices><video><model type='vga'/></video><video><model type='none'/></video><video><model "
     "type='none'/></video></devices>",
     "<devices><video><model type='none'/></video></devices>"},
    {"emulatedVideo", &no_video, "<devices><graphics/><video><model type='none'/></video></devices>",
     "<devices><video><model type='none'/></video></devices>"},
    {"emulatedVideo", &no_video, "<devices><video/></devices>", "<devices>" NONE "</devices>"},
};

static void each_edit_and_again(void **state) {
    (void)state;
    bool seen[16] = {false};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct guest_edit *edit = edit_named(rows[i].edit);
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer before = {0}, after = {0};
        buffer_printf(&before, "<domain><name>x</name>%s</domain>", rows[i].before);
        buffer_printf(&after, "<domain><name>x</name>%s</domain>", rows[i].after ? rows[i].after : rows[i].before);
        CLEANUP(tree_free) struct tree tree = tree_of(before.data);
        assert_true(edit->applies(rows[i].decision));
        bool there = edit->landed(root_of(&tree), rows[i].decision);
        if (there != !rows[i].after)
            fail_msg("row %zu: there before: %d", i, there);
        assert_int_equal(edit->apply(&tree, root_of(&tree), rows[i].decision, &err), 0);
        assert_int_equal(tree.changed, rows[i].after != NULL);
        CLEANUP(buffer_free) struct buffer text = written(&tree);
        assert_bytes(buffer_bytes(&text), after.data);
        CLEANUP(tree_free) struct tree again = tree_of(text.data);
        if (!edit->landed(root_of(&again), rows[i].decision))
            fail_msg("row %zu did not land", i);
        assert_int_equal(edit->apply(&again, root_of(&again), rows[i].decision, &err), 0);
        assert_false(again.changed);
        seen[edit - guest_edits] = true;
    }
    for (size_t i = 0; i < guest_edit_count; i++)
        assert_true(seen[i]);
}

/* Present, but not as libvirt or QEMU would see it. */
static void not_landed(void **state) {
    (void)state;
    static const struct {
        const char *edit;
        const struct guest_decision *decision;
        const char *content;
    } cases[] = {
        {"hideHypervisor", &hidden, ""},
        {"hideHypervisor", &hidden, "<features><kvm><hidden/></kvm></features>"},
        {"hideHypervisor", &hidden, "<features><kvm><hidden state='off'/></kvm></features>"},
        {"hideHypervisor", &hidden, "<features><kvm><hiden state='on'/></kvm></features>"},
        {"hideHypervisor", &hidden, "<features><hidden state='on'/></features>"},
        {"hideHypervisor", &hidden, "<kvm><hidden state='on'/></kvm>"},
        {"hideHypervisor", &hidden, "<features><kvm><hidden state='on'/><hidden state='on'/></kvm></features>"},
        {"hideHypervisor", &hidden, "<features xmlns='urn:q'><kvm><hidden state='on'/></kvm></features>"},
        {"hideHypervisor", &shown, ""},
        {"hypervVendorId", &vendor,
         "<features><hyperv><vendor_id state='on' value='authenticAMD'/></hyperv></features>"},
        {"hypervVendorId", &vendor, "<features><hyperv><vendor_id value='AuthenticAMD'/></hyperv></features>"},
        {"hypervVendorId", &vendor,
         "<features><hyperv><vendor_id state='off' value='AuthenticAMD'/></hyperv></features>"},
        {"hypervVendorId", &vendor, "<features><vendor_id state='on' value='AuthenticAMD'/></features>"},
        {"hypervVendorId", &vendor,
         "<features><hyperv><vendor_id state='on' value='AuthenticAMD'/><vendor_id state='off'/></hyperv></features>"},
        {"ioapic", &kvm, ""},
        {"ioapic", &kvm, "<features><ioapic driver='qemu'/></features>"},
        {"ioapic", &kvm, "<features><ioapic/></features>"},
        {"ioapic", &kvm, "<features><ioapic driver='kvm'/><ioapic driver='qemu'/></features>"},
        {"topoext", &topoext, "<cpu/>"},
        {"topoext", &topoext, "<cpu><feature name='topoext'/></cpu>"},
        {"topoext", &topoext, "<cpu><feature name='topoext' policy='optional'/></cpu>"},
        {"topoext", &topoext, "<cpu><feature name='topoEXT' policy='require'/></cpu>"},
        {"topoext", &topoext, "<cpu><feature name='svm' policy='require'/></cpu>"},
        {"topoext", &topoext,
         "<cpu><feature name='topoext' policy='require'/><feature name='x'/><feature name='topoext' "
         "policy='disable'/></cpu>"},
        {"topoext", &topoext, "<features><feature name='topoext' policy='require'/></features>"},
        {"maxPhysAddr", &phys, "<cpu/>"},
        {"maxPhysAddr", &phys, "<cpu><maxphysaddr/></cpu>"},
        {"maxPhysAddr", &phys, "<cpu><maxphysaddr mode='passthrough' limit='39'/></cpu>"},
        {"maxPhysAddr", &limited, "<cpu><maxphysaddr mode='passthrough'/></cpu>"},
        {"maxPhysAddr", &limited, "<cpu><maxphysaddr mode='passthrough' limit='40'/></cpu>"},
        {"maxPhysAddr", &limited, "<cpu><maxphysaddr mode='passthrough' limit='39' bits='39'/></cpu>"},
        {"maxPhysAddr", &emulated, "<cpu><maxphysaddr mode='emulate' bits='43'/></cpu>"},
        {"maxPhysAddr", &emulated, "<cpu><maxphysaddr mode='emulate'/></cpu>"},
        {"maxPhysAddr", &phys, "<cpu><maxphysaddr mode='passthrough'/><maxphysaddr/></cpu>"},
        {"pciHole64", &hole, "<devices>" ROOT_BUS "/></devices>"},
        {"pciHole64", &hole, "<devices>" ROOT_BUS "><pcihole64>67108864</pcihole64></controller></devices>"},
        {"pciHole64", &hole, "<devices>" ROOT_BUS "><pcihole64 unit='KiB'>67108865</pcihole64></controller></devices>"},
        {"pciHole64", &hole, "<devices>" ROOT_BUS "><pcihole64 unit='KiB'/></controller></devices>"},
        {"pciHole64", &hole, "<devices>" ROOT_BUS "><hole64 unit='KiB'>67108864</hole64></controller></devices>"},
        {"pciHole64", &hole,
         "<devices><controller type='pci' index='1' model='pcie-root-port'><pcihole64 "
         "unit='KiB'>67108864</pcihole64></controller></devices>"},
        {"pciHole64", &hole,
         "<devices>" ROOT_BUS
         "><pcihole64 unit='KiB'>67108864</pcihole64><pcihole64 unit='KiB'>1</pcihole64></controller>"
         "</devices>"},
        {"ovmfMmio64", &window, ""},
        {"ovmfMmio64", &window, WINDOW("65535")},
        {"ovmfMmio64", &window, WINDOW("65536") WINDOW("65536")},
        {"ovmfMmio64", &window,
         "<commandline><arg value='-fw_cfg'/><arg "
         "value='name=opt/ovmf/X-PciMmio64Mb,string=65536'/></commandline>"},
        {"emulatedVideo", &no_video, ""},
        {"emulatedVideo", &no_video, "<devices/>"},
        {"emulatedVideo", &no_video, "<devices><video/></devices>"},
        {"emulatedVideo", &no_video, "<devices><video><model type='vga'/></video></devices>"},
        {"emulatedVideo", &no_video, "<devices><video><model type='none'/></video><graphics/></devices>"},
        {"emulatedVideo", &no_video, "<devices><video><model type='none'/></video><video/></devices>"},
        {"emulatedVideo", &no_video, "<devices><video><model type='none'/><model type='vga'/></video></devices>"},
        {"emulatedVideo", &no_video, "<video><model type='none'/></video>"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_printf(&text, "<domain>%s</domain>", cases[i].content);
        CLEANUP(tree_free) struct tree tree = tree_of(text.data);
        if (edit_named(cases[i].edit)->landed(root_of(&tree), cases[i].decision))
            fail_msg("%s: %s", cases[i].edit, cases[i].content);
    }
}

/* A decision that says nothing asks for no edit, and each of them for its own only. */
static void applies(void **state) {
    (void)state;
    for (size_t i = 0; i < guest_edit_count; i++) {
        assert_false(guest_edits[i].applies(&nothing));
        for (size_t j = 0; j < COUNT(rows); j++)
            assert_int_equal(guest_edits[i].applies(rows[j].decision), strcmp(rows[j].edit, guest_edits[i].name) == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_edit_and_again),
        cmocka_unit_test(not_landed),
        cmocka_unit_test(applies),
    };
    return cmocka_run_group_tests(tests, tree_group_setup, NULL);
}
