/* domain/find: which devices a domain passes through. */
#include <stdio.h>

#include "domain/domain.h"
#include "domain_support.h"

static void parse_devices(const char *devices, struct buffer *text, struct domain *domain, struct error *err) {
    buffer_printf(text, "<domain><devices>%s</devices></domain>", devices);
    memset(domain, 0xff, sizeof(*domain));
    domain_parse(buffer_bytes(text), domain, err);
}

#define SOURCE  "<source><address domain='0x0000' bus='0xe5' slot='0x00' function='0x1'/></source>"
#define ALIAS   "<alias name='ua-gpu-igpu'/>"
#define PCI(in) "<hostdev mode='subsystem' type='pci' managed='no'>" in "</hostdev>"

/* What counts as one of our devices. */
static void shapes(void **state) {
    (void)state;
    static const struct {
        const char *devices;
        const char *name; /* of the first device; NULL: none is found */
        enum device_kind kind;
    } cases[] = {
        {PCI(SOURCE ALIAS), "igpu", DEVICE_PCI},
        {"<hostdev type='pci'>" SOURCE ALIAS "</hostdev>", "igpu", DEVICE_PCI}, /* as KubeVirt writes it */
        {PCI("<source><address type='pci' bus='1' slot='2'/></source>"), "", DEVICE_PCI},
        {PCI("<driver name='vfio'/>" SOURCE "<alias name='hostdev0'/>"), "hostdev0", DEVICE_PCI},
        {"<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='x'/></source>"
         "<alias name='ua-gpu-vgpu'/></hostdev>",
         "vgpu", DEVICE_MDEV},
        {"<hostdev type='mdev'/>", "", DEVICE_MDEV},
        {"", NULL, DEVICE_PCI},
        {"<hostdev mode='subsystem' type='usb'><source/></hostdev>", NULL, DEVICE_PCI},
        {"<hostdev mode='capabilities' type='pci'/>", NULL, DEVICE_PCI},
        {"<hostdev mode='subsystem'/>", NULL, DEVICE_PCI},
        {"<interface type='hostdev'>" SOURCE "</interface>", NULL, DEVICE_PCI},
        {"<controller><hostdev type='pci'>" SOURCE "</hostdev></controller>", NULL, DEVICE_PCI},
        {"<!-- " PCI(SOURCE) " -->", NULL, DEVICE_PCI},
        {"<q:hostdev xmlns:q='urn:q' type='pci'>" SOURCE "</q:hostdev>", NULL, DEVICE_PCI},
        {"<hostdev xmlns:q='urn:q' q:type='pci'>" SOURCE "</hostdev>", NULL, DEVICE_PCI},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(domain_free) struct domain domain;
        struct error err = {0};
        parse_devices(cases[i].devices, &text, &domain, &err);
        assert_no_error(&err);
        if (domain.count != (cases[i].name != NULL))
            fail_msg("%s: %zu devices", cases[i].devices, domain.count);
        if (!cases[i].name)
            continue;
        assert_string_equal(domain.devices[0].name, cases[i].name);
        assert_int_equal(domain.devices[0].kind, cases[i].kind);
        assert_string_equal((const char *)domain.nodes[0]->name, "hostdev");
    }
}

static void names(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"ua-gpu-igpu", "igpu"},
        {"ua-hostdevice-igpu", "igpu"},
        {"ua-dra-gpu-igpu", "igpu"},
        {"ua-dra-hostdevice-igpu", "igpu"},
        {"ua-sriov-net1", "net1"},
        {"ua-other", "other"},
        {"ua-gpu-gpu-1", "gpu-1"},
        {"ua-hostdevice-gpu-1", "gpu-1"},
        {"hostdev0", "hostdev0"},
        {"gpu-igpu", "gpu-igpu"},
        {"ua-", ""},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer devices = {0}, text = {0};
        CLEANUP(domain_free) struct domain domain;
        struct error err = {0};
        buffer_printf(&devices, PCI(SOURCE "<alias name='%s'/>"), cases[i][0]);
        parse_devices(devices.data, &text, &domain, &err);
        assert_no_error(&err);
        assert_string_equal(domain.devices[0].alias, cases[i][0]);
        assert_string_equal(domain.devices[0].name, cases[i][1]);
    }
}

static void addresses(void **state) {
    (void)state;
    static const struct {
        const char *address;
        struct pci_address expected;
        const char *refusal;
    } cases[] = {
        {"domain='0x0000' bus='0xe5' slot='0x1f' function='0x7'", {0, 0xe5, 0x1f, 7}, NULL},
        {"type='pci' domain='0x10000' bus='0x01' slot='0x00' function='0x0'", {0x10000, 1, 0, 0}, NULL},
        {"domain='0xffffffff' bus='0xff' slot='0x1f' function='0x7'", {0xffffffff, 0xff, 0x1f, 7}, NULL},
        {"bus='1' slot='31' function='7'", {0, 1, 31, 7}, NULL},
        {"bus='229' slot='0'", {0, 0xe5, 0, 0}, NULL},
        {"slot='0x00'", {0}, "hostdev ua-gpu-igpu: its source address has no \"bus\""},
        {"bus='0x01'", {0}, "has no \"slot\""},
        {"bus='0x100' slot='0'", {0}, "bus=\"0x100\" of its source address is not a number up to 0xff"},
        {"bus='1' slot='0x20'", {0}, "slot=\"0x20\" of its source address is not a number up to 0x1f"},
        {"bus='1' slot='0' function='8'", {0}, "function=\"8\" of its source address is not a number up to 0x7"},
        {"domain='0x100000000' bus='1' slot='0'", {0}, "domain=\"0x100000000\""},
        {"domain='99999999999999999999999' bus='1' slot='0'", {0}, "domain=\"9999"},
        {"bus='-1' slot='0'", {0}, "bus=\"-1\""},
        {"bus='' slot='0'", {0}, "bus=\"\""},
        {"bus='e5' slot='0'", {0}, "bus=\"e5\""},
        {"bus='0xg' slot='0'", {0}, "bus=\"0xg\""},
        {"bus='1 ' slot='0'", {0}, "bus=\"1 \""},
        {"bus='1' slot='0x'", {0}, "slot=\"0x\""},
        {"uuid='4b20d080'", {0}, "has no \"bus\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer devices = {0}, text = {0};
        CLEANUP(domain_free) struct domain domain;
        struct error err = {0};
        buffer_printf(&devices, PCI(ALIAS "<source><address %s/></source>"), cases[i].address);
        parse_devices(devices.data, &text, &domain, &err);
        if (cases[i].refusal) {
            assert_error(&err, ERROR_INPUT, cases[i].refusal);
            assert_null(domain.devices);
            assert_null(domain.tree.document);
            continue;
        }
        assert_no_error(&err);
        assert_true(pci_address_equal(domain.devices[0].address, cases[i].expected));
    }
}

static void refused(void **state) {
    (void)state;
    static const struct {
        const char *devices, *part;
    } cases[] = {
        {PCI(""), "hostdev without alias: it has no source address"},
        {PCI("<source/>" ALIAS), "hostdev ua-gpu-igpu: it has no source address"},
        {PCI("<source><q:address xmlns:q='u' bus='1' slot='0'/></source>"), "no source address"},
        {PCI(SOURCE ALIAS "<rom/><rom/>"), "hostdev ua-gpu-igpu: it has more than one <rom>"},
        {PCI(SOURCE) PCI("<alias name='a&#10;b'/>"), "hostdev a?b: it has no source address"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(domain_free) struct domain domain;
        struct error err = {0};
        parse_devices(cases[i].devices, &text, &domain, &err);
        assert_error(&err, ERROR_INPUT, cases[i].part);
        assert_null(domain.devices);
    }
}

static void rom_elements(void **state) {
    (void)state;
    static const struct {
        const char *rom;
        bool disabled, has_file;
    } cases[] = {{"", false, false},
                 {"<rom/>", false, false},
                 {"<rom bar='off'/>", false, false},
                 {"<rom enabled='yes'/>", false, false},
                 {"<rom enabled='no'/>", true, false},
                 {"<rom file='/x'/>", false, true},
                 {"<rom bar='on' file='/x'/>", false, true},
                 {"<rom file='/x' enabled='no'/>", true, true},
                 {"<rom><file>/x</file></rom>", false, false},
                 {"<driver file='/x'/>", false, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer devices = {0}, text = {0};
        CLEANUP(domain_free) struct domain domain;
        struct error err = {0};
        buffer_printf(&devices, PCI(SOURCE "%s"), cases[i].rom);
        parse_devices(devices.data, &text, &domain, &err);
        assert_no_error(&err);
        assert_int_equal(domain.devices[0].rom_disabled, cases[i].disabled);
        assert_int_equal(domain.devices[0].has_rom_file, cases[i].has_file);
    }
}

/* How it boots is read where there is a device to look after, see domain/read_guest. */
static void firmware(void **state) {
    (void)state;
    static const struct {
        const char *devices;
        enum firmware firmware;
    } cases[] = {{PCI(SOURCE), FIRMWARE_UEFI}, {"<hostdev type='mdev'/>", FIRMWARE_UEFI}, {"", FIRMWARE_ANY}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(domain_free) struct domain domain;
        struct error err = {0};
        buffer_printf(&text, "<domain><os firmware='efi'/><devices>%s</devices></domain>", cases[i].devices);
        domain_parse(buffer_bytes(&text), &domain, &err);
        assert_no_error(&err);
        assert_int_equal(domain.guest.firmware, cases[i].firmware);
    }
}

#define UUID "5d307ca9-b3ef-428c-8861-06e72d69f223"
#define MDEV "<hostdev mode='subsystem' type='mdev' model='vfio-pci' "

/* What is read of a device besides its address. */
static void details(void **state) {
    (void)state;
    static const struct {
        const char *devices, *uuid;
        bool display, ramfb, has_guest_address;
        struct pci_address guest_address;
    } cases[] = {
        {PCI(SOURCE), "", false, false, false, {0}},
        {PCI(SOURCE "<address type='pci' bus='0x06' slot='0'/>"), "", false, false, true, {0, 6, 0, 0}},
        {PCI(SOURCE "<address type='pci'/>"), "", false, false, false, {0}},
        {MDEV "><source><address uuid='" UUID "'/></source></hostdev>", UUID, false, false, false, {0}},
        {MDEV "><source><address type='' bus='' uuid='5D307CA9-B3EF-428C-8861-06E72D69F223'/></source></hostdev>",
         "5D307CA9-B3EF-428C-8861-06E72D69F223",
         false,
         false,
         false,
         {0}},
        {MDEV "><source><address uuid='" UUID "x'/></source></hostdev>", "", false, false, false, {0}},
        {MDEV "><source/></hostdev>", "", false, false, false, {0}},
        {MDEV "display='on' ramfb='on'/>", "", true, true, false, {0}},
        {MDEV "display='off' ramfb='off'/>", "", false, false, false, {0}},
        {MDEV "><address type='pci' bus='7' slot='0' function='1'/></hostdev>", "", false, false, true, {0, 7, 0, 1}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(domain_free) struct domain domain;
        struct error err = {0};
        parse_devices(cases[i].devices, &text, &domain, &err);
        assert_no_error(&err);
        const struct device *device = &domain.devices[0];
        assert_string_equal(device->uuid, cases[i].uuid);
        assert_int_equal(device->display_on, cases[i].display);
        assert_int_equal(device->ramfb_on, cases[i].ramfb);
        assert_int_equal(device->has_guest_address, cases[i].has_guest_address);
        if (cases[i].has_guest_address)
            assert_true(pci_address_equal(device->guest_address, cases[i].guest_address));
    }
}

/* libvirt refuses two devices of one user alias, and KubeVirt names them by it. */
static void aliases_are_unique(void **state) {
    (void)state;
    static const struct {
        const char *devices, *part; /* part NULL: fine */
    } cases[] = {
        {PCI(SOURCE ALIAS) PCI(SOURCE "<alias name='ua-gpu-other'/>"), NULL},
        {PCI(SOURCE ALIAS) PCI(SOURCE ALIAS),
         "hostdev ua-gpu-igpu: another <hostdev> has the same alias, which libvirt refuses"},
        {PCI(SOURCE ALIAS) "<disk>" ALIAS "</disk>", "hostdev ua-gpu-igpu: another <disk> has the same alias"},
        {"<interface>" ALIAS "</interface>" PCI(SOURCE ALIAS), "another <interface> has the same alias"},
        {PCI(SOURCE ALIAS) "<hostdev type='mdev'>" ALIAS "</hostdev>", "another <hostdev> has the same alias"},
        /* Others' aliases are not ours to judge, and libvirt's own are made anew. */
        {PCI(SOURCE ALIAS) "<disk><alias name='ua-x'/></disk><disk><alias name='ua-x'/></disk>", NULL},
        {PCI(SOURCE "<alias name='hostdev0'/>") PCI(SOURCE "<alias name='hostdev0'/>"), NULL},
        {PCI(SOURCE) PCI(SOURCE), NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(domain_free) struct domain domain;
        struct error err = {0};
        parse_devices(cases[i].devices, &text, &domain, &err);
        if (cases[i].part) {
            assert_error(&err, ERROR_INPUT, cases[i].part);
            assert_null(domain.devices);
        }
        assert_no_error(&err);
    }
}

static void document_order(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(domain_free) struct domain domain;
    struct error err = {0};
    buffer_append_text(&text, "<domain><devices>");
    buffer_append_text(&text, PCI("<source><address bus='1' slot='0'/></source><alias name='ua-gpu-a'/>"));
    buffer_append_text(&text, "<hostdev type='mdev'><alias name='ua-gpu-b'/></hostdev>");
    buffer_append_text(&text, "</devices><metadata>" PCI(SOURCE) "</metadata><devices>");
    buffer_append_text(&text, PCI("<source><address bus='2' slot='0'/></source><alias name='ua-hostdevice-c'/>"));
    buffer_append_text(&text, "</devices></domain>");
    domain_parse(buffer_bytes(&text), &domain, &err);
    assert_no_error(&err);
    assert_int_equal(domain.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(domain.devices[i].name, ((const char *[]){"a", "b", "c"})[i]);
        assert_int_equal(domain.devices[i].kind, i == 1 ? DEVICE_MDEV : DEVICE_PCI);
    }
    assert_int_equal(domain.devices[2].address.bus, 2);
}

static void as_many_as_allowed(void **state) {
    (void)state;
    for (int count = DOMAIN_DEVICES_MAX; count <= DOMAIN_DEVICES_MAX + 1; count++) {
        CLEANUP(buffer_free) struct buffer devices = {0}, text = {0};
        CLEANUP(domain_free) struct domain domain;
        struct error err = {0};
        for (int i = 0; i < count; i++)
            buffer_printf(&devices, PCI(SOURCE "<alias name='ua-gpu-%d'/>"), i);
        parse_devices(devices.data, &text, &domain, &err);
        if (count > DOMAIN_DEVICES_MAX) {
            assert_error(&err, ERROR_LIMIT, "more than 256 passthrough devices");
            continue;
        }
        assert_no_error(&err);
        assert_int_equal(domain.count, count);
        for (int i = 0; i < count; i++)
            assert_int_equal(domain.devices[i].kind, DEVICE_PCI);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),         cmocka_unit_test(names),
        cmocka_unit_test(addresses),      cmocka_unit_test(refused),
        cmocka_unit_test(rom_elements),   cmocka_unit_test(firmware),
        cmocka_unit_test(details),        cmocka_unit_test(aliases_are_unique),
        cmocka_unit_test(document_order), cmocka_unit_test(as_many_as_allowed),
    };
    return cmocka_run_group_tests(tests, tree_group_setup, NULL);
}
