"""Large requests: served up to 64 MiB, refused above, and no harm done."""

import json
import time

import grpc

import lab
import virt_launcher
from case import HookTestCase, note

MIB = 1 << 20
DEFINE = virt_launcher.method('v1alpha3', 'OnDefineDomain')


class Limits(HookTestCase):
    def setUp(self):
        super().setUp()
        self.sidecar, self.hook = self.launch()

    def tearDown(self):
        self.boot(self.hook)  # the next call works

    def test_large_domains(self):
        for size in 5 * MIB, 30 * MIB:
            with self.subTest(size=size):
                filling = lab.filling(size)
                domain = lab.in_metadata(lab.domain(lab.VM, 'call2'), filling)
                self.assertGreater(len(domain), size - 400)
                answer = self.hook.on_define_domain(domain, lab.vmi(lab.VM))
                self.assertIn(filling, answer)
                self.assertXml(answer.replace(filling, b''), lab.reply(lab.VM, 'call2'))

    def test_a_large_domain_without_gpu_comes_back_as_it_was(self):
        domain = lab.in_metadata(lab.domain('no-gpu', 'call1'), lab.filling(30 * MIB))
        # Not assertEqual: nobody wants to see that difference.
        self.assertTrue(self.hook.on_define_domain(domain, lab.vmi('no-gpu')) == domain)

    def test_a_large_vmi(self):
        """Labels, annotations and status of others: whatever KubeVirt puts in."""
        vmi = lab.with_annotation(lab.VM, 'example.com/large', 'x' * (5 * MIB))
        self.assertGreater(len(vmi), 5 * MIB)
        self.boot(self.hook, vmi=vmi)

    def test_one_large_text(self):
        """Not many elements but one: XML libraries have a limit of their own for that."""
        text = b'<note xmlns="http://example.com/notes">' + b'x' * (11 * MIB) + b'</note>'
        domain = lab.in_metadata(lab.domain(lab.VM, 'call1'), text)
        answer = self.hook.on_define_domain(domain, lab.vmi(lab.VM))
        self.assertXml(answer.replace(text, b''), lab.reply(lab.VM, 'call1'))

    def test_memory_is_given_back(self):
        """Of large requests nothing stays, were their small parts ever so far apart."""
        if self.sidecar.is_sanitized():
            note('memory is given back: not by a sanitizer')
            return
        vmi = json.loads(lab.vmi(lab.VM))
        vmi['status']['spread'] = [size * 'x' for _ in range(560) for size in (10, 26, 42, 58, 74, 90, 106, 122) for size in (size, 3950)]
        vmi = json.dumps(vmi).encode()
        self.boot(self.hook)
        before = self.sidecar.resident()
        for _ in range(8):  # all threads have had one
            self.boot(self.hook, vmi=vmi, shapes=lab.ONE_CALL)
        end = time.monotonic() + 10
        while self.sidecar.resident() - before > 6 * MIB:  # once the last reply has left
            self.assertLess(time.monotonic(), end, f'{self.sidecar.resident()} bytes, {before} before')
            time.sleep(0.05)

    def test_too_many_elements(self):
        """Each costs memory many times its text, and the pod may have 64 MB."""
        domain = lab.in_metadata(lab.domain(lab.VM, 'call1'), b'<a/>' * 100_000)
        with self.assertStatus('RESOURCE_EXHAUSTED'):
            self.hook.on_define_domain(domain, lab.vmi(lab.VM))

    def test_compressed_requests_are_not_unpacked(self):
        """A limit on what is sent is none on what is unpacked."""
        request = virt_launcher.define_request(b' ' * (60 * MIB), b'{}')
        with virt_launcher.dial(self.sidecar.socket) as channel, self.assertStatus('UNIMPLEMENTED'):
            channel.unary_unary(DEFINE)(request, timeout=10, compression=grpc.Compression.Gzip)

    def test_above_the_limit(self):
        for excess in 1, MIB:
            with self.subTest(excess=excess):
                request = virt_launcher.define_request(b'<domain>' + b' ' * (64 * MIB + excess), b'{}')
                # Python's client may wait for its own sending, to its deadline, before it hands this answer on.
                with self.assertStatus('RESOURCE_EXHAUSTED'):
                    virt_launcher.call(self.sidecar.socket, DEFINE, request, timeout=10)

    def test_just_below_the_limit(self):
        """64 MiB of nothing but spaces is bad XML, and is read to find that out."""
        request = virt_launcher.define_request(b' ' * (64 * MIB - 64), b'{}')
        with self.assertStatus('INVALID_ARGUMENT'):
            virt_launcher.call(self.sidecar.socket, DEFINE, request, timeout=10)
