"""The golden cases of options: one for each option, one for each conflict, in all shapes of a boot."""

from case_builder import case, domain, igpu, option_case, with_hostdevs, changed, vmi_with

# --- The devices ---------------------------------------------------------------------

GPU = [("ua-gpu-gpu", "0000:01:00.0")]
CARD = [("ua-gpu-gpu", "0000:01:00.0"), ("ua-hostdevice-audio", "0000:01:00.1"),
        ("ua-hostdevice-usb", "0000:01:00.2"), ("ua-hostdevice-ucsi", "0000:01:00.3")]
BUSY = [("ua-gpu-gpu", "0000:02:00.0")]
SPLIT = [("ua-gpu-gpu", "0000:03:00.0"), ("ua-hostdevice-audio", "0000:03:00.1")]
TWO_GPUS = [("ua-gpu-gpu", "0000:01:00.0"), ("ua-gpu-other", "0000:03:00.0")]
IGD = [("ua-gpu-igd", "0000:00:02.0")]
L4 = [("ua-gpu-gpu0", "0000:3b:00.0")]
VF = [("ua-gpu-vgpu0", "0000:61:00.4")]
UUID = "4b20d080-1b54-4048-85b3-a6a62d165c0{}"
MDEV = [("ua-gpu-vgpu0", UUID.format(1))]
MDEV_SHOWN = [("ua-gpu-vgpu0", UUID.format(1), ' display="on" ramfb="on"')]
TWO_MDEVS = [("ua-gpu-vgpu0", UUID.format(1)), ("ua-gpu-vgpu1", UUID.format(2))]
SXM = [(f"ua-gpu-gpu{n}", f"0000:{bus}:00.0")
       for n, bus in enumerate(("19", "3b", "4c", "5d", "9b", "bb", "cb", "db"))] + [
      (f"ua-hostdevice-switch{n}", f"0000:{bus}:00.0") for n, bus in enumerate(("07", "08", "09", "0a"))]

BIOS = (("\t\t<loader readonly=\"yes\" secure=\"no\" type=\"pflash\">/usr/share/OVMF/OVMF_CODE.fd</loader>\n", ""),
        ("\t\t<nvram template=\"/usr/share/OVMF/OVMF_VARS.fd\">/var/lib/libvirt/qemu/nvram/igpu-rembrandt_VARS.fd"
         "</nvram>\n", ""))
I440FX = (*BIOS, ('machine="q35"', 'machine="pc"'))
CPU_MODEL = (('<cpu mode="host-passthrough">', '<cpu mode="custom" match="exact">\n\t\t<model>Skylake-Server</model>'),)


def device(name, devices, base=(), sysfs="workstation", calls=None, about="", key=None, guest=None, **options):
    key = key or devices[0][0].replace("ua-gpu-", "")
    config = {"devices": {key: options}}
    if guest:
        config["guest"] = guest
    option_case(name, about, devices, config, sysfs, replacements=base, calls=calls)


def guest(name, about, base=(), devices=GPU, sysfs="workstation", calls=None, **options):
    option_case(name, about, devices, {"guest": options}, sysfs, replacements=base, calls=calls)


# --- Of a device ------------------------------------------------------------------------

APU = [("ua-hostdevice-igpu-audio", "0000:e5:00.1"), ("ua-gpu-igpu", "0000:e5:00.0")]
option_case("option-rom", "What ROM options make of QEMU's arguments.", APU,
            {"devices": {"igpu": {"rom": "rembrandt-vbios", "romBar": "off", "guestAddress": "0000:0e:00.0"},
                         "igpu-audio": {"rom": "none"}}}, "lab", bundle="lab")

device("option-guest-address", GPU, guestAddress="0000:0e:00.0",
       about="guestAddress puts the device on that bus; libvirt adds the root ports.")
device("option-layout", CARD, layout="multifunction",
       about="All functions of a host slot on one slot of the guest; function 0 keeps the bus that it has.")
device("option-layout-separate", CARD, layout="separate", about="layout separate is what KubeVirt does anyway.")
option_case("option-layout-star", "\"*\" lays out each card that the VM has; what cannot be laid out stays as it is.",
            CARD + IGD, {"devices": {"*": {"layout": "multifunction"}}}, "workstation")
option_case("option-layout-star-alone", "\"*\" and a card without its function 0, and one whose functions are in two groups.",
            [("ua-hostdevice-audio0", "0000:01:00.1"), *SPLIT], {"devices": {"*": {"layout": "multifunction"}}}, "workstation")
option_case("option-layout-partial", "A function with layout separate stays out of its siblings' slot.", CARD,
            {"devices": {"*": {"layout": "multifunction"}, "usb": {"layout": "separate"}}}, "workstation")
option_case("option-layout-address", "The guest address of function 0 is the slot of all.", CARD,
            {"devices": {"*": {"layout": "multifunction"}, "gpu": {"guestAddress": "0000:0e:00.0"}}}, "workstation")
device("option-companions-slot", GPU, companions="slot",
       about="The functions that KubeVirt left behind come along, each with an alias.")
device("option-companions-group", GPU, companions="group",
       about="The same by the IOMMU group, which here is the same.")
device("option-companions-layout", GPU, companions="slot", layout="multifunction",
       about="Companions take part in the layout: one card as on the host.")
device("option-companions-other-group", SPLIT[:1], companions="slot",
       about="A function in a group that the VM has no device of stays behind, with a warning.")
device("option-companions-none", GPU, companions="none", about="companions none is what KubeVirt does anyway.")
option_case("option-companions-options", "What is said of a companion's address counts.", GPU,
            {"devices": {"gpu": {"companions": "slot"}, "0000:01:00.1": {"romBar": "off"}}}, "workstation")
device("option-x-vga", GPU, BIOS, xVga="on", about="xVga hands the legacy VGA ranges to the device.", calls=["call1"])
device("option-display", VF, sysfs="lab", display="on", ramfb="on",
       about="display and ramfb of an SR-IOV vGPU, by libvirt 10.3's attributes.")
device("option-display-mdev", MDEV, sysfs="vgpu", display="on", about="display of a mediated vGPU.")
device("option-display-mdev-off", MDEV_SHOWN, sysfs="vgpu", display="off", ramfb="off",
       about="KubeVirt turns the first vGPU's display on; the VM owner may turn it off.")
device("option-igd-upt", IGD, igd="upt", about="An iGPU beside the emulated display, with its OpRegion.")
device("option-igd-upt-address", IGD, I440FX, igd={"mode": "upt", "lpc": "on", "gms": 2}, guestAddress="0000:00:02.0",
       about="At 00:02.0 of i440fx UPT must switch legacy mode off.", calls=["call1"])
device("option-igd-legacy", IGD, I440FX, igd="legacy", guest={"emulatedVideo": "remove"},
       about="An iGPU as the only display, with its VBIOS.", calls=["call1"])
device("option-ids", GPU, ids={"vendor": "10de", "device": "2187", "subsystem": "1458:4001"},
       about="The guest takes the device for another model.")
option_case("option-clique", "GPUs that reach each other over PCIe.", SXM[:2],
            {"devices": {"gpu0": {"gpudirectClique": 0}, "gpu1": {"gpudirectClique": 0}}}, "sxm")
device("option-driver-model", GPU, driverModel="nvgrace_gpu_vfio_pci", about="The variant driver that libvirt binds.")
device("option-vfio", GPU,
       vfio={"x-no-geforce-quirks": True, "x-msix-relocation": "bar2", "x-intx-mmap-timeout-ms": 50, "x-no-mmap": "off",
             "vf-token": "00112233-4455-6677-8899-aabbccddeeff"},
       about="Properties of vfio-pci that have no option of their own.")
device("option-vfio-debug", GPU, vfio=dict.fromkeys(
           ("x-no-kvm-intx", "x-no-kvm-ioeventfd", "x-no-kvm-msi", "x-no-kvm-msix", "x-no-vfio-ioeventfd"), "on"),
       about="Properties of vfio-pci that find faults.", calls=["call1"])
device("option-vfio-newer", GPU, vfio={"ats": "off", "x-pci-class-code": 0x030000},
       about="Properties that QEMU has since 10.1 and 11.", calls=["call1"])
device("option-vfio-resolution", MDEV, sysfs="vgpu", display="on", vfio={"xres": 1920, "yres": 1080},
       about="The resolution of a vGPU's display.", calls=["call1"])
option_case("option-null", "null takes away what the annotation's \"*\" or a profile says.", GPU,
            {"devices": {"*": {"ids": {"device": "2187"}}, "gpu": {"ids": None}},
             "guest": {"maxPhysAddr": None}}, "workstation")
device("option-override-present", GPU, (("\t</devices>", "\t</devices>\n\t<q:override xmlns:q=\"http://libvirt.org/schemas/domain/qemu/1.0\">"
       "\n\t\t<q:device alias=\"ua-gpu-gpu\">\n\t\t\t<q:frontend>\n\t\t\t\t<q:property name=\"x-req\" type=\"bool\" "
       "value=\"true\"/>\n\t\t\t\t<q:property name=\"x-no-mmap\" type=\"bool\" value=\"false\"/>\n\t\t\t</q:frontend>\n"
       "\t\t</q:device>\n\t</q:override>"),), vfio={"x-no-mmap": True},
       about="A property that another hook set gets our value; its others stay.")

# --- Of a vGPU and of whole boards ---------------------------------------------------------

option_case("option-sxm", "Eight H100 and four NVSwitches in one VM, whose CPU model has 40 address bits.", SXM, None,
            "sxm", replacements=CPU_MODEL)
option_case("option-sxm-host-cpu", "With the host's CPU OVMF finds a window for them by itself.", SXM, None, "sxm")
option_case("vgpu-sriov-star", "\"*\" speaks of what a device can have: a virtual function has no ROM and no VGA.", VF,
            {"devices": {"*": {"rom": "auto", "xVga": "on", "companions": "slot"}}}, "lab", bundle="lab")
option_case("vgpu-mdev-star", "\"*\" speaks of what a device can have: a mediated device has no ROM.", MDEV,
            {"devices": {"*": {"rom": "none", "romBar": None, "display": "on"}}}, "vgpu")

option_case("vgpu-mdev-star-ramfb", "\"*\" gives no ramfb to a vGPU that has no display.", MDEV,
            {"devices": {"*": {"ramfb": "on", "vfio": {"xres": 1920}}}}, "vgpu")

# --- Of the guest ----------------------------------------------------------------------------

guest("option-hide-hypervisor", "The guest does not see KVM.", hideHypervisor=True)
guest("option-hyperv-vendor-id", "Hyper-V's vendor id in the guest.", hypervVendorId="randomid")
guest("option-ioapic", "The I/O APIC in KVM.", ioapic="kvm")
guest("option-topoext", "The topology of AMD's hyperthreads.", topoext=True)
guest("option-max-phys-addr", "The host's address bits, at most 39.", maxPhysAddr={"mode": "passthrough", "limit": 39})
guest("option-max-phys-addr-auto", "auto is what the narrowest IOMMU of the devices can address.", maxPhysAddr="auto")
guest("option-max-phys-addr-emulate", "Address bits of a CPU model.", CPU_MODEL,
      maxPhysAddr={"mode": "emulate", "bits": 46})
guest("option-pci-hole64", "The window of 64-bit BARs in ACPI.", devices=L4, sysfs="lab", pciHole64="1TiB")
guest("option-auto", "All that auto computes, for a 32 GiB BAR behind an IOMMU of 39 bits.", devices=L4, sysfs="narrow",
      maxPhysAddr="auto", pciHole64="auto", ovmfMmio64="auto")
guest("option-pci-hole64-auto", "auto computes it from the devices' BARs.", devices=SPLIT[:1], pciHole64="auto")
guest("option-ovmf-mmio64", "OVMF's window of 64-bit BARs, which has no libvirt element.", ovmfMmio64="256GiB")
guest("option-ovmf-mmio64-auto", "A BAR of 32 GiB does not fit what OVMF takes on a host with 39 bits.",
      devices=SPLIT[:1], ovmfMmio64="auto")
WINDOW = ("\t</devices>", "\t</devices>\n\t<qemu:commandline xmlns:qemu=\"http://libvirt.org/schemas/domain/qemu/1.0\">\n"
          "\t\t<qemu:arg value=\"-fw_cfg\"/>\n\t\t<qemu:arg value=\"name=opt/ovmf/X-PciMmio64Mb,string=65536\"/>\n"
          "\t</qemu:commandline>")
guest("option-ovmf-mmio64-present", "An argument that is there already is changed, never doubled.", (WINDOW,),
      ovmfMmio64="256GiB")
guest("option-emulated-video", "No emulated display, and no VNC.", emulatedVideo="remove")
guest("option-emulated-video-keep", "keep is what KubeVirt says anyway.", emulatedVideo="keep")
case("no-builtin-profiles", "Without built-in profiles nothing is said of a device that no bundle knows.",
     base="geforce-bios", bundle=None, args="--no-builtin-profiles\n")

# --- From profiles -----------------------------------------------------------------------------

option_case("profile-options", "A bundle's profile may say all of it; what the VM cannot have is left out.", GPU, None,
            "workstation", bundle="profile-options")
option_case("profile-options-annotated", "The annotation wins over it option by option, and property by property.", GPU,
            {"devices": {"gpu": {"companions": "none", "vfio": {"x-no-mmap": False}}},
             "guest": {"ioapic": "qemu", "topoext": None}}, "workstation", bundle="profile-options")
option_case("profile-guest", "What a profile says of the guest.", GPU, None, "workstation", bundle="profile-guest",
            calls=["call1"])
option_case("profile-guest-disputed", "Two devices' profiles give the guest different values.", CARD[:2], None,
            "workstation", bundle="profile-guest", calls=["call1"])
option_case("profile-guest-settled", "The annotation settles it.", CARD[:2], {"guest": {"hideHypervisor": "on"}},
            "workstation", bundle="profile-guest", calls=["call1"])
option_case("profile-address", "A guest address in a profile would be for several devices.", GPU, None, "workstation",
            bundle="profile-address", calls=["call1"])
option_case("profile-empty", "A profile that says nothing is a mistake.", GPU, None, "workstation",
            bundle="profile-empty", calls=["call1"])

# --- Conflicts: errors before boot -----------------------------------------------------------------


def conflict(name, about, devices, config, sysfs="workstation", base=(), calls=None):
    """In all shapes, unless the domain is changed in a way that only call 1 can be."""
    calls = calls or (["call1"] if base else None)
    option_case(f"conflict-{name}", about, devices, config, sysfs, replacements=base, calls=calls)


conflict("address-twice", "Two devices on one address of the guest.", CARD[:2],
         {"devices": {"*": {"guestAddress": "0000:0e:00.0"}}})
conflict("address-taken", "The address is the memory balloon's already.", GPU,
         {"devices": {"gpu": {"guestAddress": "0000:0a:00.0"}}}, calls=["call2", "call3"])
conflict("address-slot", "A root port has slot 0 only.", GPU, {"devices": {"gpu": {"guestAddress": "0000:06:01.0"}}})
conflict("address-chipset", "Slot 1f of q35 is the chipset's.", GPU,
         {"devices": {"gpu": {"guestAddress": "0000:00:1f.1"}}})
conflict("address-function", "Function 1 of a slot without function 0.", GPU,
         {"devices": {"gpu": {"guestAddress": "0000:0e:00.1"}}})
conflict("address-malformed", "No address.", GPU, {"devices": {"gpu": {"guestAddress": "6:0"}}})
conflict("address-host-bridge", "The host bridge's address.", GPU, {"devices": {"gpu": {"guestAddress": "00:00.0"}}})
conflict("layout-groups", "Functions of one guest device must be of one IOMMU group.", SPLIT,
         {"devices": {"gpu": {"layout": "multifunction"}}})
conflict("layout-function-0", "Function 0 is not among the VM's devices.", CARD[1:3],
         {"devices": {"audio": {"layout": "multifunction"}}})
conflict("layout-address", "Two options put a function at two places.", CARD[:2],
         {"devices": {"*": {"layout": "multifunction"}, "audio": {"guestAddress": "0000:0e:00.0"}}})
conflict("companions-busy", "A sibling of the slot and group has a driver of the host.", BUSY,
         {"devices": {"gpu": {"companions": "slot"}}})
conflict("x-vga-uefi", "UEFI does not use VGA ranges.", GPU, {"devices": {"gpu": {"xVga": "on"}}})
conflict("x-vga-class", "A 3D controller has no VGA ranges.", L4, {"devices": {"gpu0": {"xVga": True}}}, "lab", BIOS)
conflict("x-vga-twice", "Only one device can own the VGA ranges.", TWO_GPUS, {"devices": {"*": {"xVga": "on"}}},
         base=BIOS)
conflict("display-whole-gpu", "A whole GPU does not draw into QEMU's display.", GPU,
         {"devices": {"gpu": {"display": "on"}}})
conflict("display-without-graphics", "The vGPU's display needs the graphics that the guest shall not have.", MDEV_SHOWN,
         {"guest": {"emulatedVideo": "remove"}}, "vgpu")
conflict("ramfb-without-display", "ramfb needs display.", MDEV, {"devices": {"vgpu0": {"ramfb": "on"}}}, "vgpu")
conflict("ramfb-twice", "QEMU has one ramfb.", TWO_MDEVS, {"devices": {"*": {"display": "on", "ramfb": "on"}}}, "vgpu")
conflict("resolution-without-display", "xres needs display.", MDEV, {"devices": {"vgpu0": {"vfio": {"xres": 1920}}}},
         "vgpu")
conflict("mdev-rom", "A mediated device has no ROM.", MDEV, {"devices": {"vgpu0": {"rom": "auto"}}}, "vgpu")
conflict("mdev-rom-bar", "Nor a ROM BAR.", MDEV, {"devices": {"vgpu0": {"romBar": "off"}}}, "vgpu")
conflict("mdev-expect", "Nor a PCI ID.", MDEV, {"devices": {"vgpu0": {"expect": "10de:1eb8"}}}, "vgpu")
conflict("mdev-companions", "Nothing of a mediated device is left behind.", MDEV,
         {"devices": {"vgpu0": {"companions": "group"}}}, "vgpu")
conflict("mdev-driver", "libvirt binds no driver to a mediated device.", MDEV,
         {"devices": {"vgpu0": {"driverModel": "vfio_pci"}}}, "vgpu")
conflict("vf-rom", "A virtual function has no ROM BAR.", VF, {"devices": {"vgpu0": {"rom": "auto"}}}, "lab")
conflict("vf-layout", "A virtual function is a device of its own.", VF,
         {"devices": {"vgpu0": {"layout": "multifunction"}}}, "lab")
conflict("igd-vendor", "igd is for Intel's iGPUs.", GPU, {"devices": {"gpu": {"igd": "upt"}}})
conflict("igd-legacy-q35", "Legacy mode needs i440fx.", IGD, {"devices": {"igd": {"igd": "legacy"}}}, base=BIOS)
conflict("igd-legacy-video", "Legacy mode makes the iGPU the only display.", IGD,
         {"devices": {"igd": {"igd": "legacy"}}}, base=I440FX)
conflict("igd-legacy-rom", "Legacy mode needs the iGPU's ROM.", IGD,
         {"devices": {"igd": {"igd": "legacy", "rom": "none"}}}, base=I440FX)
conflict("igd-legacy-address", "Legacy mode needs 00:02.0.", IGD,
         {"devices": {"igd": {"igd": "legacy", "guestAddress": "0000:00:05.0"}}}, base=I440FX)
conflict("igd-lpc", "The LPC bridge's IDs are for i440fx.", IGD,
         {"devices": {"igd": {"igd": {"mode": "upt", "lpc": True}}}})
conflict("igd-gms", "No iGPU has such a field.", IGD, {"devices": {"igd": {"igd": {"mode": "upt", "gms": 100}}}})
conflict("clique-vendor", "GPUDirect is NVIDIA's.", IGD, {"devices": {"igd": {"gpudirectClique": 1}}})
conflict("clique-hidden", "NVIDIA's driver looks for the clique only under a hypervisor.", GPU,
         {"devices": {"gpu": {"gpudirectClique": 1}}, "guest": {"hideHypervisor": True}})
conflict("clique-range", "Cliques are 0 to 15.", GPU, {"devices": {"gpu": {"gpudirectClique": 16}}})
conflict("vfio-refused", "A property that has an option of its own.", GPU,
         {"devices": {"gpu": {"vfio": {"romfile": "/etc/passwd"}}}})
conflict("vfio-dangerous", "A property that corrupts guests.", GPU,
         {"devices": {"gpu": {"vfio": {"x-balloon-allowed": True}}}})
conflict("vfio-unknown", "A property that does not exist.", GPU, {"devices": {"gpu": {"vfio": {"x-no-geforce-quirk": True}}}})
conflict("vfio-type", "A property of another type.", GPU, {"devices": {"gpu": {"vfio": {"x-no-mmap": "yes"}}}})
conflict("ids-malformed", "IDs are four digits.", GPU, {"devices": {"gpu": {"ids": {"device": "0x2187"}}}})
BAD_ALIAS = [("ua-gpu-node1.example.com-01", "0000:01:00.0")]
conflict("alias", "libvirt drops such an alias, and with it the properties.", BAD_ALIAS,
         {"devices": {"*": {"vfio": {"x-no-mmap": True}}}})
conflict("alias-twice", "Two devices of one alias.", [CARD[0], ("ua-gpu-gpu", "0000:01:00.1")], {})
conflict("device-twice", "Two hostdevs of one host address.", [GPU[0], ("ua-gpu-again", "0000:01:00.0")],
         {"devices": {"gpu": {"romBar": "on"}, "again": {"romBar": "off"}}})
conflict("mdev-twice", "Two hostdevs of one mediated device.", [MDEV[0], ("ua-gpu-again", UUID.format(1))],
         {"devices": {"vgpu0": {"display": "on"}, "again": {"display": "off"}}}, "vgpu")
conflict("clique-hidden-already", "The VM itself hides the hypervisor.", GPU, {"devices": {"gpu": {"gpudirectClique": 1}}},
         base=(("<acpi></acpi>", '<acpi></acpi>\n\t\t<kvm>\n\t\t\t<hidden state="on"></hidden>\n\t\t</kvm>'),))
option_case("conflict-companions-unknown", "What stands beside the device cannot be seen.", GPU,
            {"devices": {"gpu": {"companions": "slot"}}}, None, args="--sysfs\nno-such-folder\n")
conflict("ids-empty", "ids must say something.", GPU, {"devices": {"gpu": {"ids": {}}}})
conflict("rom-disabled", "The domain hides the ROM that the annotation tunes.", GPU,
         {"devices": {"gpu": {"romBar": "on"}}}, base=(
             ('<alias name="ua-gpu-gpu"></alias>', '<alias name="ua-gpu-gpu"></alias><rom enabled="no"></rom>'),))
conflict("window-bits", "A window beyond the address bits.", GPU,
         {"guest": {"pciHole64": "1TiB", "maxPhysAddr": {"mode": "passthrough", "limit": 39}}})
conflict("ovmf-bits", "OVMF's window beyond the address bits.", GPU,
         {"guest": {"ovmfMmio64": "1TiB", "maxPhysAddr": {"mode": "passthrough", "limit": 39}}})
conflict("ovmf-bios", "OVMF's window in a VM with SeaBIOS.", GPU, {"guest": {"ovmfMmio64": "64GiB"}}, base=BIOS)
conflict("auto-bits", "auto needs more than the CPU model addresses.", SXM, {"guest": {"ovmfMmio64": "auto"}}, "sxm",
         CPU_MODEL)
conflict("emulated-bits", "host-passthrough has the host's bits whatever is emulated.", GPU,
         {"guest": {"maxPhysAddr": {"mode": "emulate", "bits": 42}}})
conflict("ioapic-remapping", "Interrupt remapping needs QEMU's I/O APIC.", GPU, {"guest": {"ioapic": "kvm"}}, base=(
    ("\t</devices>", '\t\t<iommu model="intel">\n\t\t\t<driver intremap="on"></driver>\n\t\t</iommu>\n\t</devices>'),))
conflict("vendor-id-passthrough", "Hyper-V's passthrough mode has KVM's vendor id.", GPU,
         {"guest": {"hypervVendorId": "randomid"}}, base=(
             ("<acpi></acpi>", '<acpi></acpi>\n\t\t<hyperv mode="passthrough"></hyperv>'),))
conflict("vendor-id-long", "A vendor id of more than 12 characters.", GPU,
         {"guest": {"hypervVendorId": "ThirteenChars"}})
conflict("size-unit", "A size without a unit.", GPU, {"guest": {"pciHole64": "64"}})
conflict("guest-unknown", "An unknown option of the guest is quoted.", GPU, {"guest": {"hideHypervizor": True}})
