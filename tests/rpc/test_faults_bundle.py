"""The bundle is replaced while calls are answered: each reply is of one version, and the last one is served in the end."""

import ctypes
import hashlib
import io
import itertools
import json
import os
import re
import shutil
import tarfile
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc

import lab
from case import HookTestCase, nightly, note
from test_publish import rom_paths

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of renameat2(2)
FEW, MANY = 100, 1000  # calls
UID = re.compile(rb'a1b2c3d4-[0-9a-f-]{27}')
ROMS = 'rembrandt-gop', 'rembrandt-vbios'  # of the VM's two devices


class Version:
    """The lab's bundle with ROMs of its own: the number stands behind their images."""

    def __init__(self, number):
        content, self.files = lab.manifest(lab.BUNDLE), {}
        for entry in content['roms']:
            rom = (lab.BUNDLE / entry['file']).read_bytes() + number.to_bytes(512, 'little')
            entry['sha256'] = hashlib.sha256(rom).hexdigest()
            self.files[entry['file']] = rom
        self.files['bundle.json'] = json.dumps(content).encode()
        # What the ROM files of the VM are called.
        self.names = frozenset(f'{entry["id"]}-{entry["sha256"][:16]}.rom' for entry in content['roms'] if entry['id'] in ROMS)

    def write(self, folder):
        """As a new folder."""
        (folder / 'roms').mkdir(parents=True)
        for path, content in self.files.items():
            (folder / path).write_bytes(content)

    def pack(self, path):
        """As a tar file."""
        with tarfile.open(path, 'w') as tar:
            for name, content in self.files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))


class Swap(HookTestCase):
    def setUp(self):
        super().setUp()
        self.mount, self.packed, self.numbers = self.folder / 'mount', self.folder / 'mount.tar', itertools.count(1)
        self.known = set()

    def put(self, way):
        """A new version takes the place of the one before, in one step; what its ROMs are called."""
        number = next(self.numbers)
        version = Version(number)
        self.known.add(version.names)
        way(version, number)
        return version.names

    def put_config_map(self, version, number):
        """kubelet's way: all names are links through ..data, which is renamed over; then the old folder goes."""
        data = self.mount / '..data'
        folder, old = f'..{number}', os.readlink(data) if data.is_symlink() else None
        version.write(self.mount / folder)
        (self.mount / '..data_tmp').symlink_to(folder)
        os.rename(self.mount / '..data_tmp', data)
        if old:
            shutil.rmtree(self.mount / old)
        else:
            for name in 'bundle.json', 'roms':
                (self.mount / name).symlink_to(f'..data/{name}')

    def put_packed(self, version, _number):
        version.pack(self.folder / 'next')
        os.rename(self.folder / 'next', self.packed)

    def put_folder(self, version, number):
        """Exchanged with another: there is no moment without one."""
        libc, spare = ctypes.CDLL(None, use_errno=True), self.folder / f'spare-{number}'
        version.write(spare)
        self.mount.mkdir(exist_ok=True)
        if libc.renameat2(AT_FDCWD, os.fsencode(spare), AT_FDCWD, os.fsencode(self.mount), RENAME_EXCHANGE):
            raise OSError(ctypes.get_errno(), 'renameat2')
        shutil.rmtree(spare)

    def call(self, hook):
        """The ROM files of a VM that nobody knows."""
        vmi, count = UID.subn(str(uuid.uuid4()).encode(), lab.vmi(lab.VM))
        self.assertTrue(count)
        reply = hook.on_define_domain(lab.domain(lab.VM, 'call1'), vmi)
        return frozenset(os.path.basename(path) for path in rom_paths(reply))

    def check_swaps(self, way, calls, path):
        """So many calls, while one version after the other is put there."""
        last = [self.put(way)]
        running, hook = self.launch(bundle=path)
        self.assertEqual(self.call(hook), last[0])
        done, seen, refused = threading.Event(), set(), 0

        def swap():
            while not done.is_set():
                last[0] = self.put(way)

        swapper = self.enterContext(ThreadPoolExecutor(1)).submit(swap)
        try:
            for _ in range(calls):
                try:
                    seen.add(self.call(hook))
                except grpc.RpcError as error:
                    # Replaced more than once in the call: it had one more look, and both saw two versions.
                    self.assertEqual(error.code(), grpc.StatusCode.FAILED_PRECONDITION, error.details())
                    self.assertIn(str(path), error.details())
                    refused += 1
        finally:
            done.set()
        swapper.result()
        note(f'{len(self.known)} bundles within {calls} calls: replies of {len(seen)}, {refused} refused')
        self.assertLessEqual(seen, self.known)
        self.assertGreater(len(seen), 5)
        self.assertLess(refused, calls // 2)
        self.assertEqual(self.call(hook), last[0])
        for name, content in self.rom_files(running).items():
            self.assertIn(f'-{hashlib.sha256(content).hexdigest()[:16]}.rom', name)

    def test_a_config_map(self):
        self.check_swaps(self.put_config_map, FEW, self.mount)

    def test_a_packed_file(self):
        self.check_swaps(self.put_packed, FEW, self.packed)

    def test_a_whole_folder(self):
        self.check_swaps(self.put_folder, FEW, self.mount)

    @nightly
    def test_thousands(self):
        for way, path in ((self.put_config_map, self.mount), (self.put_packed, self.packed), (self.put_folder, self.mount)):
            with self.subTest(way=way.__name__):
                shutil.rmtree(self.mount, ignore_errors=True)
                self.check_swaps(way, MANY, path)
