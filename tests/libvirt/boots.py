"""The boots that are played: VMs of the golden cases, and annotations that together have every option."""

from dataclasses import dataclass

import lab

CASES = lab.CASES
# A lab without Intel has no iGPU for "igd". On a host that cannot be read no option is refused for the device's sake;
# nor can a bundle's ROM be had there.
HOSTS = {'lab': ('--sysfs', lab.HOST, '--bundle', lab.BUNDLE), 'narrow': ('--sysfs', lab.HOST.parent / 'narrow'),
         'unreadable': ('--sysfs', lab.HOST / 'no-such-folder')}


@dataclass(frozen=True)
class Boot:
    case: str
    config: dict            # the annotation
    is_default: bool = False  # it asks for what happens anyway
    host: str = 'lab'
    without: tuple = ()     # devices that KubeVirt left behind

    @property
    def name(self):
        return f'{self.case} {self.config}'

    def domain(self, domain):
        """The domain without what is left behind."""
        devices = domain.find('devices')
        for hostdev in devices.findall('hostdev'):
            if hostdev.find('alias').get('name').endswith(tuple(f'-{name}' for name in self.without)):
                devices.remove(hostdev)
        return domain


def device(case, name, options, **how):
    return Boot(case, {'devices': {name: options}}, **how)


def guest(case, options, **how):
    return Boot(case, {'guest': options}, **how)


IGPU, GEFORCE, L4 = 'igpu-rembrandt', 'geforce-bios', 'windows-efi-secure'
MDEV, VF = 'vgpu-mdev-display', 'vgpu-sriov-vf'

BOOTS = [
    device(IGPU, '*', {}, is_default=True),
    device(GEFORCE, '*', {}, is_default=True),
    device(MDEV, '*', {}, is_default=True),
    device(VF, '*', {}, is_default=True),
    device(IGPU, 'igpu', {'rom': 'auto', 'expect': '1002:1681'}, is_default=True),
    device(IGPU, 'igpu', {'rom': 'rembrandt-vbios'}, is_default=True),
    device(IGPU, 'igpu', {'rom': 'none'}),
    device(IGPU, 'igpu', {'rom': 'device'}),
    device(IGPU, '*', {'romBar': 'off'}),
    device(IGPU, 'igpu', {'guestAddress': '0000:10:00.0'}),
    device(IGPU, 'igpu', {'guestAddress': '0000:00:09.0'}),
    device(IGPU, '*', {'layout': 'separate'}, is_default=True),
    device(GEFORCE, '*', {'layout': 'multifunction'}),
    Boot(GEFORCE, {'devices': {'gpu0': {'guestAddress': '0000:14:00.0'}, '*': {'layout': 'multifunction'}}}),
    device(IGPU, 'igpu', {'ids': {'vendor': '1002', 'device': '164d', 'subsystem': '1462:1381'}}),
    device(IGPU, 'igpu', {'driverModel': 'nvgrace_gpu_vfio_pci'}),
    device(IGPU, 'igpu', {'vfio': {'x-no-mmap': True, 'x-msix-relocation': 'bar2', 'x-intx-mmap-timeout-ms': 1100}}),
    device(GEFORCE, 'gpu0', {'xVga': True, 'vfio': {'x-no-geforce-quirks': True}}),
    device(GEFORCE, 'gpu0', {'companions': 'slot'}, without=('gpu0-audio',)),
    device(GEFORCE, 'gpu0', {'companions': 'group', 'layout': 'multifunction'}, without=('gpu0-audio',)),
    device(GEFORCE, 'gpu0', {'companions': 'slot', 'guestAddress': '0000:12:00.0'}, without=('gpu0-audio',)),
    device(L4, 'gpu0', {'gpudirectClique': 3}),
    device(MDEV, '*', {'display': 'off', 'ramfb': 'off'}),
    device(MDEV, '*', {'ramfb': 'off', 'vfio': {'xres': 1920, 'yres': 1080}}),
    device(VF, '*', {'display': 'on', 'ramfb': 'on'}),
    device(IGPU, 'igpu', {'igd': 'upt'}, host='unreadable'),
    device(IGPU, 'igpu', {'igd': {'mode': 'upt', 'gms': 2}, 'guestAddress': '0000:00:02.0'}, host='unreadable'),
    guest(IGPU, {'hideHypervisor': True}),
    guest(IGPU, {'hypervVendorId': 'kubevirt'}),
    guest(L4, {'hypervVendorId': 'kubevirt'}),
    guest(IGPU, {'ioapic': 'kvm'}),
    guest(IGPU, {'ioapic': 'qemu'}),
    guest(IGPU, {'topoext': True}),
    guest(IGPU, {'topoext': False}),
    guest(IGPU, {'maxPhysAddr': {'mode': 'passthrough', 'limit': 39}}),
    guest(IGPU, {'maxPhysAddr': 'passthrough'}),
    guest(L4, {'maxPhysAddr': 'auto', 'pciHole64': 'auto', 'ovmfMmio64': 'auto'}, host='narrow'),
    guest(IGPU, {'pciHole64': '512GiB'}),
    guest(GEFORCE, {'pciHole64': '0GiB'}),
    guest(IGPU, {'ovmfMmio64': '64GiB'}),
    guest(IGPU, {'emulatedVideo': 'remove'}),
    guest(GEFORCE, {'emulatedVideo': 'remove'}),
    guest(IGPU, {'emulatedVideo': 'keep'}, is_default=True),
    Boot(IGPU, {'devices': {'*': {'vfio': {'x-no-mmap': True}}, 'igpu': {'romBar': 'off'}},
                'guest': {'hideHypervisor': True, 'ioapic': 'kvm', 'topoext': True, 'pciHole64': '512GiB',
                          'ovmfMmio64': '64GiB', 'emulatedVideo': 'remove'}}),
    Boot(GEFORCE, {'devices': {'*': {'layout': 'multifunction', 'vfio': {'x-no-mmap': True}}, 'gpu0': {'xVga': True}},
                   'guest': {'pciHole64': '512GiB', 'emulatedVideo': 'remove'}}),
]

# What KubeVirt loses of these must be missed in a hook that does not say it again.
FORGETTABLE = [boot for boot in BOOTS if boot.config in (
    {'devices': {'*': {'romBar': 'off'}}}, {'devices': {'*': {'layout': 'multifunction'}}},
    {'guest': {'ovmfMmio64': '64GiB'}}, {'guest': {'ioapic': 'kvm'}})]
