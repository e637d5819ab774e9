"""The node service as a process, with a node of tests/check/hosts.py and a kubelet beside it."""

import contextlib
import http.client
import sys

import lab
import sidecar
from case import HookTestCase
from kubelet import Kubelet
from sidecar import Sidecar

sys.path.append(str(lab.TESTS / 'check'))
import hosts  # noqa: E402,F401
from tree import write  # noqa: E402

GPU, SOUND, RESOURCE = '0000:01:00.0', '0000:01:00.1', 'nvidia.com/GA104'


class Node(Sidecar):
    """`node`, which is known to be there by its socket or, without one, by its log."""

    def __init__(self, socket, *options, wrapper=(), **popen):
        super().__init__(None, *options, plugin=socket, **popen)
        self._command = [*wrapper, sidecar.hook, 'node', '--socket', str(socket), *map(str, options)]


class NodeTestCase(HookTestCase):
    def setUp(self):
        super().setUp()
        (self.folder / 'plugin').mkdir()
        self.socket = self.folder / 'plugin' / 'node.sock'
        self.kubelet = self.enterContext(Kubelet(self.folder / 'kubelet.sock'))
        self.sysfs = self.folder / 'sys'

    def start_node(self, *options, case='healthy', kubelet=None, **how):
        """A running service on that node."""
        if not self.sysfs.exists():
            write(self.sysfs, hosts.CASES[case]['tree'] if isinstance(case, str) else case)
        return self.enterContext(Node(self.socket, '--sysfs', self.sysfs, '--pod-resources', kubelet or self.kubelet.socket,
                                      *options, **how))

    @contextlib.contextmanager
    def connection(self, port):
        """An HTTP connection to the service."""
        connection = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
        try:
            yield connection
        finally:
            connection.close()
