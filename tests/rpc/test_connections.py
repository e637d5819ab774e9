"""Who may call, who did, and what connections can do to the service: come in thousands, keep silent, never read."""

import contextlib
import os
import resource
import socket
import stat
import subprocess
import sys
import threading
import time

import grpc

import http2
import lab
import sidecar as sidecar_module
import virt_handler
import virt_launcher
from case import AS_GUEST_USER, GUEST_USER, ROOT, WATCHED, HookTestCase, slow_request
from node import NodeTestCase

DEFINE = virt_launcher.method('v1alpha3', 'OnDefineDomain')
CALLED = 'OnDefineDomain method has been called'
STRANGER = 54321
CONNECT = 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])'
MAX = 256  # hook/rpc/connections.h
OF_FILES = 8  # one connection for so many descriptors that the process may have


def as_user(user, group, *groups):
    """For Popen: another user, if we may."""
    return {'user': user, 'group': group, 'extra_groups': groups} if ROOT else {}


def may_connect(path, **user):
    """Whether a process of that user may."""
    done = subprocess.run([sys.executable, '-c', CONNECT, str(path)], stderr=subprocess.PIPE, text=True, **user)
    if done.returncode and 'PermissionError' not in done.stderr:
        raise AssertionError(done.stderr)
    return done.returncode == 0


def like_a_volume(folder):
    """The folder as the kubelet makes it in a pod with KubeVirt's fsGroup: root's, and the group's to write to."""
    os.chown(folder, -1, GUEST_USER if ROOT else -1)
    folder.chmod(0o2777)


class Who(HookTestCase):
    def setUp(self):
        super().setUp()
        like_a_volume(self.sockets)

    def assertForTheGroup(self, path):
        status = path.stat()
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o660)
        self.assertEqual(status.st_gid, self.sockets.stat().st_gid)

    def test_mode_and_group(self):
        """Neither umask nor the kind of service decides."""
        for umask in 0o077, 0, 0o777:
            with self.subTest(umask=umask):
                plugin = self.sockets / f'plugin-{umask}.sock'
                self.assertForTheGroup(self.start('--rom-dir', self.folder / 'rom', umask=umask, plugin=plugin,
                                                  container=f'c{umask}').socket)
                self.assertForTheGroup(plugin)

    def test_the_group_may_and_others_may_not(self):
        """virt-launcher is 107:107, beside a sidecar of root, of its own user, or of another one of the group."""
        for user in {}, AS_GUEST_USER, as_user(STRANGER, GUEST_USER):
            with self.subTest(sidecar=user):
                path = self.start(**user).socket
                self.assertTrue(may_connect(path))
                self.assertTrue(may_connect(path, **AS_GUEST_USER))
                self.assertTrue(may_connect(path, **as_user(STRANGER + 1, STRANGER + 1, GUEST_USER)))
                for stranger in as_user(STRANGER + 1, STRANGER + 1), as_user(65534, 65534), as_user(STRANGER + 1, 0):
                    self.assertEqual(may_connect(path, **stranger), not ROOT)

    def test_the_file_of_another_stays(self):
        """Whoever has taken its place in the meantime is not removed at the end."""
        sidecar = self.start()
        sidecar.socket.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(sidecar.socket))
            self.assertEqual(sidecar.stop(), 0)
            self.assertTrue(sidecar.socket.exists())


def call_as(path, user, *arguments):
    """A call of our own client by that user; its process ID."""
    command = [sidecar_module.hook, 'call', *arguments, '--socket', str(path)]
    client = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=sidecar_module.environment(), **user)
    if client.wait(60):
        raise AssertionError(f'{arguments} ended with {client.returncode}')
    return client.pid


def peers(sidecar, message, times=1):
    """Who made the calls that logged MESSAGE, which are at least so many: user and process IDs."""
    sidecar.wait_for_log(message, times)
    return [(entry['peer_uid'], entry['peer_pid']) for entry in sidecar.logs() if message in entry['msg']]


class Peers(HookTestCase):
    def setUp(self):
        super().setUp()
        like_a_volume(self.sockets)
        self.users = [({}, os.geteuid())]
        if ROOT:
            self.users += (AS_GUEST_USER, GUEST_USER), (as_user(STRANGER, GUEST_USER), STRANGER)

    def test_each_call_has_its_caller(self):
        sidecar = self.start('--log-level', 'debug')
        wanted = []
        for user, uid in self.users * 3:
            wanted.append((uid, call_as(sidecar.socket, user, 'Info')))
        self.assertEqual(peers(sidecar, 'Info method has been called', len(wanted)), wanted)

    def test_callers_side_by_side(self):
        """The lines of one call have one caller, whatever runs beside it; lines of no call have none."""
        sidecar, hook = self.launch('--log-level', 'debug')
        boot = threading.Thread(target=lambda: [self.boot(hook) for _ in range(10)])
        boot.start()
        wanted = [(uid, call_as(sidecar.socket, user, 'Info')) for user, uid in self.users * 3]
        boot.join()
        ours = os.geteuid(), os.getpid()
        self.assertEqual(sidecar.stop(), 0)
        self.assertEqual(peers(sidecar, 'Info method has been called'), [ours, *wanted])
        self.assertEqual(peers(sidecar, CALLED), [ours] * 30)
        self.assertEqual(peers(sidecar, 'OnDefineDomain answered'), [ours] * 30)
        for entry in sidecar.logs():
            of_none = 'ROM bundle', 'sandbox:', 'listening', 'received', 'stopped', 'rpc'
            of_a_call = not any(word in entry['msg'] for word in of_none)
            self.assertEqual(('peer_uid' in entry, 'peer_pid' in entry), (of_a_call, of_a_call), entry)

    def test_a_refused_caller_and_one_that_left(self):
        """
        Also of those the log tells who it was. As long as there is a call gRPC does not close its connection: for us, the
        number means that connection and no other.
        """
        sidecar = self.start(*WATCHED)

        def connections():
            """How many descriptors are sockets, but for the one that listens."""
            links = (os.readlink(f'/proc/{sidecar.process.pid}/fd/{name}')
                     for name in os.listdir(f'/proc/{sidecar.process.pid}/fd'))
            with contextlib.suppress(FileNotFoundError):
                return sum(link.startswith('socket:') for link in links) - 1
            return connections()  # one was closed just now
        with self.assertRaises(grpc.RpcError):
            virt_launcher.info(sidecar.socket).on_define_domain(b'<domain', b'{}')
        ours = os.geteuid(), os.getpid()
        self.assertEqual(peers(sidecar, 'OnDefineDomain refused'), [ours])
        while connections():
            time.sleep(0.01)
        with virt_launcher.dial(sidecar.socket) as channel:
            reply = channel.unary_unary(DEFINE).future(slow_request(), timeout=60)
            sidecar.wait_for_log(CALLED, 2)
            self.assertFalse(reply.done(), 'the request was not slow enough to show anything')
            reply.cancel()
        self.assertEqual(connections(), 2)
        for user, _ in self.users:
            call_as(sidecar.socket, user, 'Info')
        self.assertEqual(peers(sidecar, 'the client went away'), [ours])


class OfTheNode(NodeTestCase):
    def test_who_called(self):
        """virt-handler is root; the folder is the admin's."""
        node = self.start_node('--log-level', 'debug', umask=0o077)
        virt_handler.execute(self.socket, virt_handler.vmi(), 'PostVMStop')
        self.assertEqual(peers(node, 'ExecuteNodeHook method has been called'), [(os.geteuid(), os.getpid())])
        self.assertEqual(stat.S_IMODE(self.socket.stat().st_mode), 0o660)


class Many(HookTestCase):
    """However many connect, virt-launcher is served, and nothing of them is left."""

    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def serve(self, files=4096):
        """A sidecar that may have so many descriptors, after a first boot; and its number of descriptors."""
        self.sidecar, self.hook = self.launch(*WATCHED, wrapper=['prlimit', f'--nofile={files}:20000'])
        self.boot(self.hook)
        self.before = self.sidecar.settled_files()

    def tearDown(self):
        self.boot(self.hook)
        self.sidecar.wait_for_files(self.before)
        self.assertNotIn('"level":"error"', self.sidecar.text)

    @contextlib.contextmanager
    def connected(self, count, *parts):
        """So many connections at once, over which PARTS were sent."""
        clients = []
        try:
            for _ in range(count):
                clients.append(http2.connect(self.sidecar.socket))
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may be ended already
                    clients[-1].sendall(b''.join(parts))
            yield clients
        finally:
            for client in clients:
                client.close()

    def test_ten_thousand_one_after_another(self):
        self.serve()
        kinds = b'', http2.PREFACE[:10], http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0, b''), b'\0' * 100
        for number in range(10_000):
            with self.connected(1, kinds[number % len(kinds)]):
                pass
        self.boot(self.hook)

    def test_a_thousand_at_once(self):
        """The newest stay, the oldest end; who boots is among the newest."""
        self.serve()
        for parts in [], [http2.PREFACE], [http2.PREFACE, http2.frame(http2.SETTINGS, 0, 0, b'')]:
            with self.subTest(parts=parts), self.connected(1000, *parts) as clients:
                self.boot(self.hook)
                self.assertLessEqual(self.sidecar.open_files(), self.before + 2 * MAX)
                clients[0].settimeout(20)
                while clients[0].recv(4096):
                    pass
                clients[-1].setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        self.assertTrue(clients[-1].recv(4096), 'the newest was ended')
                self.assertIn(f'has {MAX} connections', self.sidecar.text)
            self.boot(self.hook)
            self.sidecar.wait_for_files(self.before)
        self.assertLessEqual(self.sidecar.text.count(f'has {MAX} connections'), 6)  # told, not repeated

    def test_boots_beside_a_flood(self):
        """New ones all the time. A connection may be ended before its call has come; KubeVirt then tries again."""
        self.serve()
        ended = threading.Event()

        def flood():
            with self.connected(1000, http2.PREFACE):  # stay: it may accept slower than we come and go
                self.sidecar.wait_for_log(f'has {MAX} connections')
            while not ended.is_set():
                with self.connected(1000, http2.PREFACE):
                    pass
        thread = threading.Thread(target=flood)
        thread.start()
        try:
            self.sidecar.wait_for_log(f'has {MAX} connections')
            for _ in range(10):
                self.boot_in_spite_of_it()
        finally:
            ended.set()
            thread.join()

    def boot_in_spite_of_it(self, tries=20):
        """What comes of the boot if it is tried again."""
        domain, vmi = lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM)
        for left in reversed(range(tries)):
            try:
                self.assertXml(self.hook.on_define_domain(domain, vmi), lab.reply(lab.VM, 'call1'))
                return
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE or not left:
                    raise

    def test_a_running_call_is_not_ended(self):
        """It is the oldest connection, and has work in hand."""
        self.serve(files=8 * OF_FILES)
        with self.running_calls(), self.connected(200):
            pass

    def test_as_many_calls_as_connections(self):
        """The next one waits until one of them has ended."""
        self.serve(files=3 * OF_FILES)
        options = [(name, 60_000 if name == 'grpc.min_reconnect_backoff_ms' else value)
                   for name, value in virt_launcher.OPTIONS]
        with (self.running_calls(),
              grpc.insecure_channel(f'unix:{self.sidecar.socket}', options=options) as channel):
            channel.unary_unary(virt_launcher.INFO)(b'', timeout=60)

    @contextlib.contextmanager
    def running_calls(self):
        """As many as run at a time, all of which are answered."""
        with contextlib.ExitStack() as stack:
            channels = [stack.enter_context(virt_launcher.dial(self.sidecar.socket)) for _ in range(3)]
            replies = [channel.unary_unary(DEFINE).future(slow_request(), timeout=60) for channel in channels]
            self.sidecar.wait_for_log(CALLED, 3 + 3)
            self.assertFalse(any(reply.done() for reply in replies), 'the requests were not slow enough')
            yield
            for reply in replies:
                virt_launcher.defined_domain(reply.result())

    def test_nobody_reads(self):
        """Each connection has a call, whose reply its client never takes."""
        self.serve(files=6 * OF_FILES)
        clients = []
        for number in range(6):
            clients.append(http2.unread_call(self.sidecar.socket, virt_launcher.INFO))
            self.sidecar.wait_for_log('Info method has been called', 1 + number + 1)
        self.boot(self.hook)
        for client in clients:
            client.close()

    def test_no_descriptor_is_left(self):
        """The process may have no more: whoever connects waits, the log says it once, and no time is burnt."""
        self.serve()
        pid = self.sidecar.process.pid
        _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (self.before, most))

        def burnt():
            fields = (self.sidecar.view / f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
        with self.connected(10, http2.PREFACE):
            self.sidecar.wait_for_log('cannot accept connections')
            start = burnt()
            time.sleep(1)
            self.assertLess(burnt() - start, 0.5)
            self.assertEqual(self.sidecar.text.count('cannot accept connections'), 1)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (4096, most))
            self.boot(self.hook)
