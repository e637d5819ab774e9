"""
What KubeVirt asks in the later calls of a boot, after what was answered before.

Between two calls the answer goes through libvirt and through KubeVirt's own structure, which keeps a part of it. The
shapes of the calls are recorded ones (tests/golden); here they get what is left of our edits.
"""

import re
import xml.etree.ElementTree as ElementTree

import lab
from case_builder import HOSTDEVS, hostdev, shapes, vmi_with

QEMU = '{http://libvirt.org/schemas/domain/qemu/1.0}'
CALLS = 'call1', 'call2', 'call3'
LATER_ATTRIBUTES = 'display', 'ramfb'  # that KubeVirt keeps of a hostdev, besides those that it always has


def parse(xml):
    return ElementTree.fromstring(xml)


def source_of(element):
    """The host address or the UUID of a hostdev."""
    address = element.find('source/address')
    if address.get('uuid'):
        return address.get('uuid')
    numbers = [int(address.get(part, '0'), 0) for part in ('domain', 'bus', 'slot', 'function')]
    return '{:04x}:{:02x}:{:02x}.{:x}'.format(*numbers)


def place_of(element):
    """Where a device stands in the guest: (bus, slot, function), or None."""
    address = element.find('address')
    if address is None or address.get('type') != 'pci':
        return None
    return tuple(int(address.get(part, '0'), 0) for part in ('bus', 'slot', 'function'))


def hostdevs(xml):
    return parse(xml).findall('devices/hostdev')


def layout(xml):
    """Where the hostdevs stand, as far as the domain says it."""
    return {source_of(element): place_of(element) for element in hostdevs(xml) if place_of(element)}


def write_place(bus, slot, function):
    return f'<address type="pci" domain="0x0000" bus="0x{bus:02x}" slot="0x{slot:02x}" function="0x{function:x}"></address>'


class Boot:
    """
    The calls of one boot of a VM with these devices.

    keeps_arguments: a KubeVirt that carries qemu:commandline from call 2 to call 3, as its main branch does.
    """

    def __init__(self, devices, config, uid, base=lab.VM, replacements=(), keeps_arguments=False):
        self.shapes = shapes(devices, base, *replacements)
        self.vmi = vmi_with(devices, config, base).replace('a1b2c3d4-', f'{uid:08x}-').encode()
        self.keeps_arguments = keeps_arguments
        self.is_i440fx = 'machine="pc"' in self.shapes['call1']

    def request(self, call, answer=None):
        """What KubeVirt sends in this call, after `answer` to the one before."""
        shape = self.shapes[call]
        if call == 'call1':
            return shape.encode()
        if self.is_i440fx:
            shape = self._on_one_bus(shape)
        shape = self._define(shape, answer)
        if call == 'call3':
            shape = self._convert(shape, answer)
        return shape.encode()

    @staticmethod
    def _on_one_bus(shape):
        """libvirt's addresses on i440fx: slots of bus 0, no root ports."""
        shape = re.sub(r'\t\t<controller type="(pci|sata)".*?</controller>\n', '', shape, flags=re.DOTALL)
        shape = shape.replace('\t\t<video>', '\t\t<controller type="pci" index="0" model="pci-root"></controller>\n\t\t<video>')
        return re.sub(r'bus="0x(..)" slot="0x00" function="0x0"></address>\n\t\t</(?!hostdev)',
                      r'bus="0x00" slot="0x\1" function="0x0"></address>\n\t\t</', shape)

    def _define(self, shape, answer):
        """What libvirt made of the answer's devices, as KubeVirt reads them back."""
        places = layout(answer)
        taken = {place[0] for place in places.values()}
        # libvirt keeps other devices off the buses that the answer asks for.
        template = HOSTDEVS.sub('', shape)
        used = {place[0] for element in parse(template).find('devices') if (place := place_of(element))}
        free = iter(sorted(set(range(0x20, 0x80)) - taken - used))
        for bus in sorted(taken & used - {0}):
            template = re.sub(rf'(\t\t\t<address type="pci" domain="0x0000" bus=)"0x{bus:02x}"', rf'\1"0x{next(free):02x}"',
                              template)
        blocks = ''
        for element in hostdevs(answer):
            attributes = ''.join(f' {name}="{element.get(name)}"' for name in LATER_ATTRIBUTES if element.get(name))
            place = places.get(source_of(element))
            if not place:
                place = (0, next(free) - 0x10, 0) if self.is_i440fx else (next(free), 0, 0)
            block = hostdev(element.find('alias').get('name'), source_of(element), None, attributes, later=True)
            blocks += block.replace('\t\t\t<alias', f'\t\t\t{write_place(*place)}\n\t\t\t<alias')
        shape = template.replace('\t\t<controller type="usb"', blocks + '\t\t<controller type="usb"')
        return self._define_others(shape, parse(answer))

    @staticmethod
    def _define_others(shape, answer):
        """The emulated display and the window of the root bus, which KubeVirt's structure has."""
        if answer.find('devices/graphics') is None:
            shape = re.sub(r'\t\t<graphics .*?</graphics>\n', '', shape, flags=re.DOTALL)
            shape = re.sub(r'\t\t<video>.*?</video>\n', '\t\t<video>\n\t\t\t<model type="none"></model>\n\t\t</video>\n', shape,
                           flags=re.DOTALL)
        hole = answer.find('devices/controller/pcihole64')
        if hole is not None:
            shape = re.sub(r'(<controller type="pci" index="0" model="pcie?-root">)',
                           rf'\1\n\t\t\t<pcihole64 unit="{hole.get("unit")}">{hole.text}</pcihole64>\n\t\t', shape)
        return shape

    def _convert(self, shape, answer):
        """What the structure keeps from call 2 to call 3 besides the devices."""
        root = parse(answer)
        features, cpu = '', ''
        hidden, vendor = root.find('features/kvm/hidden'), root.find('features/hyperv/vendor_id')
        if hidden is not None:
            features += f'\t\t<kvm>\n\t\t\t<hidden state="{hidden.get("state")}"></hidden>\n\t\t</kvm>\n'
        if vendor is not None:
            features += (f'\t\t<hyperv>\n\t\t\t<vendor_id state="{vendor.get("state")}" value="{vendor.get("value")}">'
                         '</vendor_id>\n\t\t</hyperv>\n')
        for feature in root.findall('cpu/feature'):
            cpu += f'\t\t<feature name="{feature.get("name")}" policy="{feature.get("policy")}"></feature>\n'
        shape = shape.replace('\t</features>', features + '\t</features>').replace('\t</cpu>', cpu + '\t</cpu>')
        arguments = root.findall(f'{QEMU}commandline/{QEMU}arg')
        if self.keeps_arguments and arguments:
            lines = ''.join(f'\t\t<qemu:arg value="{argument.get("value")}"></qemu:arg>\n' for argument in arguments)
            shape = shape.replace('<domain type="kvm">', f'<domain type="kvm" xmlns:qemu="{QEMU[1:-1]}">')
            shape = shape.replace('</domain>', f'\t<qemu:commandline>\n{lines}\t</qemu:commandline>\n</domain>')
        return shape
