"""From start to end: socket folders good and bad, signals, Shutdown, clients that misbehave in between."""

import random
import shutil
import signal
import subprocess
import time

import grpc

import http2
import lab
import sidecar as sidecar_module
import virt_launcher
from case import AS_GUEST_USER, ROOT, WATCHED, HookTestCase, slow_request
from sidecar import answers, refused_start

DEFINE = virt_launcher.method('v1alpha3', 'OnDefineDomain')
CALLED = 'OnDefineDomain method has been called'


class End(HookTestCase):
    def assertGone(self, sidecar):
        """No socket is left for virt-launcher to dial."""
        self.assertFalse(sidecar.socket.exists())

    def test_signals(self):
        for name in 'SIGTERM', 'SIGINT', 'SIGHUP':
            for booted in False, True:
                with self.subTest(signal=name, booted=booted):
                    sidecar, hook = self.launch()
                    if booted:
                        self.boot(hook)
                    self.assertEqual(sidecar.stop(signal.Signals[name]), 0)
                    self.assertGone(sidecar)

    def test_signals_that_the_parent_ignored(self):
        """nohup and some shells leave SIGHUP and SIGINT ignored; the sidecar's own rule counts."""
        sidecar = self.start(wrapper=['sh', '-c', 'trap "" INT && exec "$@"', 'sh'])
        self.assertEqual(sidecar.stop(signal.SIGINT), 0)
        self.assertGone(sidecar)

    def test_folders_are_absolute(self):
        """They end up in the domain, where libvirt takes nothing else."""
        for option in '--socket-dir', '--rom-dir', '--compute-dir':
            for folder in 'hooks', '', './hooks':
                with self.subTest(option=option, folder=folder):
                    refused = subprocess.run([sidecar_module.hook, option, folder], capture_output=True, text=True,
                                             timeout=10)
                    self.assertEqual(refused.returncode, 64)
                    self.assertIn(f"{option}: '{folder}' is not an absolute path", refused.stderr)

    def test_a_second_signal_changes_nothing(self):
        sidecar = self.start()
        sidecar.process.send_signal(signal.SIGTERM)
        self.assertEqual(sidecar.stop(signal.SIGTERM), 0)
        self.assertGone(sidecar)

    def test_shutdown(self):
        """The reply arrives, then the sidecar ends: without that a pod stays NotReady after a migration."""
        sidecar, hook = self.launch()
        self.boot(hook)
        hook.shutdown()
        self.assertEqual(sidecar.wait(), 0)
        self.assertGone(sidecar)

    def test_a_running_call_is_completed(self):
        sidecar = self.start()
        with virt_launcher.dial(sidecar.socket) as channel:
            reply = channel.unary_unary(DEFINE).future(slow_request(), timeout=60)
            sidecar.wait_for_log(CALLED)
            sidecar.process.send_signal(signal.SIGTERM)
            self.assertFalse(reply.done(), 'the request was not slow enough to show anything')
            domain = virt_launcher.defined_domain(reply.result())
        self.assertXml(domain.replace(lab.filling(30 << 20), b''), lab.reply(lab.VM, 'call1'))
        self.assertEqual(sidecar.wait(), 0)
        self.assertGone(sidecar)

    def test_a_client_that_left_does_not_break_the_end(self):
        """Its handler runs on, and still has a reply to get rid of when the sidecar ends."""
        for _ in range(3):
            sidecar = self.start()
            with virt_launcher.dial(sidecar.socket) as channel:
                with self.assertRaises(grpc.RpcError) as caught:
                    channel.unary_unary(DEFINE)(slow_request(), timeout=0.15)
                self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
            self.assertEqual(sidecar.stop(), 0)
            self.assertGone(sidecar)

    def test_calls_that_wait_their_turn_are_completed(self):
        """More long calls than are run at a time: none is lost, and Info does not wait for them."""
        sidecar = self.start()
        channels = [self.enterContext(virt_launcher.dial(sidecar.socket)) for _ in range(6)]
        replies = [channel.unary_unary(DEFINE).future(slow_request(), timeout=60) for channel in channels]
        sidecar.wait_for_log(CALLED, 3)
        self.assertEqual(virt_launcher.info(sidecar.socket).name, 'kubevirt-gpu-hook')
        self.assertFalse(all(reply.done() for reply in replies), 'the requests were not slow enough')
        for reply in replies:
            virt_launcher.defined_domain(reply.result())

    def test_a_limit_on_processes(self):
        """Where threads cannot be started the sidecar says so and ends, or it serves: it never hangs."""
        self.sockets.chmod(0o777)
        command = [sidecar_module.hook, '--socket-dir', str(self.sockets)]
        hooks = {limit: subprocess.Popen(['prlimit', f'--nproc={limit}', *command], stderr=subprocess.PIPE, text=True,
                                         user=54300 + limit if ROOT else None) for limit in (1, 5, 9, 13)}
        time.sleep(8)
        for limit, process in hooks.items():
            with self.subTest(limit=limit):
                served = process.poll() is None
                process.terminate()
                _, log = process.communicate(timeout=5)
                self.assertEqual(process.returncode, 0 if served else 1, log)
                self.assertIn('"listening on ' if served else 'limit on the pod', log)

    def assertEndsWithin(self, sidecar, seconds):
        """The pod's grace is 30 s for all that has to end in it, and the VM's owner waits."""
        start = time.monotonic()
        self.assertEqual(sidecar.stop(), 0)
        self.assertLess(time.monotonic() - start, seconds)
        self.assertGone(sidecar)

    def test_silent_clients_do_not_hold_it_up(self):
        for name, parts in {'mute': [], 'preface': [http2.PREFACE],
                            'settings': [http2.PREFACE, http2.frame(http2.SETTINGS, 0, 0, b'')]}.items():
            with self.subTest(client=name):
                sidecar = self.start()
                with http2.connect(sidecar.socket, *parts):
                    virt_launcher.info(sidecar.socket)
                    self.assertEndsWithin(sidecar, 5)

    def test_half_a_request_does_not_hold_it_up(self):
        """It is no running call yet, and its other half may never come."""
        sidecar = self.start()
        with http2.half_a_call(sidecar.socket, DEFINE, 1 << 20, b'\x0a'):
            virt_launcher.info(sidecar.socket)
            self.assertEndsWithin(sidecar, 15)

    def test_a_large_reply_does_not_hold_it_up(self):
        """What was answered is answered, however large it was."""
        sidecar, hook = self.launch()
        hook.on_define_domain(lab.in_metadata(lab.domain('no-gpu', 'call1'), lab.filling(16 << 20)), lab.vmi('no-gpu'))
        self.assertEndsWithin(sidecar, 5)


class Folder(HookTestCase):
    """The socket folder at start."""

    def assertRefused(self, folder, *words, **how):
        """The start must fail with an exit code and a reason that names WORDS."""
        code, text = refused_start(folder, '--log-format', 'text', **how)
        self.assertNotIn(code, (0, None))
        self.assertGreater(code, 0, f'died of a signal:\n{text}')
        for word in words:
            self.assertIn(str(word), text)
        return text

    def test_name(self):
        """No two sidecars of a pod may have one socket name: virt-launcher knows them by it."""
        sidecar = self.start(container='hook-sidecar-3')
        self.assertIn('hook-sidecar-3', sidecar.socket.name)
        self.assertTrue(sidecar.socket.name.endswith('.sock'))
        names = {self.start().socket.name for _ in range(3)}
        self.assertEqual(len(names), 3)

    def test_serve_may_be_left_out(self):
        plain = subprocess.Popen([sidecar_module.hook, '--socket-dir', str(self.sockets)], stderr=subprocess.DEVNULL)
        try:
            hook, = virt_launcher.collect(self.sockets, nested=False)
        finally:
            plain.terminate()
            code = plain.wait()
        self.assertEqual(hook.name, 'kubevirt-gpu-hook')
        self.assertEqual(code, 0)

    def test_a_stale_socket_is_replaced(self):
        sidecar, hook = self.launch(container='hook-sidecar-0')
        self.boot(hook)
        sidecar.kill()
        self.assertTrue(sidecar.socket.exists())
        successor, hook = self.launch(container='hook-sidecar-0')
        self.assertEqual(successor.socket, sidecar.socket)
        self.boot(hook)

    def test_a_live_socket_is_not(self):
        sidecar, hook = self.launch(container='hook-sidecar-0')
        self.assertRefused(self.sockets, sidecar.socket, container='hook-sidecar-0')
        self.assertTrue(sidecar.socket.exists())
        self.boot(hook)

    def test_what_is_no_socket_is_not_removed(self):
        sidecar = self.start(container='hook-sidecar-0')
        sidecar.stop()
        sidecar.socket.write_text('precious')
        self.assertRefused(self.sockets, sidecar.socket, container='hook-sidecar-0')
        self.assertEqual(sidecar.socket.read_text(), 'precious')

    def test_missing(self):
        self.assertRefused(self.folder / 'nowhere', self.folder / 'nowhere')
        self.assertFalse((self.folder / 'nowhere').exists())

    def test_not_a_folder(self):
        (self.folder / 'file').touch()
        self.assertRefused(self.folder / 'file', self.folder / 'file')

    def test_read_only(self):
        # As another user, for root may write everywhere; he may not be able to reach the binary where it is.
        self.sockets.chmod(0o555)
        binary = shutil.copy(sidecar_module.hook, self.folder)
        original, sidecar_module.hook = sidecar_module.hook, binary
        try:
            self.assertRefused(self.sockets, self.sockets, 'ermission', **AS_GUEST_USER)
        finally:
            sidecar_module.hook = original
        self.assertEqual(list(self.sockets.iterdir()), [])

    def test_path_too_long_for_a_socket(self):
        """107 bytes is all a socket's path can have; the sidecar must say so instead of listening elsewhere."""
        long = self.sockets / ('d' * 100)
        long.mkdir()
        text = self.assertRefused(long, long)
        self.assertRegex(text, 'long|107')
        self.assertEqual(list(long.iterdir()), [])

    def test_a_path_that_just_fits(self):
        name = self.start(container='c').socket.name
        fits = self.sockets / ('d' * (107 - len(f'{self.sockets}//{name}')))
        fits.mkdir()
        sidecar, hook = self.launch(folder=fits, container='c')
        self.assertEqual(len(str(sidecar.socket)), 107)
        self.boot(hook)

    def test_wrong_usage(self):
        for options in (['--version', 'v1alpha9'], ['--version', 'v2'], ['--no-such-option'], ['--policy', 'maybe'],
                        ['--log-level', 'loud'], ['--log-format', 'xml'], ['surplus']):
            with self.subTest(options=options):
                code, text = refused_start(self.sockets, *options)
                self.assertEqual(code, 64, text)
                self.assertIn(options[-1].strip('-'), text)
        self.assertEqual(list(self.sockets.iterdir()), [])


class Clients(HookTestCase):
    """None of them may disturb the others, or be remembered for ever."""

    def setUp(self):
        super().setUp()
        self.sidecar, self.hook = self.launch(*WATCHED)

    def test_two_hundred_calls(self):
        self.boot(self.hook)
        before = self.sidecar.settled_files()
        domain, vmi, wanted = lab.domain(lab.VM, 'call3'), lab.vmi(lab.VM), lab.reply(lab.VM, 'call3')
        for _ in range(200):
            self.assertEqual(self.hook.on_define_domain(domain, vmi), wanted)
        self.sidecar.wait_for_files(before)

    def test_garbage(self):
        self.boot(self.hook)
        before = self.sidecar.settled_files()
        for garbage in (b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', b'\0' * 1000, random.Random(1).randbytes(4096),
                        http2.PREFACE[:10],
                        http2.PREFACE + b'\xff' * 1000, http2.PREFACE + http2.frame(http2.DATA, 0, 1, b'x' * 100),
                        http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0, b'12345'),
                        http2.PREFACE + http2.frame(http2.HEADERS, 4, 1, b'\xff' * 100)):
            with self.subTest(garbage=garbage[:30]), http2.connect(self.sidecar.socket, garbage):
                self.boot(self.hook, shapes=lab.ONE_CALL)
        self.sidecar.wait_for_files(before)

    def test_silence(self):
        """Connected and mute, or with half a request: the next client is served at once."""
        with (http2.connect(self.sidecar.socket), http2.connect(self.sidecar.socket, http2.PREFACE),
              http2.half_a_call(self.sidecar.socket, DEFINE, 1 << 20, b'\x0a'),
              http2.half_a_call(self.sidecar.socket, virt_launcher.INFO, 4, b'')):
            start = time.monotonic()
            virt_launcher.info(self.sidecar.socket)
            self.boot(self.hook)
            self.assertLess(time.monotonic() - start, 1.5)

    def test_gone_before_the_request_is_there(self):
        self.boot(self.hook)
        before = self.sidecar.settled_files()
        for _ in range(50):
            http2.half_a_call(self.sidecar.socket, DEFINE, 1 << 20, b'\x0a').close()
        self.boot(self.hook)
        self.sidecar.wait_for_files(before)

    def test_gone_while_the_request_is_worked_on(self):
        self.boot(self.hook)
        before = self.sidecar.settled_files()
        with virt_launcher.dial(self.sidecar.socket) as channel:
            calls = self.sidecar.text.count(CALLED)
            reply = channel.unary_unary(DEFINE).future(slow_request(), timeout=60)
            self.sidecar.wait_for_log(CALLED, calls + 1)
            self.assertFalse(reply.done(), 'the request was not slow enough to show anything')
            reply.cancel()
        self.boot(self.hook)
        self.sidecar.wait_for_files(before)
        self.assertTrue(answers(self.sidecar.socket))

    def test_gone_at_its_deadline(self):
        """virt-launcher gives up: the work may go on, the next call must not suffer."""
        with virt_launcher.dial(self.sidecar.socket) as channel:
            with self.assertStatus('DEADLINE_EXCEEDED'):
                channel.unary_unary(DEFINE)(slow_request(), timeout=0.02)
        self.boot(self.hook)
