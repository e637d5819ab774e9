"""The nodes that tests/check looks at: one healthy node, and for each way to fail the one thing that differs.

    case(name, about, devices, node=REMAPPING, check=[...], vm=[...], config={...})

`devices` are fixtures' Devices, `node` the node's other files, `check` the arguments of `check` (none: it finds the
devices itself), `vm` the devices of the VM that `render` is asked about: (name, address or UUID), and `config` that
VM's annotation. A file of a device changes by files={"power_state": "D3cold"}, and goes by None.
"""

import sys
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "fixtures"), str(HERE.parent / "golden")]
from host import GIB, IO, MEM32, MEM64, MIB, NO_REMAPPING, REMAPPING, ROM, Device, host  # noqa: E402,F401
from tree import Link, read  # noqa: E402

CASES = {}
PORT = Device("0000:00:01.0", 0x8086, 0x460D, 0x060400, (0x1458, 0x5000), 1, driver="pcieport", above=())
BARS = {0: (0xA2000000, 16 * MIB, MEM32), 1: (0x6000000000, 256 * MIB, MEM64), 3: (0x6010000000, 32 * MIB, MEM64),
        5: (0x3000, 128, IO), 6: (0xA3000000, MIB // 2, ROM)}
CARD = Device("0000:01:00.0", 0x10DE, 0x2484, 0x030000, (0x1458, 0x404C), 12, above=(PORT.bdf,), multifunction=True,
              bars=BARS)
SOUND = Device("0000:01:00.1", 0x10DE, 0x228B, 0x040300, (0x1458, 0x404C), 12, above=(PORT.bdf,), multifunction=True,
               bars={0: (0xA3080000, 16384, MEM32)})
VM = [("gpu", "0000:01:00.0"), ("sound", "0000:01:00.1")]


def gpu(files=None, **changes):
    return replace(CARD, files=files or {}, **changes)


def sound(files=None, **changes):
    return replace(SOUND, files=files or {}, **changes)


def port(files=None, **changes):
    return replace(PORT, files=files or {}, **changes)


def case(name, about, devices, node=REMAPPING, extra=None, check=(), vm=VM, config=None, domain=(), status=None):
    """`extra` are further files of the tree, None takes one away; `domain` are (old, new) in the VM's domain; `status`
    is the VMI's."""
    tree = host(devices, node)
    for path, content in (extra or {}).items():
        if content is None:
            tree = {key: value for key, value in tree.items() if key != path and not key.startswith(path + "/")}
        else:
            tree[path] = content
    if name in CASES:
        raise ValueError(f"two cases {name}")
    CASES[name] = {"about": about, "tree": tree, "check": list(check), "vm": vm, "config": config, "domain": domain, "status": status}


def card(files=None, sound_files=None, port_files=None, **changes):
    """The healthy node's devices, with changes to the GPU."""
    return [port(port_files), gpu(files, **changes), sound(sound_files)]


# --- Nothing is wrong -----------------------------------------------------------------------

case("healthy", "A GPU and its audio function on vfio-pci, asleep in D3hot.", card())
case("healthy-awake", "The same while the kernel keeps it in D0.", card({"power_state": "D0",
                                                                        "power/runtime_status": "active"}))
case("healthy-unbound-sibling", "A sibling without driver leaves the group viable.", [port(), gpu(), sound(driver="")],
     vm=VM[:1])
case("healthy-stub-sibling", "So does one on pci-stub.", [port(), gpu(), sound(driver="pci-stub")], vm=VM[:1])
case("healthy-bridge-in-group", "The port above is in the group: no ACS. That is fine.",
     [port(group=12), gpu(), sound()])
case("healthy-port-asleep", "The port above sleeps: to read the configuration space would wake it.",
     card(port_files={"power/runtime_status": "suspended"}))
case("d3cold-asleep", "D3cold of a device that sleeps is how laptops save power: only a warning.",
     card({"power_state": "D3cold", "power/runtime_status": "suspended"}))
case("healthy-old-kernel", "Before 5.15 the kernel does not name the reset methods.",
     card({"reset_method": None, "reset": b"", "power_state": "D0"}, {"reset_method": None, "reset": b""}))
case("healthy-slot-narrow", "A card of 16 lanes in a slot of 8 is as fast as it can be.",
     card({"current_link_width": "8"}, port_files={"max_link_width": "8"}))
case("healthy-link-idle", "In D3hot a link may be slow.", card({"current_link_speed": "2.5 GT/s PCIe"}))
case("healthy-corrected-errors", "Errors that were corrected are no fault.",
     card({"aer_dev_correctable": "RxErr 7\nTOTAL_ERR_COR 7"}))
case("healthy-no-ports", "An I/O BAR without address matters to nobody.",
     card(bars={key: bar for key, bar in BARS.items() if key != 5}, files={
         "config": replace(CARD, bars={**BARS, 5: (0, 128, IO)}).config()}))
case("variant-driver", "A vendor's variant driver is a VFIO driver.",
     [Device("0009:01:00.0", 0x10DE, 0x2342, 0x030200, (0x10DE, 0x16EB), 3, driver="nvgrace_gpu_vfio_pci", above=(),
             bars={0: (0x661000000000, 16 * MIB, MEM64), 2: (0x662000000000, 64 * GIB, MEM64)})],
     node={}, vm=[("gpu", "0009:01:00.0")])
case("variant-driver-by-folder", "A driver of another name that hands the device to VFIO.",
     card({"vfio-dev/vfio0/dev": "511:0"}, driver="vendor_gpu"))


# --- The device -----------------------------------------------------------------------------

case("device-gone", "The card has moved: nothing is at its address.", [port()], check=["0000:01:00.0"], vm=VM[:1])
case("identity-other", "Another card is where the annotation expects a certain one.", card(),
     config={"devices": {"gpu": {"expect": "10de:2204"}}})
case("identity-right", "It is the card that the annotation expects.", card(),
     config={"devices": {"gpu": {"expect": "10de:2484"}}})
case("config-fell-off", "It fell off the bus: sysfs shows its IDs, the bus answers all ones.", card({"config": b"\xff" * 64}))
case("driver-none", "No driver has it.", card(driver=""))
case("driver-none-override", "vfio-pci was asked to take it, and did not.", card({"driver_override": "vfio-pci"}, driver=""))
case("driver-host", "The node's own driver has it.", card(driver="nouveau"))
case("driver-stub", "pci-stub keeps it from drivers, and from VMs.", card(driver="pci-stub"))
case("bmc-and-hidden", "The display of a BMC is nobody's GPU.",
     [Device("0000:03:00.0", 0x1A03, 0x2000, 0x030000, (0x1458, 0x1000), 4, driver="ast", files={"boot_vga": "1"})],
     vm=None)

# --- IOMMU and group ------------------------------------------------------------------------

case("iommu-off", "The IOMMU is off: there is no group at all.",
     [replace(device, group=None) for device in card()], node=NO_REMAPPING)
case("iommu-uncovered", "The node has groups, this device has none.", [port(), gpu(group=None), sound()])
case("iommu-unprotected", "VFIO's no-IOMMU mode.", card(), extra={"kernel/iommu_groups/12/name": b"vfio-noiommu\n",
                                                                       "kernel/iommu_groups/12/type": b"unknown\n"})
case("group-not-viable", "The node plays sound on the card's audio function.",
     [port(), gpu(), sound(driver="snd_hda_intel")], vm=VM[:1])
case("group-with-storage", "A board without ACS: disks and network share the group.",
     card() + [Device(f"0000:0{n}:00.0", 0x144D, 0xA80A + n, pci_class, (0x144D, 0xA801), 12, driver=driver, above=())
               for n, (pci_class, driver) in enumerate(((0x010802, "nvme"), (0x020000, "igc"), (0x010802, "nvme"),
                                                       (0x0C0330, "xhci_hcd")), 2)])
case("group-dangling", "The group's folder cannot be listed.", card(), extra={"kernel/iommu_groups/12": None})
case("group-unread-both", "Nor can it for two devices.", [port(), gpu(), replace(SOUND, bdf="0000:01:01.0", pci_class=0x030200,
                                                                           driver="vfio-pci")],
     extra={"kernel/iommu_groups/12": None}, vm=VM[:1])
case("group-member-gone", "A member that vanished meanwhile holds nobody up.", card(), extra={
    "kernel/iommu_groups/12/devices/0000:01:00.2": Link("../../../../devices/pci0000:00/gone")})
case("remapping-off", "Interrupts are not remapped.", card(), node=NO_REMAPPING)
case("remapping-unsafe", "The admin lets VMs start without remapping.", card(), node={
    **NO_REMAPPING, "module/vfio_iommu_type1/parameters/allow_unsafe_interrupts": b"Y\n"})
case("remapping-forbidden", "The parameter is there and says no.", card(), node={
    **NO_REMAPPING, "module/vfio_iommu_type1/parameters/allow_unsafe_interrupts": b"N\n"})
case("remapping-unknown", "Another architecture, or no kernel/irq: never a failure.", card(), node={})
case("siblings-behind", "The VM has the GPU without its audio function.", card(), vm=VM[:1])

# --- Power, reset, link ---------------------------------------------------------------------

case("power-d3cold-stuck", "Awake in D3cold: it cannot be powered up.",
     card({"power_state": "D3cold", "power/runtime_status": "active"}))
case("power-d3cold-unread", "D3cold, and nobody says whether it sleeps.",
     card({"power_state": "D3cold", "power/runtime_status": None}))
case("power-error", "The kernel failed to change its state.", card({"power_state": "error"}))
case("power-unknown", "A driver has it, and its state is not known.", card({"power_state": "unknown"}))
case("power-unbound", "Without a driver its state is never known.", card({"power_state": "unknown"}, driver=""))
case("reset-none", "Nothing can reset it.", card({"reset_method": None}, {"reset_method": None}))
case("reset-emptied", "Somebody turned all methods off.", card({"reset_method": ""}))
case("reset-bus-alone", "Only its bus can be reset, and the VM lacks its sibling.", card({"reset_method": "bus"}),
     vm=VM[:1])
case("reset-bus-together", "The VM has all that the bus reset reaches.", card({"reset_method": "bus"}))
case("reset-amd", "A Navi GPU that its own reset leaves dead.",
     [port(), gpu({"reset_method": "flr bus"}, vendor=0x1002, device=0x731F), sound()])
case("reset-amd-module", "The same with the module vendor-reset.",
     [port(), gpu({"reset_method": "device_specific flr bus"}, vendor=0x1002, device=0x731F), sound()])
case("link-narrow", "The link came up with 8 of 16 lanes.", card({"current_link_width": "8"}))
case("link-slow", "Awake, and slower than card and slot can.",
     card({"current_link_speed": "8.0 GT/s PCIe", "power_state": "D0", "power/runtime_status": "active"}))
case("aer-errors", "The link had errors that could not be corrected.",
     card({"aer_dev_fatal": "DLP 1\nTOTAL_ERR_FATAL 1", "aer_dev_nonfatal": "TLP 2\nTOTAL_ERR_NONFATAL 2"}))

# --- ROM, BARs, memory ----------------------------------------------------------------------

IGPU = Device("0000:e5:00.0", 0x1002, 0x1681, 0x030000, (0x1462, 0x1381), 18, revision=0xC8, above=("0000:00:08.1",),
              bars={0: (0xD000000000, 256 * MIB, MEM64), 2: (0xD010000000, 2 * MIB, MEM64), 4: (0xE000, 256, IO),
                    5: (0xFCC00000, MIB // 2, MEM32)})
IGPU_PORT = Device("0000:00:08.1", 0x1022, 0x14B9, 0x060400, (0x1462, 0x1381), 10, driver="pcieport", above=())
case("rom-missing-amd", "A Ryzen's iGPU has no ROM BAR, and no bundle a ROM for it.", [IGPU_PORT, IGPU],
     vm=[("igpu", IGPU.bdf)])
case("rom-missing-none", "Its owner wants no ROM.", [IGPU_PORT, IGPU], vm=[("igpu", IGPU.bdf)],
     config={"devices": {"igpu": {"rom": "none"}}})
case("rom-shadow", "The node booted on it: a file rom, but it is the shadow of what ran, not a ROM BAR.", [
    IGPU_PORT, replace(IGPU, bars={**IGPU.bars, 6: (0xC0000, 128 << 10, 0x212)}, files={"boot_vga": "1"})],
    vm=[("igpu", IGPU.bdf)])
case("rom-device", "Its owner wants the device's own.", [IGPU_PORT, IGPU], vm=[("igpu", IGPU.bdf)],
     config={"devices": {"igpu": {"rom": "device"}}})
case("rom-missing-nvidia", "A laptop's NVIDIA GPU has none either.",
     card(bars={key: bar for key, bar in BARS.items() if key != 6}))
case("framebuffer-held", "The node's console is on the GPU (efifb, as older kernels tell it).",
     card({"boot_vga": "1"}), extra={
         "bus/platform/drivers/efi-framebuffer/efi-framebuffer.0": Link("../../../../devices/platform/efi-framebuffer.0"),
         "devices/platform/efi-framebuffer.0/modalias": b"platform:efi-framebuffer\n"})
FRAMEBUFFER = "devices/pci0000:00/0000:00:01.0/0000:01:00.0/simple-framebuffer.0"
case("framebuffer-owned", "The same as Linux 6.9 tells it, by simpledrm.", card({"boot_vga": "1"}), extra={
    "bus/platform/drivers/simple-framebuffer/simple-framebuffer.0": Link(f"../../../../{FRAMEBUFFER}"),
    f"{FRAMEBUFFER}/modalias": b"platform:simple-framebuffer\n"})
case("framebuffer-of-another", "The console is on another GPU.", card({"boot_vga": "1"}), extra={
    "bus/platform/drivers/simple-framebuffer/simple-framebuffer.0": Link(
        "../../../../devices/pci0000:00/0000:00:02.0/simple-framebuffer.0"),
    "devices/pci0000:00/0000:00:02.0/simple-framebuffer.0/modalias": b"platform:simple-framebuffer\n"})
case("boot-vga", "The node booted on it, and let go of it.", card({"boot_vga": "1"}))
NO_BAR1 = {key: bar for key, bar in BARS.items() if key != 1}
case("bar-unassigned", "Hot-plugged: the kernel found no room for BAR 1, and shows it as if there were none.",
     card({"config": replace(CARD, bars={**BARS, 1: (0, 256 * MIB, MEM64)}).config()}, bars=NO_BAR1))
case("bar-unset", "At boot: BAR 1 has a size and no address.", card(bars={**BARS, 1: (0, 256 * MIB, 0x20000000 | MEM64)}))
HUGE = {**BARS, 1: (0x380000000000, 128 * GIB, MEM64)}
CPU_MODEL = (('<cpu mode="host-passthrough">', '<cpu mode="custom" match="exact">\n\t\t<model>EPYC-Milan</model>'),)
case("window-default", "128 GiB of BAR and the host's CPU: OVMF finds the window itself.", card(bars=HUGE))
case("window-small", "128 GiB of BAR, and the firmware's window is smaller.", card(bars=HUGE),
     config={"guest": {"ovmfMmio64": "64GiB"}})
case("width-narrow", "More memory than an IOMMU of 39 bits reaches.", card(iommu_bits=39),
     domain=(('<memory unit="b">17179869184</memory>', '<memory unit="TiB">1</memory>'),))
PINNED = (('<vcpu placement="static">16</vcpu>', '<vcpu placement="static">16</vcpu>\n\t<cputune>\n\t\t'
           '<vcpupin vcpu="0" cpuset="4"></vcpupin>\n\t\t<vcpupin vcpu="1" cpuset="5-6"></vcpupin>\n\t</cputune>'),)
case("numa-near", "vCPUs are pinned to the device's node.", card({"numa_node": "0", "local_cpulist": "0-7"}), domain=PINNED)
case("numa-far", "All vCPUs are pinned to the other node.", card({"numa_node": "1", "local_cpulist": "8-15,24"}),
     domain=PINNED)

APU_SLOT = [
    IGPU_PORT, replace(IGPU, multifunction=True),
    replace(IGPU, bdf="0000:e5:00.1", device=0x1640, pci_class=0x040300, group=19, bars={}, driver="snd_hda_intel"),
    replace(IGPU, bdf="0000:e5:00.2", vendor=0x1022, device=0x1649, pci_class=0x108000, group=20, bars={}, driver="ccp"),
    replace(IGPU, bdf="0000:e5:00.3", vendor=0x1022, device=0x161D, pci_class=0x0C0330, group=21, bars={},
            driver="xhci_hcd")]
case("apu-slot", "A Ryzen's slot has the node's PSP and USB too: nobody is told to give them away.", APU_SLOT,
     vm=[("igpu", IGPU.bdf)], config={"devices": {"igpu": {"rom": "none"}}})
case("apu-group", "Not even where all are in one group.", [replace(device, group=18) for device in APU_SLOT[1:]],
     vm=[("igpu", IGPU.bdf)], config={"devices": {"igpu": {"rom": "none"}}})

# --- vGPUs ----------------------------------------------------------------------------------

UUID = "4b20d080-1b54-4048-85b3-a6a62d165c01"
L40S = Device("0000:61:00.0", 0x10DE, 0x26B9, 0x030200, (0x10DE, 0x1851), 60, driver="nvidia", above=("0000:60:01.0",),
              virtfns=("0000:61:00.4",), bars={0: (0xB2000000, 16 * MIB, MEM32), 1: (0x384000000000, 64 * GIB, MEM64)})
VF = Device("0000:61:00.4", 0x10DE, 0x26B9, 0x030200, (0x10DE, 0x1851), 61, driver="nvidia", physfn=L40S.bdf,
            vgpu_type=1145, above=("0000:60:01.0",), bars={0: (0xB3000000, MIB // 4, MEM32)})
L40S_PORT = Device("0000:60:01.0", 0x1022, 0x1483, 0x060400, (0x1022, 0x1234), 59, driver="pcieport", above=())
T4 = Device("0000:3b:00.0", 0x10DE, 0x1EB8, 0x030200, (0x10DE, 0x12A2), 44, driver="nvidia", mdevs=(UUID,), above=(),
            bars={0: (0xAA000000, 16 * MIB, MEM32)})


def vgpu(vf=None, pf=None, vf_files=None):
    return [L40S_PORT, replace(L40S, **(pf or {})), replace(VF, files=vf_files or {}, **(vf or {}))]


VGPU_VM = [("vgpu", VF.bdf)]
case("vgpu-sriov", "An NVIDIA vGPU's function stays on nvidia.", vgpu(), vm=VGPU_VM)
case("vgpu-no-type", "No vGPU type is assigned.", vgpu({"vgpu_type": 0}), check=[VF.bdf], vm=VGPU_VM)
case("vgpu-free", "A function without a type is no vGPU yet: nobody asks for it.", vgpu({"vgpu_type": 0}), vm=None)
case("vgpu-mig", "A MIG-backed type is assigned.", vgpu({"vgpu_type": 1414}, vf_files={
    "nvidia/creatable_vgpu_types": "ID    : vGPU Name\n1414  : NVIDIA H200X-1-18C"}), vm=VGPU_VM)
case("vgpu-mig-full", "In MIG mode no GPU instance is free.", vgpu({"vgpu_type": 0}, vf_files={
    "nvidia/creatable_vgpu_types": ""}), check=[VF.bdf], vm=VGPU_VM)
case("mdev", "A mediated vGPU.", [T4], vm=[("vgpu", UUID)])
case("mdev-not-remapped", "Mediated devices need no remapping.", [T4], node=NO_REMAPPING, vm=[("vgpu", UUID)])
case("mdev-gone", "After a reboot of the node it is not there any more.", [replace(T4, mdevs=())], check=[UUID],
     vm=[("vgpu", UUID)])
case("mdev-no-driver", "The vendor's VFIO driver is not loaded.", [T4], extra={
    f"devices/pci0000:3b/0000:3b:00.0/{UUID}/driver": None}, check=[UUID], vm=[("vgpu", UUID)])
case("sriov-whole-gpu", "The VM wants the whole GPU, whose functions others may have.", vgpu(pf={"driver": "vfio-pci"}),
     check=[L40S.bdf], vm=[("gpu", L40S.bdf)])
INTEL = {"vendor": 0x8086, "device": 0x56C0, "vgpu_type": None}
case("sriov-on-vfio", "The physical function is on vfio-pci: a VM needs its token.",
     vgpu({**INTEL, "driver": "vfio-pci"}, {"vendor": 0x8086, "device": 0x56C0, "driver": "vfio-pci"}), check=[VF.bdf],
     vm=VGPU_VM)
case("sriov-on-vfio-token", "The VM knows it.",
     vgpu({**INTEL, "driver": "vfio-pci"}, {"vendor": 0x8086, "device": 0x56C0, "driver": "vfio-pci"}), check=[VF.bdf],
     vm=VGPU_VM, config={"devices": {"vgpu": {"vfio": {"vf-token": "00112233-4455-6677-8899-aabbccddeeff"}}}})
case("sriov-orphan", "The physical function has no driver.",
     vgpu({**INTEL, "driver": "vfio-pci"}, {"vendor": 0x8086, "device": 0x56C0, "driver": ""}), check=[VF.bdf],
     vm=VGPU_VM)

# --- Who decides ----------------------------------------------------------------------------

BAD = [port(), gpu({"power_state": "error"}), sound(driver="snd_hda_intel")]
case("policy-enforce", "Everything that is wrong, in one message.", BAD, vm=VM[:1])
case("policy-warn", "The VM owner only wants to know.", BAD, vm=VM[:1], config={"policy": "warn"})
case("policy-one-warns", "One check only warns, the other refuses.", BAD, vm=VM[:1],
     config={"devices": {"gpu": {"checks": {"power-state": "warn"}}}})
case("policy-one-ignored", "One is not made, one warns: the VM starts.", BAD, vm=VM[:1],
     config={"devices": {"gpu": {"checks": {"power-state": "ignore", "group-viable": "warn", "siblings": "ignore"}}}})
case("policy-one-enforced", "The policy warns, one check refuses all the same.", BAD, vm=VM[:1],
     config={"policy": "warn", "devices": {"*": {"checks": {"group-viable": "enforce"}}}})
case("policy-migration", "The VM comes from another node: to refuse it here would help nobody.", BAD, vm=VM[:1],
     status={"migrationState": {"startTimestamp": "2026-11-27T10:00:00Z"}})
MANY = [f"0000:{bus:02x}:00.0" for bus in (0x19, 0x3B, 0x4C, 0x5D, 0x9B, 0xBB, 0xCB, 0xDB)]
case("policy-many", "Eight GPUs with the same fault share a line.",
     [Device(bdf, 0x10DE, 0x2330, 0x030200, (0x10DE, 0x16C1), None, driver="nvidia", above=()) for bdf in MANY],
     node=NO_REMAPPING, vm=[(f"gpu{n}", bdf) for n, bdf in enumerate(MANY)])
case("policy-too-many", "Faults that do not fit into one message are told in brief.",
     [Device(bdf, 0x10DE, 0x2330, 0x030200, (0x10DE, 0x16C1), None, driver=f"nvidia_{n}", above=(),
             files={"power_state": "error", "config": b"\xff" * 64}) for n, bdf in enumerate(MANY)],
     node=NO_REMAPPING, vm=[(f"gpu{n}", bdf) for n, bdf in enumerate(MANY)])

# --- What can be seen -----------------------------------------------------------------------

GPU_FOLDER = "devices/pci0000:00/0000:00:01.0/0000:01:00.0"
case("seen-nothing", "A folder that is no /sys: nothing is known, nothing refused.", [], node={}, check=["0000:01:00.0"],
     extra={"README": b"\n"}, vm=VM[:1])
case("seen-no-group-type", "An older kernel without the group's type.", card(),
     extra={"kernel/iommu_groups/12/type": None})
case("seen-garbage", "Files that hold nonsense are no reason to fail.", card({
    "resource": "nonsense", "power_state": "\x1b[31m", "reset_method": "\xff\xfe", "boot_vga": "x", "numa_node": "x",
    "current_link_speed": "fast", "max_link_width": "-1", "aer_dev_fatal": "TOTAL_ERR_FATAL", "config": b"short"}))
case("seen-folders", "Folders where files should be.", card({
    "power_state": None, "config": None, "resource": None, "boot_vga": None}), extra={
        f"{GPU_FOLDER}/{name}/x": b"" for name in ("power_state", "config", "resource", "boot_vga")})
case("seen-dangling", "Links that lead nowhere.", card(), extra={
    f"{GPU_FOLDER}/iommu_group": Link("../../../../kernel/iommu_groups/99"),
    f"{GPU_FOLDER}/driver": Link("../../../../bus/pci/drivers/gone-vfio-pci")})

# --- Of real kernels: `snapshot`; what QEMU said there when it was asked for the device -----


def snapshot(name, about, address):
    CASES[name] = {"about": about, "tree": read(HERE / "snapshots" / name), "check": [address],
                   "vm": [("gpu", address)], "config": None, "domain": (), "status": None}


snapshot("h100-in-a-vm", "An H100 SXM5 that a VM has already: its kernel sees no IOMMU, and the VM's own nvidia has it.",
         "0000:00:06.0")
# Linux 6.12 on QEMU 10's q35 with intel-iommu; "GPUs" are bochs-display and a network card.
snapshot("linux-6.12-ready", "Bound to vfio-pci; QEMU started.", "0000:01:00.0")
snapshot("linux-6.12-not-viable", "The sibling is bound to snd_hda_intel; \"group 6 is not viable\".", "0000:01:00.0")
snapshot("linux-6.12-behind-a-bridge", "e1000 has a device of the group; \"group 8 is not viable\".", "0000:04:01.0")
snapshot("linux-6.12-fell-off", "The port's secondary bus is held in reset; \"invalid PCI interrupt pin 255\".",
         "0000:05:00.0")
snapshot("linux-6.12-after-fell-off", "The same after QEMU's try: the kernel has given its power up.", "0000:05:00.0")
snapshot("linux-6.12-remapping-off", "intremap=off; \"Failed to set iommu for container: Operation not permitted\".",
         "0000:01:00.0")
snapshot("linux-6.12-iommu-off", "No IOMMU; \"no iommu_group found\".", "0000:01:00.0")
