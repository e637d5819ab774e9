"""Every option that changes the domain, over whole boots: there in each reply, once, whatever KubeVirt lost or kept."""

import re
import shutil
from dataclasses import dataclass, replace

import lab
from case import HookTestCase
from kubevirt import CALLS, QEMU, Boot, hostdevs, layout, parse, place_of, source_of
from option_cases import (BIOS, BUSY, CARD, CPU_MODEL, GPU, I440FX, IGD, L4, MDEV, MDEV_SHOWN, SPLIT, SXM, TWO_MDEVS,
                          VF)

GPU_NAME = 'ua-gpu-gpu'


def has(path, count=1):
    """So many elements at an ElementTree path below <domain>."""
    return path, count


def with_property(name, value, alias=GPU_NAME):
    """One vfio-pci property of a device."""
    return has(f"{QEMU}override/{QEMU}device[@alias='{alias}']/{QEMU}frontend/{QEMU}property[@name='{name}'][@value='{value}']")


def on_bus(bus, slot, function):
    return has(f"devices/hostdev/address[@type='pci'][@bus='0x{bus:02x}'][@slot='0x{slot:02x}'][@function='0x{function:x}']")


HOSTDEVS_4 = has('devices/hostdev', 4)
COMPANION_ALIASES = [has(f"devices/hostdev/alias[@name='ua-companion-0000-01-00-{n}']") for n in (1, 2, 3)]
WINDOW = [has(f"{QEMU}commandline/{QEMU}arg[@value='-fw_cfg']"), has(f'{QEMU}commandline/{QEMU}arg', 2)]
NO_DISPLAY = [has('devices/graphics', 0), has('devices/video'), has("devices/video/model[@type='none']")]


@dataclass
class Case:
    """A VM, and what must be in each reply of its boot."""
    devices: list
    expected: list
    config: dict = None
    host: str = 'workstation'
    bundle: str = None
    replacements: tuple = ()


def of_device(devices, expected, key=None, guest=None, host='workstation', replacements=(), **options):
    config = {'devices': {key or devices[0][0].replace('ua-gpu-', ''): options}} | ({'guest': guest} if guest else {})
    return Case(devices, expected, config, host, replacements=replacements)


def of_guest(*expected, devices=GPU, host='workstation', replacements=(), **options):
    return Case(devices, list(expected), {'guest': options}, host, replacements=replacements)


CASES = {
    'rom': of_device(GPU, [has("devices/hostdev/rom[@enabled='no']")], rom='none'),
    'rom-file': Case([('ua-gpu-igpu', lab.ADDRESS)], [has("devices/hostdev/rom[@bar='on'][@file]")], host='lab', bundle='lab'),
    'romBar': of_device(GPU, [has("devices/hostdev/rom[@bar='off']")], romBar='off'),
    'guestAddress': of_device(GPU, [on_bus(0x0E, 0, 0)], guestAddress='0000:0e:00.0'),
    'guestAddress-where-another-stood': of_device(GPU, [on_bus(0x05, 0, 0)], guestAddress='0000:05:00.0'),
    'layout': of_device(CARD, [HOSTDEVS_4, has("devices/hostdev/address[@multifunction='on']")], layout='multifunction'),
    'layout-address': Case(CARD, [on_bus(0x0E, 0, n) for n in range(4)] + [
        has("devices/hostdev/address[@multifunction='on']")], {
            'devices': {'*': {'layout': 'multifunction'}, 'gpu': {'guestAddress': '0000:0e:00.0'}}}),
    'companions': of_device(GPU, [HOSTDEVS_4, *COMPANION_ALIASES], companions='slot'),
    'companions-group': of_device(GPU, [HOSTDEVS_4, *COMPANION_ALIASES], companions='group'),
    'companions-layout': of_device(GPU, [HOSTDEVS_4, *COMPANION_ALIASES, has(
        "devices/hostdev/address[@multifunction='on']")], companions='slot', layout='multifunction'),
    'companions-options': Case(GPU, [HOSTDEVS_4, *COMPANION_ALIASES, has("devices/hostdev/rom[@bar='off']"),
                                     with_property('x-no-mmap', 'true', 'ua-companion-0000-01-00-1')], {
        'devices': {'gpu': {'companions': 'slot'}, '0000:01:00.1': {'romBar': 'off', 'vfio': {'x-no-mmap': True}}}}),
    'xVga': of_device(GPU, [with_property('x-vga', 'true')], xVga='on', replacements=BIOS),
    'display': of_device(MDEV, [has("devices/hostdev[@display='on']")], host='vgpu', display='on'),
    'ramfb': of_device(VF, [has("devices/hostdev[@display='on'][@ramfb='on']")], host='lab', display='on', ramfb='on'),
    'ramfb-off': of_device(MDEV_SHOWN, [has("devices/hostdev[@display='off'][@ramfb='off']")], host='vgpu', display='off',
                           ramfb='off'),
    'igd': of_device(IGD, [with_property('x-igd-opregion', 'true', 'ua-gpu-igd')], igd='upt'),
    'igd-at-2.0': of_device(IGD, [with_property('x-igd-legacy-mode', 'off', 'ua-gpu-igd'), on_bus(0, 2, 0)],
                            igd={'mode': 'upt', 'lpc': 'on', 'gms': 2}, guestAddress='0000:00:02.0', replacements=I440FX),
    'igd-legacy': of_device(IGD, [with_property('x-vga', 'true', 'ua-gpu-igd'), on_bus(0, 2, 0), *NO_DISPLAY], igd='legacy',
                            guest={'emulatedVideo': 'remove'}, replacements=I440FX),
    'ids': of_device(GPU, [with_property('x-pci-device-id', str(0x2187))], ids={'device': '2187'}),
    'gpudirectClique': Case(SXM[:2], [with_property('x-nv-gpudirect-clique', '0', f'ua-gpu-gpu{n}') for n in (0, 1)], {
        'devices': {'*': {'gpudirectClique': 0}}}, 'sxm'),
    'driverModel': of_device(GPU, [has("devices/hostdev/driver[@model='nvgrace_gpu_vfio_pci']")],
                             driverModel='nvgrace_gpu_vfio_pci'),
    'vfio': of_device(GPU, [with_property('x-no-geforce-quirks', 'true'), with_property('x-msix-relocation', 'bar2')],
                      vfio={'x-no-geforce-quirks': True, 'x-msix-relocation': 'bar2'}),
    'vfio-mdev': Case(TWO_MDEVS, [with_property('x-no-mmap', 'true', f'ua-gpu-vgpu{n}') for n in (0, 1)], {
        'devices': {'*': {'vfio': {'x-no-mmap': True}}}}, 'vgpu'),
    'hideHypervisor': of_guest(has('features/kvm'), has("features/kvm/hidden[@state='on']"), hideHypervisor=True),
    'hypervVendorId': of_guest(has('features/hyperv'), has("features/hyperv/vendor_id[@state='on'][@value='randomid']"),
                               hypervVendorId='randomid'),
    'ioapic': of_guest(has("features/ioapic[@driver='kvm']"), ioapic='kvm'),
    'topoext': of_guest(has("cpu/feature[@name='topoext'][@policy='require']"), has('cpu/feature'), topoext=True),
    'maxPhysAddr': of_guest(has("cpu/maxphysaddr[@mode='passthrough'][@limit='39']"),
                            maxPhysAddr={'mode': 'passthrough', 'limit': 39}),
    'maxPhysAddr-auto': of_guest(has("cpu/maxphysaddr[@mode='passthrough'][@limit='39']"), maxPhysAddr='auto'),
    'pciHole64': of_guest(has("devices/controller/pcihole64[@unit='KiB'][.='1073741824']"), has('devices/controller/pcihole64'),
                          devices=L4, host='lab', pciHole64='1TiB'),
    'pciHole64-auto': of_guest(has("devices/controller/pcihole64[@unit='KiB']"), has('devices/controller/pcihole64'),
                               devices=SPLIT[:1], pciHole64='auto'),
    'ovmfMmio64': of_guest(*WINDOW, has(f"{QEMU}commandline/{QEMU}arg[@value='name=opt/ovmf/X-PciMmio64Mb,string=262144']"),
                           ovmfMmio64='256GiB'),
    'ovmfMmio64-auto': of_guest(*WINDOW, devices=SPLIT[:1], ovmfMmio64='auto'),
    'emulatedVideo': of_guest(*NO_DISPLAY, emulatedVideo='remove'),
    'built-in': Case(SPLIT[:1], [*WINDOW, has("cpu/maxphysaddr[@mode='passthrough'][@limit='39']")]),
    'profile': Case(GPU, [HOSTDEVS_4, *COMPANION_ALIASES, has("features/ioapic[@driver='kvm']"), has(
        "devices/hostdev/address[@multifunction='on']"), has('devices/controller/pcihole64')], bundle='profile-options'),
    'all': Case(GPU, [HOSTDEVS_4, *COMPANION_ALIASES, *WINDOW, *NO_DISPLAY, on_bus(0x0E, 0, 0), on_bus(0x0E, 0, 3), has(
        "devices/hostdev/rom[@bar='off']", 4), has('devices/hostdev/driver[@model]', 4), with_property('x-no-mmap', 'true'),
        with_property('x-pci-device-id', str(0x2187)), has('features/ioapic'), has("features/hyperv/vendor_id[@value='id']"),
        has('cpu/feature'), has('cpu/maxphysaddr'), has('devices/controller/pcihole64')], {
            'devices': {'*': {'romBar': 'off', 'driverModel': 'vfio_pci', 'layout': 'multifunction'},
                        'gpu': {'companions': 'slot', 'guestAddress': '0000:0e:00.0', 'ids': {'device': '2187'},
                                'vfio': {'x-no-mmap': True}}},
            'guest': {'ioapic': 'qemu', 'hypervVendorId': 'id', 'topoext': 'off', 'maxPhysAddr': 'passthrough',
                      'pciHole64': '64GiB', 'ovmfMmio64': '64GiB', 'emulatedVideo': 'remove'}}),
}

CHANGES_NO_DOMAIN = {'expect', 'checks'}


def option_names():
    """The options, as the program's own tables have them."""
    names = set()
    for file in 'device_options.c', 'guest_options.c':
        names |= set(re.findall(r'\{"(\w+)", PLACE\(', (lab.TESTS.parent / 'hook/config' / file).read_text()))
    return names


class OptionTestCase(HookTestCase):
    def setUp(self):
        super().setUp()
        self.uid, self.folders, self.hooks = 0, 0, {}

    def new_boot(self, case, **how):
        """Another VM of the case."""
        self.uid += 1
        return Boot(case.devices, case.config, self.uid, replacements=case.replacements, **how)

    def launch_for(self, case, *options, host=None, bundle=None):
        """A sidecar in a folder of its own, for the case's host and bundle."""
        self.folders += 1
        folder = self.folder / str(self.folders)
        folder.mkdir()
        return self.launch(*options, folder=folder, host=host or lab.HOSTS / case.host,
                           bundle=bundle or (lab.BUNDLES / case.bundle if case.bundle else None))

    def hook_for(self, case):
        """A sidecar that all such cases share."""
        key = case.host, case.bundle
        if key not in self.hooks:
            self.hooks[key] = self.launch_for(case)[1]
        return self.hooks[key]

    def assertIsThere(self, case, answer):
        root = parse(answer)
        for path, count in case.expected:
            self.assertEqual(len(root.findall(path)), count, f'{path} in\n{answer.decode()}')

    def assertStandsAlone(self, answer):
        """Nothing is there twice: a host device, an alias, a place in the guest."""
        devices = hostdevs(answer)
        aliases = [element.get('name') for element in parse(answer).findall('devices/*/alias')]
        places = [place for element in parse(answer).find('devices') if (place := place_of(element))]
        for values in [source_of(element) for element in devices], aliases, places:
            self.assertEqual(len(values), len(set(values)), values)
        for element in devices:
            self.assertTrue(element.find('alias').get('name').startswith('ua-'))

    def run_boot(self, boot, hook, case=None):
        """The answers to all calls of a boot; each has what the case expects."""
        answers, answer = {}, None
        for call in CALLS:
            answers[call] = answer = hook.on_define_domain(boot.request(call, answer), boot.vmi)
            self.assertStandsAlone(answer)
            if case:
                self.assertIsThere(case, answer)
        return answers


class Options(OptionTestCase):
    def test_every_option_is_tried(self):
        configs = [case.config or {} for case in CASES.values()]
        tried = {name for config in configs for options in config.get('devices', {}).values() for name in options}
        tried |= {name for config in configs for name in config.get('guest', {})}
        self.assertEqual(option_names() - CHANGES_NO_DOMAIN, tried)

    def test_nothing_of_it_is_there_by_itself(self):
        """What is expected of an option does not hold without it."""
        for name, case in CASES.items():
            with self.subTest(case=name):
                root = parse(self.new_boot(case).request('call1'))
                self.assertFalse(all(len(root.findall(path)) == count for path, count in case.expected))

    def test_it_is_in_each_reply(self):
        """Once, though KubeVirt loses most of it between two calls and keeps some; and the reply again is itself."""
        for name, case in CASES.items():
            for keeps in False, True:
                with self.subTest(case=name, keeps_arguments=keeps):
                    boot = self.new_boot(case, keeps_arguments=keeps)
                    answers = self.run_boot(boot, self.hook_for(case), case)
                    for call in CALLS:
                        self.assertXml(self.hook_for(case).on_define_domain(answers[call], boot.vmi), answers[call])

    def test_the_layout_stays(self):
        """What call 1 placed stands there in the later calls too, whatever addresses libvirt gave the others."""
        for name in 'guestAddress', 'guestAddress-where-another-stood', 'layout-address', 'companions-layout', 'all':
            with self.subTest(case=name):
                answers = self.run_boot(self.new_boot(CASES[name]), self.hook_for(CASES[name]))
                placed = layout(answers['call1'])
                self.assertTrue(placed)
                for call in CALLS[1:]:
                    later = layout(answers[call])
                    self.assertEqual({source: later.get(source) for source in placed}, placed)

    def test_a_hook_without_memory(self):
        """Each call is the first that the hook hears of the VM: the replies are those of a boot without an accident. A
        new uid does what a new process does."""
        for name, case in CASES.items():
            for keeps in False, True:
                with self.subTest(case=name, keeps_arguments=keeps):
                    boot, hook, answer = self.new_boot(case, keeps_arguments=keeps), self.hook_for(case), None
                    undisturbed = self.run_boot(boot, hook)
                    for call in CALLS:
                        request = boot.request(call, answer)
                        answer = hook.on_define_domain(request, self.new_boot(case).vmi)
                        self.assertXml(answer, undisturbed[call])

    def test_a_hook_that_is_killed(self):
        """And started anew before the next call."""
        for name in 'companions-options', 'layout', 'profile', 'all':
            case = CASES[name]
            with self.subTest(case=name):
                undisturbed = self.run_boot(self.new_boot(case), self.hook_for(case))
                boot, answer = self.new_boot(case), None
                for call in CALLS:
                    sidecar, hook = self.launch_for(case)
                    answer = hook.on_define_domain(boot.request(call, answer), boot.vmi)
                    self.assertXml(answer, undisturbed[call])
                    sidecar.kill()

    def test_the_host_and_the_bundle_are_gone_after_call_1(self):
        for number, (host, bundle) in enumerate({(case.host, case.bundle) for case in CASES.values()}):
            cases = [case for case in CASES.values() if (case.host, case.bundle) == (host, bundle)]
            copies = {'host': lab.copy(lab.HOSTS / host, self.folder / f'host-{number}')}
            if bundle:
                copies['bundle'] = lab.copy(lab.BUNDLES / bundle, self.folder / f'bundle-{number}')
            _, hook = self.launch_for(cases[0], **copies)
            boots = [self.new_boot(case) for case in cases]
            answers = [hook.on_define_domain(boot.request('call1'), boot.vmi) for boot in boots]
            for copy in copies.values():
                shutil.rmtree(copy)
            for case, boot, answer in zip(cases, boots, answers):
                for call in CALLS[1:]:
                    answer = hook.on_define_domain(boot.request(call, answer), boot.vmi)
                    self.assertIsThere(case, answer)


class Conflicts(OptionTestCase):
    @staticmethod
    def golden(*starts):
        """The golden cases whose names start so, with their VMIs."""
        for folder in sorted(lab.GOLDEN.iterdir()):
            if folder.name.startswith(starts):
                yield folder, (folder / 'vmi.json').read_bytes()

    def hook_of(self, folder):
        """A sidecar for the golden case's host and bundle."""
        bundle = (folder / 'bundle').resolve().name if (folder / 'bundle').exists() else None
        return self.hook_for(Case([], [], host=(folder / 'sysfs').resolve().name, bundle=bundle))

    def test_each_is_refused_on_call_1(self):
        tried = 0
        for folder, vmi in self.golden('conflict-'):
            for error in sorted(folder.glob('out/*.err')):
                with self.subTest(case=folder.name, shape=error.stem):
                    told = error.read_text().splitlines()[-1]  # warnings come before it
                    code, text = told.removeprefix('error: ').split(': ', 1)
                    self.assertIn(code, ('INVALID_ARGUMENT', 'FAILED_PRECONDITION'))
                    with self.assertStatus(code) as caught:
                        self.hook_of(folder).on_define_domain(lab.domain(folder.name, error.stem), vmi)
                    self.assertEqual(caught.exception.details(), text)
                    self.assertNotIn('\n', text)
                    # Kubernetes cuts an event at 1,024 bytes, and KubeVirt puts about 120 of its own before ours.
                    self.assertLess(len(text.encode()), 1024 - 120)
                    tried += 1
        self.assertGreater(tried, 50)

    def test_a_migration_target_is_never_refused(self):
        """It asks without hostdevs, and what is said of them cannot be wrong."""
        for folder, vmi in self.golden('conflict-', 'option-', 'profile-'):
            with self.subTest(case=folder.name):
                shape = next(iter(sorted(folder.glob('in/*.xml')))).stem
                request = lab.without_hostdevs(lab.domain(folder.name, shape))
                self.assertNotIn(b'<hostdev', request)
                self.assertXml(self.hook_of(folder).on_define_domain(request, vmi), request)


class Warned(OptionTestCase):
    """With "policy": "warn" a VM goes on without what cannot be had, and the log says so."""

    def check(self, case, *words):
        """Said by the annotation and by the hook's own option: a warning on call 1, and never again."""
        for options, more in ((), {'policy': 'warn'}), (('--policy', 'warn'), {}):
            with self.subTest(options=options):
                sidecar, hook = self.launch_for(case, *options)
                self.run_boot(self.new_boot(replace(case, config=case.config | more)), hook, case)
                warnings = [entry['msg'] for entry in sidecar.logs() if entry['level'] == 'warning']
                self.assertEqual(len([text for text in warnings if all(word in text for word in words)]), 1, warnings)

    def test_a_companion_that_the_host_keeps(self):
        """What is ready comes along; what is not stays behind."""
        case = Case(BUSY, [has('devices/hostdev', 2), has("devices/hostdev/alias[@name='ua-companion-0000-02-00-2']")],
                    {'devices': {'gpu': {'companions': 'slot'}}})
        self.check(case, '0000:02:00.1', 'snd_hda_intel', 'the VM goes on without')

    def test_a_window_that_cannot_be(self):
        case = Case(SXM, [has(f'{QEMU}commandline', 0), has('devices/hostdev', 12)], {'guest': {'ovmfMmio64': 'auto'}}, 'sxm',
                    replacements=CPU_MODEL)
        self.check(case, '"ovmfMmio64"', '40 address bits')

    def test_a_device_that_is_another(self):
        case = Case(GPU, [has('devices/hostdev'), has('devices/hostdev/rom', 0), has(f'{QEMU}override', 0)],
                    {'devices': {'gpu': {'expect': '1002:1681', 'ids': {'device': '2187'}}}})
        self.check(case, '0000:01:00.0', '1002:1681', 'only a warning: the device goes without')
