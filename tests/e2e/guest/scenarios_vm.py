"""What the guest gets: ROMs, places, IDs."""

import re
import xml.etree.ElementTree as ET

import node
from scenario import require, require_in, scenario
from vm import UEFI

GPU, SOUND = '1234:1111', '8086:2668'
OURS, OWN, EFI = '<<ROM-OF-THE-BUNDLE>>', '<<ROM-OF-THE-DEVICE>>', '<<EFI-ROM-OF-THE-BUNDLE>>'


def guest_devices(vm):
    """The PCI devices that the guest has once its firmware has numbered the buses, by QEMU's id: (bus, device, function),
    vendor:device, and of a bridge the bus behind it."""
    devices = {}
    for text in re.split(r'(?m)^(?=  Bus )', vm.monitor('info pci')):
        place = re.match(r'  Bus +(\d+), device +(\d+), function (\d+):', text)
        name = re.search(r'(?m)^ +id "(.*)"', text)
        if place and name and name[1]:
            ids, behind = re.search(r'PCI device (\w{4}:\w{4})', text), re.search(r'secondary bus (\d+)', text)
            devices[name[1]] = tuple(map(int, place.groups())), ids[1], behind and int(behind[1])
    return devices


def has_devices(vm, **ids):
    """The guest has passed-through devices with these IDs, by their names in the VMI; their places."""
    devices = guest_devices(vm)
    found = {name: next((device for key, device in devices.items() if key.endswith(f'-{name}')), None) for name in ids}
    require(all(found[name] and found[name][1] == wanted for name, wanted in ids.items()), f'the guest has {devices}')
    return {name: device[0] for name, device in found.items()}


def bind_card(lab):
    for address in lab.card, lab.sound:
        node.bind(address)


def primary(**options):
    """The annotation of a VM whose only display is the card: SeaBIOS runs no other display's ROM."""
    return {'devices': {'gpu': options}, 'guest': {'emulatedVideo': 'remove'}}


def without_video(domain):
    for tag in 'video', 'graphics':
        for device in domain.findall(f'devices/{tag}'):
            domain.find('devices').remove(device)
    video = ET.SubElement(domain.find('devices'), 'video')
    ET.SubElement(video, 'model', {'type': 'none'})
    return domain


@scenario("the bundle's ROM", "SeaBIOS runs the bundle's ROM, and not the device's own, which runs without the hook")
def the_bundles_rom(lab):
    bind_card(lab)
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, primary(rom='auto')) as vm:
        said = vm.boot(pod.collect()).firmware()
        require_in(OURS, said)
        require(OWN not in said, "the device's own ROM ran, too")
    with lab.vm({'gpu': lab.card}) as vm:
        said = vm.start(without_video(vm.request())).firmware()
        require(OWN in said and OURS not in said, "without the hook the device's own ROM does not run")


@scenario('no ROM', 'with `rom: none` no ROM runs')
def no_rom(lab):
    bind_card(lab)
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, primary(rom='none')) as vm:
        said = vm.boot(pod.collect()).firmware()
        require('<<' not in said, 'a ROM ran')


@scenario("the device's own ROM", "with `rom: device` the bundle's ROM does not run, the device's does")
def own_rom(lab):
    bind_card(lab)
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, primary(rom='device')) as vm:
        said = vm.boot(pod.collect()).firmware()
        require(OWN in said and OURS not in said, "it is not the device's own ROM that ran")


@scenario('beside the emulated video', "SeaBIOS runs no GPU's ROM, the bundle's neither, and the sidecar's log says so")
def beside_emulated_video(lab):
    bind_card(lab)
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, {'devices': {'gpu': {'rom': 'auto'}}}) as vm:
        said = vm.boot(pod.collect()).firmware()
        require('<<' not in said, 'a ROM ran')
        pod.wait_for_log("SeaBIOS runs no GPU's ROM")


@scenario('an EFI ROM', "OVMF starts the driver that `rom build-efi` made into a ROM of the bundle")
def efi_rom(lab):
    bind_card(lab)
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, {'devices': {'gpu': {'rom': 'auto'}}}, case=UEFI) as vm:
        require_in(EFI, vm.boot(pod.collect()).firmware(EFI))


@scenario('multifunction', 'the guest sees GPU and sound as functions 0 and 1 of one slot; without the option in two slots')
def multifunction(lab):
    bind_card(lab)
    places = []
    for config in {'devices': {'gpu': {'layout': 'multifunction'}}}, None:
        with lab.pod() as pod, lab.vm({'gpu': lab.card, '-sound': lab.sound}, config) as vm:
            vm.boot(pod.collect()).firmware()
            places.append(has_devices(vm, gpu=GPU, sound=SOUND))
    together, apart = places
    require(together['gpu'][:2] == together['sound'][:2] and together['gpu'][2] == 0 and together['sound'][2] == 1
            and apart['gpu'][:2] != apart['sound'][:2], f'they stand at {places}')


@scenario('companions', 'with `companions: slot` the sound, which the VM did not ask for, is in the guest')
def companions(lab):
    bind_card(lab)
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, {'devices': {'gpu': {'companions': 'slot'}}}) as vm:
        vm.boot(pod.collect()).firmware()
        has_devices(vm, **{'gpu': GPU, lab.sound.replace(':', '-').replace('.', '-'): SOUND})


@scenario('spoofed IDs', 'the guest reads the IDs of `ids`')
def spoofed_ids(lab):
    bind_card(lab)
    config = {'devices': {'gpu': {'ids': {'vendor': '10de', 'device': '2187'}, 'rom': 'none'}}}
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, config) as vm:
        vm.boot(pod.collect()).firmware()
        has_devices(vm, gpu='10de:2187')


@scenario('guestAddress', 'the device stands behind the root port that `guestAddress` names')
def guest_address(lab):
    bind_card(lab)
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, {'devices': {'gpu': {'guestAddress': '0000:09:00.0'}}}) as vm:
        vm.boot(pod.collect()).firmware()
        place, port = has_devices(vm, gpu=GPU)['gpu'], guest_devices(vm)['pci.9']
        require(place == (port[2], 0, 0), f'it stands at {place}, behind the port is bus {port[2]}')


@scenario('x-vga', 'with `xVga: on` QEMU has x-vga, and SeaBIOS runs the ROM of the VGA controller')
def x_vga(lab):
    bind_card(lab)
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, primary(rom='auto', xVga='on')) as vm:
        require_in(OURS, vm.boot(pod.collect()).firmware())
        require(vm.qmp('qom-get', path='/machine/peripheral/ua-gpu-gpu', property='x-vga') is True, 'x-vga is off')


@scenario('pciHole64', "the host bridge's 64-bit window has the size of `pciHole64`")
def pci_hole64(lab):
    bind_card(lab)
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, {'guest': {'pciHole64': '64GiB'}}) as vm:
        vm.boot(pod.collect())
        size = vm.qmp('qom-get', path='/machine/q35', property='pci-hole64-size')
        require(size == 64 << 30, f'it is {size}')
