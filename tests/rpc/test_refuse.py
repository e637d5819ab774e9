"""Well-formed requests that must not start a VM: FAILED_PRECONDITION, with device, reason and remedy."""

import os
import shutil

import lab
from case import HookTestCase

CALL1 = lab.domain(lab.VM, 'call1')
DEFECTS = {  # bundle: what the refusal must name
    'missing-rom': ['rembrandt-vbios'],
    'wrong-hash': ['rembrandt-vbios'],
    'not-a-rom': ['rembrandt-vbios'],
    'other-device': ['rembrandt-vbios', '10de:2204'],
    'bad-checksum': ['rembrandt-vbios', 'checksum'],
    'truncated': ['rembrandt-vbios'],
    'broken-json': ['bundle.json'],
    'unknown-key': ['frimware'],
    'missing-hash': ['sha256'],
    'duplicate-match': ['rembrandt-again'],
    'duplicate-id': ['rembrandt-vbios'],
    'escape-dotdot': ['../lab'],
    'escape-absolute': ['/etc/hostname'],
    'escape-symlink': ['roms/x.rom'],
    'bad-id': ['../x'],
    'profile-auto': ['profile of bundle "profile-auto"', 'no ROM for 1002:1681'],
    'profile-expect': ['profiles[0].device.expect'],
    'profile-unknown-rom': ['profiles[0].device.rom', 'rembrandt-vbois'],
    'profile-duplicate': ['profiles[0] and profiles[1]'],
    'profile-address': ['profiles[0].device.guestAddress'],
    'profile-empty': ['profiles[0] says nothing'],
    'wrong-kind': ['ConfigMap'],
    'wrong-version': ['gpu.vm.kubevirt.io/v2'],
}


class RefuseTestCase(HookTestCase):
    def assertRefused(self, sidecar, hook, *words, vmi=None, case=lab.VM):
        """Refused, nothing published, and a VM without GPU is served."""
        with self.assertStatus('FAILED_PRECONDITION', *words) as caught:
            hook.on_define_domain(lab.domain(case, 'call1'), vmi or lab.vmi(case))
        text = caught.exception.details()
        self.assertNotIn('\n', text)
        self.assertLess(len(text.encode()), 1000)
        self.assertNothingPublished(sidecar)
        self.boot(hook, 'no-gpu')
        return text


    def assertNothingPublished(self, sidecar):
        """The verdict comes before the publishing."""
        self.assertEqual(list(self.rom_files(sidecar)), [])


class Bundle(RefuseTestCase):
    def test_defects(self):
        for number, (name, words) in enumerate(DEFECTS.items()):
            with self.subTest(bundle=name):
                folder = self.sockets / str(number)
                folder.mkdir()
                sidecar, hook = self.launch(folder=folder, bundle=lab.BUNDLES / name)
                self.assertRefused(sidecar, hook, *words)

    def test_every_defective_bundle_is_tried(self):
        fine = {'lab', 'configmap', 'joined-images', 'profiles', 'profile-bar', 'profile-guest', 'profile-options', 'class'}
        self.assertEqual({path.name for path in lab.BUNDLES.iterdir()} - fine, set(DEFECTS))

    def test_a_configmap_mount(self):
        """Every file is a link through ..data."""
        _, hook = self.launch(bundle=lab.BUNDLES / 'configmap')
        answer = hook.on_define_domain(CALL1, lab.vmi(lab.VM))
        self.assertIn(b'/rembrandt-vbios', answer)

    def test_no_bundle_at_all(self):
        """No file to give: an iGPU without ROM BAR is refused, unless its owner knows better, and none is given."""
        sidecar, hook = self.launch(bundle=None)
        self.assertRefused(sidecar, hook, lab.ADDRESS, lab.NAME, 'rom-available', vmi=lab.vmi(lab.VM))
        vmi = lab.annotated(lab.VM, {'devices': {lab.NAME: {'checks': {'rom-available': 'ignore'}}}})
        self.assertNotIn(b'/rom/', hook.on_define_domain(CALL1, vmi))
        vmi = lab.annotated(lab.VM, {'devices': {lab.NAME: {'rom': 'auto'}}})
        vmi = vmi.replace(b'a1b2c3d4-', b'ffffffff-')  # another VM: this one has its plan
        self.assertRefused(sidecar, hook, lab.ADDRESS, lab.NAME, vmi=vmi)

    def test_missing_at_start(self):
        missing = self.folder / 'no-such-bundle'
        sidecar, hook = self.launch(bundle=missing)
        self.assertEqual(hook.name, 'kubevirt-gpu-hook')
        self.assertRefused(sidecar, hook, str(missing))

    def check_repair(self, name, repair):
        """Call 1 fails, somebody repairs the bundle, KubeVirt tries again: no restart needed."""
        bundle = self.folder / 'bundle'
        if name:
            lab.copy(lab.BUNDLES / name, bundle)
        sidecar, hook = self.launch(bundle=bundle)
        self.assertRefused(sidecar, hook)
        repair(bundle)
        self.boot(hook)

    @staticmethod
    def restore(bundle):
        """Puts the good files in place of the bad ones."""
        shutil.copytree(lab.BUNDLE, bundle, dirs_exist_ok=True)

    def test_missing_rom_repaired(self):
        self.check_repair('missing-rom', self.restore)

    def test_wrong_rom_repaired(self):
        self.check_repair('not-a-rom', self.restore)

    def test_broken_manifest_repaired(self):
        self.check_repair('broken-json', self.restore)

    def test_missing_bundle_repaired(self):
        """A volume that is mounted late."""
        self.check_repair(None, self.restore)

    def test_folder_replaced(self):
        """As the kubelet updates a ConfigMap: the name leads to another folder."""
        def replace(bundle):
            shutil.rmtree(bundle)
            self.restore(bundle)
        self.check_repair('wrong-hash', replace)

    def test_too_large_a_rom(self):
        bundle = lab.copy(lab.BUNDLE, self.folder / 'bundle')
        content = lab.manifest(bundle)
        rom = bundle / lab.rom_entry(content)['file']
        with open(rom, 'r+b') as file:
            file.truncate(1 << 30)
        sidecar, hook = self.launch(bundle=bundle)
        self.assertRefused(sidecar, hook, lab.ADDRESS, lab.NAME, rom.name)

    def test_a_rom_that_is_no_file(self):
        """A pipe would keep the sidecar waiting for ever."""
        bundle = lab.copy(lab.BUNDLE, self.folder / 'bundle')
        rom = bundle / lab.rom_entry(lab.manifest(bundle))['file']
        rom.unlink()
        os.mkfifo(rom)
        sidecar, hook = self.launch(bundle=bundle)
        with self.assertStatus('FAILED_PRECONDITION', rom.name):
            hook.on_define_domain(CALL1, lab.vmi(lab.VM), timeout=5)

    def test_one_good_and_one_bad(self):
        """The bad bundle may be the one that had the right ROM."""
        sidecar, hook = self.launch('--bundle', self.folder / 'no-such-bundle')
        self.assertRefused(sidecar, hook, 'no-such-bundle')


class Device(RefuseTestCase):
    def test_absent_from_the_host(self):
        for host in 'audio-only', 'no-devices':
            with self.subTest(host=host):
                folder = self.sockets / host
                folder.mkdir()
                sidecar, hook = self.launch(folder=folder, host=lab.HOST.parent / host)
                self.assertRefused(sidecar, hook, '0000:e5:00.', 'igpu')

    def test_another_device_than_expected(self):
        sidecar, hook = self.launch()
        vmi = lab.annotated(lab.VM, {'devices': {lab.NAME: {'expect': '1002:73bf'}}})
        self.assertRefused(sidecar, hook, lab.ADDRESS, lab.NAME, lab.IDS, '1002:73bf', vmi=vmi)

    def test_expected_device(self):
        _, hook = self.launch()
        self.boot(hook, vmi=lab.annotated(lab.VM, {'devices': {lab.NAME: {'expect': lab.IDS}}}))

    def test_a_rom_is_demanded_that_nobody_has(self):
        """geforce-bios' audio function has no ROM in the bundle."""
        sidecar, hook = self.launch()
        vmi = lab.annotated('geforce-bios', {'devices': {'gpu0-audio': {'rom': 'auto'}}})
        self.assertRefused(sidecar, hook, '0000:01:00.1', 'gpu0-audio', '10de:1aef', 'lab', vmi=vmi,
                           case='geforce-bios')

    def test_an_id_is_demanded_that_nobody_has(self):
        sidecar, hook = self.launch()
        vmi = lab.annotated(lab.VM, {'devices': {lab.NAME: {'rom': 'no-such-rom'}}})
        self.assertRefused(sidecar, hook, lab.ADDRESS, lab.NAME, 'no-such-rom', vmi=vmi)

    def test_a_rom_for_another_device_is_demanded(self):
        sidecar, hook = self.launch()
        vmi = lab.annotated(lab.VM, {'devices': {lab.NAME: {'rom': 'rtx3090'}}})
        self.assertRefused(sidecar, hook, lab.ADDRESS, lab.NAME, 'rtx3090', lab.IDS, vmi=vmi)

    def test_none_is_demanded(self):
        sidecar, hook = self.launch()
        vmi = lab.annotated(lab.VM, {'devices': {'*': {'rom': 'none'}}})
        for shape in lab.THREE_CALLS:
            self.assertNotIn(b'.rom"', hook.on_define_domain(lab.domain(lab.VM, shape), vmi))
        self.assertNothingPublished(sidecar)
