"""Domains made fit for a schema, and for a machine without KVM and VFIO; and what must be left of them afterwards."""

import subprocess
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

QEMU = 'http://libvirt.org/schemas/domain/qemu/1.0'
ET.register_namespace('qemu', QEMU)

# KubeVirt writes these even when it has nothing to put in; the schema wants at least one <entry>, libvirt itself does
# not mind.
EMPTY_IN_SYSINFO = 'bios', 'baseBoard', 'chassis'

# KubeVirt writes <address type="pci"> here too; libvirt knows the type from the hostdev and ignores it.
PCI_SOURCE = "devices/hostdev[@type='pci']/source/address[@type='pci']"


def repair(domain):
    """Undoes KubeVirt's known deviations from the schema. None is ours."""
    for sysinfo in domain.findall('sysinfo'):
        for tag in EMPTY_IN_SYSINFO:
            for element in sysinfo.findall(tag):
                if len(element) == 0 and not element.attrib:
                    sysinfo.remove(element)
    for address in domain.findall(PCI_SOURCE):
        del address.attrib['type']


def without_kvm(domain):
    """Makes the domain one that can be defined without /dev/kvm."""
    if domain.get('type') == 'kvm':
        domain.set('type', 'qemu')
    for cpu in domain.findall('cpu[@mode="host-passthrough"]'):
        cpu.set('mode', 'maximum')  # TCG has no host CPU; its maximum takes the same children


def without_host(domain):
    """Makes the domain one whose QEMU arguments can be had on any machine."""
    devices = domain.find('devices')
    for hostdev in devices.findall('hostdev[@type="pci"]'):
        # libvirt asks the host whether it has VFIO where no driver is named, also with a model only.
        driver = hostdev.find('driver')
        if driver is None:
            driver = ET.SubElement(hostdev, 'driver')
        driver.set('name', 'vfio')
    for interface in devices.findall('interface[@type="ethernet"]'):
        devices.remove(interface)  # libvirt opens /dev/net/tun for it


def text(domain):
    """The domain as libvirt's API takes it."""
    return ET.tostring(domain, encoding='unicode')


def same_value(wanted, got):
    """Is it the same text, or the same number written in another way?"""
    try:
        return wanted == got or int(wanted, 0) == int(got, 0)
    except (TypeError, ValueError):
        return False


def missing(wanted, got, where=''):
    """Yields what of the element `wanted`, attributes and children, is not in `got`, which may have more."""
    where += f'/{wanted.tag.split("}")[-1]}'
    for name, value in wanted.attrib.items():
        if not same_value(value, got.get(name)):
            yield f'{where}: {name}="{value}" became {got.get(name)!r}'
    if (wanted.text or '').strip() != (got.text or '').strip():
        yield f'{where}: "{wanted.text}" became "{got.text}"'
    rest = list(got)
    for child in wanted:
        tries = [(list(missing(child, other, where)), other) for other in rest if other.tag == child.tag]
        if not tries:
            yield f'{where}/{child.tag.split("}")[-1]} is gone'
            continue
        problems, best = min(tries, key=lambda one: len(one[0]))
        yield from problems
        rest.remove(best)


def schema_problems(root, documents):
    """What ROOT's schema says of documents, a dict of names and bytes: {name: complaint} of the bad ones."""
    problems, names = {}, list(documents)
    schema = Path(root) / 'usr/share/libvirt/schemas/domain.rng'
    if not schema.exists():
        raise FileNotFoundError(f'{schema} is not there: run ci/dependencies test')
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for number, name in enumerate(names):
            try:
                domain = ET.fromstring(documents[name])
            except (ET.ParseError, ValueError) as error:
                problems[name] = str(error)
                continue
            repair(domain)
            files[name] = Path(folder, f'{number}.xml')
            files[name].write_bytes(ET.tostring(domain))
        # What virt-xml-validate does, for all of them at once.
        done = subprocess.run(['xmllint', '--noout', '--relaxng', schema, *files.values()], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
    lines = done.stderr.splitlines()
    for name, file in files.items():
        if f'{file} validates' not in lines:
            about = [line.replace(f'{file}:', 'line ') for line in lines if line.startswith(f'{file}:')]
            problems[name] = '\n'.join(about) or f'xmllint says nothing of it: {done.stderr}'
    return problems
