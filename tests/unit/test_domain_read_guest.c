/* domain/read_guest: what a domain says of its guest. */
#include <inttypes.h>
#include <stdio.h>

#include "domain/read_guest.h"
#include "domain_support.h"

static struct guest read_of(const char *content) {
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_printf(&text, "<domain>%s</domain>", content);
    CLEANUP(tree_free) struct tree tree = tree_of(text.data);
    struct guest guest;
    struct error err = {0};
    memset(&guest, 0xff, sizeof(guest));
    int failed = guest_read(xmlDocGetRootElement(tree.document), &guest, &err);
    assert_no_error(&err);
    assert_int_equal(failed, 0);
    return guest;
}

static void firmware(void **state) {
    (void)state;
    static const struct {
        const char *os;
        enum firmware firmware;
    } cases[] = {
        {"", FIRMWARE_BIOS},
        {"<os><type>hvm</type></os>", FIRMWARE_BIOS},
        {"<os firmware='efi'/>", FIRMWARE_UEFI},
        {"<os firmware='bios'/>", FIRMWARE_BIOS},
        {"<os><loader readonly='yes' type='pflash'>/usr/share/x.fd</loader></os>", FIRMWARE_UEFI},
        {"<os><loader type='rom'>/usr/share/OVMF/OVMF.amdsev.fd</loader></os>", FIRMWARE_UEFI},
        {"<os><loader>/usr/share/AAVMF/AAVMF_CODE.fd</loader></os>", FIRMWARE_UEFI},
        {"<os><loader>/usr/share/edk2/ovmf/x.fd</loader></os>", FIRMWARE_UEFI},
        {"<os><loader type='rom'>/usr/share/seabios/bios.bin</loader></os>", FIRMWARE_BIOS},
        {"<os><loader type='rom'/></os>", FIRMWARE_BIOS},
        {"<os><loader><!-- OVMF --></loader></os>", FIRMWARE_BIOS},
        {"<metadata><os firmware='efi'/></metadata>", FIRMWARE_BIOS},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct guest guest = read_of(cases[i].os);
        if (guest.firmware != cases[i].firmware)
            fail_msg("%s: %s", cases[i].os, firmware_name(guest.firmware));
        guest_free(&guest);
    }
}

static void machines(void **state) {
    (void)state;
    static const struct {
        const char *attributes;
        enum guest_machine machine;
        enum chipset chipset;
    } cases[] = {
        {"arch='x86_64' machine='q35'", GUEST_X86_64, CHIPSET_Q35},
        {"arch='x86_64' machine='pc-q35-rhel9.6.0'", GUEST_X86_64, CHIPSET_Q35},
        {"arch='x86_64' machine='pc'", GUEST_X86_64, CHIPSET_I440FX},
        {"arch='x86_64' machine='pc-i440fx-9.0'", GUEST_X86_64, CHIPSET_I440FX},
        {"arch='aarch64' machine='virt'", GUEST_AARCH64, CHIPSET_VIRT},
        {"arch='aarch64' machine='virt-rhel9.6.0'", GUEST_AARCH64, CHIPSET_VIRT},
        {"arch='x86_64' machine='microvm'", GUEST_X86_64, CHIPSET_OTHER},
        {"arch='x86_64' machine='pc-0.15'", GUEST_X86_64, CHIPSET_OTHER},
        {"arch='x86_64' machine='q35x'", GUEST_X86_64, CHIPSET_OTHER},
        {"machine='q35'", GUEST_ANY, CHIPSET_Q35},
        {"", GUEST_ANY, CHIPSET_OTHER},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char os[128];
        snprintf(os, sizeof(os), "<os><type %s>hvm</type></os>", cases[i].attributes);
        struct guest guest = read_of(os);
        if (guest.machine != cases[i].machine || guest.chipset != cases[i].chipset)
            fail_msg("%s: %d %d", os, (int)guest.machine, (int)guest.chipset);
        guest_free(&guest);
    }
}

static void memory(void **state) {
    (void)state;
    static const struct {
        const char *content;
        uint64_t kib;
    } cases[] = {
        {"", 0},
        {"<memory>1024</memory>", 1024},
        {"<memory unit='KiB'>1024</memory>", 1024},
        {"<memory unit='k'>1024</memory>", 1024},
        {"<memory unit='b'>2048</memory>", 2},
        {"<memory unit='bytes'>17179869184</memory>", 1 << 24}, /* as KubeVirt writes it */
        {"<memory unit='KB'>1024</memory>", 1000},
        {"<memory unit='MB'>1024</memory>", 1000000},
        {"<memory unit='MiB'>3</memory>", 3 << 10},
        {"<memory unit='M'>3</memory>", 3 << 10},
        {"<memory unit='GB'>1024</memory>", 1000000000},
        {"<memory unit='GiB'>16</memory>", 16 << 20},
        {"<memory unit='G'>16</memory>", 16 << 20},
        {"<memory unit='TB'>1024</memory>", 1000000000000},
        {"<memory unit='TiB'>1</memory>", 1 << 30},
        {"<memory unit='T'>1</memory>", 1 << 30},
        /* libvirt looks at no case, and knows larger ones. */
        {"<memory unit='gib'>16</memory>", 16 << 20},
        {"<memory unit='kb'>1024</memory>", 1000},
        {"<memory unit='byte'>2048</memory>", 2},
        {"<memory unit='PiB'>1</memory>", UINT64_C(1) << 40},
        {"<memory unit='e'>1</memory>", UINT64_C(1) << 50},
        {"<memory unit='EB'>1</memory>", UINT64_C(976562500000000)},
        {"<memory unit=''>1024</memory>", 1024},
        {"<memory> 1024</memory>", 1024},
        /* What cannot be read is as if it were not there. */
        {"<memory unit='furlong'>1</memory>", 0},
        {"<memory unit='GiB'>many</memory>", 0},
        {"<memory unit='GiB'/>", 0},
        {"<memory unit='GiBs'>1</memory>", 0},
        {"<memory>99999999999999999999</memory>", 0},
        {"<memory unit='TiB'>18446744073709551615</memory>", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct guest guest = read_of(cases[i].content);
        if (guest.memory_kib != cases[i].kib)
            fail_msg("%s: %" PRIu64, cases[i].content, guest.memory_kib);
        guest_free(&guest);
    }
}

#define QEMU "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"

/* One flag each. */
static void flags(void **state) {
    (void)state;
    enum flag { CPU, CPU_PASSTHROUGH, SPLIT, HIDDEN, HYPERV, GRAPHICS, RAMFB, VGA, HOLE, OVMF, PHYS_ADDR, FLAGS };
    static const struct {
        const char *content;
        unsigned flags;
    } cases[] = {
        {"", 0},
        {"<cpu/>", 0}, /* libvirt takes no feature of such a one */
        {"<cpu><model>Skylake-Server</model></cpu>", 1 << CPU},
        {"<cpu mode='host-model'/>", 1 << CPU},
        {"<cpu mode='host-passthrough'/>", 1 << CPU | 1 << CPU_PASSTHROUGH},
        {"<metadata><cpu mode='host-passthrough'/></metadata>", 0},
        {"<cpu mode='host-model'><maxphysaddr mode='passthrough'/></cpu>", 1 << CPU | 1 << PHYS_ADDR},
        {"<devices><iommu model='intel'><driver intremap='on'/></iommu></devices>", 1 << SPLIT},
        {"<devices><iommu model='intel'><driver eim='on'/></iommu></devices>", 1 << SPLIT},
        {"<devices><iommu model='intel'><driver intremap='off' caching_mode='on'/></iommu></devices>", 0},
        {"<devices><iommu model='intel'/><iommu><driver intremap='on'/></iommu></devices>", 1 << SPLIT},
        {"<vcpu>255</vcpu>", 0},
        {"<vcpu placement='static'>256</vcpu>", 1 << SPLIT},
        {"<features><kvm><hidden state='on'/></kvm></features>", 1 << HIDDEN},
        {"<features><kvm><hidden state='off'/></kvm></features>", 0},
        {"<features><hyperv mode='passthrough'/></features>", 1 << HYPERV},
        {"<features><hyperv mode='custom'/></features>", 0},
        {"<features><acpi/></features>", 0},
        {"<devices><graphics type='vnc'/></devices>", 1 << GRAPHICS},
        {"<devices><video><model type='ramfb'/></video></devices>", 1 << RAMFB},
        {"<devices><video><model type='vga'/></video><video><model type='ramfb'/></video></devices>",
         1 << RAMFB | 1 << VGA},
        {"<devices><video><model type='virtio'/></video><video/></devices>", 1 << VGA},
        {"<devices><video/><video><model type='none'/></video><video><model type='bochs'/></video></devices>", 0},
        {"<devices><controller type='pci' index='0' model='pcie-root'><pcihole64>1</pcihole64></controller></devices>",
         1 << HOLE},
        {"<devices><controller type='usb'><pcihole64>1</pcihole64></controller></devices>", 0},
        {"<qemu:commandline " QEMU "><qemu:arg value='-fw_cfg'/><qemu:arg "
         "value='name=opt/ovmf/X-PciMmio64Mb,string=1'/></qemu:commandline>",
         1 << OVMF},
        {"<commandline><arg value='-fw_cfg'/><arg value='name=opt/ovmf/X-PciMmio64Mb,string=1'/></commandline>", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct guest guest = read_of(cases[i].content);
        const bool found[FLAGS] = {[CPU] = guest.has_cpu,
                                   [CPU_PASSTHROUGH] = guest.cpu_passthrough,
                                   [SPLIT] = guest.needs_split_ioapic,
                                   [HIDDEN] = guest.hides_hypervisor,
                                   [HYPERV] = guest.has_hyperv_passthrough,
                                   [GRAPHICS] = guest.has_graphics,
                                   [RAMFB] = guest.has_ramfb,
                                   [VGA] = guest.has_vga,
                                   [HOLE] = guest.has_hole64,
                                   [OVMF] = guest.has_ovmf_mmio64,
                                   [PHYS_ADDR] = guest.has_phys_addr};
        for (enum flag flag = 0; flag < FLAGS; flag++)
            if (found[flag] != (cases[i].flags >> flag & 1))
                fail_msg("%s: flag %d", cases[i].content, (int)flag);
        guest_free(&guest);
    }
}

static void holes(void **state) {
    (void)state;
    struct guest guest = read_of("<devices><controller type='pci' index='0' model='pcie-root'>"
                                 "<pcihole64 unit='GiB'>64</pcihole64></controller></devices>");
    assert_int_equal(guest.hole64_kib, 64 << 20);
    guest_free(&guest);
    guest = read_of("<devices><controller type='pci' model='pci-root'><pcihole64>0</pcihole64></controller></devices>");
    assert_true(guest.has_hole64);
    assert_int_equal(guest.hole64_kib, 0);
    guest_free(&guest);
}

/* Buses with more than one slot, by the model of their controller. */
static void buses(void **state) {
    (void)state;
    static const struct {
        const char *attributes;
        int wide; /* the bus, or -1 */
    } cases[] = {
        {"type='pci' index='0' model='pcie-root'", -1},
        {"type='pci' index='0' model='pci-root'", -1},
        {"type='pci' index='3' model='pcie-root-port'", -1},
        {"type='pci' index='3' model='pcie-switch-downstream-port'", -1},
        {"type='pci' index='3'", -1},
        {"type='pci' index='3' model='pcie-to-pci-bridge'", 3},
        {"type='pci' index='4' model='pci-bridge'", 4},
        {"type='pci' index='5' model='dmi-to-pci-bridge'", 5},
        {"type='pci' index='6' model='pcie-switch-upstream-port'", 6},
        {"type='pci' index='7' model='pcie-expander-bus'", 7},
        {"type='pci' index='255' model='pci-bridge'", 255},
        {"type='pci' index='256' model='pci-bridge'", -1},
        {"type='pci' index='99999999999999999999' model='pci-bridge'", -1},
        {"type='usb' index='3' model='pci-bridge'", -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char devices[160];
        snprintf(devices, sizeof(devices), "<devices><controller %s/></devices>", cases[i].attributes);
        struct guest guest = read_of(devices);
        for (int bus = 0; bus < 256; bus++)
            if (guest.has_wide_bus[bus] != (bus == cases[i].wide))
                fail_msg("%s: bus %d", devices, bus);
        guest_free(&guest);
    }
}

/* What can be plugged in later counts for one, and not for the other. */
static void memory_at_start(void **state) {
    (void)state;
    static const struct {
        const char *content;
        uint64_t at_start, most; /* KiB */
    } cases[] = {
        {"<memory unit='GiB'>16</memory>", 16 << 20, 16 << 20},
        {"<memory unit='GiB'>1</memory><maxMemory slots='16' unit='GiB'>64</maxMemory>", 1 << 20, 64 << 20},
        {"<maxMemory slots='16' unit='GiB'>64</maxMemory><memory unit='GiB'>1</memory>", 1 << 20, 64 << 20},
        {"<maxMemory unit='GiB'>64</maxMemory>", 0, 64 << 20},
        {"<memory>1024</memory><maxMemory unit='furlong'>1</maxMemory>", 1024, 0},
        {"<memory>1024</memory><currentMemory>512</currentMemory>", 1024, 1024},
        {"", 0, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct guest guest = read_of(cases[i].content);
        if (guest.memory_at_start_kib != cases[i].at_start || guest.memory_kib != cases[i].most)
            fail_msg("%s: %" PRIu64 ", %" PRIu64, cases[i].content, guest.memory_at_start_kib, guest.memory_kib);
        guest_free(&guest);
    }
}

/* Of all vCPUs, one behind the other, as they stand. */
static void pinned_cpus(void **state) {
    (void)state;
    static const struct {
        const char *content, *cpus; /* NULL: they are not pinned */
    } cases[] = {
        {"", NULL},
        {"<cputune/>", NULL},
        {"<cputune><shares>2048</shares></cputune>", NULL},
        {"<cputune><vcpupin vcpu='0' cpuset='4'/></cputune>", "4"},
        {"<cputune><vcpupin vcpu='0' cpuset='0-3'/><vcpupin vcpu='1' cpuset='8,10-11'/></cputune>", "0-3,8,10-11"},
        {"<cputune><vcpupin vcpu='0' cpuset='4'/><vcpupin vcpu='1' cpuset='4'/></cputune>", "4,4"},
        {"<cputune><vcpupin vcpu='0'/><vcpupin vcpu='1' cpuset=''/><vcpupin vcpu='2' cpuset='5'/></cputune>", "5"},
        {"<cputune><vcpupin vcpu='0' cpuset='5'/><vcpupin vcpu='1' cpuset=''/></cputune>", "5"},
        {"<cputune><vcpupin vcpu='0'/></cputune>", NULL},
        /* Of other threads than the vCPUs'. */
        {"<cputune><emulatorpin cpuset='1'/><iothreadpin iothread='1' cpuset='2'/></cputune>", NULL},
        {"<cputune><emulatorpin cpuset='1'/><vcpupin vcpu='0' cpuset='6'/></cputune>", "6"},
        {"<vcpu placement='static' cpuset='1-4'>2</vcpu>", NULL},
        {"<metadata><cputune><vcpupin vcpu='0' cpuset='4'/></cputune></metadata>", NULL},
        {"<vcpupin vcpu='0' cpuset='4'/>", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct guest guest = read_of(cases[i].content);
        if (!cases[i].cpus != !guest.pinned_cpus || (cases[i].cpus && strcmp(guest.pinned_cpus, cases[i].cpus) != 0))
            fail_msg("%s: %s", cases[i].content, guest.pinned_cpus ? guest.pinned_cpus : "none");
        guest_free(&guest);
        assert_null(guest.pinned_cpus);
    }
}

/* All that has an address, but passthrough devices. */
static void taken(void **state) {
    (void)state;
    struct guest guest = read_of(
        "<devices>"
        "<interface type='bridge'><alias name='ua-default'/><address type='pci' bus='1' slot='0'/></interface>"
        "<hostdev type='pci'><address type='pci' bus='2' slot='0'/></hostdev>"
        "<hostdev mode='subsystem' type='mdev'><address type='pci' bus='3' slot='0'/></hostdev>"
        "<hostdev mode='capabilities' type='pci'><address type='pci' bus='4' slot='0'/></hostdev>"
        "<hostdev type='usb'><address type='usb' bus='0' port='1'/></hostdev>"
        "<interface type='hostdev'><source><address type='pci' bus='9' slot='0'/></source>"
        "<address type='pci' bus='5' slot='0'/></interface>"
        "<controller type='pci' index='1' model='pcie-root-port'><address type='pci' bus='0' slot='2' "
        "function='1'/></controller>"
        "<disk><address type='drive' bus='0'/></disk><memballoon model='none'/>"
        "</devices><devices><sound><alias name='a&#10;b'/><address type='pci' bus='6' slot='0'/></sound></devices>");
    static const struct {
        struct pci_address address;
        const char *owner;
    } expected[] = {
        {{0, 1, 0, 0}, "interface ua-default"},
        {{0, 4, 0, 0}, "hostdev without alias"},
        {{0, 5, 0, 0}, "interface without alias"},
        {{0, 0, 2, 1}, "controller without alias"},
        {{0, 6, 0, 0}, "sound a?b"},
    };
    assert_int_equal(guest.taken_count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(pci_address_equal(guest.taken[i].address, expected[i].address));
        assert_string_equal(guest.taken[i].owner, expected[i].owner);
    }
    guest_free(&guest);
    assert_null(guest.taken);
    guest_free(&guest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(firmware), cmocka_unit_test(machines),    cmocka_unit_test(memory),
        cmocka_unit_test(flags),    cmocka_unit_test(holes),       cmocka_unit_test(buses),
        cmocka_unit_test(taken),    cmocka_unit_test(pinned_cpus), cmocka_unit_test(memory_at_start),
    };
    return cmocka_run_group_tests(tests, tree_group_setup, NULL);
}
