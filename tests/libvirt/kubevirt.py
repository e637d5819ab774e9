"""What KubeVirt 1.9 makes of a libvirt definition between the calls of one boot.

It reads the definition into structs (virtwrap/api/schema.go) that know only some of it. What they do not know is lost,
our edits among it.
"""

import copy
import xml.etree.ElementTree as ET

PLACEHOLDER = 'placeholder-'
EXTRA_PORTS = 5  # that KubeVirt adds for later hotplug to a VM of more than 2 GiB with one interface

ADDRESS = {'address': ('type domain bus slot function controller target unit uuid', {})}
ALIAS = {'alias': ('name', {})}
BOOT = {'boot': ('order', {})}
SOURCE = {'source': ('mode path', {})}
LOG = {'log': ('file append', {})}

# The fields of the structs, as far as our VMs have them: attributes, and children of the same form.
DEVICES = {
    'emulator': ('', {}),
    'interface': ('', {}),
    'channel': ('type', {**SOURCE, 'target': ('name type port state', {})}),
    'hostdev': ('type managed mode model display ramfb', {'source': ('', ADDRESS), **ADDRESS, **ALIAS, **BOOT}),
    'controller': ('type index model', {
        'driver': ('iothread queues', {}), **ADDRESS, **ALIAS, 'target': ('busNr', {}), 'pcihole64': ('unit', {})}),
    'video': ('', {'model': ('type heads ram vram vgamem', {})}),
    'graphics': ('type port autoport tlsPort defaultMode', {'listen': ('type address network socket', {})}),
    'memballoon': ('model freePageReporting', {'stats': ('period', {}), **ADDRESS}),
    'disk': ('device type model', {
        'source': ('file dev', {}), 'target': ('bus dev', {}), 'driver': ('error_policy name type discard', {}),
        'backingStore': ('type', {'format': ('type', {}), 'source': ('file dev', {})}), **ALIAS, **BOOT, **ADDRESS}),
    'input': ('type bus model', {**ADDRESS, **ALIAS}),
    'serial': ('type', {'target': ('port', {}), **SOURCE, **ALIAS, **LOG}),
    'console': ('type', {'target': ('type port', {}), **SOURCE, **ALIAS}),
    'watchdog': ('model action', {**ADDRESS, **ALIAS}),
    'rng': ('model', {'backend': ('model', {}), **ADDRESS}),
}
UNKNOWN = 'audio', 'hub', 'shmem'  # devices without a struct

STATE = {name: ('state', {}) for name in (
    'relaxed', 'vapic', 'vpindex', 'runtime', 'synic', 'reset', 'frequencies', 'reenlightenment', 'tlbflush', 'ipi',
    'evmcs')}
HYPERV = {**STATE, 'spinlocks': ('state retries', {}), 'vendor_id': ('state value', {}),
          'stimer': ('state', {'direct': ('state', {})})}
FEATURES = {'acpi': ('', {}), 'apic': ('', {}), 'hyperv': ('mode', HYPERV), 'smm': ('', {}),
            'kvm': ('', {'hidden': ('state', {}), 'hint-dedicated': ('state', {})}), 'pvspinlock': ('state', {}),
            'pmu': ('state', {}), 'vmport': ('state', {})}
CPU = {'model': ('', {}), 'feature': ('name policy', {}), 'topology': ('sockets cores threads', {}),
       'numa': ('', {'cell': ('id cpus memory unit memAccess', {})})}


def known(element, fields):
    """A copy of the element with what its struct has."""
    attributes, children = fields
    result = ET.Element(element.tag, {name: value for name, value in element.attrib.items()
                                      if name in attributes.split()})
    result.text = element.text
    for child in element:
        if child.tag in children:
            result.append(known(child, children[child.tag]))
    return result


def devices_of(definition):
    """The <devices> as KubeVirt reads and marshals them: the kinds in the struct's order."""
    found = {tag: [] for tag in DEVICES}
    for device in definition.find('devices'):
        if device.tag in found:
            found[device.tag].append(known(device, DEVICES[device.tag]))
        elif device.tag not in UNKNOWN:
            raise ValueError(f'this model of KubeVirt does not know whether its structs have <{device.tag}>')
    devices = ET.Element('devices')
    for elements in found.values():
        devices.extend(elements)
    return devices


def replace(domain, element):
    """Puts the element where the domain has one of its tag."""
    place = domain.find(element.tag)
    domain[list(domain).index(place)] = element


def second_call(first, definition):
    """The domain of call 2: that of call 1, with the devices of the definition that became of it, but without the
    placeholders and with the interfaces as they were."""
    domain = copy.deepcopy(first)
    interfaces = [interface for interface in domain.iterfind('devices/interface')
                  if not interface.find('alias').get('name').startswith(PLACEHOLDER)]
    devices = devices_of(definition)
    place = len(devices.findall('emulator'))
    for interface in devices.findall('interface'):
        devices.remove(interface)
    for number, interface in enumerate(interfaces):
        devices.insert(place + number, interface)
    replace(domain, devices)
    return domain


def third_call(reply):
    """The domain of call 3: the hook's reply to call 2 as the structs have it, with more root ports. The namespace of
    qemu is lost, and with it what KubeVirt knows of qemu:commandline."""
    domain = copy.deepcopy(reply)
    interfaces = domain.findall('devices/interface')
    devices = devices_of(domain)
    for place, interface in zip(devices.findall('interface'), interfaces):
        devices[list(devices).index(place)] = interface
    ports = [controller for controller in devices.findall('controller') if controller.get('type') == 'pci']
    last = list(devices).index(devices.findall('controller')[-1])
    index = max(int(port.get('index')) for port in ports)
    for number in range(1, EXTRA_PORTS + 1):
        port = ET.Element('controller', {'type': 'pci', 'index': str(index + number), 'model': 'pcie-root-port'})
        devices.insert(last + number, port)
    replace(domain, devices)
    for tag, fields in (('features', ('', FEATURES)), ('cpu', ('mode', CPU))):
        if domain.find(tag) is not None:
            replace(domain, known(domain.find(tag), fields))
    for element in list(domain):
        if element.tag.startswith('{'):
            domain.remove(element)
    return domain
