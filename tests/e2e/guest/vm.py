"""VMs: what KubeVirt asks of the hook, and what libvirt and QEMU make of the answer."""

import json
import os
import shutil
import subprocess
import uuid
import xml.etree.ElementTree as ET
from pathlib import Path

import libvirt
import libvirt_qemu

import domain_xml
import kubevirt
import lab
from node import read, wait_until

FOLDER = Path('/run/e2e-vm')
FIRMWARE_LOG = FOLDER / 'firmware.log'
USER = 107
PRIVATE = '/var/run/kubevirt-private/'
BIOS, UEFI = 'geforce-bios', 'igpu-rembrandt'  # VMs as KubeVirt 1.9.0 sends them
MEMORY = {BIOS: 64 << 20, UEFI: 256 << 20}
# SeaBIOS says this last where no disk is; OVMF's own driver model takes longer and says nothing.
SEABIOS_DONE = 'No bootable device.'
BOOT_SECONDS = 240

QEMU_CONF = f'''
user = "+{USER}"
group = "+{USER}"
security_driver = "none"
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
'''


class Compute:
    """libvirtd, as the compute container runs it; a context manager."""

    def __init__(self):
        self.process = self.connection = None

    def __enter__(self):
        FOLDER.mkdir(exist_ok=True)
        os.chown(FOLDER, USER, USER)
        for folder in '/run/libvirt', '/var/lib/libvirt/qemu', '/etc/libvirt/qemu':
            shutil.rmtree(folder, ignore_errors=True)
        Path('/etc/libvirt').mkdir(exist_ok=True)
        Path('/etc/libvirt/qemu.conf').write_text(QEMU_CONF)
        Path('/etc/libvirt/libvirtd.conf').write_text('auth_unix_rw = "none"\nauth_unix_ro = "none"\n')
        with open('/run/libvirtd.log', 'wb') as log:
            self.process = subprocess.Popen(['libvirtd'], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        libvirt.registerErrorHandler(lambda *_: None, None)  # they are exceptions, too
        self.connection = wait_until('libvirtd answers', self._connect, 60)
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.process.terminate()
        self.process.wait(timeout=20)

    @staticmethod
    def _connect():
        try:
            return libvirt.open('qemu:///system')
        except libvirt.libvirtError:
            return None


class VM:
    """
    A VM of KubeVirt's. DEVICES is a dict: the name of a gpu (or, with a - in front, of a hostDevice), and the host
    address that the device plugin gave for it. CONFIG is the annotation.
    """

    def __init__(self, compute, devices, config=None, case=BIOS):
        self.connection, self.case = compute.connection, case
        self.devices = {name.removeprefix('-'): address for name, address in devices.items()}
        self.hosts = {name.removeprefix('-') for name in devices if name.startswith('-')}
        self.uuid = str(uuid.uuid4())
        self.vmi = self._vmi(config)
        self.running = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.destroy()

    def _vmi(self, config):
        vmi = json.loads(lab.vmi(self.case) if config is None else lab.annotated(self.case, config))
        vmi['metadata']['uid'] = self.uuid
        devices = vmi['spec']['domain']['devices']
        for key in 'gpus', 'hostDevices':
            devices[key] = [{'name': name, 'deviceName': f'example.com/{name}'} for name in self.devices
                            if (name in self.hosts) == (key == 'hostDevices')]
        return json.dumps(vmi).encode()

    def request(self):
        """What KubeVirt sends in the first call, with this VM's devices."""
        domain = ET.fromstring(lab.domain(self.case, 'call1'))
        domain.find('name').text += f'-{self.uuid}'
        domain.find("sysinfo/system/entry[@name='uuid']").text = self.uuid
        devices = domain.find('devices')
        place = list(devices).index(devices.find('hostdev'))
        for hostdev in devices.findall('hostdev'):
            devices.remove(hostdev)
        for name in sorted(self.devices, key=lambda name: name not in self.hosts):  # KubeVirt's order
            kind = 'hostdevice' if name in self.hosts else 'gpu'
            number, bus, rest = self.devices[name].split(':')
            slot, function = rest.split('.')
            hostdev = ET.Element('hostdev', {'type': 'pci', 'managed': 'no'})
            ET.SubElement(ET.SubElement(hostdev, 'source'), 'address', {
                'type': 'pci', 'domain': f'0x{number}', 'bus': f'0x{bus}', 'slot': f'0x{slot}', 'function': f'0x{function}'})
            ET.SubElement(hostdev, 'alias', {'name': f'ua-{kind}-{name}'})
            devices.insert(place, hostdev)
            place += 1
        return domain

    def ask(self, hook, domain):
        return ET.fromstring(hook.on_define_domain(ET.tostring(domain), self.vmi))

    def define(self, domain):
        """libvirt's inactive definition of what became of a call."""
        defined = self.connection.defineXML(domain_xml.text(fitted(domain, self.case)))
        text = defined.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        defined.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM)
        return ET.fromstring(text)

    def calls(self, hook_of):
        """The three calls of one boot, each with the hook that hook_of(number) gives; the last reply."""
        first = self.request()
        reply = self.ask(hook_of(1), first)
        reply = self.ask(hook_of(2), kubevirt.second_call(first, self.define(reply)))
        return self.ask(hook_of(3), kubevirt.third_call(reply))

    def start(self, domain):
        """Starts what virt-launcher would; raises libvirt's error."""
        FIRMWARE_LOG.unlink(missing_ok=True)
        for value in (value for element in domain.iter() for value in element.attrib.values()):
            if value.startswith(PRIVATE):  # sockets and logs that KubeVirt makes a folder for
                Path(value).parent.mkdir(parents=True, exist_ok=True)
                os.chown(Path(value).parent, USER, USER)
        self.running = self.connection.defineXML(domain_xml.text(fitted(domain, self.case)))
        self.running.create()
        return self

    def boot(self, hook):
        """A boot of three calls, to the start."""
        return self.start(self.calls(lambda _: hook))

    def firmware(self, until=SEABIOS_DONE):
        """What the firmware and the option ROMs have said, once UNTIL is in it."""
        def done():
            if not self.running.isActive():
                raise RuntimeError(f'QEMU ended: {self.qemu_log()}')
            text = FIRMWARE_LOG.read_bytes().decode(errors='replace') if FIRMWARE_LOG.exists() else ''
            return text if until in text else None
        return wait_until(f'the firmware says "{until}"', done, BOOT_SECONDS)

    def monitor(self, command):
        return libvirt_qemu.qemuMonitorCommand(self.running, command, libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP)

    def qmp(self, command, **arguments):
        text = json.dumps({'execute': command, 'arguments': arguments})
        return json.loads(libvirt_qemu.qemuMonitorCommand(self.running, text, 0))['return']

    def qemu_log(self):
        return read(f'/var/log/libvirt/qemu/{self.running.name()}.log')[-2000:]

    def destroy(self):
        if self.running:
            if self.running.isActive():
                self.running.destroy()
            self.running.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
            self.running = None


def fitted(domain, case):
    """
    The domain, as it can run here: without KVM, with one CPU and little memory, without disks and network, and with a
    debug port for the firmware. Of passed-through devices, and of all else that the hook writes, nothing is changed.
    """
    domain = ET.fromstring(domain_xml.text(domain))
    domain_xml.without_kvm(domain)
    for name, size in ('memory', MEMORY[case]), ('currentMemory', MEMORY[case]):
        if (element := domain.find(name)) is not None:
            element.attrib.clear()
            element.set('unit', 'b')
            element.text = str(size)
    domain.find('vcpu').text = '1'
    for cpu in domain.findall('cpu'):
        for topology in cpu.findall('topology'):
            cpu.remove(topology)
    devices = domain.find('devices')
    for tag in 'disk', 'interface', 'emulator':
        for device in devices.findall(tag):
            devices.remove(device)
    lines = domain.find(f'{{{domain_xml.QEMU}}}commandline')
    if lines is None:
        lines = ET.SubElement(domain, f'{{{domain_xml.QEMU}}}commandline')
    for argument in ('-chardev', f'file,id=firmware,path={FIRMWARE_LOG}', '-device',
                     'isa-debugcon,iobase=0x402,chardev=firmware'):
        ET.SubElement(lines, f'{{{domain_xml.QEMU}}}arg', {'value': argument})
    return domain
