/* domain/device_edits: each edit where its thing is absent, there, or there as something else; what landed, and what
 * did not. */
#include <stdio.h>

#include "domain/edits.h"
#include "domain_support.h"
#include "published_support.h"

#define NS "http://libvirt.org/schemas/domain/qemu/1.0"

static const struct device_edit *edit_named(const char *name) {
    for (size_t i = 0; i < device_edit_count; i++)
        if (strcmp(device_edits[i].name, name) == 0)
            return &device_edits[i];
    fail_msg("no edit %s", name);
    return NULL;
}

/* The hostdev of a domain that has one. */
static xmlNode *hostdev_in(const struct tree *tree) {
    xmlNode *devices = tree_child(xmlDocGetRootElement(tree->document), "devices");
    return tree_child(devices, "hostdev");
}

static void wrap(struct buffer *text, const char *hostdev) {
    buffer_printf(text, "<domain><devices>%s</devices></domain>", hostdev);
}

/* What the tables below ask for. */
static const struct decision keep,
    rom_none = {.rom = ROM_SETTING_DISABLED}, rom_device = {.rom = ROM_SETTING_DEVICE},
    rom_device_bar = {.rom = ROM_SETTING_DEVICE, .rom_bar = TOGGLE_OFF}, bar_off = {.rom_bar = TOGGLE_OFF},
    display_on = {.display = TOGGLE_ON}, display_off = {.display = TOGGLE_OFF}, ramfb_on = {.ramfb = TOGGLE_ON},
    model = {.driver_model = "nvgrace_gpu_vfio_pci"}, placed = {.is_placed = true, .guest_address = {0, 6, 0, 0}},
    placed_multi = {.is_placed = true, .guest_address = {0, 6, 0, 0}, .is_multifunction = true},
    property = {.property_count = 1, .properties = {{"x-vga", PROPERTY_BOOL, "true"}}};
static struct decision file, file_bar_off; /* filled by the test that needs them: their file is published at start */

#define ADDRESS "domain=\"0x0000\" bus=\"0x06\" slot=\"0x00\" function=\"0x0\""

static const struct {
    const char *edit;
    const struct decision *decision;
    const char *before, *after; /* NULL: no change */
} rows[] = {
    {"mode", &keep, "<hostdev type='pci'/>", "<hostdev type='pci' mode=\"subsystem\"/>"},
    {"mode", &keep, "<hostdev  mode = 'subsystem' />", NULL},

    {"rom", &file, "<hostdev/>", "<hostdev><rom bar=\"on\" file=\"" PUBLISHED_PATH "\"/></hostdev>"},
    {"rom", &file, "<hostdev><rom bar='on' file='" PUBLISHED_PATH "'/></hostdev>", NULL},
    {"rom", &file, "<hostdev><rom bar='off' file='/old'/></hostdev>",
     "<hostdev><rom bar=\"on\" file=\"" PUBLISHED_PATH "\"/></hostdev>"},
    {"rom", &file, "<hostdev><rom enabled='no'/></hostdev>",
     "<hostdev><rom bar=\"on\" file=\"" PUBLISHED_PATH "\"/></hostdev>"},
    {"rom", &file_bar_off, "<hostdev/>", "<hostdev><rom bar=\"off\" file=\"" PUBLISHED_PATH "\"/></hostdev>"},
    {"rom", &rom_none, "<hostdev/>", "<hostdev><rom enabled=\"no\"/></hostdev>"},
    {"rom", &rom_none, "<hostdev><rom enabled='no'/></hostdev>", NULL},
    {"rom", &rom_none, "<hostdev><rom bar='on' file='/old'/></hostdev>", "<hostdev><rom enabled=\"no\"/></hostdev>"},
    /* The device's own ROM needs no <rom>, but none with a file. */
    {"rom", &rom_device, "<hostdev/>", NULL},
    {"rom", &rom_device, "<hostdev><rom bar='off'/></hostdev>", NULL},
    {"rom", &rom_device, "<hostdev><rom file='/old'/></hostdev>", "<hostdev><rom bar=\"on\"/></hostdev>"},
    {"rom", &rom_device_bar, "<hostdev><rom bar='on' file='/old'/></hostdev>", "<hostdev><rom bar=\"off\"/></hostdev>"},
    {"rom", &rom_device_bar, "<hostdev/>", "<hostdev><rom bar=\"off\"/></hostdev>"},
    {"rom", &bar_off, "<hostdev><rom bar='on' file='/own'/></hostdev>",
     "<hostdev><rom bar=\"off\" file='/own'/></hostdev>"},

    {"display", &display_on, "<hostdev type='mdev'/>", "<hostdev type='mdev' display=\"on\"/>"},
    {"display", &display_on, "<hostdev display='off'/>", "<hostdev display=\"on\"/>"},
    {"display", &display_on, "<hostdev display='on'/>", NULL},
    {"display", &display_off, "<hostdev display='on' ramfb='on'/>", "<hostdev display=\"off\" ramfb='on'/>"},
    {"ramfb", &ramfb_on, "<hostdev display='on'/>", "<hostdev display='on' ramfb=\"on\"/>"},
    {"ramfb", &ramfb_on, "<hostdev ramfb='off'/>", "<hostdev ramfb=\"on\"/>"},
    {"ramfb", &ramfb_on, "<hostdev ramfb='on'/>", NULL},

    {"driverModel", &model, "<hostdev><source/></hostdev>",
     "<hostdev><driver model=\"nvgrace_gpu_vfio_pci\"/><source/></hostdev>"},
    {"driverModel", &model, "<hostdev><driver name='vfio'/></hostdev>",
     "<hostdev><driver name='vfio' model=\"nvgrace_gpu_vfio_pci\"/></hostdev>"},
    {"driverModel", &model, "<hostdev><driver model='vfio-pci'/></hostdev>",
     "<hostdev><driver model=\"nvgrace_gpu_vfio_pci\"/></hostdev>"},
    {"driverModel", &model, "<hostdev><driver model='nvgrace_gpu_vfio_pci'/></hostdev>", NULL},

    {"guestAddress", &placed, "<hostdev><source><address bus='1'/></source></hostdev>",
     "<hostdev><source><address bus='1'/></source><address type=\"pci\" " ADDRESS "/></hostdev>"},
    {"guestAddress", &placed_multi, "<hostdev/>",
     "<hostdev><address type=\"pci\" " ADDRESS " multifunction=\"on\"/></hostdev>"},
    {"guestAddress", &placed, "<hostdev><address type='pci' bus='7' slot='0'/></hostdev>",
     "<hostdev><address type='pci' bus=\"0x06\" slot=\"0x00\" domain=\"0x0000\" function=\"0x0\"/></hostdev>"},
    {"guestAddress", &placed, "<hostdev><address type='pci' bus='6' slot='0'/></hostdev>", NULL},
    {"guestAddress", &placed, "<hostdev><address type='pci' bus='6' slot='0' multifunction='on'/></hostdev>", NULL},
    {"guestAddress", &placed_multi, "<hostdev><address type='pci' bus='6' slot='0'/></hostdev>",
     "<hostdev><address type='pci' bus='6' slot='0' multifunction=\"on\"/></hostdev>"},

    {"QEMU properties", &property,
     "<hostdev><alias name='ua-a'/></hostdev></devices><override xmlns='" NS "'/><devices>",
     "<hostdev><alias name='ua-a'/></hostdev></devices><override xmlns='" NS
     "'><device alias=\"ua-a\"><frontend><property name=\"x-vga\" type=\"bool\" value=\"true\"/></frontend></device>"
     "</override><devices>"},
    {"QEMU properties", &property,
     "<hostdev><alias name='ua-a'/></hostdev></devices><override xmlns='" NS
     "'><device alias='ua-a'><frontend><property name='x-vga' type='bool' value='true'/></frontend></device></override>"
     "<devices>",
     NULL},
};

static void each_edit_and_again(void **state) {
    (void)state;
    bool seen[16] = {false};
    file = (struct decision){.rom = ROM_SETTING_FILE, .published = published};
    file_bar_off = (struct decision){.rom = ROM_SETTING_FILE, .rom_bar = TOGGLE_OFF, .published = published};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct device_edit *edit = edit_named(rows[i].edit);
        const struct decision *decision = rows[i].decision;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer before = {0}, after = {0};
        wrap(&before, rows[i].before);
        wrap(&after, rows[i].after ? rows[i].after : rows[i].before);
        CLEANUP(tree_free) struct tree tree = tree_of(before.data);
        assert_true(edit->applies(&(struct device){.kind = DEVICE_PCI}, decision));
        bool there = edit->landed(hostdev_in(&tree), decision);
        if (there != !rows[i].after)
            fail_msg("row %zu: there before: %d", i, there);
        assert_int_equal(edit->apply(&tree, hostdev_in(&tree), decision, &err), 0);
        assert_int_equal(tree.changed, rows[i].after != NULL);
        CLEANUP(buffer_free) struct buffer text = written(&tree);
        assert_bytes(buffer_bytes(&text), after.data);
        CLEANUP(tree_free) struct tree again = tree_of(text.data);
        if (!edit->landed(hostdev_in(&again), decision))
            fail_msg("row %zu did not land", i);
        assert_int_equal(edit->apply(&again, hostdev_in(&again), decision, &err), 0);
        assert_false(again.changed);
        seen[edit - device_edits] = true;
    }
    for (size_t i = 0; i < device_edit_count; i++)
        assert_true(seen[i]);
}

/* Present, but not as libvirt or QEMU would see it. */
static void not_landed(void **state) {
    (void)state;
    static const struct {
        const char *edit;
        const struct decision *decision;
        const char *hostdev;
    } cases[] = {
        {"mode", &keep, "<hostdev/>"},
        {"mode", &keep, "<hostdev mode='capabilities'/>"},
        {"mode", &keep, "<hostdev Mode='subsystem'/>"},
        {"mode", &keep, "<hostdev xmlns:q='urn:q' q:mode='subsystem'/>"},
        {"rom", &file, "<hostdev/>"},
        {"rom", &file, "<hostdev><rom file='" PUBLISHED_PATH "'/></hostdev>"},
        {"rom", &file, "<hostdev><rom bar='on'/></hostdev>"},
        {"rom", &file, "<hostdev><rom bar='on' file='/other'/></hostdev>"},
        {"rom", &file, "<hostdev><rom enabled='no' bar='on' file='" PUBLISHED_PATH "'/></hostdev>"},
        {"rom", &file, "<hostdev><rom bar='on' file='" PUBLISHED_PATH "'/><rom/></hostdev>"},
        {"rom", &file, "<hostdev><ROM bar='on' file='" PUBLISHED_PATH "'/></hostdev>"},
        {"rom", &file, "<hostdev><q:rom xmlns:q='urn:q' bar='on' file='" PUBLISHED_PATH "'/></hostdev>"},
        {"rom", &file, "<hostdev><source><rom bar='on' file='" PUBLISHED_PATH "'/></source></hostdev>"},
        {"rom", &file_bar_off, "<hostdev><rom bar='on' file='" PUBLISHED_PATH "'/></hostdev>"},
        {"rom", &rom_none, "<hostdev/>"},
        {"rom", &rom_none, "<hostdev><rom enabled='yes'/></hostdev>"},
        {"rom", &rom_none, "<hostdev><rom enabled='no' bar='off'/></hostdev>"},
        {"rom", &rom_device, "<hostdev><rom bar='on' file='/old'/></hostdev>"},
        {"rom", &rom_device_bar, "<hostdev/>"},
        {"rom", &bar_off, "<hostdev><rom bar='on'/></hostdev>"},
        {"rom", &bar_off, "<hostdev/>"},
        {"display", &display_on, "<hostdev/>"},
        {"display", &display_on, "<hostdev display='off'/>"},
        {"display", &display_off, "<hostdev/>"},
        {"display", &display_on, "<hostdev><x display='on'/></hostdev>"},
        {"ramfb", &ramfb_on, "<hostdev display='on'/>"},
        {"ramfb", &ramfb_on, "<hostdev ramfb='off'/>"},
        {"driverModel", &model, "<hostdev/>"},
        {"driverModel", &model, "<hostdev><driver model='vfio-pci'/></hostdev>"},
        {"driverModel", &model, "<hostdev><driver name='nvgrace_gpu_vfio_pci'/></hostdev>"},
        {"driverModel", &model, "<hostdev><driver model='nvgrace_gpu_vfio_pci'/><driver/></hostdev>"},
        {"driverModel", &model, "<hostdev><q:driver xmlns:q='urn:q' model='nvgrace_gpu_vfio_pci'/></hostdev>"},
        {"guestAddress", &placed, "<hostdev/>"},
        {"guestAddress", &placed, "<hostdev><address type='pci' bus='7' slot='0'/></hostdev>"},
        {"guestAddress", &placed, "<hostdev><address type='pci' bus='6' slot='0' function='1'/></hostdev>"},
        {"guestAddress", &placed, "<hostdev><address type='drive' bus='6' slot='0'/></hostdev>"},
        {"guestAddress", &placed, "<hostdev><address bus='6' slot='0'/></hostdev>"},
        {"guestAddress", &placed, "<hostdev><source><address type='pci' bus='6' slot='0'/></source></hostdev>"},
        {"guestAddress", &placed, "<hostdev><address type='pci' bus='6' slot='0'/><address type='pci'/></hostdev>"},
        {"guestAddress", &placed_multi, "<hostdev><address type='pci' bus='6' slot='0'/></hostdev>"},
        {"guestAddress", &placed_multi,
         "<hostdev><address type='pci' bus='6' slot='0' multifunction='off'/></hostdev>"},
#define OVERRIDE(alias)                                                                                                \
    "</devices><override xmlns='" NS "'><device alias='" alias                                                         \
    "'><frontend><property name='x-vga' type='bool' value='true'/></frontend></device></override><devices>"
        {"QEMU properties", &property, "<hostdev><alias name='ua-a'/></hostdev>"},
        {"QEMU properties", &property, "<hostdev><alias name='ua-a'/></hostdev>" OVERRIDE("ua-b")},
        {"QEMU properties", &property, "<hostdev><alias name='ua-a'/></hostdev>" OVERRIDE("")},
        {"QEMU properties", &property, "<hostdev><alias name='ua-a'/></hostdev>" OVERRIDE("ua-a") OVERRIDE("ua-a")},
    };
    file = (struct decision){.rom = ROM_SETTING_FILE, .published = published};
    file_bar_off = (struct decision){.rom = ROM_SETTING_FILE, .rom_bar = TOGGLE_OFF, .published = published};
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        wrap(&text, cases[i].hostdev);
        CLEANUP(tree_free) struct tree tree = tree_of(text.data);
        if (edit_named(cases[i].edit)->landed(hostdev_in(&tree), cases[i].decision))
            fail_msg("%s", cases[i].hostdev);
    }
}

/* An edit is made where it is asked for only; "mode" holds for every PCI function, whether the plan knows it or not. */
static void applies(void **state) {
    (void)state;
    static const struct {
        const struct decision *decision;
        enum device_kind kind;
        const char *edits;
    } cases[] = {
        {NULL, DEVICE_PCI, "mode "},
        {NULL, DEVICE_MDEV, ""},
        {&keep, DEVICE_PCI, "mode "},
        {&keep, DEVICE_MDEV, ""},
        {&rom_none, DEVICE_PCI, "mode rom "},
        {&rom_device, DEVICE_PCI, "mode rom "},
        {&bar_off, DEVICE_PCI, "mode rom "},
        {&display_off, DEVICE_MDEV, "display "},
        {&ramfb_on, DEVICE_MDEV, "ramfb "},
        {&model, DEVICE_PCI, "mode driverModel "},
        {&placed, DEVICE_MDEV, "guestAddress "},
        {&property, DEVICE_PCI, "mode QEMU properties "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct device device = {.kind = cases[i].kind};
        CLEANUP(buffer_free) struct buffer text = {0};
        for (size_t j = 0; j < device_edit_count; j++)
            if (device_edits[j].applies(&device, cases[i].decision))
                buffer_printf(&text, "%s ", device_edits[j].name);
        assert_bytes(buffer_bytes(&text), cases[i].edits);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_edit_and_again),
        cmocka_unit_test(not_landed),
        cmocka_unit_test(applies),
    };
    return cmocka_run_group_tests(tests, published_setup, published_teardown);
}
