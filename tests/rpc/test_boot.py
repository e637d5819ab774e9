"""Boots of real VMs: one to three calls, whatever happens to bundle, host and ROMs between them."""

import shutil
import threading

import lab
import virt_launcher
from case import HookTestCase


class Boot(HookTestCase):
    def test_all_cases_in_all_shapes(self):
        for case in lab.CASES:
            for shapes in lab.BOOTS:
                folder = self.folder / f'{case}-{len(shapes)}{shapes[0]}'
                folder.mkdir()
                _, hook = self.launch(folder=folder)
                self.boot(hook, case, shapes)
                hook.shutdown()

    def test_the_cases_differ_from_their_replies(self):
        """So that an echo cannot pass: KubeVirt never sends mode on call 1, and we always set it."""
        for case in set(lab.CASES) - {'no-gpu', 'vgpu-mdev-display'}:
            self.assertNotEqual(lab.domain(case, 'call1'), lab.reply(case, 'call1'), case)

    def test_without_a_gpu_the_reply_is_the_request(self):
        _, hook = self.launch()
        for shape in lab.ONE_CALL + lab.THREE_CALLS:
            request = lab.domain('no-gpu', shape)
            self.assertXml(hook.on_define_domain(request, lab.vmi('no-gpu')), request)

    def test_without_a_gpu_nothing_is_tidied(self):
        """Comments, CDATA, odd spacing, an XML declaration, no newline at the end: all of it comes back."""
        _, hook = self.launch()
        odd = (b"<?xml version='1.0'  encoding=\"utf-8\"?>\n<!-- a --><domain  type='kvm' >\r\n<name>o&#100;d</name>"
               b'<description><![CDATA[<hostdev type="pci">]]></description><x/><devices></devices></domain >')
        self.assertXml(hook.on_define_domain(odd, lab.vmi('no-gpu')), odd)

    def test_the_reply_fed_back_comes_back(self):
        for case in lab.CASES:
            _, hook = self.launch(container=f'hook-{case}')
            for shape in lab.ONE_CALL + lab.THREE_CALLS:
                once = hook.on_define_domain(lab.domain(case, shape), lab.vmi(case))
                self.assertXml(hook.on_define_domain(once, lab.vmi(case)), once)

    def test_without_hostdevs_the_reply_is_the_request(self):
        """A migration target asks before its devices are there, with the annotation of the source."""
        _, hook = self.launch()
        vmi = lab.annotated(lab.VM, {'devices': {lab.NAME: {'rom': 'auto', 'expect': lab.IDS}}})
        request = lab.without_hostdevs(lab.domain(lab.VM, 'call1'))
        self.assertNotIn(b'<hostdev', request)
        self.assertXml(hook.on_define_domain(request, vmi), request)
        self.boot(hook, vmi=vmi)
        self.assertXml(hook.on_define_domain(request, vmi), request)

    def test_a_failed_sync_repeats_calls(self):
        _, hook = self.launch()
        for shapes in lab.THREE_CALLS[:1], lab.THREE_CALLS[:2], lab.THREE_CALLS, lab.THREE_CALLS:
            self.boot(hook, shapes=shapes)

    def test_a_replaced_container_serves_the_later_calls(self):
        """Calls 2 and 3 alone: a sidecar that has no memory of call 1 plans anew."""
        _, hook = self.launch()
        self.boot(hook, shapes=lab.THREE_CALLS[1:])

    def test_two_clients_at_once(self):
        _, hook = self.launch()
        wrong = []

        def client(case):
            try:
                for shape in lab.THREE_CALLS * 10:
                    if hook.on_define_domain(lab.domain(case, shape), lab.vmi(case)) != lab.reply(case, shape):
                        wrong.append(f'{case} {shape}')
            except Exception as error:
                wrong.append(f'{case}: {error}')

        clients = [threading.Thread(target=client, args=(case,)) for case in (lab.VM, 'geforce-bios')]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        self.assertEqual(wrong, [])


class LaterCalls(HookTestCase):
    """What was accepted on call 1 never fails later: that would leave a VM that cannot start any more."""

    def setUp(self):
        super().setUp()
        self.bundle = lab.copy(lab.BUNDLE, self.folder / 'bundle')
        self.host = lab.copy(lab.HOST, self.folder / 'host')
        self.sidecar, self.hook = self.launch(bundle=self.bundle, host=self.host)
        self.boot(self.hook, shapes=lab.THREE_CALLS[:1])
        self.roms = self.rom_files(self.sidecar)
        self.assertTrue(self.roms)

    def check_later_calls(self):
        """Calls 2 and 3 succeed, and leave the ROMs as call 1 left them."""
        for shape in lab.THREE_CALLS[1:]:
            self.boot(self.hook, shapes=[shape])
            self.assertEqual(self.rom_files(self.sidecar), self.roms)

    def remove_device(self):
        """The device leaves the host."""
        link = self.host / 'bus/pci/devices' / lab.ADDRESS
        target = link.resolve()
        if link.is_symlink():
            link.unlink()
        shutil.rmtree(target)

    def remove_roms(self):
        """Somebody tidies up the socket folder."""
        shutil.rmtree(self.sidecar.view / 'rom')

    def test_after_the_bundle_is_gone(self):
        shutil.rmtree(self.bundle)
        self.check_later_calls()

    def test_after_the_bundle_is_broken(self):
        for file in self.bundle.rglob('*'):
            if file.is_file():
                file.write_bytes(b'broken')
        self.check_later_calls()

    def test_after_the_device_is_gone(self):
        self.remove_device()
        self.check_later_calls()

    def test_after_the_published_rom_is_gone(self):
        for file in (self.sidecar.view / 'rom').iterdir():
            file.unlink()
        self.check_later_calls()

    def test_after_the_rom_folder_is_gone(self):
        self.remove_roms()
        self.check_later_calls()

    def test_after_the_published_rom_is_damaged(self):
        for file in (self.sidecar.view / 'rom').iterdir():
            file.write_bytes(b'\x55\xaa')
        self.check_later_calls()

    def test_after_everything_is_gone(self):
        shutil.rmtree(self.bundle)
        self.remove_device()
        self.remove_roms()
        self.check_later_calls()

    def test_another_vm_is_judged_anew(self):
        """The memory belongs to the VMI: its uid, not its name."""
        self.remove_device()
        other = lab.vmi(lab.VM).replace(b'a1b2c3d4-', b'ffffffff-')
        self.assertNotEqual(other, lab.vmi(lab.VM))
        with self.assertStatus('FAILED_PRECONDITION', lab.ADDRESS, lab.NAME):
            self.hook.on_define_domain(lab.domain(lab.VM, 'call1'), other)


class Discovery(HookTestCase):
    """The whole way of virt-launcher, from the folder to Shutdown."""

    def test_kubevirt_1_6_one_folder_per_sidecar(self):
        folders = [self.sockets / f'hook-sidecar-{number}' for number in range(2)]
        for folder in folders:
            folder.mkdir()
            self.start(folder=folder, container=folder.name)
        hooks = virt_launcher.collect(self.sockets, 2)
        self.assertEqual(len(hooks), 2)
        for hook in hooks:
            self.boot(hook)
        # With the ROM folders there, the sockets are still all there is to dial.
        self.assertEqual(len(virt_launcher.collect(self.sockets, 2)), 2)
        self.assertEqual(len(virt_launcher.entries(self.sockets, nested=True)), 2)
        for hook in hooks:
            hook.shutdown()

    def test_kubevirt_1_5_one_folder_for_all(self):
        for _ in range(2):
            self.start()
        hooks = virt_launcher.collect(self.sockets, 2, nested=False)
        self.assertEqual(len(virt_launcher.entries(self.sockets, nested=False)), 2)
        for hook in hooks:
            self.boot(hook)

    def test_two_sidecars_in_a_chain(self):
        """Each sidecar gets what the one before it returned."""
        domain = lab.domain(lab.VM, 'call1')
        for number in range(2):
            _, hook = self.launch(container=f'hook-sidecar-{number}')
            domain = hook.on_define_domain(domain, lab.vmi(lab.VM))
        self.assertXml(domain, lab.reply(lab.VM, 'call1'))
