"""What the sidecar says it does, and what it answers to everything else."""

import time

import grpc

import lab
import virt_launcher
import wire
from case import HookTestCase
from sidecar import Sidecar

ALL_VERSIONS = 'v1alpha1', 'v1alpha2', 'v1alpha3'
PLUGIN_METHODS = ('/kubevirt.hooks.plugins.v1alpha1.DomainHookService/MutateDomain',
                  '/kubevirt.hooks.plugins.v1alpha1.NodeHookService/ExecuteNodeHook')


class Info(HookTestCase):
    def test_what_it_says(self):
        _, hook = self.launch()
        self.assertEqual(hook.name, 'kubevirt-gpu-hook')
        self.assertEqual(sorted(hook.versions), list(ALL_VERSIONS))
        self.assertEqual(set(hook.points), {'OnDefineDomain', 'Shutdown'})

    def test_one_version_where_one_is_asked_for(self):
        for version in ALL_VERSIONS:
            with self.subTest(version=version):
                _, hook = self.launch('--version', version)
                self.assertEqual(hook.versions, (version,))
                shutdown = {'Shutdown'} if version == 'v1alpha3' else set()
                self.assertEqual(set(hook.points), {'OnDefineDomain'} | shutdown)
                self.boot(hook)

    def test_an_info_of_the_future_is_answered(self):
        """Fields we do not know are passed over."""
        sidecar = self.start()
        reply = virt_launcher.call(sidecar.socket, virt_launcher.INFO, wire.encode((9, 'new'), (10, 1)))
        self.assertEqual(wire.decode(reply)[1], [b'kubevirt-gpu-hook'])

    def test_answered_within_a_second_of_every_start(self):
        """The moment the socket is there virt-launcher asks, and an Info too late is fatal to the pod."""
        for number in range(20):
            folder = self.sockets / f'hook-sidecar-{number}'
            folder.mkdir()
            with Sidecar(folder, '--bundle', lab.BUNDLE, '--sysfs', lab.HOST, wait=False) as sidecar:
                while not any(folder.iterdir()):
                    self.assertIsNone(sidecar.process.poll(), sidecar.text)
                found = time.monotonic()
                hook, = virt_launcher.collect(self.sockets)
                self.assertLess(time.monotonic() - found, 1)
                self.assertEqual(hook.name, 'kubevirt-gpu-hook')
            folder.rmdir()


class Unimplemented(HookTestCase):
    def assertUnimplemented(self, socket, method):
        """Well under a second, where a server that forgets unknown methods lets the client wait for its deadline."""
        start = time.monotonic()
        with self.assertStatus('UNIMPLEMENTED'):
            virt_launcher.call(socket, method, virt_launcher.define_request(b'<domain/>', b'{}'), timeout=5)
        self.assertLess(time.monotonic() - start, 0.5, method)

    def test_methods_that_nobody_offered(self):
        sidecar, hook = self.launch()
        for method in (*(virt_launcher.method(version, 'PreCloudInitIso') for version in ALL_VERSIONS),
                       virt_launcher.method('v1alpha1', 'Shutdown'), virt_launcher.method('v1alpha2', 'Shutdown'),
                       virt_launcher.method('v1alpha4', 'OnDefineDomain'), *PLUGIN_METHODS,
                       '/grpc.health.v1.Health/Check', '/no.such.Service/Method', '/Info', '/'):
            with self.subTest(method=method):
                self.assertUnimplemented(sidecar.socket, method)
        self.boot(hook)

    def test_methods_of_versions_not_advertised(self):
        for version in ALL_VERSIONS:
            sidecar, hook = self.launch('--version', version)
            for other in set(ALL_VERSIONS) - {version}:
                for name in 'OnDefineDomain', 'Shutdown':
                    with self.subTest(advertised=version, asked=other, name=name):
                        self.assertUnimplemented(sidecar.socket, virt_launcher.method(other, name))
            if version != 'v1alpha3':
                self.assertUnimplemented(sidecar.socket, virt_launcher.method(version, 'Shutdown'))
            self.boot(hook)

    def test_a_hundred_of_them(self):
        """Each must arm the next."""
        sidecar = self.start()
        with virt_launcher.dial(sidecar.socket) as channel:
            for _ in range(100):
                with self.assertStatus('UNIMPLEMENTED'):
                    channel.unary_unary('/no.such.Service/Method')(b'', timeout=2)


class Messages(HookTestCase):
    """Requests that are not what the hook API says."""

    def setUp(self):
        super().setUp()
        self.sidecar, self.hook = self.launch()

    def define(self, request):
        """OnDefineDomain with raw bytes."""
        return virt_launcher.call(self.sidecar.socket, virt_launcher.method('v1alpha3', 'OnDefineDomain'), request, 10)

    def tearDown(self):
        self.boot(self.hook)  # still in its senses

    def test_empty_message(self):
        with self.assertStatus('INVALID_ARGUMENT'):
            self.define(b'')

    def test_missing_fields(self):
        domain, vmi = lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM)
        with self.assertStatus('INVALID_ARGUMENT'):
            self.define(wire.encode((1, domain)))
        with self.assertStatus('INVALID_ARGUMENT'):
            self.define(wire.encode((2, vmi)))
        with self.assertStatus('INVALID_ARGUMENT'):
            self.define(wire.encode((1, domain), (2, b'')))
        with self.assertStatus('INVALID_ARGUMENT'):
            self.define(wire.encode((1, b''), (2, vmi)))

    def test_garbage(self):
        valid = virt_launcher.define_request(lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM))
        for garbage in (b'\xff' * 64, b'\0' * 64, b'\x0a\xff\xff\xff\xff\x0f', valid[:-1], valid + b'\x0b', valid[1:],
                        wire.encode((1, 5), (2, 6)), b'<domain/>'):
            with self.subTest(garbage=garbage[:16]), self.assertStatus('INVALID_ARGUMENT'):
                self.define(garbage)

    def test_fields_in_another_order_and_unknown_ones(self):
        domain, vmi = lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM)
        reply = self.define(wire.encode((2, vmi), (77, 'new'), (1, domain), (78, 3)))
        self.assertXml(virt_launcher.defined_domain(reply), lab.reply(lab.VM, 'call1'))

    def test_no_message_at_all(self):
        """A stream that ends before its request."""
        with virt_launcher.dial(self.sidecar.socket) as channel, self.assertRaises(grpc.RpcError) as caught:
            channel.stream_unary(virt_launcher.method('v1alpha3', 'OnDefineDomain'))(iter([]), timeout=5)
        self.assertNotEqual(caught.exception.code().name, 'DEADLINE_EXCEEDED')
