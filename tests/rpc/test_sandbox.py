"""The sandbox of running services: what is active and said, what is out of reach, what goes on without its parts."""

import os
import re
import shutil
import socket
import sys
from pathlib import Path

import lab
import virt_launcher
from case import AS_GUEST_USER, GUEST_USER, HookTestCase, ROOT
from kubelet import pod
from node import GPU, RESOURCE, NodeTestCase
from sidecar import refused_start
from virt_handler import execute, vmi

PARTS = 'no-new-privileges', 'core-dumps', 'landlock', 'seccomp'
WITHOUT = sys.executable, str(lab.TESTS / 'rpc' / 'without.py')
USAGE = 64


def said(service):
    """What its log says of the sandbox: (the active parts, those that are off with the reasons)."""
    service.wait_for_log('sandbox: ')
    line, = [entry['msg'] for entry in service.logs() if entry['msg'].startswith('sandbox: ')]
    active, _, off = line.removeprefix('sandbox: ').partition('; off: ')
    parts = [] if active == 'nothing is active' else active.split(', ')
    return [re.sub(r' \(ABI \d+\)$', '', part) for part in parts], dict(re.findall(r'([\w-]+) \((.*?)\)', off))


def status(folder):
    """The kernel's word on a process or thread."""
    return dict(line.split(':\t', 1) for line in (folder / 'status').read_text().splitlines())


def process(service):
    return Path(f'/proc/{service.process.pid}')


class SandboxTestCase:
    """Of processes, what the kernel says."""

    def assertKernelSays(self, service, active):
        """Of each thread, and there are some: the sandbox was entered before them."""
        threads = list((process(service) / 'task').iterdir())
        self.assertGreater(len(threads), 1)
        ours = status(Path('/proc/self'))  # what a container's runtime may have set
        for thread in threads:
            found = status(thread)
            self.assertEqual(found['NoNewPrivs'], '1' if 'no-new-privileges' in active else ours['NoNewPrivs'])
            self.assertEqual(found['Seccomp'], '2' if 'seccomp' in active else ours['Seccomp'])
        limit = re.search(r'^Max core file size +(\S+) +(\S+)', (process(service) / 'limits').read_text(), re.MULTILINE)
        if 'core-dumps' in active:
            self.assertEqual(limit.groups(), ('0', '0'))

    def owner(self, service):
        """Of the process' files in /proc: root's, if others of its user may not look into it."""
        return (process(service) / 'environ').stat().st_uid


class Sandbox(SandboxTestCase, HookTestCase):
    """serve"""

    def test_all_parts(self):
        sidecar, hook = self.launch()
        self.boot(hook)
        self.assertEqual(said(sidecar), ([*PARTS], {}))
        self.assertKernelSays(sidecar, PARTS)

    def test_without_parts(self):
        """Each alone, two, and all."""
        for off in *[(part,) for part in PARTS], ('landlock', 'seccomp'), PARTS:
            words = 'all' if off == PARTS else ','.join(off)
            with self.subTest(off=off):
                self.sockets = self.folder / '-'.join(off)
                self.sockets.mkdir()
                sidecar, hook = self.launch('--disable-sandbox', words)
                self.boot(hook)
                reasons = dict.fromkeys(off, '--disable-sandbox')
                if not ROOT and 'no-new-privileges' in off:
                    reasons = dict.fromkeys(('landlock', 'seccomp'), 'needs no-new-privileges') | reasons
                active = [part for part in PARTS if part not in reasons]
                self.assertEqual(said(sidecar), (active, reasons))
                self.assertKernelSays(sidecar, active)

    def test_words_that_are_no_parts(self):
        code, text = refused_start(self.sockets, '--disable-sandbox', 'landlock,network')
        self.assertEqual(code, USAGE)
        self.assertIn("--disable-sandbox: 'landlock,network' is neither all nor made of no-new-privileges, ", text)

    def test_the_log_says_it_before_anybody_can_call(self):
        sidecar = self.start()
        sidecar.wait_for_log('listening')
        messages = [entry['msg'].split(' ')[0] for entry in sidecar.logs()[:3]]
        self.assertEqual(messages, ['ROM', 'sandbox:', 'listening'])

    def test_nobody_looks_into_the_memory(self):
        """Not even others of its user: their files in /proc are root's."""
        self.sockets.chmod(0o777)
        for options, owner in ((), 0), (('--disable-sandbox', 'core-dumps'), GUEST_USER if ROOT else os.getuid()):
            with self.subTest(options=options):
                sidecar, hook = self.launch(*options, **AS_GUEST_USER)
                self.boot(hook)
                self.assertEqual(self.owner(sidecar), owner)
                sidecar.stop()

    def turned_link(self, *options):
        """A sidecar whose bundle is a link that leads elsewhere since the sidecar's start."""
        for name in 'given', 'elsewhere':
            (self.folder / name).mkdir(exist_ok=True)
            shutil.copytree(lab.BUNDLE, self.folder / name / 'lab', dirs_exist_ok=True)
        link = self.folder / 'given' / 'current'
        link.unlink(missing_ok=True)
        link.symlink_to('lab')
        hook = self.launch('--bundle', link, *options, bundle=None)[1]
        link.unlink()
        link.symlink_to('../elsewhere/lab')
        return hook

    def test_files_elsewhere(self):
        """Nothing that the service can be made to open is opened there."""
        with self.assertStatus('FAILED_PRECONDITION', 'given/current', 'Permission denied'):
            self.turned_link().on_define_domain(lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM))
        self.boot(self.turned_link('--disable-sandbox', 'landlock'))

    def test_bundles_beside_the_one_that_was_given(self):
        """An admin puts the next version beside it and turns the link."""
        versions = self.folder / 'versions'
        shutil.copytree(lab.BUNDLE, versions / '1')
        (versions / 'current').symlink_to('1')
        _, hook = self.launch('--bundle', versions / 'current', bundle=None)
        self.boot(hook)
        shutil.copytree(lab.BUNDLE, versions / '2')
        (versions / 'new').symlink_to('2')
        (versions / 'new').rename(versions / 'current')
        shutil.rmtree(versions / '1')
        self.boot(hook)

    def test_kernels_and_runtimes_without(self):
        """The service serves all the same, and says so."""
        forbidden = "forbidden by the container's runtime"
        for lacking, off in (('landlock', {'landlock': 'not in this kernel'}),
                             ('sandbox', {'landlock': forbidden, 'seccomp': forbidden})):
            with self.subTest(lacking=lacking):
                self.sockets = self.folder / lacking
                self.sockets.mkdir()
                sidecar, hook = self.launch(wrapper=(*WITHOUT, lacking))
                self.boot(hook)
                self.assertEqual(said(sidecar), ([part for part in PARTS if part not in off], off))


class Node(SandboxTestCase, NodeTestCase):
    """node"""

    def test_all_at_once(self):
        """Socket, kubelet, pages and feature file."""
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        features = self.folder / 'features.d' / 'gpu'
        features.parent.mkdir()
        node = self.start_node('--listen', f'127.0.0.1:{port}', '--features', features, '--interval', '1')
        node.wait_for_log(f'listening on 127.0.0.1:{port}')
        self.kubelet.pods = [pod('virt-launcher-gpu-vm-x7f2k', 'vms', {RESOURCE: [GPU]})]
        execute(self.socket, vmi(gpus=[('gpu', RESOURCE)]))
        with self.connection(port) as connection:
            connection.request('GET', '/healthz')
            self.assertEqual(connection.getresponse().status, 200)
        self.assertIn('.ready=1\n', features.read_text())
        self.assertEqual(said(node), ([*PARTS], {}))
        self.assertKernelSays(node, PARTS)

    def test_without(self):
        node = self.start_node('--disable-sandbox', 'all')
        self.assertEqual(said(node), ([], dict.fromkeys(PARTS, '--disable-sandbox')))
        self.assertKernelSays(node, [])
