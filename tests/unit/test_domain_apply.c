/* domain/apply: all edits of a plan land, nothing else changes, and a second time changes nothing. */
#include <stdio.h>

#include "domain/domain.h"
#include "domain/edits.h"
#include "published_support.h"
#include "support.h"

#define SOURCE "<source><address bus='0xe5' slot='0'/></source>"

static const struct pci_address address = {0, 0xe5, 0, 0};

/* tree_write, which may be made to write something else. */
int __real_tree_write(const struct tree *tree, struct buffer *out, struct error *err);
int __wrap_tree_write(const struct tree *tree, struct buffer *out, struct error *err);
static const char *written_instead;

int __wrap_tree_write(const struct tree *tree, struct buffer *out, struct error *err) {
    if (!written_instead)
        return __real_tree_write(tree, out, err);
    buffer_append_text(out, written_instead);
    return 0;
}

static struct buffer apply(struct bytes text, const struct plan *plan) {
    struct buffer out = {0};
    CLEANUP(domain_free) struct domain domain = {0};
    struct error err = {0};
    domain_parse(text, &domain, &err);
    assert_no_error(&err);
    domain_apply(&domain, plan, &out, &err);
    assert_no_error(&err);
    return out;
}

/* What becomes of a hostdev under a decision. The decision's address and file are filled in. */
static const struct {
    enum rom_setting rom;
    enum toggle bar;
    const char *before, *after;
} edits[] = {
    /* mode */
    {ROM_SETTING_KEEP, TOGGLE_UNSET, "<hostdev type='pci'>" SOURCE "</hostdev>",
     "<hostdev type='pci' mode=\"subsystem\">" SOURCE "</hostdev>"},
    {ROM_SETTING_KEEP, TOGGLE_UNSET, "<hostdev mode='subsystem' type='pci' >" SOURCE "</hostdev >",
     "<hostdev mode='subsystem' type='pci' >" SOURCE "</hostdev >"},
    /* a file */
    {ROM_SETTING_FILE, TOGGLE_UNSET, "<hostdev mode='subsystem' type='pci'>" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'>" SOURCE "<rom bar=\"on\" file=\"" PUBLISHED_PATH "\"/></hostdev>"},
    {ROM_SETTING_FILE, TOGGLE_ON, "<hostdev mode='subsystem' type='pci'>" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'>" SOURCE "<rom bar=\"on\" file=\"" PUBLISHED_PATH "\"/></hostdev>"},
    {ROM_SETTING_FILE, TOGGLE_OFF, "<hostdev mode='subsystem' type='pci'>" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'>" SOURCE "<rom bar=\"off\" file=\"" PUBLISHED_PATH "\"/></hostdev>"},
    {ROM_SETTING_FILE, TOGGLE_UNSET,
     "<hostdev mode='subsystem' type='pci'><rom bar='off' file='/old'/>" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'><rom bar=\"on\" file=\"" PUBLISHED_PATH "\"/>" SOURCE "</hostdev>"},
    {ROM_SETTING_FILE, TOGGLE_UNSET, "<hostdev mode='subsystem' type='pci'><rom enabled='no'/>" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'><rom bar=\"on\" file=\"" PUBLISHED_PATH "\"/>" SOURCE "</hostdev>"},
    {ROM_SETTING_FILE, TOGGLE_UNSET,
     "<hostdev mode='subsystem' type='pci'><rom x='y' file='" PUBLISHED_PATH "'></rom>" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'><rom x='y' file='" PUBLISHED_PATH "' bar=\"on\"></rom>" SOURCE "</hostdev>"},
    {ROM_SETTING_FILE, TOGGLE_UNSET,
     "<hostdev mode='subsystem' type='pci'>\n  " SOURCE "\n  <alias name='a'/>\n</hostdev>",
     "<hostdev mode='subsystem' type='pci'>\n  " SOURCE
     "\n  <alias name='a'/>\n  <rom bar=\"on\" file=\"" PUBLISHED_PATH "\"/>\n</hostdev>"},
    /* no ROM: libvirt refuses enabled="no" with anything else */
    {ROM_SETTING_DISABLED, TOGGLE_UNSET, "<hostdev mode='subsystem' type='pci'>" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'>" SOURCE "<rom enabled=\"no\"/></hostdev>"},
    {ROM_SETTING_DISABLED, TOGGLE_UNSET,
     "<hostdev mode='subsystem' type='pci'><rom bar='on' file='/old'/>" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'><rom enabled=\"no\"/>" SOURCE "</hostdev>"},
    {ROM_SETTING_DISABLED, TOGGLE_UNSET, "<hostdev mode='subsystem' type='pci'><rom enabled='no'/>" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'><rom enabled='no'/>" SOURCE "</hostdev>"},
    /* the BAR alone */
    {ROM_SETTING_KEEP, TOGGLE_OFF, "<hostdev mode='subsystem' type='pci'>" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'>" SOURCE "<rom bar=\"off\"/></hostdev>"},
    {ROM_SETTING_KEEP, TOGGLE_ON,
     "<hostdev mode='subsystem' type='pci'><rom bar='off' file='/own'/>" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'><rom bar=\"on\" file='/own'/>" SOURCE "</hostdev>"},
    /* nothing asked: another hook's <rom> stays */
    {ROM_SETTING_KEEP, TOGGLE_UNSET, "<hostdev mode='subsystem' type='pci'><rom enabled='no'/>" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'><rom enabled='no'/>" SOURCE "</hostdev>"},
    {ROM_SETTING_KEEP, TOGGLE_UNSET, "<hostdev mode='subsystem' type='pci'><rom bar = 'off'/>" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'><rom bar = 'off'/>" SOURCE "</hostdev>"},
    /* text and comments behind the last element */
    {ROM_SETTING_FILE, TOGGLE_UNSET, "<hostdev mode='subsystem' type='pci'>" SOURCE "<!-- c --></hostdev>",
     "<hostdev mode='subsystem' type='pci'>" SOURCE "<rom bar=\"on\" file=\"" PUBLISHED_PATH
     "\"/><!-- c --></hostdev>"},
    {ROM_SETTING_FILE, TOGGLE_UNSET, "<hostdev mode='subsystem' type='pci'>text" SOURCE "</hostdev>",
     "<hostdev mode='subsystem' type='pci'>text" SOURCE "<rom bar=\"on\" file=\"" PUBLISHED_PATH "\"/></hostdev>"},
};

/* Where the hostdev stands; %s is the hole. */
static const char *const frames[] = {
    "<domain><devices>%s</devices></domain>",
    "<?xml version='1.0'?>\n<domain type = 'kvm'>\r\n <devices  >\n  %s\n  <disk type='file'/>\n </devices>\n</domain>\n<!-- end -->",
    "<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><devices><hostdev type='usb'/>%s</devices>"
    "<qemu:commandline><qemu:arg value='-x'/></qemu:commandline></domain>",
};

static void frame(struct buffer *out, const char *form, const char *hostdev) {
    const char *hole = strstr(form, "%s");
    buffer_append(out, form, (size_t)(hole - form));
    buffer_printf(out, "%s%s", hostdev, hole + 2);
}

static void each_edit_and_again(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(edits) * COUNT(frames); i++) {
        const char *form = frames[i % COUNT(frames)];
        struct decision decision = {
            .address = address, .rom = edits[i / COUNT(frames)].rom, .rom_bar = edits[i / COUNT(frames)].bar};
        decision.published = decision.rom == ROM_SETTING_FILE ? published : NULL;
        const struct plan plan = {.count = 1, .decisions = &decision};
        CLEANUP(buffer_free) struct buffer before = {0}, expected = {0};
        frame(&before, form, edits[i / COUNT(frames)].before);
        frame(&expected, form, edits[i / COUNT(frames)].after);
        CLEANUP(buffer_free) struct buffer once = apply(buffer_bytes(&before), &plan);
        assert_bytes(buffer_bytes(&once), expected.data);
        CLEANUP(buffer_free) struct buffer twice = apply(buffer_bytes(&once), &plan);
        assert_bytes(buffer_bytes(&twice), expected.data);
    }
}

static void text_behind_the_last_element(void **state) {
    (void)state;
    struct decision decision = {.address = address, .rom = ROM_SETTING_DISABLED};
    const struct plan plan = {.count = 1, .decisions = &decision};
    CLEANUP(buffer_free)
    struct buffer out = apply(
        bytes_of("<domain><devices><hostdev mode='subsystem' type='pci'>" SOURCE "text</hostdev></devices></domain>"),
        &plan);
    CLEANUP(buffer_free) struct buffer twice = apply(buffer_bytes(&out), &plan);
    assert_bytes(buffer_bytes(&twice), out.data);
}

/* Hostdevs that the plan does not know get their mode; all others are left alone. */
static void only_devices_of_the_plan(void **state) {
    (void)state;
    static const char before[] =
        "<domain><devices><hostdev type='pci'>" SOURCE "</hostdev>"
        "<hostdev type='pci'><source><address bus='1' slot='0'/></source></hostdev>"
        "<hostdev type='pci'><source><address bus='0xe5' slot='0' function='1'/></source></hostdev>"
        "<hostdev type='mdev'/><hostdev type='usb'/><hostdev type='pci' mode='capabilities'/></devices></domain>";
    static const char after[] =
        "<domain><devices><hostdev type='pci' mode=\"subsystem\">" SOURCE "</hostdev>"
        "<hostdev type='pci' mode=\"subsystem\"><source><address bus='1' slot='0'/></source><rom enabled=\"no\"/></hostdev>"
        "<hostdev type='pci' mode=\"subsystem\"><source><address bus='0xe5' slot='0' function='1'/></source></hostdev>"
        "<hostdev type='mdev'/><hostdev type='usb'/><hostdev type='pci' mode='capabilities'/></devices></domain>";
    struct decision decision = {.address = {0, 1, 0, 0}, .rom = ROM_SETTING_DISABLED};
    const struct plan plan = {.count = 1, .decisions = &decision};
    CLEANUP(buffer_free) struct buffer out = apply(bytes_of(before), &plan);
    assert_bytes(buffer_bytes(&out), after);
}

/* Whatever is written wrong, the reply is read again and the call fails. */
static void a_wrong_reply_is_noticed(void **state) {
    (void)state;
    static const char before[] =
        "<domain><devices><hostdev type='pci' mode='subsystem'>" SOURCE "</hostdev></devices></domain>";
    static const char *const replies[][2] = {
        {"", "cannot be read back"},
        {"<domain>", "cannot be read back"},
        {before, "differs from what was meant"}, /* without the edit */
        {"<domain><devices/></domain>", "differs from what was meant"},
        {"<domain><devices><hostdev type='pci' mode='subsystem'>" SOURCE
         "<rom enabled='no'/></hostdev><x/></devices></domain>",
         "differs from what was meant"},
        {"<domain><devices><hostdev type='pci' mode='subsystem'>" SOURCE
         "<rom enabled='no' bar='on'/></hostdev></devices></domain>",
         "differs from what was meant"},
    };
    struct decision decision = {.address = address, .rom = ROM_SETTING_DISABLED};
    const struct plan plan = {.count = 1, .decisions = &decision};
    for (size_t i = 0; i < COUNT(replies); i++) {
        CLEANUP(domain_free) struct domain domain = {0};
        CLEANUP(buffer_free) struct buffer out = {0};
        struct error err = {0};
        domain_parse(bytes_of(before), &domain, &err);
        assert_no_error(&err);
        written_instead = replies[i][0];
        int result = domain_apply(&domain, &plan, &out, &err);
        written_instead = NULL;
        assert_int_equal(result, -1);
        assert_error(&err, ERROR_INTERNAL, replies[i][1]);
    }
}

/* What stands twice where libvirt reads one: a device is refused, of an element one is left, edited. */
static void what_stands_twice(void **state) {
    (void)state;
    static const char two[] = "<domain><devices><hostdev type='pci'>" SOURCE "<alias name='ua-a'/></hostdev>"
                              "<hostdev type='pci'>" SOURCE "<alias name='ua-b'/></hostdev></devices></domain>";
    static const char doubled[] = "<domain><cpu><maxphysaddr/><maxphysaddr/></cpu><devices><hostdev type='pci'>" SOURCE
                                  "<driver/><driver/></hostdev></devices></domain>";
    static const char single[] =
        "<domain><cpu><maxphysaddr mode=\"passthrough\"/></cpu><devices><hostdev type='pci' mode=\"subsystem\">" SOURCE
        "<driver model=\"m\"/></hostdev></devices></domain>";
    struct decision companion = {.address = address, .is_companion = true},
                    model = {.address = address, .driver_model = "m"};
    CLEANUP(domain_free) struct domain domain = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    struct error err = {0};
    domain_parse(bytes_of(two), &domain, &err);
    assert_no_error(&err);
    const struct plan twice = {.count = 1, .decisions = &companion};
    assert_int_equal(domain_apply(&domain, &twice, &out, &err), -1);
    assert_error(&err, ERROR_INPUT, "0000:e5:00.0: it is in the domain 2 times");

    const struct plan once = {
        .guest = {.max_phys_addr = {.mode = PHYS_ADDR_PASSTHROUGH}}, .count = 1, .decisions = &model};
    CLEANUP(buffer_free) struct buffer mended = apply(bytes_of(doubled), &once);
    assert_bytes(buffer_bytes(&mended), single);
}

#define QEMU "http://libvirt.org/schemas/domain/qemu/1.0"
#define VGPU "5d307ca9-b3ef-428c-8861-06e72d69f223"

/* Every edit at once, in a domain of lines as KubeVirt writes it. */
static void everything_at_once(void **state) {
    (void)state;
    static const char before[] = "<domain type=\"kvm\" xmlns:qemu=\"" QEMU "\">\n"
                                 "\t<cpu mode=\"host-passthrough\"/>\n"
                                 "\t<devices>\n"
                                 "\t\t<graphics type=\"vnc\"/>\n"
                                 "\t\t<hostdev type=\"pci\" managed=\"no\">\n"
                                 "\t\t\t<source>\n"
                                 "\t\t\t\t<address domain=\"0x0000\" bus=\"0xe5\" slot=\"0x00\" function=\"0x0\"/>\n"
                                 "\t\t\t</source>\n"
                                 "\t\t\t<alias name=\"ua-gpu-a\"/>\n"
                                 "\t\t</hostdev>\n"
                                 "\t\t<hostdev type=\"mdev\" model=\"vfio-pci\" display=\"on\">\n"
                                 "\t\t\t<source>\n"
                                 "\t\t\t\t<address uuid=\"" VGPU "\"/>\n"
                                 "\t\t\t</source>\n"
                                 "\t\t</hostdev>\n"
                                 "\t</devices>\n"
                                 "</domain>";
    static const char after[] =
        "<domain type=\"kvm\" xmlns:qemu=\"" QEMU "\">\n"
        "\t<cpu mode=\"host-passthrough\">\n"
        "\t\t<feature name=\"topoext\" policy=\"require\"/>\n"
        "\t\t<maxphysaddr mode=\"passthrough\" limit=\"39\"/>\n"
        "\t</cpu>\n"
        "\t<devices>\n"
        "\t\t<hostdev type=\"pci\" managed=\"no\" mode=\"subsystem\">\n"
        "\t\t\t<driver model=\"m\"/>\n"
        "\t\t\t<source>\n"
        "\t\t\t\t<address domain=\"0x0000\" bus=\"0xe5\" slot=\"0x00\" function=\"0x0\"/>\n"
        "\t\t\t</source>\n"
        "\t\t\t<alias name=\"ua-gpu-a\"/>\n"
        "\t\t\t<rom bar=\"on\" file=\"" PUBLISHED_PATH "\"/>\n"
        "\t\t\t<address type=\"pci\" domain=\"0x0000\" bus=\"0x06\" slot=\"0x00\" function=\"0x0\" "
        "multifunction=\"on\"/>\n"
        "\t\t</hostdev>\n"
        "\t\t<hostdev type=\"mdev\" model=\"vfio-pci\" display=\"off\">\n"
        "\t\t\t<source>\n"
        "\t\t\t\t<address uuid=\"" VGPU "\"/>\n"
        "\t\t\t</source>\n"
        "\t\t</hostdev>\n"
        "\t\t<hostdev type=\"pci\" managed=\"no\" mode=\"subsystem\">\n"
        "\t\t\t<source>\n"
        "\t\t\t\t<address domain=\"0x0000\" bus=\"0xe5\" slot=\"0x00\" function=\"0x1\"/>\n"
        "\t\t\t</source>\n"
        "\t\t\t<alias name=\"ua-companion-0000-e5-00-1\"/>\n"
        "\t\t\t<address type=\"pci\" domain=\"0x0000\" bus=\"0x06\" slot=\"0x00\" function=\"0x1\"/>\n"
        "\t\t</hostdev>\n"
        "\t\t<video>\n"
        "\t\t\t<model type=\"none\"/>\n"
        "\t\t</video>\n"
        "\t</devices>\n"
        "\t<qemu:override xmlns:qemu=\"" QEMU "\">\n"
        "\t\t<qemu:device alias=\"ua-gpu-a\">\n"
        "\t\t\t<qemu:frontend>\n"
        "\t\t\t\t<qemu:property name=\"x-no-mmap\" type=\"bool\" value=\"true\"/>\n"
        "\t\t\t</qemu:frontend>\n"
        "\t\t</qemu:device>\n"
        "\t</qemu:override>\n"
        "\t<features>\n"
        "\t\t<kvm>\n"
        "\t\t\t<hidden state=\"on\"/>\n"
        "\t\t</kvm>\n"
        "\t</features>\n"
        "\t<qemu:commandline xmlns:qemu=\"" QEMU "\">\n"
        "\t\t<qemu:arg value=\"-fw_cfg\"/>\n"
        "\t\t<qemu:arg value=\"name=opt/ovmf/X-PciMmio64Mb,string=65536\"/>\n"
        "\t</qemu:commandline>\n"
        "</domain>";
    struct decision decisions[] = {
        {.address = address,
         .rom = ROM_SETTING_FILE,
         .published = published,
         .driver_model = "m",
         .is_placed = true,
         .guest_address = {0, 6, 0, 0},
         .is_multifunction = true,
         .property_count = 1,
         .properties = {{"x-no-mmap", PROPERTY_BOOL, "true"}}},
        {.kind = DEVICE_MDEV, .uuid = VGPU, .display = TOGGLE_OFF},
        {.address = {0, 0xe5, 0, 1}, .is_companion = true, .is_placed = true, .guest_address = {0, 6, 0, 1}},
    };
    const struct plan plan = {.guest = {.hide_hypervisor = TOGGLE_ON,
                                        .topoext = TOGGLE_ON,
                                        .max_phys_addr = {.mode = PHYS_ADDR_PASSTHROUGH, .limit = 39},
                                        .ovmf_mmio64_mib = 65536,
                                        .remove_video = true},
                              .count = COUNT(decisions),
                              .decisions = decisions};
    CLEANUP(buffer_free) struct buffer once = apply(bytes_of(before), &plan);
    assert_bytes(buffer_bytes(&once), after);
    CLEANUP(buffer_free) struct buffer twice = apply(buffer_bytes(&once), &plan);
    assert_bytes(buffer_bytes(&twice), after);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_edit_and_again),      cmocka_unit_test(text_behind_the_last_element),
        cmocka_unit_test(only_devices_of_the_plan), cmocka_unit_test(everything_at_once),
        cmocka_unit_test(a_wrong_reply_is_noticed), cmocka_unit_test(what_stands_twice),
    };
    return cmocka_run_group_tests(tests, published_setup, published_teardown);
}
