"""Nodes that are not ready: what the check predicts, and what libvirt and QEMU really do without it."""

import os
import re

import node
import scenario as scenarios
from scenario import failure, refusal, require, require_in, scenario
from scenarios_vm import OURS, bind_card, has_devices, primary

PRIMARY = primary(rom='auto')
NOT_VIABLE = 'is not viable'


def ask(pod, vm):
    return lambda: vm.ask(pod.collect(), vm.request())


def really_fails(vm, words):
    """Without the hook: what KubeVirt would have started does not start, for this reason."""
    failure(lambda: vm.start(vm.request()), words)
    vm.destroy()


def boots(lab, address):
    """A VM with that GPU boots, to the bundle's ROM."""
    with lab.pod() as pod, lab.vm({'gpu': address}, PRIMARY) as vm:
        require_in(OURS, vm.boot(pod.collect()).firmware())


def refused_until(lab, address, mend, check, words, really):
    """The hook refuses a VM with that GPU for one check, with all the words; without the hook it fails with those of
    `really`; once it is mended, by a function that gets the refusal, it boots."""
    with lab.pod() as pod, lab.vm({'gpu': address}, PRIMARY) as vm:
        text = refusal(ask(pod, vm), address, *words, checks=[check])
        really_fails(vm, really)
        mend(text)
        require_in(OURS, vm.boot(pod.collect()).firmware())


def type_remedy(text):
    """Types the one command that a refusal tells to type."""
    commands = re.findall(r'driverctl set-override \S+ [\w-]+', text)
    require(len(commands) == 1, f'the remedy is {commands}, of: {text}')
    node.shell(commands[0])


@scenario('group not viable', 'refused; QEMU fails without the hook; the remedy, typed as it stands, makes it boot')
def not_viable(lab):
    bind_card(lab)
    node.modprobe('snd-hda-intel')
    node.bind(lab.sound, 'snd_hda_intel')
    refused_until(lab, lab.card, type_remedy, 'group-viable', [lab.sound, 'snd_hda_intel'], NOT_VIABLE)


@scenario('a sibling without driver', 'not refused: the VM boots')
def sibling_unbound(lab):
    bind_card(lab)
    node.release(lab.sound)
    boots(lab, lab.card)


@scenario('a sibling on pci-stub', 'not refused: the VM boots')
def sibling_on_pci_stub(lab):
    bind_card(lab)
    node.bind(lab.sound, 'pci-stub')
    boots(lab, lab.card)


@scenario('no driver', 'refused; libvirt fails without the hook; the remedy, typed as it stands, makes it boot')
def no_driver(lab):
    bind_card(lab)
    node.release(lab.card)
    refused_until(lab, lab.card, type_remedy, 'driver', [], 'must be manually detached')


@scenario('behind a conventional bridge', "refused while the bridge's other device has a driver of the node's; QEMU fails "
          'without the hook; then the VM boots')
def behind_a_bridge(lab):
    node.bind(lab.bridged)
    node.modprobe('e1000')
    node.bind(lab.bridged_network, 'e1000')
    refused_until(lab, lab.bridged, lambda _: node.bind(lab.bridged_network),
                  'group-viable', [lab.bridged_network, 'e1000'], NOT_VIABLE)


@scenario('ports without ACS', "refused while the other port's device has a driver of the node's; QEMU fails without the "
          'hook; on pci-stub the VM boots')
def without_acs(lab):
    require(node.group_of(lab.open) == node.group_of(lab.open_network), 'they are not in one group')
    node.bind(lab.open)
    node.modprobe('e1000e')
    node.bind(lab.open_network, 'e1000e')
    refused_until(lab, lab.open, lambda _: node.bind(lab.open_network, 'pci-stub'),
                  'group-viable', [lab.open_network, 'e1000e'], NOT_VIABLE)


@scenario('asleep in D3hot', 'not refused: the VM boots')
def asleep(lab):
    node.bind(lab.sleeper)
    state = node.device(lab.sleeper) / 'power_state'
    node.wait_until('it sleeps', lambda: node.read(state) == 'D3hot')
    with lab.pod() as pod, lab.vm({'-network': lab.sleeper}) as vm:
        vm.boot(pod.collect()).firmware()
        has_devices(vm, network='8086:10d3')


@scenario('SR-IOV', 'a virtual function is in the guest')
def sriov(lab):
    node.modprobe('igb')
    node.bind(lab.sriov, 'igb')
    node.write(node.device(lab.sriov) / 'sriov_numvfs', 2)
    link = node.device(lab.sriov) / 'virtfn0'
    function = node.wait_until('there is a function', lambda: link.exists() and os.path.basename(os.readlink(link)))
    node.bind(function)
    with lab.pod() as pod, lab.vm({'vgpu': function}) as vm:
        vm.boot(pod.collect()).firmware()
        has_devices(vm, vgpu='8086:10ca')


@scenario('busy', "somebody has the card's group: QEMU cannot open it; sysfs does not tell the hook, which does not refuse")
def busy(lab):
    bind_card(lab)
    with open(f'/dev/vfio/{node.group_of(lab.card)}', 'r+b', buffering=0):
        with lab.pod() as pod, lab.vm({'gpu': lab.card}, PRIMARY) as vm:
            failure(lambda: vm.boot(pod.collect()), 'Device or resource busy')
    boots(lab, lab.card)


@scenario('a BAR without address', 'refused; without the hook the VM starts, and its GPU has no framebuffer')
def bar_unassigned(lab):
    scenarios.report(wants='large')
    address = node.wait_until('it is plugged in', lambda: node.find('038000'))[0]
    node.bind(address)
    with lab.pod() as pod, lab.vm({'gpu': address}) as vm:
        refusal(ask(pod, vm), address, checks=['bar-assigned'])
        vm.start(vm.request()).firmware()
        has_devices(vm, gpu='1234:1111')
        pci = next(text for text in vm.monitor('info pci').split('  Bus ') if 'id "ua-gpu-gpu"' in text)
        require('BAR0' not in pci and 'BAR2' in pci, f'the guest has the BAR: {pci}')


# The last of those with this device: nothing brings it back but its machine's end.
@scenario('fell off the bus', 'refused, though the kernel still shows its IDs; QEMU fails without the hook')
def fell_off(lab):
    node.bind(lab.sleeper)
    port = '0000:00:07.0'
    node.write(node.device(lab.sleeper) / 'power/control', 'on')
    buses = node.config_read(port, 0x19, 2)
    node.config_write(port, 0x19, b'\x40\x40')  # the port no longer forwards to the device's bus
    try:
        require(node.read(node.device(lab.sleeper) / 'vendor') == '0x8086', 'the kernel has forgotten it')
        with lab.pod() as pod, lab.vm({'-network': lab.sleeper}) as vm:
            refusal(ask(pod, vm), lab.sleeper, checks=['config-space'])
            really_fails(vm, 'nknown PCI header type')
    finally:
        node.config_write(port, 0x19, buses)


@scenario('no IOMMU', 'refused; without the hook it does not start', on='node-without-iommu')
def no_iommu(lab):
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, PRIMARY) as vm:
        refusal(ask(pod, vm), lab.card, checks=['iommu-group', 'driver'])
        really_fails(vm, "host doesn't support passthrough of host PCI devices")


@scenario('no interrupt remapping', 'refused; QEMU fails without the hook; with allow_unsafe_interrupts the VM boots, and the '
          'log says so', on='node-without-remapping')
def no_remapping(lab):
    bind_card(lab)
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, PRIMARY) as vm:
        refusal(ask(pod, vm), lab.card, checks=['iommu-remapping'])
        really_fails(vm, 'Operation not permitted')
        node.write('/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts', 1)
        require_in(OURS, vm.boot(pod.collect()).firmware())
        pod.wait_for_log('allow_unsafe_interrupts')
