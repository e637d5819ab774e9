"""
What the world does to a sidecar: stops it, ends it, takes its ROM folder away, starts another beside it.

Not here: a full disk (test_publish), and a clock that jumps, which no process can have to itself. Durations and waits are
of CLOCK_MONOTONIC; the time of day is only in the log and in the page of `node` (clock_gettime in hook/).
"""

import os
import re
import shutil
import signal
import subprocess
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc

import lab
import sidecar as sidecar_module
import virt_launcher
from case import ROOT, HookTestCase, note
from test_lifecycle import CALLED, DEFINE, slow_request
from test_publish import rom_paths


class World(HookTestCase):
    def test_sigterm_in_each_of_many_calls(self):
        """Wherever in a call it comes: the call is answered, and the end is an end as any."""
        request = virt_launcher.define_request(lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM))
        for number in range(20):
            folder = self.sockets / str(number)
            folder.mkdir()
            running = self.start(folder=folder, container='c')
            with virt_launcher.dial(running.socket) as channel:
                grpc.channel_ready_future(channel).result(20)
                reply = channel.unary_unary(DEFINE).future(request, timeout=60)
                running.wait_for_log(CALLED)
                time.sleep(number / 5000)  # the call takes some milliseconds
                running.process.send_signal(signal.SIGTERM)
                self.assertXml(virt_launcher.defined_domain(reply.result()), lab.reply(lab.VM, 'call1'))
            self.assertEqual(running.wait(), 0)
            self.assertFalse(running.socket.exists())

    def test_stopped_in_a_call(self):
        """As a cgroup freezer or a debugger does: it goes on where it was."""
        running, hook = self.launch()
        with virt_launcher.dial(running.socket) as channel:
            reply = channel.unary_unary(DEFINE).future(slow_request(), timeout=60)
            running.wait_for_log(CALLED)
            running.process.send_signal(signal.SIGSTOP)
            with self.assertRaises(grpc.FutureTimeoutError):
                reply.result(timeout=0.3)
            running.process.send_signal(signal.SIGCONT)
            domain = virt_launcher.defined_domain(reply.result())
        self.assertXml(domain.replace(lab.filling(30 << 20), b''), lab.reply(lab.VM, 'call1'))
        self.boot(hook)

    def test_stopped_and_ended(self):
        running = self.start()
        running.process.send_signal(signal.SIGSTOP)
        running.process.send_signal(signal.SIGTERM)
        self.assertEqual(running.stop(signal.SIGCONT), 0)

    def test_the_rom_folder_goes_all_the_time(self):
        """Each call is answered as always, or says that its ROMs could not be written."""
        running, hook = self.launch()
        done, refused = threading.Event(), 0

        def remove():
            while not done.is_set():
                shutil.rmtree(running.view / 'rom', ignore_errors=True)

        remover = threading.Thread(target=remove)
        remover.start()
        try:
            for shape in lab.THREE_CALLS * 40:
                try:
                    self.assertXml(hook.on_define_domain(lab.domain(lab.VM, shape), lab.vmi(lab.VM)), lab.reply(lab.VM, shape))
                except grpc.RpcError as error:
                    self.assertIn(str(self.sockets / 'rom'), error.details())
                    refused += 1
        finally:
            done.set()
            remover.join()
        note(f'the ROM folder removed all the time: {refused} of 120 calls were refused')
        self.boot(hook)
        self.assertEqual(len(self.rom_files(running)), 2)

    def test_a_read_only_folder(self):
        """Mounted read-only under it, then writable again."""
        if not ROOT:
            note('read-only: not root, so no mount; the ROM folder is a file instead')
            running, hook = self.launch()
            (self.sockets / 'rom').touch()
            with self.assertStatus('INTERNAL', str(self.sockets / 'rom')):
                hook.on_define_domain(lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM))
            (self.sockets / 'rom').unlink()
            self.boot(hook)
            return
        (self.folder / 'roms').mkdir()
        script = f'mount --bind "{self.folder}/roms" "{self.folder}/roms" && exec "$@"'
        running, hook = self.launch('--rom-dir', self.folder / 'roms', wrapper=['unshare', '--mount', 'sh', '-c', script, 'sh'],
                                    private=True)
        for mode, works in ('ro', False), ('rw', True), ('ro', True):  # once there, nothing needs to be written
            subprocess.run(['nsenter', '-t', str(running.process.pid), '-m', 'mount', '-o', f'remount,bind,{mode}',
                            self.folder / 'roms'], check=True)
            with self.subTest(mode=mode, works=works):
                if works:
                    self.boot(hook)
                else:
                    with self.assertStatus('INTERNAL', str(self.folder / 'roms'), 'Read-only file system'):
                        hook.on_define_domain(lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM))
        self.assertEqual([path.name for path in (self.folder / 'roms').iterdir() if path.name.startswith('.')], [])

    def call_new(self, hook):
        """A VM that nobody knows."""
        vmi = re.sub(rb'a1b2c3d4-[0-9a-f-]{27}', str(uuid.uuid4()).encode(), lab.vmi(lab.VM))
        return hook.on_define_domain(lab.domain(lab.VM, 'call1'), vmi)

    def test_two_in_one_folder(self):
        """KubeVirt before 1.6: they share the ROM folder, and one of them dies and starts again all the time."""
        _, hook = self.launch(container='a')
        done, starts = threading.Event(), []

        def start_again():
            while not done.is_set():
                with self.prepare(container='b') as other:
                    try:
                        starts.append(self.call_new(virt_launcher.info(other.socket)) == lab.reply(lab.VM, 'call1'))
                    except grpc.RpcError as error:
                        starts.append(False)
                        note(error.details())
                    other.kill()

        starter = self.enterContext(ThreadPoolExecutor(1)).submit(start_again)
        try:
            for number in range(60):
                if number % 3 == 0:
                    for path in (self.sockets / 'rom').glob('*.rom'):
                        path.unlink(missing_ok=True)
                self.assertXml(self.call_new(hook), lab.reply(lab.VM, 'call1'))
        finally:
            done.set()
        starter.result()
        self.assertTrue(starts and all(starts))
        self.boot(hook)
        names = {os.path.basename(path) for path in rom_paths(lab.reply(lab.VM, 'call1'))}
        self.assertEqual({path.name for path in (self.sockets / 'rom').iterdir()}, names)

    def test_two_of_one_name(self):
        """The second does not come up, and takes nothing from the first."""
        _, hook = self.launch(container='a')
        self.boot(hook)
        code, text = sidecar_module.refused_start(self.sockets, '--sysfs', lab.HOST, '--bundle', lab.BUNDLE, container='a')
        self.assertEqual(code, 1)
        self.assertIn('another hook serves', text)
        self.boot(hook)
