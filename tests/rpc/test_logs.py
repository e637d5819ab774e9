"""The log: KubeVirt's format, its phrases, and none of the user's data."""

import datetime
import json

import grpc

import lab
import virt_launcher
from case import HookTestCase

KEYS = {'component', 'level', 'msg', 'pos', 'timestamp'}
PEER = {'peer_pid', 'peer_uid'}  # test_connections looks at whose they are
SECRET = 'open-sesame'


class Logs(HookTestCase):
    def run_everything(self, *options):
        """The log lines of a sidecar that had good calls and bad ones."""
        sidecar, hook = self.launch(*options, container='hook-sidecar-0')
        self.boot(hook)
        domain = lab.domain(lab.VM, 'call1')
        for domain, vmi in (b'<domain', b'{}'), (domain, lab.annotated(lab.VM, '{"x\\n\\"": 1}')):
            with self.assertRaises(grpc.RpcError):
                hook.on_define_domain(domain, vmi)
        with self.assertRaises(grpc.RpcError):
            virt_launcher.call(sidecar.socket, '/no/such')
        hook.shutdown()
        sidecar.wait()
        self.assertTrue(sidecar.lines)
        return sidecar

    def test_json(self):
        for level in 'debug', 'info':
            for line in self.run_everything('--log-level', level).lines:
                with self.subTest(line=line):
                    entry = json.loads(line)
                    self.assertIn(set(entry), (KEYS, KEYS | PEER))
                    self.assertEqual(list(entry), sorted(entry))
                    self.assertEqual(entry['component'], 'kubevirt-gpu-hook')
                    self.assertIn(entry['level'], ('debug', 'info', 'warning', 'error'))
                    self.assertRegex(entry['pos'], r'^\S+:\d+$')
                    self.assertTrue(entry['msg'])
                    time = datetime.datetime.fromisoformat(entry['timestamp'].replace('Z', '+00:00'))
                    self.assertLess(abs(datetime.datetime.now(datetime.timezone.utc) - time).total_seconds(), 60)

    def test_text(self):
        lines = self.run_everything('--log-format', 'text').lines
        for line in lines:
            with self.subTest(line=line), self.assertRaises(ValueError):
                json.loads(line)
        self.assertIn('OnDefineDomain method has been called', ''.join(lines))

    def test_the_phrases_that_kubevirts_tests_look_for(self):
        logs = self.run_everything().logs()
        for phrase in 'Info method has been called', 'OnDefineDomain method has been called':
            self.assertIn(('info', phrase), [(entry['level'], entry['msg']) for entry in logs])

    def test_what_several_bundles_have(self):
        """A warning at the start, and another after a bundle has changed."""
        bundle = lab.copy(lab.BUNDLE, self.folder / 'bundle')
        sidecar, hook = self.launch('--bundle', bundle)

        def count():
            return sum(entry['level'] == 'warning' and 'of bundle "lab" never matches' in entry['msg']
                       for entry in sidecar.logs())
        roms = len(lab.manifest(bundle)['roms'])
        self.assertEqual(count(), roms)
        content = lab.manifest(bundle)
        del content['roms'][-1]
        lab.write_manifest(bundle, content)
        self.boot(hook)
        self.assertEqual(count(), 2 * roms - 1)

    def test_levels(self):
        """Each level shows its own lines and those above it; a refusal is more than information."""
        order = 'debug', 'info', 'warning', 'error'
        sizes = []
        for number, level in enumerate(order):
            logs = self.run_everything('--log-level', level).logs() if number < 2 else self.quiet(level)
            self.assertLessEqual({entry['level'] for entry in logs}, set(order[number:]))
            sizes.append(len(logs))
        self.assertEqual(sizes, sorted(sizes, reverse=True))

    def quiet(self, level):
        """The same at a level that may well stay silent."""
        sidecar, hook = self.launch('--log-level', level, container='hook-sidecar-0')
        self.boot(hook)
        with self.assertRaises(grpc.RpcError):
            hook.on_define_domain(b'<domain', b'{}')
        sidecar.stop()
        return sidecar.logs()

    def test_a_refusal_is_logged_with_its_reason(self):
        sidecar, hook = self.launch(host=lab.HOST.parent / 'no-devices')
        with self.assertStatus('FAILED_PRECONDITION') as caught:
            hook.on_define_domain(lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM))
        sidecar.stop()
        loud = [entry['msg'] for entry in sidecar.logs() if entry['level'] in ('warning', 'error')]
        self.assertTrue(any(caught.exception.details() in message for message in loud), loud)

    def test_a_rom_that_the_firmware_will_not_run(self):
        """A GPU that has a ROM, under SeaBIOS, beside the emulated video; its audio function and a guest without video do not count."""
        case, words = 'geforce-bios', "SeaBIOS runs no GPU's ROM beside the emulated video"
        removed = lab.annotated(case, {'guest': {'emulatedVideo': 'remove'}})
        for vmi, devices in (lab.vmi(case), ['gpu0']), (removed, []):
            with self.subTest(devices=devices):
                sidecar, hook = self.launch()
                hook.on_define_domain(lab.domain(case, 'call1'), vmi)
                sidecar.stop()
                told = [entry['msg'] for entry in sidecar.logs() if words in entry['msg']]
                self.assertEqual([message.split('(')[1].split(')')[0] for message in told], devices)

    def test_the_users_data_stays_out(self):
        """Domain and VMI carry cloud-init passwords and the like; neither success nor refusal may print them."""
        sidecar, hook = self.launch()
        note = f'<note xmlns="http://example.com/notes">{SECRET}</note>'.encode()
        vmi = lab.with_annotation(lab.VM, 'example.com/password', SECRET)
        for case in lab.VM, 'no-gpu':
            for shape in lab.THREE_CALLS:
                hook.on_define_domain(lab.in_metadata(lab.domain(case, shape), note), vmi)
        domain = lab.in_metadata(lab.domain(lab.VM, 'call1'), note)
        for bad_domain, bad_vmi in ((domain[:-20], vmi), (domain, vmi[:-1]), (domain.replace(b'0xe5', b'e5'), vmi)):
            with self.assertRaises(grpc.RpcError) as caught:
                hook.on_define_domain(bad_domain, bad_vmi)
            self.assertNotIn(SECRET, caught.exception.details())
        sidecar.stop()
        self.assertNotIn(SECRET, sidecar.text)
        for word in '<domain', '<devices', '"metadata"', 'containerDisk':
            self.assertNotIn(word, sidecar.text)
