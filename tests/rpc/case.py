"""What the tests of the sidecar have in common."""

import contextlib
import os
import sys
import tempfile
import unittest
from pathlib import Path

import grpc

import lab
import virt_launcher
from sidecar import Sidecar

ROOT = os.geteuid() == 0
GUEST_USER = 107  # qemu's uid and gid in all KubeVirt pods
# Whoever looks into a sidecar of his own (its descriptors, strace) must be root, or it goes without this part.
WATCHED = () if ROOT else ('--disable-sandbox', 'core-dumps')
AS_GUEST_USER = {'user': GUEST_USER, 'group': GUEST_USER, 'extra_groups': []} if ROOT else {}


def slow_request():
    """A request of OnDefineDomain that takes the sidecar a good part of a second."""
    domain = lab.in_metadata(lab.domain(lab.VM, 'call1'), lab.filling(30 << 20))
    return virt_launcher.define_request(domain, lab.vmi(lab.VM))


OWN = object()  # the socket folder of the test


def nightly(test):
    """A test of minutes: only `run --all` runs it."""
    test.nightly = True
    return test


def note(text):
    """One line for the reader of the test output."""
    print(f'note: {text}', file=sys.stderr, flush=True)


class HookTestCase(unittest.TestCase):
    """Each test has a socket folder of its own, in a folder that everybody may enter."""

    def setUp(self):
        # Not TMPDIR: a socket's path has 107 bytes at most.
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix='hook-', dir='/tmp')))
        self.folder.chmod(0o755)
        self.sockets = self.folder / 'hooks'
        self.sockets.mkdir()

    def prepare(self, *options, folder=OWN, bundle=lab.BUNDLE, host=lab.HOST, compute_dir=lab.COMPUTE_DIR, **how):
        """A sidecar of the lab, in the test's socket folder or another, which runs while it is a context."""
        options = ['--sysfs', host, *options]
        if bundle:
            options += '--bundle', bundle
        if compute_dir:
            options += '--compute-dir', compute_dir
        return Sidecar(self.sockets if folder is OWN else folder, *options, **how)

    def start(self, *options, **how):
        """The same, running already; it ends with the test."""
        return self.enterContext(self.prepare(*options, **how))

    def launch(self, *options, **how):
        """A running sidecar and the hook that virt-launcher knows it by."""
        sidecar = self.start(*options, **how)
        return sidecar, virt_launcher.info(sidecar.socket)

    def boot(self, hook, case=lab.VM, shapes=lab.THREE_CALLS, vmi=None):
        """Makes the calls of one boot, each of which must give the golden reply."""
        for shape in shapes:
            with self.subTest(case=case, shape=shape):
                answer = hook.on_define_domain(lab.domain(case, shape), vmi or lab.vmi(case))
                self.assertXml(answer, lab.reply(case, shape))

    def assertXml(self, got, wanted):
        """Byte for byte, with a readable difference."""
        if got != wanted:
            self.assertMultiLineEqual(wanted.decode(), got.decode(errors='replace'))
            self.fail('the bytes differ where the text does not')

    @contextlib.contextmanager
    def assertStatus(self, code, *words):
        """The call must fail with the status CODE, and its text must have all WORDS."""
        with self.assertRaises(grpc.RpcError) as caught:
            yield caught
        text = caught.exception.details()
        self.assertEqual(caught.exception.code().name, code, text)
        for word in words:
            self.assertIn(word, text)

    def rom_files(self, sidecar):
        """The published ROMs by name."""
        folder = sidecar.view / 'rom'
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}
