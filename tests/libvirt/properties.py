"""Does the real QEMU know every property that the hook can set, with the type that libvirt sends?

The list comes from the hook: what it says may be set, and what it makes of an annotation that sets everything.
"""

import functools
import json
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import arguments
import cases

# Properties that came after the QEMU of the root, which must refuse them, and the QEMU that brought them.
NEWER = {'ats': '11.0', 'x-pci-class-code': '10.1'}

CASE, GPU = cases.GOLDEN / 'geforce-bios', 'gpu0'
SOURCE = Path(__file__).resolve().parents[2] / 'hook/plan/device_plan.c'

# Every option of a device that becomes a property. Without a /sys the hook cannot know that no GPU has all of them.
EVERYTHING = {
    'rom': 'device', 'display': 'on', 'ramfb': 'on', 'xVga': 'on', 'gpudirectClique': 3, 'guestAddress': '0000:00:02.0',
    'igd': {'mode': 'upt', 'opRegion': 'on', 'lpc': 'on', 'gms': 2},
    'ids': {'vendor': '10de', 'device': '1234', 'subsystem': '1462:1381'}}
LIBVIRTS = 'driver', 'host', 'id', 'bus', 'addr'
KINDS = True, 1, '5d307ca9-b3ef-428c-8861-06e72d69f223'
ABSENT = '0000:ff:1f.7'
FOUND = f'{ABSENT}: no such host device'  # what QEMU says when it took all properties
MACHINE = '-machine', 'pc,accel=tcg', '-m', '16', '-nodefaults', '-display', 'none', '-S'


class Renderer:
    """The hook, asked about one device of a VM with the machine type "pc", which all of x-igd-* need."""

    def __init__(self, hook):
        self.hook = hook

    def __call__(self, options):
        """The finished process."""
        vmi = json.loads((CASE / 'vmi.json').read_text())
        config = {'devices': {GPU: options}, 'guest': {'hideHypervisor': False}}  # else no clique
        vmi['metadata']['annotations'] = {'gpu.vm.kubevirt.io/config': json.dumps(config)}
        domain = (CASE / 'in/call1.xml').read_text().replace('machine="q35"', 'machine="pc"')
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, 'vmi.json').write_text(json.dumps(vmi))
            Path(folder, 'domain.xml').write_text(domain)
            command = [self.hook, 'render', '--domain', 'domain.xml', '--vmi', 'vmi.json', '--sysfs', 'none']
            return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def allowed(render):
    """The vfio-pci properties that may be set: each name with the values that the hook takes, one of a kind."""
    complaint = render({'vfio': {'?': 1}}).stderr
    names = complaint.partition('use one of ')[2].partition(' (')[0].split(', ')
    found = {}
    for name in filter(None, names):
        values = [value for value in KINDS if render({'display': 'on', 'vfio': {name: value}}).returncode == 0]
        if not values:  # the hook names the words it knows
            words = render({'vfio': {name: '?'}}).stderr.partition('is none of ')[2].partition(' (')[0]
            values = re.findall(r'"([^"]*)"', words)
        found[name] = values
    return found


def device_of(render, judge, options):
    """The properties with which QEMU gets the device."""
    done = render(options)
    if done.returncode != 0:
        raise ValueError(f'the hook refuses {options}: {done.stderr.strip()}')
    gpu = ET.fromstring(done.stdout).find(f'devices/hostdev/alias[@name="ua-gpu-{GPU}"]')
    if gpu is None:
        raise ValueError(f'no {GPU} in the hook\'s answer')
    pairs = judge.arguments(done.stdout.encode())
    problems = list(cases.override_problems(done.stdout, pairs))
    if problems:
        raise ValueError('\n  '.join(problems))
    return next(found for found in arguments.devices(pairs) if found['id'] == f'ua-gpu-{GPU}')


def complaint(root, driver, properties):
    """What QEMU has against the properties of an absent device; empty if nothing."""
    return ask_qemu(root, json.dumps({'driver': driver, 'host': ABSENT, **properties}))


@functools.cache
def ask_qemu(root, device):
    done = root.run('qemu-system-x86_64', *MACHINE, '-device', device)
    if FOUND in done.stderr:
        return ''
    return done.stderr.strip().rpartition('}: ')[2] or f'QEMU ended with {done.returncode} and no message'


def self_test(root):
    """Yields what QEMU would let through."""
    for name, value, words in (('x-no-such-property', True, 'not found'), ('x-vga', 'yes', 'x-vga'),
                               ('x-vga', 1, 'x-vga'), ('x-pci-vendor-id', '0x10de', 'x-pci-vendor-id'),
                               ('x-msix-relocation', 'bar9', 'bar9')):
        trouble = complaint(root, 'vfio-pci', {name: value})
        if words not in trouble:
            yield f'QEMU does not mind {name}={value!r}: {trouble}'
    if complaint(root, 'vfio-pci', {}):
        yield 'QEMU minds a device without further properties'


def known_problems(root, device):
    """Yields what QEMU has against the properties of a device, of those that it should know."""
    driver, properties = device
    properties = {name: value for name, value in properties.items() if name not in NEWER}
    if together := complaint(root, driver, properties):
        alone = {f'{name}={json.dumps(value)}': complaint(root, driver, {name: value})
                 for name, value in properties.items()}
        yield from [f'{what}: {trouble}' for what, trouble in alone.items() if trouble] or [together]


def newer_problems(root, device):
    """Yields which properties QEMU knows in spite of NEWER."""
    driver, properties = device
    for name in properties.keys() & NEWER.keys():
        if 'not found' not in complaint(root, driver, {name: properties[name]}):
            yield f'{name} is said to come with QEMU {NEWER[name]}, but this QEMU knows it'


def check(root, judge, hook):
    """Yields (what, problems)."""
    render = Renderer(hook)
    yield 'properties/self-test', list(self_test(root))
    try:
        devices, problems = devices_to_try(render, judge)
    except ValueError as error:
        yield 'properties', [str(error)]
        return
    yield 'properties/complete', problems
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda device: list(known_problems(root, device)), devices)
    yield 'properties/known', list(dict.fromkeys(sum(found, [])))
    yield 'properties/newer', list(newer_problems(root, devices[0]))


def devices_to_try(render, judge):
    """Devices that have every property, and together every kind of value, as (driver, properties); and what is wrong
    with the list."""
    vfio, problems = allowed(render), []
    if not vfio:
        problems.append('the hook does not say which vfio-pci properties may be set')
    for name in sorted(NEWER.keys() - vfio.keys()):
        problems.append(f'{name} is listed as newer than this QEMU, but the hook cannot set it')
    devices, seen = [], set()
    for number in range(max(map(len, vfio.values()), default=1)):
        chosen = {name: values[min(number, len(values) - 1)] for name, values in vfio.items() if values}
        device = device_of(render, judge, {**EVERYTHING, 'vfio': chosen})
        properties = {name: value for name, value in device.items() if name not in LIBVIRTS}
        devices.append((device['driver'], properties))
        seen |= properties.keys()
    named = set(re.findall(r'"(x-[a-z0-9-]+)"', SOURCE.read_text()))
    for name in sorted((named | vfio.keys()) - seen):
        problems.append(f'{name} can be set, but nothing in this test brings it about')
    return devices, problems
